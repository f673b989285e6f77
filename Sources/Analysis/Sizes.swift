// SPDX-License-Identifier: Apache-2.0

// What can be wrong with a number before any access: a negative one taken as a size, a product that
// wraps before memory of that size is asked for, a divisor that is zero. The value before it wrapped
// is found again by the instruction that made it.

import IR

extension Machine {
  /// A number that its type could not hold, as it was computed.
  struct Wrapped {
    /// The mathematical value.
    var form: LinearForm
    /// What is known of it.
    var fact: SymbolFact
    /// The instruction that could not hold it.
    var value: ValueID
  }

  /// What a value was before its type made something else of it; `nil` where it is what it was.
  func wrapped(_ value: ValueID, _ state: State) -> Wrapped? {
    guard let form = form(value) else { return nil }
    if let term = form.singleTerm {
      guard term.coefficient == 1, form.constant == 0,
        case .value(let maker) = universe[term.symbol].kind
      else { return nil }
      return wrapped(by: maker, state)
    }
    return form.isConstant ? wrapped(by: value, state) : nil
  }

  private func wrapped(by maker: ValueID, _ state: State) -> Wrapped? {
    let source: LinearForm?
    switch operation(maker) {
    case .cast(.truncate, let operand), .cast(.signExtend, let operand),
      .cast(.zeroExtend, let operand), .cast(.reinterpret, let operand):
      source = form(operand)
    case .binary(let op, let left, let right):
      source = computed(op, form(left), form(right))
    case .unary(.negate, let operand): source = form(operand)?.scaled(by: -1)
    default: source = nil
    }
    guard let source, source != form(maker) else { return nil }
    let known = bounds(source, state)
    if type(of: maker).range.contains(known.interval) { return nil }
    return Wrapped(form: source, fact: known, value: maker)
  }

  /// The result of an operation before it is placed in a type.
  func computed(
    _ op: BinaryOperator, _ left: LinearForm?, _ right: LinearForm?
  ) -> LinearForm? {
    guard let left, let right else { return nil }
    switch op {
    case .add: return left.adding(right)
    case .subtract: return left.subtracting(right)
    case .multiply:
      if right.isConstant { return left.scaled(by: right.constant) }
      return left.isConstant ? right.scaled(by: left.constant) : nil
    case .shiftLeft:
      guard right.isConstant, (0..<63).contains(right.constant) else { return nil }
      return left.scaled(by: 1 << right.constant)
    default: return nil
    }
  }

  // MARK: Sizes of calls

  /// Checks every argument that a library function takes as a size.
  mutating func checkSizes(
    _ model: FunctionModel, _ arguments: [ValueID], at value: ValueID, _ state: State
  ) {
    var seen: UInt64 = 0
    func sizes(_ size: ModelSize) -> [Int] {
      switch size {
      case .argument(let index), .elements(let index): [index]
      case .product(let first, let second): [first, second]
      case .constant: []
      }
    }
    var indices: [Int] = []
    for effect in model.effects {
      switch effect {
      case .write(_, let size), .read(_, let size), .copy(_, _, let size), .fill(_, _, let size),
        .copyBounded(_, _, let size), .external(_, let size):
        indices += sizes(size)
      default: break
      }
    }
    var isAllocation = false
    switch model.result {
    case .memory(let size, _), .stack(let size), .resized(_, let size):
      // The product of two arguments is checked by the function itself.
      isAllocation = sizes(size).count == 1
      indices += sizes(size)
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
    let worst = isDefinite ? before.fact.interval.high : max(before.fact.interval.low, -1)
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
          .wrapsAllocation, size, before, leastAbove(limit, before.form, known.interval),
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

  /// The least value of a form above a limit.
  func leastAbove(_ limit: Int128, _ form: LinearForm, _ interval: Interval) -> Int128 {
    guard let term = form.singleTerm, term.coefficient > 0 else { return interval.high }
    let factor = Int128(term.coefficient)
    let constant = Int128(form.constant)
    return (floorDivide(limit - constant, factor) + 1) * factor + constant
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
    case .cast(.truncate, _): before.form.constant != 0 || before.form.first.coefficient > 1
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
    let observation = SizeObservation(
      defect: defect, callee: calleeName(value),
      expression: module.text(of: body.instructions[number].origin),
      computed: module.text(of: body.instructions[known.value].origin), worst: worst,
      bits: bits ?? Int(type(of: known.value).width), source: source(of: boundary),
      input: input.isNone ? "" : text(of: universe[input]),
      isBytes: !input.isNone && universe[input].isTaken, isAllocation: isAllocation(value))
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: argument, kind: .size(defect),
          via: boundary.index > 1 ? [universe[boundary].position] : []),
        observation: .size(observation), isDefinite: isDefinite, goal: (known.form, worst),
        boundary: boundary, cause: nil, region: nil))
  }
}
