// SPDX-License-Identifier: Apache-2.0

public import Findings

/// What a finding of a rule does to a change.
public enum Level: String, Hashable, Sendable {
  /// A new, well argued finding stops the change.
  case block
  /// It is shown.
  case warn
  /// It is not asked for.
  case off
}

/// What blocks: the project's decision, where the rules only propose.
public struct Policy: Hashable, Sendable {
  /// Levels by rule id; a rule that is not named has the level that its severity proposes.
  public var levels: [String: Level]

  /// Makes a policy.
  public init(levels: [String: Level] = [:]) { self.levels = levels }

  /// The policy of a project without one: errors block, all else warns.
  public static let builtIn = Policy()

  /// The level of the rule that made a finding.
  public func level(of finding: Finding) -> Level {
    levels[finding.rule] ?? (finding.severity == .error ? .block : .warn)
  }

  /// Whether a new finding stops the change: only what is argued with a witness or proven may.
  public func blocks(_ finding: Finding) -> Bool {
    finding.tier == .a && level(of: finding) == .block
  }
}
