// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Findings
import Foundation
import Gate
import Reporting

/// `prgate suppressions`: the comments that take findings away.
struct SuppressionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "suppressions", abstract: "List and check the comments that take findings away.",
    subcommands: [List.self, Check.self])

  /// `prgate suppressions list`.
  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List all suppressions in the C files that git tracks.")

    /// The form of the list.
    enum ListFormat: String, ExpressibleByArgument, CaseIterable {
      case text, json
    }

    @Option(name: .shortAndLong, help: "The form of the list.")
    var format = ListFormat.text

    @Option(
      help: ArgumentHelp("Only those that end within so many days.", valueName: "DAYS"))
    var expiring: Int?

    @OptionGroup var day: DayOption

    func run() async throws {
      let repository = try await GitRepository.open(
        around: FileManager.default.currentDirectoryPath)
      let policy = try PolicyFile.ofWorkTree(repository.root) ?? .builtIn
      let terms = SuppressionTerms(
        ruleIDs: Set(RuleSet.analysis.map(\.id)), policy: policy, today: day.day)
      let listed = zeroTerminatedFields(
        try await repository.git.output(["ls-files", "-z", "--", "*.c", "*.h", "*.inc"]))
      let comments = listed.flatMap { path in
        FileManager.default.contents(atPath: repository.root + "/" + path)
          .map { SuppressionSource.comments(in: $0, path: path) } ?? []
      }
      let suppressions = Suppressions(comments, terms: terms)
      let all = suppressions.all.filter { suppression in
        guard let expiring else { return true }
        return Day(suppression.until).map { $0.number <= day.day.number + expiring } ?? false
      }
      switch format {
      case .text: try StandardStreams.write(Self.text(all, suppressions.problems))
      case .json: try StandardStreams.write(try Self.json(all))
      }
    }

    private static func text(_ all: [Suppression], _ problems: [Finding]) -> String {
      let lines = all.map { suppression in
        let until = suppression.until.isEmpty ? "" : " until \(suppression.until)"
        return "\(place(suppression.location)): \(suppression.rule)\(until): \(suppression.reason)"
      }
      let wrong = problems.map { "\(place($0.location)): \($0.rule): \($0.message)" }
      return (lines + wrong).map { visible(path: $0) + "\n" }.joined()
        + "\(all.count) suppressions, \(problems.count) remarks\n"
    }

    private struct Row: Encodable {
      var path, rule, reason, until: String
      var line: Int
    }

    private static func json(_ all: [Suppression]) throws -> String {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let rows = all.map { suppression in
        Row(
          path: suppression.location.path, rule: suppression.rule, reason: suppression.reason,
          until: suppression.until, line: suppression.location.start.line)
      }
      return String(decoding: try encoder.encode(rows), as: UTF8.self) + "\n"
    }

    private static func place(_ location: Location) -> String {
      "\(location.path):\(location.start.line)"
    }
  }

  /// `prgate suppressions check`.
  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Analyse the whole program and report what is wrong with its suppressions.",
      discussion: "Status 1: one is unused, expired or invalid.")

    @Option(
      name: [.customShort("p"), .customLong("database")],
      help: "compile_commands.json or the directory that holds it.", completion: .file())
    var database: String?

    @OptionGroup var analysis: AnalysisArguments
    @OptionGroup var day: DayOption
    @OptionGroup var output: OutputOptions

    func run() async throws {
      let run = try await WholeProgram(
        database: database, analysis: analysis, output: output, day: day.day)
      let own = Set(GateRule.all.map(\.id))
      let (difference, _, _) = run.judgement.judge(
        run.program, isWhole: true, rules: RuleSet.all, hasBaseline: false)
      let findings = difference.findings.filter { own.contains($0.finding.rule) }
      let entries = ledger(units: run.program.ledger, uncovered: run.plan.uncovered)
      let report = Report(
        command: "check", verdict: verdict(findings: findings, ledger: entries),
        findings: findings, fixed: [], ledger: entries,
        notes: run.plan.notes + run.program.notes(isVerbose: output.verbose), head: "", base: "",
        rules: GateRule.all, version: Version.number)
      try output.write(report)
      if !findings.isEmpty { throw ExitCode(ExitStatus.blocked.rawValue) }
      if report.exitCode != 0 { throw ExitCode(report.exitCode) }
    }
  }
}

/// Everything of the compilation database, analysed as the work tree has it.
struct WholeProgram {
  let plan: UnitPlan
  let program: ProgramAnalysis
  let judgement: WorkTreeJudgement

  /// Analyses the units of a database that was named, or of the one that is found.
  init(
    database: String?, analysis: AnalysisArguments, output: OutputOptions, day: Day
  ) async throws {
    let place = WorkingPlace.current
    judgement = try WorkTreeJudgement(root: place.root, day: day)
    let known = judgement.policy.compilationDatabase.map { Paths.absolute($0, in: place.root) }
    var plan = try UnitPlan(paths: [], database: database ?? known, flags: nil, in: place)
    plan.leaveOut(judgement.policy)
    self.plan = plan
    var settings = try analysis.settings(
      root: place.root, progress: output.progress(of: plan.requests.count))
    settings.isolation = analysis.workers.isolation(policy: judgement.policy)
    try settings.addModels(of: judgement.policy)
    program = await Driver.analyse(plan.requests, settings: settings)
  }
}
