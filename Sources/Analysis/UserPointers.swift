// SPDX-License-Identifier: Apache-2.0

// Addresses of the user's memory, by what the path does with them: who hands a pointer to copy_from_user as
// the user's, and accesses memory through it as well, is wrong in one of the two.

import IR

/// What a path did with a pointer from outside of the function.
struct UserPointerFact: BitwiseCopyable, Hashable, Sendable {
  var region: Region
  /// The call that takes it as the user's; else the access.
  var cause: ValueID
  var isUsers: Bool
  /// Whether the function's callers promise it; the cause means nothing then.
  var isPromised = false
}

extension State {
  /// Notes what a path does with a pointer; past 16 nothing new.
  mutating func note(_ fact: UserPointerFact) {
    guard userPointers.count < 16,
      !userPointers.contains(where: { $0.region == fact.region && $0.isUsers == fact.isUsers })
    else { return }
    let index =
      userPointers.firstIndex { (fact.region, fact.cause.index) < ($0.region, $0.cause.index) }
      ?? userPointers.count
    userPointers.insert(fact, at: index)
  }

  /// Takes over the facts of two paths.
  mutating func joinUserPointers(_ left: State, _ right: State) {
    userPointers = left.userPointers
    if left.userPointers == right.userPointers { return }
    for fact in right.userPointers { note(fact) }
  }
}

extension Machine {
  /// Whether the function calls something that takes addresses of the user's.
  var takesUserPointers: Bool {
    body.calls.rows.contains { call in
      guard case .function(let target) = call.callee, let model = models[Int(target.index)] else {
        return false
      }
      return model.effects.contains { effect in
        switch effect {
        case .user, .fetch: true
        default: false
        }
      }
    }
  }

  /// Whether a region is one of which only a pointer from elsewhere is known.
  private func isForeign(_ region: Region) -> Bool {
    switch universe[region].kind {
    case .parameter, .entry, .opaque: true
    default: false
    }
  }

  /// A call takes an argument as an address of the user's.
  mutating func takeAsUsers(
    _ argument: ValueID, at value: ValueID, index: Int, _ state: inout State
  ) {
    guard case .pointer(let region, _, _, _) = registers[Int(argument.index)], isForeign(region)
    else { return }
    if let access = state.userPointers.first(where: { $0.region == region && !$0.isUsers }) {
      reportUserPointer(
        argument, calleeName(value), access: access.cause, users: value, at: value,
        argument: index, state)
      state.userPointers.removeAll { $0.region == region }
    }
    state.note(UserPointerFact(region: region, cause: value, isUsers: true))
  }

  /// Memory is accessed through a pointer.
  mutating func accessUser(
    _ base: ValueID, at value: ValueID, argument: Int, _ state: inout State
  ) {
    guard case .pointer(let region, _, _, _) = registers[Int(base.index)], isForeign(region) else {
      return
    }
    if isOneOfTwo(base) { return }
    if isPromisedAddress(region) {
      reportUserPointer(
        base, entry?.table ?? "", access: value, users: nil, at: value, argument: argument, state)
      return
    }
    if let users = state.userPointers.first(where: { $0.region == region && $0.isUsers }) {
      let cause = users.isPromised ? nil : users.cause
      reportUserPointer(
        base, cause.map { calleeName($0) } ?? entry?.table ?? "", access: value, users: cause,
        at: value, argument: argument, state)
      state.userPointers.removeAll { $0.region == region }
    }
    state.note(UserPointerFact(region: region, cause: value, isUsers: false))
  }

  /// Whether a region is what a number leads to that is promised to be an address of the user's.
  private func isPromisedAddress(_ region: Region) -> Bool {
    guard !userNumbers.isEmpty, case .opaque(let maker) = universe[region].kind,
      case .cast(.integerToPointer, let number) = operation(maker),
      let term = form(number)?.singleTerm
    else { return false }
    return term.coefficient == 1 && userNumbers.contains(term.symbol)
  }

  /// Whether a pointer is read from a union, which holds the user's address or the kernel's: a flag beside it
  /// says which.
  private func isOneOfTwo(_ pointer: ValueID) -> Bool {
    guard case .load(let address, _) = operation(pointer),
      case .field(_, let field) = operation(address)
    else { return false }
    return module.records[module.fields[field].record].isUnion
  }

  /// Reports an access; without `users`, the function's callers promise that it is the user's memory.
  private mutating func reportUserPointer(
    _ pointer: ValueID, _ taker: String, access: ValueID, users: ValueID?, at value: ValueID,
    argument: Int, _ state: State
  ) {
    let base = uncast(pointer)
    let object = module.text(of: body.instructions[base].origin)
    let name = object.isEmpty ? "the pointer" : "'\(object)'"
    let observation = UserPointerObservation(
      object: object, taker: taker, callee: calleeName(access), isBefore: value == users,
      isPromised: users == nil)
    let other = value == users ? access : users
    let origin = other.map { body.instructions[$0].origin } ?? module.functions[function].origin
    let message =
      other == access
      ? "memory is accessed through \(name) here"
      : users == nil
        ? "'\(taker)' passes addresses of the user's"
        : "'\(taker)' takes \(name) as an address of the user's"
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: argument, kind: .userPointer,
          via: other.map { [Int(positions[Int($0.index)])] } ?? []),
        observation: .userPointer(observation), isDefinite: true, goal: nil, boundary: .none,
        cause: nil, region: nil,
        calleeSteps: [Step(location: module.location(of: origin), message: message)]))
  }
}
