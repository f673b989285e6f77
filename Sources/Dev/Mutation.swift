// SPDX-License-Identifier: Apache-2.0

import Analysis
import Clang
import Models

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
  /// `free(p);` becomes `free(p), free(p);`, and the like of all functions that release what they are handed.
  case secondRelease = "memory is released twice"
  /// `memcpy(a, b, n)` becomes `memcpy(a, b, n + 1)`.
  case longCopy = "a copy is one byte too long"
  /// `i < 8` becomes `i <= 8` where `i` is an index of an array of eight elements.
  case wideArrayBound = "an index may be the array's size"
  /// `if (n > limit) return …;` is taken away, where a copy from the user has the size `n`.
  case droppedCopyCheck = "a check of a copy from the user is gone"
  /// `memset(&x, 0, …);` or the initialiser of `x` is taken away, where `x` is copied to the user.
  case droppedClear = "what goes to the user is not cleared"
  /// Two neighbouring labels that errors go to change places.
  case swappedLabels = "two labels of an error path are swapped"
  /// `if (IS_ERR(p)) return …;` is taken away.
  case droppedErrorCheck = "a check for an error pointer is gone"
  /// A call that gives a lock back is taken away in front of a `return`.
  case droppedUnlock = "a lock is not given back"

  /// Up to `count` of `all`, spread evenly.
  static func spread<Element>(_ all: [Element], _ count: Int) -> [Element] {
    guard all.count > count, count > 0 else { return Array(all.prefix(max(count, 0))) }
    return (0..<count).map { all[$0 * all.count / count] }
  }
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
  private var uses = FunctionUses()
  private let models = ModelTable.standard

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
      let root = self.unit.expand(declaration)
      uses = FunctionUses()
      collectUses(root)
      visit(root, parent: .other)
    }
  }

  private mutating func visit(_ node: Cursor, parent: CursorKind) {
    let kind = unit.kind(of: node)
    if let range = range(of: node) {
      switch kind {
      case .binaryOperator where parent != .compound: widen(node)
      case .binaryOperator: dropTerminator(node, range)
      case .if: dropCheck(node)
      case .call: changeCall(node, range, isStatement: [.compound, .label, .if].contains(parent))
      case .compound: changeStatements(node)
      default: break
      }
    }
    for child in unit.children(of: node) { visit(child, parent: kind) }
  }

  /// Notes what operators have to know of the whole function.
  private mutating func collectUses(_ node: Cursor) {
    let children = unit.children(of: node)
    switch unit.kind(of: node) {
    case .subscript_ where children.count == 2:
      if let index = range(of: children[1]), let count = elements(of: children[0]) {
        uses.counts[source(index), default: []].insert(count)
      }
    case .call:
      guard let model = models[unit.spelling(of: node)] else { break }
      let arguments = children.dropFirst().map { extent(of: $0).map { source($0) } ?? "" }
      for case .fetch(_, _, .argument(let size)) in model.effects where size < arguments.count {
        uses.fetched.append(arguments[size])
      }
      if model.reachesUser { uses.revealed += arguments }
    default: break
    }
    for child in children { collectUses(child) }
  }

  /// The elements of the array that a subscript is about.
  private mutating func elements(of array: Cursor) -> Int64? {
    var array = array
    while unit.kind(of: array) == .unexposedExpression, let inner = unit.child(0, of: array) {
      array = inner
    }
    let name = unit.spelling(of: unit.canonical(unit.type(of: array)))
    guard name.hasSuffix("]"), let open = name.firstIndex(of: "[") else { return nil }
    return Int64(name[name.index(after: open)...].prefix { $0 != "]" })
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
      let right = extent(of: operands[1]),
      left.upperBound < right.lowerBound
    else { return }
    if let counts = uses.counts[source(left)],
      case .integer(let bound) = unit.evaluate(operands[1]),
      counts.contains(bound)
    {
      return add(.wideArrayBound, left.upperBound..<right.lowerBound, wide)
    }
    guard range(of: operands[1]) != nil else { return }
    add(.wideBound, left.upperBound..<right.lowerBound, wide)
  }

  // MARK: Statements

  private mutating func changeStatements(_ block: Cursor) {
    let statements = unit.children(of: block)
    swapLabels(statements.filter { unit.kind(of: $0) == .label })
    for (index, statement) in statements.enumerated() {
      guard let place = extent(of: statement) else { continue }
      switch unit.kind(of: statement) {
      case .declarationStatement: dropInitializer(statement)
      case .call:
        let children = unit.children(of: statement)
        let name = unit.spelling(of: statement)
        if name == "memset", children.count == 4, let target = extent(of: children[1]),
          isRevealed(source(target))
        {
          add(.droppedClear, place, "(void)0")
        }
        let next = statements.index(after: index)
        if next < statements.count, unit.kind(of: statements[next]) == .return,
          let model = models[name],
          model.effects.contains(where: { if case .unlock = $0 { true } else { false } })
        {
          add(.droppedUnlock, place, "(void)0")
        }
      default: break
      }
    }
  }

  /// `a: …; b: …` becomes `b: …; a: …`.
  private mutating func swapLabels(_ labels: [Cursor]) {
    for (first, second) in zip(labels, labels.dropFirst()) {
      let names = (unit.spelling(of: first), unit.spelling(of: second))
      guard let one = extent(of: first), let two = extent(of: second),
        one.lowerBound + names.0.utf8.count < two.lowerBound,
        source(one).hasPrefix(names.0), source(two).hasPrefix(names.1)
      else { continue }
      let between = (one.lowerBound + names.0.utf8.count)..<two.lowerBound
      add(
        .swappedLabels, one.lowerBound..<(two.lowerBound + names.1.utf8.count),
        names.1 + source(between) + names.0)
    }
  }

  private mutating func dropInitializer(_ statement: Cursor) {
    for declaration in unit.children(of: statement)
    where unit.kind(of: declaration) == .variableDeclaration && !unit.isStatic(declaration) {
      guard isRevealed(unit.spelling(of: declaration)), let place = extent(of: declaration),
        let list = unit.children(of: declaration).last,
        unit.kind(of: list) == .initializerList, let values = extent(of: list),
        values.upperBound == place.upperBound,
        place.lowerBound < values.lowerBound,
        let equals = text[place.lowerBound..<values.lowerBound].lastIndex(of: UInt8(ascii: "="))
      else { continue }
      add(.droppedClear, equals..<values.upperBound, "")
    }
  }

  /// Whether what is written is handed to users, or its address.
  private func isRevealed(_ written: String) -> Bool {
    let name = written.drop { !Self.isWord($0) }.prefix { Self.isWord($0) }
    return !name.isEmpty && uses.revealed.contains { Self.words(of: $0).contains(name) }
  }

  private static func isWord(_ character: Character) -> Bool {
    character == "_" || character.isLetter || character.isNumber
  }

  private static func words(of text: String) -> [Substring] {
    text.split { !isWord($0) }
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
    guard children.count == 2, let condition = extent(of: children[0]) else { return }
    var body = children[1]
    if unit.kind(of: body) == .compound, let last = unit.children(of: body).last { body = last }
    guard [.return, .goto, .break, .continue].contains(unit.kind(of: body)) else { return }
    let written = source(condition)
    let type = unit.type(of: children[0])
    if isNullTest(children[0], written, type) {
      add(.droppedNullCheck, condition, "0 && (\(written))")
    } else if ["IS_ERR(", "IS_ERR_OR_NULL("].contains(where: { written.hasPrefix($0) }) {
      add(.droppedErrorCheck, condition, "0 && (\(written))")
    } else if written.contains("<") || written.contains(">"), isAboutFetch(written) {
      add(.droppedCopyCheck, condition, "0 && (\(written))")
    } else if written.contains("<") || written.contains(">"),
      !written.contains("->")
        || written.contains(" < ") || written.contains(" > ")
    {
      add(.droppedCheck, condition, "0 && (\(written))")
    }
  }

  /// Whether a condition speaks of the size of a copy from the user.
  private func isAboutFetch(_ condition: String) -> Bool {
    // Whether the copy went well is another question.
    guard !Self.words(of: condition).contains(where: { models[String($0)] != nil }) else {
      return false
    }
    let places = Set(Self.places(in: condition))
    return uses.fetched.contains { size in
      !size.contains("sizeof") && Self.places(in: size).contains { places.contains($0) }
    }
  }

  /// Variables and members as written, such as `count` and `request->size`.
  private static func places(in text: String) -> [String] {
    text.replacing("->", with: ".").split { !isWord($0) && $0 != "." }
      .filter { $0.first?.isNumber == false }.map(String.init)
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
    } else if isStatement, arguments.count == 1, let model = models[name],
      model.effects.contains(where: { if case .release(0, _) = $0 { true } else { false } })
    {
      add(.secondRelease, range, "(\(source(range)), \(source(range)))")
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

  /// The bytes of a node, where it stands in the file or a macro's use makes it there.
  private mutating func extent(of node: Cursor) -> Range<Int>? {
    guard let extent = unit.extent(of: node), extent.start.file == main, extent.end.file == main,
      extent.start.offset < extent.end.offset
    else { return nil }
    return Int(extent.start.offset)..<Int(extent.end.offset)
  }

  private func source(_ range: Range<Int>) -> String {
    String(decoding: text[range], as: UTF8.self)
  }
}

/// What the operators have to know of the whole function.
private struct FunctionUses {
  /// By the text of an index the elements of the arrays that it is used for.
  var counts: [String: Set<Int64>] = [:]
  /// Sizes of copies from the user, as written.
  var fetched: [String] = []
  /// What is handed to functions that copy to the user, as written.
  var revealed: [String] = []
}
