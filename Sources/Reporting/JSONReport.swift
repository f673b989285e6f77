// SPDX-License-Identifier: Apache-2.0

import Findings

/// The report for programs: `prgate-report/1`.
///
/// Columns count bytes from 1, ends are exclusive. There are no times in it. `docs/formats` has its
/// schema; a member is only ever added.
func renderJSON(_ report: Report) -> String {
  func findings(_ novelty: Novelty) -> JSON {
    .array(report.findings.filter { $0.novelty == novelty }.map(json))
  }
  let units = report.units
  let counts: JSON = ["head": .integer(report.counts.head)]
  let value: JSON = [
    "format": "prgate-report/1",
    "version": .string(report.version),
    "command": .string(report.command),
    "verdict": .string(report.verdict.rawValue),
    "exitCode": .integer(Int(report.exitCode)),
    "acceptsIncomplete": .boolean(report.acceptsIncomplete),
    "head": .string(report.head),
    "base": .string(report.base),
    "new": findings(.new),
    "unchanged": findings(.unchanged),
    "uncompared": findings(.uncompared),
    "fixed": .array(report.fixed.map(json)),
    "counts": counts.adding("base", report.counts.base.map { .integer($0) }),
    "suppressed": .array(
      report.suppressed.map { json($0.finding).adding("suppression", json($0.suppression)) }),
    "addedSuppressions": .array(report.addedSuppressions.map(json)),
    "policyChanges": .array(report.policyChanges.map(json)),
    "ledger": [
      "analysed": .integer(units.analysed),
      "needed": .integer(units.needed),
      "units": .array(report.ledger.map(json)),
    ],
    "notes": .array(report.notes.map { .string($0) }),
  ]
  var output = ""
  value.writeIndented(to: &output)
  return output + "\n"
}

private func json(_ reported: ReportedFinding) -> JSON {
  let finding = reported.finding
  let value: JSON = [
    "rule": .string(finding.rule),
    "tier": .string(finding.tier.rawValue),
    "severity": .string(finding.severity.rawValue),
    "blocking": .boolean(reported.isBlocking),
    "message": .string(finding.message),
    "location": json(finding.location),
    "function": .string(finding.function),
    "events": .array(
      finding.events.map {
        ["message": .string($0.message), "location": json($0.location)]
      }),
    "witness": .array(
      finding.witness.map { ["name": .string($0.name), "value": .string($0.value)] }),
    "hint": .string(finding.hint),
    "fingerprint": .string(reported.fingerprint),
    "movedFingerprint": .string(reported.movedFingerprint),
  ]
  guard !finding.configurations.isEmpty else { return value }
  return value.adding("configurations", .array(finding.configurations.map { .string($0) }))
}

private func json(_ suppression: Suppression) -> JSON {
  [
    "kind": .string(suppression.kind.rawValue),
    "rule": .string(suppression.rule),
    "path": .string(suppression.location.path),
    "line": .integer(suppression.location.start.line),
    "reason": .string(suppression.reason),
    "until": .string(suppression.until),
    "added": .boolean(suppression.isAdded),
  ]
}

private func json(_ change: PolicyChange) -> JSON {
  [
    "subject": .string(change.subject),
    "before": .string(change.before),
    "after": .string(change.after),
    "effect": .string(change.effect.rawValue),
  ]
}

private func json(_ location: Location) -> JSON {
  [
    "path": .string(location.path),
    "line": .integer(location.start.line),
    "column": .integer(location.start.column),
    "endLine": .integer(location.end.line),
    "endColumn": .integer(location.end.column),
    "pointLine": .integer(location.point.line),
    "pointColumn": .integer(location.point.column),
    "sourceLine": .string(location.sourceLine),
  ]
}

private func json(_ entry: LedgerEntry) -> JSON {
  var value: JSON = ["path": .string(entry.path), "analysed": .boolean(entry.isAnalysed)]
  if case .incomplete(let reason) = entry.coverage {
    value = value.adding("reason", .string(reason))
  }
  return
    value
    .adding("functions", .integer(entry.functions))
    .adding("functionsWithUnknowns", .integer(entry.functionsWithUnknowns))
    .adding(
      "unknowns",
      .array(
        entry.unknowns.map { ["cause": .string($0.cause), "count": .integer($0.count)] }))
}
