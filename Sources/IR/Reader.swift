// SPDX-License-Identifier: Apache-2.0

extension Module {
  /// Reads the stored form that `encoded(includesTexts:)` writes.
  ///
  /// Bytes that were damaged or made up end in an error, and never in a module whose handles, runs of
  /// rows, types or layouts later stages could stumble over. What is read takes memory in proportion
  /// to the bytes. Records and values are not made of themselves. That a value is used only where its
  /// block dominates, and the types of operands, are not checked (`validate()` does): no stage indexes
  /// by them.
  ///
  /// - Parameters:
  ///   - bytes: the stored form.
  ///   - text: supplies the text of a file, given by its row, where it was left out. That it has the
  ///     hash of the row is the caller's to know; its length is checked.
  ///   - lineStarts: the table of lines of such a text, where it is known.
  /// - Throws: why the bytes are no module.
  public init(
    decoding bytes: ContiguousArray<UInt8>,
    text: (SourceFile) -> ContiguousArray<UInt8>? = { _ in nil },
    lineStarts: (SourceFile) -> ContiguousArray<UInt32>? = { _ in nil }
  ) throws(ModuleFormatError) {
    let frames = try SectionFrames(bytes)
    var reader = ModuleReader(bytes, frames)
    try reader.read(text: text, lineStarts: lineStarts)
    self = reader.module
  }

  /// The bytes that each section of a stored module takes, after a check of the checksum.
  ///
  /// - Throws: why the bytes are no module.
  public static func sectionSizes(
    of bytes: ContiguousArray<UInt8>
  ) throws(ModuleFormatError) -> [(section: ModuleSection, bytes: Int)] {
    let frames = try SectionFrames(bytes)
    return ModuleSection.allCases.map { ($0, frames.range(of: $0).count) }
  }
}

/// Where the sections of a stored module lie.
private struct SectionFrames {
  private var ranges: [Range<Int>] = []

  /// Checks header, checksum and the sequence of sections.
  init(_ bytes: ContiguousArray<UInt8>) throws(ModuleFormatError) {
    let magic = ModuleFormat.magic
    guard bytes.starts(with: magic) else { throw .notAModule }
    func fixed(at start: Int, count: Int) -> UInt64 {
      (0..<count).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
    }
    let end = bytes.count - ModuleFormat.checksumLength
    // Offsets into texts are 32 bits wide; a module of more bytes cannot have been written.
    guard end >= ModuleFormat.headerLength, bytes.count <= Int(UInt32.max) else {
      throw .wrongLength
    }
    let version = fixed(at: magic.count, count: 4)
    guard version == UInt64(ModuleFormat.version) else {
      throw .foreignVersion(UInt32(truncatingIfNeeded: version))
    }
    guard fixed(at: magic.count + 4, count: 8) == UInt64(bytes.count) else { throw .wrongLength }
    guard fixed(at: end, count: 8) == moduleChecksum(of: bytes.span.extracting(0..<end)) else {
      throw .wrongChecksum
    }
    var position = ModuleFormat.headerLength
    for section in ModuleSection.allCases {
      guard position + ModuleFormat.frameLength <= end, bytes[position] == section.rawValue else {
        throw .wrongSections
      }
      let length = fixed(at: position + 1, count: 8)
      position += ModuleFormat.frameLength
      guard length <= UInt64(end - position) else { throw .wrongSections }
      ranges.append(position..<position + Int(length))
      position += Int(length)
    }
    guard position == end else { throw .wrongSections }
  }

  func range(of section: ModuleSection) -> Range<Int> { ranges[Int(section.rawValue) - 1] }
}

/// Reads a module, section by section.
struct ModuleReader {
  private let bytes: ContiguousArray<UInt8>
  private let frames: SectionFrames
  private(set) var module = Module()
  private(set) var counts = TableCounts()
  /// The section at hand.
  var input: ByteReader

  fileprivate init(_ bytes: ContiguousArray<UInt8>, _ frames: SectionFrames) {
    self.bytes = bytes
    self.frames = frames
    input = ByteReader(bytes, frames.range(of: .summary), section: .summary)
  }

  fileprivate mutating func read(
    text: (SourceFile) -> ContiguousArray<UInt8>?,
    lineStarts: (SourceFile) -> ContiguousArray<UInt32>?
  ) throws(ModuleFormatError) {
    for section in ModuleSection.allCases where section != .texts {
      input = ByteReader(bytes, frames.range(of: section), section: section)
      try read(section, text: text, lineStarts: lineStarts)
      try input.finish()
    }
  }

  private mutating func read(
    _ section: ModuleSection, text: (SourceFile) -> ContiguousArray<UInt8>?,
    lineStarts: (SourceFile) -> ContiguousArray<UInt32>?
  ) throws(ModuleFormatError) {
    switch section {
    case .summary: try readSummary()
    case .symbols: try readSymbols()
    case .files: try readFiles(text: text, lineStarts: lineStarts)
    case .texts: break  // Read with the files.
    case .types: try readTypes()
    case .records: try readRecords()
    case .fields: try readFields()
    case .signatures: try readSignatures()
    case .statements: try readStatements()
    case .origins: try readOrigins()
    case .literals: try readLiterals()
    case .functions: try readFunctions()
    case .bodies: try readBodies()
    case .globals: try readGlobals()
    case .directives: try readDirectives()
    }
  }

  /// Reads `count` rows.
  mutating func rows<Row>(
    _ count: Int, _ read: (inout Self, Int) throws(ModuleFormatError) -> Row
  ) throws(ModuleFormatError) -> ContiguousArray<Row> {
    try input.require(count <= input.remaining, .count)
    var rows: ContiguousArray<Row> = []
    rows.reserveCapacity(count)
    for index in 0..<count { rows.append(try read(&self, index)) }
    return rows
  }

  // MARK: Handles

  mutating func symbol() throws(ModuleFormatError) -> SymbolID {
    try input.handle(below: counts.symbols)
  }

  mutating func file() throws(ModuleFormatError) -> FileID { try input.handle(below: counts.files) }

  mutating func type() throws(ModuleFormatError) -> TypeID { try input.handle(below: counts.types) }

  mutating func field() throws(ModuleFormatError) -> FieldID {
    try input.handle(below: counts.fields)
  }

  mutating func signature() throws(ModuleFormatError) -> SignatureID {
    try input.handle(below: counts.signatures)
  }

  mutating func origin() throws(ModuleFormatError) -> OriginID {
    try input.handle(below: counts.origins)
  }

  mutating func literal() throws(ModuleFormatError) -> LiteralID {
    try input.handle(below: counts.literals)
  }

  mutating func function() throws(ModuleFormatError) -> FunctionID {
    try input.handle(below: counts.functions)
  }

  mutating func global() throws(ModuleFormatError) -> GlobalID {
    try input.handle(below: counts.globals)
  }

  // MARK: Summary, symbols, files

  private mutating func readSummary() throws(ModuleFormatError) {
    let mainFile = try input.number()
    module.pointerSize = try input.byte()
    try input.require((1...16).contains(module.pointerSize))
    module.isCharSigned = try input.flag()
    // A row has at least one byte, so that no table is longer than the module.
    func count(_ input: inout ByteReader) throws(ModuleFormatError) -> Int {
      let count = try input.number()
      try input.require(count <= UInt64(bytes.count), .count)
      return Int(count)
    }
    counts.symbols = try count(&input)
    counts.files = try count(&input)
    counts.types = try count(&input)
    counts.records = try count(&input)
    counts.fields = try count(&input)
    counts.signatures = try count(&input)
    counts.statements = try count(&input)
    counts.origins = try count(&input)
    counts.literals = try count(&input)
    counts.functions = try count(&input)
    counts.globals = try count(&input)
    counts.directives = try count(&input)
    try input.require(mainFile < UInt64(counts.files), .handle)
    module.mainFile = FileID(Int(mainFile))
  }

  private mutating func readSymbols() throws(ModuleFormatError) {
    let strings = try rows(counts.symbols) { (reader, _) throws(ModuleFormatError) in
      try reader.input.string()
    }
    guard let table = SymbolTable(strings: strings) else { throw input.failure(.rule) }
    module.symbols = table
  }

  private mutating func readFiles(
    text: (SourceFile) -> ContiguousArray<UInt8>?,
    lineStarts: (SourceFile) -> ContiguousArray<UInt32>?
  ) throws(ModuleFormatError) {
    var texts = ByteReader(bytes, frames.range(of: .texts), section: .texts)
    module.files.rows = try rows(counts.files) { (reader, _) throws(ModuleFormatError) in
      let path = try reader.input.string()
      let hash = try reader.input.run(reader.input.count())
      let isSystem = try reader.input.flag()
      let row = SourceFile(path: path, contentHash: hash, isSystem: isSystem, text: [])
      let tag: TextTag = try reader.input.tag()
      if tag == .none { return row }
      let length = Int(try reader.input.number(as: UInt32.self))
      try reader.input.require(length > 0)
      let content = tag == .included ? try texts.run(length) : text(row)
      guard let content, content.count == length else { throw .missingText(path: path) }
      if tag != .included, let starts = lineStarts(row) {
        return SourceFile(
          path: path, contentHash: hash, isSystem: isSystem, text: content, lineStarts: starts)
      }
      return SourceFile(path: path, contentHash: hash, isSystem: isSystem, text: content)
    }
    try texts.finish()
  }

  // MARK: Types

  /// Bits in an object: more cannot be addressed, and counting them in 64 bits cannot overflow.
  private static let largestSize = UInt64(Int64.max) / 8

  private mutating func size() throws(ModuleFormatError) -> UInt64 {
    let size = try input.number()
    try input.require(size <= Self.largestSize)
    return size
  }

  private mutating func readTypes() throws(ModuleFormatError) {
    module.types.rows.reserveCapacity(min(counts.types, input.remaining))
    for index in 0..<counts.types {
      let kind = try typeKind(at: index)
      let size = try size()
      let alignment = try input.number(as: UInt32.self)
      try input.require(alignment.nonzeroBitCount == 1)
      module.types.rows.append(
        Type(kind: kind, size: size, alignment: alignment, name: try symbol()))
    }
  }

  private mutating func typeKind(at index: Int) throws(ModuleFormatError) -> TypeKind {
    let tag: TypeTag = try input.tag()
    switch tag {
    case .void: return .void
    case .bool: return .bool
    case .signedInteger: return .integer(width: try width(), signed: true)
    case .unsignedInteger: return .integer(width: try width(), signed: false)
    case .floating: return .floating(width: try width())
    // Derived types follow what they are derived from: there are no cycles but through records.
    case .pointer: return .pointer(pointee: try input.handle(below: index))
    case .array:
      let element: TypeID = try input.handle(below: index)
      let count = try input.number()
      let (size, isTooLarge) = module.types[element].size.multipliedReportingOverflow(by: count)
      try input.require(!isTooLarge && max(size, count) <= Self.largestSize)
      return .array(element: element, count: count)
    case .unboundedArray: return .unboundedArray(element: try input.handle(below: index))
    case .record: return .record(try input.handle(below: counts.records))
    case .function: return .function(try signature())
    case .unmodelled: return .unmodelled
    }
  }

  private mutating func width() throws(ModuleFormatError) -> UInt8 {
    let width = try input.byte()
    try input.require(width > 0)
    return width
  }

  private mutating func readRecords() throws(ModuleFormatError) {
    var nextField = 0
    module.records.rows = try rows(counts.records) { (reader, _) throws(ModuleFormatError) in
      Record(
        name: try reader.symbol(), isUnion: try reader.input.flag(), size: try reader.size(),
        fields: try reader.input.slice(after: &nextField, within: reader.counts.fields))
    }
    // Members belong to one record each; else a walk over all could take the square of the bytes.
    let members = module.records.rows.reduce(0) { $0 + Int($1.fields.count) }
    try input.require(members <= counts.fields)
  }

  private mutating func readFields() throws(ModuleFormatError) {
    module.fields.rows = try rows(counts.fields) { (reader, _) throws(ModuleFormatError) in
      let name = try reader.symbol()
      let type = try reader.type()
      let record: RecordID = try reader.input.handle(below: reader.counts.records)
      let offset = try reader.input.number()
      try reader.input.require(offset <= UInt64(Int64.max))
      let width = try reader.input.flag() ? try reader.input.byte() : nil
      let counter = try reader.symbol()
      return Field(
        name: name, type: type, record: record, bitOffset: offset, bitWidth: width,
        counter: counter)
    }
    try input.require(module.recordsAreFinite())
  }

  private mutating func readSignatures() throws(ModuleFormatError) {
    module.signatures.rows = try rows(counts.signatures) { (reader, _) throws(ModuleFormatError) in
      let result = try reader.type()
      let isVariadic = try reader.input.flag()
      let parameters = try reader.rows(reader.input.count()) {
        (reader, _) throws(ModuleFormatError) in try reader.type()
      }
      return Signature(result: result, parameters: parameters, isVariadic: isVariadic)
    }
  }

  // MARK: Places

  private mutating func readStatements() throws(ModuleFormatError) {
    module.statements.rows = try rows(counts.statements) { (reader, _) throws(ModuleFormatError) in
      Statement(tokenHash: try reader.input.word())
    }
  }

  private mutating func readOrigins() throws(ModuleFormatError) {
    var last = Origin(
      file: FileID(index: 0), start: 0, end: 0, point: 0, spellingFile: FileID(index: 0),
      spelling: 0, statement: StatementID(index: 0))
    module.origins.rows = try rows(counts.origins) { (reader, _) throws(ModuleFormatError) in
      last = try reader.origin(after: last)
      return last
    }
  }

  private mutating func origin(after last: Origin) throws(ModuleFormatError) -> Origin {
    let shape = OriginShape(rawValue: try input.byte())
    try input.require(shape.isSubset(of: .all), .tag)
    var row = last
    if !shape.contains(.sameFile) { row.file = try file() }
    if !shape.contains(.sameStatement) {
      row.statement = try input.handle(from: last.statement.position, below: counts.statements)
    }
    try input.require(row.statement.position < counts.statements, .handle)
    row.start = try offset(from: last.start)
    row.end = try offset(from: row.start)
    row.point = shape.contains(.pointsToStart) ? row.start : try offset(from: row.start)
    try input.require(row.start <= row.point && row.point <= row.end)
    (row.spellingFile, row.spelling) = (row.file, row.start)
    if shape.contains(.isMacro) {
      if !shape.contains(.spelledInSameFile) { row.spellingFile = try file() }
      row.spelling = try input.number(as: UInt32.self)
    }
    return row
  }

  private mutating func offset(from base: UInt32) throws(ModuleFormatError) -> UInt32 {
    guard let offset = UInt32(exactly: Int64(base) &+ (try input.signed())) else {
      throw input.failure(.number)
    }
    return offset
  }

  private mutating func readLiterals() throws(ModuleFormatError) {
    module.literals.rows = try rows(counts.literals) { (reader, _) throws(ModuleFormatError) in
      let elementSize = try reader.input.byte()
      try reader.input.require(elementSize == 1 || elementSize == 2 || elementSize == 4)
      let bytes = try reader.input.run(reader.input.count())
      return Literal(bytes: bytes, elementSize: elementSize)
    }
  }

  private mutating func readDirectives() throws(ModuleFormatError) {
    module.directives = try rows(counts.directives) { (reader, _) throws(ModuleFormatError) in
      let file = try reader.file()
      let line = try reader.input.number(as: UInt32.self)
      let endLine = try reader.input.number(as: UInt32.self)
      try reader.input.require(line <= endLine)
      return Directive(file: file, line: line, endLine: endLine, text: try reader.input.string())
    }
  }

  // MARK: Functions and variables

  private mutating func readFunctions() throws(ModuleFormatError) {
    module.functions.rows = try rows(counts.functions) { (reader, _) throws(ModuleFormatError) in
      var row = Function(
        name: try reader.symbol(), usr: try reader.symbol(), signature: try reader.signature(),
        attributes: FunctionAttributes(rawValue: try reader.input.number(as: UInt16.self)),
        origin: OriginID(index: 0))
      row.format = try reader.format()
      row.allocationSize = try reader.input.run(reader.input.count())
      row.nonNullArguments = try reader.input.number()
      row.origin = try reader.origin()
      // Filled in from the section of bodies.
      if try reader.input.flag() { row.body = Body(end: row.origin) }
      return row
    }
  }

  private mutating func format() throws(ModuleFormatError) -> FormatAttribute? {
    guard try input.flag() else { return nil }
    return FormatAttribute(
      isScan: try input.flag(), formatIndex: try input.byte(),
      firstArgument: try input.flag() ? try input.byte() : nil)
  }

  private mutating func readBodies() throws(ModuleFormatError) {
    for id in module.functions.ids where module.functions[id].body != nil {
      module.functions[id].body = try body()
    }
  }

  private mutating func readGlobals() throws(ModuleFormatError) {
    module.globals.rows = try rows(counts.globals) { (reader, _) throws(ModuleFormatError) in
      var row = Global(
        name: try reader.symbol(), usr: try reader.symbol(), type: try reader.type(),
        isStatic: try reader.input.flag(), isConst: try reader.input.flag(),
        isVolatile: try reader.input.flag(), isDefinition: try reader.input.flag(),
        initializer: nil, origin: try reader.origin())
      if try reader.input.flag() { row.initializer = try reader.cells() }
      return row
    }
  }

  private mutating func cells() throws(ModuleFormatError) -> ContiguousArray<InitializerCell> {
    var offset: UInt64 = 0
    return try rows(input.count()) { (reader, _) throws(ModuleFormatError) in
      let byte = try reader.input.byte()
      guard let tag = InitializerTag(rawValue: byte & ~InitializerTag.bitField) else {
        throw reader.input.failure(.tag)
      }
      let value = try reader.initializerValue(tag)
      let bitField = byte & InitializerTag.bitField != 0 ? try reader.field() : nil
      offset = offset &+ UInt64(bitPattern: try reader.input.signed())
      try reader.input.require(offset <= Self.largestSize)
      return InitializerCell(
        offset: offset, type: try reader.type(), value: value, bitField: bitField)
    }
  }

  private mutating func initializerValue(
    _ tag: InitializerTag
  ) throws(ModuleFormatError) -> InitializerValue {
    switch tag {
    case .integer: return .integer(try input.signed())
    case .floating: return .floating(bits: try input.word())
    case .global: return .global(try global(), offset: try input.signed())
    case .literal: return .literal(try literal(), offset: try input.signed())
    case .bytes: return .bytes(try literal())
    case .function: return .function(try function())
    case .label:
      let function = try function()
      let blocks = module.functions[function].body?.blocks.count ?? 0
      return .label(function, try input.handle(below: blocks))
    case .unknown: return .unknown
    }
  }
}
