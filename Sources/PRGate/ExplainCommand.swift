// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Findings

/// `prgate explain`: what a rule finds and why, or what an exit status means.
struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Explain a rule ('explain RULE') or a status ('explain exit N').")

  @Argument(help: "The name of a rule, or 'exit' and a number.")
  var topic: [String]

  func run() throws {
    if topic.count == 2, topic[0] == "exit" {
      guard let number = Int32(topic[1]), let status = ExitStatus(rawValue: number) else {
        let known = ExitStatus.allCases.map { String($0.rawValue) }.joined(separator: ", ")
        throw CommandFailure.usage("prgate never exits with '\(topic[1])'; it does with \(known)")
      }
      return try StandardStreams.write("\(number): \(status.meaning)\n")
    }
    guard topic.count == 1 else {
      throw CommandFailure.usage("one rule at a time: 'prgate explain RULE' or 'explain exit N'")
    }
    try StandardStreams.write(Self.page(try RuleSet.rule(topic[0])))
  }

  private static func page(_ rule: RuleInfo) -> String {
    let cwe = rule.cwe.map { "CWE-\($0)" }.joined(separator: ", ")
    return """
      \(rule.id): \(rule.summary) (\(cwe))

      Why
      \(rule.why)

      Fix
      \(rule.fix)

      Limits
      \(rule.limits)

      """
  }
}
