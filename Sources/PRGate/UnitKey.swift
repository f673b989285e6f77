// SPDX-License-Identifier: Apache-2.0

import Foundation
import Index
import Synchronization

extension PreparedUnit {
  /// What distinguishes the unit in the cache; nil where it must not be kept.
  ///
  /// Paths below the root become relative to it, so that another checkout, or a commit that is laid out
  /// elsewhere, has the same identity.
  func identity(root: String, resourceDirectory: String) -> UnitIdentity? {
    let words = arguments.dropLast(internalCount)
    // The macros of such a unit depend on the processor.
    guard refusal == nil, !words.contains(where: { $0.hasSuffix("=native") }) else { return nil }
    let search = SearchPath(arguments: words, resourceDirectory: resourceDirectory)
    return UnitIdentity(
      path: Paths.relative(file, to: root),
      settings: [UnitCacheFile.program] + words.map { Self.portable($0, root: root) },
      search: search.directories.map { $0 == root ? "" : Paths.relative($0, to: root) },
      names: search.names)
  }

  /// Starts of words that a path follows.
  private static let pathPrefixes =
    ["", "-I", "-iquote", "-isystem", "-idirafter", "-isysroot", "--sysroot="]
    + ["-working-directory=", "-fmacro-prefix-map="]

  private static func portable(_ word: String, root: String) -> String {
    for prefix in pathPrefixes where word.hasPrefix(prefix + root) {
      let rest = word.dropFirst(prefix.count + root.count)
      if rest.isEmpty || rest.hasPrefix("/") { return "\(prefix)\u{1}\(rest)" }
    }
    return word
  }
}

/// Where the compiler looks for headers, and a few places more.
private struct SearchPath {
  /// Absolute directories, each once.
  private(set) var directories: [String] = []
  /// What `-include` and `-imacros` ask for by name.
  private(set) var names: [IncludeName] = []

  init(arguments: some Collection<String>, resourceDirectory: String) {
    var systemRoot = ""
    var reader = arguments.makeIterator()
    while let word = reader.next() {
      for flag in ["-iquote", "-isystem", "-idirafter", "-I"] where word.hasPrefix(flag) {
        add(word == flag ? reader.next() ?? "" : String(word.dropFirst(flag.count)))
      }
      for flag in ["-isysroot", "--sysroot=", "--sysroot"] where word.hasPrefix(flag) {
        systemRoot = word == flag ? reader.next() ?? "" : String(word.dropFirst(flag.count))
        break
      }
      if word == "-include" || word == "-imacros", let name = reader.next() {
        names.append(IncludeName(path: name, isQuoted: false))
      }
    }
    let root = systemRoot == "/" ? "" : systemRoot
    directories = directories.map { $0.hasPrefix("=") ? root + $0.dropFirst() : $0 }
    add(resourceDirectory + "/include")
    for directory in SystemDirectories.below(root) { add(directory) }
  }

  private mutating func add(_ directory: String) {
    if !directories.contains(directory) { directories.append(directory) }
  }
}

/// The directories that a compiler for Linux searches by itself, whatever its target.
private enum SystemDirectories {
  private static let known = Mutex<[String: [String]]>([:])

  /// Those of a system root; "" is the machine's.
  static func below(_ root: String) -> [String] {
    known.withLock { known in
      if let directories = known[root] { return directories }
      let directories = find(below: root)
      known[root] = directories
      return directories
    }
  }

  private static func find(below root: String) -> [String] {
    var directories = ["/usr/local/include", "/usr/include", "/include"]
    // Headers of one target lie in a directory of its name, such as `x86_64-linux-gnu`.
    for name in targets(in: root + "/usr/include") {
      directories += ["/usr/include/\(name)", "/usr/local/include/\(name)"]
    }
    for name in targets(in: root + "/usr") { directories.append("/usr/\(name)/include") }
    return directories.map { root + $0 }
  }

  private static func targets(in directory: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.filter { $0.contains("-linux") }.sorted(by: Paths.isOrderedBefore)
  }
}
