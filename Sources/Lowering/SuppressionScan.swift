// SPDX-License-Identifier: Apache-2.0

/// A comment with `prgate:` in a text, with the line that it speaks of.
public struct ScannedComment: Hashable, Sendable {
  /// Offset of `prgate:`.
  public var start: Int
  /// Offset after the last byte of the comment's text, without its delimiters.
  public var end: Int
  /// The 1-based line of `prgate:`.
  public var line: Int
  /// The line of the comment where code stands before it, else that of the next code; 0 where none is.
  public var target: Int
}

/// The comments of C text that contain `prgate:`, in their order.
///
/// It needs no preprocessor and sees what a condition leaves out, too: a comment is a comment whatever
/// is compiled.
public func scannedComments(in text: Span<UInt8>) -> [ScannedComment] {
  var found: [ScannedComment] = []
  var scanner = TokenScanner(start: 0, end: text.count)
  var lines = LineCounter()
  var lastTokenLine = 0
  // Comments that wait for the next code.
  var waiting = 0
  while let (kind, start) = scanner.next(in: text) {
    let line = lines.line(of: start, in: text)
    guard kind == .comment else {
      for index in found.count - waiting..<found.count { found[index].target = line }
      waiting = 0
      lastTokenLine = lines.line(of: scanner.position, in: text)
      continue
    }
    guard let range = directiveRange(in: text, from: start, to: scanner.position) else { continue }
    let isBehindCode = lastTokenLine == line
    found.append(
      ScannedComment(
        start: range.lowerBound, end: range.upperBound,
        line: lines.line(of: range.lowerBound, in: text), target: isBehindCode ? line : 0))
    // Behind code, none can wait: the code has taken them all.
    waiting = isBehindCode ? 0 : waiting + 1
  }
  return found
}

/// The line of offsets that are asked for in ascending order.
private struct LineCounter {
  private var position = 0
  private var number = 1

  mutating func line(of offset: Int, in text: Span<UInt8>) -> Int {
    while position < min(offset, text.count) {
      if text[position] == 0x0A { number += 1 }
      position += 1
    }
    return number
  }
}
