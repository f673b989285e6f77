// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

// What the rules on numbers share that a function holds against nothing.

/// Reports the numbers with one role, always tier B: who supplies the number may keep to a bound.
func reportUnchecked(
  _ pass: borrowing Pass, _ findings: inout [Finding], rule: RuleInfo,
  _ role: UncheckedObservation.Role, message: (UncheckedObservation) -> String
) {
  for observation in pass.result.observations {
    guard case .unchecked(let number) = observation.kind, number.role == role,
      observation.judgement != .possible
    else { continue }
    let text = message(number)
    findings.append(pass.finding(rule, observation, text, tier: .b, last: text))
  }
}
