// SPDX-License-Identifier: Apache-2.0

// Floating numbers as far as a bound or a divisor depends on them: constants, what integers become, and
// what somebody outside chooses. A value counts units of 2⁻³⁰, so that the laws of linear forms hold;
// what is smaller than a unit counts as zero. No branch is decided by it but for constants that are
// exact, because every other value may be rounded, or a NaN.

import IR

extension Type {
  /// Whether it is a floating type.
  var isFloating: Bool {
    if case .floating = kind { true } else { false }
  }
}

extension Machine {
  /// Units in one.
  private var unit: Int128 { 1 << 30 }

  /// The widest values that are told apart, in units.
  private var floatingRange: Interval { Interval(-(1 << 94), 1 << 94) }

  /// The form of a register that holds a floating number.
  func floatingForm(_ value: ValueID) -> LinearForm? {
    if case .floating(let form) = registers[Int(value.index)] { form } else { nil }
  }

  /// A constant by its bits.
  mutating func floatingConstant(
    _ bits: UInt64, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let number = Double(bitPattern: bits)
    guard number.magnitude <= 0x1p63 else { return .unknown }
    let scaled = number * 0x1p30
    let (low, high) = (Int128(scaled.rounded(.down)), Int128(scaled.rounded(.up)))
    if low == high { return exactFloating(low, at: value, &state) }
    return between(low, high, at: value, &state)
  }

  /// A value of which two neighbouring units are known.
  private mutating func between(
    _ low: Int128, _ high: Int128, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    floating(
      value,
      SymbolFact(
        interval: Interval(low, high), lowBoundary: .constant, highBoundary: .constant), &state)
  }

  /// A value that the type of an instruction holds exactly; what it would round is unknown.
  private mutating func exactFloating(
    _ units: Int128, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    guard holds(units, type(of: value)), floatingRange.contains(Interval(units)) else {
      return .unknown
    }
    if let exact = Int64(exactly: units) { return .floating(LinearForm(constant: exact)) }
    return between(units, units, at: value, &state)
  }

  /// Significant bits of a floating type (C11 5.2.4.2.2, IEC 60559).
  private func precision(_ type: Type) -> Int {
    switch type.kind {
    case .floating(width: 16): 8
    case .floating(width: 32): 24
    case .floating(width: 64): 53
    case .floating: 64
    default: 0
    }
  }

  private func holds(_ units: Int128, _ type: Type) -> Bool {
    if units == 0 { return true }
    let bits = 128 - Int128(units.magnitude).leadingZeroBitCount - units.trailingZeroBitCount
    return bits <= precision(type)
  }

  private mutating func floating(
    _ value: ValueID, _ known: SymbolFact, _ state: inout State
  ) -> AbstractValue {
    let symbol = universe.symbol(of: value, range: floatingRange)
    define(symbol, known, &state)
    return .floating(LinearForm(symbol))
  }

  /// A floating number that somebody outside chooses.
  mutating func inputFloating(
    _ value: ValueID, _ boundary: BoundaryID, _ state: inout State
  ) -> AbstractValue {
    let reason = inputBoundary(value, like: boundary)
    return floating(
      value,
      SymbolFact(
        interval: floatingRange, lowBoundary: reason, highBoundary: reason, input: reason), &state)
  }

  /// A conversion from or to a floating type (C11 6.3.1.4, 6.3.1.5).
  mutating func castFloating(
    _ kind: CastKind, _ operand: ValueID, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    switch (kind, registers[Int(operand.index)]) {
    case (.floatingToFloating, .floating(let form)):
      let known = bounds(form, state)
      if form.isConstant {
        return exactFloating(Int128(form.constant), at: value, &state)
      }
      if precision(type(of: operand)) <= precision(type(of: value)) { return .floating(form) }
      return known.input.isNone ? .unknown : floating(value, known, &state)
    case (.integerToFloating, .number(let form)):
      let known = bounds(form, state)
      if let constant = known.interval.constant {
        return rounded(constant * unit, at: value, &state)
      }
      guard !known.input.isNone, let scaled = form.scaled(by: 1 << 30) else { return .unknown }
      if type(of: operand).width <= precision(type(of: value)) { return .floating(scaled) }
      return floating(value, bounds(scaled, state), &state)
    case (.floatingToInteger, .floating(let form)): return truncated(form, at: value, &state)
    default: return unknownValue(value, &state)
    }
  }

  /// An integer that a floating type may have to round to the nearest number that it holds.
  private mutating func rounded(
    _ units: Int128, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let size = 128 - Int128(units.magnitude).leadingZeroBitCount
    let excess = max(size - precision(type(of: value)), 0)
    let step: Int128 = 1 << Int128(excess)
    let down = floorDivide(units, step)
    let rest = units - down * step
    let isUp = rest * 2 > step || (rest * 2 == step && down % 2 != 0)
    return exactFloating((isUp ? down + 1 : down) * step, at: value, &state)
  }

  /// What lies behind the point is dropped; a value that the type does not hold is undefined.
  private mutating func truncated(
    _ form: LinearForm, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let range = type(of: value).range
    if let whole = form.divided(exactlyBy: 1 << 30),
      range.contains(bounds(whole, state).interval)
    {
      return .number(whole)
    }
    let known = bounds(form, state)
    let kept = Interval(known.interval.low / unit, known.interval.high / unit).intersection(range)
    if known.input.isNone, let constant = kept.constant, let exact = Int64(exactly: constant) {
      return .constant(exact)
    }
    // A conversion on the way may have rounded what comes from outside.
    return unknownNumber(value, range, &state, input: known.input)
  }

  /// Sums and differences of floating numbers.
  mutating func binaryFloating(
    _ op: BinaryOperator, _ left: ValueID, _ right: ValueID, at value: ValueID,
    _ state: inout State
  ) -> AbstractValue {
    if op == .divide { checkFloatingDivisor(right, at: value, state) }
    guard op == .add || op == .subtract, let first = floatingForm(left),
      let second = floatingForm(right),
      let sum = op == .add ? first.adding(second) : first.subtracting(second),
      case let known = bounds(sum, state), floatingRange.contains(known.interval)
    else { return .unknown }
    if let constant = known.interval.constant {
      return exactFloating(constant, at: value, &state)
    }
    return known.input.isNone ? .unknown : .floating(sum)
  }

  /// The root of a floating number that is known.
  mutating func squareRoot(
    _ operand: ValueID, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    guard let form = floatingForm(operand),
      let units = bounds(form, state).interval.constant, units >= 0
    else { return unknownValue(value, &state) }
    let square = units * unit
    var root = Int128(Double(square).squareRoot())
    while root * root > square { root -= 1 }
    while (root + 1) * (root + 1) <= square { root += 1 }
    if root * root == square { return exactFloating(root, at: value, &state) }
    return between(root, root + 1, at: value, &state)
  }

  /// `left - right` of floating numbers, where the comparison of them is decided.
  func floatingDistance(_ left: ValueID, _ right: ValueID, _ state: State) -> Interval? {
    guard let first = floatingForm(left), let second = floatingForm(right) else { return nil }
    let known = [bounds(first, state), bounds(second, state)]
    // Constants, which lie in a unit or on its end; nothing else is known not to be a NaN.
    let isKnown = known.allSatisfy {
      $0.lowBoundary == .constant && $0.highBoundary == .constant
        && $0.interval.high - $0.interval.low <= 1
    }
    return isKnown ? known[0].interval + known[1].interval * -1 : nil
  }

  /// A comparison with a floating number of which nothing is known may bound the other one.
  func forgetReasons(_ left: ValueID, _ right: ValueID, _ state: inout State) {
    guard type(of: left).isFloating else { return }
    for form in [floatingForm(left), floatingForm(right)].compactMap({ $0 }) {
      for index in 0..<form.count {
        var known = fact(form[index].symbol, state)
        (known.lowBoundary, known.highBoundary) = (.none, .none)
        setFact(form[index].symbol, known, &state)
        spread(form[index].symbol, &state)
      }
    }
  }
}
