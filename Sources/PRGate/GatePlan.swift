// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Gate
import Index

/// The compilation database of the work tree, as far as there is one.
///
/// It is a build product like the generated headers: read from the work tree, whatever is judged.
struct GateDatabase: Sendable {
  /// The commands; none where there is no database.
  let commands: [CompileCommand]
  /// What is missing and the next step, for changed files that no command compiles.
  let advice: String
  private let commandsByPath: [String: [CompileCommand]]

  /// Reads the database that was named, or the one that is found.
  init(named path: String?, root: String, directory: String) throws(CommandFailure) {
    let found =
      path.map { Paths.absolute($0, in: directory) }
      ?? DatabaseDiscovery.database(for: root)
    guard let found else {
      commands = []
      commandsByPath = [:]
      advice = "there is no compile_commands.json; \(CompilationDatabase.recipes)"
      return
    }
    let database = try CompilationDatabase(at: found)
    let shown = Paths.relative(database.path, to: root)
    var names = RealNames(root: root)
    commands = database.commands.filter { SourceFiles.isC($0.file) }
      .map { $0.underRealNames(&names) }
    commandsByPath = Dictionary(grouping: commands) { Paths.relative($0.file, to: root) }
    advice =
      commands.isEmpty
      ? "\(shown) has no C file; \(CompilationDatabase.recipes)"
      : "it is not in \(shown); build it and make the database anew"
  }

  /// The commands that compile a file, given relative to the root.
  func commands(for path: String) -> [CompileCommand] { commandsByPath[path] ?? [] }
}

/// Where the compilation database is found.
struct GateDatabaseSource: Sendable {
  /// The path of the command line.
  var name: String?
  /// The root of the work tree.
  var root: String
  /// The working directory.
  var directory: String

  /// Reads the database of the command line, else that of the policy, else the one that is found.
  func open(policy: Policy) throws(CommandFailure) -> GateDatabase {
    let known = policy.compilationDatabase.map { Paths.absolute($0, in: root) }
    return try GateDatabase(named: name ?? known, root: root, directory: directory)
  }
}

/// Names without symbolic links of paths that lie in the repository, each asked once.
private struct RealNames {
  let root: String
  private var known: [String: String] = [:]

  init(root: String) { self.root = root }

  subscript(path: String) -> String {
    mutating get {
      if let name = known[path] { return name }
      let real = Paths.canonical(path)
      let name = real == root || real.hasPrefix(root + "/") ? real : path
      known[path] = name
      return name
    }
  }
}

extension CompileCommand {
  /// The command with the repository under its real name in file, directory and flags: the file system
  /// in which the commit is judged has it under that name only.
  fileprivate func underRealNames(_ names: inout RealNames) -> CompileCommand {
    var copy = self
    copy.directory = names[directory]
    copy.file = names[file]
    copy.arguments = arguments.map { word in
      guard let path = Self.path(in: word) else { return word }
      return word.dropLast(path.utf8.count) + names[String(path)]
    }
    return copy
  }

  /// Files and directories that the flags name, absolute.
  var namedPaths: [String] {
    guard let flags = try? CompilerFlags(of: self) else { return [] }
    return flags.arguments.compactMap { Self.path(in: $0).map(String.init) }
  }

  /// The absolute path that ends a word of a command.
  private static func path(in word: String) -> Substring? {
    let prefixes = ["", "-I", "-iquote", "-isystem", "-idirafter", "-isysroot", "--sysroot="]
    let prefix = prefixes.first { word.hasPrefix($0 + "/") }
    return prefix.map { word.dropFirst($0.count) }
  }

  /// The identity of the unit in the index.
  var identity: String {
    var hash = SHA256()
    for field in [directory, file] + arguments { hash.update(field: field) }
    return SHA256.hexadecimal(hash.finalize())
  }
}

extension GateDatabase {
  /// Files above which it is not asked which of them others include: all count as included.
  private static let questionLimit = 400

  /// Files that no compiler reads, whatever they mention.
  private static let proseSuffixes = [
    ".md", ".rst", ".txt", ".html", ".json", ".yml", ".yaml", ".xml", ".toml", ".py", ".sh",
  ]

  /// Whether one of the changed files can be read by a unit that is not its own.
  ///
  /// A header can. A file of any other name can if the text of the commit, or a flag, names it the way
  /// an `#include` would; a name that a macro makes is written in quotes somewhere too.
  func isIncluded(
    _ changes: [ChangedFile], in repository: GitRepository, commit: String
  ) async throws(CommandFailure) -> Bool {
    if changes.contains(where: { $0.isHeader || $0.oldName?.hasSuffix(".h") == true }) {
      return true
    }
    // A link that is not named like a source can stand for a directory of headers.
    if changes.contains(where: { !$0.isRegular }) { return true }
    let names = Set(changes.flatMap { [$0.name, $0.oldName].compactMap(\.self) }).sorted()
    guard names.count <= Self.questionLimit else { return true }
    let words = Set(commands.flatMap(\.arguments).filter { !$0.hasSuffix(".c") })
    if names.contains(where: { name in words.contains { $0.hasSuffix(name) } }) { return true }
    let mentions = names.flatMap { [$0 + "\"", $0 + ">"] }
    return try await repository.files(of: commit, containingAnyOf: mentions).contains { path in
      !Self.proseSuffixes.contains(where: path.hasSuffix)
    }
  }
}

/// What has to be analysed for a change.
struct GatePlan: Sendable {
  /// The commands of the units, by path.
  var commands: [CompileCommand] = []
  /// Changed sources that no command compiles.
  var uncovered: [LedgerEntry] = []
  /// Changed headers that are there at the head: each must be read by some unit.
  var headers: [String] = []
}

/// The choice of units that a change reaches.
struct GatePlanner: Sendable {
  let repository: GitRepository
  let database: GateDatabase
  let index: ProgramIndex?
  /// The judged commit, laid out.
  let head: Snapshot
  /// Build products.
  let ignored: IgnoredPaths

  /// Plans what has to be analysed for `changes`.
  ///
  /// A changed source needs its own commands. A changed file that others can include needs every unit,
  /// but for those that the index knows not to be reached.
  func plan(
    _ changes: [ChangedFile], isIncluded: Bool, exclusions: GateExclusions
  ) async throws(CommandFailure) -> GatePlan {
    var plan = GatePlan()
    // What an excluded header says still reaches units that are judged.
    for file in changes where (file.isSource || file.isHeader) && !exclusions.contains(file.path) {
      let isPresent = file.kind != .deleted
      let commands = file.isSource && isPresent ? database.commands(for: file.path) : []
      plan.commands += commands
      if file.isHeader, isPresent, !database.commands.isEmpty {
        plan.headers.append(file.path)
      } else if commands.isEmpty, isPresent || database.commands.isEmpty {
        plan.uncovered.append(
          LedgerEntry(path: file.path, coverage: .incomplete(reason: database.advice)))
      }
    }
    if isIncluded {
      let chosen = Set(plan.commands)
      let others = database.commands.filter { command in
        !chosen.contains(command) && isPresent(command)
          && !exclusions.contains(Paths.relative(command.file, to: repository.root))
      }
      plan.commands += try await reached(others, by: changes)
    }
    plan.commands.sort { Paths.isOrderedBefore($0.file, $1.file) }
    return plan
  }

  /// Whether the file of a command is there at the head: an entry of the database may be older.
  private func isPresent(_ command: CompileCommand) -> Bool {
    guard command.file.hasPrefix(repository.root + "/") else {
      return FileManager.default.fileExists(atPath: command.file)
    }
    let path = Paths.relative(command.file, to: repository.root)
    return head.files.contains(path) || ignored.contains(path)
  }

  /// The commands without those of which the index knows that the change does not reach them: what
  /// they read is as it was when that was noted, and the change touches nothing of it.
  private func reached(
    _ commands: [CompileCommand], by changes: [ChangedFile]
  ) async throws(CommandFailure) -> [CompileCommand] {
    guard let index else { return commands }
    let identities = commands.map(\.identity)
    // An index that cannot be read knows nothing.
    let known =
      (try? index.records(repository: repository.root, units: Set(identities))) ?? []
    let records = Dictionary(known.map { ($0.unit, $0) }) { first, _ in first }
    var changesByTree: [String: [PathChange]?] = [:]
    var hashes = ContentHashes(root: repository.root)
    let own = changes.flatMap(\.pathChanges)
    var result: [CompileCommand] = []
    for (command, identity) in zip(commands, identities) {
      guard let record = records[identity] else {
        result.append(command)
        continue
      }
      if changesByTree[record.tree] == nil {
        changesByTree.updateValue(await pathChanges(since: record.tree), forKey: record.tree)
      }
      guard let since = changesByTree[record.tree] ?? nil,
        !record.isReached(by: since + own, contentHash: { hashes[$0] })
      else {
        result.append(command)
        continue
      }
    }
    return result
  }

  /// What differs between an earlier tree and the judged one; nil where that tree is gone.
  private func pathChanges(since tree: String) async -> [PathChange]? {
    try? await repository.changes(from: tree, to: head.tree).flatMap(\.pathChanges)
  }
}

/// Hashes of files that are not of the commit, each computed once.
private struct ContentHashes {
  let root: String
  private var known: [String: String?] = [:]

  init(root: String) { self.root = root }

  subscript(path: String) -> String? {
    mutating get {
      if let hash = known[path] { return hash }
      let content = FileManager.default.contents(atPath: Paths.absolute(path, in: root))
      let hash = content.map { SHA256.hexadecimalDigest(of: $0) }
      known.updateValue(hash, forKey: path)
      return hash
    }
  }
}

extension ChangedFile {
  /// The change in the words of the index.
  fileprivate var pathChanges: [PathChange] {
    guard isRegular else { return [PathChange(path: path, kind: .irregular)] }
    return switch kind {
    case .added: [PathChange(path: path, kind: .appeared)]
    case .deleted: [PathChange(path: path, kind: .disappeared)]
    case .modified: [PathChange(path: path, kind: .modified)]
    case .renamed(let old):
      [PathChange(path: old, kind: .disappeared), PathChange(path: path, kind: .appeared)]
    }
  }

  /// The last part of the path before a rename.
  fileprivate var oldName: String? {
    guard case .renamed(let old) = kind else { return nil }
    return Gate.baseName(of: old)
  }
}
