// SPDX-License-Identifier: Apache-2.0

import Clang
import IR

/// Which parts a printed `for` header has.
struct ForHeader: Hashable {
  var hasStart = false
  var hasCondition = false
  var hasStep = false
}

/// What the text of a function, as clang prints it, tells that the tree does not.
///
/// That is which parts a `for` has, the types between which a `_Generic` chooses, and what `asm` says.
/// Macros are expanded in it.
struct PrintedFunction: Hashable {
  private(set) var forHeaders: [ForHeader] = []
  /// The types of the associations of each `_Generic`, in order.
  private(set) var selections: [[String]] = []
  /// The `asm` statements, in order.
  private(set) var assemblies: [PrintedAssembly] = []
  /// The headers and selections that are open, innermost last.
  private var open: [OpenList] = []

  private enum ListKind: Hashable { case loop, selection }

  /// A parenthesis that belongs to a `for` or a `_Generic`.
  private struct OpenList: Hashable {
    var kind: ListKind
    var index: Int
    var depth: Int
    /// The number of separators so far.
    var part = 0
    /// Whether the type of an association is being read.
    var isInType = false
  }

  init(_ text: String) {
    let bytes = ContiguousArray(text.utf8)
    var scanner = TokenScanner(start: 0, end: bytes.count)
    var depth = 0
    var pending: ListKind?
    var assembly = AssemblyScanner()
    while let (kind, start) = scanner.next(in: bytes.span) {
      guard kind == .token else { continue }
      let word = String(decoding: bytes[start..<scanner.position], as: UTF8.self)
      // A declaration's name in assembly is printed without a blank before the parenthesis.
      let next = scanner.position < bytes.count ? bytes[scanner.position] : 0
      assembly.take(word, isStatement: next == UInt8(ascii: " "))
      switch word {
      case "for", "_Generic":
        note(word)
        pending = word == "for" ? .loop : .selection
        continue
      case "(", "[", "{":
        depth += 1
        if let kind = pending { begin(kind, depth) } else { note(word) }
      case ")", "]", "}":
        if open.last?.depth == depth { open.removeLast() } else { note(word) }
        depth -= 1
      default:
        if let last = open.last, last.depth == depth, separate(last, at: word) { break }
        note(word)
      }
      pending = nil
    }
    assemblies = assembly.found
  }

  private mutating func begin(_ kind: ListKind, _ depth: Int) {
    switch kind {
    case .loop:
      open.append(OpenList(kind: kind, index: forHeaders.count, depth: depth))
      forHeaders.append(ForHeader())
    case .selection:
      open.append(OpenList(kind: kind, index: selections.count, depth: depth))
      selections.append([])
    }
  }

  /// Goes on to the next part of a list where `word` separates its parts.
  private mutating func separate(_ list: OpenList, at word: String) -> Bool {
    switch (list.kind, word) {
    case (.loop, ";"):
      open[open.count - 1].part += 1
      return true
    case (.selection, ","):
      open[open.count - 1].isInType = true
      selections[list.index].append("")
      return true
    case (.selection, ":") where list.isInType:
      open[open.count - 1].isInType = false
      return true
    default: return false
    }
  }

  /// Adds a token to the innermost list.
  private mutating func note(_ word: String) {
    guard let list = open.last else { return }
    switch list.kind {
    case .loop:
      switch list.part {
      case 0: forHeaders[list.index].hasStart = true
      case 1: forHeaders[list.index].hasCondition = true
      default: forHeaders[list.index].hasStep = true
      }
    case .selection:
      guard list.isInType, let last = selections[list.index].indices.last else { return }
      selections[list.index][last] += selections[list.index][last].isEmpty ? word : " \(word)"
    }
  }
}

/// The printed text of the function at hand, and what is read from it.
extension Lowerer {
  mutating func printedFunction() -> PrintedFunction {
    if let known = code.printed { return known }
    let printed = PrintedFunction(unit.prettyPrinted(code.definition))
    code.printed = printed
    return printed
  }

  /// The nodes of a kind in preorder, which is the order in which they are printed.
  func nodesInPrintedOrder(_ kind: CursorKind) -> [Cursor] {
    var found: [Cursor] = []
    var node = code.definition
    let end = unit.end(of: node)
    while node < end {
      if unit.kind(of: node) == kind { found.append(node) }
      if isBinaryConditional(node), let last = unit.child(2, of: node),
        let first = unit.child(0, of: node)
      {
        // `x ?: y` is printed with one `x`, but the tree has it three times.
        for index in first.index..<unit.end(of: first).index
        where unit.kind(of: Cursor(index: index)) == kind {
          found.append(Cursor(index: index))
        }
        node = unit.end(of: last)
        continue
      }
      node = Cursor(index: node.index + 1)
    }
    return found
  }

  /// The chosen branch of a `_Generic`.
  mutating func selected(_ node: Cursor) -> Cursor? {
    if let known = code.selections[node] { return known }
    let expressions = unit.children(of: node).filter { unit.kind(of: $0).isExpression }
    guard let control = expressions.first else { return nil }
    let branches = expressions.dropFirst()
    // The type of the whole is that of the branch.
    let whole = type(of: node)
    let fitting = branches.filter { type(of: $0) == whole }
    if fitting.count == 1 { return fitting[0] }
    if !code.hasSelections { readSelections() }
    guard let types = code.associations[node], types.count == branches.count else { return nil }
    let wanted = comparable(unit.spelling(of: unit.unqualified(unit.type(of: control))))
    let spellings = types.map { $0 == "default" ? $0 : comparable(withoutTypedefs($0)) }
    guard
      let choice = spellings.firstIndex(of: wanted) ?? spellings.firstIndex(of: "default")
    else { return nil }
    let branch = branches[branches.startIndex + choice]
    code.selections[node] = branch
    return branch
  }

  private mutating func readSelections() {
    code.hasSelections = true
    let nodes = nodesInPrintedOrder(.genericSelection)
    let printed = printedFunction().selections
    guard nodes.count == printed.count else { return }
    for (node, types) in zip(nodes, printed) { code.associations[node] = types }
  }

  /// A printed type name with its typedef names replaced by what they stand for.
  private mutating func withoutTypedefs(_ type: String) -> String {
    if typedefs == nil {
      var names: [String: Cursor] = [:]
      for node in unit.fileScopeDeclarations() where unit.kind(of: node) == .typedefDeclaration {
        names[unit.spelling(of: node)] = node
      }
      typedefs = names
    }
    let words = type.split(separator: " ").map { word in
      guard let node = typedefs?[String(word)] else { return String(word) }
      return unit.spelling(of: unit.canonical(unit.type(of: node)))
    }
    return words.joined(separator: " ")
  }

  private func comparable(_ type: String) -> String { type.filter { $0 != " " } }
}
