// SPDX-License-Identifier: Apache-2.0

import Findings
import IR
import Interpreter

@testable import Analysis

/// Holds what the analysis claims against what a run does.
struct ClaimChecker: ExecutionObserver {
  /// An active function.
  private struct Activation {
    var number: UInt64
    var function: Int
    /// Where its values start in `values`.
    var base: Int
    /// The last instruction that it executed.
    var last: Int
    /// What its parameters held at entry, as far as that was seen.
    var parameters: [UInt64?]
    /// Where pointers point that places held at entry, as far as one was seen.
    var entries: [EntryPlace: UInt64] = [:]
    /// Parameters whose value at entry is known or lost.
    var isSettled: [Bool]
  }

  let module: Module
  let claims: [Recording?]
  /// The block of each instruction, by function.
  private let blocks: [[BlockID]]
  /// The claims that the run refutes.
  private(set) var failures: [String] = []
  /// Instructions executed in functions that the analysis finished.
  private(set) var instructions = 0
  /// Values that a claim was about.
  private(set) var values = 0
  /// Strings that a claim was about.
  private(set) var strings = 0
  /// Ways from one block to another.
  private(set) var edges = 0
  private var failed: [Set<Int>]
  private var stack: [Activation] = []
  private var history: [UInt64] = []

  init(_ module: Module, _ claims: [Recording?]) {
    self.module = module
    self.claims = claims
    blocks = module.functions.rows.map { function in
      guard let body = function.body else { return [] }
      var result = [BlockID](repeating: BlockID(0), count: body.instructions.count)
      for block in body.blocks.ids {
        for row in body.blocks[block].instructions.indices { result[row] = block }
      }
      return result
    }
    failed = Array(repeating: [], count: blocks.count)
  }

  mutating func didExecute(_ step: ExecutionStep, memory: borrowing Memory) {
    let function = Int(step.function.index)
    let row = Int(step.instruction.index)
    guard let body = module.functions.rows[function].body else { return }
    let last = enter(step, body)
    let base = stack[stack.count - 1].base
    history[base + row] = step.value
    settle(step, body)
    stack[stack.count - 1].last = row
    guard let recording = claims[function] else { return }
    instructions += 1
    checkWay(from: last, to: row, step, body, recording)
    guard let claim = recording.claims[row] else {
      return fail(step, "is not reached")
    }
    check(claim, step, body, memory)
    for text in recording.texts[row] where step.value != 0 { check(text, step, memory) }
  }

  // MARK: Activations

  /// Makes the activation of a step the innermost one; yields the last instruction that it executed,
  /// or -1.
  private mutating func enter(_ step: ExecutionStep, _ body: Body) -> Int {
    while let top = stack.last, top.number > step.activation {
      history.removeLast(history.count - top.base)
      stack.removeLast()
    }
    if let top = stack.last, top.number == step.activation { return top.last }
    stack.append(
      Activation(
        number: step.activation, function: Int(step.function.index), base: history.count,
        last: -1, parameters: Array(repeating: nil, count: Int(body.parameterCount)),
        isSettled: Array(repeating: false, count: Int(body.parameterCount))))
    history.append(contentsOf: repeatElement(0, count: body.instructions.count))
    return -1
  }

  /// Notes what a parameter held at entry, when it is first read.
  private mutating func settle(_ step: ExecutionStep, _ body: Body) {
    let address: ValueID
    let isLoad: Bool
    switch body.instructions[step.instruction].operation {
    case .load(let from, _): (address, isLoad) = (from, true)
    case .store(let to, _, _): (address, isLoad) = (to, false)
    default: return
    }
    guard case .local(let local) = body.instructions[address].operation,
      local.index < body.parameterCount
    else { return }
    let top = stack.count - 1
    let index = Int(local.index)
    if stack[top].isSettled[index] { return }
    stack[top].isSettled[index] = true
    if isLoad { stack[top].parameters[index] = step.value }
  }

  // MARK: Control flow

  private mutating func checkWay(
    from last: Int, to row: Int, _ step: ExecutionStep, _ body: Body, _ recording: Recording
  ) {
    let function = Int(step.function.index)
    let target = blocks[function][row]
    let isStart = row == body.blocks[target].instructions.indices.lowerBound
    guard last >= 0, isStart else { return }
    edges += 1
    let source = blocks[function][last]
    var open = [source]
    var isTried = Set<UInt32>()
    // Blocks without instructions are passed unseen.
    while let block = open.popLast() {
      for next in recording.successors[Int(block.index)] {
        if next == target { return }
        if body.blocks[next].instructions.indices.isEmpty, isTried.insert(next.index).inserted {
          open.append(next)
        }
      }
    }
    fail(step, "the way from block \(source.index) to \(target.index) is not taken")
  }

  // MARK: Values

  private mutating func check(
    _ claim: Recording.Claim, _ step: ExecutionStep, _ body: Body, _ memory: borrowing Memory
  ) {
    let type = module.types[body.instructions[step.instruction].type]
    switch claim {
    case .anything: return
    case .number(let interval):
      guard type.isInteger || type.isPointer else { return }
      values += 1
      let value =
        type.isInteger && type.isSigned
        ? Int128(Int64(bitPattern: step.value)) : Int128(step.value)
      if value < interval.low || value > interval.high {
        fail(step, "is \(value), not in \(interval.low)...\(interval.high)")
      }
    case .function(let function):
      guard let (object, _) = memory.object(at: step.value) else { return }
      values += 1
      if object.kind != .function || object.owner != function.index {
        fail(step, "is not the function \(function.index)")
      }
    case .pointer(let region, let offset, let mayBeNull):
      guard type.isPointer else { return }
      values += 1
      if step.value == 0 {
        if !mayBeNull { fail(step, "is null") }
        return
      }
      check(region, offset, step, memory)
    }
  }

  private mutating func check(
    _ region: RegionInfo.Kind, _ claimed: Interval, _ step: ExecutionStep,
    _ memory: borrowing Memory
  ) {
    guard let (object, position) = memory.object(at: step.value) else { return }
    let top = stack[stack.count - 1]
    let isSame: Bool
    var offset = position
    switch region {
    case .local(let local):
      isSame =
        object.kind == .local && object.owner == step.function.index
        && object.part == local.index
    case .global(let global): isSame = object.kind == .global && object.owner == global.index
    case .literal(let literal): isSame = object.kind == .literal && object.owner == literal.index
    case .heap(let origin), .opaque(let origin):
      let start = history[top.base + Int(origin.index)]
      guard let (_, base) = memory.object(at: start) else { return }
      isSame = start >> 32 == step.value >> 32
      offset -= base
    case .parameter(let local):
      guard let start = top.parameters[Int(local.index)],
        let (_, base) = memory.object(at: start)
      else { return }
      isSame = start >> 32 == step.value >> 32
      offset -= base
    case .entry(let place):
      // The first pointer of the name tells the object; the others must lead to the same.
      guard let start = top.entries[place] else {
        if claimed.low == claimed.high {
          stack[stack.count - 1].entries[place] =
            step.value &- UInt64(truncatingIfNeeded: claimed.low)
        }
        return
      }
      guard let (_, base) = memory.object(at: start) else { return }
      isSame = start >> 32 == step.value >> 32
      offset -= base
    case .choice, .foreign, .made: return
    }
    if !isSame {
      fail(step, "points to an object that is not \(region)")
    } else if Int128(offset) < claimed.low || Int128(offset) > claimed.high {
      fail(
        step, "points to byte \(offset) of \(region), not to \(claimed.low)...\(claimed.high)")
    }
  }

  private mutating func check(
    _ text: Recording.Text, _ step: ExecutionStep, _ memory: borrowing Memory
  ) {
    let start = step.value &+ UInt64(bitPattern: text.distance)
    guard let (object, offset) = memory.object(at: start) else { return }
    strings += 1
    var length: Int128 = 0
    while true {
      let element = start &+ UInt64(truncatingIfNeeded: length) &* UInt64(text.width)
      var isZero = true
      for index in 0..<UInt64(text.width) {
        guard let byte = memory.byte(at: element &+ index) else {
          // A byte without a value can be the terminator.
          if offset + Int(length + 1) * Int(text.width) <= Int(object.size) { return }
          return fail(step, "points to what holds no terminator")
        }
        if byte != 0 { isZero = false }
      }
      if isZero { break }
      length += 1
    }
    if length < text.length.low || length > text.length.high {
      fail(
        step,
        "points to a string of \(length), not of \(text.length.low)...\(text.length.high)")
    }
  }

  /// Notes the first failures of each function; what follows them follows from them.
  private mutating func fail(_ step: ExecutionStep, _ text: String) {
    let function = Int(step.function.index)
    let row = Int(step.instruction.index)
    guard failed[function].count < 3, failed[function].insert(row).inserted else { return }
    let body = module.functions.rows[function].body
    let place = body.map { module.location(of: $0.instructions[step.instruction].origin) }
    let name = module.symbols[module.functions.rows[function].name]
    failures.append("line \(place?.start.line ?? 0), \(name), %\(row): \(text)")
  }
}
