// SPDX-License-Identifier: Apache-2.0

import Findings

extension Rule {
  /// See `info.summary`.
  public static let bufferUnderrun = Rule(
    info: bufferUnderrunInfo,
    check: { pass, findings in
      reportAccesses(pass, &findings, rule: bufferUnderrunInfo, .underrun)
    })
}

private let bufferUnderrunInfo = RuleInfo(
  id: "buffer-underrun", summary: "reads or writes before the start of an object",
  severity: .error, cwe: [124, 127], precision: .high, securitySeverity: "8.1", since: "0.1",
  why: """
    An index below zero, or a pointer moved back too far, reaches what lies before the object: another
    variable, or the header of a heap block. C11 6.5.6p8 leaves it undefined.
    """,
  fix: """
    Check that the index is not negative before the access; loops that walk back end at the first
    element, `i >= 0` with a signed `i`.
    """,
  limits: """
    Speaks where every value on the path lies before the start, or where a condition of the program
    or a promise of a library function admits one that does.
    """)
