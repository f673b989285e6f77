// SPDX-License-Identifier: Apache-2.0

// Numbers that a function takes from others and holds against nothing: the length that comes with a
// pointer and is copied into an array of fixed size, the byte of a message that is an index. That the
// function does not even ask is the argument; whoever asks, in whatever way, is believed.

import Findings
import IR

extension Machine {
  /// A value without its conversions.
  func stripped(_ value: ValueID) -> ValueID {
    var value = value
    while case .cast(_, let operand) = operation(value) { value = operand }
    return value
  }

  /// A pointer as it was before it was cast to other types of pointer.
  func uncast(_ pointer: ValueID) -> ValueID {
    var pointer = pointer
    while case .cast(.pointerCast, let operand) = operation(pointer) { pointer = operand }
    return pointer
  }

  /// The local whose value an expression is, conversions aside.
  func loadedLocal(_ value: ValueID) -> LocalID? {
    guard case .load(let address, _) = operation(stripped(value)),
      case .local(let local) = operation(address)
    else { return nil }
    return local
  }

  /// Whether an instruction comes before another one in the order of blocks.
  func isBefore(_ first: ValueID, _ second: ValueID) -> Bool {
    let (a, b) = (positions[Int(first.index)], positions[Int(second.index)])
    return a >= 0 && (a < b || (a == b && first.index < second.index))
  }

  /// Whether nobody in the program calls the function by its name, so that only code unseen decides what
  /// it is handed.
  mutating func isCalledByStrangers() -> Bool {
    guard inlined == nil else { return false }
    return !facts.isCalled(FunctionKey(module: moduleIndex, function: function))
  }

  // MARK: Lengths

  /// Checks the length of a copy that came along with the pointer that is copied from.
  mutating func checkLength(
    of count: ValueID, from source: ValueID, into target: ValueID, at value: ValueID,
    argument: Int, _ state: State
  ) {
    guard inlined == nil,
      case .pointer(let region, _, let inside, _) = registers[Int(target.index)],
      isFixed(region, inside), let room = capacity(of: target), room.isConstant,
      room.constant > 0, let length = loadedLocal(count), let pointer = loadedLocal(source),
      case let taken = stripped(count), let known = form(taken), let term = known.singleTerm,
      term.coefficient == 1,
      case let fact = bounds(known, state),
      fact.interval.high > Int128(room.constant), fact.highBoundary.isNone,
      !isQuestioned(length, before: value), !asks(known, state),
      let provider = provider(of: length, with: pointer, at: value)
    else { return }
    let observation = UncheckedObservation(
      role: .length, callee: calleeName(value),
      expression: module.text(of: body.instructions[taken].origin),
      object: objectName(target, region, inside), size: room.constant, source: provider.text,
      isFromCall: provider.call != nil)
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: argument, kind: .unchecked(.length),
          via: provider.call.map { [Int(positions[Int($0.index)])] } ?? []),
        observation: .unchecked(observation), isDefinite: false,
        goal: (known, Int128(room.constant) + 1), boundary: .none, cause: nil, region: region,
        calleeSteps: [
          Step(
            location: provider.location,
            message: "'\(observation.expression)' comes from here and is held against nothing")
        ]))
  }

  /// Whether an object has a size that its declaration gives.
  private func isFixed(_ region: Region, _ inside: SubObject) -> Bool {
    if inside != .none {
      return universe.fixedArray(inside) != nil && !isTrailing(inside, region)
    }
    switch universe[region].kind {
    case .local, .global: return true
    default: return false
    }
  }

  /// Who hands over both a number and a pointer.
  private struct Provider {
    /// The call whose output parameters they are; `nil` where they are parameters.
    var call: ValueID?
    var text: String
    var location: Location
  }

  private mutating func provider(
    of length: LocalID, with pointer: LocalID, at value: ValueID
  ) -> Provider? {
    if body.locals[length].isParameter, body.locals[pointer].isParameter {
      guard !isStored(length), !isStored(pointer), isCalledByStrangers() else { return nil }
      let origin = body.locals[length].origin
      return Provider(
        call: nil, text: module.symbols[body.locals[length].name],
        location: module.location(of: origin))
    }
    guard body.locals[length].isAddressTaken, body.locals[pointer].isAddressTaken else {
      return nil
    }
    var found: ValueID?
    for row in body.instructions.rows.indices {
      let candidate = ValueID(row)
      guard case .call(let id) = operation(candidate), isBefore(candidate, value),
        model(of: candidate) == nil
      else { continue }
      let arguments = body.values(body.calls[id].arguments)
      if arguments.contains(where: { isAddress($0, of: length) }),
        arguments.contains(where: { isAddress($0, of: pointer) })
      {
        found = candidate
      }
    }
    return found.map {
      Provider(
        call: $0, text: module.text(of: body.instructions[$0].origin),
        location: module.location(of: body.instructions[$0].origin))
    }
  }

  /// Whether an expression is the address of a local.
  func isAddress(_ value: ValueID, of local: LocalID) -> Bool {
    operation(stripped(value)) == .local(local)
  }

  /// Whether the function itself gives a local another value.
  private func isStored(_ local: LocalID) -> Bool {
    body.instructions.rows.contains { row in
      guard case .store(let address, _, _) = row.operation else { return false }
      return operation(address) == .local(local)
    }
  }

  /// Whether the function compares a local with anything but zero, or hands its value to other code of
  /// the program, before an instruction.
  private func isQuestioned(_ local: LocalID, before value: ValueID) -> Bool {
    for row in body.instructions.rows.indices {
      let asking = ValueID(row)
      switch operation(asking) {
      case .compare(let op, let left, let right) where isBefore(asking, value):
        let isForZero = op == .equal || op == .notEqual
        for (side, other) in [(left, right), (right, left)] where loadedLocal(side) == local {
          if !isForZero || form(other)?.isConstant != true { return true }
        }
      case .call(let id) where isBefore(asking, value) && model(of: asking) == nil:
        if body.values(body.calls[id].arguments).contains(where: { loadedLocal($0) == local }) {
          return true
        }
      default: break
      }
    }
    return false
  }

  /// Whether the path compares the symbols of a form with more than a constant for equality.
  func asks(_ form: LinearForm, _ state: State) -> Bool {
    state.conditions.contains { condition in
      (0..<form.count).contains { index in
        let symbol = form[index].symbol
        guard condition.form.coefficient(of: symbol) != 0 else { return false }
        return condition.form.count > 1 || state.isOrder(condition)
      }
    }
  }

  // MARK: Indices

  /// Checks an index that is a byte or a short of a message which the function was handed.
  mutating func checkIndex(
    of address: ValueID, into region: Region, _ inside: SubObject, excess: LinearForm, high: Int128,
    at value: ValueID, _ state: State
  ) {
    guard inlined == nil, calleeName(value).isEmpty, isFixed(region, inside),
      case .element(_, let index, let stride) = operation(address), stride > 0,
      let known = form(index), let term = known.singleTerm, term.coefficient == 1,
      known.constant == 0, let message = message(of: term.symbol),
      case let fact = fact(term.symbol, state), fact.highBoundary.isNone,
      fact.interval == universe[term.symbol].range, fact.interval.high <= 0xFFFF,
      fact.interval.low == 0, !asks(known, state), isCalledByStrangers()
    else { return }
    let size =
      universe.fixedArray(inside)?.size ?? universe[region].size?.constant ?? 0
    let observation = UncheckedObservation(
      role: .index, callee: "", expression: module.text(of: body.instructions[index].origin),
      object: objectName(address, region, inside), size: size / Int64(stride),
      source: module.symbols[body.locals[message].name], isFromCall: false)
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: 0, kind: .unchecked(.index), via: []),
        observation: .unchecked(observation), isDefinite: false, goal: (excess, high),
        boundary: .none, cause: nil, region: region,
        calleeSteps: [
          Step(
            location: module.location(of: body.locals[message].origin),
            message:
              "'\(observation.expression)' is read from '\(observation.source)', which holds any bytes"
          )
        ]))
  }

  /// The parameter that leads to the bytes which a number was read from.
  private func message(of symbol: Symbol) -> LocalID? {
    let region: Region
    switch universe[symbol].kind {
    case .entry(let place): region = place.region
    case .value(let maker):
      guard case .load(let address, _) = operation(maker),
        case .pointer(let target, _, _, _) = registers[Int(address.index)]
      else { return nil }
      region = target
    default: return nil
    }
    return message(region)
  }

  /// The parameter that leads to a region, where that is one of bytes.
  func message(_ region: Region) -> LocalID? {
    guard case .parameter(let local) = universe[region].kind,
      case .pointer(let pointee) = module.types[body.locals[local].type].kind,
      module.types[pointee].isInteger, module.types[pointee].width == 8
    else { return nil }
    return local
  }
}

extension State {
  /// Whether a condition of the path compares by size, and does not only tell a value apart: equality is
  /// kept as two conditions of one place.
  func isOrder(_ condition: PathCondition) -> Bool {
    guard condition.relation == .atMostZero else { return false }
    let opposite = condition.form.scaled(by: -1)
    return !conditions.contains { other in
      other.relation == .atMostZero && other.boundary == condition.boundary
        && other.form == opposite
    }
  }
}
