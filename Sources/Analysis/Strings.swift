// SPDX-License-Identifier: Apache-2.0

// Where the first terminator of a byte array lies, or that it may lack one. Facts are kept by array:
// a member array by its own start, every other region by its start.

import IR

/// A string as a call sees it.
enum StringView {
  /// Terminated; the length in bytes from the pointer on.
  case length(LinearForm)
  /// Can be without a terminator in that many bytes from the start of its array.
  case unterminated(bytes: LinearForm, cause: ValueID)
  /// Nothing is known.
  case unknown
}

/// The array that a pointer points into, at a constant place of its region.
struct StringPlace {
  var region: Region
  /// Start of the array in the region.
  var base: Int64
  /// Bytes of the array, where they are known.
  var extent: Int64?
  /// Where the pointer points, from the start of the array.
  var offset: LinearForm
}

extension Machine {
  /// The array that a pointer points into.
  func stringPlace(_ region: Region, _ inside: SubObject, _ offset: LinearForm) -> StringPlace? {
    if isChoice(region) { return nil }
    if inside != .none {
      let array = universe[inside]
      guard array.base.isConstant, let inner = offset.adding(constant: -array.base.constant) else {
        return nil
      }
      return StringPlace(
        region: region, base: array.base.constant, extent: array.size, offset: inner)
    }
    let size = universe[region].size
    return StringPlace(
      region: region, base: 0, extent: size.flatMap { $0.isConstant ? $0.constant : nil },
      offset: offset)
  }

  /// The string that starts at an address; an unknown one gets a name for its length.
  mutating func string(at address: AbstractValue, _ state: inout State) -> StringView {
    if case .pointer(let region, _, _, _) = address, isChoice(region) {
      return anyString(at: address, region, &state)
    }
    guard case .pointer(let region, let offset, let inside, _) = address,
      let place = stringPlace(region, inside, offset)
    else { return .unknown }
    if case .literal(let id) = universe[region].kind, place.offset.isConstant {
      let literal = module.literals[id]
      let start = place.offset.constant
      guard literal.elementSize == 1, start >= 0, start < literal.bytes.count else {
        return .unknown
      }
      let rest = literal.bytes[Int(start)...]
      guard let end = rest.firstIndex(of: 0) else { return .unknown }
      return .length(LinearForm(constant: Int64(end - rest.startIndex)))
    }
    switch state.string(region, place.base)?.string {
    case .terminated(let length):
      guard let rest = length.subtracting(place.offset), bounds(rest, state).interval.low >= 0
      else { return .unknown }
      return .length(rest)
    case .unterminated(let bytes, let cause): return .unterminated(bytes: bytes, cause: cause)
    case nil:
      if state.string(region, place.base)?.zeroFrom != nil { return .unknown }
      guard place.offset == .zero else { return .unknown }
      let symbol = universe.length(of: region, place.base)
      let high = place.extent.map { Int128(max($0 - 1, 0)) } ?? (1 << 62)
      define(symbol, SymbolFact(interval: Interval(0, high)), &state)
      setString(place, .terminated(length: LinearForm(symbol)), zeroFrom: nil, &state)
      return .length(LinearForm(symbol))
    }
  }

  /// What the strings of several objects have in common, for a joined state.
  private mutating func anyString(
    at address: AbstractValue, _ choice: Region, _ state: inout State
  ) -> StringView {
    guard mode == .explore, case .pointer(_, let offset, _, let mayBeNull) = address else {
      return .unknown
    }
    var hull: SymbolFact?
    for alternative in universe.alternatives(of: choice, .none) {
      let one = AbstractValue.pointer(
        alternative.region, offset: offset, inside: alternative.inside, mayBeNull: mayBeNull)
      switch string(at: one, &state) {
      case .unterminated(let bytes, let cause): return .unterminated(bytes: bytes, cause: cause)
      case .unknown: return .unknown
      case .length(let length):
        let known = bounds(length, state)
        hull = hull.map { self.hull($0, known) } ?? known
      }
    }
    guard let hull else { return .unknown }
    let symbol = universe.length(of: choice, 0)
    define(symbol, hull, &state)
    return .length(LinearForm(symbol))
  }

  /// What is known of a source before a copy, without naming anything new.
  func stringForCopy(_ source: AbstractValue, _ state: State) -> StringView {
    guard case .pointer(let region, let offset, let inside, _) = source,
      let place = stringPlace(region, inside, offset), place.offset.isConstant
    else { return .unknown }
    if case .literal(let id) = universe[region].kind {
      let bytes = module.literals[id].bytes
      let start = place.offset.constant
      guard module.literals[id].elementSize == 1, start >= 0, start < bytes.count,
        let end = bytes[Int(start)...].firstIndex(of: 0)
      else { return .unknown }
      return .length(LinearForm(constant: Int64(end) - start))
    }
    guard case .terminated(let length)? = state.string(region, place.base)?.string,
      let rest = length.subtracting(place.offset), bounds(rest, state).interval.low >= 0
    else { return .unknown }
    return .length(rest)
  }

  func setString(
    _ place: StringPlace, _ string: StringState?, zeroFrom: Int64?, _ state: inout State
  ) {
    state.setString(
      StringFact(
        region: place.region, base: place.base, extent: place.extent ?? .max, string: string,
        zeroFrom: zeroFrom))
  }

  // MARK: Writes

  /// Writes one byte, known or not.
  mutating func storeByte(
    _ region: Region, _ inside: SubObject, _ offset: LinearForm, _ byte: Int64?, at value: ValueID,
    _ state: inout State
  ) {
    guard let place = stringPlace(region, inside, offset) else {
      state.removeStrings(in: region)
      return
    }
    let reach = bounds(place.offset, state).interval
    let start = Int64(clamping: reach.low)
    let end = Int64(clamping: reach.high + 1)
    dropOverlapping(place, from: start, to: end, &state)
    let fact = state.string(region, place.base)
    if byte == 0 {
      let high = min(reach.high, Int128(place.extent.map { $0 - 1 } ?? .max))
      guard reach.low >= 0, high >= 0 else {
        setString(place, nil, zeroFrom: fact?.zeroFrom, &state)
        return
      }
      let low: Int128
      switch fact?.string {
      case .terminated(let length)?:
        let known = bounds(length, state).interval
        if known.high <= reach.low { return }
        low = min(known.low, reach.low)
      default: low = 0
      }
      let symbol = universe.symbol(of: value, range: .everything)
      define(symbol, SymbolFact(interval: Interval(low, max(high, low))), &state)
      setString(
        place, .terminated(length: LinearForm(symbol)), zeroFrom: fact?.zeroFrom, &state)
      return
    }
    guard var fact else { return }
    fact.zeroFrom = raisedZeroFrom(fact.zeroFrom, past: end, place.extent)
    switch fact.string {
    case .terminated(let length)?:
      let known = bounds(length, state).interval
      // Overwriting before the terminator keeps it, unless the byte may be a terminator itself.
      let isBefore = reach.high < known.low && byte != nil
      let isAfter = reach.low > known.high
      if !isBefore && !isAfter { fact.string = nil }
    case .unterminated?:
      if byte == nil { fact.string = nil }
    case nil: break
    }
    state.setString(fact)
  }

  /// Where the zeros at the end of an array start after a write that ends at `end`.
  func raisedZeroFrom(_ zeroFrom: Int64?, past end: Int64, _ extent: Int64?) -> Int64? {
    guard let zeroFrom, let extent else { return nil }
    let raised = max(zeroFrom, end)
    return raised < extent ? raised : nil
  }

  /// Forgets strings of other arrays of the region that a write may touch.
  private func dropOverlapping(
    _ place: StringPlace, from start: Int64, to end: Int64, _ state: inout State
  ) {
    state.strings.removeAll { fact in
      fact.region == place.region && fact.base != place.base
        && overlaps(fact, start.addingSaturating(place.base), end.addingSaturating(place.base))
    }
  }

  private func overlaps(_ fact: StringFact, _ start: Int64, _ end: Int64) -> Bool {
    start < fact.base.addingSaturating(fact.extent) && fact.base < end
  }

  /// Forgets strings that a write of unknown bytes may touch; `start..<end` counts in the region.
  mutating func clobberStrings(
    _ region: Region, from start: Int64, to end: Int64, _ state: inout State
  ) {
    for fact in state.strings where fact.region == region && overlaps(fact, start, end) {
      let from = start.addingSaturating(-fact.base)
      let past = end.addingSaturating(-fact.base)
      var fact = fact
      fact.zeroFrom = raisedZeroFrom(
        fact.zeroFrom, past: past, fact.extent == .max ? nil : fact.extent)
      if case .terminated(let length)? = fact.string,
        bounds(length, state).interval.high < Int128(from)
      {
        // The terminator lies before the write.
      } else {
        fact.string = nil
      }
      state.setString(fact)
    }
  }

  /// A copy of `size` bytes of a string, or of unknown bytes.
  mutating func copyString(
    _ target: Region, _ inside: SubObject, _ offset: LinearForm, _ text: StringView,
    _ size: LinearForm, at value: ValueID, _ state: inout State
  ) {
    guard let place = stringPlace(target, inside, offset) else {
      state.removeStrings(in: target)
      return
    }
    let reach = bounds(place.offset, state).interval
    let length = bounds(size, state).interval
    let end = Int64(clamping: reach.high + max(length.high, 0))
    let zeroFrom = raisedZeroFrom(
      state.string(target, place.base)?.zeroFrom, past: end, place.extent)
    clobberStrings(
      target, from: Int64(clamping: reach.low).addingSaturating(place.base),
      to: end.addingSaturating(place.base), &state)
    guard place.offset == .zero, case .length(let known) = text else {
      if state.string(target, place.base) != nil, zeroFrom != nil {
        setString(place, state.string(target, place.base)?.string, zeroFrom: zeroFrom, &state)
      }
      return
    }
    if let rest = size.subtracting(known), bounds(rest, state).interval.low > 0 {
      setString(place, .terminated(length: known), zeroFrom: zeroFrom, &state)
    } else if zeroFrom == nil, let rest = size.subtracting(known),
      bounds(rest, state).interval.high <= 0
    {
      setString(place, .unterminated(bytes: size, cause: value), zeroFrom: nil, &state)
    }
  }

  /// Zeroes `size` bytes: every byte array in them is an empty string with zeros behind.
  mutating func zeroFill(
    _ address: AbstractValue, _ size: LinearForm, type: TypeID?, at value: ValueID,
    _ state: inout State
  ) {
    guard case .pointer(let region, let offset, let inside, _) = address else { return }
    noteWrite(region, &state)
    let reach = bounds(offset, state).interval
    let length = bounds(size, state).interval
    let end = Int64(clamping: reach.high + max(length.high, 0))
    state.removeCells(in: region, from: Int64(clamping: reach.low), to: end)
    clobberStrings(region, from: Int64(clamping: reach.low), to: end, &state)
    guard offset.isConstant, size.isConstant, let place = stringPlace(region, inside, offset) else {
      return
    }
    let reachesEnd = place.extent.map { place.offset.constant + size.constant >= $0 } ?? false
    if let type, case .record = module.types[type].kind {
      // The members are arrays of their own.
    } else if place.offset == .zero {
      setString(
        place, .terminated(length: .zero), zeroFrom: reachesEnd ? 0 : nil, &state)
    } else if reachesEnd, place.offset.constant > 0 {
      let known = state.string(region, place.base)?.string
      setString(place, known, zeroFrom: place.offset.constant, &state)
    }
    if let type {
      zeroMembers(region, type, at: offset.constant, end: offset.constant + size.constant, &state)
    }
  }

  private func zeroMembers(
    _ region: Region, _ type: TypeID, at start: Int64, end: Int64, _ state: inout State
  ) {
    guard case .record(let id) = module.types[type].kind else { return }
    for index in module.records[id].fields.indices {
      let field = module.fields.rows[index]
      let fieldType = module.types[field.type]
      let at = start + Int64(clamping: field.byteOffset)
      let size = Int64(clamping: fieldType.size)
      guard at + size <= end else { continue }
      switch fieldType.kind {
      case .record: zeroMembers(region, field.type, at: at, end: end, &state)
      case .array(let element, _) where module.types[element].size == 1:
        state.setString(
          StringFact(
            region: region, base: at, extent: size, string: .terminated(length: .zero), zeroFrom: 0)
        )
      default: break
      }
    }
  }
}

extension Int64 {
  /// The sum, or the nearest number that fits.
  func addingSaturating(_ other: Int64) -> Int64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? (other > 0 ? .max : .min) : sum
  }
}
