// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let uncheckedIndex = Rule(
    info: uncheckedIndexInfo,
    check: { pass, findings in
      reportUnchecked(pass, &findings, rule: uncheckedIndexInfo, .index) { number in
        "'\(number.expression)' is read from '\(number.source)' and used as an index into the "
          + "\(number.size) elements of '\(number.object)' without a comparison"
      }
    })
}

private let uncheckedIndexInfo = RuleInfo(
  id: "unchecked-index",
  summary: "uses a byte of a message as an index that nothing bounds",
  severity: .warning, cwe: [129, 125, 787], precision: .medium, securitySeverity: "7.5",
  since: "0.1",
  why: """
    A byte of a message is any number up to 255. A `switch` that knows some of the values, and has no
    `default` that leaves, lets all others through; the array behind it has as many elements as there are
    known values, and is read or written beyond its end.
    """,
  fix: """
    Compare the number with the count of elements before the access, or let the `default` of the `switch`
    return.
    """,
  limits: """
    Speaks where a byte or a short from memory that a parameter of a byte pointer type leads to is the
    index into an array of fixed and smaller size, and the path compares it for equality with constants
    at most; in functions that nothing in the program calls by name, as callbacks and the program's
    interface. Always tier B: who hands over the message may have checked it.
    """)
