// SPDX-License-Identifier: Apache-2.0

public import Findings

/// The page of a rule in Markdown: what `explain` prints, and what `docs/rules` holds.
///
/// Every sentence of it comes from the rule or from its fixtures; `bad` and `good` are the text of its
/// example, empty where there is none.
public func rulePage(_ rule: RuleInfo, bad: String, good: String) -> String {
  var page = "# \(rule.id)\n\n"
  page += "\(sentence(rule.summary))\n\n"
  let facts = [
    rule.severity.rawValue, weaknesses(of: rule), "precision \(rule.precision.rawValue)",
    "since \(rule.since)",
  ]
  page += facts.filter { !$0.isEmpty }.joined(separator: " · ") + "\n"
  page += section("Why", rule.why)
  if !bad.isEmpty { page += section("Example", "```c\n\(trimmed(bad))\n```") }
  if !good.isEmpty { page += section("Instead", "```c\n\(trimmed(good))\n```") }
  page += section("Fix", rule.fix)
  page += section("Limits", rule.limits)
  return page
}

/// The table of all rules in Markdown, in the order given.
public func ruleTable(_ rules: [RuleInfo]) -> String {
  var table = "# Rules\n\n"
  table += "Rules of severity error block a change, unless the policy says otherwise.\n\n"
  table += "| rule | finds code that | severity | CWE | precision |\n|---|---|---|---|---|\n"
  for rule in rules {
    table += "| [\(rule.id)](\(rule.id).md) | \(rule.summary) | \(rule.severity.rawValue) "
    table += "| \(weaknesses(of: rule)) | \(rule.precision.rawValue) |\n"
  }
  return table
}

private func weaknesses(of rule: RuleInfo) -> String {
  rule.cwe.map { "CWE-\($0)" }.joined(separator: ", ")
}

private func section(_ title: String, _ text: String) -> String {
  "\n## \(title)\n\n\(trimmed(text))\n"
}

private func sentence(_ text: String) -> String {
  text.prefix(1).uppercased() + text.dropFirst() + "."
}

private func trimmed(_ text: String) -> String {
  var text = Substring(text)
  while text.last?.isWhitespace == true { text.removeLast() }
  while text.first == "\n" { text.removeFirst() }
  return String(text)
}
