// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Findings
import Foundation
import Gate
import Rules

/// `prgate rules`: what there is to find.
struct RulesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rules", abstract: "List the rules.")

  /// The form of the list.
  enum ListFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
  }

  @Option(name: .shortAndLong, help: "The form of the list.")
  var format = ListFormat.text

  func run() throws {
    switch format {
    case .text: try StandardStreams.write(Self.table(RuleSet.all))
    case .json: try StandardStreams.write(Self.json(RuleSet.all))
    }
  }

  /// One rule a line: id, level, CWE, summary.
  private static func table(_ rules: [RuleInfo]) -> String {
    let width = rules.map(\.id.count).max() ?? 0
    return rules.map { rule in
      let id = rule.id.padding(toLength: width, withPad: " ", startingAt: 0)
      let level = Policy.builtIn.level(of: rule).rawValue.padding(
        toLength: 5, withPad: " ", startingAt: 0)
      let cwe = rule.cwe.map { "CWE-\($0)" }.joined(separator: ", ")
      return "\(id)  \(level)  \(rule.summary)" + (cwe.isEmpty ? "" : " (\(cwe))") + "\n"
    }.joined()
  }

  private struct Row: Encodable {
    var id, summary, level, severity, precision, since: String
    var cwe: [Int]
  }

  private static func json(_ rules: [RuleInfo]) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let rows = rules.map { rule in
      Row(
        id: rule.id, summary: rule.summary, level: Policy.builtIn.level(of: rule).rawValue,
        severity: rule.severity.rawValue, precision: rule.precision.rawValue, since: rule.since,
        cwe: rule.cwe)
    }
    return String(decoding: try encoder.encode(rows), as: UTF8.self) + "\n"
  }
}

extension Policy {
  /// The level of a rule.
  func level(of rule: RuleInfo) -> Level { level(of: rule.id, severity: rule.severity) }
}
