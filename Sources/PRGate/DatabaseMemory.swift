// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation

/// What a compilation database that git does not have was when a commit was judged.
struct DatabaseMemory {
  private let directory: String

  init?(cache: GateCache, root: String, path: String) {
    guard let place = cache.directory else { return nil }
    var hash = SHA256()
    hash.update(field: root)
    hash.update(field: path)
    directory = "\(place)/databases/\(SHA256.hexadecimal(hash.finalize()).prefix(16))"
  }

  /// The database of a commit; nil where it is not known.
  func contents(at commit: String) -> Data? {
    guard let name = FileManager.default.contents(atPath: "\(directory)/\(commit)") else {
      return nil
    }
    // What is used stays.
    try? FileManager.default.setAttributes(
      [.modificationDate: Date()], ofItemAtPath: "\(directory)/\(commit)")
    let digest = String(decoding: name, as: UTF8.self)
    let contents = FileManager.default.contents(atPath: "\(directory)/\(digest).json")
    return contents.flatMap { SHA256.hexadecimalDigest(of: $0) == digest ? $0 : nil }
  }

  /// Notes the database of a commit, with `isFirst` only where none is known.
  ///
  /// That it cannot be written costs later runs a note, and this one nothing.
  func keep(_ contents: Data, at commit: String, isFirst: Bool) {
    let mark = "\(directory)/\(commit)"
    if isFirst, FileManager.default.fileExists(atPath: mark) { return }
    let digest = SHA256.hexadecimalDigest(of: contents)
    let place = "\(directory)/\(digest).json"
    try? FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    if !FileManager.default.fileExists(atPath: place) {
      try? contents.write(to: URL(fileURLWithPath: place), options: .atomic)
    }
    try? Data(digest.utf8).write(to: URL(fileURLWithPath: mark), options: .atomic)
  }

  /// Removes what no run has used since a date: commits first, then databases that no commit names.
  ///
  /// A run that notes a commit meanwhile may lose its database, as if it had never been known.
  ///
  /// - Parameters:
  ///   - place: the cache directory.
  ///   - date: what was used since then stays.
  /// - Returns: how many commits went.
  static func prune(in place: String, unusedSince date: Date) -> Int {
    var count = 0
    for directory in paths(in: place + "/databases") {
      var named: Set<String> = []
      var databases: [String] = []
      for file in paths(in: directory) {
        guard !file.hasSuffix(".json") else {
          databases.append(file)
          continue
        }
        if isOlder(file, than: date) {
          try? FileManager.default.removeItem(atPath: file)
          count += 1
        } else if let digest = FileManager.default.contents(atPath: file) {
          named.insert("\(directory)/\(String(decoding: digest, as: UTF8.self)).json")
        }
      }
      for file in databases where !named.contains(file) && isOlder(file, than: date) {
        try? FileManager.default.removeItem(atPath: file)
      }
      if paths(in: directory).isEmpty { try? FileManager.default.removeItem(atPath: directory) }
    }
    return count
  }

  private static func paths(in directory: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.map { "\(directory)/\($0)" }
  }

  private static func isOlder(_ file: String, than date: Date) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: file)
    return (attributes?[.modificationDate] as? Date).map { $0 < date } ?? false
  }
}
