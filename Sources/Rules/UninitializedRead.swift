// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let uninitializedRead = Rule(
    info: uninitializedReadInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .uninitialised(let read) = observation.kind, !read.isOutput,
          observation.judgement != .possible
        else { continue }
        let name = read.object.isEmpty ? "memory" : "'\(read.object)'"
        let condition =
          observation.witness.first.map { " when '\($0.name)' is \($0.value)" } ?? ""
        let subject = read.callee.isEmpty ? "" : "'\(read.callee)' "
        findings.append(
          pass.finding(
            uninitializedReadInfo, observation,
            "\(subject)reads \(name), which has no value on this path\(condition)",
            tier: read.isAssured ? .a : .b,
            hint: "give it a value where it is declared, or on every path to here",
            last: "\(subject)reads \(name) without a value"))
      }
    })
}

private let uninitializedReadInfo = RuleInfo(
  id: "uninitialized-read", summary: "reads a variable or memory that has no value yet",
  severity: .error, cwe: [457, 908], precision: .high, securitySeverity: "7.1", since: "0.1",
  why: """
    What an object holds before it is written is left over from something else (C11 6.2.4p6, 6.7.9p10,
    7.22.3.4). The program acts on chance, or on what an attacker left there.
    """,
  fix: """
    Give the object a value where it is declared, or on every path that leads to the read.
    """,
  limits: """
    Speaks where one path reads a local or memory from `malloc` that nothing on the path can have
    written. A callee that gets the address counts as writing it, and so does a store at an index, but for a
    loop that fills an array in order: what lies behind its last element has no value. The copy of a whole
    struct is only likely (tier B). Where other conditions decide between the write that was left out and the read, more than
    two writes are left out, or a `switch` leaves one out, the finding is only likely (tier B).
    """)
