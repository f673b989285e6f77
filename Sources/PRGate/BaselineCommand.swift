// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Findings
import Foundation
import Gate
import Reporting

/// `prgate baseline`: the findings that a project has accepted to live with, until they are repaired.
struct BaselineCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "baseline",
    abstract: "Keep the findings that were there before (.prgate-baseline.jsonl).",
    discussion: """
      The gate compares two commits and needs no baseline for that. A baseline quiets 'prgate check', \
      stands in where the base cannot be analysed, and with 'gate --ratchet' it may only shrink.
      """,
    subcommands: [Create.self, Prune.self, Diff.self, Show.self])

  /// What the commands that analyse have in common.
  struct Options: ParsableArguments {
    @Option(
      name: [.customShort("p"), .customLong("database")],
      help: "compile_commands.json or the directory that holds it.", completion: .file())
    var database: String?

    @OptionGroup var analysis: AnalysisArguments
    @OptionGroup var day: DayOption

    /// Analyses the whole program of the work tree.
    func analyse() async throws -> WholeProgram {
      try await WholeProgram(
        database: database, analysis: analysis, output: OutputOptions.parse([]), day: day.day)
    }
  }

  /// `prgate baseline create`.
  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Analyse the whole program and write the baseline.",
      discussion: """
        Status 3: it is written, but not everything was analysed, and what that hides is not in it.
        """)

    @OptionGroup var options: Options

    @Flag(help: "Replace a baseline that is there; new findings become old ones by that.")
    var force = false

    func run() async throws {
      let root = WorkingPlace.current.root
      if !force, FileManager.default.fileExists(atPath: root + "/" + Baseline.name) {
        throw CommandFailure.usage(
          "\(Baseline.name) is there already; 'prgate baseline prune' shrinks it, --force replaces it"
        )
      }
      let run = try await options.analyse()
      let (difference, _, _) = run.judgement.judge(
        run.program, isWhole: true, rules: RuleSet.all, hasBaseline: false)
      let baseline = Baseline(of: difference.findings)
      try BaselineFile.write(baseline, root: root)
      try StandardStreams.write(
        """
        wrote \(Baseline.name): \(entries(baseline.entries.count)); commit it
        old findings stay visible with 'prgate check --all' and never block; what is new does

        """)
      try run.requireAll()
    }
  }

  /// `prgate baseline prune`.
  struct Prune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Remove the entries whose findings are gone; never adds one.")

    @OptionGroup var options: Options

    func run() async throws {
      let root = WorkingPlace.current.root
      let run = try await options.analyse()
      let baseline = try run.baseline()
      let gone = run.goneEntries()
      try BaselineFile.write(baseline.removing(gone), root: root)
      try StandardStreams.write(
        "removed \(entries(gone.count)) of \(baseline.entries.count) from \(Baseline.name)\n")
      try run.requireAll()
    }
  }

  /// `prgate baseline diff`.
  struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compare the baseline with the work tree: '-' is gone, '+' is not in it.",
      discussion: "Status 1: they differ.")

    @OptionGroup var options: Options

    func run() async throws {
      let run = try await options.analyse()
      _ = try run.baseline()
      let gone = run.goneEntries()
      let (difference, _, _) = run.judgement.judge(
        run.program, isWhole: true, rules: RuleSet.analysis)
      let new = difference.findings.filter { $0.finding.tier == .a }
      var lines = gone.map { "- \($0.path):\($0.line) \($0.rule) \($0.fingerprint.prefix(12))" }
      lines += new.map { entry in
        let place = entry.finding.location
        return
          "+ \(place.path):\(place.point.line) \(entry.finding.rule) \(entry.fingerprint.prefix(12))"
      }
      try StandardStreams.write(
        lines.map { visible($0) + "\n" }.joined()
          + "\(gone.count) gone, \(new.count) not in the baseline\n")
      try run.requireAll()
      if !gone.isEmpty || !new.isEmpty { throw ExitCode(ExitStatus.blocked.rawValue) }
    }
  }

  /// `prgate baseline show`.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the entries, and how many there are of each rule.")

    func run() throws {
      guard let baseline = try BaselineFile.ofWorkTree(WorkingPlace.current.root) else {
        throw CommandFailure.usage(
          "there is no \(Baseline.name); 'prgate baseline create' writes it")
      }
      let counts = Dictionary(grouping: baseline.entries, by: \.rule).mapValues(\.count)
      let lines = baseline.entries.map { entry in
        let function = entry.function.split(separator: "@").last.map { " in \($0)" } ?? ""
        return visible(path: "\(entry.path):\(entry.line): \(entry.rule)\(function)") + "\n"
      }
      let sums = counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
      try StandardStreams.write(
        lines.joined() + entries(baseline.entries.count)
          + (sums.isEmpty ? "" : ": " + sums.joined(separator: ", ")) + "\n")
    }
  }
}

private func entries(_ count: Int) -> String { count == 1 ? "1 entry" : "\(count) entries" }

extension WholeProgram {
  /// The baseline of the work tree, which has to be there.
  fileprivate func baseline() throws(CommandFailure) -> Baseline {
    guard let baseline = judgement.baseline else {
      throw .usage("there is no \(Baseline.name); 'prgate baseline create' writes it")
    }
    return baseline
  }

  /// The entries whose findings are gone; where something was not analysed, nothing of what it may have
  /// read is said to be gone.
  fileprivate func goneEntries() -> [BaselineEntry] {
    let (_, unmatched, _) = judgement.judge(program, isWhole: true, rules: RuleSet.all)
    guard !program.ledger.allSatisfy(\.isAnalysed) || !plan.uncovered.isEmpty else {
      return unmatched
    }
    let whole = Set(program.ledger.filter(\.isAnalysed).map(\.path))
    return unmatched.filter { whole.contains($0.path) }
  }

  /// Ends with status 3 where something was not analysed, and names it.
  fileprivate func requireAll() throws {
    let missing = (program.ledger + plan.uncovered).filter { !$0.isAnalysed }
    guard !missing.isEmpty else { return }
    for entry in missing.prefix(10) {
      guard case .incomplete(let reason) = entry.coverage else { continue }
      StandardStreams.writeError(visible("not analysed: \(entry.path): \(reason)"))
    }
    if missing.count > 10 { StandardStreams.writeError("and \(missing.count - 10) more") }
    throw ExitCode(ExitStatus.incomplete.rawValue)
  }
}

extension BaselineFile {
  /// Writes the file of the work tree.
  fileprivate static func write(_ baseline: Baseline, root: String) throws(CommandFailure) {
    try OutputFile.write(text(baseline), to: root + "/" + Baseline.name)
  }
}
