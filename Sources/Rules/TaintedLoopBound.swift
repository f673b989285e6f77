// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let taintedLoopBound = Rule(
    info: taintedLoopBoundInfo,
    check: { pass, findings in
      reportSizes(
        pass, &findings, rule: taintedLoopBoundInfo, .loopBound,
        hint: "check the number against what the program can need",
        tier: { $1 == .possible ? nil : .b }
      ) { "the loop runs until '\($0.expression)', which can be \($0.worst)" }
    })
}

private let taintedLoopBoundInfo = RuleInfo(
  id: "tainted-loop-bound", summary: "lets somebody outside say how often a loop runs",
  severity: .warning, cwe: [606, 834], precision: .medium, securitySeverity: "5.3", since: "0.1",
  why: """
    A number from a file, a peer or the user that bounds a loop without a check keeps the program busy
    for as long as they want, and often carries an index out of its array.
    """,
  fix: """
    Check the number against a limit before the loop.
    """,
  limits: """
    Speaks, as likely only (tier B), where nothing but its type bounds the number, and it admits more
    than sixteen million rounds. What the loop writes is judged by the rules on bounds, which block.
    """)
