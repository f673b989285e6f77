// SPDX-License-Identifier: Apache-2.0

/// The example of a rule: the text of its fixtures, which an installed program no longer has.
public struct RuleExample: Hashable, Sendable {
  /// C in which the rule finds something.
  public var bad: String
  /// The same, repaired.
  public var good: String

  /// The example of the rule with that id; nil where it has none.
  public static func of(rule id: String) -> RuleExample? { all[id] }
}
