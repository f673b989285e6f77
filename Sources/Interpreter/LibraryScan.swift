// SPDX-License-Identifier: Apache-2.0

// `scanf` formats, C11 7.21.6.2.

import IR

/// Where a format reads from.
private enum ScanSource {
  case text(ContiguousArray<UInt8>, position: Int)
  case stream(UInt32)
}

/// One conversion specification.
private struct ScanDirective {
  var isSuppressed = false
  var width = Int.max
  var bytes = 4
  var isLong = false
  var conversion: UInt8 = 0
  /// The characters that a `[` conversion takes.
  var set: [Bool] = []
}

extension Machine {
  mutating func callScan(_ call: LibraryCall) throws(Stop) -> UInt64 {
    var source: ScanSource
    if call.function == .sscanf {
      source = .text(try string(at: call[0]), position: 0)
    } else {
      source = .stream(try descriptor(ofStream: call[0]))
    }
    let format = try string(at: call[1])
    var consumed = 0
    var assigned: Int64 = 0
    var next = 2
    var position = 0
    while position < format.count {
      let byte = format[position]
      position += 1
      if isSpace(byte) {
        try skipSpace(&source, &consumed)
        continue
      }
      if byte != 0x25 || (position < format.count && format[position] == 0x25) {
        if byte == 0x25 {
          position += 1
          try skipSpace(&source, &consumed)
        }
        guard let found = try peek(&source) else { return end(assigned) }
        if found != byte { return UInt64(assigned) }
        try take(&source, &consumed)
        continue
      }
      let directive = parse(format, &position)
      if directive.conversion == 0x6E {  // n
        try memory.store(call[next], directive.bytes, UInt64(consumed))
        next += 1
        continue
      }
      if directive.conversion != 0x63, directive.conversion != 0x5B {
        try skipSpace(&source, &consumed)
      }
      guard try peek(&source) != nil else { return end(assigned) }
      let item = try read(directive, &source, &consumed)
      guard !item.isEmpty else { return UInt64(assigned) }
      let target = directive.isSuppressed ? 0 : try call[next]
      guard try assign(item, directive, to: target) else { return UInt64(assigned) }
      if !directive.isSuppressed {
        assigned += 1
        next += 1
      }
    }
    return UInt64(assigned)
  }

  /// What a call returns when the input ends before a conversion.
  private func end(_ assigned: Int64) -> UInt64 {
    UInt64(bitPattern: assigned == 0 ? -1 : assigned)
  }

  private func parse(
    _ format: ContiguousArray<UInt8>, _ position: inout Int
  ) -> ScanDirective {
    var directive = ScanDirective()
    func peek() -> UInt8 { position < format.count ? format[position] : 0 }
    if peek() == 0x2A {
      directive.isSuppressed = true
      position += 1
    }
    var width = 0
    while (0x30...0x39).contains(peek()), width < 1 << 24 {
      width = width * 10 + Int(peek() - 0x30)
      position += 1
    }
    if width > 0 { directive.width = width }
    lengths: while true {
      switch peek() {
      case 0x68: directive.bytes = directive.bytes == 2 ? 1 : 2  // h, hh
      case 0x6C, 0x6A, 0x7A, 0x74, 0x71, 0x4C:  // l, ll, j, z, t, q, L
        directive.bytes = 8
        directive.isLong = peek() == 0x4C
      default: break lengths
      }
      position += 1
    }
    directive.conversion = peek()
    position += 1
    if directive.conversion == 0x5B { parseSet(&directive, format, &position) }
    return directive
  }

  private func parseSet(
    _ directive: inout ScanDirective, _ format: ContiguousArray<UInt8>, _ position: inout Int
  ) {
    var isNegated = false
    if position < format.count, format[position] == 0x5E {
      isNegated = true
      position += 1
    }
    var set = [Bool](repeating: false, count: 256)
    let start = position
    while position < format.count, format[position] != 0x5D || position == start {
      let byte = Int(format[position])
      // glibc reads `a-z` as a range.
      if position + 2 < format.count, format[position + 1] == 0x2D, format[position + 2] != 0x5D,
        Int(format[position + 2]) >= byte
      {
        for member in byte...Int(format[position + 2]) { set[member] = true }
        position += 3
      } else {
        set[byte] = true
        position += 1
      }
    }
    position += 1
    directive.set = set.map { $0 != isNegated }
  }

  // MARK: Input

  private mutating func peek(_ source: inout ScanSource) throws(Stop) -> UInt8? {
    switch source {
    case .text(let text, let position): return position < text.count ? text[position] : nil
    case .stream(let descriptor):
      let byte = try nextByte(descriptor)
      if let byte { files.update(descriptor) { $0.pushedBack = byte } }
      return byte
    }
  }

  private mutating func take(_ source: inout ScanSource, _ consumed: inout Int) throws(Stop) {
    consumed += 1
    switch source {
    case .text(let text, let position): source = .text(text, position: position + 1)
    case .stream(let descriptor): _ = try nextByte(descriptor)
    }
  }

  private mutating func skipSpace(
    _ source: inout ScanSource, _ consumed: inout Int
  ) throws(Stop) {
    while let byte = try peek(&source), isSpace(byte) { try take(&source, &consumed) }
  }

  /// Takes the longest input that is a prefix of what the conversion matches.
  private mutating func read(
    _ directive: ScanDirective, _ source: inout ScanSource, _ consumed: inout Int
  ) throws(Stop) -> ContiguousArray<UInt8> {
    var item: ContiguousArray<UInt8> = []
    let width = directive.conversion == 0x63 && directive.width == .max ? 1 : directive.width
    while item.count < width, let byte = try peek(&source),
      try continues(item, byte, directive)
    {
      item.append(byte)
      try take(&source, &consumed)
    }
    return item
  }

  /// Whether the conversion takes another byte.
  private func continues(
    _ item: ContiguousArray<UInt8>, _ byte: UInt8, _ directive: ScanDirective
  ) throws(Stop) -> Bool {
    let isSign = byte == 0x2B || byte == 0x2D
    let unsigned = item.drop { $0 == 0x2B || $0 == 0x2D }
    switch directive.conversion {
    case 0x63: return true
    case 0x73: return !isSpace(byte)
    case 0x5B: return directive.set[Int(byte)]
    case 0x64, 0x75: return isSign ? item.isEmpty : digitValue(byte) < 10
    case 0x69, 0x78, 0x58, 0x6F:
      if isSign { return item.isEmpty }
      if byte | 0x20 == 0x78 { return directive.conversion != 0x6F && unsigned == [0x30] }
      return digitValue(byte) < (directive.conversion == 0x6F ? 8 : 16)
    case 0x66, 0x65, 0x67, 0x46, 0x45, 0x47:
      let exponent = item.lastIndex { $0 | 0x20 == 0x65 }
      if isSign { return item.isEmpty || exponent == item.count - 1 }
      if byte == 0x2E { return exponent == nil && !item.contains(0x2E) }
      if byte | 0x20 == 0x65 { return exponent == nil && !unsigned.isEmpty }
      return digitValue(byte) < 10
    default:
      let name = String(decoding: [directive.conversion], as: UTF8.self)
      throw Stop.trap("reads with '%\(name)', which is not modelled")
    }
  }

  // MARK: Assignment

  /// Stores what was read; yields whether it is what the conversion wants.
  private mutating func assign(
    _ item: ContiguousArray<UInt8>, _ directive: ScanDirective, to target: Address
  ) throws(Stop) -> Bool {
    switch directive.conversion {
    case 0x63, 0x73, 0x5B:
      if directive.isSuppressed { return true }
      try write(item, to: target, terminated: directive.conversion != 0x63)
    case 0x66, 0x65, 0x67, 0x46, 0x45, 0x47:
      let (value, count) = parseDouble(item)
      guard count == item.count else { return false }
      guard !directive.isLong else { throw Stop.trap("reads a 'long double'") }
      if directive.isSuppressed { return true }
      let bits = directive.bytes == 8 ? value.bitPattern : UInt64(Float(value).bitPattern)
      try memory.store(target, directive.bytes, bits)
    default:
      let bases: [UInt8: Int] = [0x69: 0, 0x78: 16, 0x58: 16, 0x6F: 8]
      let parsed = parseInteger(
        item, base: bases[directive.conversion] ?? 10, isSigned: directive.conversion != 0x75)
      guard parsed.count > 0 else { return false }
      if directive.isSuppressed { return true }
      try memory.store(target, directive.bytes, parsed.value)
    }
    return true
  }
}
