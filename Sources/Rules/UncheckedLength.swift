// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let uncheckedLength = Rule(
    info: uncheckedLengthInfo,
    check: { pass, findings in
      reportUnchecked(pass, &findings, rule: uncheckedLengthInfo, .length) { number in
        "'\(number.callee)' copies '\(number.expression)' bytes into the \(number.size) of "
          + "'\(number.object)', and nothing compares '\(number.expression)' with anything"
      }
    })
}

private let uncheckedLengthInfo = RuleInfo(
  id: "unchecked-length",
  summary: "copies as much as others say into an object of fixed size",
  severity: .warning, cwe: [130, 120, 787, 125], precision: .medium, securitySeverity: "7.5",
  since: "0.1",
  why: """
    A pointer and a length that come together, from a parser or as the parameters of a function that
    others call, say how much there is to copy, and not how much there is room for. Where the
    destination has a fixed size and nobody looks at the length, the first message that is longer than
    the author thought of writes behind it.
    """,
  fix: """
    Compare the length with the size of the destination before the copy, and refuse what does not fit.
    """,
  limits: """
    Speaks where a copy of unbounded length goes into a local, a global or a member array, and the length
    comes together with the source pointer from one call, or both are parameters of a function that
    nothing in the program calls. Any comparison of the length with anything but zero, and handing it to
    other code before, make the rule silent. Always tier B: who supplies the length may keep to a bound.
    """)
