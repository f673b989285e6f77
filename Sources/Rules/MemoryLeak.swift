// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let memoryLeak = Rule(
    info: memoryLeakInfo,
    check: { pass, findings in
      reportLeaks(
        pass, &findings, rule: memoryLeakInfo, hint: "free it on this path, or hand it to an owner"
      ) { $0.isMemory }
    })
}

/// Reports what the function loses, for the families that one of the two rules speaks of.
func reportLeaks(
  _ pass: borrowing Pass, _ findings: inout [Finding], rule: RuleInfo, hint: String,
  families: (ResourceFamily) -> Bool
) {
  for observation in pass.result.observations {
    guard case .leak(let leak) = observation.kind, families(leak.family),
      observation.judgement != .possible
    else { continue }
    let what = leak.object.isEmpty ? "the \(leak.family.noun)" : "'\(leak.object)'"
    let last = "the function ends here, and nothing else holds \(what)"
    findings.append(
      pass.finding(
        rule, observation, "returns without releasing \(what), which '\(leak.source)' returned",
        tier: leak.isAssured ? .a : .b, hint: hint, last: last))
  }
}

private let memoryLeakInfo = RuleInfo(
  id: "memory-leak", summary: "loses the last pointer to allocated memory", severity: .warning,
  cwe: [401], precision: .medium, securitySeverity: "4.3", since: "0.1",
  why: """
    Memory that nobody can free is gone until the process ends. In a daemon or a driver a leak on an error
    path is a way to exhaust memory from outside: send what fails, again and again.
    """,
  fix: """
    Release on every way out, with one exit that frees in the reverse order of allocation (`goto out`), or
    hand the pointer to an owner before the first way out.
    """,
  limits: """
    Speaks where one path leads from the allocation to a return of the function, on which nothing can know
    of the memory: it is not returned, stored where callers see it, or passed to code that is not seen.
    Tier B where the function gives it to nobody on another path either, which may be meant, and where a
    condition on the way looks at memory, which may say who owns it. Functions with the form of `main` are
    left out, because the system takes back what a process holds.
    """)
