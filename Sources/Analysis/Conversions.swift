// SPDX-License-Identifier: Apache-2.0

// Numbers that their type may not hold as they are (C11 6.2.5p9, 6.3.1.3), products of two unknowns, and
// numbers without their sign. What comes of one is an image of it: a symbol of its own that remembers
// the number. A bound of either one says something about the other.

import IR

extension Machine {
  /// A number modulo 2ⁿ in the range of a type, where none is given of the instruction's.
  mutating func wrap(
    _ form: LinearForm, as wanted: TypeID? = nil, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let id = wanted ?? body.instructions[value].type
    let type = module.types[id]
    if let term = form.singleTerm, term.coefficient == 1, form.constant == 0,
      case .image(let image) = universe[term.symbol].kind, image.kind == .conversion,
      module.types[image.type].width >= type.width
    {
      // What is taken modulo more bits before is the number itself modulo these.
      return wrap(image.source, as: id, at: value, &state)
    }
    let range = type.range
    let known = bounds(form, state)
    let interval = known.interval
    let modulus: Int128 = 1 << Int128(type.width)
    let turns = floorDivide(interval.low - range.low, modulus)
    if turns == floorDivide(interval.high - range.low, modulus) {
      if let shift = Int64(exactly: -turns * modulus), let moved = form.adding(constant: shift) {
        return .number(moved)
      }
      return image(
        .conversion, of: form, interval + Interval(-turns * modulus), as: id,
        low: known.lowBoundary, high: known.highBoundary, input: known.input, at: value, &state)
    }
    // What takes every value modulo 2ⁿ from outside takes every value of the type.
    let isWhole =
      !known.input.isNone && !known.lowBoundary.isNone && !known.highBoundary.isNone
      && interval.high - interval.low >= modulus - 1
    let reason = isWhole ? inputBoundary(value, like: known.input) : .none
    return image(
      .conversion, of: form, range, as: id, low: reason, high: reason, input: known.input,
      at: value, &state)
  }

  private mutating func image(
    _ kind: Image.Kind, of form: LinearForm, _ interval: Interval, as type: TypeID,
    low: BoundaryID, high: BoundaryID, input: BoundaryID, at value: ValueID,
    _ state: inout State
  ) -> AbstractValue {
    let key = DerivedKey(operation: .image(kind), left: form, right: .zero, type: type)
    return derivedNumber(key, interval, at: value, &state, low: low, high: high, input: input)
  }

  /// A number without its sign; `INT_MIN` has none (C11 7.22.6.1p2).
  mutating func magnitude(
    _ operand: ValueID, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let isFloating = type(of: value).isFloating
    guard let form = isFloating ? floatingForm(operand) : form(operand),
      let negated = form.scaled(by: -1)
    else { return unknownValue(value, &state) }
    let known = bounds(form, state)
    let range = known.interval
    if range.low >= 0 || range.high <= 0 {
      let result = range.low >= 0 ? form : negated
      return isFloating ? .floating(result) : .number(result)
    }
    let isHigh = range.high >= -range.low
    let result = image(
      .magnitude, of: form, Interval(0, max(range.high, -range.low)),
      as: body.instructions[value].type, low: .none,
      high: isHigh ? known.highBoundary : known.lowBoundary, input: known.input, at: value, &state)
    return isFloating ? result.form.map { .floating($0) } ?? .unknown : result
  }

  // MARK: Bounds of images

  /// Tells a bound of a symbol to what was made of it, and that of an image to what it was made of.
  func spread(_ symbol: Symbol, _ state: inout State) {
    if case .image(let image) = universe[symbol].kind { reflect(symbol, image, &state) }
    for made in universe.images(of: symbol) {
      guard case .image(let image) = universe[made].kind else { continue }
      let source = bounds(image.source, state)
      switch image.kind {
      case .conversion:
        guard module.types[image.type].range.contains(source.interval) else { continue }
        narrow(made, source.interval, source.lowBoundary, source.highBoundary, &state)
        equate(image.source, made, distance: 0, source.highBoundary, &state)
      case .magnitude:
        let most = max(source.interval.high, -source.interval.low)
        narrow(made, Interval(0, most), .none, source.highBoundary, &state)
      }
    }
  }

  /// Bounds the number that an image was made of.
  private func reflect(_ symbol: Symbol, _ image: Image, _ state: inout State) {
    let known = fact(symbol, state)
    let source = bounds(image.source, state).interval
    guard let term = image.source.singleTerm else { return }
    var range = Interval.everything
    switch image.kind {
    case .magnitude: range = Interval(-known.interval.high, known.interval.high)
    case .conversion:
      // Which multiples of 2ⁿ can lie between the number and its image?
      let modulus: Int128 = 1 << Int128(module.types[image.type].width)
      let least = ceilingDivide(source.low - known.interval.high, modulus)
      let most = floorDivide(source.high - known.interval.low, modulus)
      guard least == most else {
        // A condition on the image may leave out the extremes of the number.
        var fact = fact(term.symbol, state)
        (fact.lowBoundary, fact.highBoundary) = (.none, .none)
        return setFact(term.symbol, fact, &state)
      }
      range = known.interval + Interval(least * modulus)
      equate(image.source, symbol, distance: least * modulus, known.highBoundary, &state)
    }
    // c·s + k lies in the range.
    let coefficient = Int128(term.coefficient)
    let shifted = range + Interval(-Int128(image.source.constant))
    let ends =
      coefficient > 0
      ? Interval(
        ceilingDivide(shifted.low, coefficient), floorDivide(shifted.high, coefficient))
      : Interval(
        ceilingDivide(shifted.high, coefficient), floorDivide(shifted.low, coefficient))
    let low = coefficient > 0 && image.kind == .conversion ? known.lowBoundary : known.highBoundary
    let high = coefficient > 0 || image.kind == .magnitude ? known.highBoundary : known.lowBoundary
    narrow(term.symbol, ends, low, high, &state)
  }

  /// On a path, notes that a number and its image lie so far apart.
  func equate(
    _ form: LinearForm, _ image: Symbol, distance: Int128, _ boundary: BoundaryID,
    _ state: inout State
  ) {
    guard mode == .replay, let shift = Int64(exactly: -distance),
      let difference = form.subtracting(LinearForm(image))?.adding(constant: shift)
    else { return }
    let condition = PathCondition(form: difference, relation: .zero, boundary: boundary)
    if !state.conditions.contains(condition) { state.conditions.append(condition) }
  }

  func narrow(
    _ symbol: Symbol, _ range: Interval, _ low: BoundaryID, _ high: BoundaryID,
    _ state: inout State
  ) {
    let before = fact(symbol, state)
    var fact = before
    if range.low > fact.interval.low {
      fact.interval.low = range.low
      fact.lowBoundary = low
    }
    if range.high < fact.interval.high {
      fact.interval.high = range.high
      fact.highBoundary = high
    }
    if fact == before { return }
    setFact(symbol, fact, &state)
    if !fact.interval.isEmpty { spread(symbol, &state) }
  }

  // MARK: Products and shifts

  /// The interval of a product, and why its ends can be reached.
  func product(
    _ left: LinearForm?, _ right: LinearForm?, _ leftFact: SymbolFact, _ rightFact: SymbolFact
  ) -> SymbolFact {
    let isSquare = left != nil && left == right
    var result = SymbolFact(interval: leftFact.interval.product(rightFact.interval))
    if isSquare {
      result.interval.low = max(result.interval.low, 0)
      if leftFact.interval.contains(Interval(0)) { result.interval.low = 0 }
    }
    result.input = leftFact.input.isNone ? rightFact.input : leftFact.input
    let known = [leftFact, rightFact]
    let isFree = known.allSatisfy { !$0.lowBoundary.isNone && !$0.highBoundary.isNone }
    if isFree, known.allSatisfy({ !$0.input.isNone || $0.interval.constant != nil }) {
      // Who chooses both lets their extremes meet.
      result.lowBoundary = isSquare ? .none : leftFact.lowBoundary
      result.highBoundary = leftFact.highBoundary
    }
    return result
  }

  /// A product that is not linear: the same operands give the same symbol.
  mutating func nonlinear(
    _ op: BinaryOperator, _ left: ValueID, _ right: ValueID, _ leftFact: SymbolFact,
    _ rightFact: SymbolFact, as wanted: TypeID? = nil, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let id = wanted ?? body.instructions[value].type
    let range = module.types[id].range
    let known = product(form(left), form(right), leftFact, rightFact)
    let placed = range.contains(known.interval) ? known.interval : range
    guard let first = form(left), let second = form(right) else {
      return unknownNumber(value, placed, &state, input: known.input)
    }
    if let constant = known.interval.constant {
      let kept = range.contains(Interval(constant)) ? Interval(constant) : range
      return unknownNumber(value, kept, &state, input: known.input)
    }
    let isOutside = !known.input.isNone
    let reason = isOutside ? inputBoundary(value, like: known.input) : .none
    // `a * b` and `b * a` are one number.
    let isInOrder = (first.first.symbol, first.constant) <= (second.first.symbol, second.constant)
    let key = DerivedKey(
      operation: .binary(op), left: isInOrder ? first : second, right: isInOrder ? second : first,
      type: id)
    return derivedNumber(
      key, placed, at: value, &state, low: known.lowBoundary.isNone ? .none : reason,
      high: known.highBoundary.isNone ? .none : reason, input: known.input)
  }

  /// `left << count`.
  mutating func shiftLeft(
    _ form: LinearForm?, _ known: SymbolFact, by count: Int128, at value: ValueID,
    _ state: inout State
  ) -> AbstractValue {
    let type = type(of: value)
    let limit: Int128 = 1 << 64
    guard known.interval.low >= -limit, known.interval.high <= limit else {
      return unknownNumber(value, type.range, &state, input: known.input)
    }
    let factor: Int128 = 1 << count
    let wide = known.interval * factor
    let isFree =
      !known.input.isNone && !known.lowBoundary.isNone && !known.highBoundary.isNone
    if !type.isSigned, isFree, !type.range.contains(wide), count < type.width,
      known.interval.high - known.interval.low >= type.range.high / factor
    {
      // The bits that stay are chosen, and those below are zero.
      let reason = inputBoundary(value, like: known.input)
      return unknownNumber(
        value, Interval(0, type.range.high + 1 - factor), &state, low: reason, high: reason,
        input: known.input)
    }
    return place(
      form?.scaled(by: 1 << Int64(count)), orWithin: wide, at: value, &state, input: known.input)
  }

  /// Bits at the end of a number that are always zero.
  func clearBits(_ value: ValueID) -> Int {
    switch operation(value) {
    case .constant(let constant): return constant == 0 ? 63 : Int(constant.trailingZeroBitCount)
    case .binary(.shiftLeft, _, let count):
      guard let bits = form(count), bits.isConstant, (0..<64).contains(bits.constant) else {
        return 0
      }
      return Int(bits.constant)
    case .binary(.or, let left, let right), .binary(.xor, let left, let right):
      return min(clearBits(left), clearBits(right))
    case .cast(.zeroExtend, let operand), .cast(.signExtend, let operand),
      .cast(.reinterpret, let operand):
      return clearBits(operand)
    default: return 0
    }
  }
}
