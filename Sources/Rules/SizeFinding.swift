// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

// What the rules on numbers share.

extension BoundSource {
  /// Why the program can get there.
  var reason: String {
    switch self {
    case .constant: ""
    case .check(let text): ", because the check '\(text)' lets it through"
    case .loop(let text): ", because the loop runs while '\(text)'"
    case .loopUntil(let text): ", because the loop runs until '\(text)'"
    case .loopEnd(let text, let holds):
      ", because the loop ends when '\(text)' \(holds ? "holds" : "fails")"
    case .model(let text): ", because '\(text)' can return that"
    case .formatted(let text):
      ", because '\(text)' returns what it would have needed, not what it wrote"
    case .input(let text): ", because '\(text)' supplies it and nothing bounds it"
    case .policy(let text): ", because the policy of '\(text)' lets it through"
    }
  }
}

/// Reports the numbers with one defect.
func reportSizes(
  _ pass: borrowing Pass, _ findings: inout [Finding], rule: RuleInfo, _ defect: SizeDefect,
  hint: String = "", tier: (SizeObservation, Judgement) -> Tier? = { argued($0, $1) },
  message: (SizeObservation) -> String
) {
  for observation in pass.result.observations {
    guard case .size(let number) = observation.kind, number.defect == defect,
      let tier = tier(number, observation.judgement)
    else { continue }
    let shown = observation.witness.first.flatMap {
      defect == .truncation && $0.name == number.expression ? nil : $0
    }
    let condition = shown.map { " when '\($0.name)' is \($0.value)" } ?? ""
    let text = message(number)
    findings.append(
      pass.finding(
        rule, observation, text + condition + number.source.reason,
        tier: number.isBelieved ? .b : tier, hint: hint,
        last: text))
  }
}

/// Tier A for what a path confirms.
func argued(_ number: SizeObservation, _ judgement: Judgement) -> Tier? {
  judgement == .possible ? nil : .a
}
