// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let badShift = Rule(
    info: badShiftInfo,
    check: { pass, findings in
      reportSizes(
        pass, &findings, rule: badShiftInfo, .shift,
        hint: "check that the count is below the width of the type", tier: tier
      ) { "shifts a number of \($0.bits) bits by '\($0.expression)', which can be \($0.worst)" }
    })
}

private func tier(_ number: SizeObservation, _ judgement: Judgement) -> Tier? {
  if judgement == .possible { return nil }
  let isFencePost = number.source != .constant && number.worst == Int128(number.bits)
  return judgement == .proven || isFencePost || !number.input.isEmpty ? .a : .b
}

private let badShiftInfo = RuleInfo(
  id: "bad-shift", summary: "shifts by a negative number or by the width of the type or more",
  severity: .error, cwe: [1335, 758], precision: .high, securitySeverity: "5.3", since: "0.1",
  why: """
    A shift by a negative count, or by the width of the promoted left operand or more, is undefined
    (C11 6.5.7p3). Processors mask the count or not, compilers assume that it does not happen, and the
    mask or length that is computed is another one than was meant.
    """,
  fix: """
    Check the count against the width, or shift an operand of a wider type.
    """,
  limits: """
    Blocks where every value on the path is too large, where the program's own check admits exactly
    the width, and where somebody outside chooses the count. Else it is tier B.
    """)
