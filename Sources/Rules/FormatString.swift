// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let formatString = Rule(
    info: formatStringInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .format(let format) = observation.kind else { continue }
        let source =
          format.source.isEmpty
          ? "the arguments of the program" : "outside, by way of '\(format.source)'"
        findings.append(
          pass.finding(
            formatStringInfo, observation,
            "'\(format.callee)' takes '\(format.object)' as its format, whose text comes from \(source)",
            tier: observation.judgement == .possible ? .b : .a,
            hint: "pass \"%s\" as the format and the text as its argument",
            last: "'\(format.callee)' obeys the conversions in the text"))
      }
    })
}

private let formatStringInfo = RuleInfo(
  id: "format-string", summary: "takes text from outside as a format",
  severity: .error, cwe: [134], precision: .high, securitySeverity: "9.1", since: "0.1",
  why: """
    A format is a program: `%x` prints what lies on the stack, `%s` follows a pointer that lies there,
    and `%n` writes through one (C11 7.21.6.1p8). Who may choose the text may read and write the
    memory of the process.
    """,
  fix: """
    Give the format as a literal and the text as its argument: `printf("%s", text)`, or `fputs`.
    """,
  limits: """
    Speaks where text that was read from a file, a socket, the terminal or the environment, or an
    argument of `main`, reaches the format on a confirmed path, also through functions of the program
    that pass it on. A format that a caller outside the analysed files supplies is not judged.
    """)
