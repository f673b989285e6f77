// SPDX-License-Identifier: Apache-2.0

public import Findings

/// A change in terms of findings: what it brings, what it leaves, what it repairs.
///
/// Head findings are the new and the unchanged ones; base findings are the fixed and the unchanged
/// ones. Every finding of the base stands for at most one of the head. What suppressions take away is
/// no part of either side.
public struct FindingsDiff: Hashable, Sendable {
  /// The findings of the head in report order, with their novelty.
  public private(set) var findings: [ReportedFinding]
  /// The findings of the base that have no counterpart at the head, in report order.
  public private(set) var fixed: [ReportedFinding]
  /// The findings of the head that are taken away, in report order; none of them blocks.
  public private(set) var suppressed: [SuppressedFinding]
  /// The findings of each side before they were compared.
  public private(set) var counts: FindingCounts

  /// Compares the findings of two commits.
  ///
  /// A statement whose file and function both differ is new: a repaired flaw must not hide an equal one
  /// elsewhere. A finding that was only likely at the base hides none that the head argues with a
  /// witness, and one that a comment took away at the base hides none that is shown: whoever removes
  /// the comment has to answer for the finding.
  ///
  /// - Parameters:
  ///   - head: findings at the commit that is judged.
  ///   - base: findings at the commit that it is compared with; nil where that was not analysed.
  ///   - renames: new path of each file that the change renames, by its old path.
  ///   - policy: what blocks.
  ///   - suppression: what takes a finding of the head away.
  ///   - baseSuppression: what takes a finding of the base away.
  ///   - lineHash: GitHub's hash of the line of a place at the head.
  public init(
    head: [Finding], base: [Finding]?, renames: [String: String] = [:],
    policy: Policy = .builtIn, suppression: (Finding) -> Suppression? = { _ in nil },
    baseSuppression: (Finding) -> Suppression? = { _ in nil },
    lineHash: (Location) -> String = { _ in "" }
  ) {
    let heads = reported(head, policy: policy, lineHash: lineHash)
    let bases = reported(base ?? [], policy: policy)
    let suppressions = heads.map { suppression($0.finding) }
    let wasSuppressed = bases.map { baseSuppression($0.finding) != nil }
    var matching = Matching(
      new: MatchingSide(heads), old: MatchingSide(bases), renames: renames)
    // What stays away first, then what stays; the rest of what is taken away now was there before.
    matching.match(new: { suppressions[$0] != nil }, old: { wasSuppressed[$0] })
    matching.match(new: { suppressions[$0] == nil }, old: { !wasSuppressed[$0] })
    let unchanged = matching.new.isMatched.indices.count {
      matching.new.isMatched[$0] && suppressions[$0] == nil
    }
    let before = matching.old.isMatched
    matching.match(new: { suppressions[$0] != nil }, old: { !wasSuppressed[$0] })
    let newlySuppressed = before.indices.count { !before[$0] && matching.old.isMatched[$0] }

    findings = []
    suppressed = []
    for (index, entry) in heads.enumerated() {
      var entry = entry
      if matching.new.isMatched[index] {
        entry.novelty = .unchanged
        entry.isBlocking = false
      }
      if let suppression = suppressions[index] {
        entry.isBlocking = false
        suppressed.append(SuppressedFinding(finding: entry, suppression: suppression))
      } else {
        findings.append(entry)
      }
    }
    let gone = bases.indices.filter { !matching.old.isMatched[$0] && !wasSuppressed[$0] }
    fixed = gone.map { index in
      var entry = bases[index]
      entry.isBlocking = false
      return entry
    }
    counts = FindingCounts(
      head: suppressions.count { $0 == nil },
      base: base == nil ? nil : wasSuppressed.count { !$0 } - newlySuppressed)
    isConsistent =
      findings.count { $0.novelty == .unchanged } == unchanged
      && (counts.base ?? 0) == fixed.count + unchanged
  }

  /// Whether every finding of the base is fixed or unchanged; else the comparison is wrong.
  public let isConsistent: Bool

  /// Takes away the new findings that entries of a baseline stand for.
  ///
  /// - Parameters:
  ///   - baseline: the entries, each of which stands for one finding.
  ///   - renames: new path of each file that the change renames, by its old path.
  ///   - isTaken: whether the baseline decides for a finding; it does not where the base was analysed,
  ///     which knows better.
  /// - Returns: the entries that stand for no finding.
  public mutating func apply(
    _ baseline: Baseline, renames: [String: String] = [:], isTaken: (Finding) -> Bool
  ) -> [BaselineEntry] {
    var matching = Matching(
      new: MatchingSide(findings), old: baseline.side, renames: renames)
    // What was there at the base uses up its entries first.
    matching.match(new: { findings[$0].novelty == .unchanged })
    matching.match(new: { findings[$0].novelty != .unchanged })
    var rest: [ReportedFinding] = []
    for (index, entry) in findings.enumerated() {
      guard matching.new.isMatched[index], entry.novelty != .unchanged, isTaken(entry.finding)
      else {
        rest.append(entry)
        continue
      }
      var entry = entry
      entry.isBlocking = false
      suppressed.append(
        SuppressedFinding(
          finding: entry, suppression: baseline.suppression(of: entry.finding)))
      counts.head -= 1
    }
    findings = rest
    suppressed.sort { Finding.isOrderedBefore($0.finding.finding, $1.finding.finding) }
    return baseline.entries.indices.filter { !matching.old.isMatched[$0] }
      .map { baseline.entries[$0] }
  }

  /// Says of all that counts as new that nobody compared it.
  ///
  /// For a head whose findings cannot block, whatever the base has: that was not analysed.
  public mutating func leaveUncompared() {
    for index in findings.indices where findings[index].novelty == .new {
      findings[index].novelty = .uncompared
    }
    for index in suppressed.indices where suppressed[index].finding.novelty == .new {
      suppressed[index].finding.novelty = .uncompared
    }
  }

  /// Removes the findings of some rules of the gate's own, as if they had not been asked.
  public mutating func remove(rules: [RuleInfo]) {
    let ids = Set(rules.map(\.id))
    let count = findings.count
    findings.removeAll { $0.novelty != .unchanged && ids.contains($0.finding.rule) }
    counts.head -= count - findings.count
  }

  /// Adds findings about the change itself, such as those about its suppressions.
  public mutating func add(_ more: [ReportedFinding]) {
    findings = (findings + more).sorted { Finding.isOrderedBefore($0.finding, $1.finding) }
    counts.head += more.count
  }
}
