// SPDX-License-Identifier: Apache-2.0

import Clang

/// Rewrites the functions of a file, by the extents of libclang's nodes.
///
/// What macros make is left as it is.
struct Rewriter: ~Copyable {
  var unit: TranslationUnit
  let main: ClangFile
  let text: ContiguousArray<UInt8>
  /// Definitions of functions in the file.
  let definitions: [Cursor]
  private(set) var edits: [Edit] = []
  /// Nodes of arguments that a macro repeats are rewritten once.
  private var done: Set<Range<Int>> = []

  /// Parses a file; nil if it cannot be read.
  init?(path: String, arguments: [String]) {
    guard var unit = try? TranslationUnit(path: path, arguments: arguments),
      let main = unit.mainFile()
    else { return nil }
    text = unit.copyOfContents(of: main)
    self.main = main
    definitions = unit.fileScopeDeclarations().filter { node in
      guard unit.isInMainFile(node), unit.kind(of: node) == .functionDeclaration,
        unit.isDefinition(node), let extent = unit.extent(of: node)
      else { return false }
      return extent.start.file == main && extent.spelling == extent.start
    }.map { unit.expand($0) }
    self.unit = unit
  }

  /// The file after a rewrite; nil where there is nothing to rewrite.
  mutating func apply(_ rewrite: Rewrite) -> String? {
    edits = []
    done = []
    switch rewrite {
    case .renamedVariables: renameVariables()
    case .unusedParameter: addParameters()
    default:
      for function in definitions { visit(function, of: function, parent: .other, rewrite) }
    }
    if rewrite == .typedefLayer, !edits.isEmpty, let first = definitions.first,
      let start = range(of: first)?.lowerBound
    {
      insert("typedef int whole_t; ", at: start)
    }
    return edits.isEmpty ? nil : edited()
  }

  private mutating func visit(
    _ node: Cursor, of function: Cursor, parent: CursorKind, _ rewrite: Rewrite
  ) {
    let kind = unit.kind(of: node)
    if let range = range(of: node) {
      change(node, kind, range, of: function, parent: parent, rewrite)
    }
    for child in unit.children(of: node) { visit(child, of: function, parent: kind, rewrite) }
  }

  private mutating func change(
    _ node: Cursor, _ kind: CursorKind, _ range: Range<Int>, of function: Cursor,
    parent: CursorKind, _ rewrite: Rewrite
  ) {
    switch (rewrite, kind) {
    case (.typedefLayer, .variableDeclaration), (.typedefLayer, .parameterDeclaration):
      throughTypedef(range)
    case (.forAsWhile, .for): forAsWhile(node, range)
    case (.whileAsFor, .while): whileAsFor(range)
    case (.negatedIf, .if): negateIf(node, range)
    case (.doWhileZero, _) where kind.isExpression && parent == .compound:
      insert("do { ", at: range.lowerBound)
      insert("; } while (0)", at: range.upperBound, isClosing: true)
    case (.returnThroughLocal, .return): returnThroughLocal(node, range, of: function)
    case (.deadBranch, .compound) where parent == .functionDeclaration:
      insert(" { int idle_ = 3; if (idle_ > 5) idle_ = 0; }", at: range.lowerBound + 1)
    case (.indexAsPointer, .subscript_): indexAsPointer(node, range)
    case (.swappedComparison, .binaryOperator): swapComparison(node, range)
    case (.negatedComparison, .binaryOperator): negateComparison(node, range)
    case (.expandedAssignment, .compoundAssignment): expandAssignment(node, range)
    case (.splitDeclaration, .declarationStatement) where parent == .compound:
      splitDeclaration(node)
    case (.arrowAsStar, .memberExpression): arrowAsStar(node, range)
    case (.bodyInHelper, .functionDeclaration): moveBody(node, range)
    default: break
    }
  }

  // MARK: Text

  /// The bytes of a node that is written in the file, not made by a macro.
  mutating func range(of node: Cursor) -> Range<Int>? {
    guard let extent = unit.extent(of: node), extent.start.file == main, extent.end.file == main,
      extent.spelling == extent.start, extent.start.offset < extent.end.offset
    else { return nil }
    return Int(extent.start.offset)..<Int(extent.end.offset)
  }

  func source(_ range: Range<Int>) -> String { String(decoding: text[range], as: UTF8.self) }

  /// Whether the file has these characters at a place.
  func has(_ word: String, at offset: Int) -> Bool { text[offset...].starts(with: word.utf8) }

  /// The first place from `offset` on that is not blank.
  func skipBlanks(_ offset: Int) -> Int {
    text[offset...].firstIndex { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") } ?? text.count
  }

  mutating func isNew(_ range: Range<Int>) -> Bool { done.insert(range).inserted }

  mutating func insert(_ new: String, at offset: Int, isClosing: Bool = false) {
    edits.append(
      Edit(range: offset..<offset, text: new, isClosing: isClosing, number: edits.count))
  }

  /// Replaces text; its line ends stay.
  mutating func replace(_ range: Range<Int>, by new: String) {
    let ends = String(repeating: "\n", count: text[range].count { $0 == UInt8(ascii: "\n") })
    edits.append(Edit(range: range, text: new + ends, isClosing: false, number: edits.count))
  }

  /// Replaces text by one that has its line ends.
  mutating func replaceAsWritten(_ range: Range<Int>, by new: String) {
    edits.append(Edit(range: range, text: new, isClosing: false, number: edits.count))
  }

  private func edited() -> String {
    var output: [UInt8] = []
    var place = 0
    for edit in edits.sorted(by: Edit.isOrderedBefore) {
      output += text[place..<edit.range.lowerBound]
      output += edit.text.utf8
      place = edit.range.upperBound
    }
    output += text[place...]
    return String(decoding: output, as: UTF8.self)
  }
}

/// New text for a part of a file.
struct Edit {
  var range: Range<Int>
  var text: String
  /// Whether it ends what began before, so that it comes before what begins at the same place.
  var isClosing: Bool
  /// Its place in the order of nodes: outer ones come first.
  var number: Int

  static func isOrderedBefore(_ left: Edit, _ right: Edit) -> Bool {
    let (one, other) = (left.range.lowerBound, right.range.lowerBound)
    if one != other { return one < other }
    if left.isClosing != right.isClosing { return left.isClosing }
    if left.range.isEmpty != right.range.isEmpty { return left.range.isEmpty }
    return left.isClosing ? left.number > right.number : left.number < right.number
  }
}
