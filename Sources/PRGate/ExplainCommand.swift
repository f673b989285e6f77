// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Findings
import Reporting
import Rules

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
    let rule = try RuleSet.rule(topic[0])
    let example = RuleExample.of(rule: rule.id)
    try StandardStreams.write(
      rulePage(rule, bad: example?.bad ?? "", good: example?.good ?? ""))
  }
}
