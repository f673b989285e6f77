// SPDX-License-Identifier: Apache-2.0

import Analysis
import ArgumentParser
import Findings
import Foundation
import Models

/// What the analysis is asked, and with how many hands.
struct AnalysisArguments: ParsableArguments {
  @Flag(help: "The files are all there is: a global that none of them writes is constant.")
  var wholeProgram = false

  @Option(
    name: .customShort("j", allowingJoined: true),
    help: "Units at a time; all processors by default.")
  var jobs: Int?

  @Option(help: ArgumentHelp("Rules to ask, with commas between; repeatable.", valueName: "RULES"))
  var select: [String] = []

  @Option(help: ArgumentHelp("Rules not to ask.", valueName: "RULES"))
  var ignore: [String] = []

  @Option(
    help: ArgumentHelp(
      "Models of functions without code, see docs/models.md; repeatable.", valueName: "FILE"))
  var models: [String] = []

  @OptionGroup var workers: WorkerArguments

  mutating func validate() throws {
    guard jobs ?? 1 >= 1 else { throw ValidationError("-j needs a number from 1") }
  }

  /// The rules to ask.
  func rules() throws(CommandFailure) -> [RuleInfo] {
    try RuleSet.selection(select: Self.split(select), ignore: Self.split(ignore))
  }

  private static func split(_ values: [String]) -> [String] {
    values.flatMap { $0.split(separator: ",").map(String.init) }
  }

  /// The settings of the driver.
  func settings(
    root: String, progress: @escaping @Sendable (Int) -> Void
  ) throws(CommandFailure) -> DriverSettings {
    var table = ModelTable.standard
    for path in models { table = table.adding(try ModelFile.read(path)) }
    return DriverSettings(
      root: root, resourceDirectory: try Toolchain.resourceDirectory(), models: table,
      analysis: AnalysisOptions(isWholeProgram: wholeProgram),
      jobs: jobs ?? ProcessInfo.processInfo.activeProcessorCount,
      isolation: workers.isolation, progress: progress)
  }
}
