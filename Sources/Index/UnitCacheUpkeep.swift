// SPDX-License-Identifier: Apache-2.0

import GRDB
import IR

extension UnitCache {
  /// What the cache holds.
  public struct Statistics: Hashable, Sendable {
    /// Units.
    public var units: Int
    /// Rows of files that they read.
    public var files: Int
    /// Bytes of stored modules and of what is kept beside them.
    public var moduleBytes: Int
    /// Bytes of the results of analyses.
    public var resultBytes: Int
    /// Bytes of the file, free pages included.
    public var fileBytes: Int
    /// The day on which the unit that was not used for longest was used, counted from 1970; nil
    /// without units.
    public var oldestDay: Int?
  }

  /// What was removed.
  public struct Removal: Hashable, Sendable {
    /// Units.
    public var units = 0
    /// Rows of files that no unit needs any more.
    public var files = 0
  }

  /// Counts what is there.
  public func statistics() throws(Failure) -> Statistics {
    try access { database in
      let row = try Row.fetchOne(
        database,
        sql: """
          SELECT COUNT(*) AS units, IFNULL(SUM(LENGTH(module) + LENGTH(linkage)), 0) AS bytes,
            MIN(day) AS day FROM unit
          """)
      return Statistics(
        units: row?["units"] ?? 0,
        files: try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM file") ?? 0,
        moduleBytes: row?["bytes"] ?? 0,
        resultBytes: try Int.fetchOne(
          database, sql: "SELECT IFNULL(SUM(LENGTH(bytes)), 0) FROM result") ?? 0,
        fileBytes: try Self.fileBytes(database),
        oldestDay: row?["day"])
    }
  }

  /// Bytes of the file.
  public func size() throws(Failure) -> Int { try access { try Self.fileBytes($0) } }

  private static func fileBytes(_ database: Database) throws -> Int {
    let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
    return pages * (try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0)
  }

  /// Removes what was not used since a day and then, from what was not used for longest, as much as
  /// passes the limit.
  ///
  /// - Parameters:
  ///   - limit: bytes of units that stay at most.
  ///   - day: the first day whose units stay, counted from 1970.
  /// - Returns: what was removed.
  /// - Throws: why nothing was removed.
  public func collectGarbage(limit: Int, since day: Int) throws(Failure) -> Removal {
    let removal = try access(isWrite: true) { database in
      var removal = Removal()
      try database.execute(sql: "DELETE FROM unit WHERE day < ?", arguments: [day])
      removal.units += database.changesCount
      try database.execute(sql: "DELETE FROM result WHERE day < ?", arguments: [day])
      let size = "LENGTH(bytes) + LENGTH(name) + 100"
      // Results are made faster than units: half of the room is theirs at most.
      try database.execute(
        sql: """
          DELETE FROM result WHERE id IN (
            SELECT id FROM (
              SELECT id, SUM(\(size)) OVER (ORDER BY day DESC, id DESC) AS total FROM result)
            WHERE total > ?)
          """, arguments: [limit / 2])
      let results =
        try Int.fetchOne(database, sql: "SELECT IFNULL(SUM(\(size)), 0) FROM result") ?? 0
      try database.execute(
        sql: """
          DELETE FROM unit WHERE id IN (
            SELECT id FROM (
              SELECT id, SUM(LENGTH(module) + LENGTH(linkage) + LENGTH(files) + LENGTH(presence) + 100)
                OVER (ORDER BY day DESC, id DESC) AS total FROM unit)
            WHERE total > ?)
          """, arguments: [limit - results])
      removal.units += database.changesCount
      removal.files = try Self.removeUnusedFiles(database)
      return removal
    }
    // Where another process reads it, a later run gives the space back.
    try? database.writeWithoutTransaction { try $0.execute(sql: "PRAGMA incremental_vacuum") }
    settle()
    return removal
  }

  /// Moves what is in the write-ahead log to the file itself, so that whoever copies the file has all
  /// of it; where another process is at work, that is left to it.
  func settle() {
    try? database.writeWithoutTransaction {
      try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
    }
  }

  private static func removeUnusedFiles(_ database: Database) throws -> Int {
    var used: Set<Int64> = []
    let units = try Row.fetchCursor(database, sql: "SELECT files FROM unit")
    while let row = try units.next() {
      used.formUnion(NumberRun.decode(ContiguousArray(row["files"] as DatabaseValue)) ?? [])
    }
    let all = try Int64.fetchAll(database, sql: "SELECT id FROM file")
    let statement = try database.cachedStatement(sql: "DELETE FROM file WHERE id = ?")
    var count = 0
    for id in all where !used.contains(id) {
      try statement.execute(arguments: [id])
      count += 1
    }
    return count
  }

  /// Reads everything, and removes the units and results that are damaged.
  ///
  /// - Returns: how many there were before, and how many of them were removed.
  /// - Throws: a failure that `isDamage` where the file itself is damaged.
  public func verify() throws(Failure) -> (units: Int, damaged: Int) {
    let state = try access { try String.fetchOne($0, sql: "PRAGMA integrity_check(1)") }
    guard state == "ok" else { throw Failure(reason: UnitCacheFile.damaged, isDamage: true) }
    let (count, damaged) = try access { database in
      var sound: Set<Int64> = []
      let files = try Row.fetchCursor(database, sql: "SELECT * FROM file")
      while let row = try files.next() {
        if Self.file(row) != nil { sound.insert(row["id"]) }
      }
      var damaged: [Int64] = []
      var count = 0
      let units = try Row.fetchCursor(database, sql: "SELECT * FROM unit")
      while let row = try units.next() {
        count += 1
        if !Self.isSound(row, files: sound) { damaged.append(row["id"]) }
      }
      return (count, damaged)
    }
    try removeDamagedResults()
    if !damaged.isEmpty {
      try access(isWrite: true) { database in
        for id in damaged {
          try database.execute(sql: "DELETE FROM unit WHERE id = ?", arguments: [id])
        }
      }
    }
    return (count, damaged.count)
  }

  private static func isSound(_ row: Row, files sound: Set<Int64>) -> Bool {
    let module = ContiguousArray(row["module"] as DatabaseValue)
    let parts = UnitParts(row)
    guard parts.isOf(module),
      parts.digest(key: ContiguousArray(row["key"] as DatabaseValue))
        == ContiguousArray(row["digest"] as DatabaseValue),
      let numbers = NumberRun.decode(parts.files), numbers.allSatisfy(sound.contains)
    else { return false }
    return (try? Module.sectionSizes(of: module)) != nil
  }
}
