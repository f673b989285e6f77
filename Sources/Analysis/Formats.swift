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
