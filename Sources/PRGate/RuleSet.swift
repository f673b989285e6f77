// SPDX-License-Identifier: Apache-2.0

import Findings
import Rules

/// The rules that a run asks.
enum RuleSet {
  /// All rules, sorted by id.
  static var all: [RuleInfo] { Rule.all.map(\.info) }

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
    let nearest = all.map(\.id).min { distance($0, id) < distance($1, id) }
    let guess = nearest.flatMap { distance($0, id) <= 4 ? " (did you mean '\($0)'?)" : nil } ?? ""
    return "there is no rule '\(id)'\(guess); 'prgate rules' lists them"
  }

  /// The Levenshtein distance of two names.
  private static func distance(_ left: String, _ right: String) -> Int {
    let right = Array(right.utf8)
    var row = Array(0...right.count)
    for (index, byte) in left.utf8.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in right.indices {
        let substitution = diagonal + (right[column] == byte ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(substitution, row[column] + 1, diagonal + 1)
      }
    }
    return row[right.count]
  }
}
