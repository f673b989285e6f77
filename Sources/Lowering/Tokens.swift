// SPDX-License-Identifier: Apache-2.0

/// A scanner of C tokens over bytes, for hashes and comments.
///
/// It needs no preprocessor: it only has to find where tokens, comments and literals start and end.
struct TokenScanner {
  private(set) var position: Int
  private let end: Int

  init(start: Int, end: Int) {
    position = start
    self.end = end
  }

  /// What a stretch of text is.
  enum Kind { case token, comment }

  /// Moves over the next token or comment and returns where it starts; `nil` at the end.
  mutating func next(in text: Span<UInt8>) -> (kind: Kind, start: Int)? {
    while position < end, isSpace(text[position]) { position += 1 }
    guard position < end else { return nil }
    let start = position
    let byte = text[start]
    let following = start + 1 < end ? text[start + 1] : 0
    if byte == slash, following == slash {
      skipLineComment(in: text)
      return (.comment, start)
    }
    if byte == slash, following == star {
      skipBlockComment(in: text)
      return (.comment, start)
    }
    if byte == quote || byte == apostrophe {
      skipLiteral(in: text, delimiter: byte)
    } else if isWord(byte) {
      while position < end, isWord(text[position]) { position += 1 }
    } else {
      position += punctuatorLength(byte, following)
    }
    return (.token, start)
  }

  private mutating func skipLineComment(in text: Span<UInt8>) {
    while position < end {
      if text[position] == newline, text[position - 1] != backslash { return }
      position += 1
    }
  }

  private mutating func skipBlockComment(in text: Span<UInt8>) {
    position += 2
    while position < end {
      if text[position] == star, position + 1 < end, text[position + 1] == slash {
        position += 2
        return
      }
      position += 1
    }
  }

  private mutating func skipLiteral(in text: Span<UInt8>, delimiter: UInt8) {
    position += 1
    while position < end, text[position] != newline {
      if text[position] == backslash {
        position += 2
      } else if text[position] == delimiter {
        position += 1
        return
      } else {
        position += 1
      }
    }
    position = min(position, end)
  }

  private func punctuatorLength(_ first: UInt8, _ second: UInt8) -> Int {
    let isDoubled = first == second && doubled.contains(first)
    let isAssignment = second == equals && assignable.contains(first)
    let isArrow = first == minus && second == greater
    return isDoubled || isAssignment || isArrow ? 2 : 1
  }
}

/// The FNV-1a hash of the tokens in `text[start..<end]`, without comments and white space.
func tokenHash(of text: Span<UInt8>, start: Int, end: Int) -> UInt64 {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  var scanner = TokenScanner(start: start, end: min(end, text.count))
  while let (kind, first) = scanner.next(in: text) {
    guard kind == .token else { continue }
    for index in first..<scanner.position {
      hash = (hash ^ UInt64(text[index])) &* 0x100_0000_01b3
    }
    hash = hash &* 0x100_0000_01b3
  }
  return hash
}

/// A `prgate:` comment as offsets: the whole comment, and the text from `prgate:` on.
struct DirectiveComment {
  var start: Int
  var end: Int
  var text: Range<Int>
}

/// The comments in `text` that contain `prgate:`.
func directiveComments(in text: Span<UInt8>) -> [DirectiveComment] {
  var found: [DirectiveComment] = []
  var scanner = TokenScanner(start: 0, end: text.count)
  while let (kind, start) = scanner.next(in: text) {
    guard kind == .comment else { continue }
    let end = scanner.position
    guard let range = directiveRange(in: text, from: start, to: end) else { continue }
    found.append(DirectiveComment(start: start, end: end, text: range))
  }
  return found
}

/// The text from `prgate:` on of the comment in `start..<end`, without its delimiters.
func directiveRange(in text: Span<UInt8>, from start: Int, to end: Int) -> Range<Int>? {
  guard let word = firstMarker(in: text, from: start, to: end) else { return nil }
  let isClosed = text[start + 1] == star && end - start >= 4 && text[end - 1] == slash
  var last = isClosed ? max(word, end - 2) : end
  while last > word, isSpace(text[last - 1]) { last -= 1 }
  return word..<last
}

private let marker = Array("prgate:".utf8)

private func firstMarker(in text: Span<UInt8>, from start: Int, to end: Int) -> Int? {
  var position = start
  while position + marker.count <= end {
    if text[position] == marker[0],
      (1..<marker.count).allSatisfy({ text[position + $0] == marker[$0] })
    {
      return position
    }
    position += 1
  }
  return nil
}

private let slash = UInt8(ascii: "/")
private let star = UInt8(ascii: "*")
private let quote = UInt8(ascii: "\"")
private let apostrophe = UInt8(ascii: "'")
private let backslash = UInt8(ascii: "\\")
private let newline = UInt8(ascii: "\n")
private let equals = UInt8(ascii: "=")
private let minus = UInt8(ascii: "-")
private let greater = UInt8(ascii: ">")
private let doubled = Array("+-<>&|=#".utf8)
private let assignable = Array("+-*/%&|^<>=!".utf8)

/// Whether a byte separates tokens; a backslash outside literals joins lines.
private func isSpace(_ byte: UInt8) -> Bool {
  byte == 0x20 || (0x09...0x0D).contains(byte) || byte == backslash
}

/// Whether a byte is part of an identifier or a number.
func isWord(_ byte: UInt8) -> Bool {
  (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    || byte == 0x5F || byte >= 0x80
}
