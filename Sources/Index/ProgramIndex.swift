// SPDX-License-Identifier: Apache-2.0

import GRDB

/// What earlier runs learnt of a program, in one SQLite file.
///
/// It holds, per repository, which files each unit read. It only ever saves work: whatever it does not
/// know, or is not sure of, is analysed. Two processes may use it at once (write-ahead log); a file
/// that is damaged, or was not written by this version, is replaced by an empty one.
public struct ProgramIndex: Sendable {
  /// The index cannot be used; the run goes on without it.
  public struct Unusable: Error, Hashable, Sendable {
    /// Why, in one line.
    public var reason: String
  }

  /// Why an earlier index was thrown away; nil where it was not.
  public let rebuilt: String?
  private let database: DatabasePool

  /// Opens the index at `path`, or makes an empty one.
  ///
  /// - Parameters:
  ///   - path: the file; its directory exists.
  ///   - discard: removes the file of that path if it is there.
  /// - Throws: `Unusable` where the file can be neither used nor replaced.
  public init(path: String, discard: (String) -> Void) throws(Unusable) {
    do {
      database = try Self.open(path)
      rebuilt = nil
      return
    } catch let error as ForeignIndex {
      rebuilt = error.reason
    } catch let error as DatabaseError where Self.isDamage(error) {
      rebuilt = "it is damaged"
    } catch {
      throw Unusable(reason: Self.reason(of: error))
    }
    for suffix in ["", "-wal", "-shm"] { discard(path + suffix) }
    do {
      database = try Self.open(path)
    } catch {
      throw Unusable(reason: Self.reason(of: error))
    }
  }

  /// The records of the given units of a repository that are known, in no order that means anything.
  public func records(
    repository: String, units: Set<String>
  ) throws(Unusable) -> [IncludeRecord] {
    do {
      return try database.read { database in
        let rows = try Row.fetchAll(
          database, sql: "SELECT id, key, tree FROM unit WHERE repository = ? ORDER BY key",
          arguments: [repository])
        return try rows.compactMap { row in
          let unit: String = row["key"]
          guard units.contains(unit) else { return nil }
          return IncludeRecord(
            unit: unit, tree: row["tree"], files: try Self.files(ofUnit: row["id"], database))
        }
      }
    } catch {
      throw Unusable(reason: Self.reason(of: error))
    }
  }

  /// Stores records in place of earlier ones of the same units: all of them or none.
  public func store(_ records: [IncludeRecord], repository: String) throws(Unusable) {
    do {
      try database.write { database in
        for record in records { try Self.store(record, repository: repository, database) }
      }
    } catch {
      throw Unusable(reason: Self.reason(of: error))
    }
  }

  private static func files(ofUnit unit: Int64, _ database: Database) throws -> [RecordedFile] {
    try Row.fetchAll(
      database,
      sql: """
        SELECT path, contentHash, isTracked, probes FROM file
        JOIN unitFile ON unitFile.file = file.id WHERE unitFile.unit = ? ORDER BY path
        """, arguments: [unit]
    ).map { row in
      let probes: String = row["probes"]
      return RecordedFile(
        path: row["path"], contentHash: row["contentHash"], isTracked: row["isTracked"],
        probes: probes.split(separator: "\n").map(String.init))
    }
  }

  private static func store(
    _ record: IncludeRecord, repository: String, _ database: Database
  ) throws {
    try database.execute(
      sql: "DELETE FROM unit WHERE repository = ? AND key = ?",
      arguments: [repository, record.unit])
    try database.execute(
      sql: "INSERT INTO unit (repository, key, tree) VALUES (?, ?, ?)",
      arguments: [repository, record.unit, record.tree])
    let unit = database.lastInsertedRowID
    for file in record.files {
      let arguments: StatementArguments = [
        file.path, file.contentHash, file.isTracked, file.probes.joined(separator: "\n"),
      ]
      try database.execute(
        sql: """
          INSERT OR IGNORE INTO file (path, contentHash, isTracked, probes) VALUES (?, ?, ?, ?)
          """, arguments: arguments)
      try database.execute(
        sql: """
          INSERT OR IGNORE INTO unitFile (unit, file) SELECT ?, id FROM file
          WHERE path = ? AND contentHash = ? AND isTracked = ? AND probes = ?
          """, arguments: [unit] + arguments)
    }
  }
}

extension ProgramIndex {
  /// A file that some other program or version wrote.
  private struct ForeignIndex: Error {
    var reason: String
  }

  /// Grows with every change of the tables.
  private static let schemaVersion = 1
  /// "prgt", in SQLite's `application_id`.
  private static let applicationID = 0x7072_6774

  private static func open(_ path: String) throws -> DatabasePool {
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    configuration.prepareDatabase { database in
      try database.execute(sql: "PRAGMA synchronous = NORMAL")
    }
    let pool = try DatabasePool(path: path, configuration: configuration)
    try pool.write { database in
      let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
      let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
      let tables = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM sqlite_master") ?? 0
      if version == 0, application == 0, tables == 0 { return try makeTables(database) }
      guard application == applicationID else {
        throw ForeignIndex(reason: "another program wrote it")
      }
      guard version == schemaVersion else {
        throw ForeignIndex(reason: "another version of prgate wrote it")
      }
      let check = try String.fetchOne(database, sql: "PRAGMA quick_check(1)")
      guard check == "ok" else { throw ForeignIndex(reason: "it is damaged") }
    }
    return pool
  }

  private static func makeTables(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE unit (
          id INTEGER PRIMARY KEY, repository TEXT NOT NULL, key TEXT NOT NULL, tree TEXT NOT NULL,
          UNIQUE (repository, key));
        CREATE TABLE file (
          id INTEGER PRIMARY KEY, path TEXT NOT NULL, contentHash TEXT NOT NULL,
          isTracked BOOLEAN NOT NULL, probes TEXT NOT NULL,
          UNIQUE (path, contentHash, isTracked, probes));
        CREATE TABLE unitFile (
          unit INTEGER NOT NULL REFERENCES unit ON DELETE CASCADE,
          file INTEGER NOT NULL REFERENCES file, PRIMARY KEY (unit, file)) WITHOUT ROWID;
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(schemaVersion);
        """)
  }

  private static func isDamage(_ error: DatabaseError) -> Bool {
    [.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(error.resultCode)
  }

  private static func reason(of error: any Error) -> String {
    (error as? DatabaseError)?.message ?? (error as? ForeignIndex)?.reason ?? "\(error)"
  }
}
