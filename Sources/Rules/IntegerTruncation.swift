// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let integerTruncation = Rule(
    info: integerTruncationInfo,
    check: { pass, findings in
      reportSizes(
        pass, &findings, rule: integerTruncationInfo, .truncation,
        hint: "check the range before the conversion, or keep the wider type",
        tier: { $1 == .possible ? nil : .b }
      ) { "'\($0.expression)' can be \($0.worst), of which \($0.bits) bits are kept" }
    })
}

private let integerTruncationInfo = RuleInfo(
  id: "integer-truncation", summary: "converts a number to a type that cannot hold it",
  severity: .warning, cwe: [197, 681], precision: .medium, securitySeverity: "5.3", since: "0.1",
  why: """
    A conversion to a narrower type drops the upper bits (C11 6.3.1.3). A length of 65540 becomes 4, passes
    the check that follows, and what was meant to be copied is no longer what was checked.
    """,
  fix: """
    Check that the number fits before the conversion, or keep the wider type.
    """,
  limits: """
    Speaks, as likely only (tier B), of a variable that somebody outside chooses, or that holds a constant
    that does not fit. Silent where the function also masks, shifts or divides the variable, because bytes of
    it are meant then; where a result is stored at once, as in `char c = fgetc(file)`; and where 8 bits are
    enough but for the sign.
    """)
