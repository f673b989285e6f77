// SPDX-License-Identifier: Apache-2.0

import Clang
import IR

/// What makes two types one row: kind and name.
struct TypeShape: Hashable {
  var kind: TypeKind
  var name: SymbolID
}

/// Types that the lowering itself needs.
struct BasicTypes {
  var void = TypeID(index: 0)
  var int = TypeID(index: 0)
  var unsignedInt = TypeID(index: 0)
  var long = TypeID(index: 0)
  var unsignedLong = TypeID(index: 0)
  var character = TypeID(index: 0)
  var unmodelled = TypeID(index: 0)
  var voidPointer = TypeID(index: 0)
}

/// Types: libclang's are interned by address, ours by shape, so that equal C types have one row
/// whatever their typedefs and qualifiers.
extension Lowerer {
  mutating func addBasicTypes() {
    module.pointerSize = unit.pointerSize
    let word = module.pointerSize
    basic.void = addType(.void, size: 0, alignment: 1, name: "void")
    basic.int = addType(.integer(width: 32, signed: true), size: 4, alignment: 4, name: "int")
    basic.unsignedInt = addType(
      .integer(width: 32, signed: false), size: 4, alignment: 4, name: "unsigned int")
    let isWide = word == 8
    basic.long = addType(
      .integer(width: word * 8, signed: true), size: UInt64(word), alignment: UInt32(word),
      name: isWide ? "long" : "int")
    basic.unsignedLong = addType(
      .integer(width: word * 8, signed: false), size: UInt64(word), alignment: UInt32(word),
      name: isWide ? "unsigned long" : "unsigned int")
    basic.unmodelled = addType(.unmodelled, size: 0, alignment: 1, name: "(unmodelled)")
    basic.voidPointer = pointer(to: basic.void)
    basic.character = addType(
      .integer(width: 8, signed: module.isCharSigned), size: 1, alignment: 1, name: "char")
  }

  /// The row of the type of an expression or declaration.
  mutating func type(of node: Cursor) -> TypeID { type(unit.type(of: node)) }

  /// What the type of an expression or declaration is.
  ///
  /// A type seen for the first time adds rows. In `module.types[type(of: node)]` the table would be
  /// read before it grows; here the row comes first.
  mutating func typeRow(of node: Cursor) -> Type {
    let id = type(of: node)
    return module.types[id]
  }

  /// The row of a type.
  mutating func type(_ clang: ClangType) -> TypeID {
    if Int(clang.index) < typeIDs.count, let known = typeIDs[Int(clang.index)] { return known }
    let plain = unit.unqualified(clang)
    let id = plain == clang ? makeType(plain) : type(plain)
    while typeIDs.count <= Int(clang.index) { typeIDs.append(nil) }
    typeIDs[Int(clang.index)] = id
    return id
  }

  private mutating func makeType(_ type: ClangType) -> TypeID {
    switch unit.kind(of: type) {
    case .void: return basic.void
    case .bool: return scalar(type, .bool)
    case .signedInteger: return scalar(type, .integer(width: width(of: type), signed: true))
    case .unsignedInteger: return scalar(type, .integer(width: width(of: type), signed: false))
    case .floating: return scalar(type, .floating(width: unit.floatingWidth(of: type)))
    case .pointer: return pointer(to: self.type(unit.pointee(of: type)))
    case .record: return makeRecord(type)
    case .enumeration: return makeEnumeration(type)
    case .function, .functionWithoutPrototype: return makeFunction(type)
    case .constantArray:
      return array(of: self.type(unit.element(of: type)), count: unit.count(of: type))
    case .incompleteArray, .variableArray:
      return unboundedArray(of: self.type(unit.element(of: type)))
    case .atomic: return self.type(unit.value(of: type))
    case .complex, .vector, .other:
      return addType(
        .unmodelled, size: unit.size(of: type) ?? 0, alignment: unit.alignment(of: type) ?? 1,
        name: unit.spelling(of: type))
    }
  }

  private mutating func scalar(_ type: ClangType, _ kind: TypeKind) -> TypeID {
    addType(
      kind, size: unit.size(of: type) ?? 0, alignment: unit.alignment(of: type) ?? 1,
      name: unit.spelling(of: type))
  }

  private func width(of type: ClangType) -> UInt8 {
    UInt8(clamping: (unit.size(of: type) ?? 4) * 8)
  }

  private mutating func makeEnumeration(_ type: ClangType) -> TypeID {
    let integer = unit.integerType(ofEnumeration: unit.declaration(of: type))
    // GNU C lets one point to an enumeration that is never defined.
    let isDefined = unit.kind(of: integer) != .other
    let row = module.types[isDefined ? self.type(integer) : basic.unsignedInt]
    return addType(
      row.kind, size: row.size, alignment: row.alignment, name: tagName(of: type, "enum"))
  }

  private mutating func makeFunction(_ type: ClangType) -> TypeID {
    let id = signature(type)
    return functionType(id)
  }

  /// The function type of a signature.
  mutating func functionType(_ id: SignatureID) -> TypeID {
    let signature = module.signatures[id]
    var parameters = signature.parameters.map { module.symbols[module.types[$0].name] }
    if signature.isVariadic { parameters.append("...") }
    let result = module.symbols[module.types[signature.result].name]
    return addType(
      .function(id), size: 0, alignment: 1,
      name: "\(result) (\(parameters.joined(separator: ", ")))")
  }

  /// The row of a function type.
  mutating func signature(_ type: ClangType) -> SignatureID {
    let plain = unit.unqualified(type)
    let result = self.type(unit.result(of: plain))
    var parameters: ContiguousArray<TypeID> = []
    for parameter in unit.parameters(of: plain) { parameters.append(self.type(parameter)) }
    let isVariadic =
      unit.kind(of: plain) == .functionWithoutPrototype || unit.isVariadic(plain)
    return addSignature(
      Signature(result: result, parameters: parameters, isVariadic: isVariadic))
  }

  mutating func addSignature(_ signature: Signature) -> SignatureID {
    if let known = signatureIDs[signature] { return known }
    let id = module.signatures.append(signature)
    signatureIDs[signature] = id
    return id
  }

  private mutating func makeRecord(_ type: ClangType) -> TypeID {
    let declaration = unit.declaration(of: type)
    let isUnion = unit.kind(of: declaration) == .unionDeclaration
    let size = unit.size(of: type) ?? 0
    let name = tagName(of: type, isUnion ? "union" : "struct")
    let isNamed = !name.hasSuffix(")")
    let record = module.records.append(
      Record(
        name: module.symbols.intern(isNamed ? withoutTag(name) : ""), isUnion: isUnion, size: size,
        fields: .empty))
    incompleteRecords[record] = type
    if !isAddingMembers { namedRecords.append(record) }
    return addType(
      .record(record), size: size, alignment: unit.alignment(of: type) ?? 1, name: name)
  }

  /// The spelling of a tagged type; one without a name would carry the path of its file.
  private func tagName(of type: ClangType, _ tag: String) -> String {
    let spelling = unit.spelling(of: type)
    if !spelling.contains("(") { return spelling }
    return "\(tag) (unnamed)"
  }

  private func withoutTag(_ name: String) -> String {
    guard let space = name.lastIndex(of: " ") else { return name }
    return String(name[name.index(after: space)...])
  }

  /// Adds the members of the records that code names, or points to.
  ///
  /// What is only reached through members of those has none unless code uses them: from one structure
  /// of a kernel, pointers lead to thousands of others.
  mutating func completeRecords() {
    var next = 0
    while next < namedRecords.count {
      complete(namedRecords[next])
      next += 1
    }
    namedRecords = []
  }

  /// Adds the members of a record, and those of the records that are part of it.
  mutating func complete(_ record: RecordID) {
    guard let type = incompleteRecords.removeValue(forKey: record) else { return }
    let isInner = isAddingMembers
    isAddingMembers = true
    var rows: ContiguousArray<(entity: EntityID, field: Field)> = []
    let declarations = unit.fields(of: type)
    let offsets = unit.bitOffsets(ofFields: declarations, in: type)
    for (declaration, offset) in zip(declarations, offsets) {
      let type = self.type(of: declaration)
      let field = Field(
        name: module.symbols.intern(fieldName(declaration)), type: type, record: record,
        bitOffset: offset, bitWidth: unit.bitWidth(ofField: declaration),
        counter: module.symbols.intern(counter(of: declaration, type)))
      rows.append((unit.entity(declaration), field))
    }
    let start = UInt32(module.fields.count)
    for row in rows { fieldIDs[row.entity] = module.fields.append(row.field).index }
    module.records[record].fields = Slice(start: start, count: UInt32(rows.count))
    for row in rows { completeParts(of: row.field.type) }
    isAddingMembers = isInner
  }

  private mutating func completeParts(of type: TypeID) {
    switch module.types[type].kind {
    case .record(let record): complete(record)
    case .array(let element, _), .unboundedArray(let element): completeParts(of: element)
    default: break
    }
  }

  /// The member that counts the elements of a flexible array; empty where the declaration names none.
  ///
  /// The type's spelling tells what clang made of the attribute. A compiler without it makes nothing of
  /// the macro that stands for it, and a kernel is configured for its compiler: so the source is asked as well.
  private mutating func counter(of declaration: Cursor, _ type: TypeID) -> String {
    guard case .unboundedArray = module.types[type].kind, let extent = unit.extent(of: declaration)
    else { return "" }
    let spelling = ContiguousArray(unit.spelling(of: unit.type(of: declaration)).utf8)
    let member = countingMember(in: spelling.span, from: 0)
    if !member.isEmpty { return member }
    return unit.withContents(of: extent.start.file) { text in
      countingMember(in: text, from: Int(extent.start.offset))
    }
  }

  private func fieldName(_ declaration: Cursor) -> String {
    let name = unit.spelling(of: declaration)
    return name.contains("(") ? "" : name
  }

  /// The row of a member's declaration.
  mutating func field(_ declaration: Cursor) -> FieldID? {
    let entity = unit.entity(declaration)
    if let known = fieldIDs[entity] { return FieldID(index: known) }
    let parent = unit.parent(of: declaration)
    guard case .record(let record) = module.types[type(of: parent)].kind else { return nil }
    complete(record)
    return fieldIDs[entity].map { FieldID(index: $0) }
  }

  /// The type of pointers to `pointee`.
  mutating func pointer(to pointee: TypeID) -> TypeID {
    if Int(pointee.index) < pointerIDs.count, let known = pointerIDs[Int(pointee.index)] {
      return known
    }
    let id = makePointer(to: pointee)
    while pointerIDs.count <= Int(pointee.index) { pointerIDs.append(nil) }
    pointerIDs[Int(pointee.index)] = id
    return id
  }

  private mutating func makePointer(to pointee: TypeID) -> TypeID {
    let name = module.symbols[module.types[pointee].name]
    let spelling: String
    if case .function = module.types[pointee].kind, let open = name.firstIndex(of: "(") {
      spelling = name[..<open] + "(*)" + name[open...]
    } else if let bracket = name.firstIndex(of: "["), module.types[pointee].isAggregate {
      spelling = name[..<bracket] + "(*)" + name[bracket...]
    } else {
      spelling = name.hasSuffix("*") ? name + "*" : name + " *"
    }
    return addType(
      .pointer(pointee: pointee), size: UInt64(module.pointerSize),
      alignment: UInt32(module.pointerSize), name: spelling)
  }

  /// The type of arrays of `count` elements.
  mutating func array(of element: TypeID, count: UInt64) -> TypeID {
    let row = module.types[element]
    return addType(
      .array(element: element, count: count), size: row.size &* count, alignment: row.alignment,
      name: arrayName(element, "[\(count)]"))
  }

  private mutating func unboundedArray(of element: TypeID) -> TypeID {
    addType(
      .unboundedArray(element: element), size: 0, alignment: module.types[element].alignment,
      name: arrayName(element, "[]"))
  }

  /// `int[3]` and a bound of 2 make `int[2][3]`.
  private func arrayName(_ element: TypeID, _ bound: String) -> String {
    let name = module.symbols[module.types[element].name]
    guard case .array = module.types[element].kind, let bracket = name.firstIndex(of: "[") else {
      return name + bound
    }
    return name[..<bracket] + bound + name[bracket...]
  }

  mutating func addType(
    _ kind: TypeKind, size: UInt64, alignment: UInt32, name: String
  ) -> TypeID {
    let symbol = module.symbols.intern(name)
    let shape = TypeShape(kind: kind, name: symbol)
    if let known = typesByShape[shape] { return known }
    let id = module.types.append(
      Type(kind: kind, size: size, alignment: alignment, name: symbol))
    typesByShape[shape] = id
    return id
  }

  // MARK: Arithmetic

  /// The type after the integer promotions (C11 6.3.1.1p2).
  func promoted(_ type: TypeID) -> TypeID {
    let row = module.types[type]
    switch row.kind {
    case .bool: return basic.int
    case .integer(let width, let isSigned):
      if width < 32 { return basic.int }
      if width == 32 { return isSigned ? basic.int : basic.unsignedInt }
      return type
    default: return type
    }
  }

  /// The common type of the usual arithmetic conversions (C11 6.3.1.8) of promoted types.
  func common(_ left: TypeID, _ right: TypeID) -> TypeID {
    let (first, second) = (module.types[left], module.types[right])
    switch (first.kind, second.kind) {
    case (.floating(let leftWidth), .floating(let rightWidth)):
      return leftWidth >= rightWidth ? left : right
    case (.floating, _): return left
    case (_, .floating): return right
    case (.integer(let leftWidth, let leftSigned), .integer(let rightWidth, _)):
      if leftWidth != rightWidth { return leftWidth > rightWidth ? left : right }
      return leftSigned ? right : left
    default: return right
    }
  }
}
