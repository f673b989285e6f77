// SPDX-License-Identifier: Apache-2.0

import Findings
import GRDB
import IR

/// What the analysis of a unit came to, as far as later runs can use it.
public struct StoredResults: Hashable, Sendable {
  /// What tells the unit from others, the same in every run.
  public var name: ContiguousArray<UInt8>
  /// What tells its code from any other.
  public var code: ContiguousArray<UInt8>
  /// The results.
  public var bytes: ContiguousArray<UInt8>

  /// Makes results.
  public init(
    name: ContiguousArray<UInt8>, code: ContiguousArray<UInt8>, bytes: ContiguousArray<UInt8>
  ) {
    self.name = name
    self.code = code
    self.bytes = bytes
  }

  /// What binds the columns of a row together; against damage, not against forgers.
  func digest(context: ContiguousArray<UInt8>) -> ContiguousArray<UInt8> {
    var hash = SHA256()
    for field in [name, code, context] {
      hash.update(field: String(field.count))
      hash.update(field)
    }
    hash.update(field: String(moduleChecksum(of: bytes.span)))
    return ContiguousArray(hash.finalize())
  }
}

extension UnitCache {
  /// Results that are kept of one unit: its code on several branches, and one code amid others.
  private static let resultsPerUnit = 6

  /// The results of a unit, those that were stored last first; what is damaged is left out.
  ///
  /// - Parameters:
  ///   - name: the unit.
  ///   - code: its code.
  ///   - context: all that results depend on beside the program.
  /// - Returns: the results.
  /// - Throws: why nothing can be read.
  public func results(
    of name: ContiguousArray<UInt8>, code: ContiguousArray<UInt8>, context: ContiguousArray<UInt8>
  ) throws(Failure) -> [ContiguousArray<UInt8>] {
    try access { database in
      let statement = try database.cachedStatement(
        sql: """
          SELECT bytes, digest FROM result WHERE name = ? AND context = ? AND code = ?
            ORDER BY id DESC
          """)
      let arguments: StatementArguments = [
        name.databaseBlob, context.databaseBlob, code.databaseBlob,
      ]
      return try Row.fetchAll(statement, arguments: arguments).compactMap { row in
        let results = StoredResults(
          name: name, code: code, bytes: ContiguousArray(row["bytes"] as DatabaseValue))
        let digest = ContiguousArray(row["digest"] as DatabaseValue)
        return digest == results.digest(context: context) ? results.bytes : nil
      }
    }
  }

  /// Stores results beside earlier ones of the same units and contexts: all of them or none.
  ///
  /// - Parameters:
  ///   - results: the results.
  ///   - context: all that they depend on beside the program.
  ///   - day: today, counted from 1970.
  /// - Throws: why they could not be stored.
  public func store(
    _ results: [StoredResults], context: ContiguousArray<UInt8>, day: Int
  ) throws(Failure) {
    guard !results.isEmpty else { return }
    try access(isWrite: true) { database in
      let statement = try database.cachedStatement(
        sql: """
          INSERT INTO result (name, context, code, bytes, digest, day) VALUES (?, ?, ?, ?, ?, ?)
          """)
      let removal = try database.cachedStatement(
        sql: """
          DELETE FROM result WHERE id IN (
            SELECT id FROM result WHERE name = ? AND context = ? ORDER BY id DESC LIMIT -1 OFFSET ?)
          """)
      for row in results {
        try statement.execute(arguments: [
          row.name.databaseBlob, context.databaseBlob, row.code.databaseBlob,
          row.bytes.databaseBlob, row.digest(context: context).databaseBlob, day,
        ])
        try removal.execute(arguments: [
          row.name.databaseBlob, context.databaseBlob, Self.resultsPerUnit,
        ])
      }
    }
    // Who copies the file of a run has all of it.
    settle()
  }

  /// Notes that the results of units were used on a day, counted from 1970.
  public func touchResults(
    of names: [ContiguousArray<UInt8>], context: ContiguousArray<UInt8>, day: Int
  ) throws(Failure) {
    guard !names.isEmpty else { return }
    try access(isWrite: true) { database in
      let statement = try database.cachedStatement(
        sql: "UPDATE result SET day = ? WHERE name = ? AND context = ? AND day < ?")
      for name in names {
        try statement.execute(arguments: [day, name.databaseBlob, context.databaseBlob, day])
      }
    }
  }

  /// Reads all results, and removes those that are damaged.
  func removeDamagedResults() throws(Failure) {
    let damaged: [Int64] = try access { database in
      var damaged: [Int64] = []
      let rows = try Row.fetchCursor(
        database, sql: "SELECT id, name, context, code, bytes, digest FROM result")
      while let row = try rows.next() {
        let results = StoredResults(
          name: ContiguousArray(row["name"] as DatabaseValue),
          code: ContiguousArray(row["code"] as DatabaseValue),
          bytes: ContiguousArray(row["bytes"] as DatabaseValue))
        let context = ContiguousArray(row["context"] as DatabaseValue)
        if ContiguousArray(row["digest"] as DatabaseValue) != results.digest(context: context) {
          damaged.append(row["id"])
        }
      }
      return damaged
    }
    guard !damaged.isEmpty else { return }
    try access(isWrite: true) { database in
      for id in damaged {
        try database.execute(sql: "DELETE FROM result WHERE id = ?", arguments: [id])
      }
    }
  }
}
