// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let doubleClose = Rule(
    info: doubleCloseInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .released(let use) = observation.kind, use.isRelease, !use.family.isMemory,
          observation.judgement != .possible
        else { continue }
        let name = use.object.isEmpty ? "the \(use.family.noun)" : "'\(use.object)'"
        let text = "'\(use.callee)' closes \(name) a second time"
        findings.append(
          pass.finding(
            doubleCloseInfo, observation, "\(text), after '\(use.cause)' closed it", tier: .a,
            hint: use.family == .descriptor
              ? "set the variable to -1 where it is closed, or leave the path there"
              : "set the pointer to NULL where it is closed, or leave the path there", last: text))
      }
    })
}

private let doubleCloseInfo = RuleInfo(
  id: "double-close", summary: "closes the same descriptor or stream twice", severity: .error,
  cwe: [1341, 675, 910], precision: .high, securitySeverity: "6.5", since: "0.1",
  why: """
    The number of a closed descriptor is handed out again by the next `open`, `socket` or `accept`. A second
    `close` then closes a file of another thread or another part of the program, which goes on to write
    into whatever gets the number next. A second `fclose` is a double free besides (C11 7.21.3p4).
    """,
  fix: """
    Give the descriptor one owner. Set the variable to -1, or the pointer to `NULL`, where it is closed.
    """,
  limits: """
    Speaks where one path closes the same value twice, through functions of the program as well where
    they close it on every path.
    """)
