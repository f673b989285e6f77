// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Gate

/// The C files of a compilation database, in the names that the judged commit has.
struct GateDatabase: Sendable {
  /// The commands; none where there is no database.
  let commands: [CompileCommand]
  /// What is missing and the next step, for changed files that no command compiles.
  let advice: String
  private let commandsByPath: [String: [CompileCommand]]

  /// A database that nobody has.
  init() {
    commands = []
    commandsByPath = [:]
    advice = "there is no compile_commands.json; \(CompilationDatabase.recipes)"
  }

  /// Takes a database for the repository at `root`.
  init(_ database: CompilationDatabase, root: String) {
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

/// The compilation databases of a change.
struct GateDatabases: Sendable {
  /// How the head is compiled.
  let head: GateDatabase
  /// How the base is compiled, where that is known to differ.
  var base: GateDatabase?
  /// The database's path in the repository where git has it; else "".
  var trackedPath = ""
  /// What people should know, one line each.
  var notes: [String] = []

  /// The commands of the head that the base does not have: their flags, or they themselves, are new.
  func changedCommands(renames: [String: String], root: String) -> Set<CompileCommand> {
    guard let base else { return [] }
    let known = Set(base.commands.map { $0.renamed(renames, root: root).normalised })
    return Set(head.commands.filter { !known.contains($0.normalised) })
  }

  /// How the base compiles the files of some commands of the head.
  ///
  /// A file that the base's database lacks is read as the head compiles it: what it has is not new
  /// because somebody adds it to the database.
  func baseCommands(
    for commands: [CompileCommand], renames: [String: String], root: String
  ) -> [CompileCommand] {
    let oldNames = Dictionary(renames.map { ($0.value, $0.key) }) { first, _ in first }
    var seen: Set<CompileCommand> = []
    return commands.flatMap { command in
      let renamed = command.renamed(oldNames, root: root)
      let known = base?.commands(for: Paths.relative(renamed.file, to: root)) ?? []
      return known.isEmpty ? [renamed] : known
    }.filter { seen.insert($0).inserted }
  }
}

/// Where the compilation databases are found.
struct GateDatabaseSource: Sendable {
  /// The path of the command line.
  var name: String?
  /// The root of the work tree.
  var root: String
  /// The working directory.
  var directory: String

  /// Reads the database of the command line, else that of the policy, else the one that is found.
  ///
  /// One that git has is a part of the commit like any other. Else it is a build product of the work
  /// tree, and `memory` knows what it was when the base was judged.
  func open(
    _ range: GateRange, _ changes: [ChangedFile], policy: Policy, in repository: GitRepository,
    cache: GateCache
  ) async throws(CommandFailure) -> GateDatabases {
    let chosen =
      name.map { Paths.absolute($0, in: directory) }
      ?? policy.compilationDatabase.map { Paths.absolute($0, in: root) }
      ?? DatabaseDiscovery.database(for: root)
      ?? Paths.absolute(CompilationDatabase.fileName, in: root)
    let path =
      Paths.isDirectory(chosen) ? Paths.absolute(CompilationDatabase.fileName, in: chosen) : chosen
    if let tracked = try await tracked(path, range, in: repository) { return tracked }
    let isNamed = name != nil || policy.compilationDatabase != nil
    guard isNamed || FileManager.default.fileExists(atPath: path) else {
      return GateDatabases(head: GateDatabase())
    }
    let contents = try CompilationDatabase.read(path)
    let head = GateDatabase(try CompilationDatabase(contents: contents, path: path), root: root)
    var databases = GateDatabases(head: head)
    let memory = DatabaseMemory(cache: cache, root: root, path: path)
    let mayDiffer = changes.contains(where: \.mayChangeFlags)
    if mayDiffer, let base = range.base {
      if let old = memory?.contents(at: base) {
        databases.base =
          old == contents
          ? nil
          : (try? CompilationDatabase(contents: old, path: path)).map {
            GateDatabase($0, root: root)
          }
      } else if changes.contains(where: \.isBuildDescription) {
        databases.notes.append(
          "how the base was compiled is not known here; a unit whose flags the change alters is "
            + "judged only where a file that it reads changes too")
      }
    }
    memory?.keep(contents, at: range.head, isFirst: false)
    if !mayDiffer, let base = range.base { memory?.keep(contents, at: base, isFirst: true) }
    return databases
  }

  /// The databases of both commits, where the head has one under that path.
  private func tracked(
    _ path: String, _ range: GateRange, in repository: GitRepository
  ) async throws(CommandFailure) -> GateDatabases? {
    let relative = Paths.relative(path, to: root)
    // What a link leads to is no part of the commit's file.
    guard relative != path, !Paths.isLink(path) else { return nil }
    let contents = try await repository.contents(of: [
      (commit: range.head, path: relative), (commit: range.base, path: relative),
    ])
    guard let own = contents[0] else { return nil }
    let head = try CompilationDatabase(contents: Data(own), path: path)
    var databases = GateDatabases(head: GateDatabase(head, root: root), trackedPath: relative)
    guard let old = contents[1], old != own else { return databases }
    do {
      let base = try CompilationDatabase(contents: Data(old), path: path)
      databases.base = GateDatabase(base, root: root)
    } catch {
      databases.notes.append("at the base, \(error.message); compared with the flags of the head")
    }
    return databases
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
