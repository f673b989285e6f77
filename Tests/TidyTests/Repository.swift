// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The repository that the tests belong to.
enum Repository {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static func url(_ path: String) -> URL { root.appending(path: path) }

  static func text(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: url(path)), as: UTF8.self)
  }

  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: url(path).path)
  }

  /// Names in a folder, sorted, without hidden ones.
  static func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: url(folder).path)
      .filter { !$0.hasPrefix(".") }.sorted()
  }

  /// Files below a folder whose names end so, as paths from the root, sorted.
  static func files(below folder: String, suffix: String = "") -> [String] {
    let base = url(folder).path
    let paths = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
    return paths.filter { $0.hasSuffix(suffix) && !isFolder("\(folder)/\($0)") }.sorted()
      .map { "\(folder)/\($0)" }
  }

  private static func isFolder(_ path: String) -> Bool {
    (try? url(path).resourceValues(forKeys: [.isDirectoryKey]))?.isDirectory == true
  }

  /// The Swift files that we write.
  static let swiftFiles =
    (files(below: "Sources", suffix: ".swift")
      + files(below: "Tests", suffix: ".swift"))

  /// Everything of ours that people read: sources, fixtures and documents at the root.
  static func ownFiles() throws -> [String] {
    let folders = ["Sources", "Tests", "fixtures", "docs", "bench", ".ci"].filter(exists)
    let rootFiles = try FileManager.default.contentsOfDirectory(atPath: root.path)
      .filter { !isFolder($0) && $0 != "LICENSE" && $0 != ".git" && $0 != "Package.resolved" }
    return folders.flatMap { files(below: $0) } + rootFiles.sorted()
  }
}
