// SPDX-License-Identifier: Apache-2.0

// Where the first terminator of an array of characters lies, or that it may lack one. Facts are kept by
// array: a member array by its own start, every other region by its start. Places and extents count
// bytes; the length of a string counts elements, which are wider than a byte in wide strings.

import IR

/// A string as a call sees it.
enum StringView {
  /// Terminated; the length in elements from the pointer on.
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

/// What a copy takes along from its source.
struct CopiedText {
  /// Bytes of an element.
  var width: Int64 = 1
  /// Elements before the terminator, where that is known.
  var length: LinearForm?
  /// So many elements at the start are not zero.
  var filled: Int64 = 0
  /// The call that the text came from outside by.
  var external: ValueID?
}

extension Machine {
  /// The array that a pointer points into.
  func stringPlace(_ region: Region, _ inside: SubObject, _ offset: LinearForm) -> StringPlace? {
    if isChoice(region) { return nil }
    if let array = universe.fixedArray(inside) {
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

  /// Bytes of an element of what an address points to: 2 or 4 for wide characters, else 1.
  func width(of address: ValueID) -> Int64 {
    guard case .pointer(let pointee) = type(of: address).kind else { return 1 }
    let element = module.types[pointee]
    return element.isInteger && (element.size == 2 || element.size == 4) ? Int64(element.size) : 1
  }

  /// The string that an argument points to.
  mutating func string(of address: ValueID, _ state: inout State) -> StringView {
    string(at: registers[Int(address.index)], width: width(of: address), &state)
  }

  /// The string that starts at an address; an unknown one gets a name for its length.
  mutating func string(
    at address: AbstractValue, width: Int64, _ state: inout State
  ) -> StringView {
    if case .pointer(let region, _, _, _) = address, isChoice(region) {
      return anyString(at: address, region, width: width, &state)
    }
    guard case .pointer(let region, let offset, let inside, _) = address,
      let place = stringPlace(region, inside, offset),
      let start = place.offset.divided(exactlyBy: width)
    else { return .unknown }
    if case .literal(let id) = universe[region].kind {
      return literalLength(id, from: start, width: width).map { .length($0) } ?? .unknown
    }
    let fact = state.string(region, place.base)
    if let fact, fact.width != width, fact.string != nil || fact.filled > 0 {
      return fact.zeroFrom == 0 && start == .zero ? .length(.zero) : .unknown
    }
    switch fact?.string {
    case .terminated(let length)?:
      guard let rest = length.subtracting(start), bounds(rest, state).interval.low >= 0
      else { return .unknown }
      return .length(rest)
    case .unterminated(let bytes, let cause)?:
      if start == .zero, let length = toldLength(of: place, width: width, state) {
        setString(
          place, .terminated(length: length), zeroFrom: nil, width: width,
          external: fact?.external, &state)
        return .length(length)
      }
      return .unterminated(bytes: bytes, cause: cause)
    case nil:
      if fact?.zeroFrom != nil { return .unknown }
      guard start == .zero else { return .unknown }
      let length = unknownLength(place, width: width, filled: fact?.filled ?? 0, &state)
      setString(
        place, .terminated(length: length), zeroFrom: nil, width: width,
        filled: fact?.filled ?? 0, external: fact?.external, &state)
      return .length(length)
    }
  }

  /// The length of a string as a bounded search has answered it: `strnlen(text, size)` is less than `size` only
  /// where there is a terminator.
  private mutating func toldLength(
    of place: StringPlace, width: Int64, _ state: State
  ) -> LinearForm? {
    if measuringCalls == nil {
      measuringCalls = body.instructions.rows.indices.compactMap { row in
        switch model(of: ValueID(row))?.result {
        case .lengthUpTo, .copiedLength: ValueID(row)
        default: nil
        }
      }
    }
    for call in measuringCalls ?? [] {
      guard let length = form(call), case .call(let id) = operation(call) else { continue }
      let arguments = Array(body.values(body.calls[id].arguments))
      guard let (index, count) = measured(by: call), index < arguments.count,
        self.width(of: arguments[index]) == width,
        case .pointer(let region, let offset, let inside, _) =
          registers[Int(arguments[index].index)],
        let other = stringPlace(region, inside, offset), other.region == place.region,
        other.base == place.base, other.offset == place.offset,
        let limit = size(count, arguments, about: index),
        let difference = length.subtracting(limit), bounds(difference, state).interval.high < 0,
        bounds(length, state).interval.low >= 0
      else { continue }
      return length
    }
    return nil
  }

  /// The argument whose length a call answers, and the most that it looks at.
  private func measured(by call: ValueID) -> (index: Int, limit: ModelSize)? {
    switch model(of: call)?.result {
    case .lengthUpTo(let index, let limit), .copiedLength(let index, let limit): (index, limit)
    default: nil
    }
  }

  /// What the strings of several objects have in common, for a joined state.
  private mutating func anyString(
    at address: AbstractValue, _ choice: Region, width: Int64, _ state: inout State
  ) -> StringView {
    guard mode == .explore, case .pointer(_, let offset, _, let mayBeNull) = address else {
      return .unknown
    }
    var hull: SymbolFact?
    for alternative in universe.alternatives(of: choice, .none) {
      let one = AbstractValue.pointer(
        alternative.region, offset: offset, inside: alternative.inside, mayBeNull: mayBeNull)
      switch string(at: one, width: width, &state) {
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

  /// A new name for the length of the string at a place.
  mutating func unknownLength(
    _ place: StringPlace, width: Int64, filled: Int64 = 0, _ state: inout State
  ) -> LinearForm {
    let symbol = universe.length(of: place.region, place.base)
    let high = place.extent.map { Int128(max($0 / width - 1, 0)) } ?? (1 << 62) / Int128(width)
    define(symbol, SymbolFact(interval: Interval(min(Int128(filled), high), high)), &state)
    return LinearForm(symbol)
  }

  /// Elements of a literal before its first zero.
  private func literalLength(
    _ id: LiteralID, from start: LinearForm, width: Int64
  ) -> LinearForm? {
    let literal = module.literals[id]
    let size = Int(literal.elementSize)
    guard Int64(size) == width, start.isConstant, start.constant >= 0,
      start.constant < literal.bytes.count / size
    else { return nil }
    var index = Int(start.constant)
    while (index + 1) * size <= literal.bytes.count {
      if literal.bytes[(index * size)..<((index + 1) * size)].allSatisfy({ $0 == 0 }) {
        return LinearForm(constant: Int64(index) - start.constant)
      }
      index += 1
    }
    return nil
  }

  /// What is known of a source before a copy, without naming anything new.
  func stringForCopy(_ source: AbstractValue, _ state: State) -> CopiedText {
    var text = CopiedText()
    guard case .pointer(let region, let offset, let inside, _) = source,
      let place = stringPlace(region, inside, offset), place.offset.isConstant
    else { return text }
    if case .literal(let id) = universe[region].kind {
      text.width = Int64(module.literals[id].elementSize)
      text.length = place.offset.divided(exactlyBy: text.width).flatMap {
        literalLength(id, from: $0, width: text.width)
      }
      return text
    }
    guard let fact = state.string(region, place.base),
      let start = place.offset.divided(exactlyBy: fact.width)
    else { return text }
    text.width = fact.width
    text.external = fact.external
    text.filled = max(fact.filled - start.constant, 0)
    if case .terminated(let length)? = fact.string, let rest = length.subtracting(start),
      bounds(rest, state).interval.low >= 0
    {
      text.length = rest
    }
    return text
  }

  func setString(
    _ place: StringPlace, _ string: StringState?, zeroFrom: Int64?, width: Int64 = 1,
    filled: Int64 = 0, external: ValueID? = nil, _ state: inout State
  ) {
    state.setString(
      StringFact(
        region: place.region, base: place.base, extent: place.extent ?? .max, width: width,
        string: string, zeroFrom: zeroFrom, filled: filled, external: external))
  }

  // MARK: Writes

  /// Writes one element, known or not.
  mutating func storeElement(
    _ region: Region, _ inside: SubObject, _ offset: LinearForm, _ element: Int64?, width: Int64,
    at value: ValueID, _ state: inout State
  ) {
    guard let place = stringPlace(region, inside, offset) else {
      state.removeStrings(in: region)
      return
    }
    let bytes = bounds(place.offset, state).interval
    let start = Int64(clamping: bytes.low)
    let end = Int64(clamping: bytes.high + Int128(width))
    dropOverlapping(place, from: start, to: end, &state)
    let reach = Interval(
      floorDivide(bytes.low, Int128(width)), floorDivide(bytes.high, Int128(width)))
    var fact = state.string(region, place.base)
    if let known = fact, known.width != width {
      fact?.string = nil
      fact?.filled = 0
      fact?.width = width
    }
    if element == 0 {
      let high = min(reach.high, Int128(place.extent.map { $0 / width - 1 } ?? .max))
      guard reach.low >= 0, high >= 0 else {
        setString(place, nil, zeroFrom: fact?.zeroFrom, width: width, &state)
        return
      }
      let filled = min(Int128(fact?.filled ?? 0), reach.low)
      let low: Int128
      switch fact?.string {
      case .terminated(let length)?:
        let known = bounds(length, state).interval
        if known.high <= reach.low { return }
        low = min(known.low, reach.low)
      default: low = filled
      }
      let most = max(high, low)
      var length = LinearForm(constant: Int64(clamping: low))
      if low < most {
        let symbol = universe.symbol(of: value, range: .everything)
        define(symbol, SymbolFact(interval: Interval(low, most)), &state)
        length = LinearForm(symbol)
      }
      setString(
        place, .terminated(length: length), zeroFrom: fact?.zeroFrom, width: width,
        filled: Int64(filled), external: fact?.external, &state)
      return
    }
    guard var fact else { return }
    fact.zeroFrom = raisedZeroFrom(fact.zeroFrom, past: end, place.extent)
    switch fact.string {
    case .terminated(let length)?:
      let known = bounds(length, state).interval
      // Overwriting before the terminator keeps it, unless the element may be a terminator itself.
      let isBefore = reach.high < known.low && element != nil
      let isAfter = reach.low > known.high
      if !isBefore && !isAfter { fact.string = nil }
    case .unterminated?:
      if element == nil { fact.string = nil }
    case nil: break
    }
    if element == nil {
      fact.filled = min(fact.filled, Int64(clamping: max(reach.low, 0)))
    } else if place.offset.isConstant, reach.low == Int128(fact.filled) {
      fact.filled += 1
    }
    state.setString(fact)
  }

  /// Whether a store of that many bytes is one of a wide character: the array is known as a wide string,
  /// or a zero goes into an array of a unit that has wide literals or hands wide strings to the library.
  mutating func isWideElement(
    _ region: Region, _ inside: SubObject, _ offset: LinearForm, size: Int64, isZero: Bool,
    _ state: State
  ) -> Bool {
    guard size == 2 || size == 4, let place = stringPlace(region, inside, offset) else {
      return false
    }
    if let fact = state.string(region, place.base), fact.string != nil || fact.filled > 0 {
      return fact.width == size
    }
    guard isZero, place.extent.map({ $0 > size }) ?? true else { return false }
    if wideLiterals == nil {
      wideLiterals =
        module.literals.rows.first { $0.elementSize > 1 }.map { Int64($0.elementSize) }
        ?? wideArgument ?? 0
    }
    return wideLiterals == size
  }

  /// Bytes of an element of the wide strings that library functions of the unit take; `nil` without any.
  private var wideArgument: Int64? {
    for (row, function) in module.functions.rows.enumerated() where row < models.count {
      let parameters = module.signatures[function.signature].parameters
      for effect in models[row]?.effects ?? [] {
        switch effect {
        case .string(let index), .copyString(_, let index), .appendString(_, let index),
          .copyBounded(_, let index, _), .appendBounded(_, let index, _):
          guard index < parameters.count,
            case .pointer(let pointee) = module.types[parameters[index]].kind
          else { continue }
          let element = module.types[pointee]
          if element.isInteger, element.size > 1 { return Int64(element.size) }
        default: break
        }
      }
    }
    return nil
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
        bounds(length, state).interval.high * Int128(fact.width) < Int128(from)
      {
        // The terminator lies before the write.
      } else {
        fact.string = nil
        if from <= 0 { fact.external = nil }
      }
      fact.filled = min(fact.filled, max(from, 0) / fact.width)
      state.setString(fact)
    }
  }

  /// A copy of `size` bytes of a string, or of unknown bytes.
  mutating func copyString(
    _ target: Region, _ inside: SubObject, _ offset: LinearForm, _ text: CopiedText,
    _ size: LinearForm, at value: ValueID, _ state: inout State
  ) {
    guard let place = stringPlace(target, inside, offset) else {
      state.removeStrings(in: target)
      return
    }
    let reach = bounds(place.offset, state).interval
    let count = bounds(size, state).interval
    let end = Int64(clamping: reach.high + max(count.high, 0))
    let known = state.string(target, place.base)
    let zeroFrom = raisedZeroFrom(known?.zeroFrom, past: end, place.extent)
    clobberStrings(
      target, from: Int64(clamping: reach.low).addingSaturating(place.base),
      to: end.addingSaturating(place.base), &state)
    let width = text.width
    guard place.offset == .zero else {
      if let old = state.string(target, place.base), zeroFrom != nil || text.external != nil {
        setString(
          place, old.string, zeroFrom: zeroFrom, width: old.width, filled: old.filled,
          external: old.external ?? text.external, &state)
      } else if text.external != nil {
        setString(place, nil, zeroFrom: nil, width: width, external: text.external, &state)
      }
      return
    }
    var string: StringState?
    let filled = max(
      min(text.filled, Int64(clamping: floorDivide(max(count.low, 0), Int128(width)))), 0)
    if let length = text.length, let bytes = length.scaled(by: width),
      let rest = size.subtracting(bytes)
    {
      let over = bounds(rest, state).interval
      if over.low > 0 {
        string = .terminated(length: length)
      } else if zeroFrom == nil, over.high <= 0 {
        string = .unterminated(bytes: size, cause: value)
      }
    } else if filled > 0, zeroFrom == nil, let extent = place.extent, filled * width >= extent {
      string = .unterminated(bytes: size, cause: value)
    }
    if string == nil, zeroFrom != nil {
      string = .terminated(length: unknownLength(place, width: width, filled: filled, &state))
    }
    setString(
      place, string, zeroFrom: zeroFrom, width: width, filled: filled, external: text.external,
      &state)
  }

  /// Sets `size` bytes to elements that are not zero.
  mutating func fillNonZero(
    _ target: ValueID, _ size: LinearForm, at value: ValueID, _ state: inout State
  ) {
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(target.index)]
    else { return }
    noteWrite(region, &state)
    let width = width(of: target)
    let reach = bounds(offset, state).interval
    let count = bounds(size, state).interval
    let end = Int64(clamping: reach.high + max(count.high, 0))
    state.removeCells(in: region, from: Int64(clamping: reach.low), to: end)
    let place = stringPlace(region, inside, offset)
    let zeroFrom = place.flatMap {
      raisedZeroFrom(state.string(region, $0.base)?.zeroFrom, past: end - $0.base, $0.extent)
    }
    clobberStrings(region, from: Int64(clamping: reach.low), to: end, &state)
    guard let place, place.offset == .zero else { return }
    let filled = Int64(clamping: floorDivide(max(count.low, 0), Int128(width)))
    if let extent = place.extent, filled * width >= extent {
      setString(
        place, .unterminated(bytes: size, cause: value), zeroFrom: nil, width: width,
        filled: filled, &state)
    } else {
      setString(place, nil, zeroFrom: zeroFrom, width: width, filled: filled, &state)
    }
  }

  /// Zeroes `size` bytes: every byte array in them is an empty string with zeros behind.
  mutating func zeroFill(
    _ address: AbstractValue, _ size: LinearForm, type: TypeID?, at value: ValueID,
    _ state: inout State
  ) {
    guard case .pointer(let region, let offset, let inside, _) = address else { return }
    noteWrite(region, &state)
    copyInput(to: address, from: .unknown, size, &state)
    let reach = bounds(offset, state).interval
    let length = bounds(size, state).interval
    let end = Int64(clamping: reach.high + max(length.high, 0))
    state.removeCells(in: region, from: Int64(clamping: reach.low), to: end)
    clobberStrings(region, from: Int64(clamping: reach.low), to: end, &state)
    guard offset.isConstant, size.isConstant else { return }
    if let bytes = UInt32(exactly: size.constant), bytes > 0 {
      state.setCell(in: region, at: offset.constant, size: bytes, to: .constant(0))
    }
    guard let place = stringPlace(region, inside, offset) else { return }
    let reachesEnd = place.extent.map { place.offset.constant + size.constant >= $0 } ?? false
    if let type, case .record = module.types[type].kind {
      // The members are arrays of their own.
    } else if place.offset == .zero {
      setString(
        place, .terminated(length: .zero), zeroFrom: reachesEnd ? 0 : nil, &state)
    } else if reachesEnd, place.offset.constant > 0 {
      let known = state.string(region, place.base)
      setString(
        place, known?.string, zeroFrom: place.offset.constant, width: known?.width ?? 1,
        filled: known?.filled ?? 0, external: known?.external, &state)
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
