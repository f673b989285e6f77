// SPDX-License-Identifier: Apache-2.0

// What is undefined, or hardly meant, about an operator's operands (C11 6.5p5, 6.5.5p5, 6.5.7p3).

import IR

extension Machine {
  /// Checks the operands of `left op right`.
  mutating func checkOperands(
    _ op: BinaryOperator, _ left: ValueID, _ right: ValueID, _ leftFact: SymbolFact,
    _ rightFact: SymbolFact, at value: ValueID, _ state: State
  ) {
    switch op {
    case .divide, .remainder:
      if let form = form(right) { checkDivisor(right, form, rightFact, at: value, state) }
    case .shiftLeft, .shiftRight: checkShift(right, rightFact, at: value, state)
    case .add, .subtract, .multiply:
      if leftFact.input.isNone, rightFact.input.isNone,
        leftFact.interval.constant == nil || rightFact.interval.constant == nil
      {
        return
      }
      if isModular(left) || isModular(right) || isReadAsSigned(value) { return }
      guard let number = computed(op, left, right, at: value, state) else { return }
      checkOverflow(number, type(of: value), at: value, state)
    case .and, .or, .xor: break
    }
  }

  /// Whether an unsigned number is meant modulo 2ⁿ: negated, or mixed of bits.
  private func isModular(_ operand: ValueID) -> Bool {
    guard type(of: operand).isInteger, !type(of: operand).isSigned else { return false }
    switch operation(operand) {
    case .unary, .binary(.xor, _, _): return true
    case .cast(_, let inner): return isModular(inner)
    default: return false
    }
  }

  /// Whether a number without a sign becomes one with a sign at once, so that one below zero is seen:
  /// `int left = size - sizeof header;`.
  private func isReadAsSigned(_ value: ValueID) -> Bool {
    guard type(of: value).isInteger, !type(of: value).isSigned else { return false }
    let next = ValueID(Int(value.index) + 1)
    guard Int(next.index) < body.instructions.count, case .cast(_, value) = operation(next) else {
      return false
    }
    return type(of: next).isInteger && type(of: next).isSigned
  }

  private mutating func checkDivisor(
    _ divisor: ValueID, _ form: LinearForm, _ known: SymbolFact, at value: ValueID,
    _ state: State
  ) {
    guard known.interval.low <= 0, known.interval.high >= 0 else { return }
    var boundary = BoundaryID.none
    if known.interval.low == 0 { boundary = known.lowBoundary }
    if boundary.isNone, known.interval.high == 0 { boundary = known.highBoundary }
    if boundary.isNone, !known.input.isNone, !known.lowBoundary.isNone,
      !known.highBoundary.isNone
    {
      boundary = known.input
    }
    let isDefinite = known.interval.constant == 0
    guard isDefinite || !boundary.isNone, !isNonZero(form, state) else { return }
    reportSize(
      .divisor, divisor, Wrapped(form: form, fact: known, value: divisor), 0, boundary, isDefinite,
      at: value, argument: 0, state)
  }

  /// Whether a condition on a number without its sign keeps it from being zero.
  private func isNonZero(_ form: LinearForm, _ state: State) -> Bool {
    universe.image(.magnitude, of: form).map { fact($0, state).interval.low > 0 } ?? false
  }

  /// A floating divisor: zero yields an infinity, which no integer holds.
  mutating func checkFloatingDivisor(_ divisor: ValueID, at value: ValueID, _ state: State) {
    guard let form = floatingForm(divisor) else { return }
    checkDivisor(divisor, form, bounds(form, state), at: value, state)
  }

  private mutating func checkShift(
    _ count: ValueID, _ known: SymbolFact, at value: ValueID, _ state: State
  ) {
    let width = Int128(type(of: value).width)
    guard known.interval.low < 0 || known.interval.high >= width, let form = form(count) else {
      return
    }
    let number = Wrapped(form: form, fact: known, value: value)
    if known.interval.high >= width {
      let isDefinite = known.interval.low >= width
      if isDefinite || !known.highBoundary.isNone {
        return reportSize(
          .shift, count, number, isDefinite ? known.interval.low : known.interval.high,
          known.highBoundary, isDefinite, at: value, argument: 0, state)
      }
    }
    guard known.interval.low < 0 else { return }
    let isDefinite = known.interval.high < 0
    guard isDefinite || !known.lowBoundary.isNone else { return }
    reportSize(
      .shift, count, number, isDefinite ? known.interval.high : max(known.interval.low, -1),
      known.lowBoundary, isDefinite, at: value, argument: 0, state)
  }

  /// A sum, difference or product that its type cannot hold.
  mutating func checkOverflow(_ number: Wrapped, _ type: Type, at value: ValueID, _ state: State) {
    let known = number.fact
    guard !type.range.contains(known.interval) else { return }
    let range = type.range
    if known.interval.high > range.high, !known.highBoundary.isNone {
      reportSize(
        .overflow, value, number, leastAbove(range.high, number, known.interval),
        known.highBoundary, known.interval.low > range.high, at: value, argument: 0,
        bits: type.width, state)
    } else if known.interval.low < range.low, !known.lowBoundary.isNone {
      reportSize(
        .overflow, value, number, known.interval.low, known.lowBoundary,
        known.interval.high < range.low, at: value, argument: 0, bits: type.width, state)
    }
  }

  /// A narrower signed type that a sum or product is stored in.
  mutating func checkTruncation(
    _ operand: ValueID, _ form: LinearForm, _ input: BoundaryID, at value: ValueID, _ state: State
  ) {
    let type = type(of: value)
    guard type.isSigned, !input.isNone || form.isConstant,
      case .binary(let op, let left, let right) = operation(operand)
    else { return }
    switch op {
    case .add, .subtract, .multiply:
      guard !isModular(left), !isModular(right),
        let number = computed(op, left, right, at: operand, state)
      else { return }
      checkOverflow(number, type, at: value, state)
    default: break
    }
  }

  /// A variable that a narrower type cannot hold.
  private func variable(_ value: ValueID) -> ValueID? {
    switch operation(value) {
    case .load(let address, _): address
    case .cast(let kind, let operand) where kind != .truncate: variable(operand)
    default: nil
    }
  }

  /// A variable whose number a narrower type does not hold (C11 6.3.1.3).
  mutating func checkNarrowing(
    _ operand: ValueID, _ form: LinearForm, _ known: SymbolFact, at value: ValueID, _ state: State
  ) {
    // In a joined state, one of several constants may be the one of a path.
    let isConstant =
      form.isConstant
      || (mode == .explore && [known.lowBoundary, known.highBoundary].contains(.constant))
    guard !known.input.isNone || isConstant, let place = variable(operand),
      !isCarrier(known.input, form)
    else { return }
    let type = type(of: value)
    var range = type.range
    // Characters are of either sign, and -1 is all ones.
    if type.width <= 8 { range.high = 255 }
    range.low = -(1 << Int128(type.width - 1))
    guard !range.contains(known.interval), !isTakenApart(place) else { return }
    let number = Wrapped(form: form, fact: known, value: value)
    if known.interval.high > range.high, !known.highBoundary.isNone {
      reportSize(
        .truncation, operand, number, leastAbove(range.high, number, known.interval),
        known.highBoundary, known.interval.low > range.high, at: value, argument: 0,
        bits: type.width, state)
    } else if known.interval.low < range.low, !known.lowBoundary.isNone {
      reportSize(
        .truncation, operand, number, known.interval.low, known.lowBoundary,
        known.interval.high < range.low, at: value, argument: 0, bits: type.width, state)
    }
  }

  /// Whether a number is an argument that callers of a table hand over: that of `ioctl` as wide as they
  /// have it, whatever is meant by it, that of `write` as many bytes as the user has.
  private func isCarrier(_ input: BoundaryID, _ form: LinearForm) -> Bool {
    guard !input.isNone, case .entry = universe[input].place, let term = form.singleTerm else {
      return false
    }
    switch universe[term.symbol].kind {
    case .parameter, .entry: return true
    default: return false
    }
  }

  /// Whether the function takes bits or digits of a variable, or compares it with what a conversion
  /// left of it: then its conversion is meant to drop something.
  private func isTakenApart(_ place: ValueID) -> Bool {
    func isPlace(_ value: ValueID) -> Bool {
      guard let other = variable(value) else { return false }
      switch (operation(place), operation(other)) {
      case (.local(let a), .local(let b)): return a == b
      case (.field(let a, let first), .field(let b, let second)):
        return first == second && registers[Int(a.index)] == registers[Int(b.index)]
      default: return other == place
      }
    }
    return body.instructions.rows.contains { row in
      switch row.operation {
      case .binary(.shiftRight, let left, _), .binary(.divide, let left, _),
        .binary(.remainder, let left, _):
        isPlace(left)
      case .binary(.and, let left, let right), .binary(.xor, let left, let right),
        .compare(.equal, let left, let right), .compare(.notEqual, let left, let right):
        (isPlace(left) && !isConstant(right)) || (isPlace(right) && !isConstant(left))
          || isMask(row.operation, isPlace)
      default: false
      }
    }
  }

  private func isConstant(_ value: ValueID) -> Bool {
    switch operation(value) {
    case .constant: true
    case .cast(_, let operand): isConstant(operand)
    default: false
    }
  }

  private func isMask(_ operation: Operation, _ isPlace: (ValueID) -> Bool) -> Bool {
    guard case .binary(.and, let left, let right) = operation else { return false }
    return isPlace(left) || isPlace(right)
  }

  /// A loop that runs as often as somebody outside says.
  mutating func checkLoopBound(
    _ condition: ValueID, _ op: Comparison, _ left: ValueID, _ right: ValueID, _ state: State
  ) {
    // A loop that goes on while two numbers are equal ends at once.
    guard op != (leavesLoop(at: position, isTrue: true) ? .notEqual : .equal) else { return }
    for (bound, other) in [(right, left), (left, right)] {
      guard let limit = form(bound), !limit.isConstant else { continue }
      let known = bounds(limit, state)
      guard !known.input.isNone, known.highBoundary.index > 1,
        universe[known.highBoundary].kind == .input, known.interval.high >= 1 << 24,
        !isCarrier(known.highBoundary, limit),
        let count = form(other), isCounted(count)
      else { continue }
      reportSize(
        .loopBound, bound, Wrapped(form: limit, fact: known, value: bound), known.interval.high,
        known.highBoundary, false, at: condition, argument: 0, state)
    }
  }

  func isCounted(_ form: LinearForm) -> Bool {
    for index in 0..<form.count {
      if case .counter = universe[form[index].symbol].kind { return true }
    }
    return false
  }
}
