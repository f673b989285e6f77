// SPDX-License-Identifier: Apache-2.0

import GRDB

extension UnitCache {
  /// What was taken from another cache.
  public struct Addition: Hashable, Sendable {
    /// Units that were not there.
    public var units = 0
    /// Results that were not there.
    public var results = 0
    /// Rows that were damaged, and are left out.
    public var damaged = 0

    /// Nothing yet.
    public init() {}
  }

  /// Adds what another cache has and this one has not.
  ///
  /// - Throws: why the other one cannot be read or this one not be written; nothing is added then.
  public func add(_ other: UnitCache, day: Int) throws(Failure) -> Addition {
    try other.access { source in
      try access(isWrite: true) { database in
        var addition = Addition()
        // The other's numbers of files mean nothing here.
        var files: [Int64: Int64] = [:]
        var numbers: [ContiguousArray<UInt8>: Int64] = [:]
        let rows = try Row.fetchCursor(source, sql: "SELECT * FROM file")
        while let row = try rows.next() {
          if let file = Self.file(row) {
            files[row["id"]] = try Self.number(of: file, database, &numbers)
          } else {
            addition.damaged += 1
          }
        }
        let units = try Row.fetchCursor(source, sql: "SELECT * FROM unit ORDER BY id")
        while let row = try units.next() { try Self.add(row, files, day, database, &addition) }
        let results = try Row.fetchCursor(source, sql: "SELECT * FROM result ORDER BY id")
        while let row = try results.next() { try Self.addResult(row, day, database, &addition) }
        return addition
      }
    }
  }

  private static func add(
    _ row: Row, _ numbers: [Int64: Int64], _ day: Int, _ database: Database,
    _ addition: inout Addition
  ) throws {
    let key = ContiguousArray(row["key"] as DatabaseValue)
    let module = ContiguousArray(row["module"] as DatabaseValue)
    var parts = UnitParts(row)
    guard parts.isOf(module),
      parts.digest(key: key) == ContiguousArray(row["digest"] as DatabaseValue),
      let known = NumberRun.decode(parts.files), known.allSatisfy({ numbers[$0] != nil })
    else {
      addition.damaged += 1
      return
    }
    parts.files = NumberRun.encode(known.compactMap { numbers[$0] })
    let there = try database.cachedStatement(sql: "SELECT 1 FROM unit WHERE key = ? AND files = ?")
    guard
      try Int.fetchOne(there, arguments: [key.databaseBlob, parts.files.databaseBlob]) == nil
    else { return }
    try insert(parts, module, key: key, day: day, database)
    addition.units += 1
  }

  private static func addResult(
    _ row: Row, _ day: Int, _ database: Database, _ addition: inout Addition
  ) throws {
    let results = StoredResults(
      name: ContiguousArray(row["name"] as DatabaseValue),
      code: ContiguousArray(row["code"] as DatabaseValue),
      bytes: ContiguousArray(row["bytes"] as DatabaseValue))
    let context = ContiguousArray(row["context"] as DatabaseValue)
    let digest = ContiguousArray(row["digest"] as DatabaseValue)
    guard digest == results.digest(context: context) else {
      addition.damaged += 1
      return
    }
    let there = try database.cachedStatement(
      sql: "SELECT 1 FROM result WHERE name = ? AND context = ? AND digest = ?")
    let place: StatementArguments = [
      results.name.databaseBlob, context.databaseBlob, digest.databaseBlob,
    ]
    guard try Int.fetchOne(there, arguments: place) == nil else { return }
    try database.cachedStatement(
      sql: """
        INSERT INTO result (name, context, code, bytes, digest, day) VALUES (?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      results.name.databaseBlob, context.databaseBlob, results.code.databaseBlob,
      results.bytes.databaseBlob, digest.databaseBlob, day,
    ])
    addition.results += 1
  }
}
