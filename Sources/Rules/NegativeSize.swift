// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let negativeSize = Rule(
    info: negativeSizeInfo,
    check: { pass, findings in
      reportSizes(
        pass, &findings, rule: negativeSizeInfo, .negative,
        hint: "check that it is not negative before the call",
        tier: { $1 == .possible ? nil : $0.isAllocation ? .b : .a }
      ) { "'\($0.callee)' takes '\($0.expression)' as a size, which can be negative" }
    })
}

private let negativeSizeInfo = RuleInfo(
  id: "negative-size", summary: "takes a number that can be negative as a size",
  severity: .error, cwe: [195, 194, 787], precision: .high, securitySeverity: "8.8", since: "0.1",
  why: """
    A negative number that is converted to `size_t` becomes a number near 2⁶⁴ (C11 6.3.1.3p2), so that
    a check such as `n > sizeof buffer` on the signed number lets it through, and the call then copies
    until the process dies, or until an attacker has what they want.
    """,
  fix: """
    Check for negative values before the call, or keep lengths in unsigned types from the start.
    """,
  limits: """
    Speaks where a value from outside, a failed call's -1, or a condition of the program makes the
    number negative on a confirmed path. A parameter is judged at the calls. An allocation of such a
    size is tier B, because it fails.
    """)
