// SPDX-License-Identifier: Apache-2.0

import Findings

/// A file whose text may ask for others.
protocol IncludingFile {
  /// The path as reports name it.
  var path: String { get }
  /// Whether a directive gets its name from a macro.
  var hasMacroInclude: Bool { get }
}

extension StoredFile: IncludingFile {}

/// Where headers lie in one run.
///
/// Every place is looked at once, and what a list of search directories has under a name is put together
/// once, however many files ask for it.
struct HeaderPlaces: Sendable {
  /// Search directories in a certain order.
  private struct List {
    var directories: [String]
    /// SHA-256 of the directories.
    var digest: ContiguousArray<UInt8>
    /// Which directories have a file of a name, a bit each, filled up to whole bytes.
    var presence: [String: ContiguousArray<UInt8>] = [:]
  }

  /// Directories of files whose includes a macro makes, with the list that their units search.
  private struct OwnDirectory: Hashable {
    var path: String
    var list: Int
  }

  /// Files that were made or renamed during this run, where headers are looked for.
  private(set) var newFiles: Set<String> = []

  private let view: any FileView
  private var lists: [List] = []
  private var numbers: [[String]: Int] = [:]
  private var places: [String: Bool] = [:]
  /// For each such directory, what it has under the names of a file that was read.
  private var shadows: [[String: ContiguousArray<UInt8>]] = []
  private var shadowNumbers: [OwnDirectory: Int] = [:]

  init(view: any FileView) { self.view = view }

  /// The number of a list of search directories.
  mutating func list(_ directories: [String]) -> Int {
    if let known = numbers[directories] { return known }
    var hash = SHA256()
    for directory in directories { hash.update(field: directory) }
    lists.append(List(directories: directories, digest: ContiguousArray(hash.finalize())))
    numbers[directories] = lists.count - 1
    return lists.count - 1
  }

  /// What tells a list from every other.
  func digest(of list: Int) -> ContiguousArray<UInt8> { lists[list].digest }

  /// Where files lie that a file's text may ask for.
  ///
  /// The names under which the search directories have the file itself count too: a macro may have made
  /// them, here or in a file that includes this one.
  mutating func presence(
    of names: [IncludeName], askedIn path: String, list: Int
  ) -> ContiguousArray<UInt8> {
    let own = Self.directory(of: path)
    var bytes: ContiguousArray<UInt8> = []
    for name in names {
      if name.path.hasPrefix("/") {
        bytes.append(hasFile(name.path) ? 1 : 0)
        continue
      }
      if name.isQuoted { bytes.append(hasFile(Self.join(own, name.path)) ? 1 : 0) }
      bytes.append(contentsOf: presence(of: name.path, in: list))
    }
    for name in Self.names(of: path, below: lists[list].directories) {
      bytes.append(contentsOf: presence(of: name, in: list))
    }
    return bytes
  }

  /// What lies beside files whose includes a macro makes, under the names of all files that the unit
  /// read.
  ///
  /// Such a name in quotes is looked for there first. Where the directory is one of the list, the rows
  /// of the files say it.
  mutating func presence(
    beside files: some Sequence<some IncludingFile>, list: Int
  ) -> ContiguousArray<UInt8> {
    var directories: [String] = []
    for file in files where file.hasMacroInclude {
      let own = Self.directory(of: file.path)
      let isKnown = lists[list].directories.contains(own) || directories.contains(own)
      if !isKnown { directories.append(own) }
    }
    var bytes: ContiguousArray<UInt8> = []
    for directory in directories {
      let number = shadowNumber(of: OwnDirectory(path: directory, list: list))
      for file in files {
        if let known = shadows[number][file.path] {
          bytes.append(contentsOf: known)
          continue
        }
        var found: ContiguousArray<UInt8> = []
        for name in Self.names(of: file.path, below: lists[list].directories) {
          found.append(hasFile(Self.join(directory, name)) ? 1 : 0)
        }
        shadows[number][file.path] = found
        bytes.append(contentsOf: found)
      }
    }
    return bytes
  }

  private mutating func shadowNumber(of directory: OwnDirectory) -> Int {
    if let known = shadowNumbers[directory] { return known }
    shadows.append([:])
    shadowNumbers[directory] = shadows.count - 1
    return shadows.count - 1
  }

  private mutating func presence(of name: String, in list: Int) -> ContiguousArray<UInt8> {
    if let known = lists[list].presence[name] { return known }
    let directories = lists[list].directories
    var bits = ContiguousArray<UInt8>(repeating: 0, count: (directories.count + 7) / 8)
    for (index, directory) in directories.enumerated()
    where hasFile(Self.join(directory, name)) {
      bits[index / 8] |= 1 << UInt8(index % 8)
    }
    lists[list].presence[name] = bits
    return bits
  }

  private mutating func hasFile(_ path: String) -> Bool {
    if let known = places[path] { return known }
    let place = view.place(path)
    places[path] = place != .nothing
    if place == .newFile { newFiles.insert(path) }
    return place != .nothing
  }

  /// The names under which directories have a file.
  private static func names(of path: String, below directories: [String]) -> [String] {
    var names: [String] = []
    for directory in directories {
      let name: String
      if directory.isEmpty {
        guard !path.hasPrefix("/") else { continue }
        name = path
      } else {
        guard path.utf8.starts(with: directory.utf8) else { continue }
        let rest = path.utf8.dropFirst(directory.utf8.count)
        guard rest.first == UInt8(ascii: "/") else { continue }
        name = String(path[path.utf8.index(after: rest.startIndex)...])
      }
      if !names.contains(name) { names.append(name) }
    }
    return names
  }

  private static func directory(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }

  private static func join(_ directory: String, _ name: String) -> String {
    directory.isEmpty ? name : directory + "/" + name
  }
}
