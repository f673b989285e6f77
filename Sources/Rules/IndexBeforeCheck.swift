// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let indexBeforeCheck = Rule(
    info: indexBeforeCheckInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .lateCheck(let use) = observation.kind, observation.judgement != .possible
        else { continue }
        let verb = use.isWrite ? "writes" : "reads"
        var finding = pass.finding(
          indexBeforeCheckInfo, observation,
          "\(verb) '\(use.object)' at '\(use.index)' before '\(use.check)' checks the index",
          tier: .b, hint: "move the check before the access",
          last: "\(verb) one of \(use.count) elements at '\(use.index)'")
        finding.events.append(
          Event(
            location: use.checkLocation, message: "'\(use.check)' checks '\(use.index)' only here"))
        findings.append(finding)
      }
    })
}

private let indexBeforeCheckInfo = RuleInfo(
  id: "index-before-check", summary: "uses an index before the check of its range",
  severity: .warning, cwe: [129, 125], precision: .medium, securitySeverity: "5.3", since: "0.1",
  why: """
    The check says that the index can lie outside of the array. Where it does, the access before the
    check has already read or written past the array, which is undefined (C11 6.5.6p8); and compilers
    may conclude from the access that the check always passes, and remove it.
    """,
  fix: """
    Check first. In a condition, write the range before the access: `i < n && t[i]`.
    """,
  limits: """
    Speaks where every way to the check passes the access, nothing changes the index between them, and
    the check holds it against the number of elements of that very array, or against zero. Always tier
    B: callers may pass nothing but good indices, and the check be the part that is not needed. Arrays
    of known size only; what a callee checks is not seen.
    """)
