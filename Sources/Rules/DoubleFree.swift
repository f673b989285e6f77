// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let doubleFree = Rule(
    info: doubleFreeInfo,
    check: { pass, findings in
      reportReleased(pass, &findings, rule: doubleFreeInfo, isRelease: true) { use, name in
        "'\(use.callee)' releases \(name) a second time"
      }
    })
}

/// Reports the uses after a release that one of the two rules speaks of.
func reportReleased(
  _ pass: borrowing Pass, _ findings: inout [Finding], rule: RuleInfo, isRelease: Bool,
  message: (ReleasedObservation, String) -> String
) {
  for observation in pass.result.observations {
    guard case .released(let use) = observation.kind, use.isRelease == isRelease,
      use.family.isMemory, observation.judgement != .possible
    else { continue }
    let name = use.object.isEmpty ? "the memory" : "'\(use.object)'"
    let text = message(use, name)
    let cause = use.cause.isEmpty ? "it was released" : "'\(use.cause)' released it"
    findings.append(
      pass.finding(
        rule, observation, "\(text), after \(cause)", tier: use.isBelieved ? .b : .a,
        hint: "set the pointer to NULL where it is released, or leave the path there", last: text))
  }
}

private let doubleFreeInfo = RuleInfo(
  id: "double-free", summary: "releases the same memory twice", severity: .error, cwe: [415],
  precision: .high, securitySeverity: "8.1", since: "0.1",
  why: """
    A second `free` of the same pointer is undefined (C11 7.22.3.3p2); with most allocators it hands
    the same block out twice, which an attacker turns into a write of their choice.
    """,
  fix: """
    Give the memory one owner. Set the pointer to `NULL` where it is released, or leave the function
    on that path.
    """,
  limits: """
    Speaks where one path releases the same pointer twice, through functions of the program as well
    where they release it on every path. A function that releases only sometimes, as with a reference
    count, is taken not to.
    """)
