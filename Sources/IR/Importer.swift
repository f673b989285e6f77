// SPDX-License-Identifier: Apache-2.0

// Rows of other modules in a module of one's own, so that code of several units can be read as one
// (as ThinLTO imports functions): only what is named comes along.

/// A copy of a module that takes rows of others in on demand.
///
/// The handles of the module itself stay valid in the copy.
public struct ModuleImporter: Sendable {
  /// The module with all that has been imported.
  public private(set) var module: Module
  /// Position of the module in its program.
  public let position: Int
  private let program: [LazyModule]
  private var maps: [Int: ImportMap] = [:]
  private var functionsByName: [String: FunctionID]?
  private var globalsByName: [String: GlobalID]?
  private let ownOrigins: Int
  private let ownFunctions: Int
  private let ownGlobals: Int
  private var originSources: ContiguousArray<(module: Int, origin: OriginID)> = []
  private var functionSources: ContiguousArray<FunctionKey> = []
  private var globalSources: [String: GlobalID] = [:]
  private var typesByKind: [TypeKind: TypeID] = [:]
  private var recordsByName: [String: [RecordID]]?

  /// Starts with the module at `position` of a program.
  public init(_ program: [Module], position: Int) {
    self.init(
      program.map { LazyModule(SharedModule($0)) }, of: program[position], position: position)
  }

  /// Starts with the module at `position` of a program whose other modules may still have to be read.
  ///
  /// Whoever imports code of one of them has its module.
  public init(_ program: [LazyModule], of module: Module, position: Int) {
    self.program = program
    self.position = position
    self.module = module
    ownOrigins = module.origins.count
    ownFunctions = module.functions.count
    ownGlobals = module.globals.count
  }

  // MARK: Where rows come from

  /// The module and the handle there of an origin of the copy.
  public func source(of origin: OriginID) -> (module: Int, origin: OriginID) {
    let row = Int(origin.index)
    return row < ownOrigins ? (position, origin) : originSources[row - ownOrigins]
  }

  /// The module and the handle there of a function of the copy.
  public func source(of function: FunctionID) -> FunctionKey {
    let row = Int(function.index)
    return row < ownFunctions
      ? FunctionKey(module: position, function: function)
      : functionSources[row - ownFunctions]
  }

  /// The functions past the module's own, in the order of their rows.
  public var importedFunctions: ContiguousArray<FunctionKey> { functionSources }

  /// The variables past the module's own, by USR.
  public var importedGlobals: [String: GlobalID] { globalSources }

  /// A module of the program; without rows where it cannot be read.
  private func code(_ source: Int) -> SharedModule { program[source].value ?? .empty }

  // MARK: Rows

  /// The type of pointers to a type of the copy.
  public mutating func pointer(to type: TypeID) -> TypeID {
    let size = UInt64(module.pointerSize)
    return self.type(
      Type(
        kind: .pointer(pointee: type), size: size, alignment: UInt32(size),
        name: SymbolTable.empty))
  }

  /// The type `void`.
  public mutating func voidType() -> TypeID {
    let name = module.symbols.intern("void")
    return type(Type(kind: .void, size: 0, alignment: 1, name: name))
  }

  /// The type `int`.
  public mutating func intType() -> TypeID {
    let name = module.symbols.intern("int")
    return type(
      Type(kind: .integer(width: 32, signed: true), size: 4, alignment: 4, name: name))
  }

  /// Whether an argument of a type of the copy has the shape of a parameter of the module at `source`
  /// (C11 6.5.2.2p9).
  func agrees(_ argument: TypeID, with parameter: TypeID, from source: Int) -> Bool {
    let given = module.types[argument]
    let taken = code(source).module.types[parameter]
    if taken.isAggregate { return given.isPointer || given.isAggregate }
    switch (given.kind, taken.kind) {
    case (.pointer, .pointer): return true
    case (.floating(let left), .floating(let right)): return left == right
    default: return given.isInteger && taken.isInteger && given.width == taken.width
    }
  }

  /// A symbol of the module at `source`.
  public mutating func symbol(_ id: SymbolID, from source: Int) -> SymbolID {
    source == position ? id : module.symbols.intern(code(source).module.symbols[id])
  }

  /// A type of the module at `source`.
  public mutating func type(_ id: TypeID, from source: Int) -> TypeID {
    if source == position { return id }
    if let known = maps[source]?.types[id] { return known }
    let row = code(source).module.types[id]
    let kind: TypeKind
    switch row.kind {
    case .pointer(let pointee): kind = .pointer(pointee: type(pointee, from: source))
    case .array(let element, let count):
      kind = .array(element: type(element, from: source), count: count)
    case .unboundedArray(let element):
      kind = .unboundedArray(element: type(element, from: source))
    case .record(let id): kind = .record(record(id, from: source))
    case .function(let id): kind = .function(signature(id, from: source))
    case .void, .bool, .integer, .floating, .unmodelled: kind = row.kind
    }
    let new = type(
      Type(
        kind: kind, size: row.size, alignment: row.alignment, name: symbol(row.name, from: source)))
    maps[source, default: ImportMap()].types[id] = new
    return new
  }

  /// The row of a type; types of one kind are one.
  private mutating func type(_ row: Type) -> TypeID {
    if typesByKind.isEmpty {
      for id in module.types.ids where typesByKind[module.types[id].kind] == nil {
        typesByKind[module.types[id].kind] = id
      }
    }
    if row.kind != .unmodelled, let known = typesByKind[row.kind] { return known }
    let new = module.types.append(row)
    typesByKind[row.kind] = new
    return new
  }

  /// A record; one of the same name and layout is the same type in all modules (C11 6.2.7p1).
  private mutating func record(_ id: RecordID, from source: Int) -> RecordID {
    if let known = maps[source]?.records[id] { return known }
    let row = code(source).module.records[id]
    let fields = row.fields.indices.map { code(source).module.fields[FieldID($0)] }
    let name = code(source).module.symbols[row.name]
    if recordsByName == nil {
      var names: [String: [RecordID]] = [:]
      for id in module.records.ids {
        names[module.symbols[module.records[id].name], default: []].append(id)
      }
      recordsByName = names
    }
    let same = (name.isEmpty ? [] : recordsByName?[name] ?? []).first {
      isSame(module.records[$0], row, fields, source)
    }
    let first = same.map { module.records[$0].fields.indices.lowerBound } ?? module.fields.count
    let new =
      same
      ?? module.records.append(
        Record(
          name: symbol(row.name, from: source), isUnion: row.isUnion, size: row.size,
          fields: Slice(start: UInt32(first), count: UInt32(fields.count))))
    maps[source, default: ImportMap()].records[id] = new
    for (index, field) in fields.enumerated() {
      maps[source]?.fields[FieldID(row.fields.indices.lowerBound + index)] = FieldID(first + index)
      if same != nil { continue }
      var moved = field
      moved.record = new
      _ = module.fields.append(moved)
    }
    if same != nil { return new }
    recordsByName?[name, default: []].append(new)
    for (index, field) in fields.enumerated() {
      let name = symbol(field.name, from: source)
      let type = type(field.type, from: source)
      module.fields[FieldID(first + index)].name = name
      module.fields[FieldID(first + index)].type = type
      module.fields[FieldID(first + index)].counter = symbol(field.counter, from: source)
    }
    return new
  }

  private func isSame(_ own: Record, _ row: Record, _ fields: [Field], _ source: Int) -> Bool {
    guard own.isUnion == row.isUnion, own.size == row.size, own.fields.count == row.fields.count
    else { return false }
    return zip(own.fields.indices, fields).allSatisfy { index, field in
      let known = module.fields[FieldID(index)]
      return known.bitOffset == field.bitOffset && known.bitWidth == field.bitWidth
        && module.symbols[known.name] == code(source).module.symbols[field.name]
        && module.symbols[known.counter] == code(source).module.symbols[field.counter]
        && module.types[known.type].size == code(source).module.types[field.type].size
    }
  }

  /// A member of the module at `source`.
  public mutating func field(_ id: FieldID, from source: Int) -> FieldID {
    if source == position { return id }
    _ = record(code(source).module.fields[id].record, from: source)
    return maps[source]?.fields[id] ?? id
  }

  /// A signature of the module at `source`.
  public mutating func signature(_ id: SignatureID, from source: Int) -> SignatureID {
    if source == position { return id }
    if let known = maps[source]?.signatures[id] { return known }
    let row = code(source).module.signatures[id]
    let new = module.signatures.append(row)
    maps[source, default: ImportMap()].signatures[id] = new
    let result = type(row.result, from: source)
    module.signatures[new].result = result
    for (index, parameter) in row.parameters.enumerated() {
      let moved = type(parameter, from: source)
      module.signatures[new].parameters[index] = moved
    }
    return new
  }

  /// A string literal of the module at `source`.
  public mutating func literal(_ id: LiteralID, from source: Int) -> LiteralID {
    if source == position { return id }
    if let known = maps[source]?.literals[id] { return known }
    let new = module.literals.append(code(source).module.literals[id])
    maps[source, default: ImportMap()].literals[id] = new
    return new
  }

  /// A file of the module at `source`.
  private mutating func file(_ id: FileID, from source: Int) -> FileID {
    if let known = maps[source]?.files[id] { return known }
    let new = module.files.append(code(source).module.files[id])
    maps[source, default: ImportMap()].files[id] = new
    return new
  }

  /// An origin of the module at `source`.
  public mutating func origin(_ id: OriginID, from source: Int) -> OriginID {
    if source == position { return id }
    if let known = maps[source]?.origins[id] { return known }
    var row = code(source).module.origins[id]
    row.file = file(row.file, from: source)
    row.spellingFile = file(row.spellingFile, from: source)
    // Statements are asked of the module that an origin comes from.
    row.statement = StatementID(0)
    let new = module.origins.append(row)
    originSources.append((source, id))
    maps[source, default: ImportMap()].origins[id] = new
    return new
  }

  /// A function of the module at `source`; one of external linkage is the same in all modules.
  public mutating func function(_ id: FunctionID, from source: Int) -> FunctionID {
    if source == position { return id }
    if let known = maps[source]?.functions[id] { return known }
    let row = code(source).module.functions[id]
    let name = code(source).module.symbols[row.usr]
    if functionsByName == nil {
      var names: [String: FunctionID] = [:]
      for id in module.functions.ids where names[module.symbols[module.functions[id].usr]] == nil {
        names[module.symbols[module.functions[id].usr]] = id
      }
      functionsByName = names
    }
    if let known = functionsByName?[name] {
      maps[source, default: ImportMap()].functions[id] = known
      return known
    }
    var moved = row
    moved.body = nil
    let new = module.functions.append(moved)
    functionSources.append(FunctionKey(module: source, function: id))
    functionsByName?[name] = new
    maps[source, default: ImportMap()].functions[id] = new
    moved.name = symbol(row.name, from: source)
    moved.usr = symbol(row.usr, from: source)
    moved.signature = signature(row.signature, from: source)
    moved.origin = origin(row.origin, from: source)
    module.functions[new] = moved
    return new
  }

  /// A variable of the module at `source`; one of external linkage is the same in all modules.
  public mutating func global(_ id: GlobalID, from source: Int) -> GlobalID {
    if source == position { return id }
    if let known = maps[source]?.globals[id] { return known }
    let row = code(source).module.globals[id]
    let name = code(source).module.symbols[row.usr]
    if globalsByName == nil {
      var names: [String: GlobalID] = [:]
      for id in module.globals.ids where names[module.symbols[module.globals[id].usr]] == nil {
        names[module.symbols[module.globals[id].usr]] = id
      }
      globalsByName = names
    }
    if let known = globalsByName?[name] {
      maps[source, default: ImportMap()].globals[id] = known
      return known
    }
    let new = module.globals.append(row)
    globalsByName?[name] = new
    globalSources[name] = new
    maps[source, default: ImportMap()].globals[id] = new
    var head = row
    head.name = symbol(row.name, from: source)
    head.usr = symbol(row.usr, from: source)
    head.type = type(row.type, from: source)
    head.origin = origin(row.origin, from: source)
    module.globals[new] = head
    for (index, old) in (row.initializer ?? []).enumerated() {
      let moved = cell(old, from: source)
      module.globals[new].initializer?[index] = moved
    }
    return new
  }

  /// An operation of the module at `source`; the rows of its body stay where they are.
  mutating func operation(_ operation: Operation, from source: Int) -> Operation {
    switch operation {
    case .pointerSize(let type): .pointerSize(of: self.type(type, from: source))
    case .literal(let id): .literal(literal(id, from: source))
    case .global(let id): .global(global(id, from: source))
    case .function(let id): .function(function(id, from: source))
    case .field(let base, let id): .field(base: base, field: field(id, from: source))
    case .loadBits(let base, let id): .loadBits(base: base, field: field(id, from: source))
    case .storeBits(let base, let id, let value):
      .storeBits(base: base, field: field(id, from: source), value: value)
    case .unknown(let cause, let operands):
      .unknown(cause: symbol(cause, from: source), operands: operands)
    default: operation
    }
  }

  private mutating func cell(_ cell: InitializerCell, from source: Int) -> InitializerCell {
    var moved = cell
    moved.type = type(cell.type, from: source)
    moved.bitField = cell.bitField.map { field($0, from: source) }
    switch cell.value {
    case .global(let id, let offset):
      moved.value = .global(global(id, from: source), offset: offset)
    case .literal(let id, let offset):
      moved.value = .literal(literal(id, from: source), offset: offset)
    case .bytes(let id): moved.value = .bytes(literal(id, from: source))
    case .function(let id): moved.value = .function(function(id, from: source))
    case .label(let id, let block): moved.value = .label(function(id, from: source), block)
    case .integer, .floating, .unknown: break
    }
    return moved
  }
}

/// Where the rows of one source module have gone.
private struct ImportMap: Sendable {
  var types: [TypeID: TypeID] = [:]
  var records: [RecordID: RecordID] = [:]
  var fields: [FieldID: FieldID] = [:]
  var signatures: [SignatureID: SignatureID] = [:]
  var literals: [LiteralID: LiteralID] = [:]
  var files: [FileID: FileID] = [:]
  var origins: [OriginID: OriginID] = [:]
  var functions: [FunctionID: FunctionID] = [:]
  var globals: [GlobalID: GlobalID] = [:]
}
