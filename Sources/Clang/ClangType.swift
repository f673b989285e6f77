// SPDX-License-Identifier: Apache-2.0

import CClang

/// A C type: a position in its unit's table of types.
///
/// Types that libclang stores at one address with equal qualifiers have one handle.
public struct ClangType: BitwiseCopyable, Hashable, Sendable {
  /// The position, from 0.
  public let index: UInt32
}

/// What a canonical type is.
public enum ClangTypeKind: BitwiseCopyable, Hashable, Sendable {
  case void, bool, signedInteger, unsignedInteger, floating, pointer, record, enumeration
  case function, functionWithoutPrototype, constantArray, incompleteArray, variableArray
  case complex, vector, atomic
  /// A type that C does not have, or one of an erroneous declaration.
  case other
}

extension TranslationUnit {
  /// The type of an expression or declaration; of a parameter, and of expressions that have a
  /// parameter's type, after adjustment (C11 6.7.6.3p7).
  public mutating func type(of node: Cursor) -> ClangType {
    let type = shownType(of: node)
    if adjustedTypes.isEmpty { return type }
    guard let adjusted = adjustedTypes[type], isAdjusted(node) else { return type }
    return adjusted
  }

  private mutating func shownType(of node: Cursor) -> ClangType {
    intern(clang_getCursorType(nodes[Int(node.index)].cursor))
  }

  /// Notes the adjusted types of a function's parameters.
  ///
  /// libclang shows an array or function as a parameter's type where the language has a pointer, and in
  /// every expression that takes its type from such a parameter. The canonical function type has the
  /// pointer, but has lost the bounds of variable length arrays; so a row of our own is made for it.
  public mutating func adjustParameters(of function: Cursor) {
    let parameters = self.parameters(of: canonical(shownType(of: function)))
    for (declaration, parameter) in zip(self.parameters(ofFunction: function), parameters) {
      let shown = shownType(of: declaration)
      if adjustedTypes[shown] != nil { continue }
      let plain = canonical(shown)
      switch kind(of: plain) {
      case .constantArray, .incompleteArray, .variableArray:
        let pointer = ClangType(index: UInt32(types.count))
        types.append(types[Int(parameter.index)])
        pointees[pointer] = element(of: plain)
        adjustedTypes[shown] = pointer
      case .function, .functionWithoutPrototype: adjustedTypes[shown] = parameter
      default: break
      }
    }
  }

  /// The parameters of a function's declaration, as nodes of its expanded subtree.
  public func parameters(ofFunction function: Cursor) -> ContiguousArray<Cursor> {
    let cursor = nodes[Int(function.index)].cursor
    let count = clang_Cursor_getNumArguments(cursor)
    var own: ContiguousArray<Cursor> = []
    for child in children(of: function) where kind(of: child) == .parameterDeclaration {
      let position = UInt32(own.count)
      guard Int32(position) < count else { break }
      // A function that returns a function pointer has the parameters of that as children too.
      let argument = clang_Cursor_getArgument(cursor, position)
      if clang_equalCursors(argument, nodes[Int(child.index)].cursor) != 0 { own.append(child) }
    }
    return own
  }

  /// Whether a node whose type is shown as an array or function has a parameter's type: no other
  /// expression of these kinds can have such a type.
  private mutating func isAdjusted(_ node: Cursor) -> Bool {
    switch kind(of: node) {
    case .parameterDeclaration, .binaryOperator, .compoundAssignment, .conditional, .call,
      .statementExpression:
      return true
    case .declarationReference:
      return referenced(by: node).map { kind(of: $0) == .parameterDeclaration } ?? false
    case .unaryOperator:
      switch unaryOperator(of: node) {
      case .dereference: return false
      case .extension: return child(0, of: node).map { isAdjusted($0) } ?? false
      default: return true
      }
    case .parenthesis, .genericSelection:
      return children(of: node).last.map { isAdjusted($0) } ?? false
    case .unexposedExpression:
      // `__func__` is an array with a literal inside.
      return child(0, of: node).map { kind(of: $0) != .stringLiteral } ?? false
    default: return false
    }
  }

  /// The type without typedefs; qualifiers stay.
  public mutating func canonical(_ type: ClangType) -> ClangType {
    let position = Int(type.index)
    if position < canonicalTypes.count, canonicalTypes[position] > 0 {
      return ClangType(index: canonicalTypes[position] - 1)
    }
    if pointees[type] != nil || isInvalid(type) { return type }
    let canonical = intern(clang_getCanonicalType(types[position]))
    while canonicalTypes.count <= position { canonicalTypes.append(0) }
    canonicalTypes[position] = canonical.index + 1
    return canonical
  }

  /// The type without typedefs and without qualifiers at its top.
  public mutating func unqualified(_ type: ClangType) -> ClangType {
    if pointees[type] != nil || isInvalid(type) { return type }
    return intern(
      clang_getUnqualifiedType(clang_getCanonicalType(types[Int(type.index)])))
  }

  /// What a canonical type is.
  public func kind(of type: ClangType) -> ClangTypeKind {
    switch types[Int(type.index)].kind {
    case CXType_Void: .void
    case CXType_Bool: .bool
    case CXType_Char_U, CXType_UChar, CXType_Char16, CXType_Char32, CXType_UShort, CXType_UInt,
      CXType_ULong, CXType_ULongLong, CXType_UInt128:
      .unsignedInteger
    case CXType_Char_S, CXType_SChar, CXType_Short, CXType_Int, CXType_Long, CXType_LongLong,
      CXType_Int128:
      .signedInteger
    case CXType_WChar: .signedInteger
    case CXType_Float, CXType_Double, CXType_LongDouble, CXType_Float128, CXType_Half,
      CXType_Float16, CXType_BFloat16:
      .floating
    case CXType_Pointer, CXType_BlockPointer, CXType_NullPtr: .pointer
    case CXType_Record: .record
    case CXType_Enum: .enumeration
    case CXType_FunctionProto: .function
    case CXType_FunctionNoProto: .functionWithoutPrototype
    case CXType_ConstantArray: .constantArray
    case CXType_IncompleteArray: .incompleteArray
    case CXType_VariableArray: .variableArray
    case CXType_Complex: .complex
    case CXType_Vector, CXType_ExtVector: .vector
    case CXType_Atomic: .atomic
    default: .other
    }
  }

  /// Whether there is no type: libclang crashes when it is asked about one.
  private func isInvalid(_ type: ClangType) -> Bool {
    types[Int(type.index)].kind == CXType_Invalid
  }

  /// Whether the type has a size: those that stand for the name of a builtin, or for code that the
  /// compiler did not understand, have none, and libclang crashes when it is asked for it.
  private func hasLayout(_ type: ClangType) -> Bool {
    switch types[Int(type.index)].kind {
    case CXType_Invalid, CXType_Dependent, CXType_Overload: false
    case CXType_Unexposed: !spelling(of: type).hasPrefix("<")
    default: true
    }
  }

  /// `sizeof` in bytes, where it is a constant.
  public func size(of type: ClangType) -> UInt64? {
    guard hasLayout(type) else { return nil }
    return UInt64(exactly: clang_Type_getSizeOf(types[Int(type.index)]))
  }

  /// `_Alignof` in bytes, where it is known.
  public func alignment(of type: ClangType) -> UInt32? {
    guard hasLayout(type) else { return nil }
    let alignment = clang_Type_getAlignOf(types[Int(type.index)])
    return alignment > 0 ? UInt32(exactly: alignment) : nil
  }

  /// The type that a pointer points to.
  public mutating func pointee(of type: ClangType) -> ClangType {
    if let pointee = pointees[type] { return pointee }
    return intern(clang_getPointeeType(types[Int(type.index)]))
  }

  /// The type of an array's elements.
  public mutating func element(of type: ClangType) -> ClangType {
    intern(clang_getArrayElementType(types[Int(type.index)]))
  }

  /// The number of elements of an array of constant length.
  public func count(of type: ClangType) -> UInt64 {
    UInt64(clamping: clang_getArraySize(types[Int(type.index)]))
  }

  /// The type that `_Atomic` qualifies.
  public mutating func value(of type: ClangType) -> ClangType {
    intern(clang_Type_getValueType(types[Int(type.index)]))
  }

  /// The result of a function type.
  public mutating func result(of type: ClangType) -> ClangType {
    intern(clang_getResultType(types[Int(type.index)]))
  }

  /// The parameters of a function type.
  public mutating func parameters(of type: ClangType) -> ContiguousArray<ClangType> {
    let function = types[Int(type.index)]
    let count = clang_getNumArgTypes(function)
    var parameters: ContiguousArray<ClangType> = []
    for index in 0..<UInt32(max(0, count)) {
      parameters.append(intern(clang_getArgType(function, index)))
    }
    return parameters
  }

  /// Whether a function type takes more arguments than its parameters.
  public func isVariadic(_ type: ClangType) -> Bool {
    clang_isFunctionTypeVariadic(types[Int(type.index)]) != 0
  }

  /// Whether the type is `volatile` at its top.
  public func isVolatile(_ type: ClangType) -> Bool {
    clang_isVolatileQualifiedType(types[Int(type.index)]) != 0
  }

  /// Whether the type is `const` at its top.
  public func isConst(_ type: ClangType) -> Bool {
    clang_isConstQualifiedType(types[Int(type.index)]) != 0
  }

  /// The declaration of a record or enumeration, as a node without a subtree.
  public mutating func declaration(of type: ClangType) -> Cursor {
    append(clang_getTypeDeclaration(types[Int(type.index)]))
  }

  /// The integer type that holds an enumeration.
  public mutating func integerType(ofEnumeration declaration: Cursor) -> ClangType {
    intern(clang_getEnumDeclIntegerType(nodes[Int(declaration.index)].cursor))
  }

  /// The type as C spells it.
  public func spelling(of type: ClangType) -> String {
    unsafe string(clang_getTypeSpelling(types[Int(type.index)]))
  }

  /// The members of a complete record in their order, as nodes without subtrees.
  public mutating func fields(of type: ClangType) -> ContiguousArray<Cursor> {
    let record = types[Int(type.index)]
    let first = UInt32(nodes.count)
    var collector = FieldCollector()
    unsafe withUnsafeMutablePointer(to: &collector) { pointer in
      _ = unsafe clang_Type_visitFields(
        record,
        { field, data in
          guard let data = unsafe data else { return CXVisit_Break }
          unsafe data.assumingMemoryBound(to: FieldCollector.self).pointee.fields.append(field)
          return CXVisit_Continue
        }, pointer)
    }
    for field in collector.fields { _ = append(field) }
    var fields: ContiguousArray<Cursor> = []
    for index in first..<UInt32(nodes.count) { fields.append(Cursor(index: index)) }
    return fields
  }

  /// Offsets of the members of a record from its start, in bits.
  ///
  /// For each offset libclang looks at all members first. Where no attribute, bit-field or pragma has a
  /// say, the members lie as their alignments tell; the size of the whole and the last offset prove it.
  public mutating func bitOffsets(
    ofFields fields: ContiguousArray<Cursor>, in record: ClangType
  ) -> ContiguousArray<UInt64> {
    if fields.count > 4, let offsets = naturalBitOffsets(ofFields: fields, in: record) {
      return offsets
    }
    return ContiguousArray(fields.map { bitOffset(ofField: $0) })
  }

  func bitOffset(ofField field: Cursor) -> UInt64 {
    UInt64(exactly: clang_Cursor_getOffsetOfField(nodes[Int(field.index)].cursor)) ?? 0
  }

  private mutating func naturalBitOffsets(
    ofFields fields: ContiguousArray<Cursor>, in record: ClangType
  ) -> ContiguousArray<UInt64>? {
    let declaration = self.declaration(of: record)
    guard kind(of: declaration) == .structDeclaration, !hasAttributes(declaration),
      let size = size(of: record), let alignment = alignment(of: record), let last = fields.last
    else { return nil }
    var offsets: ContiguousArray<UInt64> = []
    var (end, most): (UInt64, UInt64) = (0, 1)
    for field in fields {
      let cursor = nodes[Int(field.index)].cursor
      let type = self.type(of: field)
      guard clang_Cursor_hasAttrs(cursor) == 0, clang_Cursor_isBitField(cursor) == 0,
        let fieldAlignment = self.alignment(of: type).map(UInt64.init), fieldAlignment > 0
      else { return nil }
      let isFlexible = self.kind(of: canonical(type)) == .incompleteArray
      guard let fieldSize = isFlexible ? 0 : self.size(of: type) else { return nil }
      most = max(most, fieldAlignment)
      let start = (end + fieldAlignment - 1) / fieldAlignment * fieldAlignment
      offsets.append(start &* 8)
      end = start &+ fieldSize
      guard end <= 1 << 40 else { return nil }
    }
    guard most == alignment, (end + most - 1) / most * most == size,
      offsets.last == bitOffset(ofField: last)
    else { return nil }
    return offsets
  }

  /// Width of a bit-field in bits; `nil` for an ordinary member.
  public func bitWidth(ofField field: Cursor) -> UInt8? {
    let cursor = nodes[Int(field.index)].cursor
    guard clang_Cursor_isBitField(cursor) != 0 else { return nil }
    return UInt8(exactly: clang_getFieldDeclBitWidth(cursor))
  }

  /// Width in bits of a floating type; 80 for `long double` on x86.
  public func floatingWidth(of type: ClangType) -> UInt8 {
    let bits = UInt8(clamping: (size(of: type) ?? 8) * 8)
    let isLongDouble = types[Int(type.index)].kind == CXType_LongDouble
    return isLongDouble && bits > 64 && isX86 ? 80 : bits
  }

  /// Size of a pointer of the target, in bytes.
  public var pointerSize: UInt8 {
    let target = unsafe clang_getTranslationUnitTargetInfo(unit)
    defer { unsafe clang_TargetInfo_dispose(target) }
    let bits = unsafe clang_TargetInfo_getPointerWidth(target)
    return bits > 0 ? UInt8(clamping: bits / 8) : 8
  }

  /// The target's triple, such as `x86_64-pc-linux-gnu`.
  public var targetTriple: String {
    let target = unsafe clang_getTranslationUnitTargetInfo(unit)
    defer { unsafe clang_TargetInfo_dispose(target) }
    return unsafe string(clang_TargetInfo_getTriple(target))
  }

  private var isX86: Bool {
    let triple = targetTriple
    return triple.hasPrefix("x86_64") || triple.hasPrefix("i")
  }

  mutating func intern(_ type: CXType) -> ClangType {
    // libclang keeps a type's address with its qualifiers in the low bits.
    let key = UInt(bitPattern: unsafe type.data.0)
    let position = typeIDs.position(of: key, orAdd: UInt32(types.count))
    if Int(position) == types.count { types.append(type) }
    return ClangType(index: position)
  }
}

/// Collects the members of a record.
private struct FieldCollector {
  var fields: ContiguousArray<CXCursor> = []
}
