// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The search for a compilation database that nobody named.
enum DatabaseDiscovery {
  /// Names of build directories, as prefixes.
  private static let buildDirectories = ["build", "cmake-build-", "out"]

  /// The database for sources in `directory`: in it or, going up, in a parent of it.
  ///
  /// In each directory the file itself comes first, then that of build directories in the order of
  /// their names. The search ends at the root of the git work tree. Outside of one it goes on to the
  /// top, but looks into build directories of `directory` only: `/tmp/build-x` is nobody's.
  static func database(for directory: String) -> String? {
    let root = Paths.repositoryRoot(around: directory)
    for place in Paths.ancestors(of: directory) {
      let direct = Paths.absolute(CompilationDatabase.fileName, in: place)
      if FileManager.default.fileExists(atPath: direct) { return direct }
      if root != nil || place == directory, let found = databaseOfBuild(in: place) { return found }
      if place == root { return nil }
    }
    return nil
  }

  private static func databaseOfBuild(in directory: String) -> String? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    let candidates = names.filter { name in buildDirectories.contains { name.hasPrefix($0) } }
    return candidates.sorted(by: Paths.isOrderedBefore).lazy
      .map { Paths.absolute($0 + "/" + CompilationDatabase.fileName, in: directory) }
      .first { FileManager.default.fileExists(atPath: $0) }
  }
}
