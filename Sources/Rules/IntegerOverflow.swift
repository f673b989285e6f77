// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let integerOverflow = Rule(
    info: integerOverflowInfo,
    check: { pass, findings in
      reportSizes(
        pass, &findings, rule: integerOverflowInfo, .overflow,
        hint: "check the operands before, or compute in a wider type",
        tier: { $1 == .possible ? nil : .b }
      ) { "'\($0.computed)' can be \($0.worst), which \($0.bits) bits cannot hold" }
    })
}

private let integerOverflowInfo = RuleInfo(
  id: "integer-overflow", summary: "computes a number that its type cannot hold",
  severity: .warning, cwe: [190, 191], precision: .medium, securitySeverity: "5.3", since: "0.1",
  why: """
    Signed overflow is undefined (C11 6.5p5), and an unsigned result that wraps is seldom the number
    that was meant. Lengths and limits that are computed so let the wrong things through.
    """,
  fix: """
    Check the operands before the operation, or compute in a wider type.
    """,
  limits: """
    Speaks, as likely only (tier B), where somebody outside chooses an operand that no check bounds, or
    where the operands are constants on the path. What the result is used for is judged by the other
    rules, which block.
    """)
