// SPDX-License-Identifier: Apache-2.0

// C11 6.5.3-6.5.9 on linear forms. What is not linear becomes a new symbol with an interval.

import IR

extension Machine {
  /// `left op right`.
  mutating func binary(
    _ op: BinaryOperator, _ left: ValueID, _ right: ValueID, at value: ValueID,
    _ state: inout State
  ) -> AbstractValue {
    let type = type(of: value)
    if type.isFloating { return binaryFloating(op, left, right, at: value, &state) }
    guard type.isInteger, type.width <= 64 else { return .unknown }
    let leftForm = form(left)
    let rightForm = form(right)
    let leftFact = fact(of: left, state)
    let rightFact = fact(of: right, state)
    let leftRange = leftFact.interval
    let rightRange = rightFact.interval
    let input = leftFact.input.isNone ? rightFact.input : leftFact.input
    if op == .divide { checkMeasuredCount(left, right, at: value) }
    checkOperands(op, left, right, leftFact, rightFact, at: value, state)
    switch op {
    case .add:
      let sum = leftForm.flatMap { form in rightForm.flatMap { form.adding($0) } }
      return place(sum, orWithin: leftRange + rightRange, at: value, &state, input: input)
    case .subtract:
      let difference = leftForm.flatMap { form in rightForm.flatMap { form.subtracting($0) } }
      return place(
        difference, orWithin: leftRange + rightRange * -1, at: value, &state, input: input)
    case .multiply:
      let product: LinearForm?
      if let rightForm, rightForm.isConstant {
        product = leftForm?.scaled(by: rightForm.constant)
      } else if let leftForm, leftForm.isConstant {
        product = rightForm?.scaled(by: leftForm.constant)
      } else if leftRange.constant == 0 || rightRange.constant == 0 {
        product = .zero
      } else {
        product = nil
      }
      if product == nil {
        return nonlinear(.multiply, left, right, leftFact, rightFact, at: value, &state)
      }
      return place(product, orWithin: .everything, at: value, &state)
    case .divide: return divide(leftForm, leftFact, rightFact, at: value, &state)
    case .remainder:
      guard let divisor = rightRange.constant, divisor > 0 else { break }
      if let known = leftRange.constant {
        return place(constantForm(known % divisor), orWithin: .everything, at: value, &state)
      }
      if leftRange.low >= 0, leftRange.high < divisor, let leftForm { return .number(leftForm) }
      let low = leftRange.low >= 0 ? 0 : max(leftRange.low, 1 - divisor)
      let high = leftRange.high <= 0 ? 0 : min(leftRange.high, divisor - 1)
      return derived(
        op, left, right, Interval(low, high), at: value, &state,
        low: leftRange.low <= low ? leftFact.lowBoundary : .none,
        high: leftRange.high >= high ? leftFact.highBoundary : .none, input: leftFact.input)
    case .shiftLeft:
      guard let count = rightRange.constant, (0..<63).contains(count) else { break }
      return shiftLeft(leftForm, leftFact, by: count, at: value, &state)
    case .shiftRight:
      guard let count = rightRange.constant, (0..<64).contains(count) else { break }
      let divisor: Int128 = 1 << count
      let quotient = Interval(
        floorDivide(leftRange.low, divisor), floorDivide(leftRange.high, divisor))
      if quotient.constant == nil {
        return derived(
          op, left, right, quotient, at: value, &state, low: leftFact.lowBoundary,
          high: leftFact.highBoundary, input: input)
      }
      return exactOrUnknown(quotient, at: value, &state)
    case .and:
      return mask(left, right, leftFact, rightFact, leftForm, rightForm, at: value, &state)
    case .or, .xor:
      if let left = leftRange.constant, let right = rightRange.constant,
        let a = Int64(exactly: left), let b = Int64(exactly: right)
      {
        return .constant(op == .or ? a | b : a ^ b)
      }
      if leftRange.low >= 0, rightRange.low >= 0 {
        let high = max(leftRange.high, rightRange.high)
        let bits = 128 - high.leadingZeroBitCount
        let low = op == .or ? max(leftRange.low, rightRange.low) : 0
        let all: Int128 = min((1 << Int128(bits)) - 1, type.range.high)
        // All bits are set where both sides can have all of theirs.
        let clear = (Int128(1) << Int128(min(clearBits(left), clearBits(right)))) - 1
        let most = max(all & ~clear, low)
        let isReached =
          (leftRange.high | rightRange.high == most || high >= type.range.high)
          && !leftFact.highBoundary.isNone && !rightFact.highBoundary.isNone && !input.isNone
        let isEmpty = low == 0 && !leftFact.lowBoundary.isNone && !rightFact.lowBoundary.isNone
        return derived(
          op, left, right, Interval(low, most), at: value, &state,
          low: isReached && isEmpty ? input : .none, high: isReached ? input : .none, input: input)
      }
    }
    return derived(op, left, right, type.range, at: value, &state, input: input)
  }

  /// What is known of a register that holds a number, or its type's range.
  func fact(of value: ValueID, _ state: State) -> SymbolFact {
    form(value).map { bounds($0, state) } ?? SymbolFact(interval: type(of: value).range)
  }

  /// The value of an operation that is not linear, the same for the same operands.
  private mutating func derived(
    _ op: BinaryOperator, _ left: ValueID, _ right: ValueID, _ interval: Interval,
    at value: ValueID, _ state: inout State, low: BoundaryID = .none, high: BoundaryID = .none,
    input: BoundaryID = .none
  ) -> AbstractValue {
    // Only what somebody outside chooses takes every value that its operation admits.
    let least = input.isNone || low.isNone ? .none : inputBoundary(value, like: input)
    let most = input.isNone || high.isNone ? .none : inputBoundary(value, like: input)
    guard let first = form(left), let second = form(right) else {
      return unknownNumber(value, interval, &state, low: least, high: most, input: input)
    }
    let key = DerivedKey(
      operation: .binary(op), left: first, right: second, type: body.instructions[value].type)
    return derivedNumber(
      key, interval, at: value, &state, low: least, high: most, input: input)
  }

  private func constantForm(_ value: Int128) -> LinearForm? {
    Int64(exactly: value).map { LinearForm(constant: $0) }
  }

  /// A value of which the interval is known; a constant where it has one member.
  private mutating func exactOrUnknown(
    _ interval: Interval, at value: ValueID, _ state: inout State, from source: SymbolFact? = nil
  ) -> AbstractValue {
    if let constant = interval.constant, let exact = Int64(exactly: constant) {
      return .constant(exact)
    }
    let input = source?.input ?? .none
    return unknownNumber(
      value, interval.intersection(type(of: value).range), &state,
      low: input.isNone ? .none : source?.lowBoundary ?? .none,
      high: input.isNone ? .none : source?.highBoundary ?? .none, input: input)
  }

  private mutating func divide(
    _ form: LinearForm?, _ leftFact: SymbolFact, _ rightFact: SymbolFact, at value: ValueID,
    _ state: inout State
  ) -> AbstractValue {
    let left = leftFact.interval
    let right = rightFact.interval
    let input = leftFact.input.isNone ? rightFact.input : leftFact.input
    guard let divisor = right.constant, divisor > 0, let exact = Int64(exactly: divisor) else {
      // Dividing by at least one does not grow a value that is not negative.
      let range =
        left.low >= 0 && right.low >= 1 ? Interval(0, left.high) : type(of: value).range
      return unknownNumber(value, range, &state, input: input)
    }
    if let quotient = form?.divided(exactlyBy: exact) { return .number(quotient) }
    return exactOrUnknown(
      Interval(left.low / divisor, left.high / divisor), at: value, &state, from: leftFact)
  }

  private mutating func mask(
    _ leftValue: ValueID, _ rightValue: ValueID, _ leftFact: SymbolFact,
    _ rightFact: SymbolFact, _ leftForm: LinearForm?, _ rightForm: LinearForm?,
    at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let left = leftFact.interval
    let right = rightFact.interval
    if let a = left.constant, let b = right.constant, let x = Int64(exactly: a),
      let y = Int64(exactly: b)
    {
      return .constant(x & y)
    }
    // x & (2ⁿ - 1) is x where x is known to be that small already.
    for (range, form, mask) in [(left, leftForm, right), (right, rightForm, left)] {
      if let bits = mask.constant, bits >= 0, bits & (bits + 1) == 0, range.low >= 0,
        range.high <= bits, let form
      {
        return .number(form)
      }
    }
    var high: Int128?
    if left.low >= 0 { high = left.high }
    if right.low >= 0 { high = min(high ?? right.high, right.high) }
    let range = high.map { Interval(0, $0) } ?? type(of: value).range
    // A mask lets every value through that it has the bits for.
    var reached = BoundaryID.none
    for (known, mask) in [(leftFact, right), (rightFact, left)] {
      if let bits = mask.constant, bits >= 0, bits & (bits + 1) == 0, known.interval.low <= 0,
        known.interval.high >= bits, !known.highBoundary.isNone
      {
        reached = known.input
      }
    }
    let input = leftFact.input.isNone ? rightFact.input : leftFact.input
    return derived(
      .and, leftValue, rightValue, range, at: value, &state, low: reached, high: reached,
      input: input)
  }

  /// `op operand`.
  mutating func unary(
    _ op: UnaryOperator, _ operand: ValueID, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let type = type(of: value)
    if type.isFloating, op == .negate, let form = floatingForm(operand)?.scaled(by: -1) {
      return .floating(form)
    }
    guard type.isInteger, type.width <= 64 else { return .unknown }
    let known = fact(of: operand, state)
    let range = known.interval
    let negated = form(operand)?.scaled(by: -1)
    switch op {
    case .negate:
      return place(negated, orWithin: range * -1, at: value, &state, input: known.input)
    case .complement:
      return place(
        negated?.adding(constant: -1), orWithin: range * -1 + Interval(-1), at: value, &state,
        input: known.input)
    }
  }

  /// A conversion (C11 6.3).
  mutating func cast(
    _ kind: CastKind, _ operand: ValueID, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let known = registers[Int(operand.index)]
    switch kind {
    case .pointerCast, .integerToPointer:
      if case .unknown = known { return unknownValue(value, &state) }
      if kind == .integerToPointer, case .number(let form) = known, form != .zero {
        if let error = errorPointer(of: form, at: value, &state) { return error }
        return unknownValue(value, &state)
      }
      if kind == .pointerCast { checkObject(operand, as: value, state) }
      return known
    case .decay: return decay(operand, known, state)
    case .toBool:
      switch truth(of: operand, state) {
      case true?: return .constant(1)
      case false?: return .constant(0)
      case nil: return unknownNumber(value, Interval(0, 1), &state)
      }
    case .truncate, .signExtend, .zeroExtend, .reinterpret:
      guard let form = known.form else { return unknownValue(value, &state) }
      return convert(form, from: operand, at: value, &state)
    case .floatingToInteger, .integerToFloating, .floatingToFloating:
      return castFloating(kind, operand, at: value, &state)
    case .pointerToInteger:
      escapeAsNumber(known, at: value, &state)
      if let form = known.form { return convert(form, from: nil, at: value, &state) }
      return unknownValue(value, &state)
    }
  }

  /// An integer in another integer type: itself where it fits, else modulo 2ⁿ (C11 6.3.1.3).
  private mutating func convert(
    _ form: LinearForm, from operand: ValueID?, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let type = type(of: value)
    let range = type.range
    let known = bounds(form, state)
    let interval = known.interval
    if range.contains(interval) { return .number(form) }
    if let operand {
      checkDistance(operand, at: value, state)
      checkTruncation(operand, form, known.input, at: value, state)
      if case .cast(.truncate, _) = operation(value) {
        checkNarrowing(operand, form, known, at: value, state)
      }
    }
    return wrap(form, at: value, &state)
  }

  /// The address of an array's first element, bounded by the array where that is a member.
  private mutating func decay(
    _ operand: ValueID, _ known: AbstractValue, _ state: State
  ) -> AbstractValue {
    guard case .pointer(let region, let offset, _, let mayBeNull) = known,
      case .field(_, let fieldID) = operation(operand)
    else { return known }
    let field = module.fields[fieldID]
    let type = module.types[field.type]
    // A trailing array of at most one element, or without a bound, stands for what follows it.
    guard case .array(_, let count) = type.kind, count > 1, let size = Int64(exactly: type.size)
    else {
      if let counted = countedArray(operand, fieldID, region, offset) {
        return .pointer(region, offset: offset, inside: counted, mayBeNull: mayBeNull)
      }
      return .pointer(region, offset: offset, inside: .none, mayBeNull: mayBeNull)
    }
    let record = module.records[field.record]
    let isLast = isLast(fieldID) && !record.isUnion
    if isLast, !isInput(region), let total = universe[region].size,
      let rest = offset.adding(constant: size).flatMap({ total.subtracting($0) }),
      bounds(rest, state).interval.high > 0,
      !rest.isConstant || isView(region, of: field.record, rest.constant)
    {
      return .pointer(region, offset: offset, inside: .none, mayBeNull: mayBeNull)
    }
    let inside = universe.subObject(
      SubObjectInfo(region: region, base: offset, size: size, field: fieldID))
    return .pointer(region, offset: offset, inside: inside, mayBeNull: mayBeNull)
  }

  /// Whether a struct is only a view of the start of an object that was made for something else.
  ///
  /// Then its last array stands for the room behind it. An array of such structs has room for whole ones.
  private func isView(_ region: Region, of record: RecordID, _ rest: Int64) -> Bool {
    let size = Int64(clamping: module.records[record].size)
    switch universe[region].kind {
    case .local(let local): return !isOfRecords(module.types[body.locals[local].type])
    case .global(let global): return !isOfRecords(module.types[module.globals[global].type])
    case .heap, .made, .foreign: return size > 0 && rest % size != 0
    default: return false
    }
  }

  /// Whether a type is made of structs.
  private func isOfRecords(_ type: Type) -> Bool {
    switch type.kind {
    case .array(let element, _), .unboundedArray(let element):
      return isOfRecords(module.types[element])
    case .record: return true
    default: return false
    }
  }

  /// Whether no member of its struct follows a member; bytes of padding may.
  func isLast(_ id: FieldID) -> Bool {
    let fields = module.records[module.fields[id].record].fields
    return Int(id.index) == fields.indices.last
  }

  /// Whether a region stands for one of several objects.
  func isChoice(_ region: Region) -> Bool {
    if case .choice = universe[region].kind { return true }
    return false
  }

  /// `base + index·stride`.
  mutating func element(
    _ base: ValueID, _ index: ValueID, stride: LinearForm?, at value: ValueID,
    _ state: inout State
  ) -> AbstractValue {
    switch registers[Int(base.index)] {
    case .pointer(let region, let offset, let inside, _):
      var moved: LinearForm?
      if let stride, stride.isConstant {
        moved = form(index)?.scaled(by: stride.constant).flatMap { offset.adding($0) }
      } else if let stride, let count = form(index), count.isConstant {
        moved = offset.adding(stride, times: count.constant)
      }
      if moved == nil {
        let symbol = universe.symbol(of: value, range: .everything)
        var range = Interval.everything
        if let stride, stride.isConstant {
          let reach = interval(index, state).product(Interval(Int128(stride.constant)))
          range = (bounds(offset, state).interval + reach).intersection(.everything)
        }
        let source = bounds(offset, state).input
        let input = fact(of: index, state).input
        define(
          symbol, SymbolFact(interval: range, input: source.isNone ? input : source), &state)
        moved = LinearForm(symbol)
      }
      return .pointer(region, offset: moved ?? .zero, inside: inside, mayBeNull: false)
    default: return unknownValue(value, &state)
    }
  }

  /// `left - right` in elements.
  mutating func pointerDifference(
    _ left: ValueID, _ right: ValueID, stride: UInt32, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    if case .pointer(let a, let first, _, _) = registers[Int(left.index)],
      case .pointer(let b, let second, _, _) = registers[Int(right.index)], a == b,
      !isChoice(a), let distance = first.subtracting(second)
    {
      if let exact = distance.divided(exactlyBy: Int64(max(stride, 1))) { return .number(exact) }
    }
    return unknownNumber(value, type(of: value).range, &state)
  }
}
