// SPDX-License-Identifier: Apache-2.0

/// A 32-bit index into a `Table` of rows of one kind, typed so that tables cannot be confused.
///
/// The program is held in flat tables of fixed-size rows; a handle is all that one row knows of
/// another. Handles are stable for the life of the `Module` or `Body` that they index.
public struct Handle<Row>: BitwiseCopyable, Hashable, Comparable, Sendable {
  /// The position in the table, from 0.
  public let index: UInt32

  /// Makes the handle of the row at `index`.
  public init(index: UInt32) { self.index = index }

  /// Makes the handle of the row at `index`.
  public init(_ index: Int) { self.index = UInt32(index) }

  /// Orders handles by their position in the table.
  public static func < (left: Self, right: Self) -> Bool { left.index < right.index }
}

extension Handle: Codable {
  /// Reads the position.
  public init(from decoder: any Decoder) throws {
    index = try decoder.singleValueContainer().decode(UInt32.self)
  }

  /// Writes the position.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(index)
  }
}

/// A type in `Module.types`.
public typealias TypeID = Handle<Type>

/// A struct or union in `Module.records`.
public typealias RecordID = Handle<Record>

/// A member of a struct or union in `Module.fields`.
public typealias FieldID = Handle<Field>

/// A function type in `Module.signatures`.
public typealias SignatureID = Handle<Signature>

/// A function in `Module.functions`, defined here or only declared.
public typealias FunctionID = Handle<Function>

/// A variable of static storage duration in `Module.globals`, function-level `static` included.
public typealias GlobalID = Handle<Global>

/// A file in `Module.files`.
public typealias FileID = Handle<SourceFile>

/// An interned string in `Module.symbols`.
public typealias SymbolID = Handle<String>

/// A string literal in `Module.literals`.
public typealias LiteralID = Handle<Literal>

/// A stretch of source text in `Module.origins`.
public typealias OriginID = Handle<Origin>

/// A full statement or declaration in `Module.statements`.
public typealias StatementID = Handle<Statement>

/// A variable of automatic storage duration, or a temporary, in `Body.locals`.
public typealias LocalID = Handle<Local>

/// A basic block in `Body.blocks`.
public typealias BlockID = Handle<Block>

/// An instruction in `Body.instructions`, and the value that it yields.
public typealias ValueID = Handle<Instruction>

/// A call in `Body.calls`.
public typealias CallID = Handle<Call>

/// A `switch` in `Body.switches`.
public typealias SwitchID = Handle<Switch>

/// A run of consecutive rows: `start` and the `count` that follow.
public struct Slice: BitwiseCopyable, Hashable, Sendable {
  /// The first row.
  public var start: UInt32
  /// The number of rows.
  public var count: UInt32

  /// Makes the run of `count` rows from `start`.
  public init(start: UInt32, count: UInt32) {
    self.start = start
    self.count = count
  }

  /// No rows.
  public static let empty = Slice(start: 0, count: 0)

  /// The positions of the rows.
  public var indices: Range<Int> { Int(start)..<Int(start) + Int(count) }
}
