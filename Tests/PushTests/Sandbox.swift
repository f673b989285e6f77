// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What a program left.
struct Outcome {
  var status: Int32
  var output: String
  var errors: String

  /// What `-v` says of units on standard error, without what it says of functions.
  var unitCounts: String {
    errors.split(separator: "\n").filter { !$0.hasSuffix(" analysed") }.map { $0 + "\n" }.joined()
  }
}

/// A directory of a test's own, with a home, a cache and repositories, and nothing of the machine's
/// configuration.
final class Sandbox {
  let directory: String
  /// Variables for every program that is run.
  var environment: [String: String]

  init() throws {
    let base = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
    let url = base.appendingPathComponent("push-test-\(UUID().uuidString.lowercased())")
    directory = url.path
    for name in ["home", "cache", "tmp"] {
      try FileManager.default.createDirectory(
        at: url.appendingPathComponent(name), withIntermediateDirectories: true)
    }
    environment = [
      "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
      "HOME": directory + "/home", "XDG_CACHE_HOME": directory + "/cache",
      "TMPDIR": directory + "/tmp", "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1",
      "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A",
      "GIT_COMMITTER_EMAIL": "a@example.org",
    ]
    for name in ["LD_LIBRARY_PATH", "LIBCLANG_PREFIX"] {
      environment[name] = ProcessInfo.processInfo.environment[name]
    }
  }

  deinit {
    // Directories of a test may have been made read-only.
    _ = try? run("/bin/chmod", ["-R", "u+w", directory], in: "/")
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// The program under test, beside the test bundle.
  static let prgate = Bundle.main.bundleURL.appending(path: "prgate").path

  /// The root of the package.
  static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  func path(_ name: String) -> String { directory + "/" + name }

  /// Runs a program to its end, or sends it Ctrl-C's signal after some seconds; what holds of every run
  /// of the gate is asserted (`GateAudit`).
  func run(
    _ program: String, _ arguments: [String], in place: String, input: String = "",
    interruptedAfter seconds: Double? = nil
  ) throws -> Outcome {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    let audit = GateAudit(program, arguments, directory: directory)
    process.arguments = arguments + audit.moreArguments
    process.currentDirectoryURL = URL(fileURLWithPath: place)
    process.environment = environment
    // Files and not pipes: nobody has to read two ends at once.
    let name = directory + "/stream-" + UUID().uuidString
    let streams = ["in", "out", "err"].map { name + "." + $0 }
    defer { for stream in streams { try? FileManager.default.removeItem(atPath: stream) } }
    try Data(input.utf8).write(to: URL(fileURLWithPath: streams[0]))
    for stream in streams.dropFirst() {
      try Data().write(to: URL(fileURLWithPath: stream))
    }
    process.standardInput = FileHandle(forReadingAtPath: streams[0])
    process.standardOutput = FileHandle(forWritingAtPath: streams[1])
    process.standardError = FileHandle(forWritingAtPath: streams[2])
    try process.run()
    if let seconds {
      Thread.sleep(forTimeInterval: seconds)
      process.interrupt()
    }
    process.waitUntilExit()
    func text(_ stream: String) throws -> String {
      String(decoding: try Data(contentsOf: URL(fileURLWithPath: stream)), as: UTF8.self)
    }
    let outcome = Outcome(
      status: process.terminationStatus, output: try text(streams[1]),
      errors: try text(streams[2]))
    try audit.check(outcome)
    return outcome
  }

  /// Runs git, which has to succeed.
  @discardableResult
  func git(_ arguments: String..., in place: String) throws -> String {
    let outcome = try run("/usr/bin/env", ["git"] + arguments, in: directory + "/" + place)
    try #require(outcome.status == 0, "git \(arguments): \(outcome.errors)")
    return outcome.output.trimmingCharacters(in: .newlines)
  }

  /// Runs git, whatever becomes of it.
  func tryGit(_ arguments: String..., in place: String) throws -> Outcome {
    try run("/usr/bin/env", ["git"] + arguments, in: directory + "/" + place)
  }

  /// Runs the program under test.
  func prgate(_ arguments: String..., in place: String, input: String = "") throws -> Outcome {
    try run(Self.prgate, arguments, in: directory + "/" + place, input: input)
  }

  /// Writes a file, with the directories around it.
  func write(_ text: String, to name: String) throws {
    let url = URL(fileURLWithPath: path(name))
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  /// Makes the repository `repo` with a bare one as its `origin`: one C file, a header, a build product
  /// that git ignores and a compilation database.
  func makeRepository() throws {
    try FileManager.default.createDirectory(
      atPath: path("repo"), withIntermediateDirectories: true)
    try git("init", "--quiet", "--initial-branch=main", in: "repo")
    try write("/build/\n/compile_commands.json\n*.local\n", to: "repo/.gitignore")
    try write("A program.\n", to: "repo/README")
    try write("#define LIMIT 16\n", to: "repo/include/limit.h")
    try write(
      """
      #include "limit.h"
      #include "generated.h"
      int limit(void) { return LIMIT + GENERATED; }

      """, to: "repo/src/limit.c")
    try write("int other(void) { return 1; }\n", to: "repo/src/other.c")
    try write("#define GENERATED 1\n", to: "repo/build/generated.h")
    try writeDatabase(of: ["src/limit.c", "src/other.c"])
    try commit("first")
    try git("init", "--quiet", "--bare", "--initial-branch=main", "../remote.git", in: "repo")
    try git("remote", "add", "origin", "../remote.git", in: "repo")
    try git("push", "--quiet", "--set-upstream", "origin", "main", in: "repo")
  }

  /// Writes the compilation database of `repo`: for each entry a file and flags of its own.
  func writeDatabase(
    of entries: [(file: String, flags: [String])], to name: String = "repo/compile_commands.json"
  ) throws {
    let lines = entries.map { file, flags in
      let words = ["cc", "-Iinclude", "-Ibuild"] + flags + ["-c", file]
      return """
        {"directory": "\(path("repo"))", "file": "\(file)",
         "arguments": [\(words.map { "\"\($0)\"" }.joined(separator: ", "))]}
        """
    }
    try write("[" + lines.joined(separator: ",\n") + "]\n", to: name)
  }

  /// Writes the compilation database of `repo`.
  func writeDatabase(of files: [String]) throws {
    let entries = files.map { file in
      """
      {"directory": "\(path("repo"))", "file": "\(file)",
       "arguments": ["cc", "-Iinclude", "-Ibuild", "-c", "\(file)"]}
      """
    }
    try write("[" + entries.joined(separator: ",\n") + "]\n", to: "repo/compile_commands.json")
  }

  /// Commits all that is there in `repo`.
  func commit(_ message: String) throws {
    try git("add", "--all", in: "repo")
    try git("commit", "--quiet", "--allow-empty", "--message", message, in: "repo")
  }
}
