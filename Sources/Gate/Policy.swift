// SPDX-License-Identifier: Apache-2.0

public import Findings

/// What a finding of a rule does to a change.
public enum Level: String, Hashable, Comparable, Sendable, CaseIterable {
  /// It is not asked for.
  case off
  /// It is shown.
  case warn
  /// A new, well argued finding stops the change.
  case block

  /// Orders the strictest last.
  public static func < (left: Level, right: Level) -> Bool { left.strictness < right.strictness }

  /// The next looser level.
  var relaxed: Level { self == .block ? .warn : .off }

  private var strictness: Int { self == .off ? 0 : self == .warn ? 1 : 2 }
}

/// What a policy says of one rule.
public struct RuleSetting: Hashable, Sendable {
  /// The level.
  public var level: Level
  /// The first day of the level; until then the next looser one holds.
  public var since: Day?

  /// Makes a setting.
  public init(_ level: Level, since: Day? = nil) {
    self.level = level
    self.since = since
  }
}

/// How the gate ends when something that was needed was not analysed.
public enum IncompleteAction: String, Hashable, Sendable, CaseIterable {
  /// With status 3; a policy that says so forbids `--on-incomplete=warn`.
  case fail
  /// With status 0 and a loud warning.
  case warn
}

/// What blocks: the project's decision, where the rules only propose.
public struct Policy: Hashable, Sendable {
  /// Settings by rule id; a rule that is not named has its default level.
  public var rules: [String: RuleSetting]
  /// The branch that changes go to, such as `origin/main`; nil for the main branch of `origin`.
  public var base: String?
  /// Files in which nothing is judged.
  public var excluded: [PathPattern] = []
  /// Whether generated files are not judged: those with a generator's mark or git's attribute
  /// `linguist-generated`.
  public var excludesGenerated = true
  /// Whether files with git's attribute `linguist-vendored` are not judged.
  public var excludesVendored = true
  /// What an open answer does; nil where the command line decides.
  public var onIncomplete: IncompleteAction?
  /// Whether files that a change does not reach by what they read stay out of its judgement, whatever they
  /// call.
  public var judgesReachedOnly = false
  /// The most days that a suppression may hold; nil for any number.
  public var maximumSuppressionDays: Int?
  /// Whether every suppression needs a last day.
  public var requiresUntil = false
  /// The compilation database, relative to the root; nil to search for it.
  public var compilationDatabase: String?
  /// Seconds of processor time for each unit; nil for the program's default.
  public var timeout: Int?
  /// Seconds for a whole run; nil for any time.
  public var budget: Int?
  /// Configurations of a file that are analysed; nil for the program's default.
  public var configurations: Int?
  /// Files with models of the project's own functions, relative to the root.
  public var models: [String] = []

  /// Makes a policy of settings for rules.
  public init(rules: [String: RuleSetting] = [:]) { self.rules = rules }

  /// Makes a policy of levels for rules.
  public init(levels: [String: Level]) {
    self.init(rules: levels.mapValues { RuleSetting($0) })
  }

  /// The policy of a project without one: errors block, all else warns.
  public static let builtIn = Policy()

  /// The level of a rule with a severity, whatever the day is.
  public func level(of rule: String, severity: Severity) -> Level {
    rules[rule]?.level ?? Self.defaultLevel(of: rule, severity: severity)
  }

  /// The level of the rule that made a finding.
  public func level(of finding: Finding) -> Level {
    level(of: finding.rule, severity: finding.severity)
  }

  /// Whether a new finding stops the change: only what is argued with a witness or proven may.
  public func blocks(_ finding: Finding) -> Bool {
    finding.tier == .a && level(of: finding) == .block
  }

  /// The policy as it holds on a day.
  public func inEffect(on day: Day) -> Policy {
    var policy = self
    policy.rules = rules.mapValues { setting in
      guard let since = setting.since, day < since else { return RuleSetting(setting.level) }
      return RuleSetting(setting.level.relaxed)
    }
    return policy
  }

  /// Whether a pattern of the policy takes a file out of judgement.
  public func excludes(_ path: String) -> Bool { excluded.contains { $0.matches(path) } }

  static func defaultLevel(of rule: String, severity: Severity) -> Level {
    if rule == GateRule.addedSuppression.id { return .off }
    return severity == .error ? .block : .warn
  }
}
