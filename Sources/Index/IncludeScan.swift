// SPDX-License-Identifier: Apache-2.0

/// A name that an include directive, or `__has_include`, asks for.
public struct IncludeName: Hashable, Sendable, Comparable {
  /// The name as it stands between the delimiters.
  public var path: String
  /// Whether it stands in quotes, so that the directory of the asking file is searched first.
  public var isQuoted: Bool

  /// Makes a name.
  public init(path: String, isQuoted: Bool) {
    self.path = path
    self.isQuoted = isQuoted
  }

  /// Orders by the bytes of the name, then angle brackets before quotes.
  public static func < (left: Self, right: Self) -> Bool {
    if left.path != right.path {
      return left.path.utf8.lexicographicallyPrecedes(right.path.utf8)
    }
    return !left.isQuoted && right.isQuoted
  }
}

/// What a text may ask the search for headers, found without a preprocessor.
///
/// Conditions are not evaluated and comments are not skipped: a name too many costs a look, one too
/// few would hide a change. What cannot be told from the text is said.
public struct IncludeScan: Hashable, Sendable {
  /// The names, sorted, each once.
  public private(set) var names: [IncludeName] = []
  /// Whether a directive gets its name from a macro.
  public private(set) var hasMacroInclude = false
  /// Whether the text may ask in a way that the scan cannot follow: `__has_include` of a macro,
  /// `#embed`, directives in pieces.
  public private(set) var isOpaque = false

  /// Scans a text.
  public init(_ text: ContiguousArray<UInt8>) {
    var scanner = Scanner(text: text)
    var found: Set<IncludeName> = []
    while let finding = scanner.next() {
      switch finding {
      case .name(let name): found.insert(name)
      case .macro: hasMacroInclude = true
      case .opaque: isOpaque = true
      }
    }
    names = found.sorted()
  }
}

/// Finds the words of the search for headers.
private struct Scanner {
  enum Finding {
    case name(IncludeName)
    case macro
    case opaque
  }

  private static let words: [(word: [UInt8], isDirective: Bool)] = [
    (Array("include".utf8), true), (Array("include_next".utf8), true),
    (Array("import".utf8), true), (Array("__has_include".utf8), false),
    (Array("__has_include_next".utf8), false),
  ]

  private let text: ContiguousArray<UInt8>
  private var position = 0

  init(text: ContiguousArray<UInt8>) { self.text = text }

  /// The next thing of interest; nil at the end.
  mutating func next() -> Finding? {
    while position < text.count {
      let byte = text[position]
      position += 1
      if byte == UInt8(ascii: "i") || byte == UInt8(ascii: "e") || byte == UInt8(ascii: "_") {
        if let finding = word(from: position - 1) { return finding }
      } else if byte == UInt8(ascii: "\\"), isSplitWord(at: position - 1) {
        return .opaque
      } else if byte == UInt8(ascii: "?"), at(position, "?/\n") || at(position, "?/\r") {
        // A trigraph for the backslash, at the end of a line.
        return .opaque
      }
    }
    return nil
  }

  /// What the word that starts at `start` asks for, and the position after it.
  private mutating func word(from start: Int) -> Finding? {
    if start > 0, isWordByte(text[start - 1]) { return nil }
    var end = start
    while end < text.count, isWordByte(text[end]) { end += 1 }
    position = end
    let length = end - start
    guard (5...18).contains(length) else { return nil }
    if length == 13, at(start, "include_alias") { return .opaque }
    if length == 5, at(start, "embed") { return followsHash(start) ? .opaque : nil }
    if length == 11, at(start, "__has_embed") {
      return isInDirective(start) && !isDefinedTest(start, end) ? .opaque : nil
    }
    for (word, isDirective) in Self.words where word.count == length && at(start, word) {
      if isDirective { return followsHash(start) ? operand(from: end, isDirective: true) : nil }
      if isDefinedTest(start, end) { return nil }
      let finding = hasInclude(from: end)
      // Prose speaks of it too.
      if case .opaque = finding { return isInDirective(start) ? .opaque : nil }
      return finding
    }
    return nil
  }

  private mutating func hasInclude(from end: Int) -> Finding? {
    let open = skipBlanks(from: end)
    guard open < text.count, text[open] == UInt8(ascii: "(") else { return .opaque }
    return operand(from: open + 1, isDirective: false)
  }

  private mutating func operand(from end: Int, isDirective: Bool) -> Finding? {
    let start = skipBlanks(from: end)
    let close: UInt8
    switch start < text.count ? text[start] : 0x0A {
    case UInt8(ascii: "<"): close = UInt8(ascii: ">")
    case UInt8(ascii: "\""): close = UInt8(ascii: "\"")
    default: return isDirective ? .macro : .opaque
    }
    var bytes: [UInt8] = []
    var index = start + 1
    while index < text.count, text[index] != close, text[index] != 0x0A {
      bytes.append(text[index])
      index += 1
    }
    guard index < text.count, text[index] == close else {
      // Unless the name goes on in the next line, it is an error of the compiler, or prose.
      return bytes.last == UInt8(ascii: "\\") || bytes.last == 0x0D ? .opaque : nil
    }
    guard !bytes.isEmpty, let path = String(validating: bytes, as: UTF8.self) else {
      return .opaque
    }
    position = index + 1
    return .name(IncludeName(path: path, isQuoted: close == UInt8(ascii: "\"")))
  }

  /// Whether a `#` stands before a word, with blanks and comments between.
  private func followsHash(_ start: Int) -> Bool {
    var index = start - 1
    while index >= 0 {
      switch text[index] {
      case 0x20, 0x09, 0x0B, 0x0C, 0x0D: index -= 1
      // The end of a line continues the directive only after a backslash.
      case 0x0A:
        guard index > 0 else { return false }
        let before = text[index - 1] == 0x0D ? index - 2 : index - 1
        guard before >= 0, text[before] == UInt8(ascii: "\\") else { return false }
        index = before - 1
      case UInt8(ascii: "/") where index > 0 && text[index - 1] == UInt8(ascii: "*"):
        index -= 2
        while index > 0, !at(index - 1, "/*") { index -= 1 }
        index -= 2
      case UInt8(ascii: "#"): return true
      case UInt8(ascii: ":"): return index > 0 && text[index - 1] == UInt8(ascii: "%")
      case UInt8(ascii: "="): return index > 1 && at(index - 2, "??=")
      default: return false
      }
    }
    return false
  }

  /// Whether a `#` stands before a word on its line, or on the lines that this one continues.
  private func isInDirective(_ start: Int) -> Bool {
    var index = start - 1
    while index >= 0 {
      switch text[index] {
      case UInt8(ascii: "#"): return true
      case UInt8(ascii: ":") where at(index - 1, "%:"): return true
      case UInt8(ascii: "=") where at(index - 2, "??="): return true
      case 0x0A:
        let before = at(index - 1, "\r") ? index - 2 : index - 1
        guard at(before, "\\") else { return false }
      default: break
      }
      index -= 1
    }
    return false
  }

  /// Whether the word is only asked for: `#ifdef __has_include`, `defined(__has_include)`.
  private func isDefinedTest(_ start: Int, _ end: Int) -> Bool {
    let next = skipBlanks(from: end)
    let isCall = next < text.count && text[next] == UInt8(ascii: "(")
    if isCall { return false }
    var index = start - 1
    while index >= 0, [0x20, 0x09, UInt8(ascii: "(")].contains(text[index]) { index -= 1 }
    return ["defined", "ifdef", "ifndef"].contains { word in
      let from = index + 1 - word.utf8.count
      return from >= 0 && at(from, word)
    }
  }

  /// The position after blanks, comments and continued ends of lines.
  private func skipBlanks(from start: Int) -> Int {
    var index = start
    while index < text.count {
      switch text[index] {
      case 0x20, 0x09, 0x0B, 0x0C: index += 1
      case UInt8(ascii: "\\") where at(index + 1, "\n"): index += 2
      case UInt8(ascii: "\\") where at(index + 1, "\r\n"): index += 3
      case UInt8(ascii: "/") where at(index + 1, "*"):
        index += 2
        while index < text.count, !at(index, "*/") { index += 1 }
        index += 2
      default: return index
      }
    }
    return index
  }

  /// Whether a continued end of line, at its backslash, may split one of the words.
  private func isSplitWord(at index: Int) -> Bool {
    let end = at(index + 1, "\n") ? index + 2 : at(index + 1, "\r\n") ? index + 3 : 0
    guard end > 0, end < text.count, isWordByte(text[end]) else { return false }
    var start = index
    while start > 0, isWordByte(text[start - 1]) { start -= 1 }
    let part = text[start..<index]
    let names =
      Self.words.map(\.word) + ["embed", "__has_embed", "include_alias"].map { Array($0.utf8) }
    return !part.isEmpty && names.contains { $0.starts(with: part) }
  }

  private func isWordByte(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
      || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private func at(_ index: Int, _ word: String) -> Bool {
    guard index >= 0, index + word.utf8.count <= text.count else { return false }
    return zip(index..., word.utf8).allSatisfy { text[$0] == $1 }
  }

  private func at(_ index: Int, _ word: [UInt8]) -> Bool {
    guard index >= 0, index + word.count <= text.count else { return false }
    return zip(index..., word).allSatisfy { text[$0] == $1 }
  }
}
