// SPDX-License-Identifier: Apache-2.0

public import Findings

/// A line of the baseline file: a finding that was there when the gate was introduced.
public struct BaselineEntry: Hashable, Sendable, Codable {
  /// The version of the form of the line.
  public var v: Int
  /// The fingerprint, which tells equal findings apart.
  public var fingerprint: String
  /// The rule.
  public var rule: String
  /// The file.
  public var path: String
  /// The function, without its file; "" outside functions.
  public var function: String
  /// The hash of the statement, in hexadecimal.
  public var statement: String
  /// The line when the entry was made, for people; never compared.
  public var line: Int

  /// Makes the entry of a finding.
  init(_ reported: ReportedFinding) {
    let identity = Identity(reported.finding)
    v = 1
    fingerprint = reported.fingerprint
    (rule, path, function) = (identity.rule, identity.path, identity.function)
    statement = String(identity.statementHash, radix: 16)
    line = reported.finding.location.point.line
  }

  /// What it stands for; nil for a line that was not written by `prgate`.
  var identity: Identity? {
    guard let hash = UInt64(statement, radix: 16) else { return nil }
    return Identity(rule: rule, path: path, function: function, statementHash: hash)
  }

  /// The order of the file: by path, rule and fingerprint, so that merges meet rarely.
  static func isOrderedBefore(_ left: BaselineEntry, _ right: BaselineEntry) -> Bool {
    if left.path != right.path { return left.path.utf8.lexicographicallyPrecedes(right.path.utf8) }
    if left.rule != right.rule { return left.rule.utf8.lexicographicallyPrecedes(right.rule.utf8) }
    return left.fingerprint.utf8.lexicographicallyPrecedes(right.fingerprint.utf8)
  }
}

/// The findings that a project has accepted to live with, until they are repaired.
///
/// A merge of two branches may leave a line twice (`merge=union`): that is one entry.
public struct Baseline: Hashable, Sendable {
  /// The file in the root of the repository.
  public static let name = ".prgate-baseline.jsonl"

  /// The entries in the order of the file.
  public private(set) var entries: [BaselineEntry]

  /// Makes a baseline of entries in any order, with repetitions.
  ///
  /// - Returns: nil where an entry is not of the one form that there is.
  public init?(_ entries: [BaselineEntry]) {
    guard entries.allSatisfy({ $0.v == 1 && $0.identity != nil }) else { return nil }
    var seen: Set<String> = []
    self.entries = entries.filter { seen.insert($0.fingerprint).inserted }
      .sorted(by: BaselineEntry.isOrderedBefore)
  }

  /// The baseline of findings: those that are argued; what is only likely never blocks.
  public init(of findings: [ReportedFinding]) {
    let ids = Set(GateRule.all.map(\.id))
    entries = findings.filter { $0.finding.tier == .a && !ids.contains($0.finding.rule) }
      .map(BaselineEntry.init).sorted(by: BaselineEntry.isOrderedBefore)
  }

  /// The baseline without some of its entries.
  public func removing(_ gone: [BaselineEntry]) -> Baseline {
    var copy = self
    let names = Set(gone.map(\.fingerprint))
    copy.entries.removeAll { names.contains($0.fingerprint) }
    return copy
  }

  /// The entries that `other` has not.
  public func entries(missingIn other: Baseline) -> [BaselineEntry] {
    let names = Set(other.entries.map(\.fingerprint))
    return entries.filter { !names.contains($0.fingerprint) }
  }

  var side: MatchingSide {
    MatchingSide(
      identities: entries.compactMap(\.identity),
      tiers: Array(repeating: .a, count: entries.count))
  }

  /// The baseline as what takes a finding away.
  func suppression(of finding: Finding) -> Suppression {
    Suppression(
      kind: .baseline, rule: finding.rule, location: Self.location(line: 1, text: ""),
      reason: "it was there when the gate was introduced")
  }

  /// A finding about an entry, which stands on `line` of the file, from 1, as `text`.
  public static func finding(
    _ rule: RuleInfo, about entry: BaselineEntry, line: Int, text: String
  ) -> Finding {
    let place = "\(entry.path):\(entry.line)"
    let message =
      rule.id == GateRule.staleBaseline.id
      ? "the finding of '\(entry.rule)' at \(place) is gone"
      : "the change adds '\(entry.rule)' at \(place) to the baseline"
    return gateFinding(
      rule, message, at: location(line: line, text: text), text: entry.fingerprint,
      hint: rule.id == GateRule.staleBaseline.id ? "run 'prgate baseline prune'" : "")
  }

  private static func location(line: Int, text: String) -> Location {
    let start = Position(line: line, column: 1)
    let end = Position(line: line, column: max(2, text.utf8.count + 1))
    return Location(path: name, start: start, end: end, point: start, sourceLine: text)
  }
}
