// SPDX-License-Identifier: Apache-2.0

// `printf` formats, C11 7.21.6.1, for values that the program passed.

import IR

/// How large the integer of a conversion is.
private enum FormatLength {
  case character, short, int, long, longDouble

  var width: UInt8 {
    switch self {
    case .character: 8
    case .short: 16
    case .int: 32
    case .long, .longDouble: 64
    }
  }
}

/// One conversion specification.
private struct FormatDirective {
  var isLeft = false
  var hasPlus = false
  var hasSpace = false
  var isAlternate = false
  var hasZero = false
  var width = 0
  var precision: Int?
  var length = FormatLength.int
  var conversion: UInt8 = 0

  /// Pads a number: `sign` and `prefix` stay in front of padding zeros.
  func padded(
    sign: String, prefix: String = "", digits: ContiguousArray<UInt8>, zeroPads: Bool
  ) -> ContiguousArray<UInt8> {
    let head = ContiguousArray((sign + prefix).utf8)
    let missing = max(0, width - head.count - digits.count)
    if isLeft { return head + digits + repeatElement(0x20, count: missing) }
    if hasZero, zeroPads { return head + repeatElement(0x30, count: missing) + digits }
    return repeatElement(0x20, count: missing) + head + digits
  }

  func padded(_ text: ContiguousArray<UInt8>) -> ContiguousArray<UInt8> {
    padded(sign: "", digits: text, zeroPads: false)
  }

  /// The sign of a signed conversion.
  func sign(isNegative: Bool) -> String {
    isNegative ? "-" : hasPlus ? "+" : hasSpace ? " " : ""
  }
}

extension Machine {
  /// The text that a format makes of its arguments.
  mutating func format(
    _ format: ContiguousArray<UInt8>, _ arguments: ContiguousArray<Argument>
  ) throws(Stop) -> ContiguousArray<UInt8> {
    var text: ContiguousArray<UInt8> = []
    var reader = ArgumentReader(arguments: arguments)
    var position = 0
    while position < format.count {
      if format[position] != 0x25 {
        text.append(format[position])
        position += 1
        continue
      }
      position += 1
      var directive = FormatDirective()
      try parse(&directive, format, &position, &reader)
      if directive.conversion == 0x6E {
        try storeCount(text.count, directive, &reader)
      } else {
        text += try convert(directive, &reader)
      }
    }
    return text
  }

  private func parse(
    _ directive: inout FormatDirective, _ format: ContiguousArray<UInt8>, _ position: inout Int,
    _ reader: inout ArgumentReader
  ) throws(Stop) {
    func peek() -> UInt8 { position < format.count ? format[position] : 0 }
    func number(_ reader: inout ArgumentReader) throws(Stop) -> Int {
      if peek() == 0x2A {
        position += 1
        return Int(Int32(truncatingIfNeeded: try integer(&reader, width: 32)))
      }
      var value = 0
      while (0x30...0x39).contains(peek()), value < 1 << 24 {
        value = value * 10 + Int(peek() - 0x30)
        position += 1
      }
      return value
    }
    flags: while true {
      switch peek() {
      case 0x2D: directive.isLeft = true
      case 0x2B: directive.hasPlus = true
      case 0x20: directive.hasSpace = true
      case 0x23: directive.isAlternate = true
      case 0x30: directive.hasZero = true
      default: break flags
      }
      position += 1
    }
    directive.width = try number(&reader)
    if directive.width < 0 {
      directive.isLeft = true
      directive.width = -directive.width
    }
    if peek() == 0x2E {
      position += 1
      let precision = try number(&reader)
      directive.precision = precision < 0 ? nil : precision
    }
    directive.length = length(format, &position)
    directive.conversion = peek()
    position += 1
  }

  private func length(_ format: ContiguousArray<UInt8>, _ position: inout Int) -> FormatLength {
    var length = FormatLength.int
    while position < format.count {
      switch format[position] {
      case 0x68: length = length == .short ? .character : .short  // h, hh
      case 0x6C, 0x6A, 0x7A, 0x74, 0x71: length = .long  // l, ll, j, z, t, q
      case 0x4C: length = .longDouble  // L
      default: return length
      }
      position += 1
    }
    return length
  }

  private mutating func storeCount(
    _ count: Int, _ directive: FormatDirective, _ reader: inout ArgumentReader
  ) throws(Stop) {
    let address = try pointer(&reader)
    try memory.store(address, Int(directive.length.width / 8), UInt64(count))
  }

  private func convert(
    _ directive: FormatDirective, _ reader: inout ArgumentReader
  ) throws(Stop) -> ContiguousArray<UInt8> {
    switch directive.conversion {
    case 0x25: return [0x25]
    case 0x63:  // c
      return directive.padded([UInt8(truncatingIfNeeded: try integer(&reader, width: 32))])
    case 0x73: return directive.padded(try text(directive, &reader))
    case 0x70:  // p
      let address = try pointer(&reader)
      let digits = address == 0 ? "(nil)" : "0x" + String(address, radix: 16)
      return directive.padded(ContiguousArray(digits.utf8))
    case 0x64, 0x69:  // d, i
      let value = try integer(&reader, width: directive.length.width)
      let signed = Int64(bitPattern: Scalar.signExtended(value, from: directive.length.width))
      return integerText(
        directive, signed.magnitude, sign: directive.sign(isNegative: signed < 0))
    case 0x75, 0x78, 0x58, 0x6F:  // u, x, X, o
      let value = try integer(&reader, width: directive.length.width)
      return integerText(
        directive, Scalar.zeroExtended(value, from: directive.length.width), sign: "")
    case 0x66, 0x46, 0x65, 0x45, 0x67, 0x47:  // f, F, e, E, g, G
      return floatingText(directive, try floating(directive, &reader))
    default:
      let name = String(decoding: [directive.conversion], as: UTF8.self)
      throw Stop.trap("formats with '%\(name)', which is not modelled")
    }
  }

  // MARK: Arguments

  private func integer(
    _ reader: inout ArgumentReader, width: UInt8
  ) throws(Stop) -> UInt64 {
    let argument = try reader.next()
    let scalar = scalar(argument.type)
    // Narrow arguments are passed as `int`.
    guard scalar.isInteger, scalar.width == max(width, 32) else {
      throw Stop.trap(
        "formats a '\(typeName(argument.type))' as an integer of \(max(width, 32)) bits")
    }
    return argument.bits
  }

  private func pointer(_ reader: inout ArgumentReader) throws(Stop) -> Address {
    let argument = try reader.next()
    guard scalar(argument.type).shape == .pointer else {
      throw Stop.trap("formats a '\(typeName(argument.type))' as a pointer")
    }
    return argument.bits
  }

  private func floating(
    _ directive: FormatDirective, _ reader: inout ArgumentReader
  ) throws(Stop) -> Double {
    let argument = try reader.next()
    let scalar = scalar(argument.type)
    let isLong = directive.length == .longDouble
    guard scalar.shape == .floating, isLong == (scalar.width > 64), scalar.width >= 64 else {
      throw Stop.trap("formats a '\(typeName(argument.type))' as a floating value")
    }
    return Double(bitPattern: argument.bits)
  }

  private func text(
    _ directive: FormatDirective, _ reader: inout ArgumentReader
  ) throws(Stop) -> ContiguousArray<UInt8> {
    let address = try pointer(&reader)
    let limit = directive.precision ?? .max
    if address == 0 { return ContiguousArray("(null)".utf8.prefix(limit)) }
    guard directive.length == .long else { return try string(at: address, limit: limit) }
    var text: ContiguousArray<UInt8> = []
    while text.count < limit {
      let unit = try memory.load(address + UInt64(text.count * 4), 4)
      if unit == 0 { break }
      guard unit < 0x80 else { throw Stop.trap("formats a wide character beyond ASCII") }
      text.append(UInt8(unit))
    }
    return text
  }

  // MARK: Numbers

  private func integerText(
    _ directive: FormatDirective, _ value: UInt64, sign: String
  ) -> ContiguousArray<UInt8> {
    var digits: String
    var prefix = ""
    switch directive.conversion {
    case 0x6F: digits = String(value, radix: 8)
    case 0x78:
      digits = String(value, radix: 16)
      if directive.isAlternate, value != 0 { prefix = "0x" }
    case 0x58:
      digits = String(value, radix: 16, uppercase: true)
      if directive.isAlternate, value != 0 { prefix = "0X" }
    default: digits = String(value)
    }
    if let precision = directive.precision {
      if precision == 0, value == 0 { digits = "" }
      digits = String(repeating: "0", count: max(0, precision - digits.utf8.count)) + digits
    }
    if directive.conversion == 0x6F, directive.isAlternate, !digits.hasPrefix("0") {
      digits = "0" + digits
    }
    return directive.padded(
      sign: sign, prefix: prefix, digits: ContiguousArray(digits.utf8),
      zeroPads: directive.precision == nil)
  }

  private func floatingText(
    _ directive: FormatDirective, _ value: Double
  ) -> ContiguousArray<UInt8> {
    let isUpper = directive.conversion & 0x20 == 0
    let sign = directive.sign(isNegative: value.sign == .minus)
    if !value.isFinite {
      let name = value.isNaN ? (isUpper ? "NAN" : "nan") : (isUpper ? "INF" : "inf")
      return directive.padded(sign: sign, digits: ContiguousArray(name.utf8), zeroPads: false)
    }
    let expansion = DecimalExpansion(value.magnitude)
    let precision = directive.precision ?? 6
    let marker: UInt8 = isUpper ? 0x45 : 0x65
    let digits =
      switch directive.conversion | 0x20 {
      case 0x66: expansion.fixed(precision, keepsPoint: directive.isAlternate)
      case 0x65:
        expansion.scientific(precision, keepsPoint: directive.isAlternate, marker: marker)
      default: expansion.general(precision, keepsZeros: directive.isAlternate, marker: marker)
      }
    return directive.padded(sign: sign, digits: digits, zeroPads: true)
  }
}

/// The arguments of a format, one after the other.
private struct ArgumentReader {
  let arguments: ContiguousArray<Argument>
  var position = 0

  init(arguments: ContiguousArray<Argument>) { self.arguments = arguments }

  mutating func next() throws(Stop) -> Argument {
    guard position < arguments.count else {
      throw Stop.trap("formats more arguments than were passed")
    }
    position += 1
    return arguments[position - 1]
  }
}
