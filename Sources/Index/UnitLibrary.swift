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

/// A file that units share, as it is in this run.
///
/// A class, because hundreds of units have hundreds of them.
public final class KnownFile: IncludingFile, Sendable {
  /// What was kept of it.
  public let row: StoredFile
  /// The content.
  public let text: ContiguousArray<UInt8>
  var path: String { row.path }
  var hasMacroInclude: Bool { row.hasMacroInclude }
  /// The offsets at which its lines start.
  public var lineStarts: ContiguousArray<UInt32> { lines.value }
  private let lines: Lazy<ContiguousArray<UInt32>>

  init(row: StoredFile, text: ContiguousArray<UInt8>) {
    self.row = row
    self.text = text
    lines = Lazy {
      SourceFile(path: "", contentHash: [], isSystem: false, text: text).lineStarts
    }
  }
}

/// Finds modules of units that would be read again just as they were, and keeps new ones.
///
/// Every file is read and hashed once in a run, and every place is looked at once, however many units
/// depend on it. There is no short cut by the time of a file: two writes may fall into one tick.
public struct UnitLibrary: Sendable {
  /// A unit that was found.
  public struct Hit: Sendable {
    /// What finds its code.
    public var candidate: UnitCache.Candidate
    /// The files that it read, in the order of the module.
    public var files: [KnownFile]
    /// See `StoredUnit`.
    public var linkage: ContiguousArray<UInt8> { candidate.linkage }

    /// The code, from what was kept of it.
    ///
    /// - Parameter bytes: see `UnitCache.module(of:)`.
    /// - Returns: the module.
    /// - Throws: why the bytes are no module.
    public func module(_ bytes: ContiguousArray<UInt8>) throws(ModuleFormatError) -> Module {
      try StoredUnit.module(bytes, files: files)
    }
  }

  private struct FileState {
    var hash: ContiguousArray<UInt8>
    var scan: IncludeScan?
    var text: ContiguousArray<UInt8>
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
  /// Rows of earlier runs; nil for those that are not there or damaged, or do not hold in this run.
  private var rows: [Int64: KnownFile?] = [:]
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
      var files: [KnownFile] = []
      files.reserveCapacity(candidate.files.count)
      for id in candidate.files {
        guard let file = try known(id, list: list), file.row.search == search else { break }
        files.append(file)
      }
      guard files.count == candidate.files.count,
        headers.presence(beside: files, list: list) == candidate.presence
      else { continue }
      if candidate.day != day { stale.append(candidate.id) }
      return Hit(candidate: candidate, files: files)
    }
    return nil
  }

  /// Keeps a module that was read without an error, unless something changed meanwhile or cannot be
  /// followed; `linkage` is what a run needs to know of it that does not need its code.
  public mutating func keep(
    _ module: Module, linkage: ContiguousArray<UInt8>, of identity: UnitIdentity
  ) throws(UnitCache.Failure) {
    guard !cache.isReadOnly, let unit = storedUnit(module, linkage, identity),
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

  private mutating func storedUnit(
    _ module: Module, _ linkage: ContiguousArray<UInt8>, _ identity: UnitIdentity
  ) -> StoredUnit? {
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
    return StoredUnit(module, files: files, presence: presence, linkage: linkage)
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

  /// The row of that number where it holds in this run; `list` is that of its unit.
  private mutating func known(_ id: Int64, list: Int) throws(UnitCache.Failure) -> KnownFile? {
    if let known = rows[id] { return known }
    var known: KnownFile?
    // A row of another list can only have got here by damage; nobody takes it then.
    if let row = try cache.file(id), row.search == headers.digest(of: list),
      let state = state(of: row.path), state.hash == row.contentHash,
      headers.presence(of: row.names, askedIn: row.path, list: list) == row.presence
    {
      known = KnownFile(row: row, text: state.text)
    }
    rows.updateValue(known, forKey: id)
    return known
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
