// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// `prgate hook`: the gate in front of `git push`.
struct HookCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hook", abstract: "Install or remove the pre-push hook of this repository.",
    subcommands: [Install.self, Uninstall.self, Status.self, PreCommitFramework.self])

  /// `prgate hook install`.
  struct Install: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Judge what is pushed before it leaves; the hook names this very binary.")

    func run() async throws {
      let hook = try await PrePushHook.ofRepository()
      try hook.install(binary: PrePushHook.thisBinary())
      let chained = hook.hasChained ? "; it runs \(hook.chainedPath) first" : ""
      try StandardStreams.write("installed \(hook.path)\(chained)\n")
    }
  }

  /// `prgate hook uninstall`.
  struct Uninstall: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Remove the hook.")

    func run() async throws {
      let hook = try await PrePushHook.ofRepository()
      let isRemoved = try hook.uninstall()
      try StandardStreams.write(
        isRemoved ? "removed \(hook.path)\n" : "there is no hook at \(hook.path)\n")
    }
  }

  /// `prgate hook status`.
  struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Say whether the hook is installed.")

    func run() async throws {
      try StandardStreams.write(try await PrePushHook.ofRepository().status + "\n")
    }
  }
}

/// `prgate hook pre-commit-framework`: what `.pre-commit-hooks.yaml` starts.
///
/// The framework keeps standard input to itself and knows one ref; see its "pre-push" stage.
struct PreCommitFramework: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pre-commit-framework",
    abstract: "Judge what the framework pre-commit is about to push.",
    discussion: "'prgate hook install' sees all refs of a push and is the more accurate one.")

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    var arguments = ["--budget", String(GateCommand.hookBudget), "--ci-decides"]
    if let head = environment["PRE_COMMIT_TO_REF"], !head.isEmpty {
      arguments += ["--head", head]
    }
    let gate = try GateCommand.parse(arguments)
    try await gate.run()
  }
}

/// The `pre-push` hook of a repository.
struct PrePushHook: Sendable {
  /// What is at its place.
  enum State: Hashable {
    case absent
    /// Ours, with the binary that it starts.
    case ours(binary: String)
    case foreign
  }

  /// The line by which a hook of ours is known, before the path of the binary.
  private static let mark = "# Installed by 'prgate hook install'; it starts "

  /// The file.
  let path: String
  /// Whether it lies where git keeps hooks; else in a directory that something else may look after.
  let isInGitDirectory: Bool

  /// Where another hook goes that was there before.
  var chainedPath: String { path + ".chained" }

  /// Whether there is one.
  var hasChained: Bool { FileManager.default.fileExists(atPath: chainedPath) }

  /// The hook of the repository around the working directory; `core.hooksPath` is honoured.
  static func ofRepository() async throws(CommandFailure) -> PrePushHook {
    let directory = FileManager.default.currentDirectoryPath
    let repository = try await GitRepository.open(around: directory)
    // Without the settings that switch hooks off for git processes of ours.
    let answer = try await repository.git.run(
      ["rev-parse", "--git-path", "hooks/pre-push"], hardened: false)
    guard answer.isSuccess, !answer.line.isEmpty else {
      throw Git.failure(of: ["rev-parse"], errors: answer.errors)
    }
    let setting = try await repository.git.run(["config", "core.hooksPath"], hardened: false)
    return PrePushHook(
      path: Paths.absolute(answer.line, in: repository.root),
      isInGitDirectory: !setting.isSuccess)
  }

  /// The absolute path of the program that runs.
  static func thisBinary() throws(CommandFailure) -> String {
    let link = "/proc/self/exe"
    let path =
      (try? FileManager.default.destinationOfSymbolicLink(atPath: link))
      ?? Bundle.main.executablePath
    guard let path, FileManager.default.isExecutableFile(atPath: path) else {
      throw .usage("the path of the running prgate is not known; start it by its absolute path")
    }
    return path
  }

  /// What is there now.
  var state: State {
    guard let data = FileManager.default.contents(atPath: path) else {
      return FileManager.default.fileExists(atPath: path) ? .foreign : .absent
    }
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
    guard lines.count > 1, lines[1].hasPrefix(Self.mark) else { return .foreign }
    return .ours(binary: String(lines[1].dropFirst(Self.mark.count)))
  }

  /// One line for people.
  var status: String {
    switch state {
    case .absent: "not installed; run 'prgate hook install'"
    case .foreign: "not installed: \(path) is another hook"
    case .ours(let binary):
      FileManager.default.isExecutableFile(atPath: binary)
        ? "installed: \(path) starts \(binary)"
        : "broken: \(path) starts \(binary), which is gone; run 'prgate hook install' again"
    }
  }

  /// Writes the hook; one of ours is replaced, another one is kept and runs first.
  ///
  /// In a directory that `core.hooksPath` names, another one is left alone: git may track it.
  func install(binary: String) throws(CommandFailure) {
    if state == .foreign, isInGitDirectory, !hasChained {
      do {
        try FileManager.default.moveItem(atPath: path, toPath: chainedPath)
      } catch {
        throw .usage("\(path): cannot be kept as \(chainedPath) (\(GateCache.reason(of: error)))")
      }
    }
    if state == .foreign {
      throw .usage(
        "\(path): there is another hook, which is left as it is; add the line "
          + "'\(Self.quoted(binary)) gate --stdin=pre-push --remote \"$1\"' to it")
    }
    guard !binary.utf8.contains(0x0A) else {
      throw .usage("the path of prgate has a line break; put it elsewhere")
    }
    do {
      let directory = (path as NSString).deletingLastPathComponent
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true)
      let text = Data(Self.script(binary: binary, path: path).utf8)
      if FileManager.default.fileExists(atPath: path) {
        // Takes the place of the old one, with its permissions, when it is complete.
        try text.write(to: URL(fileURLWithPath: path), options: .atomic)
        try setExecutable(path)
      } else {
        // Complete and executable before it has its name: a push may start at any time.
        let partial = "\(path).partial-\(ProcessInfo.processInfo.processIdentifier)"
        try text.write(to: URL(fileURLWithPath: partial))
        try setExecutable(partial)
        try FileManager.default.moveItem(atPath: partial, toPath: path)
      }
    } catch {
      throw .usage("\(path): cannot be written (\(GateCache.reason(of: error))); check who owns it")
    }
  }

  private func setExecutable(_ path: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
  }

  /// Removes the hook if it is ours; whether there was one.
  func uninstall() throws(CommandFailure) -> Bool {
    switch state {
    case .absent: return false
    case .foreign: throw .usage("\(path): another hook, which is left as it is; remove it by hand")
    case .ours:
      do {
        try FileManager.default.removeItem(atPath: path)
        if hasChained { try FileManager.default.moveItem(atPath: chainedPath, toPath: path) }
      } catch {
        throw .usage("\(path): cannot be removed (\(GateCache.reason(of: error)))")
      }
      return true
    }
  }

  /// The text of the hook.
  ///
  /// A binary that is gone refuses the push: a gate that is not there has not passed.
  static func script(binary: String, path: String) -> String {
    """
    #!/bin/sh
    \(mark)\(binary)
    prgate=\(quoted(binary))
    if [ ! -x "$prgate" ]; then
      echo "prgate: error: $prgate is gone, so nothing was judged; install prgate and run" \\
        "'prgate hook install', or remove this hook:" \(quoted(path)) >&2
      exit 2
    fi
    chained=\(quoted(path + ".chained"))
    if [ -x "$chained" ]; then
      # Both read the refs; the line breaks at the end are put back.
      refs=$(cat)
      refs="$refs${refs:+
    }"
      printf '%s' "$refs" | "$chained" "$@" || exit $?
      printf '%s' "$refs" | "$prgate" gate --stdin=pre-push --remote "$1"
      exit $?
    fi
    exec "$prgate" gate --stdin=pre-push --remote "$1"

    """
  }

  /// A word that a POSIX shell takes as it is.
  private static func quoted(_ text: String) -> String {
    "'" + text.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}
