// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The C files that a command line names.
enum SourceFiles {
  /// The absolute paths of the files, each once: named ones in their order, those of a directory in
  /// the order of their paths.
  ///
  /// Where flags force a language (`isForced`), a named file is C whatever its name.
  static func expand(
    _ paths: [String], in directory: String, isForced: Bool
  ) throws(CommandFailure) -> [String] {
    var files: [String] = []
    for path in paths {
      let absolute = Paths.absolute(path, in: directory)
      guard FileManager.default.fileExists(atPath: absolute) else {
        throw .usage("\(path): no such file or directory; check the name")
      }
      if Paths.isDirectory(absolute) {
        let found = try filesBelow(absolute)
        guard !found.isEmpty else {
          throw .usage("\(path): there is no C file below this directory; name another one")
        }
        files += found
      } else {
        try check(path, absolute, isForced: isForced)
        files.append(absolute)
      }
    }
    var seen: Set<String> = []
    return files.filter { seen.insert(Paths.canonical($0)).inserted }
  }

  private static func check(
    _ path: String, _ absolute: String, isForced: Bool
  ) throws(CommandFailure) {
    guard isForced || isC(path) else {
      let hint = path.hasSuffix(".h") ? "name a C file that includes it" : "name a '.c' file"
      throw .usage("\(path): not a C file; \(hint)")
    }
    guard Paths.isFile(absolute) else {
      throw .usage("\(path): not a regular file; copy what it yields into one")
    }
    guard FileManager.default.isReadableFile(atPath: absolute) else {
      throw .usage("\(path): permission denied; check who may read it")
    }
  }

  /// Whether the name is that of a C source.
  static func isC(_ path: String) -> Bool { path.hasSuffix(".c") || path.hasSuffix(".i") }

  /// Every C file below a directory, without hidden directories and without following links.
  private static func filesBelow(_ directory: String) throws(CommandFailure) -> [String] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: directory)
    } catch {
      throw .usage("\(directory): the directory cannot be read; check its permissions")
    }
    var files: [String] = []
    for name in names.sorted(by: Paths.isOrderedBefore) where !name.hasPrefix(".") {
      let path = Paths.absolute(name, in: directory)
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
      switch attributes?[.type] as? FileAttributeType {
      case .typeDirectory: files += try filesBelow(path)
      case .typeRegular, .typeSymbolicLink:
        if isC(name), Paths.isFile(path) { files.append(path) }
      default: break
      }
    }
    return files
  }
}
