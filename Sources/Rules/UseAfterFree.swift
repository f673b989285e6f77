// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let useAfterFree = Rule(
    info: useAfterFreeInfo,
    check: { pass, findings in
      reportReleased(pass, &findings, rule: useAfterFreeInfo, isRelease: false) { use, name in
        use.callee.isEmpty ? "uses what \(name) points to" : "'\(use.callee)' uses \(name)"
      }
    })
}

private let useAfterFreeInfo = RuleInfo(
  id: "use-after-free", summary: "uses memory after its release", severity: .error, cwe: [416],
  precision: .high, securitySeverity: "8.1", since: "0.1",
  why: """
    After `free` the memory may belong to somebody else (C11 6.2.4p2): a read leaks it, a write
    corrupts it.
    """,
  fix: """
    Release last. Take what is still needed out of the memory before, as in
    `next = p->next; free(p);`.
    """,
  limits: """
    Speaks where one path releases the memory and then reads or writes through a pointer into it,
    through functions of the program as well where they release it on every path. Passing the pointer
    on to code that is not seen is not judged.
    """)
