// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let uninitializedOutput = Rule(
    info: uninitializedOutputInfo,
    check: { pass, findings in
      reportOutput(pass, &findings, rule: uninitializedOutputInfo, verb: "sends") { !$0.isLeak }
    })
}

/// Reports the bytes without a value that leave the program in the way that one of the two rules speaks
/// of.
func reportOutput(
  _ pass: borrowing Pass, _ findings: inout [Finding], rule: RuleInfo, verb: String,
  where isMeant: (UninitialisedObservation) -> Bool
) {
  for observation in pass.result.observations {
    guard case .uninitialised(let read) = observation.kind, read.isOutput, isMeant(read),
      observation.judgement != .possible
    else { continue }
    let name = read.object.isEmpty ? "memory" : "'\(read.object)'"
    let text = "'\(read.callee)' \(verb) \(read.bytes) of \(name)"
    findings.append(
      pass.finding(
        rule, observation, text + read.description, tier: read.isAssured ? .a : .b,
        hint: "clear the whole object first, as with memset", last: text))
  }
}

extension UninitialisedObservation {
  /// Which bytes, counted from 1.
  fileprivate var bytes: String {
    count == 1 ? "byte \(first + 1)" : "bytes \(first + 1) to \(first + count)"
  }

  fileprivate var description: String {
    (count == 1 ? ", which has no value" : ", which have no value")
      + (isPadding ? ": padding between members" : "")
  }
}

private let uninitializedOutputInfo = RuleInfo(
  id: "uninitialized-output", summary: "sends bytes that have no value to a file or a peer",
  severity: .error, cwe: [457, 200], precision: .high, securitySeverity: "6.5", since: "0.1",
  why: """
    Bytes that were never written hold what the stack or the heap held before: pointers that reveal where
    code lies, the stack's cookie, parts of keys. Sent to a file, a socket or another process they are
    out of the program's hands. Padding between members is part of the object (C11 6.2.6.1p6).
    """,
  fix: """
    Clear the whole object with `memset` before its members are set; an initialiser that names every
    member need not clear the padding. Or send the members one by one.
    """,
  limits: """
    Speaks where one path hands an object to `write`, `send`, `fwrite` or the like of which some bytes
    cannot have been written. An initialiser counts as clearing the whole object, as compilers do it. A
    callee that gets the address counts as writing it.
    """)
