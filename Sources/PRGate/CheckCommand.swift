// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Findings
import Gate

/// `prgate check`: what is wrong with some files.
struct CheckCommand: AsyncParsableCommand, TakesCompilerFlags {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Analyse C files and print all that is found.",
    usage: "prgate check [<options>] [<paths> ...] [-- <compiler flags> ...]",
    discussion: """
      How a file is compiled comes from the flags after '--', from the compilation database of -p, \
      or from one that is found in the directories of the file and of the caller.
      """)

  @OptionGroup var source: SourceOptions
  @OptionGroup var analysis: AnalysisArguments
  @OptionGroup var output: OutputOptions

  func run() async throws {
    let rules = try analysis.rules()
    let place = WorkingPlace.current
    let plan = try source.plan(in: place)
    let settings = try analysis.settings(
      root: place.root, progress: output.progress(of: plan.requests.count))
    let program = await Driver.analyse(plan.requests, settings: settings)
    let report = Self.report(program, plan: plan, rules: rules, isVerbose: output.verbose)
    try output.write(report)
    if report.exitCode != 0 { throw ExitCode(report.exitCode) }
  }

  private static func report(
    _ program: ProgramAnalysis, plan: UnitPlan, rules: [RuleInfo], isVerbose: Bool
  ) -> Report {
    let names = Set(rules.map(\.id))
    let lines = program.lineHashes
    let findings = reported(
      program.findings.filter { names.contains($0.rule) },
      lineHash: { lines[$0.path]?[$0.start.line] ?? "" })
    let entries = ledger(units: program.ledger, uncovered: plan.uncovered)
    return Report(
      command: "check", verdict: verdict(findings: findings, ledger: entries), findings: findings,
      fixed: [], ledger: entries, notes: plan.notes + program.notes(isVerbose: isVerbose), head: "",
      base: "", rules: rules, version: Version.number)
  }
}
