// SPDX-License-Identifier: Apache-2.0

import Findings
public import IR

/// The files as a run sees them: those of the disk, or those of a commit.
public protocol FileView: Sendable {
  /// The content of a regular file, by its path as reports name it; nil where there is none.
  func contents(of path: String) -> ContiguousArray<UInt8>?
  /// What is at a place.
  func place(_ path: String) -> Place
}

/// What is at a place where a header may lie.
public enum Place: Hashable, Sendable {
  /// Nothing, or a directory.
  case nothing
  /// A file.
  case file
  /// A file that was made or renamed during this run: a unit that was read before may have missed it.
  case newFile
}

/// What distinguishes a unit before its files are read.
public struct UnitIdentity: Hashable, Sendable {
  /// The path of the main file as reports name it.
  public var path: String
  /// All else that decides what the unit means: the program's version, the flags.
  public var settings: [String]
  /// Where headers are looked for, as reports name the directories, "" for the repository.
  ///
  /// Any order that is the same each time will do, and more places than the compiler has do no harm.
  public var search: [String]
  /// Names that flags ask for, as `-include` does.
  public var names: [IncludeName]

  /// Makes an identity.
  public init(path: String, settings: [String], search: [String], names: [IncludeName]) {
    self.path = path
    self.settings = settings
    self.search = search
    self.names = names
  }
}

/// Finds modules of units that would be read again just as they were, and keeps new ones.
///
/// Every file is read and hashed once in a run, and every place is looked at once, however many units
/// depend on it. There is no short cut by the time of a file: two writes may fall into one tick.
public struct UnitLibrary: Sendable {
  /// A unit that was found.
  public struct Hit: Sendable {
    /// The unit.
    public var unit: StoredUnit
    /// The texts of its files, in their order.
    public var texts: [ContiguousArray<UInt8>]
    /// The tables of lines of the texts: made once in a run, however many units have the file.
    public var lineStarts: [ContiguousArray<UInt32>]
    /// What tells each file from every other: SHA-256 of its path and the hash of its content, 32 bytes.
    public var marks: [ContiguousArray<UInt8>]
  }

  private struct FileState {
    var hash: ContiguousArray<UInt8>
    var scan: IncludeScan?
    var text: ContiguousArray<UInt8>
  }

  /// A row that units share, and whether it holds in this run.
  private struct KnownRow {
    var file: StoredFile
    var text: ContiguousArray<UInt8>
    var lineStarts: ContiguousArray<UInt32>
    var mark: ContiguousArray<UInt8>
    var isValid: Bool
  }

  private struct RowKey: Hashable {
    var path: String
    var list: Int
  }

  private let cache: UnitCache
  private let view: any FileView
  private let day: Int
  private var headers: HeaderPlaces
  private var states: [String: FileState?] = [:]
  /// Rows of earlier runs; nil for those that are not there, or damaged.
  private var rows: [Int64: KnownRow?] = [:]
  private var stale: [Int64] = []
  /// Rows that this run made, but for those with names of one unit only.
  private var made: [RowKey: StoredFile] = [:]
  private var numbers: [ContiguousArray<UInt8>: Int64] = [:]

  /// Makes a library over a cache.
  ///
  /// - Parameters:
  ///   - cache: where modules are kept.
  ///   - view: the files of the run.
  ///   - day: today, counted from 1970.
  public init(cache: UnitCache, view: any FileView, day: Int) {
    self.cache = cache
    self.view = view
    self.day = day
    headers = HeaderPlaces(view: view)
  }

  /// The unit as it was kept, if all that it read and all that it looked for is as it was.
  public mutating func find(_ identity: UnitIdentity) throws(UnitCache.Failure) -> Hit? {
    guard let key = key(of: identity) else { return nil }
    let list = headers.list(identity.search)
    let search = headers.digest(of: list)
    for candidate in try cache.candidates(for: key) {
      var files: [StoredFile] = []
      var texts: [ContiguousArray<UInt8>] = []
      var lineStarts: [ContiguousArray<UInt32>] = []
      var marks: [ContiguousArray<UInt8>] = []
      files.reserveCapacity(candidate.files.count)
      texts.reserveCapacity(candidate.files.count)
      lineStarts.reserveCapacity(candidate.files.count)
      marks.reserveCapacity(candidate.files.count)
      for id in candidate.files {
        guard let row = try row(id, list: list), row.isValid, row.file.search == search else {
          break
        }
        files.append(row.file)
        texts.append(row.text)
        lineStarts.append(row.lineStarts)
        marks.append(row.mark)
      }
      guard files.count == candidate.files.count,
        headers.presence(beside: files, list: list) == candidate.presence
      else { continue }
      if candidate.day != day { stale.append(candidate.id) }
      return Hit(
        unit: StoredUnit(files: files, presence: candidate.presence, bytes: candidate.bytes),
        texts: texts, lineStarts: lineStarts, marks: marks)
    }
    return nil
  }

  /// Keeps a module that was read without an error, unless something changed meanwhile or cannot be
  /// followed.
  public mutating func keep(
    _ module: Module, of identity: UnitIdentity
  ) throws(UnitCache.Failure) {
    guard !cache.isReadOnly, let unit = storedUnit(module, identity),
      let key = key(of: identity)
    else { return }
    try cache.store(unit, key: key, day: day, numbers: &numbers)
  }

  /// Notes which units were used, for the choice of those that have to go.
  public mutating func finish() throws(UnitCache.Failure) {
    guard !cache.isReadOnly else { return }
    let hasWritten = !stale.isEmpty || !numbers.isEmpty
    try cache.touch(stale, day: day)
    stale = []
    if hasWritten { cache.settle() }
  }

  private mutating func storedUnit(_ module: Module, _ identity: UnitIdentity) -> StoredUnit? {
    let list = headers.list(identity.search)
    var files: [StoredFile] = []
    files.reserveCapacity(module.files.count)
    for (index, file) in module.files.rows.enumerated() {
      guard let state = state(of: file.path), state.hash == file.contentHash,
        let scan = scan(of: file.path), !scan.isOpaque
      else { return nil }
      let more = index == Int(module.mainFile.index) ? identity.names : []
      files.append(row(for: file, scan, more, list: list))
    }
    let presence = headers.presence(beside: files, list: list)
    // What was made during this run may have been missed by the unit.
    let newFiles = headers.newFiles
    guard newFiles.isEmpty || newFiles.isSubset(of: module.files.rows.map(\.path)) else {
      return nil
    }
    return StoredUnit(module, files: files, presence: presence)
  }

  /// The row of a file with the names that its text asks for, and `more` of this unit.
  private mutating func row(
    for file: SourceFile, _ scan: IncludeScan, _ more: [IncludeName], list: Int
  ) -> StoredFile {
    let key = RowKey(path: file.path, list: list)
    if more.isEmpty, let known = made[key] { return known }
    let names = more.isEmpty ? scan.names : Set(scan.names + more).sorted()
    let row = StoredFile(
      path: file.path, contentHash: file.contentHash, search: headers.digest(of: list),
      names: names, hasMacroInclude: scan.hasMacroInclude,
      presence: headers.presence(of: names, askedIn: file.path, list: list))
    if more.isEmpty { made[key] = row }
    return row
  }

  /// The row of that number, held against the files of this run; `list` is that of its unit.
  private mutating func row(_ id: Int64, list: Int) throws(UnitCache.Failure) -> KnownRow? {
    if let known = rows[id] { return known }
    var row: KnownRow?
    if let file = try cache.file(id) {
      let state = state(of: file.path)
      // A row of another list can only have got here by damage; nobody takes it then.
      let isValid =
        file.search == headers.digest(of: list) && state?.hash == file.contentHash
        && headers.presence(of: file.names, askedIn: file.path, list: list) == file.presence
      let text = isValid ? state?.text ?? [] : []
      let lines = SourceFile(path: "", contentHash: [], isSystem: false, text: text).lineStarts
      row = KnownRow(
        file: file, text: text, lineStarts: lines,
        mark: Self.mark(path: file.path, hash: file.contentHash), isValid: isValid)
    }
    rows.updateValue(row, forKey: id)
    return row
  }

  /// What tells a file from every other, see `Hit.marks`; `hash` is that of its content.
  public static func mark(
    path: String, hash: ContiguousArray<UInt8>
  ) -> ContiguousArray<UInt8> {
    var bytes = hash
    bytes.append(contentsOf: path.utf8)
    return ContiguousArray(SHA256.digest(of: bytes.span))
  }

  private mutating func state(of path: String) -> FileState? {
    if let known = states[path] { return known }
    let state = view.contents(of: path).map { text in
      FileState(hash: ContiguousArray(SHA256.digest(of: text.span)), scan: nil, text: text)
    }
    states.updateValue(state, forKey: path)
    return state
  }

  private mutating func scan(of path: String) -> IncludeScan? {
    guard var state = state(of: path) else { return nil }
    if let scan = state.scan { return scan }
    let scan = IncludeScan(state.text)
    state.scan = scan
    states.updateValue(state, forKey: path)
    return scan
  }

  /// The key of a unit; nil where its main file cannot be read.
  private mutating func key(of identity: UnitIdentity) -> ContiguousArray<UInt8>? {
    guard let main = state(of: identity.path) else { return nil }
    var hash = SHA256()
    hash.update(field: identity.path)
    for setting in identity.settings { hash.update(field: setting) }
    hash.update(main.hash)
    return ContiguousArray(hash.finalize())
  }
}
