// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Gate
import Index

extension GateDatabase {
  /// Files above which it is not asked which of them others include: all count as included.
  private static let questionLimit = 400

  /// Files that no compiler reads, whatever they mention.
  fileprivate static let proseSuffixes = [
    ".md", ".rst", ".txt", ".html", ".json", ".yml", ".yaml", ".xml", ".toml", ".py", ".sh",
    ".cmake",
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
    // A macro of the command line may hold the name with its quotes.
    let ends = names.flatMap { name in ["", "\"", ">", "\\\""].map { name + $0 } }
    if ends.contains(where: { end in words.contains { $0.hasSuffix(end) } }) { return true }
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
  /// The commands of files that changed themselves.
  var direct: Set<CompileCommand> = []
  /// Commands that are there only because nobody knows what their units include.
  var unscanned: Set<CompileCommand> = []
  /// What people should know, one line each.
  var notes: [String] = []
  /// The other commands of the program, those of excluded files among them, by path.
  var others: [CompileCommand] = []

  /// All commands of the program but some.
  func surroundings(of chosen: [CompileCommand]) -> [CompileCommand] {
    let chosen = Set(chosen)
    return (commands + others).filter { !chosen.contains($0) }
  }

  /// Units that a first stage judges where no file of the plan changed itself.
  private static let sample = 8

  /// The units to judge before all others where the time is bounded; nil where that is no part.
  var firstStage: [CompileCommand]? {
    let first =
      direct.isEmpty ? Array(commands.prefix(Self.sample)) : commands.filter(direct.contains)
    return first.count < commands.count ? first : nil
  }
}

/// The choice of units that a change reaches.
struct GatePlanner: Sendable {
  let repository: GitRepository
  let databases: GateDatabases
  let policy: Policy
  let index: ProgramIndex?
  /// The judged commit, laid out.
  let head: Snapshot
  /// Build products.
  let ignored: IgnoredPaths

  /// Plans what has to be analysed for `changes`.
  ///
  /// A changed source needs its own commands, and so does every command that changed itself. A changed
  /// file that others can include needs every unit that reads it; where the index does not know what
  /// one reads, it has to be scanned.
  func plan(
    _ changes: [ChangedFile], isIncluded: Bool, exclusions: GateExclusions
  ) async throws(CommandFailure) -> GatePlan {
    var plan = GatePlan(notes: databases.notes)
    let database = databases.head
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
    plan.direct = Set(plan.commands)
    let others = database.commands.filter { command in
      !plan.direct.contains(command) && isPresent(command)
        && !exclusions.contains(Paths.relative(command.file, to: repository.root))
    }
    let changed = changedCommands(among: others, changes, &plan)
    plan.commands += others.filter(changed.contains)
    if isIncluded {
      let (reached, unknown) = await reached(others.filter { !changed.contains($0) }, by: changes)
      plan.commands += reached + unknown
      plan.unscanned = Set(unknown)
    }
    plan.commands.sort { Paths.isOrderedBefore($0.file, $1.file) }
    let limited = Configurations.limited(
      plan.commands, to: policy.configurations, root: repository.root)
    plan.commands = limited.commands
    plan.direct.formIntersection(plan.commands)
    plan.notes += limited.notes
    // The first command of a file stands for it.
    var files = Set(plan.commands.map(\.file))
    plan.others = database.commands.filter { isPresent($0) && files.insert($0.file).inserted }
      .sorted { Paths.isOrderedBefore($0.file, $1.file) }
    return plan
  }

  /// The commands of files of which one is new or has new flags, and a note that counts those.
  private func changedCommands(
    among commands: [CompileCommand], _ changes: [ChangedFile], _ plan: inout GatePlan
  ) -> Set<CompileCommand> {
    let changed = databases.changedCommands(renames: changes.renames, root: repository.root)
      .intersection(commands)
    guard !changed.isEmpty else { return [] }
    let units = changed.count == 1 ? "1 unit is" : "\(changed.count) units are"
    plan.notes.append("\(units) compiled in another way than at the base")
    // With all of its configurations: what the others show too is no finding of this one.
    let files = Set(changed.map(\.file))
    return Set(commands.filter { files.contains($0.file) })
  }

  /// Whether the file of a command is there at the head: an entry of the database may be older.
  private func isPresent(_ command: CompileCommand) -> Bool {
    guard command.file.hasPrefix(repository.root + "/") else {
      return FileManager.default.fileExists(atPath: command.file)
    }
    let path = Paths.relative(command.file, to: repository.root)
    return head.files.contains(path) || head.oversized.contains(path) || ignored.contains(path)
  }

  /// The commands that the change is known to reach, and those of which nobody knows.
  ///
  /// What the index noted of a unit holds where what the unit read is as it was then.
  private func reached(
    _ commands: [CompileCommand], by changes: [ChangedFile]
  ) async -> (reached: [CompileCommand], unknown: [CompileCommand]) {
    let identities = commands.map(\.identity)
    // An index that cannot be read knows nothing.
    let known =
      (try? index?.records(repository: repository.root, units: Set(identities))) ?? []
    let records = Dictionary(known.map { ($0.unit, $0) }) { first, _ in first }
    var changesByTree: [String: [PathChange]?] = [:]
    var hashes = ContentHashes(root: repository.root)
    var result: (reached: [CompileCommand], unknown: [CompileCommand]) = ([], [])
    for (command, identity) in zip(commands, identities) {
      guard let record = records[identity] else {
        result.unknown.append(command)
        continue
      }
      if changesByTree[record.tree] == nil {
        changesByTree.updateValue(await pathChanges(since: record.tree), forKey: record.tree)
      }
      guard let since = changesByTree[record.tree] ?? nil,
        !record.isReached(by: since, contentHash: { hashes[$0] })
      else {
        result.unknown.append(command)
        continue
      }
      if isReached(record, by: changes) { result.reached.append(command) }
    }
    return result
  }

  /// Whether a change reaches a unit of which it is known what it reads at the head.
  ///
  /// What reads none of the changed paths at the head, and asks for none of the names that appeared or
  /// went, read the same at the base.
  func isReached(_ record: IncludeRecord, by changes: [ChangedFile]) -> Bool {
    let hashes = Dictionary(record.files.map { ($0.path, $0.contentHash) }) { first, _ in first }
    return record.isReached(by: changes.flatMap(\.pathChanges)) { hashes[$0] }
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
  /// Names of files that say how units are compiled.
  private static let buildDescriptions = [
    "makefile", "gnumakefile", "kbuild", "kconfig", "cmakelists.txt", "meson.build", "configure",
  ]

  /// Whether the file can say how units are compiled: it is neither C nor made for people.
  var mayChangeFlags: Bool {
    guard !isSource, !isHeader else { return false }
    return isBuildDescription || !GateDatabase.proseSuffixes.contains(where: path.hasSuffix)
  }

  /// Whether the file says how units are compiled, by its name.
  var isBuildDescription: Bool {
    let name = name.lowercased()
    return Self.buildDescriptions.contains { name == $0 || name.hasPrefix($0 + ".") }
      || [".mk", ".cmake", ".am", ".ac"].contains(where: name.hasSuffix)
  }

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
