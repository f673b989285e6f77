// SPDX-License-Identifier: Apache-2.0

// The weak topological order of Bourdoncle ("Efficient chaotic iteration strategies with widenings",
// 1993): blocks in an order in which every cycle passes the head of a component. It serves as the
// iteration order, as the loop nest (irreducible ones included) and as the order of reports.

import IR

/// A strongly connected part of the graph with its head, the only block where cycles are cut.
struct Loop: Sendable {
  /// The block through which every cycle of the loop passes.
  var head: BlockID
  /// Position of the head in the order; the body follows it.
  var start: Int
  /// Position after the last block of the loop.
  var end: Int
  /// The loop around it.
  var parent: Int?
  /// Locals that are written in the loop, ascending.
  var writtenLocals: [LocalID] = []
  /// Locals that every iteration moves by the same constant.
  var inductions: [Induction] = []
  /// Locals that the loop moves by one and in one direction only, if at all, ascending.
  var steadyLocals: [LocalID] = []
}

/// A local that grows by `step` in every iteration of a loop.
struct Induction: Sendable {
  var local: LocalID
  /// What an iteration adds: a number, or bytes for a pointer.
  var step: Int64
}

/// The shape of a function's control flow.
struct ControlFlow: Sendable {
  /// Reachable blocks in weak topological order.
  private(set) var order: [BlockID] = []
  /// Position in `order` by block; -1 for unreachable ones.
  private(set) var position: [Int]
  /// The loops, outer ones before inner ones.
  private(set) var loops: [Loop] = []
  /// The loop whose head is at a position of `order`, or -1.
  private(set) var loopAtHead: [Int] = []
  /// The innermost loop by position of `order`, or -1.
  private(set) var innermostLoop: [Int] = []
  /// Immediate dominator by position of `order`.
  private(set) var immediateDominator: [Int] = []
  /// Predecessors by position of `order`, as positions; reachable ones, without duplicates.
  private(set) var predecessors: [[Int]] = []
  /// Successors by position of `order`, as positions, without duplicates.
  private(set) var successors: [[Int]] = []

  init(_ body: Body) {
    position = Array(repeating: -1, count: body.blocks.count)
    var builder = OrderBuilder(body: body)
    let elements = builder.partition(from: BlockID(0))
    flatten(elements, parent: nil)
    for (index, block) in order.enumerated() { position[Int(block.index)] = index }
    predecessors = Array(repeating: [], count: order.count)
    successors = Array(repeating: [], count: order.count)
    for index in order.indices {
      var targets: [Int] = []
      body.forEachSuccessor(of: order[index]) { targets.append(position[Int($0.index)]) }
      for target in targets where !successors[index].contains(target) {
        successors[index].append(target)
        predecessors[target].append(index)
      }
    }
    computeDominators()
    for index in loops.indices { describeLoop(index, body) }
  }

  /// Whether the edge from one position to another closes a cycle.
  func isFeedback(from source: Int, to target: Int) -> Bool { target <= source }

  /// Whether a position lies in a loop.
  func contains(_ loop: Int, _ position: Int) -> Bool {
    loops[loop].start <= position && position < loops[loop].end
  }

  /// Whether every path from the entry to `other` passes `position`.
  func dominates(_ position: Int, _ other: Int) -> Bool {
    var current = other
    while current > position { current = immediateDominator[current] }
    return current == position
  }

  private mutating func flatten(_ elements: [OrderElement], parent: Int?) {
    for element in elements {
      switch element {
      case .block(let block):
        order.append(block)
        loopAtHead.append(-1)
        innermostLoop.append(parent ?? -1)
      case .component(let head, let body):
        let loop = loops.count
        loops.append(Loop(head: head, start: order.count, end: 0, parent: parent))
        order.append(head)
        loopAtHead.append(loop)
        innermostLoop.append(loop)
        flatten(body, parent: loop)
        loops[loop].end = order.count
      }
    }
  }

  private mutating func computeDominators() {
    immediateDominator = Array(repeating: -1, count: order.count)
    immediateDominator[0] = 0
    var changed = true
    while changed {
      changed = false
      for index in order.indices.dropFirst() {
        var dominator = -1
        for predecessor in predecessors[index] where immediateDominator[predecessor] >= 0 {
          dominator = dominator < 0 ? predecessor : commonDominator(dominator, predecessor)
        }
        if dominator >= 0, dominator != immediateDominator[index] {
          immediateDominator[index] = dominator
          changed = true
        }
      }
    }
  }

  private func commonDominator(_ left: Int, _ right: Int) -> Int {
    var left = left
    var right = right
    while left != right {
      while left > right { left = immediateDominator[left] }
      while right > left { right = immediateDominator[right] }
    }
    return left
  }

  private mutating func describeLoop(_ loop: Int, _ body: Body) {
    let start = loops[loop].start
    let end = loops[loop].end
    var stores: [(local: LocalID, at: Int, value: ValueID)] = []
    for index in start..<end {
      for row in body.blocks[order[index]].instructions.indices {
        guard case .store(let address, let value, _) = body.instructions.rows[row].operation,
          case .local(let local) = body.instructions[address].operation
        else { continue }
        stores.append((local, index, value))
      }
    }
    loops[loop].writtenLocals = Array(Set(stores.map(\.local))).sorted()
    let latches = predecessors[start].filter { $0 >= start }
    for local in loops[loop].writtenLocals {
      let writes = stores.filter { $0.local == local }
      let steps = Set(writes.map { constantStep(of: $0.value, over: local, in: body) })
      if steps == [1] || steps == [-1] { loops[loop].steadyLocals.append(local) }
      guard writes.count == 1, innermostLoop[writes[0].at] == loop,
        latches.allSatisfy({ dominates(writes[0].at, $0) }),
        let step = constantStep(of: writes[0].value, over: local, in: body), step != 0
      else { continue }
      loops[loop].inductions.append(Induction(local: local, step: step))
    }
  }
}

/// The constant `c` where `value` is `local + c`, seen through conversions.
private func constantStep(of value: ValueID, over local: LocalID, in body: Body) -> Int64? {
  switch body.instructions[value].operation {
  case .cast(let kind, let operand) where kind != .toBool:
    return constantStep(of: operand, over: local, in: body)
  case .binary(.add, let left, let right):
    if isLoad(left, of: local, in: body) { return constant(right, in: body) }
    return isLoad(right, of: local, in: body) ? constant(left, in: body) : nil
  case .binary(.subtract, let left, let right):
    guard isLoad(left, of: local, in: body), let step = constant(right, in: body) else {
      return nil
    }
    return step == .min ? nil : -step
  case .element(let base, let index, let stride):
    guard isLoad(base, of: local, in: body), let count = constant(index, in: body) else {
      return nil
    }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: Int64(stride))
    return overflow ? nil : bytes
  default: return nil
  }
}

private func isLoad(_ value: ValueID, of local: LocalID, in body: Body) -> Bool {
  switch body.instructions[value].operation {
  case .cast(let kind, let operand) where kind != .toBool:
    return isLoad(operand, of: local, in: body)
  case .load(let address, false):
    if case .local(local) = body.instructions[address].operation { return true }
    return false
  default: return false
  }
}

private func constant(_ value: ValueID, in body: Body) -> Int64? {
  switch body.instructions[value].operation {
  case .constant(let value): value
  case .cast(.signExtend, let operand), .cast(.zeroExtend, let operand),
    .cast(.reinterpret, let operand):
    constant(operand, in: body).flatMap { $0 >= 0 ? $0 : nil }
  default: nil
  }
}

private indirect enum OrderElement {
  case block(BlockID)
  case component(head: BlockID, body: [OrderElement])
}

/// Bourdoncle's recursive partition (1993, figure 4).
private struct OrderBuilder {
  private let successors: [[BlockID]]
  private var number: [Int]
  private var stack: [BlockID] = []
  private var count = 0

  init(body: Body) {
    successors = body.blocks.ids.map { block in
      var targets: [BlockID] = []
      body.forEachSuccessor(of: block) { targets.append($0) }
      return targets
    }
    number = Array(repeating: 0, count: body.blocks.count)
  }

  mutating func partition(from entry: BlockID) -> [OrderElement] {
    var elements: [OrderElement] = []
    _ = visit(entry, &elements)
    return elements.reversed()
  }

  /// Appends in reverse order; the caller turns the list round.
  private mutating func visit(_ block: BlockID, _ elements: inout [OrderElement]) -> Int {
    stack.append(block)
    count += 1
    number[Int(block.index)] = count
    var head = count
    var isLoop = false
    for target in successors[Int(block.index)] {
      let known = number[Int(target.index)]
      let least = known == 0 ? visit(target, &elements) : known
      if least <= head {
        head = least
        isLoop = true
      }
    }
    guard head == number[Int(block.index)] else { return head }
    number[Int(block.index)] = .max
    var element = stack.removeLast()
    guard isLoop else {
      elements.append(.block(block))
      return head
    }
    while element != block {
      number[Int(element.index)] = 0
      element = stack.removeLast()
    }
    var inner: [OrderElement] = []
    for target in successors[Int(block.index)] where number[Int(target.index)] == 0 {
      _ = visit(target, &inner)
    }
    elements.append(.component(head: block, body: inner.reversed()))
    return head
  }
}
