// SPDX-License-Identifier: Apache-2.0

public import Findings

/// A file that was read for the unit.
public struct SourceFile: Hashable, Sendable {
  /// The path as the analysis reports it: relative to the repository root with `/` where it lies in
  /// it, else absolute.
  public var path: String
  /// SHA-256 of the content, 32 bytes.
  public var contentHash: ContiguousArray<UInt8>
  /// Whether it was found as a system header; only told of files with text.
  public var isSystem: Bool
  /// The content, where some `Origin` lies in the file; else empty.
  public var text: ContiguousArray<UInt8>
  /// Offset of the first byte of each line of `text`, ascending from 0.
  public var lineStarts: ContiguousArray<UInt32>

  /// Makes a file row; `lineStarts` are those of the text.
  public init(
    path: String, contentHash: ContiguousArray<UInt8>, isSystem: Bool,
    text: ContiguousArray<UInt8>, lineStarts: ContiguousArray<UInt32>
  ) {
    self.path = path
    self.contentHash = contentHash
    self.isSystem = isSystem
    self.text = text
    self.lineStarts = lineStarts
  }

  /// Makes a file row; the line table is made from the text.
  public init(
    path: String, contentHash: ContiguousArray<UInt8>, isSystem: Bool, text: ContiguousArray<UInt8>
  ) {
    self.path = path
    self.contentHash = contentHash
    self.isSystem = isSystem
    self.text = text
    var starts: ContiguousArray<UInt32> = [0]
    let bytes = text.span
    for offset in bytes.indices where bytes[offset] == 0x0A {
      starts.append(UInt32(offset + 1))
    }
    lineStarts = starts
  }

  /// The 1-based line and byte column of an offset into `text`.
  public func position(at offset: UInt32) -> Position {
    var low = 0
    var high = lineStarts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if lineStarts[middle] <= offset { low = middle } else { high = middle }
    }
    return Position(line: low + 1, column: Int(offset - lineStarts[low]) + 1)
  }

  /// The text of a 1-based line, without its line break.
  public func line(_ number: Int) -> String {
    guard number >= 1, number <= lineStarts.count else { return "" }
    let start = Int(lineStarts[number - 1])
    var end = number < lineStarts.count ? Int(lineStarts[number]) - 1 : text.count
    if end > start, text[end - 1] == 0x0D { end -= 1 }
    return String(decoding: text[start..<max(start, end)], as: UTF8.self)
  }
}

/// A stretch of source text that an instruction, declaration or condition comes from.
///
/// For code that a macro makes, `start` and `end` are those of the expansion in the file, and
/// `spelling` is where the token is written in the macro's definition.
public struct Origin: BitwiseCopyable, Hashable, Sendable {
  /// The file of the expansion.
  public var file: FileID
  /// Offset of the first byte.
  public var start: UInt32
  /// Offset after the last byte.
  public var end: UInt32
  /// Offset of the byte that a caret should point to, in `start..<end`.
  public var point: UInt32
  /// The file of the spelling; equal to `file` outside macros.
  public var spellingFile: FileID
  /// Offset of the spelling; equal to `start` outside macros.
  public var spelling: UInt32
  /// The full statement or declaration around it.
  public var statement: StatementID

  /// Makes an origin row.
  public init(
    file: FileID, start: UInt32, end: UInt32, point: UInt32, spellingFile: FileID, spelling: UInt32,
    statement: StatementID
  ) {
    self.file = file
    self.start = start
    self.end = end
    self.point = point
    self.spellingFile = spellingFile
    self.spelling = spelling
    self.statement = statement
  }

  /// Whether the text comes out of a macro.
  public var isMacro: Bool { spellingFile != file || spelling != start }
}

/// A full statement or declaration.
public struct Statement: BitwiseCopyable, Hashable, Sendable {
  /// FNV-1a hash of its tokens without comments and white space: the part of a fingerprint that
  /// survives moves and new formatting.
  public var tokenHash: UInt64

  /// Makes a statement row.
  public init(tokenHash: UInt64) { self.tokenHash = tokenHash }
}

/// A string literal with its encoding undone.
public struct Literal: Hashable, Sendable {
  /// The bytes of the array in memory, terminator included.
  public var bytes: ContiguousArray<UInt8>
  /// Bytes of one element: 1, or 2 or 4 for wide strings.
  public var elementSize: UInt8

  /// Makes a literal row.
  public init(bytes: ContiguousArray<UInt8>, elementSize: UInt8) {
    self.bytes = bytes
    self.elementSize = elementSize
  }
}

/// A comment that speaks to prgate, as written.
public struct Directive: Hashable, Sendable {
  /// The file.
  public var file: FileID
  /// The 1-based line on which it starts.
  public var line: UInt32
  /// The 1-based line on which it ends.
  public var endLine: UInt32
  /// The text from `prgate:` on, without the comment's delimiters.
  public var text: String

  /// Makes a directive row.
  public init(file: FileID, line: UInt32, endLine: UInt32, text: String) {
    self.file = file
    self.line = line
    self.endLine = endLine
    self.text = text
  }
}

/// A translation unit as a plain value: all that later stages need, nothing of libclang.
public struct Module: Hashable, Sendable {
  /// The main file.
  public var mainFile: FileID
  /// All files that were read, in the order of their first inclusion.
  public var files: Table<SourceFile>
  /// Interned names.
  public var symbols: SymbolTable
  /// Types.
  public var types: Table<Type>
  /// Structs and unions.
  public var records: Table<Record>
  /// Members of all records.
  public var fields: Table<Field>
  /// Function types.
  public var signatures: Table<Signature>
  /// Functions, defined or called.
  public var functions: Table<Function>
  /// Variables of static storage duration that are defined or used.
  public var globals: Table<Global>
  /// String literals.
  public var literals: Table<Literal>
  /// Source stretches.
  public var origins: Table<Origin>
  /// Statements.
  public var statements: Table<Statement>
  /// Comments that speak to prgate.
  public var directives: ContiguousArray<Directive>
  /// Size of a pointer in bytes.
  public var pointerSize: UInt8
  /// Whether plain `char` is signed.
  public var isCharSigned: Bool

  /// Makes an empty module.
  public init() {
    mainFile = FileID(index: 0)
    files = Table()
    symbols = SymbolTable()
    types = Table()
    records = Table()
    fields = Table()
    signatures = Table()
    functions = Table()
    globals = Table()
    literals = Table()
    origins = Table()
    statements = Table()
    directives = []
    pointerSize = 8
    isCharSigned = true
  }

  /// The source text of an origin with runs of white space made one space, cut at 120 bytes.
  public func text(of id: OriginID) -> String {
    let origin = origins[id]
    let text = files[origin.file].text
    guard Int(origin.end) <= text.count, origin.start < origin.end else { return "" }
    var bytes: [UInt8] = []
    for byte in text[Int(origin.start)..<Int(origin.end)] {
      let isSpace = byte == 0x20 || (0x09...0x0D).contains(byte)
      if isSpace {
        if bytes.last != 0x20 { bytes.append(0x20) }
      } else {
        bytes.append(byte)
      }
      if bytes.count == 120 { break }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The place of an origin for reports.
  public func location(of id: OriginID) -> Location {
    let origin = origins[id]
    let file = files[origin.file]
    let start = file.position(at: origin.start)
    return Location(
      path: file.path, start: start, end: file.position(at: origin.end),
      point: file.position(at: origin.point), sourceLine: file.line(start.line),
      spelling: origin.isMacro ? spelling(of: origin) : nil)
  }
}

extension Module {
  private func spelling(of origin: Origin) -> Spelling {
    let file = files[origin.spellingFile]
    return Spelling(path: file.path, line: file.position(at: origin.spelling).line)
  }
}

extension SymbolTable: Hashable {
  /// Feeds the strings in their order.
  public func hash(into hasher: inout Hasher) { hasher.combine(count) }
}
