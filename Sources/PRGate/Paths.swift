// SPDX-License-Identifier: Apache-2.0

import Foundation
import SystemPackage

/// Questions about file names that more than one command asks.
enum Paths {
  /// `path` as an absolute path without `.` and `..`, relative to `directory` where it is relative.
  ///
  /// The answer is lexical: the file need not exist.
  static func absolute(_ path: String, in directory: String) -> String {
    FilePath(directory).pushing(FilePath(path)).lexicallyNormalized().string
  }

  /// `path` with all symbolic links resolved, so that two names of a file become one; a path that
  /// does not exist is only normalised.
  static func canonical(_ path: String) -> String {
    guard FileManager.default.fileExists(atPath: path) else {
      return FilePath(path).lexicallyNormalized().string
    }
    return URL(fileURLWithPath: path).resolvingSymlinksInPath().path
  }

  /// The same for a path that may be relative to `directory`; `..` goes up from where a link leads.
  static func canonical(_ path: String, in directory: String) -> String {
    canonical(FilePath(directory).pushing(FilePath(path)).string)
  }

  /// `path` with the links of its directory resolved, but not those of its last name: a source that
  /// is a link includes headers from where the link lies.
  static func resolvingDirectory(of path: String) -> String {
    let path = FilePath(path)
    guard let name = path.lastComponent else { return path.string }
    let directory = FilePath(canonical(path.removingLastComponent().string))
    return directory.appending(name).string
  }

  /// `path` relative to `root` where it lies below it, else as it is.
  static func relative(_ path: String, to root: String) -> String {
    let prefix = root.hasSuffix("/") ? root : root + "/"
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
  }

  /// The directory and its parents, from the inside out.
  static func ancestors(of directory: String) -> [String] {
    var result: [String] = []
    var path = FilePath(directory)
    while true {
      result.append(path.string)
      let isRoot = path.removeLastComponent() == false
      if isRoot { return result }
    }
  }

  /// The root of the git work tree around `directory`, found by its `.git`; nil outside one.
  static func repositoryRoot(around directory: String) -> String? {
    ancestors(of: directory).first {
      FileManager.default.fileExists(atPath: $0 == "/" ? "/.git" : $0 + "/.git")
    }
  }

  /// Whether `path` is a directory, links followed.
  static func isDirectory(_ path: String) -> Bool { type(of: path) == .typeDirectory }

  /// Whether `path` is a regular file, links followed.
  static func isFile(_ path: String) -> Bool { type(of: path) == .typeRegular }

  /// Whether `path` itself is a symbolic link.
  static func isLink(_ path: String) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.type] as? FileAttributeType == .typeSymbolicLink
  }

  private static func type(of path: String) -> FileAttributeType? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: canonical(path))
    return attributes?[.type] as? FileAttributeType
  }

  /// Orders paths by their bytes, the order of every list in the output.
  static func isOrderedBefore(_ left: String, _ right: String) -> Bool {
    left.utf8.lexicographicallyPrecedes(right.utf8)
  }
}
