// SPDX-License-Identifier: Apache-2.0

// What is left between two pointers, taken as a size after other code has moved one of them: `end - p`
// behind `skip(&p)`. Where `skip` does not know the end and nobody compares afterwards, the difference
// can be negative, and a size is not.

import IR

/// The difference of a local and of how far a pointer has moved.
private struct Remainder {
  /// The pointer that only grows.
  var moved: LocalID
  /// The expression that it is held against, and what else the difference is made of.
  var others: [LocalID]
  /// The difference itself.
  var value: ValueID
}

extension Machine {
  /// Checks the sizes that a call takes.
  mutating func checkDifferences(_ arguments: [ValueID], at call: ValueID, _ state: State) {
    guard inlined == nil else { return }
    for (index, argument) in arguments.enumerated() {
      let type = type(of: argument)
      guard type.isInteger, type.width == 64, !type.isSigned, form(argument)?.isConstant != true
      else { continue }
      checkRemainder(argument, at: call, index, state)
      guard hasPointerDifference else { continue }
      for remainder in remainders(argument) where isUnchecked(remainder) {
        guard let mover = mover(of: remainder, before: call) else { continue }
        let text = module.text(of: body.instructions[mover].origin)
        let observation = UncheckedObservation(
          role: .difference, callee: calleeName(call),
          expression: module.text(of: body.instructions[stripped(argument)].origin),
          object: module.symbols[body.locals[remainder.moved].name], size: 0, source: text,
          isFromCall: true)
        report(
          Violation(
            candidate: Candidate(
              value: call, argument: index, kind: .unchecked(.difference),
              via: [Int(positions[Int(mover.index)])]),
            observation: .unchecked(observation), isDefinite: false, goal: nil, boundary: .none,
            cause: nil, region: nil,
            calleeSteps: [
              Step(
                location: module.location(of: body.instructions[mover].origin),
                message: "'\(text)' moves '\(observation.object)' and is not told how far it may")
            ]))
        break
      }
    }
  }

  /// The differences of pointers that a number can be.
  private func remainders(_ value: ValueID) -> [Remainder] {
    if let direct = remainder(stripped(value)) { return [direct] }
    guard let local = loadedLocal(value), !body.locals[local].isParameter else { return [] }
    var result: [Remainder] = []
    for row in body.instructions.rows {
      guard case .store(let address, let stored, _) = row.operation,
        operation(address) == .local(local)
      else { continue }
      guard let made = remainder(stripped(stored)) else { return [] }
      result.append(made)
    }
    return result
  }

  private func remainder(_ value: ValueID) -> Remainder? {
    switch operation(value) {
    case .pointerDifference(let end, let moved, stride: 1):
      guard let moved = loadedLocal(moved), let end = loadedLocal(end), end != moved else {
        return nil
      }
      return Remainder(moved: moved, others: [end], value: value)
    case .binary(.subtract, let total, let way):
      guard let total = loadedLocal(total),
        case .pointerDifference(let moved, let start, stride: 1) = operation(stripped(way)),
        let moved = loadedLocal(moved), let start = loadedLocal(start), start != moved
      else { return nil }
      return Remainder(moved: moved, others: [total, start], value: value)
    default: return nil
    }
  }

  /// The last call before another one that can move a pointer, and is told of no bound.
  private func mover(of remainder: Remainder, before call: ValueID) -> ValueID? {
    guard body.locals[remainder.moved].isAddressTaken else { return nil }
    let loop = flow.innermostLoop[Int(positions[Int(call.index)])]
    var found: ValueID?
    for row in body.instructions.rows.indices {
      let candidate = ValueID(row)
      guard case .call(let id) = operation(candidate), positions[row] >= 0, candidate != call,
        isBefore(candidate, call) || (loop >= 0 && flow.contains(loop, Int(positions[row]))),
        case let arguments = body.values(body.calls[id].arguments),
        arguments.contains(where: { isAddress($0, of: remainder.moved) })
      else { continue }
      let isTold = arguments.contains { argument in
        remainder.others.contains { loadedLocal(argument) == $0 || isAddress(argument, of: $0) }
      }
      if isTold || model(of: candidate) != nil { return nil }
      if found == nil || isBefore(candidate, call) { found = candidate }
    }
    return found
  }

  /// Whether nothing in the function compares the pointers, or the difference with a constant.
  private func isUnchecked(_ remainder: Remainder) -> Bool {
    let holders = body.instructions.rows.compactMap { row -> LocalID? in
      guard case .store(let address, let stored, _) = row.operation,
        stripped(stored) == remainder.value, case .local(let local) = operation(address)
      else { return nil }
      return local
    }
    return !body.instructions.rows.contains { row in
      guard case .compare(_, let left, let right) = row.operation else { return false }
      for (side, other) in [(left, right), (right, left)] {
        if isSame(side, remainder.value), isConstant(other) { return true }
        if let local = loadedLocal(side), holders.contains(local) { return true }
        if root(of: side) == remainder.moved,
          let against = root(of: other), remainder.others.contains(against)
        {
          return true
        }
      }
      return false
    }
  }

  private func isConstant(_ value: ValueID) -> Bool {
    if case .constant = operation(stripped(value)) { return true }
    return false
  }

  /// The local pointer that an address is counted from.
  private func root(of value: ValueID) -> LocalID? {
    let value = stripped(value)
    if case .element(let base, _, _) = operation(value) { return root(of: base) }
    return type(of: value).isPointer ? loadedLocal(value) : nil
  }
}

extension Machine {
  // MARK: Unsigned numbers from elsewhere

  /// Checks a size that is a short from elsewhere less a constant: where it is smaller, the unsigned
  /// difference wraps.
  private mutating func checkRemainder(
    _ size: ValueID, at call: ValueID, _ argument: Int, _ state: State
  ) {
    guard let before = wrapped(size, state), let number = before.form, let term = number.singleTerm,
      term.coefficient == 1, number.constant < 0,
      case .binary(.subtract, let whole, _) = operation(before.value),
      !type(of: before.value).isSigned, isFromElsewhere(term.symbol),
      case let known = fact(term.symbol, state), known.interval.low == 0,
      known.interval.high <= 0xFFFF, !isBoundedBelow(term.symbol, state)
    else { return }
    let observation = UncheckedObservation(
      role: .remainder, callee: calleeName(call),
      expression: module.text(of: body.instructions[before.value].origin),
      object: module.text(of: body.instructions[stripped(whole)].origin), size: -number.constant,
      source: "", isFromCall: false)
    report(
      Violation(
        candidate: Candidate(
          value: call, argument: argument, kind: .unchecked(.remainder), via: []),
        observation: .unchecked(observation), isDefinite: false, goal: (number, -1),
        boundary: .none, cause: nil, region: nil))
  }

  /// Whether a number was read from a message or returned by unseen code.
  private func isFromElsewhere(_ symbol: Symbol) -> Bool {
    guard case .value(let maker) = universe[symbol].kind else { return false }
    switch operation(maker) {
    case .call: return model(of: maker) == nil
    case .load(let address, _):
      guard case .pointer(let region, _, _, _) = registers[Int(address.index)] else { return false }
      return message(region) != nil
    default: return false
    }
  }

  /// Whether the path compares a number with something that it must not be less than.
  private func isBoundedBelow(_ symbol: Symbol, _ state: State) -> Bool {
    state.conditions.contains {
      $0.form.coefficient(of: symbol) < 0 && state.isOrder($0)
    }
  }

  // MARK: Distances

  /// Checks the distance of two pointers that becomes unsigned.
  ///
  /// On a path that knows both it is a constant. In the joined state the turns of a loop are what is
  /// between them.
  mutating func checkDistance(_ operand: ValueID, at cast: ValueID, _ state: State) {
    guard inlined == nil, hasPointerDifference, !type(of: cast).isSigned,
      type(of: cast).width == 64,
      isDistance(operand), let distance = form(operand), distance.constant < 0
    else { return }
    let known = bounds(distance, state).interval
    let isCounted = (0..<distance.count).allSatisfy { index in
      if case .counter = universe[distance[index].symbol].kind { true } else { false }
    }
    guard known.constant != nil || isCounted, known.low < 0, known.low > -64 else { return }
    let observation = UncheckedObservation(
      role: .distance, callee: "",
      expression: module.text(of: body.instructions[stripped(operand)].origin), object: "",
      size: Int64(clamping: known.low), source: "", isFromCall: false)
    report(
      Violation(
        candidate: Candidate(value: cast, argument: 0, kind: .unchecked(.distance), via: []),
        observation: .unchecked(observation), isDefinite: false, goal: (distance, known.low),
        boundary: .none,
        cause: nil, region: nil))
  }

  /// Whether a number is the distance of two pointers, give or take a constant.
  private func isDistance(_ value: ValueID) -> Bool {
    switch operation(value) {
    case .pointerDifference: true
    case .cast(_, let operand): isDistance(operand)
    case .binary(.add, let left, let right), .binary(.subtract, let left, let right):
      isConstant(right) && isDistance(left)
    default: false
    }
  }
}
