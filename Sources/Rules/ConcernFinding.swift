// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings
import IR

/// Reports what one of the rules on hardening speaks of.
func reportConcerns(
  _ pass: borrowing Pass, _ findings: inout [Finding], rule: RuleInfo, kinds: [ConcernKind],
  tier: (ConcernObservation) -> Tier? = { $0.isAssured ? .a : .b },
  hint: (ConcernObservation) -> String, message: (ConcernObservation) -> String
) {
  for observation in pass.result.observations {
    guard case .concern(let concern) = observation.kind, kinds.contains(concern.kind),
      let level = tier(concern)
    else { continue }
    let text = message(concern)
    findings.append(
      pass.finding(
        rule, observation, text, tier: observation.judgement == .possible ? .b : level,
        hint: hint(concern), last: text))
  }
}

extension ConcernObservation {
  /// A number as modes of files are written.
  var octal: String {
    value.map { "0" + String($0 & (callee.hasSuffix("get") ? 0o777 : 0o7777), radix: 8) }
      ?? "a mode with the bits 0002"
  }

  /// Where a text comes from, in words.
  var origin: String {
    source == "main" ? "the arguments of the program" : "outside, by way of '\(source)'"
  }

  /// Whether whoever starts the program chooses the text, and not somebody else.
  var isOfUser: Bool { ["main", "getenv", "secure_getenv"].contains(source) }
}

/// The finding of a rule on hardening in the initialiser of a variable.
func declarationFinding(
  _ declaration: DeclarationConcern, _ module: Module, rule: RuleInfo, message: String, hint: String
) -> Finding {
  let global = module.globals[declaration.global]
  let origin = module.origins[global.origin]
  let location = module.location(of: global.origin)
  return Finding(
    rule: rule.id, tier: declaration.concern.isAssured ? .a : .b, severity: rule.severity,
    message: message, location: location, function: module.symbols[global.name],
    functionUSR: module.symbols[global.usr],
    statementHash: module.statements[origin.statement].tokenHash,
    events: [Event(location: location, message: message)], witness: [], hint: hint)
}
