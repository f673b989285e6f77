// SPDX-License-Identifier: Apache-2.0

// Calls: by the model of a library function, else by what unseen code could do.

import IR

extension Machine {
  mutating func call(_ call: Call, at value: ValueID, _ state: inout State) -> AbstractValue {
    var target: FunctionID?
    switch call.callee {
    case .function(let function): target = function
    case .indirect(let address):
      if case .function(let function) = registers[Int(address.index)] { target = function }
    }
    let arguments = Array(body.values(call.arguments))
    if let target {
      if facts.neverReturns(target, in: module) {
        isDead = true
        return .unknown
      }
      if let summary = facts.summary(of: target, in: module), call.resultObject == nil {
        return apply(summary, arguments, at: value, &state)
      }
      if module.functions[target].body == nil, let model = models[Int(target.index)] {
        return apply(model, arguments, at: value, &state)
      }
    }
    if mode == .replay { state.unseenCalls = state.conditions.count }
    for argument in arguments {
      if case .pointer(let region, _, _, _) = registers[Int(argument.index)] {
        escape(region, &state)
      }
    }
    if let object = call.resultObject { clobber(object, &state) }
    havoc(&state)
    guard let target else { return unknownValue(value, &state) }
    return declaredResult(module.functions[target], arguments, at: value, &state)
  }

  /// What the attributes of a function promise of its result.
  private mutating func declaredResult(
    _ function: Function, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let isFresh = function.attributes.contains(.allocates)
    guard type(of: value).isPointer, isFresh || function.attributes.contains(.returnsNonNull)
    else { return unknownValue(value, &state) }
    var size: LinearForm?
    let factors = function.allocationSize.filter { Int($0) < arguments.count }
    if isFresh, let first = factors.first {
      size = form(arguments[Int(first)])
      if factors.count > 1 {
        size = product(size, form(arguments[Int(factors[1])]))
      }
    }
    let region = universe.region(of: value, isHeap: isFresh, size: size)
    renew(region, &state)
    return .pointer(
      region, offset: .zero, inside: .none,
      mayBeNull: !function.attributes.contains(.returnsNonNull))
  }

  private func product(_ left: LinearForm?, _ right: LinearForm?) -> LinearForm? {
    guard let left, let right else { return nil }
    if right.isConstant { return left.scaled(by: right.constant) }
    return left.isConstant ? right.scaled(by: left.constant) : nil
  }

  private func size(_ size: ModelSize, _ arguments: [ValueID]) -> LinearForm? {
    switch size {
    case .constant(let value): LinearForm(constant: value)
    case .argument(let index): index < arguments.count ? form(arguments[index]) : nil
    case .product(let first, let second):
      first < arguments.count && second < arguments.count
        ? product(form(arguments[first]), form(arguments[second])) : nil
    }
  }

  private mutating func apply(
    _ model: FunctionModel, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    // The result speaks of the state before the call: strcpy returns a pointer, strlen a length.
    let result = result(model.result, arguments, at: value, &state)
    for effect in model.effects { self.apply(effect, arguments, at: value, &state) }
    return result
  }

  private mutating func apply(
    _ effect: ModelEffect, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) {
    func has(_ index: Int) -> Bool { index >= 0 && index < arguments.count }
    switch effect {
    case .write(let target, let count):
      guard has(target) else { return }
      access(
        arguments[target], size(count, arguments), isWrite: true, at: value, argument: target,
        state)
    case .read(let source, let count):
      guard has(source) else { return }
      access(
        arguments[source], size(count, arguments), isWrite: false, at: value, argument: source,
        state)
    case .string(let index):
      if has(index) { useString(arguments[index], at: value, argument: index, &state) }
    case .copy(let target, let source, let count):
      guard has(target), has(source) else { return }
      guard let bytes = size(count, arguments) else { return clobber(arguments[target], &state) }
      copyBytes(
        registers[Int(arguments[target].index)], registers[Int(arguments[source].index)], bytes,
        at: value, &state)
    case .fill(let target, let byte, let count):
      guard has(target) else { return }
      let isZero = byte < 0 || (has(byte) && form(arguments[byte]) == .zero)
      guard isZero, let bytes = size(count, arguments) else {
        return clobber(arguments[target], &state)
      }
      zeroFill(
        registers[Int(arguments[target].index)], bytes, type: pointee(arguments[target]),
        at: value, &state)
    case .copyString(let target, let source):
      guard has(target), has(source) else { return }
      copyString(
        to: arguments[target], from: arguments[source], isAppended: false, at: value,
        argument: target, &state)
    case .appendString(let target, let source):
      guard has(target), has(source) else { return }
      copyString(
        to: arguments[target], from: arguments[source], isAppended: true, at: value,
        argument: target, &state)
    case .copyBounded(let target, let source, let count):
      guard has(target), has(source) else { return }
      copyBounded(
        to: arguments[target], from: arguments[source], size(count, arguments), at: value, &state)
    case .appendBounded(let target, _, _):
      if has(target) { terminate(arguments[target], nil, at: value, &state) }
    case .terminate(let target, let count):
      if has(target) { terminate(arguments[target], size(count, arguments), at: value, &state) }
    case .external(let target, let count):
      if has(target) { fillRaw(arguments[target], size(count, arguments), at: value, &state) }
    case .print(let format, let first):
      if has(format) { print(arguments, format: format, first: first, at: value, &state) }
    case .printInto(let target, let format, let first):
      guard has(target), has(format) else { return }
      printInto(
        arguments, target: target, format: format, first: first, at: value, &state)
    case .scan(let format, let first):
      if has(format) { scan(arguments, format: format, first: first, at: value, &state) }
    case .unsafe(.unbounded, let target):
      guard has(target) else { return }
      reportUnsafe(
        .unbounded, arguments[target], needs: (1, nil), conversion: "", at: value,
        argument: target, state)
    case .unsafe(.unchecked, _): break
    case .release(let target):
      if has(target) { release(arguments[target], at: value, argument: target, &state) }
    case .clobber(let target):
      if has(target) { clobber(arguments[target], &state) }
    }
  }

  private mutating func result(
    _ result: ModelResult, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    func register(_ index: Int) -> AbstractValue? {
      index < arguments.count ? registers[Int(arguments[index].index)] : nil
    }
    switch result {
    case .unknown: return unknownValue(value, &state)
    case .argument(let index): return register(index) ?? unknownValue(value, &state)
    case .within(let index):
      guard case .pointer(let region, let offset, let inside, _)? = register(index) else {
        return unknownValue(value, &state)
      }
      let symbol = universe.symbol(of: value, range: .everything)
      var range = Interval(0, 1 << 62)
      if case .length(let length) = string(at: registers[Int(arguments[index].index)], &state) {
        range.high = max(bounds(length, state).interval.high, 0)
      }
      define(symbol, SymbolFact(interval: range), &state)
      guard let moved = offset.adding(LinearForm(symbol)) else {
        return unknownValue(value, &state)
      }
      return .pointer(region, offset: moved, inside: inside, mayBeNull: true)
    case .length(let index):
      guard let address = register(index), case .length(let length) = string(at: address, &state)
      else { return unknownValue(value, &state) }
      return .number(length)
    case .lengthUpTo(let index, let count):
      guard index < arguments.count, let limit = size(count, arguments) else {
        return unknownValue(value, &state)
      }
      let known = lengthRange(arguments[index], &state)
      let most = bounds(limit, state).interval
      if known.high <= most.low,
        case .length(let length) = string(at: registers[Int(arguments[index].index)], &state)
      {
        return .number(length)
      }
      let high = min(known.high, most.high)
      return unknownNumber(value, Interval(min(known.low, most.low, high), high), &state)
    case .upTo(let count, let canFail):
      let range = type(of: value).range
      guard let limit = size(count, arguments) else { return unknownValue(value, &state) }
      let high = min(bounds(limit, state).interval.high, range.high)
      let boundary = universe.id(
        of: Boundary(
          kind: .model, place: .own(body.instructions[value].origin), position: position,
          isTaken: true,
          left: value, right: nil))
      let isExact = limit.isConstant || !bounds(limit, state).highBoundary.isNone
      let made = unknownNumber(
        value, Interval(canFail ? -1 : 0, max(high, 0)), &state,
        high: isExact ? boundary : .none)
      if let form = made.form, !limit.isConstant, let difference = form.subtracting(limit) {
        _ = assumeAtMostZero(difference, boundary, &state)
      }
      return made
    case .memory(let count, let isZeroed):
      let region = universe.region(of: value, isHeap: true, size: size(count, arguments))
      renew(region, &state)
      let address = AbstractValue.pointer(
        region, offset: .zero, inside: .none, mayBeNull: true)
      if isZeroed, let bytes = size(count, arguments) {
        zeroFill(address, bytes, type: nil, at: value, &state)
      }
      return address
    case .text(let limit):
      let region = universe.region(of: value, isHeap: false, size: nil)
      renew(region, &state)
      let symbol = universe.length(of: region, 0)
      define(symbol, SymbolFact(interval: Interval(0, Int128(limit))), &state)
      state.setString(
        StringFact(
          region: region, base: 0, extent: .max,
          string: .terminated(length: LinearForm(symbol)), zeroFrom: nil))
      return .pointer(region, offset: .zero, inside: .none, mayBeNull: false)
    case .duplicate(let index):
      var size: LinearForm?
      if let address = register(index), case .length(let length) = string(at: address, &state) {
        size = length.adding(constant: 1)
      }
      let region = universe.region(of: value, isHeap: true, size: size)
      renew(region, &state)
      if let length = size?.adding(constant: -1) {
        state.setString(
          StringFact(
            region: region, base: 0, extent: .max, string: .terminated(length: length),
            zeroFrom: nil))
      }
      return .pointer(region, offset: .zero, inside: .none, mayBeNull: true)
    }
  }

  // MARK: Strings

  /// The bytes of the string at an address, without its terminator, as an interval.
  mutating func lengthRange(_ address: ValueID, _ state: inout State) -> Interval {
    let known = registers[Int(address.index)]
    var range = Interval(0, 1 << 62)
    if case .length(let length) = string(at: known, &state) {
      range = bounds(length, state).interval
      range.low = max(range.low, 0)
    }
    if case .pointer(let region, let offset, let inside, _) = known,
      let place = stringPlace(region, inside, offset), let extent = place.extent
    {
      let start = max(bounds(place.offset, state).interval.low, 0)
      range.high = min(range.high, max(Int128(extent) - start - 1, 0))
    }
    return range
  }

  private mutating func copyString(
    to target: ValueID, from source: ValueID, isAppended: Bool, at value: ValueID, argument: Int,
    _ state: inout State
  ) {
    let text = string(at: registers[Int(source.index)], &state)
    var length: LinearForm?
    if case .length(let known) = text { length = known }
    var start: LinearForm? = .zero
    var range = lengthRange(source, &state) + Interval(1)
    if isAppended {
      start = nil
      if case .length(let known) = string(at: registers[Int(target.index)], &state) {
        start = known
      }
      range = range + Interval(lengthRange(target, &state).low)
      if let start {
        range.high += bounds(start, state).interval.high - bounds(start, state).interval.low
      }
    }
    let end = start.flatMap { start in length.flatMap { start.adding($0) } }
    let need = end.flatMap { $0.adding(constant: 1) }
    checkFit(target, need, range, conversion: "", at: value, argument: argument, &state)
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(target.index)]
    else { return }
    noteWrite(region, &state)
    let reach = bounds(offset, state).interval
    let past = Int64(clamping: reach.high + range.high)
    state.removeCells(in: region, from: Int64(clamping: reach.low), to: past)
    clobberStrings(region, from: Int64(clamping: reach.low), to: past, &state)
    guard let place = stringPlace(region, inside, offset) else { return }
    if place.offset == .zero, let end {
      setString(place, .terminated(length: end), zeroFrom: nil, &state)
    } else if place.offset == .zero || place.offset.isConstant {
      setString(
        place, .terminated(length: unknownLength(place, at: value, &state)), zeroFrom: nil,
        &state)
    } else {
      setString(place, nil, zeroFrom: nil, &state)
    }
  }

  private mutating func unknownLength(
    _ place: StringPlace, at value: ValueID, _ state: inout State
  ) -> LinearForm {
    let symbol = universe.length(of: place.region, place.base)
    let high = place.extent.map { Int128(max($0 - 1, 0)) } ?? (1 << 62)
    define(symbol, SymbolFact(interval: Interval(0, high)), &state)
    return LinearForm(symbol)
  }

  /// Leaves a string of unknown length that ends within `count` bytes.
  private mutating func terminate(
    _ target: ValueID, _ count: LinearForm?, at value: ValueID, _ state: inout State
  ) {
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(target.index)]
    else { return }
    noteWrite(region, &state)
    state.forgetCells(region)
    guard let place = stringPlace(region, inside, offset), place.offset.isConstant else {
      state.removeStrings(in: region)
      return
    }
    if let count, bounds(count, state).interval.low < 1 {
      setString(place, nil, zeroFrom: nil, &state)
      return
    }
    let length = unknownLength(place, at: value, &state)
    if let count, let last = count.adding(constant: -1), place.offset == .zero,
      let symbol = length.singleTerm?.symbol
    {
      var fact = fact(symbol, state)
      fact.interval.high = max(min(fact.interval.high, bounds(last, state).interval.high), 0)
      setFact(symbol, fact, &state)
    }
    setString(place, .terminated(length: length), zeroFrom: nil, &state)
  }

  /// `strncpy`: terminated only where the source is shorter than the count.
  private mutating func copyBounded(
    to target: ValueID, from source: ValueID, _ count: LinearForm?, at value: ValueID,
    _ state: inout State
  ) {
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(target.index)]
    else { return }
    let text = lengthRange(source, &state)
    var length: LinearForm?
    if case .length(let known) = string(at: registers[Int(source.index)], &state) {
      length = known
    }
    noteWrite(region, &state)
    state.forgetCells(region)
    guard let place = stringPlace(region, inside, offset), let count else {
      state.removeStrings(in: region)
      return
    }
    let limit = bounds(count, state).interval
    let past = Int64(clamping: bounds(place.offset, state).interval.high + limit.high)
    let zeroFrom = raisedZeroFrom(
      state.string(region, place.base)?.zeroFrom, past: past, place.extent)
    clobberStrings(
      region, from: place.base,
      to: past.addingSaturating(place.base), &state)
    guard place.offset == .zero else { return setString(place, nil, zeroFrom: nil, &state) }
    if zeroFrom != nil || text.high < limit.low || isLess(length, count, state) {
      let known = text.high < limit.low || isLess(length, count, state) ? length : nil
      let end = known ?? unknownLength(place, at: value, &state)
      setString(place, .terminated(length: end), zeroFrom: zeroFrom, &state)
    } else if limit.low > 0 {
      setString(place, .unterminated(bytes: count, cause: value), zeroFrom: nil, &state)
    } else {
      setString(place, nil, zeroFrom: nil, &state)
    }
  }

  private func isLess(_ left: LinearForm?, _ right: LinearForm, _ state: State) -> Bool {
    guard let difference = left?.subtracting(right) else { return false }
    return bounds(difference, state).interval.high < 0
  }

  /// Fills with bytes from outside, which promise no terminator.
  private mutating func fillRaw(
    _ target: ValueID, _ count: LinearForm?, at value: ValueID, _ state: inout State
  ) {
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(target.index)]
    else { return }
    noteWrite(region, &state)
    state.forgetCells(region)
    guard let place = stringPlace(region, inside, offset), let count, place.offset == .zero else {
      state.removeStrings(in: region)
      return
    }
    let limit = bounds(count, state).interval
    let past = Int64(clamping: limit.high)
    let zeroFrom = raisedZeroFrom(
      state.string(region, place.base)?.zeroFrom, past: past, place.extent)
    clobberStrings(region, from: place.base, to: past.addingSaturating(place.base), &state)
    if zeroFrom != nil {
      let length = unknownLength(place, at: value, &state)
      setString(place, .terminated(length: length), zeroFrom: zeroFrom, &state)
    } else if let extent = place.extent, limit.low >= Int128(extent) {
      setString(place, .unterminated(bytes: count, cause: value), zeroFrom: nil, &state)
    } else {
      setString(place, nil, zeroFrom: nil, &state)
    }
  }
}

extension State {
  /// Forgets the scalars of a region, not its strings.
  mutating func forgetCells(_ region: Region) {
    removeCells(in: region, from: .min, to: .max)
  }
}
