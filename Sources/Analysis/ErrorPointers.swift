// SPDX-License-Identifier: Apache-2.0

// Error numbers in the form of pointers, as the kernel's ERR_PTR makes them: the last 4095 addresses. What a
// call returned is one object to the analysis, so that what is known of it holds for all copies of the
// pointer. On a single path it is open, an error, or valid; in joined states a fact says that some path
// makes it so.

import IR

/// That the pointer to an object may be an error number instead.
struct ErrorFact: BitwiseCopyable, Hashable, Sendable {
  enum Status: UInt8, BitwiseCopyable, Hashable, Sendable {
    /// Nothing has asked.
    case open
    case isError
    case isValid
  }

  var region: Region
  /// The call that returned it, or the conversion that made it.
  var cause: ValueID
  var status = Status.open
  /// Whether the path asked whether it is null, which it never is.
  var isNullTested = false
  /// Whether it can be null besides.
  var mayBeNull: Bool
  /// Whether a function of the program returns it on some of its paths only.
  var isSometimes = false
  /// The answer that decides, while no condition has asked: zero says that it is valid.
  var pending: Symbol?
  /// Whether it is the other way round.
  var isValidUnlessZero = false
}

extension State {
  /// What is known of the pointer to an object.
  func error(of region: Region) -> ErrorFact? {
    errors.isEmpty ? nil : errors.first { $0.region == region }
  }

  /// Replaces what is known of a pointer; past 16 nothing new.
  mutating func setError(_ fact: ErrorFact) {
    errors.removeAll { $0.region == fact.region }
    guard errors.count < 16 else { return }
    let index = errors.firstIndex { fact.region < $0.region } ?? errors.count
    errors.insert(fact, at: index)
  }

  /// Forgets what is known of the pointer to an object.
  mutating func dropError(of region: Region) {
    if !errors.isEmpty { errors.removeAll { $0.region == region } }
  }
}

extension Machine {
  // MARK: Transfer

  /// A model says that its result can be an error number.
  mutating func noteError(
    _ result: AbstractValue, _ model: FunctionModel, by call: ValueID, _ state: inout State
  ) -> AbstractValue {
    guard model.mayBeError, case .pointer(let region, let offset, let inside, _) = result else {
      return result
    }
    state.setError(ErrorFact(region: region, cause: call, mayBeNull: model.mayBeErrorOrNull))
    // Who tests for null all the same is told.
    return .pointer(region, offset: offset, inside: inside, mayBeNull: true)
  }

  /// Whether a number stands for an error where a pointer is expected.
  func isErrorNumber(_ form: LinearForm, _ state: State) -> Bool {
    let known = bounds(form, state).interval
    return known.low >= -4095 && known.high <= -1
      || known.low >= (1 << 64) - 4095 && known.high < 1 << 64
  }

  /// A number becomes a pointer.
  mutating func errorPointer(
    of form: LinearForm, at value: ValueID, _ state: inout State
  ) -> AbstractValue? {
    guard isErrorNumber(form, state) else { return nil }
    let result = unknownValue(value, &state)
    guard case .pointer(let region, let offset, let inside, _) = result else { return result }
    state.setError(ErrorFact(region: region, cause: value, status: .isError, mayBeNull: false))
    return .pointer(region, offset: offset, inside: inside, mayBeNull: false)
  }

  /// A call answers whether a pointer is an error number: zero says that it is not.
  mutating func askError(
    _ argument: ValueID, at value: ValueID, _ result: AbstractValue, _ state: inout State
  ) -> AbstractValue {
    guard case .pointer(let region, _, _, _) = registers[Int(argument.index)],
      var fact = state.error(of: region).map({ settled($0, state) })
    else { return result }
    switch fact.status {
    case .isValid: return .constant(0)
    case .isError, .open:
      guard let symbol = result.form?.singleTerm?.symbol else {
        state.dropError(of: region)
        return result
      }
      if fact.status == .isError, fact.pending == nil, mode == .replay {
        _ = assumeNotZero(LinearForm(symbol), .none, &state)
        return result
      }
      fact.pending = symbol
      fact.isValidUnlessZero = false
      state.setError(fact)
      return result
    }
  }

  /// A comparison may be such a question, whose answer goes into a variable.
  mutating func noteErrorTest(
    _ op: Comparison, _ left: ValueID, _ right: ValueID, _ result: AbstractValue,
    _ state: inout State
  ) {
    guard let (region, isError) = errorTest(op, left, right), var fact = state.error(of: region),
      settled(fact, state).status == .open, let symbol = result.form?.singleTerm?.symbol
    else { return }
    fact.pending = symbol
    fact.isValidUnlessZero = !isError
    state.setError(fact)
  }

  /// A comparison with the first error number: `(unsigned long)p >= (unsigned long)-4095`.
  func errorTest(_ op: Comparison, _ left: ValueID, _ right: ValueID) -> (Region, isError: Bool)? {
    if case .constant = operation(left) {
      if case .constant = operation(right) { return nil }
      return errorTest(op.mirrored, right, left)
    }
    guard case .constant(let limit) = operation(right), limit == -4095 || limit == -4096 else {
      return nil
    }
    let isError: Bool
    switch (op, limit) {
    case (.greaterOrEqual, -4095), (.greater, -4096): isError = true
    case (.less, -4095), (.lessOrEqual, -4096): isError = false
    default: return nil
    }
    let base = stripped(left)
    guard case .pointer(let region, _, _, _) = registers[Int(base.index)] else { return nil }
    return (region, isError)
  }

  /// A comparison with one error number, the only one that a function answers: `p == ERR_PTR(-EINVAL)`.
  private func errorEquality(
    _ op: Comparison, _ left: ValueID, _ right: ValueID, _ state: State
  ) -> (Region, isError: Bool)? {
    guard op == .equal || op == .notEqual,
      case .pointer(let first, _, _, _) = registers[Int(left.index)],
      case .pointer(let second, _, _, _) = registers[Int(right.index)]
    else { return nil }
    if isError(second, state), !isError(first, state) { return (first, op == .equal) }
    if isError(first, state), !isError(second, state) { return (second, op == .equal) }
    return nil
  }

  /// A branch on such a comparison; answers whether it can be taken.
  mutating func assumeErrorTest(
    _ op: Comparison, _ left: ValueID, _ right: ValueID, _ state: inout State
  ) -> Bool {
    if op == .notEqual, mode == .replay, !state.errors.isEmpty,
      case .pointer(let first, _, _, _) = registers[Int(left.index)],
      case .pointer(let second, _, _, _) = registers[Int(right.index)],
      isError(first, state), isError(second, state)
    {
      // Which of the numbers they are is not known.
      return false
    }
    guard !state.errors.isEmpty,
      let (region, isError) = errorTest(op, left, right) ?? errorEquality(op, left, right, state),
      var fact = state.error(of: region).map({ settled($0, state) })
    else { return true }
    if mode == .replay, fact.status == (isError ? .isValid : .isError) { return false }
    fact.status = isError ? .isError : .isValid
    fact.pending = nil
    state.setError(fact)
    return true
  }

  /// A fact as far as the conditions that were passed decide it.
  private func settled(_ fact: ErrorFact, _ state: State) -> ErrorFact {
    guard let symbol = fact.pending else { return fact }
    let known = self.fact(symbol, state).interval
    let isZero = known == Interval(0)
    guard isZero || !known.contains(Interval(0)) else { return fact }
    var result = fact
    result.pending = nil
    result.status = isZero == fact.isValidUnlessZero ? .isError : .isValid
    return result
  }

  /// A path goes on where a pointer is null, or where it is not.
  func noteNullTest(ofError region: Region, _ isNull: Bool, _ state: inout State) {
    guard var fact = state.error(of: region) else { return }
    if isNull { return state.dropError(of: region) }
    fact.isNullTested = true
    state.setError(fact)
  }

  /// Code that is not seen, or whose answer counts, may ask.
  func forgetErrors(_ arguments: [ValueID], _ state: inout State) {
    if state.errors.isEmpty { return }
    for argument in arguments {
      guard case .pointer(let region, _, _, _) = registers[Int(argument.index)] else { continue }
      state.dropError(of: region)
    }
  }

  /// Takes over the facts of two paths.
  func joinErrors(_ left: State, _ right: State, _ result: inout State) {
    if left.errors.isEmpty && right.errors.isEmpty { return }
    for fact in left.errors {
      var merged = settled(fact, left)
      if let other = right.error(of: fact.region).map({ settled($0, right) }) {
        if other.status != merged.status || other.pending != merged.pending {
          merged.status = .open
          merged.pending = nil
        }
        merged.isNullTested = merged.isNullTested || other.isNullTested
        merged.isSometimes = merged.isSometimes || other.isSometimes
      } else {
        if merged.status == .isError { merged.status = .open }
        merged.pending = nil
      }
      result.setError(merged)
    }
    for fact in right.errors where left.error(of: fact.region) == nil {
      var merged = settled(fact, right)
      if merged.status == .isError { merged.status = .open }
      merged.pending = nil
      result.setError(merged)
    }
  }

  /// Where an error number meets a pointer, the pointer may be one; `nil` where neither side is one.
  func error(_ left: Region, _ right: Region, in first: State, _ second: State) -> ErrorFact? {
    for (region, other, state, partner) in [
      (left, right, second, first), (right, left, first, second),
    ] {
      guard let known = state.error(of: other), settled(known, state).status == .isError else {
        continue
      }
      let own = partner.error(of: region)
      return ErrorFact(
        region: isKnownOtherwise(region) ? other : region, cause: own?.cause ?? known.cause,
        mayBeNull: own?.mayBeNull ?? known.mayBeNull, isSometimes: true)
    }
    return nil
  }

  /// Whether an object is reached by other pointers than the one that may be an error number, so that what is
  /// said of that one cannot be said of the object.
  func isKnownOtherwise(_ region: Region) -> Bool {
    switch universe[region].kind {
    case .heap, .made: false
    case .opaque(let maker): !makes(maker)
    default: true
    }
  }

  /// Whether an instruction is a call, whose result nobody knew before.
  private func makes(_ value: ValueID) -> Bool {
    if case .call = operation(stripped(value)) { true } else { false }
  }

  /// Whether the result at the returns can be an error number.
  func errorResult(_ exit: State) -> Bool { errorResult(exit.locals[slotCount], exit) }

  /// Whether a pointer can be an error number.
  func errorResult(_ result: AbstractValue, _ exit: State) -> Bool {
    guard case .pointer(let region, _, _, _) = result,
      let fact = exit.error(of: region)
    else { return false }
    return settled(fact, exit).status != .isValid
  }

  /// Whether the pointer to an object is an error number, so that there is none.
  func isError(_ region: Region, _ state: State) -> Bool {
    state.error(of: region).map { settled($0, state).status == .isError } ?? false
  }

  // MARK: Uses

  /// Memory is accessed through a pointer.
  mutating func useError(
    _ base: ValueID, isRelease: Bool = false, at value: ValueID, argument: Int,
    _ state: inout State
  ) {
    guard case .pointer(let region, _, _, _) = registers[Int(base.index)],
      let fact = state.error(of: region).map({ settled($0, state) }), fact.status != .isValid,
      !isRelease || fact.status == .isError || mode == .explore
    else { return }
    // An answer that nothing has looked at yet.
    if fact.pending != nil, mode == .replay { return }
    let object = module.text(of: body.instructions[base].origin)
    let cause = calleeName(fact.cause)
    let observation = ErrorPointerObservation(
      object: object, cause: cause, callee: calleeName(value), isError: fact.status == .isError,
      isNullTested: fact.isNullTested && !fact.mayBeNull,
      isAssured: fact.status == .isError || !fact.isSometimes)
    let name = object.isEmpty ? "the pointer" : "'\(object)'"
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: argument, kind: .errorPointer,
          via: [Int(positions[Int(fact.cause.index)])]),
        observation: .errorPointer(observation), isDefinite: true, goal: nil, boundary: .none,
        cause: nil, region: nil,
        calleeSteps: [
          Step(
            location: module.location(of: body.instructions[fact.cause].origin),
            message: cause.isEmpty
              ? "\(name) is an error number from here" : "'\(cause)' can return an error number")
        ]))
    if mode == .replay {
      isDead = true
    } else {
      var known = fact
      known.status = .isValid
      known.pending = nil
      state.setError(known)
    }
  }
}
