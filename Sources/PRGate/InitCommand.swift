// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// `prgate init`: the files with which a project starts.
struct InitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init",
    abstract: "Write a policy and, with --ci, the job that judges every change.",
    discussion: """
      Nothing that is there is replaced unless you say so, nothing is committed. A job in the \
      repository can be edited by the change that it judges: make the check required, and let \
      CODEOWNERS guard it.
      """)

  @Option(help: "The CI service to write a job for.")
  var ci: Service?

  @Option(
    help: ArgumentHelp(
      "Who has to approve changes of the gate, as CODEOWNERS writes it.", valueName: "@OWNER"))
  var owner: String?

  @Option(
    help: ArgumentHelp(
      "Where a job of GitHub gets prgate from, pinned to a commit.", valueName: "OWNER/REPO@COMMIT")
  )
  var action = "OWNER/prgate@COMMIT"

  @Flag(help: "Let every rule warn and none block, to look at first.")
  var reportOnly = false

  @Flag(help: "Replace files that are there without asking.")
  var force = false

  /// Services that a job can be written for.
  enum Service: String, ExpressibleByArgument, CaseIterable {
    case github, gitlab, azure, gerrit
  }

  mutating func validate() throws {
    let isSafe = { (text: String) in
      text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "@/._-:".contains($0)) }
    }
    guard isSafe(action), action.contains("@") else {
      throw ValidationError("--action needs OWNER/REPO@COMMIT")
    }
    guard let owner else { return }
    guard isSafe(owner), owner.contains("@"), owner.utf8.count > 1 else {
      throw ValidationError("--owner needs @USER, @ORGANISATION/TEAM or an address")
    }
  }

  func run() async throws {
    let repository = try await GitRepository.open(
      around: FileManager.default.currentDirectoryPath)
    let project = try await ProjectFacts.of(repository)
    let templates = InitTemplates(
      project: project, action: action, owner: owner, isReportOnly: reportOnly)
    var files = [templates.policy]
    if let ci { files += templates.job(for: ci) }
    if let owners = templates.owners(of: files, service: ci) { files.append(owners) }
    let writer = InitWriter(root: repository.root, isForced: force)
    try StandardStreams.write(try writer.write(files))
    try StandardStreams.write(templates.nextSteps(ci))
  }
}

/// A file to write.
struct InitFile: Hashable, Sendable {
  /// The path relative to the root of the repository.
  var path: String
  /// Its text.
  var text: String
  /// Whether the text is added at the end of a file that is there.
  var isAddition = false
  /// Whether it is a program.
  var isExecutable = false
}

/// Writes files and replaces none without leave.
struct InitWriter {
  let root: String
  let isForced: Bool

  /// Writes all files or, where one may not be replaced, none; a line for each.
  func write(_ files: [InitFile]) throws(CommandFailure) -> String {
    var chosen: [(file: InitFile, text: String)] = []
    var lines = ""
    var refused: [String] = []
    for file in files {
      let place = root + "/" + file.path
      let old = FileManager.default.contents(atPath: place).map {
        String(decoding: $0, as: UTF8.self)
      }
      let text = file.isAddition ? Self.added(file.text, to: old ?? "") : file.text
      if old == text {
        lines += "as it was: \(file.path)\n"
      } else if old == nil || file.isAddition || isForced || Self.asks(file.path) {
        chosen.append((file, text))
        lines +=
          (old == nil ? "new: " : file.isAddition ? "added to: " : "replaced: ") + file.path + "\n"
      } else {
        refused.append(file.path)
      }
    }
    guard refused.isEmpty else {
      throw .usage(
        "\(refused.joined(separator: ", ")): already there and different, so nothing is written; "
          + "compare, then use --force to replace")
    }
    for (file, text) in chosen { try write(text, file) }
    return lines
  }

  private func write(_ text: String, _ file: InitFile) throws(CommandFailure) {
    let place = root + "/" + file.path
    do {
      try FileManager.default.createDirectory(
        atPath: (place as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    } catch {
      throw .usage("\(file.path): its directory cannot be made (\(GateCache.reason(of: error)))")
    }
    try OutputFile.write(text, to: place)
    guard file.isExecutable else { return }
    try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: place)
  }

  /// The old text with the lines that it does not have yet.
  private static func added(_ text: String, to old: String) -> String {
    let known = Set(old.split(separator: "\n"))
    let lines = text.split(separator: "\n").filter { !known.contains($0) }
    guard !lines.isEmpty else { return old }
    let separator = old.isEmpty ? "" : old.hasSuffix("\n") ? "\n" : "\n\n"
    return old + separator + lines.joined(separator: "\n") + "\n"
  }

  /// Asks on a terminal; nobody there is a no.
  private static func asks(_ path: String) -> Bool {
    guard isatty(FileHandle.standardInput.fileDescriptor) == 1, StandardStreams.isErrorTerminal
    else { return false }
    StandardStreams.writeError("replace \(path)? [y/N] ", end: "")
    return ["y", "yes"].contains((readLine() ?? "").lowercased())
  }
}

/// What the templates need to know of a project.
struct ProjectFacts: Hashable, Sendable {
  /// The name of the main branch.
  var mainBranch = "main"
  /// Commands that make the compilation database, one a line.
  var recipe: [String] = []
  /// Debian packages that the recipe needs beside the compiler.
  var packages: [String] = []
  /// Files of owners that are there already.
  var ownersFile: String?
  /// Whether a pipeline of GitLab is there already.
  var hasGitLabPipeline = false

  /// Looks at a repository.
  static func of(_ repository: GitRepository) async throws(CommandFailure) -> ProjectFacts {
    func has(_ path: String) -> Bool {
      FileManager.default.fileExists(atPath: repository.root + "/" + path)
    }
    var facts = ProjectFacts()
    let head = try await repository.git.line([
      "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD",
    ])
    if let head, head.hasPrefix("origin/") {
      facts.mainBranch = String(head.dropFirst("origin/".count))
    } else if try await repository.commit("refs/remotes/origin/main") == nil {
      let isMaster = try await repository.commit("refs/remotes/origin/master") != nil
      let current = try await repository.git.line(["symbolic-ref", "--quiet", "--short", "HEAD"])
      facts.mainBranch = isMaster ? "master" : current ?? "main"
    }
    if has("Kbuild"), has("Kconfig") {
      facts.recipe = ["make defconfig", "make -j\"$(nproc)\" compile_commands.json"]
      facts.packages = ["make", "flex", "bison", "bc", "libelf-dev", "libssl-dev"]
    } else if has("CMakeLists.txt") {
      facts.recipe = ["cmake -S . -B build -DCMAKE_EXPORT_COMPILE_COMMANDS=ON"]
      facts.packages = ["cmake"]
    } else if has("meson.build") {
      facts.recipe = ["meson setup build"]
      facts.packages = ["meson"]
    } else {
      facts.recipe = (has("configure") ? ["./configure"] : []) + ["bear -- make -j\"$(nproc)\""]
      facts.packages = ["bear", "make"]
    }
    facts.ownersFile = [
      ".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS",
    ]
    .first(where: has)
    facts.hasGitLabPipeline = has(".gitlab-ci.yml")
    return facts
  }
}
