// SPDX-License-Identifier: Apache-2.0

import Findings
import Gate
import Rules

/// The rules that a run asks.
enum RuleSet {
  /// The rules that ask the analysis, sorted by id.
  static var analysis: [RuleInfo] { Rule.all.map(\.info) }

  /// All rules, with those of the gate about suppressions and the baseline; sorted by id.
  static var all: [RuleInfo] { (analysis + GateRule.all).sorted { $0.id < $1.id } }

  /// The rules of `--select` without those of `--ignore`; all where nothing is selected.
  static func selection(
    select: [String], ignore: [String]
  ) throws(CommandFailure) -> [RuleInfo] {
    for id in select + ignore where !all.contains(where: { $0.id == id }) {
      throw .usage(unknown(id))
    }
    return all.filter { rule in
      (select.isEmpty || select.contains(rule.id)) && !ignore.contains(rule.id)
    }
  }

  /// The rule of that name.
  static func rule(_ id: String) throws(CommandFailure) -> RuleInfo {
    guard let rule = all.first(where: { $0.id == id }) else { throw .usage(unknown(id)) }
    return rule
  }

  private static func unknown(_ id: String) -> String {
    let guess = nearestName(to: id, in: all.map(\.id)).map { " (did you mean '\($0)'?)" } ?? ""
    return "there is no rule '\(id)'\(guess); 'prgate rules' lists them"
  }
}
