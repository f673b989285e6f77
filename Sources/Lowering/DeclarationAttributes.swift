// SPDX-License-Identifier: Apache-2.0

import IR

/// What the attributes of a function's declaration promise, read from the declaration as clang prints
/// it: libclang does not expose their arguments, and the print is free of macros.
struct DeclarationAttributes {
  private var attributes: FunctionAttributes = []
  private var format: FormatAttribute?
  private var allocationSize: ContiguousArray<UInt8> = []
  private var nonNullArguments: UInt64 = 0
  /// The function of `cleanup`.
  private(set) var cleanup: String?
  /// The symbol of `alias`.
  private(set) var alias: String?

  init(_ declaration: String) {
    var rest = Substring(declaration)
    if rest.range(of: "_Noreturn") != nil || rest.range(of: "[[noreturn]]") != nil {
      attributes.insert(.noReturn)
    }
    while let start = rest.range(of: "__attribute__((") {
      rest = rest[start...]
      let inner = rest.prefixToClosing()
      add(inner)
      rest = rest.dropFirst(max(1, inner.count))
    }
  }

  func apply(to row: inout Function) {
    row.attributes.formUnion(attributes)
    row.format = format ?? row.format
    if !allocationSize.isEmpty { row.allocationSize = allocationSize }
    row.nonNullArguments |= nonNullArguments
  }

  /// Adds the attribute `name` or `name(arguments)`.
  private mutating func add(_ text: Substring) {
    let name = text.prefix { $0.isLetter || $0 == "_" }
    let arguments = text.dropFirst(name.count).split { "(), ".contains($0) }
    let numbers = arguments.compactMap { Int($0) }
    switch name {
    case "malloc": attributes.insert(.allocates)
    case "returns_nonnull": attributes.insert(.returnsNonNull)
    case "alloc_size":
      allocationSize = ContiguousArray(numbers.compactMap { UInt8(exactly: $0 - 1) })
    case "nonnull":
      // Without numbers it means every pointer; bits of other arguments do no harm.
      if numbers.isEmpty { nonNullArguments = .max }
      for number in numbers where (1...64).contains(number) {
        nonNullArguments |= 1 << UInt64(number - 1)
      }
    case "format":
      guard let archetype = arguments.first, numbers.count == 2,
        let index = UInt8(exactly: numbers[0] - 1)
      else { return }
      let isScan = archetype.contains("scanf")
      if isScan || archetype.contains("printf") {
        format = FormatAttribute(
          isScan: isScan, formatIndex: index,
          firstArgument: numbers[1] > 0 ? UInt8(exactly: numbers[1] - 1) : nil)
      }
    case "alias": alias = arguments.first.map { String($0.filter { $0 != "\"" }) }
    case "cleanup": cleanup = arguments.first.map(String.init)
    default: break
    }
  }
}

/// The member that the declaration at `start` names as the counter of its elements, by the attribute
/// `counted_by` or the macro that is named after it; empty where it names none.
func countingMember(in text: Span<UInt8>, from start: Int) -> String {
  var scanner = TokenScanner(start: start, end: text.count)
  // The attribute, a parenthesis, the member and a parenthesis, as far as they have been read.
  var found = 0
  var member = ""
  while let (kind, first) = scanner.next(in: text) {
    guard kind == .token else { continue }
    if text[first] == UInt8(ascii: ";") || text[first] == UInt8(ascii: "}") { return "" }
    switch found {
    case 1: found = text[first] == UInt8(ascii: "(") ? 2 : 0
    case 2:
      member = word(in: text, first, scanner.position)
      found = 3
    case 3 where text[first] == UInt8(ascii: ")"): return member
    default:
      let name = word(in: text, first, scanner.position)
      found = ["__counted_by", "__counted_by__", "counted_by"].contains(name) ? 1 : 0
    }
  }
  return ""
}

private func word(in text: Span<UInt8>, _ start: Int, _ end: Int) -> String {
  var bytes: [UInt8] = []
  for index in start..<end { bytes.append(text[index]) }
  return String(decoding: bytes, as: UTF8.self)
}

/// Whether the spelling of a function type ends with the attribute `noreturn`; inside parentheses it
/// is that of a parameter.
func hasNoReturn(typeSpelling: String) -> Bool {
  var rest = Substring(typeSpelling)
  guard rest.range(of: "noreturn") != nil else { return false }
  var depth = 0
  while let character = rest.first {
    if depth == 0, rest.hasPrefix("__attribute__((") {
      let attribute = rest.dropFirst("__attribute__((".count).prefixToClosing()
      if attribute.contains("noreturn") { return true }
    }
    if character == "(" { depth += 1 }
    if character == ")" { depth -= 1 }
    rest.removeFirst()
  }
  return false
}

extension Substring {
  /// What follows the first occurrence of `text`: its start.
  fileprivate func range(of text: String) -> Index? {
    // Bytes are compared: to take a text apart into characters is dear, and all of these are ASCII.
    let bytes = utf8
    guard let first = text.utf8.first else { return startIndex }
    var rest = bytes[...]
    while let start = rest.firstIndex(of: first) {
      if bytes[start...].starts(with: text.utf8) {
        return bytes.index(start, offsetBy: text.utf8.count)
      }
      rest = bytes[bytes.index(after: start)...]
    }
    return nil
  }

  /// The text up to the parenthesis that closes one that is open at its start.
  fileprivate func prefixToClosing() -> Substring {
    var depth = 1
    var index = startIndex
    while index < endIndex {
      if utf8[index] == UInt8(ascii: "(") { depth += 1 }
      if utf8[index] == UInt8(ascii: ")") { depth -= 1 }
      if depth == 0 { return self[..<index] }
      index = utf8.index(after: index)
    }
    return self
  }
}
