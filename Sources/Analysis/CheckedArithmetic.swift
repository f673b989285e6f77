// SPDX-License-Identifier: Apache-2.0

// Arithmetic that says whether its result fits: `__builtin_mul_overflow` and its kin (GCC, "Built-in
// Functions to Perform Arithmetic with Overflow Checking"), below C23's `ckd_mul` and the kernel's
// `check_mul_overflow`, `array_size` and `struct_size`.

import IR

/// The exact result of an operation, in the numbers of its operands.
private struct ExactResult {
  /// `nil` for a product of two unknowns, which is no linear form, and where an operand is unknown.
  var form: LinearForm?
  var fact: SymbolFact
}

extension Machine {
  /// Stores `left op right` modulo 2ⁿ at `target`; what it returns is whether that is not the exact result.
  mutating func checkedArithmetic(
    _ op: BinaryOperator, _ left: ValueID, _ right: ValueID, into target: ValueID,
    at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    guard let type = pointee(target), module.types[type].isInteger, module.types[type].width <= 64
    else {
      clobber(target, &state)
      return unknownValue(value, &state)
    }
    let exact = exactResult(op, left, right, state)
    let range = module.types[type].range
    let meeting = range.intersection(exact.fact.interval)
    let stored: AbstractValue
    if let form = exact.form {
      stored =
        meeting == exact.fact.interval
        ? .number(form) : wrap(form, as: type, at: value, &state)
    } else if let first = form(left), let second = form(right), op == .multiply {
      let leftFact = bounds(first, state)
      stored = nonlinear(
        op, left, right, leftFact, bounds(second, state), as: type, at: value, &state)
    } else {
      stored = .unknown
    }
    put(stored, at: target, type, by: value, &state)
    if meeting == exact.fact.interval { return .constant(0) }
    if meeting.isEmpty { return .constant(1) }
    hasCheckedArithmetic = true
    return unknownNumber(value, Interval(0, 1), &state)
  }

  /// `left op right` where it fits the result, which is all that is followed.
  mutating func saturatedArithmetic(
    _ op: BinaryOperator, _ left: ValueID, _ right: ValueID, at value: ValueID,
    _ state: inout State
  ) -> AbstractValue {
    let exact = exactResult(op, left, right, state)
    let range = type(of: value).range
    guard let form = exact.form else {
      return unknownNumber(value, range.intersection(exact.fact.interval), &state)
    }
    guard confine(form, to: range, .none, &state) else { return unknownValue(value, &state) }
    return .number(form)
  }

  /// Takes the answer of a checked operation as a condition; answers whether it can be given.
  mutating func assumeChecked(
    _ answer: Symbol, fits: Bool, _ boundary: BoundaryID, _ state: inout State
  ) -> Bool {
    guard hasCheckedArithmetic, fits, case .value(let value) = universe[answer].kind,
      case .call(let id) = operation(value), let model = model(of: value),
      case .checked(let op, let leftIndex, let rightIndex, let targetIndex) = model.result
    else { return true }
    let arguments = Array(body.values(body.calls[id].arguments))
    guard max(leftIndex, rightIndex, targetIndex) < arguments.count,
      let type = pointee(arguments[targetIndex]), module.types[type].isInteger
    else { return true }
    let exact = exactResult(op, arguments[leftIndex], arguments[rightIndex], state)
    let range = module.types[type].range
    guard let form = exact.form else { return !range.intersection(exact.fact.interval).isEmpty }
    guard confine(form, to: range, boundary, &state) else { return false }
    let key = DerivedKey(operation: .image(.conversion), left: form, right: .zero, type: type)
    if let stored = universe.knownSymbol(of: key) {
      let known = bounds(form, state)
      let meeting = range.intersection(known.interval)
      if meeting.isEmpty { return false }
      narrow(stored, meeting, known.lowBoundary, known.highBoundary, &state)
      equate(form, stored, distance: 0, boundary, &state)
      // Whoever reads the place from here on reads the exact result.
      let size = UInt32(clamping: module.types[type].size)
      if case .pointer(let region, let offset, _, _) =
        registers[Int(arguments[targetIndex].index)],
        offset.isConstant,
        state.cell(in: region, at: offset.constant, size: size)?.form == LinearForm(stored)
      {
        state.setCell(in: region, at: offset.constant, size: size, to: .number(form))
      }
    }
    return true
  }

  /// The result as if numbers had no end.
  private func exactResult(
    _ op: BinaryOperator, _ left: ValueID, _ right: ValueID, _ state: State
  ) -> ExactResult {
    let (first, second) = (form(left), form(right))
    let (leftFact, rightFact) = (fact(of: left, state), fact(of: right, state))
    let result: LinearForm?
    switch op {
    case .add: result = first.flatMap { form in second.flatMap { form.adding($0) } }
    case .subtract: result = first.flatMap { form in second.flatMap { form.subtracting($0) } }
    default:
      if let second, second.isConstant {
        result = first?.scaled(by: second.constant)
      } else if let first, first.isConstant {
        result = second?.scaled(by: first.constant)
      } else {
        result = nil
      }
    }
    if let result { return ExactResult(form: result, fact: bounds(result, state)) }
    switch op {
    case .add:
      return ExactResult(fact: SymbolFact(interval: leftFact.interval + rightFact.interval))
    case .subtract:
      return ExactResult(fact: SymbolFact(interval: leftFact.interval + rightFact.interval * -1))
    default: return ExactResult(fact: product(first, second, leftFact, rightFact))
    }
  }

  /// Leaves a form only the values of a range; answers whether there are any.
  private mutating func confine(
    _ form: LinearForm, to range: Interval, _ boundary: BoundaryID, _ state: inout State
  ) -> Bool {
    let known = bounds(form, state).interval
    if range.contains(known) { return true }
    if range.intersection(known).isEmpty { return false }
    if let term = form.singleTerm {
      let coefficient = Int128(term.coefficient)
      let shifted = range + Interval(-Int128(form.constant))
      let (low, high) = coefficient > 0 ? (shifted.low, shifted.high) : (shifted.high, shifted.low)
      narrow(
        term.symbol, Interval(ceilingDivide(low, coefficient), floorDivide(high, coefficient)),
        boundary, boundary, &state)
      return !fact(term.symbol, state).interval.isEmpty
    }
    // Ends that a constant of a form cannot be are left out.
    if known.high > range.high, let end = Int64(exactly: -range.high),
      let above = form.adding(constant: end), !assumeAtMostZero(above, boundary, &state)
    {
      return false
    }
    if known.low < range.low, let start = Int64(exactly: range.low),
      let below = form.scaled(by: -1)?.adding(constant: start)
    {
      return assumeAtMostZero(below, boundary, &state)
    }
    return true
  }

  /// Stores a number where a call's argument points.
  private mutating func put(
    _ content: AbstractValue, at address: ValueID, _ type: TypeID, by value: ValueID,
    _ state: inout State
  ) {
    let size = Int64(clamping: module.types[type].size)
    access(
      address, LinearForm(constant: size), isWrite: true, at: value, argument: 2, state)
    guard case .pointer(let region, let offset, _, _) = registers[Int(address.index)],
      offset.isConstant, !isChoice(region)
    else { return clobber(address, &state) }
    let holdsNone = state.uninitialised
    noteWrite(region, at: offset, &state)
    forgetAliases(ofObject: module.types[type], writtenIn: region, &state)
    if !holdsNone.isEmpty, isOwnObject(region) {
      state.uninitialised = holdsNone
      state.initialise(region, from: offset.constant, to: offset.constant.addingSaturating(size))
    }
    storeInput(region, offset, size, content, &state)
    state.setCell(in: region, at: offset.constant, size: UInt32(size), to: content)
    clobberStrings(
      region, from: offset.constant, to: offset.constant.addingSaturating(size), &state)
  }
}
