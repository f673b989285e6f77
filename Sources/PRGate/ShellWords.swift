// SPDX-License-Identifier: Apache-2.0

/// Splits text into words as a POSIX shell does (POSIX.1-2017, 2.2 Quoting), without running or
/// expanding anything.
///
/// A compilation database's `command` and response files need it. No package that we could depend on
/// covers it; handing the text to a real shell would run whatever a database says.
struct ShellWords {
  /// The text ends inside a quotation.
  struct UnterminatedQuote: Error, Hashable {}

  private var words: [String] = []
  private var word: [UInt8] = []
  private var isInWord = false

  /// The words of `text`: blanks and line breaks separate, quotes and backslashes protect.
  static func split(_ text: some StringProtocol) throws(UnterminatedQuote) -> [String] {
    var splitter = ShellWords()
    var bytes = text.utf8.makeIterator()
    while let byte = bytes.next() {
      switch byte {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
        splitter.endWord()
      case UInt8(ascii: "'"):
        try splitter.readSingleQuotes(&bytes)
      case UInt8(ascii: "\""):
        try splitter.readDoubleQuotes(&bytes)
      case UInt8(ascii: "\\"):
        guard let next = bytes.next() else { throw UnterminatedQuote() }
        // A backslash before a line break joins the lines.
        if next != UInt8(ascii: "\n") { splitter.append(next) }
      default:
        splitter.append(byte)
      }
    }
    splitter.endWord()
    return splitter.words
  }

  private mutating func append(_ byte: UInt8) {
    isInWord = true
    word.append(byte)
  }

  private mutating func endWord() {
    guard isInWord else { return }
    words.append(String(decoding: word, as: UTF8.self))
    word.removeAll(keepingCapacity: true)
    isInWord = false
  }

  private mutating func readSingleQuotes(
    _ bytes: inout some IteratorProtocol<UInt8>
  ) throws(UnterminatedQuote) {
    isInWord = true
    while let byte = bytes.next() {
      if byte == UInt8(ascii: "'") { return }
      word.append(byte)
    }
    throw UnterminatedQuote()
  }

  private mutating func readDoubleQuotes(
    _ bytes: inout some IteratorProtocol<UInt8>
  ) throws(UnterminatedQuote) {
    isInWord = true
    while let byte = bytes.next() {
      if byte == UInt8(ascii: "\"") { return }
      guard byte == UInt8(ascii: "\\") else {
        word.append(byte)
        continue
      }
      guard let next = bytes.next() else { throw UnterminatedQuote() }
      // Inside double quotes a backslash protects these five only.
      switch next {
      case UInt8(ascii: "\n"): break
      case UInt8(ascii: "$"), UInt8(ascii: "`"), UInt8(ascii: "\""), UInt8(ascii: "\\"):
        word.append(next)
      default: word += [byte, next]
      }
    }
    throw UnterminatedQuote()
  }
}
