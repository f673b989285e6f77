// SPDX-License-Identifier: Apache-2.0

import Clang

// Statements, declarations and functions.

extension Rewriter {
  mutating func throughTypedef(_ range: Range<Int>) {
    let word = range.lowerBound..<range.lowerBound + 3
    guard has("int ", at: range.lowerBound), isNew(word) else { return }
    replace(word, by: "whole_t")
  }

  mutating func forAsWhile(_ node: Cursor, _ range: Range<Int>) {
    guard let body = unit.children(of: node).last, let bodyRange = self.range(of: body),
      !hasContinue(body), has("for", at: range.lowerBound), isNew(range)
    else { return }
    let open = skipBlanks(range.lowerBound + 3)
    guard let close = closing(open), close < bodyRange.lowerBound else { return }
    let ends = topLevel(";", in: open + 1..<close)
    guard ends.count == 2 else { return }
    replace(range.lowerBound..<open + 1, by: "{ ")
    let isEndless = source(ends[0] + 1..<ends[1]).allSatisfy(\.isWhitespace)
    insert(isEndless ? " while (1" : " while (", at: ends[0] + 1)
    replace(ends[1]..<bodyRange.lowerBound, by: ") { ")
    let step = source(ends[1] + 1..<close).replacing("\n", with: " ")
    insert(" \(step); } }", at: statementEnd(body, bodyRange), isClosing: true)
  }

  mutating func whileAsFor(_ range: Range<Int>) {
    let open = skipBlanks(range.lowerBound + 5)
    guard has("while", at: range.lowerBound), let close = closing(open), isNew(range) else {
      return
    }
    replace(range.lowerBound..<open + 1, by: "for (; ")
    insert(";", at: close)
  }

  mutating func negateIf(_ node: Cursor, _ range: Range<Int>) {
    let open = skipBlanks(range.lowerBound + 2)
    guard unit.children(of: node).count == 2, has("if", at: range.lowerBound),
      let close = closing(open), isNew(range)
    else { return }
    insert("!(", at: open + 1)
    insert(")", at: close, isClosing: true)
    insert(" {} else", at: close + 1)
  }

  mutating func returnThroughLocal(_ node: Cursor, _ range: Range<Int>, of function: Cursor) {
    let type = unit.type(of: function)
    let name = unit.spelling(of: unit.result(of: type))
    guard let value = unit.children(of: node).first, let valueRange = self.range(of: value),
      name != "void", !name.contains("("), has("return", at: range.lowerBound), isNew(range)
    else { return }
    replace(range.lowerBound..<valueRange.lowerBound, by: "{ \(name) answer_ = (")
    insert("); return answer_", at: valueRange.upperBound, isClosing: true)
    insert(" }", at: statementEnd(node, range), isClosing: true)
  }

  mutating func splitDeclaration(_ node: Cursor) {
    let children = unit.children(of: node)
    guard children.count == 1, unit.kind(of: children[0]) == .variableDeclaration,
      !unit.isStatic(children[0]), !unit.isExtern(children[0]),
      let value = unit.initializer(of: children[0]), unit.kind(of: value) != .initializerList,
      let valueRange = range(of: value), let place = unit.location(of: children[0])
    else { return }
    let type = unit.type(of: children[0])
    let name = unit.spelling(of: children[0])
    let end = Int(place.offset) + name.utf8.count
    guard !unit.isConst(type), !unit.spelling(of: type).contains("["),
      has(name, at: Int(place.offset)),
      end < valueRange.lowerBound, has("=", at: skipBlanks(end)), isNew(valueRange)
    else { return }
    replace(end..<valueRange.lowerBound, by: "; \(name) = ")
  }

  mutating func moveBody(_ node: Cursor, _ range: Range<Int>) {
    let parameters = unit.parameters(ofFunction: node)
    let (name, type) = (unit.spelling(of: node), unit.type(of: node))
    guard let place = unit.location(of: node), has(name, at: Int(place.offset)), name != "main",
      !unit.isVariadic(type), parameters.allSatisfy({ !unit.spelling(of: $0).isEmpty }),
      let body = unit.children(of: node).last(where: { unit.kind(of: $0) == .compound }),
      let bodyRange = self.range(of: body)
    else { return }
    let nameRange = Int(place.offset)..<Int(place.offset) + name.utf8.count
    let before = source(range.lowerBound..<nameRange.lowerBound)
    let after = source(nameRange.upperBound..<bodyRange.lowerBound)
    let head = before + after
    guard !["__attribute__", "inline", "extern", "//", "/*"].contains(where: head.contains) else {
      return
    }
    // A body that calls its function needs to know it.
    let isRecursive = source(bodyRange).contains("\(name)(")
    let declaration =
      isRecursive ? "\(before)\(name)\(after); ".replacing("\n", with: " ") : ""
    let storage = unit.isStatic(node) ? "" : "static "
    if !(declaration + storage).isEmpty { insert(declaration + storage, at: range.lowerBound) }
    replace(nameRange, by: "\(name)_inner")
    let isVoid = unit.spelling(of: unit.result(of: type)) == "void"
    let names = parameters.map { unit.spelling(of: $0) }.joined(separator: ", ")
    let call = "\(isVoid ? "" : "return ")\(name)_inner(\(names));"
    let outer = "\(before)\(name)\(after) { \(call) }".replacing("\n", with: " ")
    insert(" " + outer, at: bodyRange.upperBound, isClosing: true)
  }

  /// After the semicolon of a statement, or after its brace.
  private mutating func statementEnd(_ node: Cursor, _ range: Range<Int>) -> Int {
    switch unit.kind(of: node) {
    case .compound: return range.upperBound
    case .if, .for, .while, .switch, .label, .caseLabel, .defaultLabel:
      guard let last = unit.children(of: node).last, let lastRange = self.range(of: last) else {
        break
      }
      return statementEnd(last, lastRange)
    default: break
    }
    let next = skipBlanks(range.upperBound)
    return next < text.count && text[next] == UInt8(ascii: ";") ? next + 1 : range.upperBound
  }

  private func hasContinue(_ node: Cursor) -> Bool {
    switch unit.kind(of: node) {
    case .continue: return true
    case .for, .while, .do: return false
    default: return unit.children(of: node).contains { hasContinue($0) }
    }
  }

  /// The parenthesis that closes the one at `open`.
  private func closing(_ open: Int) -> Int? {
    guard has("(", at: open) else { return nil }
    var depth = 0
    for (offset, character) in plain(open..<text.count) {
      if character == UInt8(ascii: "(") { depth += 1 }
      if character == UInt8(ascii: ")") {
        depth -= 1
        if depth == 0 { return offset }
      }
    }
    return nil
  }

  /// The places of a character outside parentheses.
  private func topLevel(_ wanted: Unicode.Scalar, in range: Range<Int>) -> [Int] {
    var depth = 0
    var found: [Int] = []
    for (offset, character) in plain(range) {
      if character == UInt8(ascii: "(") { depth += 1 }
      if character == UInt8(ascii: ")") { depth -= 1 }
      if depth == 0, character == UInt8(ascii: wanted) { found.append(offset) }
    }
    return found
  }

  /// The characters outside of literals.
  private func plain(_ range: Range<Int>) -> [(Int, UInt8)] {
    var found: [(Int, UInt8)] = []
    var quote: UInt8 = 0
    var isEscaped = false
    for offset in range {
      let character = text[offset]
      if isEscaped {
        isEscaped = false
      } else if quote != 0 {
        isEscaped = character == UInt8(ascii: "\\")
        if character == quote { quote = 0 }
      } else if character == UInt8(ascii: "\"") || character == UInt8(ascii: "'") {
        quote = character
      } else {
        found.append((offset, character))
      }
    }
    return found
  }
}
