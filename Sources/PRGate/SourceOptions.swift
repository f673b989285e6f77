// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Gate

/// Which files a command works on and how they are compiled.
struct SourceOptions: ParsableArguments {
  @Argument(
    help: "C files, or directories with C files; all of the compilation database without any.",
    completion: .file(extensions: ["c"]))
  var paths: [String] = []

  @Option(
    name: [.customShort("p"), .customLong("database")],
    help: "compile_commands.json or the directory that holds it.", completion: .file())
  var database: String?

  mutating func validate() throws {
    guard database == nil || PRGate.compilerFlags == nil else {
      throw ValidationError("-p and flags after '--' exclude each other")
    }
  }

  /// The units that the options ask for; the policy may say where the database is.
  func plan(
    in place: WorkingPlace, policy: Policy = .builtIn
  ) throws(CommandFailure) -> UnitPlan {
    let flags = PRGate.compilerFlags
    let known = flags == nil ? policy.compilationDatabase : nil
    var plan = try UnitPlan(
      paths: paths, database: database ?? known.map { Paths.absolute($0, in: place.root) },
      flags: flags, in: place)
    plan.limitConfigurations(policy)
    return plan
  }
}

/// A command that takes compiler flags after `--`.
protocol TakesCompilerFlags {}

/// Where a run takes place.
struct WorkingPlace: Sendable {
  /// The working directory, absolute, without symbolic links.
  var directory: String
  /// The root of the git work tree around it, else the working directory: reported paths start here.
  var root: String

  /// The place of this process.
  static var current: WorkingPlace {
    let directory = Paths.canonical(FileManager.default.currentDirectoryPath)
    return WorkingPlace(
      directory: directory, root: Paths.repositoryRoot(around: directory) ?? directory)
  }

  /// The name of a file in reports.
  func reportedPath(_ path: String) -> String {
    Paths.relative(Paths.canonical(path), to: root)
  }
}
