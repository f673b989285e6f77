// SPDX-License-Identifier: Apache-2.0

/// What became of a unit that had to be analysed.
public enum Coverage: Hashable, Sendable {
  /// Read without an error, analysed whole.
  case analysed
  /// Not analysed, or not whole; the reason is one line that names the next step.
  case incomplete(reason: String)
}

/// A line of the coverage ledger: a unit, or a changed file without one.
public struct LedgerEntry: Hashable, Sendable {
  /// The path of the main file or of the changed file.
  public var path: String
  /// What became of it.
  public var coverage: Coverage
  /// Functions with a body in the unit.
  public var functions: Int
  /// Functions in which something is unknown to the analysis.
  public var functionsWithUnknowns: Int
  /// Unknown constructs by cause, sorted by cause.
  public var unknowns: [UnknownCount]

  /// Makes a line.
  public init(
    path: String, coverage: Coverage, functions: Int = 0, functionsWithUnknowns: Int = 0,
    unknowns: [UnknownCount] = []
  ) {
    self.path = path
    self.coverage = coverage
    self.functions = functions
    self.functionsWithUnknowns = functionsWithUnknowns
    self.unknowns = unknowns
  }

  /// Whether the unit was analysed whole.
  public var isAnalysed: Bool { coverage == .analysed }
}

/// How often a construct was not understood.
public struct UnknownCount: Hashable, Codable, Sendable {
  /// The cause, a short word such as `inline-asm`.
  public var cause: String
  /// How many places.
  public var count: Int

  /// Makes a count.
  public init(cause: String, count: Int) {
    self.cause = cause
    self.count = count
  }
}

/// The answer to "may this change be merged?".
public enum Verdict: String, Hashable, Sendable {
  /// All that was needed was analysed, and nothing blocks.
  case pass = "PASS"
  /// A finding blocks.
  case fail = "FAIL"
  /// Nothing blocks, but something that was needed was not analysed.
  case incomplete = "INCOMPLETE"
}

/// What a finding is to the change that is judged.
public enum Novelty: String, Hashable, Sendable {
  /// Absent at the base; every finding of `check` counts as new.
  case new
  /// Present at the base too.
  case unchanged
  /// Not known: nothing of the change could block, so the base was not analysed.
  case uncompared
}

/// A finding in a report, with its identity.
public struct ReportedFinding: Hashable, Sendable {
  /// The finding.
  public var finding: Finding
  /// The fingerprint `prgate/v1`: 64 lower-case hexadecimal digits, unique in a report.
  public var fingerprint: String
  /// The same without path and function, for code that moved.
  public var movedFingerprint: String
  /// Whether it is new.
  public var novelty: Novelty
  /// Whether it blocks.
  public var isBlocking: Bool
  /// The line hash that GitHub code scanning computes for the place, "" where it is not known.
  public var lineHash: String

  /// Makes a reported finding.
  public init(
    finding: Finding, fingerprint: String, movedFingerprint: String, novelty: Novelty,
    isBlocking: Bool, lineHash: String
  ) {
    self.finding = finding
    self.fingerprint = fingerprint
    self.movedFingerprint = movedFingerprint
    self.novelty = novelty
    self.isBlocking = isBlocking
    self.lineHash = lineHash
  }
}

/// Findings of each side before they were compared, without those that suppressions take away.
///
/// The head's are the new and the unchanged ones, the base's the fixed and the unchanged ones. Where the
/// base was not analysed, the head's that nobody compared are among them.
public struct FindingCounts: Hashable, Sendable {
  /// At the judged commit.
  public var head: Int
  /// At the commit that it is compared with; nil where that was not analysed.
  public var base: Int?

  /// Makes counts.
  public init(head: Int = 0, base: Int? = nil) {
    self.head = head
    self.base = base
  }
}

/// All that a run has to say; every format renders this value and nothing else.
public struct Report: Hashable, Sendable {
  /// The command: `check` or `gate`.
  public var command: String
  /// The answer.
  public var verdict: Verdict
  /// Findings of tier A and B in the order of `Finding.isOrderedBefore`; those that a suppression or
  /// policy takes away are not among them.
  public var findings: [ReportedFinding]
  /// Findings of the base that are gone.
  public var fixed: [ReportedFinding]
  /// Findings of the head that a comment or the baseline takes away, in the order of the findings.
  public var suppressed: [SuppressedFinding]
  /// What the change adds to the comments and the baseline that take findings away, by place.
  public var addedSuppressions: [Suppression]
  /// What the change would do to the policy after its merge, by subject.
  public var policyChanges: [PolicyChange]
  /// The files that the change touches, by path; empty for `check`.
  public var changedLines: [ChangedLines]
  /// What was analysed and what was not, by path.
  public var ledger: [LedgerEntry]
  /// Remarks that are not findings, such as a cache that cannot be used; one line each.
  public var notes: [String]
  /// The commit that is judged; "" for `check`.
  public var head: String
  /// The commit that it is compared with; "" for `check`.
  public var base: String
  /// The rules that ran, sorted by id.
  public var rules: [RuleInfo]
  /// The version of the program.
  public var version: String
  /// How many findings each side had before they were compared.
  public var counts = FindingCounts()
  /// Whether an open answer was asked to end as a pass does; the verdict stays INCOMPLETE.
  public var acceptsIncomplete = false

  /// Makes a report.
  public init(
    command: String, verdict: Verdict, findings: [ReportedFinding], fixed: [ReportedFinding],
    ledger: [LedgerEntry], notes: [String], head: String, base: String, rules: [RuleInfo],
    version: String, suppressed: [SuppressedFinding] = [], addedSuppressions: [Suppression] = [],
    policyChanges: [PolicyChange] = [], changedLines: [ChangedLines] = []
  ) {
    self.command = command
    self.verdict = verdict
    self.findings = findings
    self.fixed = fixed
    self.ledger = ledger
    self.notes = notes
    self.head = head
    self.base = base
    self.rules = rules
    self.version = version
    self.suppressed = suppressed
    self.addedSuppressions = addedSuppressions
    self.policyChanges = policyChanges
    self.changedLines = changedLines
  }

  /// Exit code of the run: 0 pass, 1 blocked, 3 incomplete, 0 where that is accepted.
  public var exitCode: Int32 {
    switch verdict {
    case .pass: 0
    case .fail: 1
    case .incomplete: acceptsIncomplete ? 0 : 3
    }
  }

  /// The last line of every report: units analysed over units needed, findings in words.
  public var units: (analysed: Int, needed: Int) {
    (ledger.count { $0.isAnalysed }, ledger.count)
  }
}
