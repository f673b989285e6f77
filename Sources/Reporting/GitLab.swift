// SPDX-License-Identifier: Apache-2.0

import Findings

/// The Code Quality report of GitLab: one object for each finding and each gap.
///
/// The widget of a merge request compares the report of its branch with that of the target branch, so
/// both hold what is unchanged too. GitLab drops an object without a severity, and two with the same
/// fingerprint become one.
func renderGitLab(_ report: Report, options: RenderOptions) -> String {
  let carried = report.findings.filter { options.showAll || $0.finding.tier == .a }
  let issues =
    gaps(of: report).map(issue)
    + carried.map { issue($0, scores: report.securityScores) }
  var output = ""
  JSON.array(issues).writeIndented(to: &output)
  return output + "\n"
}

private func issue(_ reported: ReportedFinding, scores: [String: Double]) -> JSON {
  let finding = reported.finding
  return [
    "description": .string(visible(wholeMessage(of: finding))),
    "check_name": .string(finding.rule),
    "fingerprint": .string(reported.fingerprint),
    "severity": .string(severity(of: reported, score: scores[finding.rule] ?? 0)),
    "location": [
      "path": .string(visible(finding.location.path)),
      "lines": [
        "begin": .integer(finding.location.start.line),
        "end": .integer(max(finding.location.end.line, finding.location.start.line)),
      ],
    ],
  ]
}

/// A gap as an issue, so that a report without findings is not taken for a clean one.
private func issue(_ gap: Gap) -> JSON {
  var hash = SHA256()
  hash.update(field: gapRule)
  hash.update(field: gap.path)
  hash.update(field: String(gap.occurrence))
  return [
    "description": .string(visible("not analysed: \(gap.reason)")),
    "check_name": .string(gapRule),
    "fingerprint": .string(SHA256.hexadecimal(hash.finalize())),
    "severity": "major",
    "location": ["path": .string(visible(gap.path)), "lines": ["begin": 1]],
  ]
}

/// GitLab's words from `info` to `blocker`; nothing of ours is a blocker, which is for policies there.
private func severity(of reported: ReportedFinding, score: Double) -> String {
  if reported.finding.tier != .a { return "info" }
  return switch level(of: reported) {
  case .error: score >= 7 ? "critical" : "major"
  case .warning: "minor"
  case .note: "info"
  }
}

extension Report {
  /// The security severity of each rule as a number, by its id.
  fileprivate var securityScores: [String: Double] {
    Dictionary(rules.map { ($0.id, Double($0.securitySeverity) ?? 0) }) { first, _ in first }
  }
}
