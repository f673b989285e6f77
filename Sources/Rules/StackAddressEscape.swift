// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let stackAddressEscape = Rule(
    info: stackAddressEscapeInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .escape(let escape) = observation.kind, observation.judgement != .possible
        else { continue }
        let what =
          escape.object.isEmpty ? "memory of its own frame" : "'\(escape.object)', a local variable"
        let text =
          escape.holder.isEmpty
          ? "returns the address of \(what)"
          : "leaves the address of \(what) in '\(escape.holder)'"
        findings.append(
          pass.finding(
            stackAddressEscapeInfo, observation, text, tier: .a,
            hint: escape.holder.isEmpty
              ? "let the caller pass a buffer, or allocate one"
              : "set it to NULL before the return, or give it memory that lives on", last: text))
      }
    })
}

private let stackAddressEscapeInfo = RuleInfo(
  id: "stack-address-escape", summary: "lets the address of a local outlive it", severity: .error,
  cwe: [562], precision: .high, securitySeverity: "7.5", since: "0.1",
  why: """
    A local ends with its block, at the latest with its function (C11 6.2.4p2). Who uses its address
    afterwards reads or writes the frames of other functions, return addresses and stack cookies among
    them.
    """,
  fix: "Let the caller pass the buffer, allocate it, or make it `static` where one is enough.",
  limits: """
    Speaks where one path returns such an address, or leaves it in a variable or in what a parameter
    points to, and calls no unseen code after that, which might take it away.
    """)
