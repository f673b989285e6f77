// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let resourceLeak = Rule(
    info: resourceLeakInfo,
    check: { pass, findings in
      reportLeaks(
        pass, &findings, rule: resourceLeakInfo,
        hint: "close it on this path, or hand it to an owner"
      ) { !$0.isMemory }
    })
}

private let resourceLeakInfo = RuleInfo(
  id: "resource-leak", summary: "loses the last reference to a descriptor or stream",
  severity: .warning, cwe: [772, 775, 773], precision: .medium, securitySeverity: "4.3",
  since: "0.1",
  why: """
    A process may hold a limited number of descriptors. One that an error path leaves open stays open
    until the process ends; when the limit is reached, `accept` and `open` fail for everybody. What a child
    process inherits by such a descriptor may not be meant for it.
    """,
  fix: """
    Close on every way out, with one exit that closes in the reverse order of opening (`goto out`), or
    hand the descriptor to an owner before the first way out.
    """,
  limits: """
    Speaks where one path leads from the call that opens to a return of the function, on which nothing can
    know of the descriptor, stream or directory: it is not returned, stored where callers see it, or
    passed to code that is not seen. Tier B where the function closes it on no other path, and where a
    condition on the way looks at memory, which may say who owns it. Functions with the form of `main` are left out.
    """)
