// SPDX-License-Identifier: Apache-2.0

import CClang

/// A node of the syntax tree: a position in its unit's table of nodes.
///
/// The nodes of a declaration lie in preorder: the children of `c` start at `c + 1`, and the subtree of
/// `c` ends before `TranslationUnit.end(of: c)`.
public struct Cursor: BitwiseCopyable, Hashable, Comparable, Sendable {
  /// The position, from 0.
  public let index: UInt32

  /// Makes the handle of the node at `index`.
  public init(index: UInt32) { self.index = index }

  /// Orders in preorder.
  public static func < (left: Self, right: Self) -> Bool { left.index < right.index }
}

/// The identity of a declaration or statement in its unit.
public struct EntityID: BitwiseCopyable, Hashable, Sendable {
  let address: UInt
}

/// Numbers for declarations.
public struct EntityTable: Sendable {
  private var numbers = AddressTable()

  /// Makes an empty table.
  public init() {}

  /// The number of a declaration.
  public subscript(entity: EntityID) -> UInt32? {
    get { numbers[entity.address] }
    set { if let newValue { numbers.set(newValue, for: entity.address) } }
  }
}

/// What a node is: libclang's cursor kinds, as far as C has them.
public enum CursorKind: UInt16, BitwiseCopyable, Hashable, Sendable {
  case unexposedDeclaration = 1
  case structDeclaration = 2
  case unionDeclaration = 3
  case enumDeclaration = 5
  case fieldDeclaration = 6
  case enumConstantDeclaration = 7
  case functionDeclaration = 8
  case variableDeclaration = 9
  case parameterDeclaration = 10
  case typedefDeclaration = 20
  case typeReference = 43
  case memberReference = 47
  case labelReference = 48
  case unexposedExpression = 100
  case declarationReference = 101
  case memberExpression = 102
  case call = 103
  case integerLiteral = 106
  case floatingLiteral = 107
  case imaginaryLiteral = 108
  case stringLiteral = 109
  case characterLiteral = 110
  case parenthesis = 111
  case unaryOperator = 112
  case subscript_ = 113
  case binaryOperator = 114
  case compoundAssignment = 115
  case conditional = 116
  case explicitCast = 117
  case compoundLiteral = 118
  case initializerList = 119
  case addressOfLabel = 120
  case statementExpression = 121
  case genericSelection = 122
  case sizeOrAlignment = 136
  case unexposedStatement = 200
  case label = 201
  case compound = 202
  case caseLabel = 203
  case defaultLabel = 204
  case `if` = 205
  case `switch` = 206
  case `while` = 207
  case `do` = 208
  case `for` = 209
  case `goto` = 210
  case indirectGoto = 211
  case `continue` = 212
  case `break` = 213
  case `return` = 214
  case assembly = 215
  case microsoftAssembly = 229
  case null = 230
  case declarationStatement = 231
  case translationUnit = 350
  case unexposedAttribute = 400
  case staticAssertion = 602
  /// A kind that C code does not have, or that is of no use here.
  case other = 0

  /// Whether a node of it is an expression.
  public var isExpression: Bool { (100...199).contains(rawValue) }

  /// Whether a node of it is a statement other than an expression.
  public var isStatement: Bool { (200...349).contains(rawValue) }
}

/// An operator with two operands.
public enum ClangBinaryOperator: UInt8, BitwiseCopyable, Hashable, Sendable {
  case invalid, memberPointer, memberPointerArrow, multiply, divide, remainder, add, subtract
  case shiftLeft, shiftRight, threeWay, less, greater, lessOrEqual, greaterOrEqual, equal, notEqual
  case and, xor, or, logicalAnd, logicalOr, assign, multiplyAssign, divideAssign, remainderAssign
  case addAssign, subtractAssign, shiftLeftAssign, shiftRightAssign, andAssign, xorAssign, orAssign
  case comma
}

/// An operator with one operand.
public enum ClangUnaryOperator: UInt8, BitwiseCopyable, Hashable, Sendable {
  case invalid, postIncrement, postDecrement, preIncrement, preDecrement, addressOf, dereference
  case plus, minus, complement, not, real, imaginary, `extension`, coroutine
}

/// A row of the table of nodes.
struct Node {
  var cursor: CXCursor
  /// After the last node of the subtree.
  var end: UInt32
  var kind: CursorKind
  /// What a reference names, once it was asked for: the node, or one of the constants below.
  var referenced = Node.notAsked
  /// Whether it is an implicit cast; nil where that was not asked for.
  var isImplicitCast: Bool?
  var extent = PlainExtent.notAsked

  static let notAsked = UInt32.max
  static let nothing = UInt32.max - 1
}

extension TranslationUnit {
  /// The nodes of `root`'s whole subtree, which are added to the table unless they are in it.
  public mutating func expand(_ root: Cursor) -> Cursor {
    if nodes[Int(root.index)].end != 0 { return root }
    let cursor = nodes[Int(root.index)].cursor
    let first = append(cursor)
    var builder = TreeBuilder(nodes: nodes, open: [first.index])
    nodes = []
    unsafe withUnsafeMutablePointer(to: &builder) { pointer in
      _ = unsafe clang_visitChildren(
        cursor,
        { child, parent, data in
          guard let data = unsafe data else { return CXChildVisit_Break }
          unsafe data.assumingMemoryBound(to: TreeBuilder.self).pointee.add(child, to: parent)
          return CXChildVisit_Recurse
        }, pointer)
    }
    builder.close(to: 0)
    nodes = builder.nodes
    return first
  }

  /// The declarations at file scope, in their order, without their subtrees.
  public mutating func fileScopeDeclarations() -> [Cursor] {
    let first = UInt32(nodes.count)
    var collector = ChildCollector(nodes: nodes)
    nodes = []
    unsafe withUnsafeMutablePointer(to: &collector) { pointer in
      _ = unsafe clang_visitChildren(
        clang_getTranslationUnitCursor(unit),
        { child, _, data in
          guard let data = unsafe data else { return CXChildVisit_Break }
          unsafe data.assumingMemoryBound(to: ChildCollector.self).pointee.add(child)
          return CXChildVisit_Continue
        }, pointer)
    }
    nodes = collector.nodes
    return (first..<UInt32(nodes.count)).map(Cursor.init(index:))
  }

  /// What the node is.
  public func kind(of node: Cursor) -> CursorKind { nodes[Int(node.index)].kind }

  /// The position after the last node of an expanded subtree.
  public func end(of node: Cursor) -> Cursor { Cursor(index: nodes[Int(node.index)].end) }

  /// The children of a node of an expanded subtree.
  public func children(of node: Cursor) -> ContiguousArray<Cursor> {
    var children: ContiguousArray<Cursor> = []
    var child = node.index + 1
    let end = nodes[Int(node.index)].end
    while child < end {
      children.append(Cursor(index: child))
      child = nodes[Int(child)].end
    }
    return children
  }

  /// The first child that is an expression, of a node of an expanded subtree.
  public func firstExpression(in node: Cursor) -> Cursor? {
    var child = node.index + 1
    let end = nodes[Int(node.index)].end
    while child < end {
      if nodes[Int(child)].kind.isExpression { return Cursor(index: child) }
      child = nodes[Int(child)].end
    }
    return nil
  }

  /// The last child that is an expression, of a node of an expanded subtree.
  public func lastExpression(in node: Cursor) -> Cursor? {
    var last: Cursor?
    var child = node.index + 1
    let end = nodes[Int(node.index)].end
    while child < end {
      if nodes[Int(child)].kind.isExpression { last = Cursor(index: child) }
      child = nodes[Int(child)].end
    }
    return last
  }

  /// Child number `position` of a node of an expanded subtree.
  public func child(_ position: Int, of node: Cursor) -> Cursor? {
    var child = node.index + 1
    let end = nodes[Int(node.index)].end
    var left = position
    while child < end {
      if left == 0 { return Cursor(index: child) }
      left -= 1
      child = nodes[Int(child)].end
    }
    return nil
  }

  /// The declaration or label that a reference names, as a node without a subtree.
  public mutating func referenced(by node: Cursor) -> Cursor? {
    let known = nodes[Int(node.index)].referenced
    if known == Node.nothing { return nil }
    if known != Node.notAsked { return Cursor(index: known) }
    let found = present(clang_getCursorReferenced(nodes[Int(node.index)].cursor))
    nodes[Int(node.index)].referenced = found?.index ?? Node.nothing
    return found
  }

  /// The first declaration of the same entity, as a node without a subtree.
  public mutating func canonical(_ node: Cursor) -> Cursor {
    append(clang_getCanonicalCursor(nodes[Int(node.index)].cursor))
  }

  /// The declaration that defines the entity in this unit, as a node without a subtree.
  public mutating func definition(of node: Cursor) -> Cursor? {
    present(clang_getCursorDefinition(nodes[Int(node.index)].cursor))
  }

  /// The declaration that a member or other declaration belongs to, as a node without a subtree.
  public mutating func parent(of node: Cursor) -> Cursor {
    append(clang_getCursorSemanticParent(nodes[Int(node.index)].cursor))
  }

  /// Whether a declaration has attributes of its own.
  public func hasAttributes(_ node: Cursor) -> Bool {
    clang_Cursor_hasAttrs(nodes[Int(node.index)].cursor) != 0
  }

  /// The initialiser of a variable, as a node without a subtree.
  public mutating func initializer(of variable: Cursor) -> Cursor? {
    present(clang_Cursor_getVarDeclInitializer(nodes[Int(variable.index)].cursor))
  }

  /// The identity of the declaration or statement at the node.
  public func entity(_ node: Cursor) -> EntityID {
    EntityID(nodes[Int(node.index)].cursor)
  }

  /// Whether two nodes stand for the same declaration, expression or statement.
  public func isSame(_ left: Cursor, _ right: Cursor) -> Bool {
    kind(of: left) == kind(of: right) && entity(left) == entity(right)
  }

  /// The operand of an implicit cast; nil for a node that is none.
  ///
  /// libclang shows it without a kind of its own, and gives it its operand's place; anything else that
  /// it shows so starts before its operands.
  public mutating func implicitCastOperand(_ node: Cursor) -> Cursor? {
    let child = Cursor(index: node.index + 1)
    let row = nodes[Int(node.index)]
    guard row.kind == .unexposedExpression, child.index < row.end,
      nodes[Int(child.index)].end == row.end, nodes[Int(child.index)].kind.isExpression
    else { return nil }
    if let known = row.isImplicitCast { return known ? child : nil }
    let isCast =
      clang_equalLocations(
        clang_getCursorLocation(row.cursor),
        clang_getCursorLocation(nodes[Int(child.index)].cursor)) != 0
    nodes[Int(node.index)].isImplicitCast = isCast
    return isCast ? child : nil
  }

  /// The name or, for a literal, the text of the node.
  public func spelling(of node: Cursor) -> String {
    unsafe string(clang_getCursorSpelling(nodes[Int(node.index)].cursor))
  }

  /// The operator of a binary operation or compound assignment.
  public func binaryOperator(of node: Cursor) -> ClangBinaryOperator {
    let kind = clang_getCursorBinaryOperatorKind(nodes[Int(node.index)].cursor)
    return ClangBinaryOperator(rawValue: UInt8(truncatingIfNeeded: kind.rawValue)) ?? .invalid
  }

  /// The operator of a unary operation.
  public func unaryOperator(of node: Cursor) -> ClangUnaryOperator {
    let kind = clang_getCursorUnaryOperatorKind(nodes[Int(node.index)].cursor)
    return ClangUnaryOperator(rawValue: UInt8(truncatingIfNeeded: kind.rawValue)) ?? .invalid
  }

  /// Whether the declaration defines its entity.
  public func isDefinition(_ node: Cursor) -> Bool {
    clang_isCursorDefinition(nodes[Int(node.index)].cursor) != 0
  }

  /// Whether the function is declared `inline`.
  public func isInline(_ node: Cursor) -> Bool {
    clang_Cursor_isFunctionInlined(nodes[Int(node.index)].cursor) != 0
  }

  /// Whether the declaration lies in a system header.
  public func isInSystemHeader(_ node: Cursor) -> Bool {
    clang_Location_isInSystemHeader(
      clang_getCursorLocation(nodes[Int(node.index)].cursor)) != 0
  }

  /// Whether the node is written in the main file, or by a macro that is used there.
  public mutating func isInMainFile(_ node: Cursor) -> Bool {
    let location = clang_getCursorLocation(nodes[Int(node.index)].cursor)
    if clang_Location_isFromMainFile(location) != 0 { return true }
    guard isInMacro(location), let place = macroPlace(location).expansion else { return false }
    return place.file == mainFile()
  }

  /// Whether the declaration has internal linkage or none.
  public func isInternal(_ node: Cursor) -> Bool {
    let linkage = clang_getCursorLinkage(nodes[Int(node.index)].cursor)
    return linkage == CXLinkage_Internal || linkage == CXLinkage_NoLinkage
  }

  /// Whether the variable is declared `static`.
  public func isStatic(_ node: Cursor) -> Bool {
    clang_Cursor_getStorageClass(nodes[Int(node.index)].cursor) == CX_SC_Static
  }

  /// Whether the variable or function is declared `extern`.
  public func isExtern(_ node: Cursor) -> Bool {
    clang_Cursor_getStorageClass(nodes[Int(node.index)].cursor) == CX_SC_Extern
  }

  /// Whether the variable lives once per thread.
  public func isThreadLocal(_ node: Cursor) -> Bool {
    clang_getCursorTLSKind(nodes[Int(node.index)].cursor) != CXTLS_None
  }

  /// The value of an enumeration constant.
  public func enumConstantValue(of node: Cursor) -> Int64 {
    clang_getEnumConstantDeclValue(nodes[Int(node.index)].cursor)
  }

  /// The declaration as clang prints it, with attributes, without a function's body.
  public mutating func terseDeclaration(_ node: Cursor) -> String {
    let cursor = nodes[Int(node.index)].cursor
    if unsafe terseDeclarations == nil {
      let policy = unsafe clang_getCursorPrintingPolicy(cursor)
      if let policy = unsafe policy {
        unsafe clang_PrintingPolicy_setProperty(policy, CXPrintingPolicy_TerseOutput, 1)
      }
      unsafe terseDeclarations = policy
    }
    return unsafe string(clang_getCursorPrettyPrinted(cursor, terseDeclarations))
  }

  /// The declaration as clang prints it, whole.
  public func prettyPrinted(_ node: Cursor) -> String {
    let cursor = nodes[Int(node.index)].cursor
    let policy = unsafe clang_getCursorPrintingPolicy(cursor)
    defer { unsafe clang_PrintingPolicy_dispose(policy) }
    return unsafe string(clang_getCursorPrettyPrinted(cursor, policy))
  }

  /// Adds a node without a subtree.
  mutating func append(_ cursor: CXCursor) -> Cursor {
    let index = UInt32(nodes.count)
    nodes.append(Node(cursor: cursor, end: 0, kind: CursorKind(cursor)))
    return Cursor(index: index)
  }

  private mutating func present(_ cursor: CXCursor) -> Cursor? {
    if clang_Cursor_isNull(cursor) != 0 { return nil }
    return append(cursor)
  }
}

extension EntityID {
  /// libclang's own test for equal cursors also compares the declaration around an expression, and it
  /// shows one expression with several.
  init(_ cursor: CXCursor) {
    // The ranges of libclang's enumeration; `clang_isDeclaration` is a call for each node.
    let kind = cursor.kind.rawValue
    let isDeclaration =
      (CXCursor_FirstDecl.rawValue...CXCursor_LastDecl.rawValue).contains(kind)
      || (CXCursor_FirstExtraDecl.rawValue...CXCursor_LastExtraDecl.rawValue).contains(kind)
    address = UInt(bitPattern: unsafe isDeclaration ? cursor.data.0 : cursor.data.1)
  }
}

extension CursorKind {
  init(_ cursor: CXCursor) {
    self = CursorKind(rawValue: UInt16(truncatingIfNeeded: cursor.kind.rawValue)) ?? .other
  }
}

/// Puts the nodes of a subtree in preorder while libclang walks it.
private struct TreeBuilder {
  var nodes: ContiguousArray<Node>
  /// The ancestors of the next node, outermost first.
  var open: ContiguousArray<UInt32>

  mutating func add(_ cursor: CXCursor, to parent: CXCursor) {
    let wanted = EntityID(parent)
    while open.count > 1, let last = open.last, EntityID(nodes[Int(last)].cursor) != wanted {
      close(to: open.count - 1)
    }
    open.append(UInt32(nodes.count))
    nodes.append(Node(cursor: cursor, end: 0, kind: CursorKind(cursor)))
  }

  /// Ends the subtrees of the innermost open nodes until `depth` are left.
  mutating func close(to depth: Int) {
    while open.count > depth {
      nodes[Int(open.removeLast())].end = UInt32(nodes.count)
    }
  }
}

/// Collects direct children.
private struct ChildCollector {
  var nodes: ContiguousArray<Node>

  mutating func add(_ cursor: CXCursor) {
    nodes.append(Node(cursor: cursor, end: 0, kind: CursorKind(cursor)))
  }
}
