// SPDX-License-Identifier: Apache-2.0

import Findings
import GRDB
import IR

/// Modules of units that earlier runs read, in one SQLite file.
///
/// It only saves work. Everything in it carries a digest, so that damage is found where it matters; a
/// file that is damaged as a whole, or was not written by this version, is replaced by an empty one.
/// Two processes may use it at once (write-ahead log).
public struct UnitCache: Sendable {
  /// The cache cannot do what was asked; the run goes on without it.
  public struct Failure: Error, Hashable, Sendable {
    /// Why, in one line.
    public var reason: String
    /// Whether the file is damaged.
    public var isDamage: Bool
  }

  /// A unit that may be the one that is looked for.
  public struct Candidate: Hashable, Sendable {
    /// Its number.
    public var id: Int64
    /// The numbers of its files, in the order of the module.
    var files: [Int64]
    /// See `StoredUnit`.
    var presence: ContiguousArray<UInt8>
    /// See `StoredUnit`.
    var linkage: ContiguousArray<UInt8>
    /// The last bytes of the module, which are its checksum.
    var checksum: ContiguousArray<UInt8>
    /// The day on which it was last used, counted from 1970.
    public var day: Int
  }

  /// Entries that are kept for one key: the same unit on several branches.
  private static let entriesPerKey = 8

  /// Why an earlier file was thrown away; nil where it was not.
  public let rebuilt: String?
  /// Whether nothing may be written.
  public let isReadOnly: Bool
  let database: DatabaseQueue

  /// Opens the cache at `path`, or makes an empty one.
  ///
  /// - Parameters:
  ///   - path: the file; its directory exists.
  ///   - isReadOnly: whether nothing may be written, so that the file has to be there.
  ///   - discard: removes the file of that path if it is there.
  /// - Throws: why the file can be neither used nor replaced.
  public init(
    path: String, isReadOnly: Bool = false, discard: (String) -> Void
  ) throws(Failure) {
    self.isReadOnly = isReadOnly
    do {
      database = try UnitCacheFile.open(path, isReadOnly: isReadOnly)
      rebuilt = nil
      return
    } catch let error as UnitCacheFile.Foreign where !isReadOnly {
      rebuilt = error.reason
    } catch let error as DatabaseError where UnitCacheFile.isDamage(error) && !isReadOnly {
      rebuilt = UnitCacheFile.damaged
    } catch {
      throw Self.failure(error)
    }
    for suffix in ["", "-wal", "-shm"] { discard(path + suffix) }
    do {
      database = try UnitCacheFile.open(path, isReadOnly: false)
    } catch {
      throw Self.failure(error)
    }
  }

  /// The units of a key, the one that was stored last first; those that are damaged are left out.
  public func candidates(for key: ContiguousArray<UInt8>) throws(Failure) -> [Candidate] {
    try access { database in
      let statement = try database.cachedStatement(
        sql: """
          SELECT id, files, presence, linkage, checksum, digest, day FROM unit
            WHERE key = ? ORDER BY id DESC
          """)
      return try Row.fetchAll(statement, arguments: [key.databaseBlob]).compactMap { row in
        let parts = UnitParts(row)
        guard parts.digest(key: key) == ContiguousArray(row["digest"] as DatabaseValue),
          let numbers = NumberRun.decode(parts.files)
        else { return nil }
        return Candidate(
          id: row["id"], files: numbers, presence: parts.presence, linkage: parts.linkage,
          checksum: parts.checksum, day: row["day"])
      }
    }
  }

  /// The stored module of a unit; nil where it is not there any more, or damaged.
  public func module(of candidate: Candidate) throws(Failure) -> ContiguousArray<UInt8>? {
    try access { database in
      let statement = try database.cachedStatement(sql: "SELECT module FROM unit WHERE id = ?")
      guard let row = try Row.fetchOne(statement, arguments: [candidate.id]) else { return nil }
      let bytes = ContiguousArray(row["module"] as DatabaseValue)
      return ContiguousArray(bytes.suffix(8)) == candidate.checksum ? bytes : nil
    }
  }

  /// The row of a file; nil where it is not there, or damaged.
  func file(_ id: Int64) throws(Failure) -> StoredFile? {
    try access { database in
      let statement = try database.cachedStatement(
        sql: "SELECT path, hash, search, names, macro, presence, digest FROM file WHERE id = ?")
      guard let row = try Row.fetchOne(statement, arguments: [id]) else { return nil }
      return Self.file(row)
    }
  }

  /// Stores a unit: all of it or nothing.
  ///
  /// - Parameters:
  ///   - unit: the unit.
  ///   - key: its key.
  ///   - day: today, counted from 1970.
  ///   - numbers: the numbers of rows by their digests, as earlier calls left them. A number that some
  ///     other process has removed meanwhile makes a unit that is never found.
  /// - Throws: why it could not be stored.
  public func store(
    _ unit: StoredUnit, key: ContiguousArray<UInt8>, day: Int,
    numbers: inout [ContiguousArray<UInt8>: Int64]
  ) throws(Failure) {
    let known = numbers
    numbers = try access(isWrite: true) { database in
      var numbers = known
      let files = NumberRun.encode(
        try unit.files.map { try Self.number(of: $0, database, &numbers) })
      try database.cachedStatement(sql: "DELETE FROM unit WHERE key = ? AND files = ?")
        .execute(arguments: [key.databaseBlob, files.databaseBlob])
      let parts = UnitParts(
        files: files, presence: unit.presence, linkage: unit.linkage, module: unit.bytes)
      try Self.insert(parts, unit.bytes, key: key, day: day, database)
      try database.cachedStatement(
        sql: """
          DELETE FROM unit WHERE id IN (
            SELECT id FROM unit WHERE key = ? ORDER BY id DESC LIMIT -1 OFFSET ?)
          """
      ).execute(arguments: [key.databaseBlob, Self.entriesPerKey])
      return numbers
    }
  }

  /// Notes that units were used on a day, counted from 1970.
  public func touch(_ ids: [Int64], day: Int) throws(Failure) {
    guard !ids.isEmpty else { return }
    try access(isWrite: true) { database in
      let statement = try database.cachedStatement(sql: "UPDATE unit SET day = ? WHERE id = ?")
      for id in ids { try statement.execute(arguments: [day, id]) }
    }
  }

  /// The number of a file's row, which is added where it is new.
  static func number(
    of file: StoredFile, _ database: Database, _ numbers: inout [ContiguousArray<UInt8>: Int64]
  ) throws -> Int64 {
    if let number = numbers[file.digest] { return number }
    let digest = file.digest.databaseBlob
    let known = try database.cachedStatement(sql: "SELECT id FROM file WHERE digest = ?")
    if let number = try Int64.fetchOne(known, arguments: [digest]) {
      numbers[file.digest] = number
      return number
    }
    try database.cachedStatement(
      sql: """
        INSERT INTO file (path, hash, search, names, macro, presence, digest)
          VALUES (?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      file.path, file.contentHash.databaseBlob, file.search.databaseBlob,
      StoredFile.text(of: file.names).databaseBlob, file.hasMacroInclude,
      file.presence.databaseBlob, digest,
    ])
    numbers[file.digest] = database.lastInsertedRowID
    return database.lastInsertedRowID
  }

  /// The file of a row; nil where it is damaged.
  static func file(_ row: Row) -> StoredFile? {
    guard let path = String.fromDatabaseValue(row["path"]) else { return nil }
    let file = StoredFile(
      path: path, contentHash: ContiguousArray(row["hash"] as DatabaseValue),
      search: ContiguousArray(row["search"] as DatabaseValue),
      names: StoredFile.names(in: ContiguousArray(row["names"] as DatabaseValue)),
      hasMacroInclude: row["macro"] as DatabaseValue == true.databaseValue,
      presence: ContiguousArray(row["presence"] as DatabaseValue))
    return file.digest == ContiguousArray(row["digest"] as DatabaseValue) ? file : nil
  }

  /// Adds a unit.
  static func insert(
    _ parts: UnitParts, _ module: ContiguousArray<UInt8>, key: ContiguousArray<UInt8>, day: Int,
    _ database: Database
  ) throws {
    try database.cachedStatement(
      sql: """
        INSERT INTO unit (key, files, presence, linkage, checksum, digest, day, module)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      key.databaseBlob, parts.files.databaseBlob, parts.presence.databaseBlob,
      parts.linkage.databaseBlob, parts.checksum.databaseBlob,
      parts.digest(key: key).databaseBlob, day, module.databaseBlob,
    ])
  }

  func access<Result>(
    isWrite: Bool = false, _ body: (Database) throws -> Result
  ) throws(Failure) -> Result {
    do {
      if isWrite { return try database.write(body) }
      // Nothing that is read needs a transaction. One around each read, and the switch that keeps it from
      // writing, which has SQLite compile its statements anew, took nine tenths of the time.
      return try database.unsafeRead(body)
    } catch {
      throw Self.failure(error)
    }
  }

  private static func failure(_ error: any Error) -> Failure {
    if let failure = error as? Failure { return failure }
    guard let error = error as? DatabaseError else {
      return Failure(
        reason: (error as? UnitCacheFile.Foreign)?.reason ?? "\(error)", isDamage: false)
    }
    if UnitCacheFile.isDamage(error) {
      return Failure(reason: UnitCacheFile.damaged, isDamage: true)
    }
    let reason =
      switch error.resultCode {
      case .SQLITE_FULL: "no space left"
      case .SQLITE_BUSY, .SQLITE_LOCKED: "another process holds it"
      case .SQLITE_READONLY, .SQLITE_PERM: "permission denied"
      case .SQLITE_CANTOPEN: "it cannot be opened"
      case .SQLITE_IOERR: "the system refuses to read or write it"
      default: error.message ?? "SQLite's error \(error.resultCode.rawValue)"
      }
    return Failure(reason: reason, isDamage: false)
  }
}

/// The columns of a unit, but for its module.
struct UnitParts {
  /// The numbers of its files.
  var files: ContiguousArray<UInt8>
  /// See `StoredUnit`.
  var presence: ContiguousArray<UInt8>
  /// See `StoredUnit`.
  var linkage: ContiguousArray<UInt8>
  /// The module has a checksum of its own at its end.
  var checksum: ContiguousArray<UInt8>

  /// Takes them out of a row.
  init(_ row: Row) {
    files = ContiguousArray(row["files"] as DatabaseValue)
    presence = ContiguousArray(row["presence"] as DatabaseValue)
    linkage = ContiguousArray(row["linkage"] as DatabaseValue)
    checksum = ContiguousArray(row["checksum"] as DatabaseValue)
  }

  init(
    files: ContiguousArray<UInt8>, presence: ContiguousArray<UInt8>,
    linkage: ContiguousArray<UInt8>, module: ContiguousArray<UInt8>
  ) {
    self.files = files
    self.presence = presence
    self.linkage = linkage
    checksum = ContiguousArray(module.suffix(8))
  }

  /// Whether a module is the one that they speak of; its bytes are held against the checksum when they
  /// are decoded.
  func isOf(_ module: ContiguousArray<UInt8>) -> Bool {
    ContiguousArray(module.suffix(8)) == checksum
  }

  /// What binds the columns together, and to the module.
  func digest(key: ContiguousArray<UInt8>) -> ContiguousArray<UInt8> {
    var bytes = key
    for field in [files, presence, checksum] {
      bytes.append(contentsOf: String(field.count).utf8)
      bytes.append(0)
      bytes.append(contentsOf: field)
    }
    bytes.append(contentsOf: String(moduleChecksum(of: linkage.span)).utf8)
    return ContiguousArray(SHA256.digest(of: bytes.span))
  }
}

/// The file below the cache.
enum UnitCacheFile {
  /// A file that some other program or version wrote.
  struct Foreign: Error {
    var reason: String
  }

  static let damaged = "it is damaged"
  /// Grows with every change of the tables.
  private static let schemaVersion = 5
  /// "prgu", in SQLite's `application_id`.
  private static let applicationID = 0x7072_6775

  static func open(_ path: String, isReadOnly: Bool) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    configuration.readonly = isReadOnly
    if !isReadOnly { configuration.journalMode = .wal }
    configuration.prepareDatabase { database in
      // A run that a failure of power cuts short loses what it stored last, and no more.
      if !isReadOnly {
        try database.execute(sql: "PRAGMA synchronous = NORMAL")
        // A run moves the log to the file at its end. Before that it only waits for the disk, and
        // everybody who wants the cache with it; 64 MiB are a log that nobody has to fear.
        try database.execute(sql: "PRAGMA wal_autocheckpoint = 16384")
      }
    }
    do {
      // Two processes that make the file at once may refuse each other, whatever the time they would wait.
      for _ in 0..<40 {
        do {
          return try open(path, configuration)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
          waitForOthers()
        }
      }
      return try open(path, configuration)
    } catch let error as DatabaseError
      where isReadOnly && [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode)
    {
      // A write-ahead log needs a file beside it, which a read-only place cannot have.
      return try open("file:\(path.uriEscaped)?immutable=1", configuration)
    }
  }

  private static func open(_ path: String, _ configuration: Configuration) throws -> DatabaseQueue {
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    let isEmpty = try queue.read { database in
      let version = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
      let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
      let tables = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM sqlite_master") ?? 0
      if version == 0, application == 0, tables == 0 { return true }
      guard application == applicationID else {
        throw Foreign(reason: "another program wrote it")
      }
      guard version == schemaVersion else {
        throw Foreign(reason: "another version of prgate wrote it")
      }
      return false
    }
    if isEmpty, !configuration.readonly { try makeTables(queue) }
    return queue
  }

  private static func makeTables(_ queue: DatabaseQueue) throws {
    // Before the first table: pages that become free are given back by `PRAGMA incremental_vacuum`.
    try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL") }
    try queue.write { database in
      // Two processes may come here at once.
      try database.execute(
        sql: """
          CREATE TABLE IF NOT EXISTS unit (
            id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL, files BLOB NOT NULL,
            presence BLOB NOT NULL, linkage BLOB NOT NULL, checksum BLOB NOT NULL,
            digest BLOB NOT NULL, day INTEGER NOT NULL, module BLOB NOT NULL);
          CREATE INDEX IF NOT EXISTS unitKey ON unit (key);
          CREATE TABLE IF NOT EXISTS file (
            id INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL, hash BLOB NOT NULL,
            search BLOB NOT NULL, names BLOB NOT NULL, macro INTEGER NOT NULL,
            presence BLOB NOT NULL, digest BLOB NOT NULL UNIQUE);
          CREATE TABLE IF NOT EXISTS result (
            id INTEGER PRIMARY KEY AUTOINCREMENT, name BLOB NOT NULL, context BLOB NOT NULL,
            code BLOB NOT NULL, bytes BLOB NOT NULL, digest BLOB NOT NULL, day INTEGER NOT NULL);
          CREATE INDEX IF NOT EXISTS resultName ON result (name, context);
          PRAGMA application_id = \(applicationID);
          PRAGMA user_version = \(schemaVersion);
          """)
    }
  }

  static func isDamage(_ error: DatabaseError) -> Bool {
    // A table that is not there in a file of ours.
    let isIncomplete = error.resultCode == .SQLITE_ERROR
    return [.SQLITE_NOTADB, .SQLITE_CORRUPT].contains(error.resultCode) || isIncomplete
  }
}

extension String {
  /// The text as a path in a URI of SQLite.
  fileprivate var uriEscaped: String {
    replacing("%", with: "%25").replacing("?", with: "%3f").replacing("#", with: "%23")
  }
}
