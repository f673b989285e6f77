// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Findings
import Gate

/// `prgate diff`: two reports against each other, without any analysis.
struct DiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff", abstract: "Compare two reports: what is new, fixed, unchanged.",
    discussion: """
      Both are JSON or SARIF that prgate wrote. Findings are matched by their fingerprints, one to one: \
      the same place first, then code that moved. The status is 1 if something new would block.
      """)

  @Argument(help: "The earlier report.", completion: .file())
  var old: String

  @Argument(help: "The later report.", completion: .file())
  var new: String

  @OptionGroup var output: OutputOptions

  func run() throws {
    let before = try ReportFile(at: old)
    let after = try ReportFile(at: new)
    for (path, report) in [(old, before), (new, after)]
    where report.findings.contains(where: { $0.fingerprint.isEmpty }) {
      throw CommandFailure.usage(
        "\(path): it has findings without the fingerprint 'prgate/v1'; compare reports of prgate")
    }
    let report = Self.report(before, after)
    try output.write(report)
    if report.exitCode != 0 { throw ExitCode(report.exitCode) }
  }

  /// The later findings with what they are to the earlier ones.
  static func report(_ before: ReportFile, _ after: ReportFile) -> Report {
    var rest = Array(before.findings.indices)
    var isMatched = Array(repeating: false, count: after.findings.count)
    let keys: [(ReportedFinding) -> String] = [
      { $0.finding.rule + $0.fingerprint }, { $0.finding.rule + $0.movedFingerprint },
    ]
    for key in keys {
      for index in isMatched.indices where !isMatched[index] {
        let wanted = key(after.findings[index])
        guard let place = rest.firstIndex(where: { key(before.findings[$0]) == wanted }) else {
          continue
        }
        rest.remove(at: place)
        isMatched[index] = true
      }
    }
    let findings = zip(after.findings, isMatched).map { finding, isOld in
      var finding = finding
      finding.novelty = isOld ? .unchanged : .new
      let wouldBlock = finding.finding.tier == .a && finding.finding.severity == .error
      finding.isBlocking = !isOld && (finding.isBlocking || wouldBlock)
      return finding
    }
    let fixed = rest.map { index in
      var finding = before.findings[index]
      finding.isBlocking = false
      return finding
    }
    let ids = Set((findings + fixed).map(\.finding.rule))
    return Report(
      command: "diff", verdict: verdict(findings: findings, ledger: after.ledger),
      findings: findings, fixed: fixed, ledger: after.ledger, notes: [], head: after.head,
      base: before.head, rules: RuleSet.all.filter { ids.contains($0.id) },
      version: Version.number, suppressed: after.suppressed)
  }
}
