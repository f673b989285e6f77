// SPDX-License-Identifier: Apache-2.0

public import IR

/// Why units do not make one program.
public struct LinkError: Error, Hashable, CustomStringConvertible {
  /// What clashes.
  public var description: String

  /// Makes the error.
  public init(description: String) { self.description = description }
}

/// Makes one module of the units of a program, as the linker does with objects.
///
/// Names of external linkage mean one function or variable (C11 6.2.2p2); all else stays apart. Names
/// without a definition are left to the interpreter's C library.
public func link(_ modules: [Module]) throws(LinkError) -> Module {
  var linker = Linker()
  for module in modules { try linker.add(module) }
  return linker.result
}

private struct Linker {
  var result = Module()
  /// Functions and variables of external linkage by name.
  private var functions: [String: FunctionID] = [:]
  private var globals: [String: GlobalID] = [:]

  /// Appends a unit's tables, with its handles moved.
  mutating func add(_ module: Module) throws(LinkError) {
    if result.files.count == 0 {
      result.mainFile = module.mainFile
      result.pointerSize = module.pointerSize
      result.isCharSigned = module.isCharSigned
    }
    guard result.pointerSize == module.pointerSize, result.isCharSigned == module.isCharSigned
    else { throw LinkError(description: "units are made for different targets") }
    var map = Relocation(
      symbols: (0..<module.symbols.count).map {
        result.symbols.intern(module.symbols[SymbolID($0)])
      },
      types: result.types.count, records: result.records.count, fields: result.fields.count,
      signatures: result.signatures.count, literals: result.literals.count,
      origins: result.origins.count)
    appendText(module)
    appendTypes(module, map)
    result.literals.rows += module.literals.rows
    for row in module.functions.rows { map.functions.append(place(row, of: module, map)) }
    for row in module.globals.rows { map.globals.append(place(row, of: module, map)) }
    for (index, row) in module.functions.rows.enumerated() {
      try define(map.functions[index], row, map)
    }
    for (index, row) in module.globals.rows.enumerated() {
      try define(map.globals[index], row, map)
    }
  }

  private mutating func appendText(_ module: Module) {
    let files = result.files.count
    let statements = result.statements.count
    func moved(_ file: FileID) -> FileID { FileID(Int(file.index) + files) }
    for var origin in module.origins.rows {
      origin.file = moved(origin.file)
      origin.spellingFile = moved(origin.spellingFile)
      origin.statement = StatementID(Int(origin.statement.index) + statements)
      result.origins.rows.append(origin)
    }
    result.files.rows += module.files.rows
    result.statements.rows += module.statements.rows
  }

  private mutating func appendTypes(_ module: Module, _ map: Relocation) {
    for var type in module.types.rows {
      type.name = map[type.name]
      switch type.kind {
      case .pointer(let pointee): type.kind = .pointer(pointee: map[pointee])
      case .array(let element, let count):
        type.kind = .array(element: map[element], count: count)
      case .unboundedArray(let element): type.kind = .unboundedArray(element: map[element])
      case .record(let record): type.kind = .record(map[record])
      case .function(let signature): type.kind = .function(map[signature])
      case .void, .bool, .integer, .floating, .unmodelled: break
      }
      result.types.rows.append(type)
    }
    for var record in module.records.rows {
      record.name = map[record.name]
      record.fields = Slice(
        start: record.fields.start + UInt32(map.fields), count: record.fields.count)
      result.records.rows.append(record)
    }
    for var field in module.fields.rows {
      field.name = map[field.name]
      field.type = map[field.type]
      field.counter = map[field.counter]
      field.record = map[field.record]
      result.fields.rows.append(field)
    }
    for var signature in module.signatures.rows {
      signature.result = map[signature.result]
      signature.parameters = ContiguousArray(signature.parameters.map { map[$0] })
      result.signatures.rows.append(signature)
    }
  }

  // MARK: Functions

  /// The row that a unit's function has in the program.
  private mutating func place(
    _ function: Function, of module: Module, _ map: Relocation
  ) -> FunctionID {
    let name = module.symbols[function.name]
    let isShared = !function.attributes.contains(.isStatic)
    if isShared, let known = functions[name] { return known }
    var row = function
    row.name = map[function.name]
    row.usr = map[function.usr]
    row.signature = map[function.signature]
    row.origin = map[function.origin]
    row.body = nil
    let id = result.functions.append(row)
    if isShared { functions[name] = id }
    return id
  }

  private mutating func define(
    _ id: FunctionID, _ function: Function, _ map: Relocation
  ) throws(LinkError) {
    guard let body = function.body else { return }
    if result.functions[id].body != nil {
      // Each unit may have its own copy of an inline function (C11 6.7.4p7).
      if function.attributes.contains(.isInline) { return }
      let name = result.symbols[map[function.name]]
      throw LinkError(description: "'\(name)' is defined twice")
    }
    result.functions[id].signature = map[function.signature]
    result.functions[id].attributes = function.attributes
    result.functions[id].origin = map[function.origin]
    result.functions[id].body = map.moved(body)
  }

  // MARK: Variables

  private mutating func place(
    _ global: Global, of module: Module, _ map: Relocation
  ) -> GlobalID {
    let name = module.symbols[global.name]
    if !global.isStatic, let known = globals[name] { return known }
    let id = result.globals.append(map.moved(global, initializer: nil))
    if !global.isStatic { globals[name] = id }
    return id
  }

  /// A variable's initialiser wins over tentative definitions, and those over declarations
  /// (C11 6.9.2).
  private mutating func define(
    _ id: GlobalID, _ global: Global, _ map: Relocation
  ) throws(LinkError) {
    guard let cells = global.initializer else { return }
    let known = result.globals[id].initializer
    if let known, !known.isEmpty, !cells.isEmpty {
      let name = result.symbols[map[global.name]]
      throw LinkError(description: "'\(name)' is initialised twice")
    }
    if known == nil || !cells.isEmpty {
      result.globals[id] = map.moved(
        global, initializer: ContiguousArray(cells.map { map.moved($0) }))
    }
  }
}

/// Where the rows of a unit lie in the program.
private struct Relocation {
  var symbols: [SymbolID]
  var types: Int
  var records: Int
  var fields: Int
  var signatures: Int
  var literals: Int
  var origins: Int
  var functions: [FunctionID] = []
  var globals: [GlobalID] = []

  subscript(id: SymbolID) -> SymbolID { symbols[Int(id.index)] }
  subscript(id: TypeID) -> TypeID { TypeID(Int(id.index) + types) }
  subscript(id: RecordID) -> RecordID { RecordID(Int(id.index) + records) }
  subscript(id: FieldID) -> FieldID { FieldID(Int(id.index) + fields) }
  subscript(id: SignatureID) -> SignatureID { SignatureID(Int(id.index) + signatures) }
  subscript(id: LiteralID) -> LiteralID { LiteralID(Int(id.index) + literals) }
  subscript(id: OriginID) -> OriginID { OriginID(Int(id.index) + origins) }
  subscript(id: FunctionID) -> FunctionID { functions[Int(id.index)] }
  subscript(id: GlobalID) -> GlobalID { globals[Int(id.index)] }

  func moved(_ global: Global, initializer: ContiguousArray<InitializerCell>?) -> Global {
    var row = global
    row.name = self[global.name]
    row.usr = self[global.usr]
    row.type = self[global.type]
    row.origin = self[global.origin]
    row.initializer = initializer
    return row
  }

  func moved(_ cell: InitializerCell) -> InitializerCell {
    var cell = cell
    cell.type = self[cell.type]
    cell.bitField = cell.bitField.map { self[$0] }
    switch cell.value {
    case .global(let global, let offset): cell.value = .global(self[global], offset: offset)
    case .literal(let literal, let offset): cell.value = .literal(self[literal], offset: offset)
    case .bytes(let literal): cell.value = .bytes(self[literal])
    case .function(let function): cell.value = .function(self[function])
    case .label(let function, let block): cell.value = .label(self[function], block)
    case .integer, .floating, .unknown: break
    }
    return cell
  }

  func moved(_ body: Body) -> Body {
    var body = body
    body.end = self[body.end]
    for index in body.locals.rows.indices {
      body.locals.rows[index].name = self[body.locals.rows[index].name]
      body.locals.rows[index].type = self[body.locals.rows[index].type]
      body.locals.rows[index].origin = self[body.locals.rows[index].origin]
    }
    for index in body.blocks.rows.indices {
      body.blocks.rows[index].origin = self[body.blocks.rows[index].origin]
    }
    for index in body.instructions.rows.indices {
      let row = body.instructions.rows[index]
      body.instructions.rows[index] = Instruction(
        operation: moved(row.operation), type: self[row.type], origin: self[row.origin])
    }
    for index in body.calls.rows.indices {
      body.calls.rows[index].signature = self[body.calls.rows[index].signature]
      if case .function(let function) = body.calls.rows[index].callee {
        body.calls.rows[index].callee = .function(self[function])
      }
    }
    return body
  }

  private func moved(_ operation: Operation) -> Operation {
    switch operation {
    case .pointerSize(let type): .pointerSize(of: self[type])
    case .literal(let literal): .literal(self[literal])
    case .global(let global): .global(self[global])
    case .function(let function): .function(self[function])
    case .field(let base, let field): .field(base: base, field: self[field])
    case .loadBits(let base, let field): .loadBits(base: base, field: self[field])
    case .storeBits(let base, let field, let value):
      .storeBits(base: base, field: self[field], value: value)
    case .unknown(let cause, let operands): .unknown(cause: self[cause], operands: operands)
    default: operation
    }
  }
}
