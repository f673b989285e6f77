// SPDX-License-Identifier: Apache-2.0

import Clang
import IR

/// String literals: libclang gives them joined and with octal escapes.
extension Lowerer {
  /// The row of the string literal at a node.
  mutating func stringLiteral(_ node: Cursor) -> LiteralID {
    let elementID = type(unit.element(of: unit.unqualified(unit.type(of: node))))
    let element = module.types[elementID]
    let size = UInt8(clamping: max(1, element.size))
    let units = decodedLiteral(unit.spelling(of: node))
    var bytes: ContiguousArray<UInt8> = []
    for unit in units + [0] {
      for byte in 0..<UInt32(size) { bytes.append(UInt8(truncatingIfNeeded: unit >> (8 * byte))) }
    }
    return literal(Literal(bytes: bytes, elementSize: size))
  }
}

/// The code units of a literal as libclang spells it.
func decodedLiteral(_ spelling: String) -> [UInt32] {
  var text = Array(spelling.utf8)[...]
  guard let open = text.firstIndex(of: quote), let close = text.lastIndex(of: quote), open < close
  else { return [] }
  text = text[(open + 1)..<close]
  var units: [UInt32] = []
  while let byte = text.popFirst() {
    // `""` splits a hexadecimal escape from a digit that follows it.
    if byte == quote { continue }
    units.append(byte == backslash ? escape(&text) : UInt32(byte))
  }
  return units
}

private let quote = UInt8(ascii: "\"")
private let backslash = UInt8(ascii: "\\")

private func escape(_ text: inout ArraySlice<UInt8>) -> UInt32 {
  guard let byte = text.popFirst() else { return UInt32(backslash) }
  switch byte {
  case UInt8(ascii: "n"): return 0x0A
  case UInt8(ascii: "t"): return 0x09
  case UInt8(ascii: "r"): return 0x0D
  case UInt8(ascii: "a"): return 0x07
  case UInt8(ascii: "b"): return 0x08
  case UInt8(ascii: "f"): return 0x0C
  case UInt8(ascii: "v"): return 0x0B
  case UInt8(ascii: "x"): return number(&text, base: 16, digits: 8)
  case UInt8(ascii: "u"): return number(&text, base: 16, digits: 4)
  case UInt8(ascii: "U"): return number(&text, base: 16, digits: 8)
  case UInt8(ascii: "0")...UInt8(ascii: "7"):
    text = [byte] + text
    return number(&text, base: 8, digits: 3)
  default: return UInt32(byte)
  }
}

private func number(_ text: inout ArraySlice<UInt8>, base: UInt32, digits: Int) -> UInt32 {
  var value: UInt32 = 0
  for _ in 0..<digits {
    guard let byte = text.first,
      let digit = Character(UnicodeScalar(byte)).hexDigitValue, digit < Int(base)
    else { break }
    value = value &* base &+ UInt32(digit)
    text.removeFirst()
  }
  return value
}
