// SPDX-License-Identifier: Apache-2.0

public import Findings

extension Policy {
  /// The policy that judges a change: that of the base, and what the change makes stricter.
  ///
  /// What the change makes looser takes effect after the merge, so that no change can disarm the gate
  /// that judges it.
  public func tightened(by head: Policy, rules infos: [RuleInfo]) -> Policy {
    var policy = self
    for info in infos {
      let own = setting(of: info)
      let other = head.setting(of: info)
      if Self.effect(from: own, to: other) == .tightens { policy.rules[info.id] = other }
    }
    policy.excluded = excluded.filter { head.excluded.contains($0) }
    policy.excludesGenerated = excludesGenerated && head.excludesGenerated
    policy.excludesVendored = excludesVendored && head.excludesVendored
    policy.onIncomplete = Self.stricter(onIncomplete, head.onIncomplete)
    policy.judgesReachedOnly = judgesReachedOnly && head.judgesReachedOnly
    policy.maximumSuppressionDays =
      [maximumSuppressionDays, head.maximumSuppressionDays].compactMap(\.self).min()
    policy.requiresUntil = requiresUntil || head.requiresUntil
    return policy
  }

  /// How `head` differs from this policy, rule by rule and setting by setting; `infos` are the rules
  /// that there are, with their default levels.
  public func changes(to head: Policy, rules infos: [RuleInfo]) -> [PolicyChange] {
    var changes: [PolicyChange] = []
    func add(
      _ subject: String, _ before: String, _ after: String, _ effect: PolicyChange.Effect
    ) {
      guard before != after else { return }
      changes.append(
        PolicyChange(subject: subject, before: before, after: after, effect: effect))
    }
    for info in infos {
      let own = setting(of: info)
      let other = head.setting(of: info)
      add(
        "rules.\(info.id)", own.description, other.description, Self.effect(from: own, to: other))
    }
    add("base", base ?? "", head.base ?? "", .neutral)
    for pattern in head.excluded where !excluded.contains(pattern) {
      add("paths.exclude", "", pattern.text, .loosens)
    }
    for pattern in excluded where !head.excluded.contains(pattern) {
      add("paths.exclude", pattern.text, "", .tightens)
    }
    addChanges(to: head, add)
    return changes
  }

  private func addChanges(
    to head: Policy, _ add: (String, String, String, PolicyChange.Effect) -> Void
  ) {
    func truth(_ key: String, _ before: Bool, _ after: Bool) {
      add(key, "\(before)", "\(after)", after ? .tightens : .loosens)
    }
    truth("paths.generated", !excludesGenerated, !head.excludesGenerated)
    truth("paths.vendored", !excludesVendored, !head.excludesVendored)
    let isStricter = Self.stricter(onIncomplete, head.onIncomplete) == head.onIncomplete
    add(
      "gate.on-incomplete", onIncomplete?.rawValue ?? "", head.onIncomplete?.rawValue ?? "",
      isStricter ? .tightens : .loosens)
    let reach = { (isReachedOnly: Bool) in isReachedOnly ? "reached" : "all" }
    add(
      "gate.program", reach(judgesReachedOnly), reach(head.judgesReachedOnly),
      head.judgesReachedOnly ? .loosens : .tightens)
    let days = maximumSuppressionDays ?? .max
    let otherDays = head.maximumSuppressionDays ?? .max
    add(
      "suppressions.max-days", maximumSuppressionDays.map(String.init) ?? "",
      head.maximumSuppressionDays.map(String.init) ?? "",
      otherDays < days ? .tightens : .loosens)
    truth("suppressions.require-until", requiresUntil, head.requiresUntil)
    add("compilation-database", compilationDatabase ?? "", head.compilationDatabase ?? "", .neutral)
    add("limits.timeout", Self.text(timeout), Self.text(head.timeout), .neutral)
    add("limits.budget", Self.text(budget), Self.text(head.budget), .neutral)
    add(
      "limits.configurations", Self.text(configurations), Self.text(head.configurations), .neutral)
    add(
      "models", models.joined(separator: " "), head.models.joined(separator: " "),
      .neutral)
  }

  private func setting(of info: RuleInfo) -> RuleSetting {
    rules[info.id]
      ?? RuleSetting(Self.defaultLevel(of: info.id, severity: info.severity))
  }

  private static func effect(
    from own: RuleSetting, to other: RuleSetting
  ) -> PolicyChange.Effect {
    if own.level != other.level { return own.level < other.level ? .tightens : .loosens }
    guard own.since != other.since else { return .neutral }
    let (first, second) = (own.since?.number ?? .min, other.since?.number ?? .min)
    return second < first ? .tightens : .loosens
  }

  /// The stricter of two answers; to leave it to the command line is in the middle.
  private static func stricter(
    _ one: IncompleteAction?, _ other: IncompleteAction?
  ) -> IncompleteAction? {
    if one == .fail || other == .fail { return .fail }
    return one == .warn && other == .warn ? .warn : nil
  }

  private static func text(_ number: Int?) -> String { number.map(String.init) ?? "" }
}

extension RuleSetting {
  /// As in `.prgate.yml`, on one line.
  var description: String {
    level.rawValue + (since.map { " since \($0)" } ?? "")
  }
}
