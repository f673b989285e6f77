// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Reporting
import Rules

/// The files that are written from the rules, their fixtures and the arguments of the program.
struct GeneratedFiles {
  /// The texts by path.
  var texts: [String: String] = [:]

  /// Folders in which nothing else may lie.
  static let folders = ["docs/rules"]

  /// All of them; `prgate` is the built program, whose help becomes `docs/cli.md`, and which knows the
  /// schema of the policy.
  init(of checkout: Checkout, prgate: URL) throws {
    let rules = Rule.all.map(\.info).sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
    let examples = rules.map { rule in
      (
        id: rule.id, bad: Self.example(checkout.text("fixtures/\(rule.id)/example.bad.c")),
        good: Self.example(checkout.text("fixtures/\(rule.id)/example.good.c"))
      )
    }
    for (rule, example) in zip(rules, examples) {
      texts["docs/rules/\(rule.id).md"] = rulePage(rule, bad: example.bad, good: example.good)
    }
    texts["docs/rules/README.md"] = ruleTable(rules)
    texts["Sources/Rules/Examples.swift"] = Self.swiftFile(of: examples)
    let pages = CommandPages(of: prgate)
    texts["docs/cli.md"] = try pages.markdown()
    texts["docs/prgate.schema.json"] = try pages.policySchema()
  }

  /// The paths whose files in the tree differ from what would be written, sorted.
  func differences(from checkout: Checkout) -> [String] {
    let changed = texts.filter { checkout.text($0.key) != $0.value }.map(\.key)
    return (changed + leftovers(in: checkout)).sorted()
  }

  /// Files in our folders that nothing writes any more.
  func leftovers(in checkout: Checkout) -> [String] {
    Self.folders.flatMap { folder in
      checkout.names(in: folder).map { "\(folder)/\($0)" }.filter { texts[$0] == nil }
    }
  }

  /// A fixture as people read it: without its licence, and with the name of the rule alone where the
  /// tests expect a finding.
  private static func example(_ text: String?) -> String {
    (text ?? "").replacing(/^\/\/ SPDX-License-Identifier: .*\n/, with: "")
      .replacing(/\/\/ expect: ([a-z-]+).*/) { "// \($0.output.1)" }
  }

  /// The examples as Swift, so that an installed program can show them.
  private static func swiftFile(of examples: [(id: String, bad: String, good: String)]) -> String {
    var text = """
      // SPDX-License-Identifier: Apache-2.0

      // Written by `swift run Dev docs` from fixtures/<rule-id>/example.{bad,good}.c.

      extension RuleExample {
        /// The examples by rule id.
        static let all: [String: RuleExample] = [
      """
    for example in examples {
      text += "\n    \"\(example.id)\": RuleExample(\n"
      text += "      bad: \(literal(example.bad)),\n"
      text += "      good: \(literal(example.good))),"
    }
    return text + (examples.isEmpty ? ":" : "\n  ") + "]\n}\n"
  }

  /// A string literal over several lines, without escapes.
  private static func literal(_ text: String) -> String {
    guard !text.isEmpty else { return "\"\"" }
    var fence = "#"
    while text.contains("\"\"\"" + fence) || text.contains("\\" + fence) { fence += "#" }
    let lines = text.trimmingCharacters(in: .newlines)
      .split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.isEmpty ? "" : "        " + $0 }
    return "\(fence)\"\"\"\n\(lines.joined(separator: "\n"))\n        \"\"\"\(fence)"
  }
}
