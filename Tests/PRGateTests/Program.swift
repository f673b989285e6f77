// SPDX-License-Identifier: Apache-2.0

import Foundation
import Subprocess
import SystemPackage
import Testing

/// How a run of the real program ended.
struct Run: Hashable, Sendable {
  var status: TerminationStatus
  var output: String
  var errors: String

  /// The exit code; nil for a signal.
  var code: Int32? {
    guard case .exited(let code) = status else { return nil }
    return code
  }

  /// The one error line; empty where there are none or several.
  var errorLine: String {
    let lines = errors.split(separator: "\n")
    return lines.count == 1 ? String(lines[0]) : ""
  }
}

/// The built program, which lies beside the test bundle.
enum Program {
  static let path = FilePath(
    Bundle.main.bundleURL.appending(path: "prgate").path)

  /// Runs the program to its end.
  static func run(
    _ arguments: [String], in directory: Directory, below folder: String = "",
    environment: [Environment.Key: String?] = [:]
  ) async throws -> Run {
    try await run(path, arguments, in: directory, below: folder, environment: environment)
  }

  /// Runs any program to its end.
  static func run(
    _ executable: FilePath, _ arguments: [String], in directory: Directory,
    below folder: String = "", environment: [Environment.Key: String?] = [:]
  ) async throws -> Run {
    // What a run keeps for later ones is the test's own, too.
    let cache: [Environment.Key: String?] = ["XDG_CACHE_HOME": directory.path + ".cache"]
    defer { try? FileManager.default.removeItem(atPath: directory.path + ".cache") }
    let result = try await Subprocess.run(
      .path(executable), arguments: Arguments(arguments),
      environment: .inherit.updating(cache.merging(environment) { $1 }),
      workingDirectory: FilePath(directory.file(folder)), output: .string(limit: 1 << 24),
      error: .string(limit: 1 << 24))
    return Run(
      status: result.terminationStatus, output: result.standardOutput,
      errors: result.standardError)
  }
}

/// A directory of a test's own, removed with it.
final class Directory: Sendable {
  let path: String

  init(_ files: [String: String] = [:]) throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "prgate-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.resolvingSymlinksInPath().path
    for (name, text) in files { try write(text, to: name) }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The absolute path of a file in it.
  func file(_ name: String) -> String { path + "/" + name }

  /// Writes a file and the directories around it.
  func write(_ text: String, to name: String) throws {
    let url = URL(fileURLWithPath: file(name))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  /// The text of a file in it; nil where there is none.
  func read(_ name: String) -> String? {
    FileManager.default.contents(atPath: file(name)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The names in it, sorted.
  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }
}
