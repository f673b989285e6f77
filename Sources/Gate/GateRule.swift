// SPDX-License-Identifier: Apache-2.0

public import Findings

/// Findings of the gate itself: about comments that take findings away, and about the baseline.
public enum GateRule {
  /// A comment that takes nothing away.
  public static let unusedSuppression = RuleInfo(
    id: "unused-suppression", summary: "a suppression that no finding needs", severity: .warning,
    cwe: [], precision: .high, securitySeverity: "", since: "0.2",
    why: "It hides the next flaw that comes to its line.",
    fix: "Remove the comment.",
    limits: """
      Said only of code that was analysed: a comment in a part that the preprocessor leaves out, in a \
      unit that was not analysed whole, or in a header of which not all units were analysed is not \
      judged.
      """)

  /// A comment whose last day has passed, or comes soon.
  public static let expiredSuppression = RuleInfo(
    id: "expired-suppression", summary: "a suppression that has expired, or will within two weeks",
    severity: .warning, cwe: [], precision: .veryHigh, securitySeverity: "", since: "0.2",
    why: "After its last day it takes nothing away: the finding is back.",
    fix: "Repair the code, or argue anew and give another day.",
    limits: "The day is that of the machine in UTC, or that of `--date`.")

  /// A comment that looks like a suppression and is none.
  public static let invalidSuppression = RuleInfo(
    id: "invalid-suppression", summary: "a suppression that does not hold", severity: .warning,
    cwe: [], precision: .veryHigh, securitySeverity: "", since: "0.2",
    why:
      "It has no reason, names no rule that there is, or is not of the one form: it takes nothing away.",
    fix: "Write `/* prgate:allow(rule-id) reason */`, with `until=YYYY-MM-DD` where it should end.",
    limits: "Comments that do not contain `prgate:` are not looked at.")

  /// A comment that the judged change adds.
  public static let addedSuppression = RuleInfo(
    id: "added-suppression", summary: "a suppression that the change adds", severity: .warning,
    cwe: [], precision: .veryHigh, securitySeverity: "", since: "0.2",
    why: "Who takes a finding away should not be the only one to know.",
    fix: "Repair the code instead, or let the owners of the policy merge it.",
    limits: """
      Off unless the policy gives it a level; the change's suppressions are listed for its reviewer in \
      any case.
      """)

  /// An entry of the baseline without a finding.
  public static let staleBaseline = RuleInfo(
    id: "stale-baseline", summary: "an entry of the baseline whose finding is gone",
    severity: .warning, cwe: [], precision: .veryHigh, securitySeverity: "", since: "0.2",
    why: "It would hide the same flaw when it comes back.",
    fix: "Run `prgate baseline prune` and commit the result.",
    limits: "Said only of files whose units were analysed whole. `--ratchet` makes it block.")

  /// An entry that a change adds to the baseline.
  public static let grownBaseline = RuleInfo(
    id: "grown-baseline", summary: "an entry that the change adds to the baseline",
    severity: .warning, cwe: [], precision: .veryHigh, securitySeverity: "", since: "0.2",
    why:
      "A baseline is for flaws that were there before; what comes later is repaired or suppressed.",
    fix:
      "Repair the code, or suppress the finding with a reason, and leave the baseline as it was.",
    limits: "Not said of the change that brings the first baseline. `--ratchet` makes it block.")

  /// All of them, sorted by id.
  public static let all = [
    addedSuppression, expiredSuppression, grownBaseline, invalidSuppression, staleBaseline,
    unusedSuppression,
  ]
}
