// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let taintedSize = Rule(
    info: taintedSizeInfo,
    check: { pass, findings in
      reportAccesses(pass, &findings, rule: taintedSizeInfo, .taintedSize)
      reportSizes(
        pass, &findings, rule: taintedSizeInfo, .allocation,
        hint: "check the size against what the program can need",
        tier: { $1 == .possible ? nil : .b }
      ) { "'\($0.callee)' asks for as many bytes as somebody outside says" }
    })
}

private let taintedSizeInfo = RuleInfo(
  id: "tainted-size", summary: "takes a size from outside that nothing bounds well enough",
  severity: .error, cwe: [1284, 789, 787, 125], precision: .high, securitySeverity: "8.8",
  since: "0.1",
  why: """
    A length that a file, a peer or the user supplies takes every value of its type. As the count of
    `memcpy`, `read` or the like it makes the call read or write past the end of the object.
    """,
  fix: """
    Compare the length with the size of the destination, and with the bytes that are really there,
    before the call.
    """,
  limits: """
    Speaks where the size of the object is known here or in a caller, and a value from outside that
    passes all checks leaves it. Any check that bounds the value well enough makes the rule silent,
    whatever it is called; a check against something unknown counts as good enough. Memory of any
    size that is asked for is tier B: `malloc` may fail, and the program may be meant to.
    """)
