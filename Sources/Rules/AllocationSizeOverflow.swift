// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let allocationSizeOverflow = Rule(
    info: allocationSizeOverflowInfo,
    check: { pass, findings in
      reportSizes(
        pass, &findings, rule: allocationSizeOverflowInfo, .wrapsAllocation,
        hint: "use 'calloc', or check the count against the limit divided by the element's size"
      ) { number in
        "'\(number.callee)' asks for '\(number.expression)' bytes, but '\(number.computed)' "
          + "wraps at \(number.bits) bits"
      }
    })
}

private let allocationSizeOverflowInfo = RuleInfo(
  id: "allocation-size-overflow", summary: "asks for memory of a size that can wrap",
  severity: .error, cwe: [190, 680, 131], precision: .high, securitySeverity: "8.8", since: "0.1",
  why: """
    A count from outside times the size of an element can exceed the type of the product. The
    allocation is then smaller than the code behind it believes, and that code writes past its end.
    """,
  fix: """
    Use `calloc` or `reallocarray`, which check the product; or compare the count with
    `SIZE_MAX / size` before.
    """,
  limits: """
    Speaks where somebody outside chooses the count and no check keeps the product or the sum within
    its type, and says with which value it wraps. A count that a caller passes is judged where it comes
    from.
    """)
