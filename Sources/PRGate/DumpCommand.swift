// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Findings
import Foundation
import IR

/// `prgate dump`: what the stages hand on, for people who work on prgate.
struct DumpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump", abstract: "Print an intermediate form.",
    subcommands: [IRCommand.self, UnitsCommand.self])

  /// `prgate dump ir FILE`.
  struct IRCommand: AsyncParsableCommand, TakesCompilerFlags {
    static let configuration = CommandConfiguration(
      commandName: "ir", abstract: "Print the intermediate representation of C files.",
      usage: "prgate dump ir <paths> ... [-p <database>] [-- <compiler flags> ...]")

    @OptionGroup var source: SourceOptions
    @OptionGroup var workers: WorkerArguments

    func run() async throws {
      let place = WorkingPlace.current
      let plan = try source.plan(in: place)
      let settings = DriverSettings(
        root: place.root, resourceDirectory: try Toolchain.resourceDirectory(),
        isolation: workers.isolation)
      let problems = plan.uncovered.map { ($0.path, $0.problem) }
      var outcomes: [(path: String, problem: String?)] = problems
      for unit in await Driver.lower(plan.requests, settings: settings) {
        if let module = unit.module { try StandardStreams.write(module.dump()) }
        outcomes.append((unit.path, unit.problem))
      }
      // What could be lowered is printed; what is wrong with it is said all the same.
      for case (let path, let problem?) in outcomes {
        StandardStreams.writeError("prgate: \(path): \(problem)")
      }
      if outcomes.contains(where: { $0.problem != nil }) {
        throw ExitCode(ExitStatus.incomplete.rawValue)
      }
    }
  }

  /// `prgate dump units`.
  struct UnitsCommand: ParsableCommand, TakesCompilerFlags {
    static let configuration = CommandConfiguration(
      commandName: "units",
      abstract: "Print with which flags C files are read, and which flags are dropped.",
      usage: "prgate dump units [<paths> ...] [-p <database>] [-- <compiler flags> ...]",
      discussion: "The result is a JSON array with an object for each unit; nothing is parsed.")

    @OptionGroup var source: SourceOptions

    func run() throws {
      let place = WorkingPlace.current
      let plan = try source.plan(in: place)
      let resources = try Toolchain.resourceDirectory()
      let units = plan.requests.map {
        PreparedUnit($0, root: place.root, resourceDirectory: resources)
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try StandardStreams.write(String(decoding: encoder.encode(units), as: UTF8.self) + "\n")
    }
  }
}

extension LedgerEntry {
  /// Why it is not analysed; nil where it is.
  fileprivate var problem: String? {
    guard case .incomplete(let reason) = coverage else { return nil }
    return reason
  }
}
