// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Gate

/// The units that a command line asks for, and what it asks for in vain.
struct UnitPlan: Sendable {
  /// The units to analyse.
  private(set) var requests: [UnitRequest] = []
  /// Files that no compile command is known for.
  private(set) var uncovered: [LedgerEntry] = []
  /// What people should know, one line each.
  private(set) var notes: [String] = []

  private let place: WorkingPlace

  /// Plans a run.
  ///
  /// - Parameters:
  ///   - paths: files and directories; all of the database where there are none.
  ///   - database: the compilation database that was named; nil to search for one.
  ///   - flags: the compiler flags for all files; nil where databases decide.
  ///   - place: where the run takes place.
  /// - Throws: what is wrong with the command line or a database.
  init(
    paths: [String], database: String?, flags: [String]?, in place: WorkingPlace
  ) throws(CommandFailure) {
    self.place = place
    let isForced = flags.map { $0.joined(separator: " ").contains("-x") } ?? false
    let files = try SourceFiles.expand(paths, in: place.directory, isForced: isForced)
    if let flags {
      guard !files.isEmpty else {
        throw .usage("flags after '--' need a file; name it before '--'")
      }
      for file in files {
        add(.defaults(file: file, flags: flags, directory: place.directory))
      }
    } else if let database {
      let path = Paths.absolute(database, in: place.directory)
      try add(files, from: CompilationDatabase(at: path))
    } else {
      try discover(for: files)
    }
  }

  /// Leaves out the units that a policy takes out of judgement.
  mutating func leaveOut(_ policy: Policy) {
    let count = requests.count
    requests.removeAll { policy.excludes($0.path) }
    if requests.count < count {
      notes.append("\(count - requests.count) units are not judged, as the policy says")
    }
  }

  /// Leaves out what a policy finds too many configurations of a file.
  mutating func limitConfigurations(_ policy: Policy) {
    let (commands, remarks) = Configurations.limited(
      requests.map(\.command), to: policy.configurations, root: place.root)
    guard commands.count < requests.count else { return }
    let kept = Set(commands)
    requests.removeAll { !kept.contains($0.command) }
    notes += remarks
  }

  private mutating func discover(for files: [String]) throws(CommandFailure) {
    guard !files.isEmpty else {
      guard let path = DatabaseDiscovery.database(for: place.directory) else {
        throw .usage("there is no compile_commands.json here; \(CompilationDatabase.recipes)")
      }
      return try add([], from: CompilationDatabase(at: path))
    }
    var databases: [String: CompilationDatabase] = [:]
    var unknown: [String] = []
    for file in files {
      let directory = Paths.canonical(Paths.absolute("..", in: file))
      let found =
        DatabaseDiscovery.database(for: directory)
        ?? DatabaseDiscovery.database(for: place.directory)
      guard let found else {
        add(.defaults(file: file, directory: place.directory))
        unknown.append(place.reportedPath(file))
        continue
      }
      let database: CompilationDatabase
      if let known = databases[found] {
        database = known
      } else {
        database = try CompilationDatabase(at: found)
        databases[found] = database
      }
      try add([file], from: database)
    }
    noteDefaults(unknown)
  }

  private mutating func noteDefaults(_ paths: [String]) {
    guard let first = paths.first else { return }
    let files = paths.count == 1 ? "\(first) is" : "\(paths.count) files (\(first), …) are"
    notes.append(
      "there is no compile_commands.json, so \(files) read with default flags; "
        + "give the flags after '--'")
  }

  /// Adds the files, or all C files of the database where there are none.
  private mutating func add(
    _ files: [String], from database: CompilationDatabase
  ) throws(CommandFailure) {
    let path = place.reportedPath(database.path)
    guard !files.isEmpty else { return addAll(of: database, path: path) }
    for file in files {
      let commands = database.commands(for: file)
      for command in commands { add(command) }
      if commands.isEmpty {
        let reason =
          database.commands.isEmpty
          ? "\(path) is empty; \(CompilationDatabase.recipes)"
          : "it is not in \(path); build it and make the database anew, or give its flags after '--'"
        addUncovered(file, reason)
      }
    }
  }

  private mutating func addAll(of database: CompilationDatabase, path: String) {
    let commands = database.commands.filter { SourceFiles.isC($0.file) }
    for command in commands { add(command) }
    let others = database.commands.count - commands.count
    if others > 0 {
      notes.append("\(others) of \(database.commands.count) entries of \(path) are not C")
    }
    if commands.isEmpty {
      addUncovered(database.path, "it has no C file; \(CompilationDatabase.recipes)")
    }
  }

  private mutating func add(_ command: CompileCommand) {
    requests.append(UnitRequest(path: place.reportedPath(command.file), command: command))
  }

  private mutating func addUncovered(_ file: String, _ reason: String) {
    uncovered.append(
      LedgerEntry(path: place.reportedPath(file), coverage: .incomplete(reason: reason)))
  }
}
