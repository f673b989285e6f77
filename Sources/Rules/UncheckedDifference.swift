// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let uncheckedDifference = Rule(
    info: uncheckedDifferenceInfo,
    check: { pass, findings in
      for role in [UncheckedObservation.Role.difference, .remainder, .distance] {
        reportUnchecked(pass, &findings, rule: uncheckedDifferenceInfo, role) { text(of: $0) }
      }
    })
}

private func text(of number: UncheckedObservation) -> String {
  let taker = number.callee.isEmpty ? "the call" : "'\(number.callee)'"
  switch number.role {
  case .remainder:
    return
      "\(taker) takes '\(number.expression)' as a size, which wraps where '\(number.object)' is "
      + "less than \(number.size), and nothing says that it is not"
  case .distance:
    return "'\(number.expression)' is \(number.size) on this path and becomes an unsigned number"
  case .difference, .length, .index:
    return "\(taker) takes '\(number.expression)' as a size, which is negative where "
      + "'\(number.source)' has moved '\(number.object)' too far"
  }
}

private let uncheckedDifferenceInfo = RuleInfo(
  id: "unchecked-difference",
  summary: "takes a difference as a size that nothing keeps from being negative",
  severity: .warning, cwe: [191, 195, 125], precision: .medium, securitySeverity: "7.5",
  since: "0.1",
  why: """
    `end - p` is what is left only while `p` has not passed `end`. A function that reads a part of the
    message moves the pointer by what the message says; where it does not know the end of the record, a
    record that lies about its length leaves the pointer behind the end. The difference is then negative,
    and as a size it is near 2⁶⁴.
    """,
  fix: """
    Compare the pointer with the end after the call, or the difference with zero while it is signed.
    """,
  limits: """
    Speaks in three cases. The address of the pointer went to a function that is told neither the end nor
    the count, the difference then becomes an argument of the type `size_t`, and nothing in the function
    compares the two pointers or the difference with a constant. Or a short of a message, or from code
    that is not seen, less a constant becomes such an argument, and no condition bounds it from below. Or
    the distance of two pointers is negative where a loop between them does not turn. Always tier B: other
    code may see to it that it does not happen.
    """)
