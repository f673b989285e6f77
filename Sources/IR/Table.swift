// SPDX-License-Identifier: Apache-2.0

/// A dense array of rows that is indexed by their handles.
public struct Table<Row> {
  /// The rows in the order of their handles.
  public var rows: ContiguousArray<Row>

  /// Makes an empty table.
  public init() { rows = [] }

  /// Makes a table of `count` equal rows.
  public init(repeating row: Row, count: Int) {
    rows = ContiguousArray(repeating: row, count: count)
  }

  /// The number of rows.
  public var count: Int { rows.count }

  /// The handles of all rows, in order.
  public var ids: LazyMapCollection<Range<Int>, Handle<Row>> {
    (0..<rows.count).lazy.map { Handle<Row>($0) }
  }

  /// The row of a handle that this table gave out.
  public subscript(id: Handle<Row>) -> Row {
    get { rows[Int(id.index)] }
    _modify { yield &rows[Int(id.index)] }
  }

  /// Appends a row and returns its handle.
  public mutating func append(_ row: Row) -> Handle<Row> {
    let id = Handle<Row>(rows.count)
    rows.append(row)
    return id
  }
}

extension Table: Sendable where Row: Sendable {}
extension Table: Equatable where Row: Equatable {}
extension Table: Hashable where Row: Hashable {}

/// Strings that are stored once and compared by handle.
public struct SymbolTable: Sendable {
  private var strings: ContiguousArray<String> = []
  private var ids: [String: SymbolID] = [:]

  /// Makes a table that holds the empty string as symbol 0.
  public init() { _ = intern("") }

  /// Makes a table of `strings` in their order; `nil` where the empty string is not the first or two
  /// are equal.
  public init?(strings: ContiguousArray<String>) {
    guard strings.first == "" else { return nil }
    self.strings = strings
    ids.reserveCapacity(strings.count)
    for (index, string) in strings.enumerated() { ids[string] = SymbolID(index) }
    guard ids.count == strings.count else { return nil }
  }

  /// The symbol of the empty string.
  public static let empty = SymbolID(index: 0)

  /// The number of distinct strings.
  public var count: Int { strings.count }

  /// Returns the symbol of `string`, adding it where it is new.
  public mutating func intern(_ string: String) -> SymbolID {
    if let id = ids[string] { return id }
    let id = SymbolID(index: UInt32(strings.count))
    strings.append(string)
    ids[string] = id
    return id
  }

  /// Returns the symbol of `string` where it is in the table.
  public func find(_ string: String) -> SymbolID? { ids[string] }

  /// The string of a symbol.
  public subscript(id: SymbolID) -> String { strings[Int(id.index)] }
}

extension SymbolTable: Equatable {
  /// Whether both tables hold the same strings under the same symbols.
  public static func == (left: SymbolTable, right: SymbolTable) -> Bool {
    left.strings == right.strings
  }
}
