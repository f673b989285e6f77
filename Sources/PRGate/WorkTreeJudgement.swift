// SPDX-License-Identifier: Apache-2.0

import Analysis
import ArgumentParser
import Findings
import Foundation
import Gate

/// On which day a run judges.
struct DayOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The day on which 'until' and 'since' are judged; today in UTC by default.",
      valueName: "YYYY-MM-DD"))
  var date: Day?

  /// The day.
  var day: Day { date ?? Today.day }
}

/// Policy, suppressions and baseline as the work tree has them, for commands that compare with nothing.
struct WorkTreeJudgement: Sendable {
  /// The policy in force.
  let policy: Policy
  /// The baseline; nil where there is none.
  let baseline: Baseline?
  /// What leaves out what is found in generated files; nil where that is asked for.
  var generated: GeneratedFindings?
  private let terms: SuppressionTerms

  /// Reads the files of the work tree.
  init(root: String, day: Day) throws(CommandFailure) {
    policy = try (PolicyFile.ofWorkTree(root) ?? .builtIn).inEffect(on: day)
    baseline = try BaselineFile.ofWorkTree(root)
    generated = policy.excludesGenerated ? GeneratedFindings(root: root) : nil
    terms = SuppressionTerms(
      ruleIDs: Set(RuleSet.analysis.map(\.id)), policy: policy, today: day)
  }

  /// What a program has, with what comments and the baseline take away, and the entries of the baseline
  /// that stand for nothing; and a line about findings in generated files, nil where there are none.
  ///
  /// `isWhole` tells whether the program is all of the compilation database; `rules` are those that were
  /// asked.
  func judge(
    _ program: ProgramAnalysis, isWhole: Bool, rules: [RuleInfo], hasBaseline: Bool = true
  ) -> (difference: FindingsDiff, unmatched: [BaselineEntry], leftOut: String?) {
    let suppressions = program.suppressions(terms)
    let all = program.findings(
      suppressions, policy: policy, isWhole: isWhole, rules: Set(rules.map(\.id))
    ).filter { !isWhole || !policy.excludes($0.location.path) }
    let (findings, leftOut) = generated?.removed(from: all) ?? (all, nil)
    let lines = program.lineHashes
    var difference = FindingsDiff(
      head: findings, base: nil, policy: policy, suppression: suppressions.suppression(of:),
      lineHash: { lines[$0.path]?[$0.start.line] ?? "" })
    guard hasBaseline, let baseline else { return (difference, [], leftOut) }
    let unmatched = difference.apply(baseline) { _ in true }
    return (difference, unmatched, leftOut)
  }
}

extension DriverSettings {
  /// Adds the models that a policy names, as the work tree has them.
  mutating func addModels(of policy: Policy) throws(CommandFailure) {
    for path in policy.models {
      models = models.adding(try ModelFile.read(Paths.absolute(path, in: root)))
    }
  }
}
