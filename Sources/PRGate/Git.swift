// SPDX-License-Identifier: Apache-2.0

import Foundation
import Subprocess
import SystemPackage

/// The `git` command, run with lists of arguments and never through a shell.
///
/// Neither the environment nor the configuration of the judged repository may change what it answers
/// or make it run a program: variables that git sets for hooks are dropped (`git rev-parse
/// --local-env-vars` names them), hooks and file system monitors are switched off, replaced objects
/// are not looked at.
struct Git: Sendable {
  /// What a run left.
  struct Output: Sendable {
    /// Standard output.
    var bytes: [UInt8]
    /// Standard error.
    var errors: String
    /// Whether it ended with status 0.
    var isSuccess: Bool

    /// Standard output as text without the last line break.
    var line: String {
      var text = String(decoding: bytes, as: UTF8.self)
      if text.hasSuffix("\n") { text.removeLast() }
      return text
    }
  }

  /// The directory in which it runs, absolute.
  var directory: String
  /// Variables of our own, such as the path of a private index.
  var environment: [String: String] = [:]

  /// Runs git and returns what it prints.
  ///
  /// - Throws: a usage failure with git's own words when it does not succeed.
  func output(
    _ arguments: [String], input: [UInt8] = []
  ) async throws(CommandFailure) -> [UInt8] {
    let output = try await run(arguments, input: input)
    guard output.isSuccess else { throw Self.failure(of: arguments, errors: output.errors) }
    return output.bytes
  }

  /// The line that git prints; nil when it does not succeed.
  func line(_ arguments: [String]) async throws(CommandFailure) -> String? {
    let output = try await run(arguments)
    return output.isSuccess ? output.line : nil
  }

  /// Runs git to its end.
  func run(
    _ arguments: [String], input: [UInt8] = [], hardened: Bool = true
  ) async throws(CommandFailure) -> Output {
    do {
      let result = try await Subprocess.run(
        .name("git"), arguments: Arguments((hardened ? Self.hardening : []) + arguments),
        environment: .inherit.updating(variables()), workingDirectory: FilePath(directory),
        input: .array(input), output: .bytes(limit: .max), error: .string(limit: .max))
      return Output(
        bytes: result.standardOutput, errors: result.standardError,
        isSuccess: result.terminationStatus.isSuccess)
    } catch let error as SubprocessError where error.code == .executableNotFound {
      throw .usage("git: not found; install git")
    } catch {
      throw .usage("git \(arguments.first ?? ""): cannot be run: \(error)")
    }
  }

  /// A failure with the line in which git says why.
  static func failure(of arguments: [String], errors: String) -> CommandFailure {
    let lines = errors.split(separator: "\n").map(String.init)
    let reason = lines.first { $0.hasPrefix("fatal:") || $0.hasPrefix("error:") } ?? lines.first
    return .usage("git \(arguments.first ?? ""): \(reason ?? "it failed without a word")")
  }

  private static let hardening = [
    "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false", "-c",
    "core.hooksPath=/dev/null", "--no-pager", "--no-replace-objects", "--no-optional-locks",
  ]

  /// The inherited variables that git would read are taken away, but for those that say where its
  /// configuration and its programs are.
  private func variables() -> [Subprocess.Environment.Key: String?] {
    let kept: Set = [
      "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_EXEC_PATH", "GIT_SSH",
      "GIT_SSH_COMMAND", "GIT_ASKPASS",
    ]
    var changes: [Subprocess.Environment.Key: String?] = [:]
    func set(_ name: String, _ value: String?) {
      if let key = Subprocess.Environment.Key(rawValue: name) {
        changes.updateValue(value, forKey: key)
      }
    }
    for name in ProcessInfo.processInfo.environment.keys
    where name.hasPrefix("GIT_") && !kept.contains(name) {
      set(name, nil)
    }
    set("LC_ALL", "C")
    set("GIT_TERMINAL_PROMPT", "0")
    set("GIT_NO_LAZY_FETCH", "1")
    for (name, value) in environment { set(name, value) }
    return changes
  }
}
