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
    if rest.contains("_Noreturn") || rest.contains("[[noreturn]]") { attributes.insert(.noReturn) }
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
    case "noreturn": attributes.insert(.noReturn)
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

/// Whether the spelling of a function type ends with the attribute `noreturn`; inside parentheses it
/// is that of a parameter.
func hasNoReturn(typeSpelling: String) -> Bool {
  guard typeSpelling.contains("noreturn") else { return false }
  var depth = 0
  var rest = Substring(typeSpelling)
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
    var index = startIndex
    while index < endIndex {
      if self[index...].hasPrefix(text) { return self.index(index, offsetBy: text.count) }
      index = self.index(after: index)
    }
    return nil
  }

  /// The text up to the parenthesis that closes one that is open at its start.
  fileprivate func prefixToClosing() -> Substring {
    var depth = 1
    var index = startIndex
    while index < endIndex {
      if self[index] == "(" { depth += 1 }
      if self[index] == ")" { depth -= 1 }
      if depth == 0 { return self[..<index] }
      index = self.index(after: index)
    }
    return self
  }
}
