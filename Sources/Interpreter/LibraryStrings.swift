// SPDX-License-Identifier: Apache-2.0

import IR

extension Machine {
  mutating func callString(_ call: LibraryCall) throws(Stop) -> UInt64 {
    switch call.function {
    case .strlen: return UInt64(try string(at: call[0]).count)
    case .strnlen: return UInt64(try string(at: call[0], limit: call.size(1)).count)
    case .wcslen:
      var count: UInt64 = 0
      while try memory.load(call[0] + count * 4, 4) != 0 { count += 1 }
      return count
    case .strdup, .strndup:
      let isBounded = call.function == .strndup
      let text = try string(at: call[0], limit: isBounded ? call.size(1) : .max)
      let copy = try memory.allocate(.heap, size: text.count + 1)
      try write(text, to: copy, terminated: true)
      return copy
    case .strcmp, .strncmp, .strcoll, .strcasecmp, .strncasecmp:
      return try compareStrings(call)
    default: return try copyString(call)
    }
  }

  private mutating func copyString(_ call: LibraryCall) throws(Stop) -> UInt64 {
    let target = try call[0]
    switch call.function {
    case .strcpy, .stpcpy:
      let text = try string(at: call[1])
      try write(text, to: target, terminated: true)
      return call.function == .strcpy ? target : target + UInt64(text.count)
    case .strncpy:
      let limit = try call.size(2)
      let text = try string(at: call[1], limit: limit)
      try write(text, to: target, terminated: false)
      try memory.fill(target + UInt64(text.count), 0, limit - text.count)
    default:
      let isBounded = call.function == .strncat
      let text = try string(at: call[1], limit: isBounded ? call.size(2) : .max)
      let end = target + UInt64(try string(at: target).count)
      try write(text, to: end, terminated: true)
    }
    return target
  }

  private func compareStrings(_ call: LibraryCall) throws(Stop) -> UInt64 {
    let isBounded = call.function == .strncmp || call.function == .strncasecmp
    let ignoresCase = call.function == .strcasecmp || call.function == .strncasecmp
    let limit = try isBounded ? call[2] : .max
    var index: UInt64 = 0
    while index < limit {
      var left = try memory.load(call[0] + index, 1)
      var right = try memory.load(call[1] + index, 1)
      if ignoresCase {
        left = UInt64(lowerCased(UInt8(left)))
        right = UInt64(lowerCased(UInt8(right)))
      }
      if left != right { return left &- right }
      if left == 0 { return 0 }
      index += 1
    }
    return 0
  }

  // MARK: Searching

  mutating func callStringSearch(_ call: LibraryCall) throws(Stop) -> UInt64 {
    switch call.function {
    case .strtok: return try nextToken(call)
    case .strsep: return try separate(call)
    case .strchr, .strrchr, .strchrnul: return try findCharacter(call)
    default: break
    }
    let text = try string(at: call[0])
    let other = try string(at: call[1])
    switch call.function {
    case .strstr:
      guard text.count >= other.count else { return 0 }
      for start in 0...text.count - other.count
      where text[start..<start + other.count] == other[...] {
        return try call[0] + UInt64(start)
      }
      return 0
    case .strspn:
      return UInt64(text.firstIndex { !other.contains($0) } ?? text.count)
    case .strcspn:
      return UInt64(text.firstIndex { other.contains($0) } ?? text.count)
    default:
      guard let index = text.firstIndex(where: { other.contains($0) }) else { return 0 }
      return try call[0] + UInt64(index)
    }
  }

  private func findCharacter(_ call: LibraryCall) throws(Stop) -> UInt64 {
    let text = try string(at: call[0])
    let wanted = UInt8(truncatingIfNeeded: try call[1])
    let end = try call[0] + UInt64(text.count)
    if wanted == 0 { return end }
    let index =
      call.function == .strrchr
      ? text.lastIndex(of: wanted) : text.firstIndex(of: wanted)
    guard let index else { return call.function == .strchrnul ? end : 0 }
    return try call[0] + UInt64(index)
  }

  private mutating func nextToken(_ call: LibraryCall) throws(Stop) -> UInt64 {
    var start = try call[0] == 0 ? environment.strtokNext : call[0]
    let separators = try string(at: call[1])
    if start == 0 { return 0 }
    let text = try string(at: start)
    guard let first = text.firstIndex(where: { !separators.contains($0) }) else {
      environment.strtokNext = 0
      return 0
    }
    let end = text[first...].firstIndex { separators.contains($0) }
    if let end {
      try memory.store(start + UInt64(end), 1, 0)
      environment.strtokNext = start + UInt64(end) + 1
    } else {
      environment.strtokNext = 0
    }
    start += UInt64(first)
    return start
  }

  private mutating func separate(_ call: LibraryCall) throws(Stop) -> UInt64 {
    let start = try memory.load(call[0], 8)
    if start == 0 { return 0 }
    let separators = try string(at: call[1])
    let text = try string(at: start)
    if let end = text.firstIndex(where: { separators.contains($0) }) {
      try memory.store(start + UInt64(end), 1, 0)
      try memory.store(call[0], 8, start + UInt64(end) + 1)
    } else {
      try memory.store(call[0], 8, 0)
    }
    return start
  }

  // MARK: Numbers

  mutating func callNumberParsing(_ call: LibraryCall) throws(Stop) -> UInt64 {
    let text = try string(at: call[0])
    let digits = text.drop { isSpace($0) }
    switch call.function {
    case .strtod, .atof:
      let (value, count) = parseDouble(digits)
      // 7.22.1.3p10: what does not fit is infinite or nearly zero, and `errno` says so.
      let isZero = !digits.prefix(count).prefix { $0 | 0x20 != 0x65 }.contains {
        (0x31...0x39).contains($0)
      }
      if value.isInfinite || value.isSubnormal || (value == 0 && !isZero) { try setError(.range) }
      if call.function == .strtod {
        try storeEnd(call, text.count - digits.count + count, found: count > 0)
      }
      return value.bitPattern
    case .atoi, .atol, .atoll:
      return scalar(call.result).canonical(parseInteger(digits, base: 10, isSigned: true).value)
    default:
      let isSigned = call.function == .strtol || call.function == .strtoll
      let base = Int(Int32(truncatingIfNeeded: try call[2]))
      let parsed = parseInteger(digits, base: base, isSigned: isSigned)
      try storeEnd(call, text.count - digits.count + parsed.count, found: parsed.count > 0)
      if parsed.overflows { try setError(.range) }
      return parsed.value
    }
  }

  private mutating func storeEnd(
    _ call: LibraryCall, _ offset: Int, found: Bool
  ) throws(Stop) {
    guard try call[1] != 0 else { return }
    try memory.store(call[1], 8, call[0] + (found ? UInt64(offset) : 0))
  }
}

/// Parses what `strtol` takes, without leading space; `count` is 0 where there is no number.
func parseInteger(
  _ text: some Collection<UInt8>, base: Int, isSigned: Bool
) -> (value: UInt64, count: Int, overflows: Bool) {
  let text = ContiguousArray(text)
  var position = 0
  var isNegative = false
  if let sign = text.first, sign == 0x2B || sign == 0x2D {
    isNegative = sign == 0x2D
    position = 1
  }
  var base = base
  let hasHexPrefix =
    text.count > position + 2 && text[position] == 0x30 && text[position + 1] | 0x20 == 0x78
    && digitValue(text[position + 2]) < 16
  if hasHexPrefix, base == 0 || base == 16 {
    base = 16
    position += 2
  } else if base == 0 {
    base = position < text.count && text[position] == 0x30 ? 8 : 10
  }
  let start = position
  var value: UInt64 = 0
  var overflows = false
  while position < text.count, digitValue(text[position]) < base {
    let product = value.multipliedReportingOverflow(by: UInt64(base))
    let sum = product.partialValue.addingReportingOverflow(
      UInt64(digitValue(text[position])))
    overflows = overflows || product.overflow || sum.overflow
    value = sum.partialValue
    position += 1
  }
  if position == start { return (0, 0, false) }
  if isSigned, overflows || value > UInt64(Int64.max) + (isNegative ? 1 : 0) {
    return (UInt64(bitPattern: isNegative ? .min : .max), position, true)
  }
  if overflows { return (.max, position, true) }
  return (isNegative ? 0 &- value : value, position, false)
}

func digitValue(_ byte: UInt8) -> Int {
  switch byte {
  case 0x30...0x39: Int(byte) - 0x30
  case 0x41...0x5A: Int(byte) - 0x41 + 10
  case 0x61...0x7A: Int(byte) - 0x61 + 10
  default: Int.max
  }
}

/// Parses the decimal part of what `strtod` takes.
func parseDouble(_ text: some Collection<UInt8>) -> (value: Double, count: Int) {
  let text = ContiguousArray(text)
  var position = 0
  func skipDigits() -> Bool {
    let start = position
    while position < text.count, (0x30...0x39).contains(text[position]) { position += 1 }
    return position > start
  }
  if let sign = text.first, sign == 0x2B || sign == 0x2D { position = 1 }
  var hasDigits = skipDigits()
  if position < text.count, text[position] == 0x2E {
    position += 1
    hasDigits = skipDigits() || hasDigits
  }
  guard hasDigits else { return (0, 0) }
  let mantissaEnd = position
  if position < text.count, text[position] | 0x20 == 0x65 {
    position += 1
    if position < text.count, text[position] == 0x2B || text[position] == 0x2D { position += 1 }
    if !skipDigits() { position = mantissaEnd }
  }
  var spelling = String(decoding: text[..<position], as: UTF8.self)
  if spelling.hasSuffix(".") { spelling.append("0") }
  return (Double(spelling) ?? 0, position)
}
