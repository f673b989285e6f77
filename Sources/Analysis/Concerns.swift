// SPDX-License-Identifier: Apache-2.0

// The questions of the rules on hardening, asked at calls. The joined state proposes generously: what
// an argument is, what was called before and where a text comes from is known on a single path only.

import IR

/// A call that a path has passed.
struct PassedCall {
  var value: ValueID
  var target: FunctionID
  var arguments: [ValueID]
}

extension Machine {
  /// Asks what the function of a call raises.
  mutating func checkConcerns(
    _ target: FunctionID, _ arguments: [ValueID], at value: ValueID, _ state: State
  ) {
    guard let model = models[Int(target.index)], !model.concerns.isEmpty else { return }
    for concern in model.concerns {
      func argument(_ index: Int) -> ValueID? {
        index >= 0 && index < arguments.count ? arguments[index] : nil
      }
      switch concern {
      case .bits(let kind, let index, let all, let none):
        guard let argument = argument(index) else { continue }
        checkBits(kind, argument, index, all: all, none: none, at: value, state)
      case .creates(let flags, let index):
        guard let mode = argument(index), argument(flags).map({ mayCreate($0, state) }) ?? true
        else { continue }
        checkBits(.creationMode, mode, index, all: 0o2, none: 0o1000, at: value, state)
      case .values(let kind, let index, let among):
        guard let argument = argument(index), let form = form(argument) else { continue }
        let known = bounds(form, state).interval.constant
        guard known.map({ among.contains(Int64(clamping: $0)) }) ?? isUndecided(form) else {
          continue
        }
        raise(kind, argument, index, at: value, state) { observation in
          observation.value = known.map { Int64(clamping: $0) }
        }
      case .spelled(let kind, let index, let name):
        guard let argument = argument(index), spelling(argument).contains(name) else { continue }
        raise(kind, argument, index, at: value, state)
      case .always(let kind): raise(kind, argument(0), 0, at: value, state)
      case .unsealed(let kind):
        if hasConcern(.seals) { continue }
        raise(kind, argument(0), 0, at: value, state) { $0.isAssured = false }
      case .opens(let path, let flags):
        guard let path = argument(path) else { continue }
        checkOpened(path, flags: argument(flags), arguments, at: value, state)
      case .uses(let index, let use):
        guard let path = argument(index) else { continue }
        checkStale(path, index, use, at: value, state)
        checkExternalPath(path, index, at: value, state)
      case .command(let index):
        guard let text = argument(index) else { continue }
        checkText(.command, registers[Int(text.index)], text, index, at: value, state)
      case .program(let index):
        guard let text = argument(index) else { continue }
        checkText(.program, registers[Int(text.index)], text, index, at: value, state)
      case .shellArguments(let first):
        checkShell(arguments, from: first, at: value, state)
      case .shellVector(let index):
        guard let vector = argument(index) else { continue }
        checkShell(vector, index, at: value, state)
      case .compares(let left, let right):
        guard let left = argument(left), let right = argument(right) else { continue }
        checkComparison(left, right, at: value, state)
      case .mask(let index):
        guard let argument = argument(index) else { continue }
        checkMask(argument, index, at: value, state)
      case .checks, .clears, .secret, .authenticates, .secretResult, .random, .permissionCheck,
        .seals:
        break
      }
    }
  }

  /// Proposes or notes something questionable.
  ///
  /// `complete` adds what only a single path knows; it answers nothing, so what decides is asked before.
  mutating func raise(
    _ kind: ConcernKind, _ subject: ValueID?, _ argument: Int, at value: ValueID, _ state: State,
    cause: ValueID? = nil, _ complete: (inout ConcernObservation) -> Void = { _ in }
  ) {
    if kind == .processAccess, mode == .replay, isPermitted(before: value, state) { return }
    var observation = ConcernObservation(
      kind: kind, callee: calleeName(value),
      expression: subject.map { module.text(of: body.instructions[$0].origin) } ?? "")
    complete(&observation)
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: argument, kind: .concern(kind),
          via: cause.map { [Int(positions[Int($0.index)])] } ?? []),
        observation: .concern(observation), isDefinite: false, goal: nil, boundary: .none,
        cause: cause, region: nil))
  }

  // MARK: Numbers

  private mutating func checkBits(
    _ kind: ConcernKind, _ argument: ValueID, _ index: Int, all: Int64, none: Int64,
    at value: ValueID, _ state: State
  ) {
    guard let form = form(argument) else { return }
    let known = bounds(form, state).interval.constant.map { Int64(clamping: $0) }
    if let known {
      guard known & all == all, known & none == 0 else { return }
    } else if mode == .explore {
      guard isUndecided(form) else { return }
    } else {
      guard setBits(of: form, state) & all == all else { return }
    }
    var source = ""
    if kind == .creationMode, mode == .replay {
      switch mask(before: value, state) {
      case .some(let mask) where mask & all != 0: return
      case .some: source = "umask"
      case nil: break
      }
    }
    // What a wrapper passes on by habit says little of its callers.
    if kind == .creationMode, source.isEmpty, frame(at: position) > 0 { return }
    raise(kind, argument, index, at: value, state) { observation in
      observation.value = known
      observation.source = source
      observation.isAssured = kind != .creationMode || !source.isEmpty
    }
  }

  /// Whether the flags of a call can make it create the file.
  private func mayCreate(_ flags: ValueID, _ state: State) -> Bool {
    guard let known = form(flags).flatMap({ bounds($0, state).interval.constant }) else {
      return mode == .explore
    }
    return Int64(clamping: known) & 0o100 != 0
  }

  /// Whether a single path may know more of a number than the joined state does.
  private func isUndecided(_ form: LinearForm) -> Bool {
    guard mode == .explore else { return false }
    return (0..<form.count).contains { index in
      switch universe[form[index].symbol].kind {
      case .merge, .derived, .image: true
      default: false
      }
    }
  }

  /// Bits that a number has whatever its unknown parts are.
  private func setBits(of form: LinearForm, _ state: State, depth: Int = 6) -> Int64 {
    if let known = bounds(form, state).interval.constant { return Int64(clamping: known) }
    guard depth > 0, form.constant == 0, form.count == 1, form[0].coefficient == 1 else { return 0 }
    func bits(_ value: ValueID) -> Int64 {
      self.form(value).map { setBits(of: $0, state, depth: depth - 1) } ?? 0
    }
    switch universe[form[0].symbol].kind {
    case .image(let image) where image.kind == .conversion:
      return setBits(of: image.source, state, depth: depth - 1)
    case .derived(let maker):
      switch operation(maker) {
      case .binary(.or, let left, let right): return bits(left) | bits(right)
      case .binary(.and, let left, let right): return bits(left) & bits(right)
      default: return 0
      }
    default: return 0
    }
  }

  /// The mask of the process that the path has set last, where that is a constant.
  private func mask(before value: ValueID, _ state: State) -> Int64? {
    passed(before: value, state) { call, concern in
      guard case .mask(let index) = concern, index < call.arguments.count else { return nil }
      return form(call.arguments[index]).flatMap { $0.isConstant ? $0.constant : nil } ?? 0o777
    }
  }

  /// A mask that lets everybody write, for good: who only asks for the mask keeps the result.
  private mutating func checkMask(
    _ argument: ValueID, _ index: Int, at value: ValueID, _ state: State
  ) {
    guard let form = form(argument), form.isConstant, form.constant & 0o2 == 0, !isTaken(value)
    else { return }
    let mask = form.constant
    raise(.creationMode, argument, index, at: value, state) { observation in
      observation.value = mask
      observation.isAssured = false
      observation.isPart = true
    }
  }

  /// Whether the path asked if it may look at another process.
  private func isPermitted(before value: ValueID, _ state: State) -> Bool {
    passed(before: value, state) { _, concern in concern == .permissionCheck ? true : nil } ?? false
  }

  // MARK: What the path has passed

  /// What `pick` makes of the concerns of calls that the replayed path has passed, the latest first.
  func passed<Found>(
    before value: ValueID, _ state: State, _ pick: (PassedCall, Concern) -> Found?
  ) -> Found? {
    passedCalls(before: value, state) { call in
      guard let model = models[Int(call.target.index)] else { return nil }
      for concern in model.concerns {
        if let found = pick(call, concern) { return found }
      }
      return nil
    }
  }

  /// What `pick` makes of the calls that the replayed path has passed, the latest first.
  func passedCalls<Found>(
    before value: ValueID, _ state: State, _ pick: (PassedCall) -> Found?
  ) -> Found? {
    for block in state.trail.reversed() {
      for row in body.blocks[flow.order[Int(block.position)]].instructions.indices.reversed()
      where Int(block.position) != position || row < Int(value.index) {
        guard let call = passedCall(ValueID(row)) else { continue }
        if let found = pick(call) { return found }
      }
    }
    return nil
  }

  /// A call of a function by its name.
  func passedCall(_ value: ValueID) -> PassedCall? {
    guard case .call(let id) = operation(value), case .function(let target) = body.calls[id].callee
    else { return nil }
    return PassedCall(
      value: value, target: target, arguments: Array(body.values(body.calls[id].arguments)))
  }

  /// Whether the function calls anything that a concern is about.
  private func hasConcern(_ concern: Concern) -> Bool {
    body.calls.rows.contains { call in
      guard case .function(let target) = call.callee else { return false }
      return models[Int(target.index)]?.concerns.contains(concern) ?? false
    }
  }

  /// The text of a value, and that of the macro that it comes from.
  private func spelling(_ value: ValueID) -> String {
    module.text(of: body.instructions[value].origin)
  }

  /// Whether some instruction or the end of a block takes a value.
  func isTaken(_ value: ValueID) -> Bool {
    body.instructions.rows.contains { $0.operation.uses(value, in: body) }
      || body.blocks.rows.contains { block in
        switch block.terminator {
        case .branch(let condition, _, _): condition == value
        case .returnValue(let result): result == value
        default: false
        }
      }
  }
}

extension Operation {
  /// Whether it takes a value.
  func uses(_ value: ValueID, in body: Body) -> Bool {
    switch self {
    case .cast(_, let operand), .unary(_, let operand), .load(let operand, _): operand == value
    case .store(let address, let stored, _): address == value || stored == value
    case .binary(_, let left, let right), .compare(_, let left, let right):
      left == value || right == value
    case .element(let base, let index, _): base == value || index == value
    case .field(let base, _): base == value
    case .call(let id): body.values(body.calls[id].arguments).contains(value)
    case .storeBits(let base, _, let stored): base == value || stored == value
    default: false
    }
  }
}
