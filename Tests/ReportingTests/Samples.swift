// SPDX-License-Identifier: Apache-2.0

import Findings

/// Reports that the tests render.
enum Sample {
  static let rule = RuleInfo(
    id: "off-by-one-read", summary: "reads the element after the last one", severity: .error,
    cwe: [125, 193], precision: .veryHigh, securitySeverity: "8.1", since: "0.1",
    why: "The byte after an array belongs to somebody else.", fix: "Compare with `<`.",
    limits: "Only bounds that the function itself decides.")

  static func location(
    _ path: String = "src/options.c", line: Int, columns: Range<Int>, point: Int? = nil,
    source: String
  ) -> Location {
    Location(
      path: path, start: Position(line: line, column: columns.lowerBound),
      end: Position(line: line, column: columns.upperBound),
      point: Position(line: line, column: point ?? columns.lowerBound), sourceLine: source)
  }

  static let finding = Finding(
    rule: "off-by-one-read", tier: .a, severity: .error,
    message: "reads element 4 of 'routers', which has 4 elements",
    location: location(
      line: 12, columns: 12..<25, point: 23, source: "\t\ttotal += l->routers[i];"),
    function: "sum", functionUSR: "c:@F@sum", statementHash: 1,
    events: [
      Event(
        location: location(
          line: 11, columns: 14..<22, point: 16, source: "\tfor (i = 0; i <= MAX; i++)"),
        message: "the loop runs while 'i' is at most 4")
    ],
    witness: [Assignment(name: "i", value: "4"), Assignment(name: "MAX", value: "4")],
    hint: "use '<' instead of '<='")

  static func reported(
    _ finding: Finding, novelty: Novelty = .new, isBlocking: Bool = true, lineHash: String = "ab:1"
  ) -> ReportedFinding {
    ReportedFinding(
      finding: finding, fingerprint: String(repeating: "1", count: 64),
      movedFingerprint: String(repeating: "2", count: 64), novelty: novelty,
      isBlocking: isBlocking, lineHash: lineHash)
  }

  /// A finding that a comment takes away.
  static let suppressed = SuppressedFinding(
    finding: reported(finding, isBlocking: false),
    suppression: Suppression(
      kind: .inSource, rule: "off-by-one-read",
      location: location(line: 11, columns: 3..<60, source: "/* prgate:allow */"),
      reason: "the table has a guard element", until: "2027-03-01", isAdded: true))

  static func report(
    _ findings: [ReportedFinding], command: String = "check", verdict: Verdict = .fail,
    fixed: [ReportedFinding] = [],
    ledger: [LedgerEntry] = [LedgerEntry(path: "src/options.c", coverage: .analysed)],
    notes: [String] = []
  ) -> Report {
    var report = Report(
      command: command, verdict: verdict, findings: findings, fixed: fixed, ledger: ledger,
      notes: notes, head: command == "gate" ? "e4f5a6b" : "",
      base: command == "gate" ? "a1b2c3d" : "", rules: [rule], version: "0.1.0")
    let unchanged = findings.count { $0.novelty == .unchanged }
    report.counts = FindingCounts(
      head: findings.count, base: command == "gate" ? fixed.count + unchanged : nil)
    return report
  }

  /// A finding of each kind, a unit that failed, unknown constructs: every line a report can have.
  static let gate: Report = {
    var likely = Sample.finding
    likely.tier = .b
    likely.location = location(
      line: 20, columns: 10..<14, source: "  return p[n];  // größer als 語")
    likely.message = "may read past the end of 'p'"
    likely.events = []
    likely.witness = []
    likely.hint = ""
    var old = Sample.finding
    old.location.path = "src/old.c"
    return report(
      [
        reported(Sample.finding), reported(likely, isBlocking: false),
        reported(old, novelty: .unchanged, isBlocking: false, lineHash: ""),
      ],
      command: "gate", fixed: [reported(old)],
      ledger: [
        LedgerEntry(
          path: "src/options.c", coverage: .analysed, functions: 9, functionsWithUnknowns: 2,
          unknowns: [
            UnknownCount(cause: "inline-asm", count: 1), UnknownCount(cause: "va-arg", count: 3),
          ]),
        LedgerEntry(
          path: "src/tap.c",
          coverage: .incomplete(reason: "'autoconf.h' file not found; run the build once")),
      ],
      notes: ["the cache directory is read-only: running without it"])
  }()

  /// A change that takes something away from the gate, in lines of its own.
  static let review: Report = {
    var report = Sample.gate
    report.suppressed = [suppressed]
    report.addedSuppressions = [suppressed.suppression]
    report.policyChanges = [
      PolicyChange(
        subject: "rules.off-by-one-read.level", before: "block", after: "off", effect: .loosens)
    ]
    report.changedLines = [ChangedLines(path: "src/options.c", lines: [11...11])]
    return report
  }()

  /// Text that tries to break out of every format.
  static let attack =
    "\u{1B}[2J\u{202E}x\u{2066}\r\n::add-mask::x\n::error::y##[error]z##vso[task.complete]"
    + "\u{0}\u{7F}\u{9B}\",}]}</script>%0A,a=b:c](http://x)"

  /// A report in which everything that comes from the judged code is hostile.
  static let hostile: Report = {
    var finding = Sample.finding
    finding.message = attack
    finding.function = attack
    finding.location.path = "::error::" + attack
    finding.location.sourceLine = "\t\ttotal += " + attack
    finding.events[0].message = attack
    finding.events[0].location.sourceLine = "::error::" + attack
    finding.witness[0].name = attack
    finding.hint = attack
    return report(
      [reported(finding)], command: "gate",
      ledger: [
        LedgerEntry(
          path: "::error::" + attack, coverage: .incomplete(reason: attack), functions: 1,
          functionsWithUnknowns: 1, unknowns: [UnknownCount(cause: attack, count: 1)])
      ],
      notes: [attack])
  }()
}
