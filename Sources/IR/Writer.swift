// SPDX-License-Identifier: Apache-2.0

extension Module {
  /// The stored form, from which `init(decoding:)` makes an equal module.
  ///
  /// The form belongs to this version of the program; it is for a cache and not for exchange. A module
  /// that breaks the rules that the reader checks can be written but not read.
  ///
  /// - Parameter includesTexts: whether the source texts are part of it. Most of a text is shared
  ///   with other units; who keeps texts by their content hashes can leave them out here.
  /// - Returns: the bytes.
  public func encoded(includesTexts: Bool = true) -> ContiguousArray<UInt8> {
    var writer = ModuleWriter(module: self)
    return writer.write(includesTexts: includesTexts)
  }
}

/// Writes a module, section by section.
private struct ModuleWriter {
  let module: Module
  var output = ByteWriter()

  init(module: Module) { self.module = module }

  mutating func write(includesTexts: Bool) -> ContiguousArray<UInt8> {
    output.run(ModuleFormat.magic)
    output.fixed(ModuleFormat.version)
    let length = output.bytes.count
    output.fixed(UInt64(0))
    for section in ModuleSection.allCases {
      output.byte(section.rawValue)
      let start = output.bytes.count
      output.fixed(UInt64(0))
      write(section, includesTexts: includesTexts)
      output.patch(UInt64(output.bytes.count - start - 8), at: start)
    }
    output.patch(UInt64(output.bytes.count + ModuleFormat.checksumLength), at: length)
    output.fixed(moduleChecksum(of: output.bytes.span))
    return output.bytes
  }

  private mutating func write(_ section: ModuleSection, includesTexts: Bool) {
    switch section {
    case .summary: writeSummary()
    case .symbols:
      for index in 0..<module.symbols.count { output.string(module.symbols[SymbolID(index)]) }
    case .files:
      for row in module.files.rows { write(row, includesText: includesTexts) }
    case .texts:
      for row in module.files.rows where includesTexts { output.run(row.text) }
    case .types: for row in module.types.rows { write(row) }
    case .records: writeRecords()
    case .fields: for row in module.fields.rows { write(row) }
    case .signatures: for row in module.signatures.rows { write(row) }
    case .statements: for row in module.statements.rows { output.fixed(row.tokenHash) }
    case .origins: writeOrigins()
    case .literals: for row in module.literals.rows { write(row) }
    case .functions: for row in module.functions.rows { write(row) }
    case .bodies:
      for row in module.functions.rows { if let body = row.body { output.write(body) } }
    case .globals: for row in module.globals.rows { write(row) }
    case .directives: for row in module.directives { write(row) }
    }
  }

  private mutating func writeSummary() {
    output.handle(module.mainFile)
    output.byte(module.pointerSize)
    output.flag(module.isCharSigned)
    for count in [
      module.symbols.count, module.files.count, module.types.count, module.records.count,
      module.fields.count, module.signatures.count, module.statements.count, module.origins.count,
      module.literals.count, module.functions.count, module.globals.count, module.directives.count,
    ] { output.count(count) }
  }

  private mutating func write(_ row: SourceFile, includesText: Bool) {
    output.string(row.path)
    output.count(row.contentHash.count)
    output.run(row.contentHash)
    output.flag(row.isSystem)
    let tag: TextTag = row.text.isEmpty ? .none : includesText ? .included : .elsewhere
    output.byte(tag.rawValue)
    if tag != .none { output.count(row.text.count) }
  }

  private mutating func write(_ row: Type) {
    switch row.kind {
    case .void: output.byte(TypeTag.void.rawValue)
    case .bool: output.byte(TypeTag.bool.rawValue)
    case .integer(let width, let isSigned):
      output.byte((isSigned ? TypeTag.signedInteger : .unsignedInteger).rawValue)
      output.byte(width)
    case .floating(let width):
      output.byte(TypeTag.floating.rawValue)
      output.byte(width)
    case .pointer(let pointee):
      output.byte(TypeTag.pointer.rawValue)
      output.handle(pointee)
    case .array(let element, let count):
      output.byte(TypeTag.array.rawValue)
      output.handle(element)
      output.number(count)
    case .unboundedArray(let element):
      output.byte(TypeTag.unboundedArray.rawValue)
      output.handle(element)
    case .record(let record):
      output.byte(TypeTag.record.rawValue)
      output.handle(record)
    case .function(let signature):
      output.byte(TypeTag.function.rawValue)
      output.handle(signature)
    case .unmodelled: output.byte(TypeTag.unmodelled.rawValue)
    }
    output.number(row.size)
    output.number(row.alignment)
    output.handle(row.name)
  }

  private mutating func writeRecords() {
    var nextField = 0
    for row in module.records.rows {
      output.handle(row.name)
      output.flag(row.isUnion)
      output.number(row.size)
      output.slice(row.fields, after: &nextField)
    }
  }

  private mutating func write(_ row: Field) {
    output.handle(row.name)
    output.handle(row.type)
    output.handle(row.record)
    output.number(row.bitOffset)
    output.flag(row.bitWidth != nil)
    if let width = row.bitWidth { output.byte(width) }
    output.handle(row.counter)
  }

  private mutating func write(_ row: Signature) {
    output.handle(row.result)
    output.flag(row.isVariadic)
    output.count(row.parameters.count)
    for parameter in row.parameters { output.handle(parameter) }
  }

  private mutating func writeOrigins() {
    var file = FileID(index: 0)
    var statement = StatementID(index: 0)
    var start: UInt32 = 0
    for row in module.origins.rows {
      var shape: OriginShape = []
      if row.file == file { shape.insert(.sameFile) }
      if row.statement == statement { shape.insert(.sameStatement) }
      if row.point == row.start { shape.insert(.pointsToStart) }
      if row.isMacro { shape.insert(.isMacro) }
      if row.isMacro, row.spellingFile == row.file { shape.insert(.spelledInSameFile) }
      output.byte(shape.rawValue)
      if !shape.contains(.sameFile) { output.handle(row.file) }
      if !shape.contains(.sameStatement) { output.handle(row.statement, from: statement.position) }
      output.signed(Int64(row.start) - Int64(start))
      output.signed(Int64(row.end) - Int64(row.start))
      if !shape.contains(.pointsToStart) { output.signed(Int64(row.point) - Int64(row.start)) }
      if shape.contains(.isMacro) {
        if !shape.contains(.spelledInSameFile) { output.handle(row.spellingFile) }
        output.number(row.spelling)
      }
      (file, statement, start) = (row.file, row.statement, row.start)
    }
  }

  private mutating func write(_ row: Literal) {
    output.byte(row.elementSize)
    output.count(row.bytes.count)
    output.run(row.bytes)
  }

  private mutating func write(_ row: Function) {
    output.handle(row.name)
    output.handle(row.usr)
    output.handle(row.signature)
    output.number(UInt64(row.attributes.rawValue))
    output.flag(row.format != nil)
    if let format = row.format {
      output.flag(format.isScan)
      output.byte(format.formatIndex)
      output.flag(format.firstArgument != nil)
      if let first = format.firstArgument { output.byte(first) }
    }
    output.count(row.allocationSize.count)
    output.run(row.allocationSize)
    output.number(row.nonNullArguments)
    output.handle(row.origin)
    output.flag(row.body != nil)
  }

  private mutating func write(_ row: Global) {
    output.handle(row.name)
    output.handle(row.usr)
    output.handle(row.type)
    output.flag(row.isStatic)
    output.flag(row.isConst)
    output.flag(row.isVolatile)
    output.flag(row.isDefinition)
    output.handle(row.origin)
    output.flag(row.initializer != nil)
    guard let cells = row.initializer else { return }
    output.count(cells.count)
    var offset: UInt64 = 0
    for cell in cells {
      let bitField = cell.bitField == nil ? 0 : InitializerTag.bitField
      write(cell.value, bitField: bitField)
      if let field = cell.bitField { output.handle(field) }
      output.signed(Int64(bitPattern: cell.offset &- offset))
      output.handle(cell.type)
      offset = cell.offset
    }
  }

  private mutating func write(_ value: InitializerValue, bitField: UInt8) {
    func tag(_ tag: InitializerTag) -> UInt8 { tag.rawValue | bitField }
    switch value {
    case .integer(let value):
      output.byte(tag(.integer))
      output.signed(value)
    case .floating(let bits):
      output.byte(tag(.floating))
      output.fixed(bits)
    case .global(let global, let offset):
      output.byte(tag(.global))
      output.handle(global)
      output.signed(offset)
    case .literal(let literal, let offset):
      output.byte(tag(.literal))
      output.handle(literal)
      output.signed(offset)
    case .bytes(let literal):
      output.byte(tag(.bytes))
      output.handle(literal)
    case .function(let function):
      output.byte(tag(.function))
      output.handle(function)
    case .label(let function, let block):
      output.byte(tag(.label))
      output.handle(function)
      output.handle(block)
    case .unknown: output.byte(tag(.unknown))
    }
  }

  private mutating func write(_ row: Directive) {
    output.handle(row.file)
    output.number(row.line)
    output.number(row.endLine)
    output.string(row.text)
  }
}

extension Handle {
  /// The position in the table, for arithmetic.
  var position: Int { Int(index) }
}
