// SPDX-License-Identifier: Apache-2.0

// Format strings of printf and scanf (C11 7.21.6.1 and 7.21.6.2).

import IR

/// A conversion of a format string, or a run of ordinary characters.
struct Conversion: Hashable, Sendable {
  /// The conversion character; `%` for `%%` and 0 for ordinary characters.
  var letter: UInt8
  /// The text as written.
  var text: String
  /// Ordinary characters, where `letter` is 0.
  var plainCount = 0
  var width: Int?
  var precision: Int?
  /// Whether width or precision are arguments.
  var takesWidth = false
  var takesPrecision = false
  /// Whether a scan throws the value away.
  var isSuppressed = false
  /// Whether the length modifier makes characters wide.
  var isLong = false
}

/// Reads a format string; `nil` where a conversion is cut off.
func parseFormat(_ bytes: ArraySlice<UInt8>, isScan: Bool) -> [Conversion]? {
  var result: [Conversion] = []
  var index = bytes.startIndex
  func peek() -> UInt8? { index < bytes.endIndex ? bytes[index] : nil }
  func number() -> Int? {
    var value: Int?
    while let digit = peek(), (0x30...0x39).contains(digit), (value ?? 0) < 1_000_000 {
      value = (value ?? 0) * 10 + Int(digit - 0x30)
      index += 1
    }
    return value
  }
  while let byte = peek() {
    guard byte == UInt8(ascii: "%") else {
      let start = index
      while let next = peek(), next != UInt8(ascii: "%") { index += 1 }
      result.append(Conversion(letter: 0, text: "", plainCount: index - start))
      continue
    }
    let start = index
    index += 1
    var conversion = Conversion(letter: 0, text: "")
    while let flag = peek(), "-+ #0'I".utf8.contains(flag) { index += 1 }
    if isScan, peek() == UInt8(ascii: "*") {
      conversion.isSuppressed = true
      index += 1
    }
    if !isScan, peek() == UInt8(ascii: "*") {
      conversion.takesWidth = true
      index += 1
    }
    conversion.width = number()
    if !isScan, peek() == UInt8(ascii: ".") {
      index += 1
      if peek() == UInt8(ascii: "*") {
        conversion.takesPrecision = true
        index += 1
      } else {
        conversion.precision = number() ?? 0
      }
    }
    while let modifier = peek(), "hlLqjztm".utf8.contains(modifier) {
      if modifier == UInt8(ascii: "l") { conversion.isLong = true }
      index += 1
    }
    guard let letter = peek() else { return nil }
    index += 1
    conversion.letter = letter
    if isScan, letter == UInt8(ascii: "[") {
      if peek() == UInt8(ascii: "^") { index += 1 }
      if peek() == UInt8(ascii: "]") { index += 1 }
      while let next = peek(), next != UInt8(ascii: "]") { index += 1 }
      guard peek() != nil else { return nil }
      index += 1
    }
    conversion.text = String(decoding: bytes[start..<index], as: UTF8.self)
    result.append(conversion)
  }
  return result
}

extension Machine {
  private func conversions(_ format: ValueID, isScan: Bool) -> [Conversion]? {
    guard case .pointer(let region, let offset, _, _) = registers[Int(format.index)],
      case .literal(let id) = universe[region].kind, offset.isConstant
    else { return nil }
    let literal = module.literals[id]
    let start = Int(clamping: offset.constant)
    guard literal.elementSize == 1, start >= 0, start < literal.bytes.count else { return nil }
    let rest = literal.bytes[start...]
    let end = rest.firstIndex(of: 0) ?? rest.endIndex
    return parseFormat(ArraySlice(rest[rest.startIndex..<end]), isScan: isScan)
  }

  /// Uses the strings that a printf call prints.
  mutating func print(
    _ arguments: [ValueID], format: Int, first: Int, at value: ValueID, _ state: inout State
  ) {
    guard first >= 0, let parts = conversions(arguments[format], isScan: false) else { return }
    var next = first
    for part in parts where part.letter != 0 && part.letter != UInt8(ascii: "%") {
      if part.takesWidth { next += 1 }
      if part.takesPrecision { next += 1 }
      guard next < arguments.count else { return }
      switch part.letter {
      case UInt8(ascii: "s") where !part.isLong:
        if part.precision == nil && !part.takesPrecision {
          useString(arguments[next], at: value, argument: next, &state)
        }
      case UInt8(ascii: "n"): clobber(arguments[next], &state)
      default: break
      }
      next += 1
    }
  }

  /// `sprintf`: everything that `printf` does, and the destination has to hold it.
  mutating func printInto(
    _ arguments: [ValueID], target: Int, format: Int, first: Int, at value: ValueID,
    _ state: inout State
  ) {
    print(arguments, format: format, first: first, at: value, &state)
    var need = Interval(1)
    var open = ""
    if first >= 0, let parts = conversions(arguments[format], isScan: false) {
      var next = first
      for part in parts {
        if part.takesWidth || part.takesPrecision { need.high += 1 << 62 }
        next += (part.takesWidth ? 1 : 0) + (part.takesPrecision ? 1 : 0)
        let takesArgument = part.letter != 0 && part.letter != UInt8(ascii: "%")
        let argument = takesArgument && next < arguments.count ? arguments[next] : nil
        let printed = printedLength(part, argument, &state)
        if part.letter == UInt8(ascii: "s"), printed.high >= 1 << 40, open.isEmpty {
          open = part.text
        }
        need = need + printed
        if takesArgument { next += 1 }
      }
    } else {
      need.high = 1 << 62
    }
    checkFit(
      arguments[target], nil, need, conversion: open, at: value, argument: target, &state)
    clobberForPrint(arguments[target], need, &state)
  }

  private mutating func clobberForPrint(
    _ target: ValueID, _ need: Interval, _ state: inout State
  ) {
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(target.index)]
    else { return }
    noteWrite(region, &state)
    state.forgetCells(region)
    guard let place = stringPlace(region, inside, offset), place.offset.isConstant else {
      state.removeStrings(in: region)
      return
    }
    let symbol = universe.length(of: region, place.base)
    let start = Int128(place.offset.constant)
    define(
      symbol, SymbolFact(interval: Interval(0, max(need.high - 1 + start, 0))), &state)
    setString(place, .terminated(length: LinearForm(symbol)), zeroFrom: nil, &state)
  }

  /// Characters that a conversion prints.
  private mutating func printedLength(
    _ part: Conversion, _ argument: ValueID?, _ state: inout State
  ) -> Interval {
    if part.letter == 0 { return Interval(Int128(part.plainCount)) }
    var length: Interval
    switch part.letter {
    case UInt8(ascii: "%"): return Interval(1)
    case UInt8(ascii: "c"): length = Interval(1)
    case UInt8(ascii: "s"):
      length = argument.map { lengthRange($0, &state) } ?? Interval(0, 1 << 62)
      if let precision = part.precision {
        length = Interval(min(length.low, Int128(precision)), min(length.high, Int128(precision)))
      }
    case UInt8(ascii: "d"), UInt8(ascii: "i"), UInt8(ascii: "u"):
      length = digits(argument, base: 10, state)
    case UInt8(ascii: "x"), UInt8(ascii: "X"): length = digits(argument, base: 16, state)
    case UInt8(ascii: "o"): length = digits(argument, base: 8, state)
    case UInt8(ascii: "p"): length = Interval(1, 20)
    case UInt8(ascii: "n"): return Interval(0)
    default: length = Interval(1, 5000)
    }
    if part.letter != UInt8(ascii: "s"), let precision = part.precision {
      length.high = max(length.high, Int128(precision) + 3)
    }
    // `#` adds two characters at most.
    if part.text.contains("#") { length.high += 2 }
    if part.text.contains("+") || part.text.contains(" ") { length.high += 1 }
    if let width = part.width {
      length = Interval(max(length.low, Int128(width)), max(length.high, Int128(width)))
    }
    return length
  }

  private func digits(_ argument: ValueID?, base: Int128, _ state: State) -> Interval {
    guard let argument, type(of: argument).isInteger else { return Interval(1, 24) }
    let range = interval(argument, state)
    func count(_ value: Int128) -> Int128 {
      var rest = value < 0 ? -value : value
      var digits: Int128 = value < 0 ? 2 : 1
      while rest >= base {
        rest /= base
        digits += 1
      }
      return digits
    }
    // A negative value printed in base 8 or 16 shows the bits of its unsigned type.
    if base != 10, range.low < 0 { return Interval(1, 22) }
    let high = max(count(range.low), count(range.high))
    return Interval(range.constant == nil ? 1 : high, high)
  }

  /// `scanf`: fills its arguments; an unbounded string conversion has no place to stop.
  mutating func scan(
    _ arguments: [ValueID], format: Int, first: Int, at value: ValueID, _ state: inout State
  ) {
    var next = first
    for part in conversions(arguments[format], isScan: true) ?? []
    where part.letter != 0 && part.letter != UInt8(ascii: "%") && !part.isSuppressed {
      guard next < arguments.count else { break }
      let isText = part.letter == UInt8(ascii: "s") || part.letter == UInt8(ascii: "[")
      if isText, !part.isLong, !part.text.contains("m") {
        if let width = part.width {
          access(
            arguments[next], LinearForm(constant: Int64(width) + 1), isWrite: true, at: value,
            argument: next, state)
        } else {
          reportUnsafe(
            .unbounded, arguments[next], needs: (1, nil), conversion: part.text, at: value,
            argument: next, state)
        }
      }
      next += 1
    }
    for argument in arguments.dropFirst(first) { clobber(argument, &state) }
  }
}
