// SPDX-License-Identifier: Apache-2.0

// What the string functions leave in their destination, and whether it has room for that. Lengths and
// counts are in elements, rooms in bytes.

import IR

extension Machine {
  /// The elements of the string at an address, without its terminator, as an interval.
  mutating func lengthRange(_ address: ValueID, _ state: inout State) -> Interval {
    let known = registers[Int(address.index)]
    let width = width(of: address)
    var range = Interval(0, 1 << 62)
    switch string(at: known, width: width, &state) {
    case .length(let length):
      range = bounds(length, state).interval
      range.low = max(range.low, 0)
    case .unterminated: return range
    case .unknown: break
    }
    if case .pointer(let region, let offset, let inside, _) = known,
      let place = stringPlace(region, inside, offset), let extent = place.extent
    {
      let start = max(bounds(place.offset, state).interval.low, 0)
      let room = (Int128(extent) - start) / Int128(width)
      range.high = min(range.high, max(room - 1, 0))
    }
    return range
  }

  /// `strcpy` and `strcat`.
  mutating func copyString(
    to target: ValueID, from source: ValueID, isAppended: Bool, at value: ValueID, argument: Int,
    _ state: inout State
  ) {
    let width = width(of: target)
    let copied = stringForCopy(registers[Int(source.index)], state)
    var length: LinearForm?
    if case .length(let known) = string(of: source, &state) { length = known }
    var start: LinearForm? = .zero
    var range = lengthRange(source, &state) + Interval(1)
    if isAppended {
      start = nil
      if case .length(let known) = string(of: target, &state) { start = known }
      range = range + Interval(lengthRange(target, &state).low)
      if let start {
        range.high += bounds(start, state).interval.high - bounds(start, state).interval.low
      }
    }
    let end = start.flatMap { start in length.flatMap { start.adding($0) } }
    let need = end.flatMap { $0.adding(constant: 1) }?.scaled(by: width)
    checkFit(
      target, need, range * Int128(width), conversion: "", text: source, at: value,
      argument: argument, &state)
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(target.index)]
    else { return }
    noteWrite(region, &state)
    let reach = bounds(offset, state).interval
    let past = Int64(clamping: reach.high + range.high * Int128(width))
    state.removeCells(in: region, from: Int64(clamping: reach.low), to: past)
    let before = stringPlace(region, inside, offset).flatMap { state.string(region, $0.base) }
    clobberStrings(region, from: Int64(clamping: reach.low), to: past, &state)
    guard let place = stringPlace(region, inside, offset) else { return }
    let external = copied.external ?? (isAppended ? before?.external : nil)
    if place.offset == .zero, let end {
      setString(
        place, .terminated(length: end), zeroFrom: nil, width: width, external: external, &state)
    } else if place.offset == .zero || place.offset.isConstant {
      setString(
        place, .terminated(length: unknownLength(place, width: width, &state)), zeroFrom: nil,
        width: width, external: external ?? before?.external, &state)
    } else {
      setString(
        place, nil, zeroFrom: nil, width: width, external: external ?? before?.external, &state)
    }
  }

  /// Leaves a string of unknown length that ends within `count` elements.
  mutating func terminate(_ target: ValueID, _ count: LinearForm?, _ state: inout State) {
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
    let width = width(of: target)
    let length = unknownLength(place, width: width, &state)
    if let count, let start = place.offset.divided(exactlyBy: width),
      let last = count.adding(constant: -1)?.adding(start),
      let symbol = length.singleTerm?.symbol
    {
      var fact = fact(symbol, state)
      fact.interval.high = max(min(fact.interval.high, bounds(last, state).interval.high), 0)
      setFact(symbol, fact, &state)
    }
    setString(place, .terminated(length: length), zeroFrom: nil, width: width, &state)
  }

  /// Notes that text from outside came to where an address points.
  mutating func markExternal(_ target: ValueID, by cause: ValueID, _ state: inout State) {
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(target.index)],
      let place = stringPlace(region, inside, offset)
    else { return }
    var fact =
      state.string(region, place.base)
      ?? StringFact(region: region, base: place.base, extent: place.extent ?? .max)
    fact.external = cause
    state.setString(fact)
  }

  /// `strncpy`: terminated only where the source is shorter than the count.
  mutating func copyBounded(
    to target: ValueID, from source: ValueID, _ count: LinearForm?, at value: ValueID,
    argument: Int, _ state: inout State
  ) {
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(target.index)]
    else { return }
    let width = width(of: target)
    readFirst(of: source, count, at: value, argument: argument + 1, state)
    let text = lengthRange(source, &state)
    checkBound(
      target, count, content: Content(need: text + Interval(1), source: source, isPadded: true),
      at: value, argument: argument, &state)
    let copied = stringForCopy(registers[Int(source.index)], state)
    var length: LinearForm?
    if case .length(let known) = string(of: source, &state) { length = known }
    noteWrite(region, &state)
    state.forgetCells(region)
    guard let place = stringPlace(region, inside, offset), let count else {
      state.removeStrings(in: region)
      return
    }
    let limit = bounds(count, state).interval
    let past = Int64(
      clamping: bounds(place.offset, state).interval.high + limit.high * Int128(width))
    let before = state.string(region, place.base)
    let zeroFrom = raisedZeroFrom(before?.zeroFrom, past: past, place.extent)
    clobberStrings(region, from: place.base, to: past.addingSaturating(place.base), &state)
    let filled = Int64(clamping: max(min(text.low, limit.low), 0))
    var string: StringState?
    guard place.offset == .zero else {
      return setString(
        place, nil, zeroFrom: nil, width: width, external: copied.external ?? before?.external,
        &state)
    }
    if zeroFrom != nil || text.high < limit.low || isLess(length, count, state) {
      let known = text.high < limit.low || isLess(length, count, state) ? length : nil
      string = .terminated(
        length: known ?? unknownLength(place, width: width, filled: filled, &state))
    } else if limit.low > 0, let bytes = count.scaled(by: width) {
      string = .unterminated(bytes: bytes, cause: value)
    }
    setString(
      place, string, zeroFrom: zeroFrom, width: width, filled: filled, external: copied.external,
      &state)
  }

  /// Whether a character goes behind text that fills its array, as a terminator would.
  func endsFullText(_ address: ValueID, size: Int64, _ state: State) -> Bool {
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(address.index)],
      !state.strings.isEmpty, let place = stringPlace(region, inside, offset),
      let extent = place.extent, place.offset == LinearForm(constant: extent),
      let fact = state.string(region, place.base), fact.width == size,
      case .unterminated(let bytes, _)? = fact.string
    else { return false }
    return bounds(bytes, state).interval.low >= Int128(extent)
  }

  /// The length of a string as a form.
  mutating func exactLength(_ address: ValueID, _ state: inout State) -> LinearForm? {
    guard case .length(let length) = string(of: address, &state) else { return nil }
    return length
  }

  /// The first element of a source is read whatever follows.
  private mutating func readFirst(
    of source: ValueID, _ count: LinearForm?, at value: ValueID, argument: Int, _ state: State
  ) {
    guard let count, bounds(count, state).interval.low > 0 else { return }
    access(
      source, LinearForm(constant: width(of: source)), isWrite: false, at: value,
      argument: argument, state)
  }

  private func isLess(_ left: LinearForm?, _ right: LinearForm, _ state: State) -> Bool {
    guard let difference = left?.subtracting(right) else { return false }
    return bounds(difference, state).interval.high < 0
  }

  /// `strncat`: appends at most `count` elements and a terminator.
  mutating func appendBounded(
    to target: ValueID, from source: ValueID, _ count: LinearForm?, at value: ValueID,
    argument: Int, _ state: inout State
  ) {
    readFirst(of: source, count, at: value, argument: argument + 1, state)
    let text = lengthRange(source, &state)
    var start: LinearForm?
    if case .length(let known) = string(of: target, &state) { start = known }
    let before = lengthRange(target, &state)
    let bound = count.flatMap { count in
      start.flatMap { $0.adding(count) }?.adding(constant: 1)
    }
    let length = exactLength(source, &state)
    let content = Content(
      need: text + before + Interval(1), source: source, isPadded: false,
      exact: length.flatMap { start?.adding($0) }?.adding(constant: 1), isAppended: true)
    checkBound(target, bound, content: content, at: value, argument: argument, &state)
    let copied = stringForCopy(registers[Int(source.index)], state)
    let old = stringForCopy(registers[Int(target.index)], state)
    var end: LinearForm?
    if let count, case .length(let length) = string(of: source, &state),
      let start, isLess(length, count, state) || text.high <= bounds(count, state).interval.low
    {
      end = start.adding(length)
    }
    terminate(target, nil, &state)
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(target.index)],
      let place = stringPlace(region, inside, offset)
    else { return }
    if place.offset == .zero, let end {
      setString(place, .terminated(length: end), zeroFrom: nil, width: width(of: target), &state)
    }
    if let cause = copied.external ?? old.external { markExternal(target, by: cause, &state) }
  }

  /// `strlcpy`: as much as fits, and a terminator.
  mutating func copyTerminated(
    to target: ValueID, from source: ValueID, _ count: LinearForm?, at value: ValueID,
    argument: Int, _ state: inout State
  ) {
    let text = lengthRange(source, &state)
    let content = Content(
      need: text + Interval(1), source: source, isPadded: false,
      exact: exactLength(source, &state)?.adding(constant: 1))
    checkBound(target, count, content: content, at: value, argument: argument, &state)
    let copied = stringForCopy(registers[Int(source.index)], state)
    var length: LinearForm?
    if let count, case .length(let known) = string(of: source, &state),
      isLess(known, count, state) || text.high < bounds(count, state).interval.low
    {
      length = known
    }
    terminate(target, count, &state)
    if let length,
      case .pointer(let region, let offset, let inside, _) =
        registers[Int(target.index)], let place = stringPlace(region, inside, offset),
      place.offset == .zero
    {
      setString(
        place, .terminated(length: length), zeroFrom: nil, width: width(of: target), &state)
    }
    if let cause = copied.external { markExternal(target, by: cause, &state) }
  }

  /// Fills with bytes from outside, which promise no terminator.
  mutating func fillRaw(
    _ target: ValueID, _ count: LinearForm?, at value: ValueID, _ state: inout State
  ) {
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(target.index)]
    else { return }
    noteWrite(region, &state)
    let written = reach(of: offset, inside, count, state)
    state.removeCells(in: region, from: written.low, to: written.high)
    guard let place = stringPlace(region, inside, offset), let count else {
      state.removeStrings(in: region)
      return
    }
    guard place.offset == .zero else {
      setString(place, nil, zeroFrom: nil, external: value, &state)
      return
    }
    let limit = bounds(count, state).interval
    let past = Int64(clamping: limit.high)
    let zeroFrom = raisedZeroFrom(
      state.string(region, place.base)?.zeroFrom, past: past, place.extent)
    clobberStrings(region, from: place.base, to: past.addingSaturating(place.base), &state)
    var string: StringState?
    if zeroFrom != nil {
      string = .terminated(length: unknownLength(place, width: 1, &state))
    } else if let extent = place.extent, limit.low >= Int128(extent) {
      string = .unterminated(bytes: count, cause: value)
    }
    setString(place, string, zeroFrom: zeroFrom, external: value, &state)
  }
}

extension State {
  /// Forgets the scalars of a region, not its strings.
  mutating func forgetCells(_ region: Region) {
    removeCells(in: region, from: .min, to: .max)
  }
}
