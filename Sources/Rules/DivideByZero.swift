// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let divideByZero = Rule(
    info: divideByZeroInfo,
    check: { pass, findings in
      reportSizes(
        pass, &findings, rule: divideByZeroInfo, .divisor,
        hint: "check that the divisor is not zero", tier: tier
      ) { "divides by '\($0.expression)', which can be zero" }
    })
}

private func tier(_ number: SizeObservation, _ judgement: Judgement) -> Tier? {
  if judgement == .possible { return nil }
  if number.isFloating { return .b }
  let isConstant = judgement == .proven && number.source == .constant
  return isConstant || number.isBytes ? .a : .b
}

private let divideByZeroInfo = RuleInfo(
  id: "divide-by-zero", summary: "divides by a number that can be zero",
  severity: .error, cwe: [369], precision: .high, securitySeverity: "5.3", since: "0.1",
  why: """
    Dividing an integer by zero is undefined (C11 6.5.5p5); on most machines it ends the process, so
    that one packet with a zero stops the service.
    """,
  fix: """
    Check for zero before the division.
    """,
  limits: """
    Blocks where the divisor is the constant zero on a path, and where bytes of a file or a peer supply
    the zero. A number from a line of text, as in `/proc`, and one that only a condition of the program
    lets through are tier B: the program may know better. So is a floating divisor, which makes an infinity
    and no end of the process by itself.
    """)
