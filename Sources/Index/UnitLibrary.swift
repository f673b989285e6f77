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
    /// The texts of its files by path.
    public var texts: [String: ContiguousArray<UInt8>]
  }

  private struct FileState {
    var hash: ContiguousArray<UInt8>
    var scan: IncludeScan?
    var text: ContiguousArray<UInt8>
  }

  private let cache: UnitCache
  private let view: any FileView
  private let day: Int
  private var states: [String: FileState?] = [:]
  private var rows: [Int64: StoredFile?] = [:]
  private var validity: [Int64: Bool] = [:]
  private var places: [String: Place] = [:]
  /// Files that were made or renamed during this run, where headers are looked for.
  private var newFiles: Set<String> = []
  private var searches: [[String]: ContiguousArray<UInt8>] = [:]
  private var stale: [Int64] = []
  /// Rows that this run made, but for those with names of one unit only.
  private var made: [RowKey: StoredFile] = [:]
  private var numbers: [ContiguousArray<UInt8>: Int64] = [:]

  private struct RowKey: Hashable {
    var path: String
    var search: ContiguousArray<UInt8>
  }

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
  }

  /// The unit as it was kept, if all that it read and all that it looked for is as it was.
  public mutating func find(_ identity: UnitIdentity) throws(UnitCache.Failure) -> Hit? {
    guard let key = key(of: identity) else { return nil }
    let search = digest(of: identity.search)
    for candidate in try cache.candidates(for: key) {
      var files: [StoredFile] = []
      for id in candidate.files {
        guard let file = try row(id), isValid(file, id: id, identity, search) else { break }
        files.append(file)
      }
      guard files.count == candidate.files.count else { continue }
      if candidate.day != day { stale.append(candidate.id) }
      var texts: [String: ContiguousArray<UInt8>] = [:]
      for file in files { texts[file.path] = state(of: file.path)?.text }
      return Hit(unit: StoredUnit(files: files, bytes: candidate.bytes), texts: texts)
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
    var files: [StoredFile] = []
    var paths: [String]?
    for (index, file) in module.files.rows.enumerated() {
      guard let state = state(of: file.path), state.hash == file.contentHash,
        let scan = scan(of: file.path), !scan.isOpaque
      else { return nil }
      var more: [IncludeName] = []
      if scan.hasMacroInclude {
        // The names that a macro can have made are those of files that were read.
        let all = paths ?? Self.names(of: module, search: identity.search)
        paths = all
        more += all.map { IncludeName(path: $0, isQuoted: true) }
      }
      if index == Int(module.mainFile.index) { more += identity.names }
      files.append(row(for: file, scan.names, more, identity.search))
    }
    // What was made during this run may have been missed by the unit.
    let read = Set(module.files.rows.map(\.path))
    guard newFiles.isSubset(of: read) else { return nil }
    return StoredUnit(module, files: files)
  }

  /// The row of a file with the names that its text asks for, and `more` of this unit.
  private mutating func row(
    for file: SourceFile, _ names: [IncludeName], _ more: [IncludeName], _ search: [String]
  ) -> StoredFile {
    let key = RowKey(path: file.path, search: digest(of: search))
    if more.isEmpty, let known = made[key] { return known }
    let names = more.isEmpty ? names : Set(names + more).sorted()
    let places = Self.places(of: names, askedIn: file.path, search: search)
    let row = StoredFile(
      path: file.path, contentHash: file.contentHash, search: key.search, names: names,
      presence: presence(at: places))
    if more.isEmpty { made[key] = row }
    return row
  }

  /// Under which names the search directories have the files of a module.
  private static func names(of module: Module, search: [String]) -> [String] {
    var names: Set<String> = []
    for file in module.files.rows {
      for directory in search where file.path.hasPrefix(directory + "/") {
        names.insert(String(file.path.dropFirst(directory.count + 1)))
      }
      if search.contains(""), !file.path.hasPrefix("/") { names.insert(file.path) }
    }
    return names.sorted()
  }

  private mutating func isValid(
    _ file: StoredFile, id: Int64, _ identity: UnitIdentity, _ search: ContiguousArray<UInt8>
  ) -> Bool {
    guard file.search == search else { return false }
    if let known = validity[id] { return known }
    let isValid =
      state(of: file.path)?.hash == file.contentHash
      && presence(
        at: Self.places(of: file.names, askedIn: file.path, search: identity.search))
        == file.presence
    validity[id] = isValid
    return isValid
  }

  /// Where files lie that names may mean, a bit for each place.
  private mutating func presence(at places: [String]) -> ContiguousArray<UInt8> {
    var bits = ContiguousArray<UInt8>(repeating: 0, count: (places.count + 7) / 8)
    for (index, path) in places.enumerated() where place(path) != .nothing {
      bits[index / 8] |= 1 << UInt8(index % 8)
    }
    return bits
  }

  /// The places of the files that names may mean.
  private static func places(
    of names: [IncludeName], askedIn file: String, search: [String]
  ) -> [String] {
    let own = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? ""
    var places: [String] = []
    for name in names {
      if name.path.hasPrefix("/") {
        places.append(name.path)
        continue
      }
      if name.isQuoted { places.append(join(own, name.path)) }
      for directory in search { places.append(join(directory, name.path)) }
    }
    return places
  }

  private static func join(_ directory: String, _ name: String) -> String {
    directory.isEmpty ? name : directory + "/" + name
  }

  private mutating func place(_ path: String) -> Place {
    if let known = places[path] { return known }
    let place = view.place(path)
    places[path] = place
    if place == .newFile { newFiles.insert(path) }
    return place
  }

  private mutating func row(_ id: Int64) throws(UnitCache.Failure) -> StoredFile? {
    if let known = rows[id] { return known }
    let file = try cache.file(id)
    rows.updateValue(file, forKey: id)
    return file
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

  private mutating func digest(of search: [String]) -> ContiguousArray<UInt8> {
    if let known = searches[search] { return known }
    var hash = SHA256()
    for directory in search { hash.update(field: directory) }
    let digest = ContiguousArray(hash.finalize())
    searches[search] = digest
    return digest
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
