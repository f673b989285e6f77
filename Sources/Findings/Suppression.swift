// SPDX-License-Identifier: Apache-2.0

/// Why a finding is not held against a change, although it is there.
public struct Suppression: Hashable, Sendable {
  /// Where it is written.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// In a comment of the judged code.
    case inSource
    /// In the baseline file: the finding was there when the gate was introduced.
    case baseline
  }

  /// Where it is written.
  public var kind: Kind
  /// The rule that it names.
  public var rule: String
  /// The comment, or the line of the baseline file.
  public var location: Location
  /// The reason that somebody gave; "" where there is none.
  public var reason: String
  /// The last day on which it holds, as `2027-03-01`; "" without an end.
  public var until: String
  /// Whether the judged change adds it.
  public var isAdded: Bool

  /// Makes a suppression.
  public init(
    kind: Kind, rule: String, location: Location, reason: String, until: String = "",
    isAdded: Bool = false
  ) {
    self.kind = kind
    self.rule = rule
    self.location = location
    self.reason = reason
    self.until = until
    self.isAdded = isAdded
  }
}

/// A finding with the suppression that takes it away.
public struct SuppressedFinding: Hashable, Sendable {
  /// The finding; it never blocks.
  public var finding: ReportedFinding
  /// What takes it away.
  public var suppression: Suppression

  /// Makes a pair.
  public init(finding: ReportedFinding, suppression: Suppression) {
    self.finding = finding
    self.suppression = suppression
  }
}

/// A difference between the policy of the base, which decides, and that of the head.
public struct PolicyChange: Hashable, Sendable {
  /// What a difference does to the gate after the merge.
  public enum Effect: String, Hashable, Sendable, CaseIterable {
    case tightens, loosens, neutral
  }

  /// The key that changes, such as `rules.double-free.level`.
  public var subject: String
  /// Its value at the base; "" where it has none.
  public var before: String
  /// Its value at the head; "" where it has none.
  public var after: String
  /// What it does to the gate.
  public var effect: Effect

  /// Makes a difference.
  public init(subject: String, before: String, after: String, effect: Effect) {
    self.subject = subject
    self.before = before
    self.after = after
    self.effect = effect
  }
}

/// A file that the judged change touches, for formats whose viewers show findings in the change only.
public struct ChangedLines: Hashable, Sendable {
  /// The path at the head.
  public var path: String
  /// The lines that are new or different at the head, from 1, in their order.
  public var lines: [ClosedRange<Int>]

  /// Makes an entry.
  public init(path: String, lines: [ClosedRange<Int>]) {
    self.path = path
    self.lines = lines
  }
}
