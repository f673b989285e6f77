// SPDX-License-Identifier: Apache-2.0

// What can be wrong with a number before any access: a negative one taken as a size, a product that
// wraps before memory of that size is asked for, a divisor that is zero. The value before it wrapped
// is found again by the instruction that made it.

import IR

extension Machine {
  /// A number that its type could not hold, as it was computed.
  struct Wrapped {
    /// The mathematical value; `nil` where no form says it.
    var form: LinearForm?
    /// What is known of it.
    var fact: SymbolFact
    /// The instruction that could not hold it.
    var value: ValueID
    /// The factors of a product that no form says.
    var factors: [LinearForm] = []
  }

  /// What a value was before its type made something else of it; `nil` where it is what it was.
  func wrapped(_ value: ValueID, _ state: State) -> Wrapped? {
    guard let form = form(value) else { return nil }
    guard let term = form.singleTerm else {
      return form.isConstant ? wrapped(by: value, state) : nil
    }
    guard term.coefficient == 1, form.constant == 0 else { return nil }
    switch universe[term.symbol].kind {
    case .image(let image) where image.kind == .conversion:
      let width = module.types[image.type].width
      let source = unconverted(image.source, atLeast: width) ?? image.source
      return Wrapped(form: source, fact: bounds(source, state), value: image.maker)
    case .value(let maker), .derived(let maker): return wrapped(by: maker, state)
    default: return nil
    }
  }

  /// A form in the numbers that its symbols were converted from, all by types of `width` bits or more:
  /// equal to it modulo 2ⁿ.
  private func unconverted(_ form: LinearForm, atLeast width: Int) -> LinearForm? {
    var result = LinearForm(constant: form.constant)
    for index in 0..<form.count {
      var source = LinearForm(form[index].symbol)
      while let term = source.singleTerm, term.coefficient == 1, source.constant == 0,
        case .image(let image) = universe[term.symbol].kind, image.kind == .conversion,
        module.types[image.type].width >= width
      {
        source = image.source
      }
      guard let sum = result.adding(source, times: Int64(form[index].coefficient)) else {
        return nil
      }
      result = sum
    }
    return result
  }

  private func wrapped(by maker: ValueID, _ state: State) -> Wrapped? {
    switch operation(maker) {
    case .cast(.truncate, let operand), .cast(.signExtend, let operand),
      .cast(.zeroExtend, let operand), .cast(.reinterpret, let operand):
      guard let source = form(operand), source != form(maker) else { return nil }
      return outside(Wrapped(form: source, fact: bounds(source, state), value: maker))
    case .binary(let op, let left, let right):
      return computed(op, left, right, at: maker, state).flatMap { outside($0) }
    default: return nil
    }
  }

  /// A number that its type does not hold.
  private func outside(_ number: Wrapped) -> Wrapped? {
    type(of: number.value).range.contains(number.fact.interval) ? nil : number
  }

  /// The result of an operation before it is placed in a type.
  func computed(
    _ op: BinaryOperator, _ left: ValueID, _ right: ValueID, at maker: ValueID, _ state: State
  ) -> Wrapped? {
    guard let first = form(left), let second = form(right) else { return nil }
    let a = bounds(first, state)
    let b = bounds(second, state)
    var sum: LinearForm?
    var fact: SymbolFact
    switch op {
    case .add, .subtract:
      let sign: Int64 = op == .add ? 1 : -1
      sum = first.adding(second, times: sign)
      fact = SymbolFact(interval: a.interval + b.interval * Int128(sign))
    case .multiply:
      if second.isConstant { sum = first.scaled(by: second.constant) }
      if first.isConstant { sum = second.scaled(by: first.constant) }
      fact = product(first, second, a, b)
    case .shiftLeft:
      guard second.isConstant, (0..<63).contains(second.constant) else { return nil }
      sum = first.scaled(by: 1 << second.constant)
      return sum.map { Wrapped(form: $0, fact: bounds($0, state), value: maker) }
    default: return nil
    }
    if let sum { return Wrapped(form: sum, fact: bounds(sum, state), value: maker) }
    if fact.interval.constant != nil {
      (fact.lowBoundary, fact.highBoundary) = (.constant, .constant)
    }
    fact.input = a.input.isNone ? b.input : a.input
    return Wrapped(
      form: nil, fact: fact, value: maker, factors: op == .multiply ? [first, second] : [])
  }

  // MARK: Sizes of calls

  /// Checks every argument that a library function takes as a size.
  mutating func checkSizes(
    _ model: FunctionModel, _ arguments: [ValueID], at value: ValueID, _ state: State
  ) {
    var seen: UInt64 = 0
    var indices: [Int] = []
    for effect in model.effects {
      switch effect {
      case .write(_, let size), .read(_, let size), .copy(_, _, let size), .fill(_, _, let size),
        .copyBounded(_, _, let size), .external(_, let size):
        indices += size.arguments
      default: break
      }
    }
    var isAllocation = false
    switch model.result {
    case .memory(let size, _), .filled(let size), .stack(let size), .resized(_, let size):
      // The product of two arguments is checked by the function itself.
      isAllocation = size.arguments.count == 1
      indices += size.arguments
    default: break
    }
    for index in indices where index < min(arguments.count, 64) && seen & 1 << UInt64(index) == 0 {
      seen |= 1 << UInt64(index)
      let argument = arguments[index]
      guard !type(of: argument).isSigned else { continue }
      if checkNegative(argument, at: value, argument: index, state) || !isAllocation { continue }
      checkAllocation(argument, at: value, argument: index, state)
    }
  }

  /// A negative number as a size is nearly 2⁶⁴ bytes.
  private mutating func checkNegative(
    _ size: ValueID, at value: ValueID, argument: Int, _ state: State
  ) -> Bool {
    guard let before = wrapped(size, state), before.fact.interval.low < 0,
      interval(size, state).high >= 1 << 62
    else { return false }
    let isDefinite = before.fact.interval.high < 0
    guard isDefinite || !before.fact.lowBoundary.isNone else { return false }
    let worst = isDefinite ? before.fact.interval.high : greatestNegative(before)
    reportSize(
      .negative, size, before, worst, before.fact.lowBoundary, isDefinite, at: value,
      argument: argument, state)
    return true
  }

  /// Whether so many bytes cannot be meant, or are not what was computed.
  private mutating func checkAllocation(
    _ size: ValueID, at value: ValueID, argument: Int, _ state: State
  ) {
    if let before = wrapped(size, state), isComputed(before) {
      let limit = type(of: before.value).range.high
      let known = before.fact
      if known.interval.high > limit, !known.highBoundary.isNone, !known.input.isNone {
        reportSize(
          .wrapsAllocation, size, before, leastAbove(limit, before, known.interval),
          known.highBoundary, known.interval.low > limit, at: value, argument: argument, state)
      }
      return
    }
    guard let form = form(size) else { return }
    let known = bounds(form, state)
    // Without a check of its own, what somebody outside chooses is bounded by its type alone.
    guard !known.input.isNone, known.highBoundary.index > 1,
      universe[known.highBoundary].kind == .input, known.interval.high >= 1 << 30
    else { return }
    reportSize(
      .allocation, size, Wrapped(form: form, fact: known, value: size), known.interval.high,
      known.highBoundary, false, at: value, argument: argument, state)
  }

  /// The least value above a limit.
  func leastAbove(_ limit: Int128, _ number: Wrapped, _ interval: Interval) -> Int128 {
    guard let form = number.form, let term = form.singleTerm, term.coefficient > 0 else {
      return interval.high
    }
    let factor = Int128(term.coefficient)
    let constant = Int128(form.constant)
    return (floorDivide(limit - constant, factor) + 1) * factor + constant
  }

  /// The negative value of a number that is nearest to zero.
  private func greatestNegative(_ number: Wrapped) -> Int128 {
    guard let form = number.form, let term = form.singleTerm else {
      return max(number.fact.interval.low, -1)
    }
    let factor = Int128(term.coefficient.magnitude)
    let constant = Int128(form.constant)
    return max(floorDivide(-1 - constant, factor) * factor + constant, number.fact.interval.low)
  }

  /// Whether a call asks for memory.
  private func isAllocation(_ call: ValueID) -> Bool {
    switch model(of: call)?.result {
    case .memory?, .stack?, .resized?: true
    default: false
    }
  }

  /// Whether arithmetic left the type, and not a plain conversion, which may be meant.
  private func isComputed(_ before: Wrapped) -> Bool {
    switch operation(before.value) {
    case .binary: true
    case .cast(.truncate, _):
      before.form.map { $0.constant != 0 || $0.first.coefficient > 1 } ?? false
    default: false
    }
  }

  /// Notes what is wrong with a number; `worst` is its value that shows it.
  mutating func reportSize(
    _ defect: SizeDefect, _ number: ValueID, _ known: Wrapped, _ worst: Int128,
    _ boundary: BoundaryID, _ isDefinite: Bool, at value: ValueID, argument: Int,
    bits: Int? = nil, _ state: State
  ) {
    let input = known.fact.input
    var observation = SizeObservation(
      defect: defect, callee: calleeName(value),
      expression: module.text(of: body.instructions[number].origin),
      computed: module.text(of: body.instructions[known.value].origin), worst: worst,
      bits: bits ?? Int(type(of: known.value).width), source: source(of: boundary),
      input: input.isNone ? "" : text(of: universe[input]),
      isBytes: !input.isNone && universe[input].isTaken, isAllocation: isAllocation(value))
    observation.isFloating = type(of: number).isFloating
    observation.isBelieved = !input.isNone && universe[input].kind == .believed
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: argument, kind: .size(defect),
          via: boundary.index > 1 ? [universe[boundary].position] : []),
        observation: .size(observation), isDefinite: isDefinite,
        goal: known.form.map { ($0, worst) } ?? factor(known, worst, state)?.goal,
        boundary: boundary, cause: nil, region: nil, state: factor(known, worst, state)?.state))
  }

  /// Factors whose product is `worst`: one is the goal, the state fixes the other.
  private func factor(
    _ number: Wrapped, _ worst: Int128, _ state: State
  ) -> (goal: (form: LinearForm, value: Int128), state: State)? {
    guard number.factors.count == 2 else { return nil }
    let ranges = number.factors.map { bounds($0, state).interval }
    for first in [ranges[0].high, ranges[0].low] {
      for second in [ranges[1].high, ranges[1].low]
      where first.multipliedReportingOverflow(by: second) == (worst, false) {
        var fixed = state
        if let shift = Int64(exactly: -second),
          let form = number.factors[1].adding(constant: shift), !form.isConstant
        {
          fixed.conditions.append(PathCondition(form: form, relation: .zero, boundary: .none))
        }
        return ((number.factors[0], first), fixed)
      }
    }
    return nil
  }
}
