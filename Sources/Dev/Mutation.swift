// SPDX-License-Identifier: Apache-2.0

import Clang

/// A small mistake that programmers make.
enum MutationOperator: String, CaseIterable, Sendable {
  /// `a < b` becomes `a <= b`, `a >= b` becomes `a > b`.
  case wideBound = "one value more passes a bound"
  /// `if (a > b) return …;` is taken away.
  case droppedCheck = "a check of a bound is gone"
  /// `if (!p) return …;` is taken away.
  case droppedNullCheck = "a check for NULL is gone"
  /// `malloc(n)` becomes `malloc(n - 1)`.
  case shortAllocation = "an allocation is one byte too small"
  /// `text[n] = 0;` is taken away.
  case droppedTerminator = "a store of a terminator is gone"
  /// `strncpy(a, b, n)` becomes `strcpy(a, b)`, `snprintf` becomes `sprintf`.
  case unboundedCopy = "a bounded copy is unbounded"
  /// `free(p);` becomes `free(p); free(p);`.
  case secondRelease = "memory is released twice"
  /// `memcpy(a, b, n)` becomes `memcpy(a, b, n + 1)`.
  case longCopy = "a copy is one byte too long"
}

/// A mistake at one place of a file.
struct Mutant: Sendable {
  var kind: MutationOperator
  var function: String
  var range: Range<Int>
  var text: String
}

/// Finds the places of a file where mistakes can be made, by the extents of libclang's nodes.
struct MutationSearch: ~Copyable {
  private var unit: TranslationUnit
  private let main: ClangFile
  let text: ContiguousArray<UInt8>
  private(set) var mutants: [Mutant] = []
  private var function = ""

  init?(path: String, arguments: [String]) {
    guard var unit = try? TranslationUnit(path: path, arguments: arguments),
      let main = unit.mainFile()
    else { return nil }
    text = unit.copyOfContents(of: main)
    self.main = main
    self.unit = unit
    for declaration in self.unit.fileScopeDeclarations()
    where self.unit.isInMainFile(declaration) && self.unit.isDefinition(declaration)
      && self.unit.kind(of: declaration) == .functionDeclaration
    {
      function = self.unit.spelling(of: declaration)
      visit(self.unit.expand(declaration), parent: .other)
    }
  }

  private mutating func visit(_ node: Cursor, parent: CursorKind) {
    let kind = unit.kind(of: node)
    if let range = range(of: node) {
      switch kind {
      case .binaryOperator where parent != .compound: widen(node)
      case .binaryOperator: dropTerminator(node, range)
      case .if: dropCheck(node)
      case .call: changeCall(node, range, isStatement: parent == .compound)
      default: break
      }
    }
    for child in unit.children(of: node) { visit(child, parent: kind) }
  }

  // MARK: Operators

  private mutating func widen(_ node: Cursor) {
    let wide: String
    switch unit.binaryOperator(of: node) {
    case .less: wide = " <= "
    case .greaterOrEqual: wide = " > "
    default: return
    }
    let operands = unit.children(of: node)
    guard operands.count == 2, let left = range(of: operands[0]),
      let right = range(of: operands[1]),
      left.upperBound < right.lowerBound
    else { return }
    add(.wideBound, left.upperBound..<right.lowerBound, wide)
  }

  private mutating func dropTerminator(_ node: Cursor, _ range: Range<Int>) {
    let operands = unit.children(of: node)
    guard unit.binaryOperator(of: node) == .assign, operands.count == 2,
      let value = self.range(of: operands[1]), ["0", "'\\0'"].contains(source(value)),
      [.subscript_, .unaryOperator].contains(unit.kind(of: operands[0]))
    else { return }
    let type = unit.type(of: operands[0])
    guard unit.size(of: type) == 1 else { return }
    add(.droppedTerminator, range, "(void)0")
  }

  /// A condition whose only effect is to leave.
  private mutating func dropCheck(_ node: Cursor) {
    let children = unit.children(of: node)
    guard children.count == 2, let condition = range(of: children[0]) else { return }
    var body = children[1]
    if unit.kind(of: body) == .compound, let last = unit.children(of: body).last { body = last }
    guard [.return, .goto, .break, .continue].contains(unit.kind(of: body)) else { return }
    let written = source(condition)
    let type = unit.type(of: children[0])
    if isNullTest(children[0], written, type) {
      add(.droppedNullCheck, condition, "0 && (\(written))")
    } else if written.contains("<") || written.contains(">"),
      !written.contains("->")
        || written.contains(" < ") || written.contains(" > ")
    {
      add(.droppedCheck, condition, "0 && (\(written))")
    }
  }

  private mutating func isNullTest(_ node: Cursor, _ written: String, _ type: ClangType) -> Bool {
    if written.hasSuffix("== NULL") || written.hasSuffix("== Z_NULL") { return true }
    guard unit.kind(of: node) == .unaryOperator, unit.unaryOperator(of: node) == .not,
      let operand = unit.child(0, of: node)
    else { return false }
    let inner = unit.type(of: operand)
    let canonical = unit.canonical(inner)
    return unit.spelling(of: canonical).hasSuffix("*")
  }

  private mutating func changeCall(_ node: Cursor, _ range: Range<Int>, isStatement: Bool) {
    let name = unit.spelling(of: node)
    let arguments = unit.children(of: node).dropFirst().compactMap { self.range(of: $0) }
    guard arguments.count == unit.children(of: node).count - 1, let last = arguments.last else {
      return
    }
    let copies = ["memcpy", "memmove", "memset"]
    if copies.contains(name), arguments.count == 3 {
      add(.longCopy, last, "(\(source(last))) + 1")
    } else if name == "strncpy", arguments.count == 3 {
      let parts = arguments.prefix(2).map { source($0) }.joined(separator: ", ")
      add(.unboundedCopy, range, "strcpy(\(parts))")
    } else if name == "snprintf", arguments.count > 2 {
      let parts = (arguments.prefix(1) + arguments.dropFirst(2)).map { source($0) }
      add(.unboundedCopy, range, "sprintf(\(parts.joined(separator: ", ")))")
    } else if name == "free", isStatement {
      add(.secondRelease, range, "\(source(range)); \(source(range))")
    } else if name.hasSuffix("alloc"), name != "realloc" || arguments.count == 2 {
      // The last argument is a size: a pointer is what other makers of objects take.
      let result = unit.spelling(of: unit.type(of: node))
      guard result.hasSuffix("*"), let size = unit.children(of: node).last,
        case let type = unit.type(of: size),
        case let written = unit.spelling(of: unit.canonical(type)), !written.hasSuffix("*")
      else { return }
      add(.shortAllocation, last, "(\(source(last))) - 1")
    }
  }

  // MARK: Text

  private mutating func add(_ kind: MutationOperator, _ range: Range<Int>, _ new: String) {
    mutants.append(Mutant(kind: kind, function: function, range: range, text: new))
  }

  /// The bytes of a node that is written in the file, not made by a macro.
  private mutating func range(of node: Cursor) -> Range<Int>? {
    guard let extent = unit.extent(of: node), extent.start.file == main, extent.end.file == main,
      extent.spelling == extent.start, extent.start.offset < extent.end.offset
    else { return nil }
    return Int(extent.start.offset)..<Int(extent.end.offset)
  }

  private func source(_ range: Range<Int>) -> String {
    String(decoding: text[range], as: UTF8.self)
  }
}
