// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let missingTerminator = Rule(
    info: missingTerminatorInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .unterminated(let string) = observation.kind else { continue }
        let tier: Tier = string.isFull && observation.judgement != .possible ? .a : .b
        let name = string.object.isEmpty ? "the buffer" : "'\(string.object)'"
        let cause = string.cause.isEmpty ? "the loop before" : "'\(string.cause)'"
        findings.append(
          pass.finding(
            missingTerminatorInfo, observation,
            "'\(string.callee)' takes \(name) as a string, but \(cause) can fill \(part(string)) "
              + "without a terminator",
            tier: tier, hint: hint(string),
            last: "'\(string.callee)' reads on until it meets a zero byte"))
      }
    })
}

/// How much of the buffer holds no terminator.
private func part(_ string: UnterminatedObservation) -> String {
  guard let size = string.size else { return "it" }
  if !string.isFull, let filled = string.filled, filled < size {
    return "\(filled) of its \(size) bytes"
  }
  return "all \(size) bytes of it"
}

/// The repair that leaves everything else as it is.
private func hint(_ string: UnterminatedObservation) -> String {
  guard let size = string.size, string.isFull, !string.object.isEmpty else { return "" }
  return "pass one byte less and set '\(string.object)[\(size - 1)]' to zero"
}

private let missingTerminatorInfo = RuleInfo(
  id: "missing-terminator", summary: "uses a buffer as a string that may lack its terminator",
  severity: .error, cwe: [170, 126], precision: .high, securitySeverity: "7.5", since: "0.1",
  why: """
    `strncpy` writes no terminator when the source is as long as the bound, and `read`, `recv` and
    `readlink` never do (C11 7.24.2.4p3, readlink(2)). What then takes the buffer as a string reads
    on through the memory behind it: the stack cookie, another object, a secret.
    """,
  fix: """
    Bound the copy by one byte less than the size and set the last byte to zero, or use `snprintf`
    or `strlcpy`, which terminate.
    """,
  limits: """
    Blocks where the copy's bound is the size of the buffer, the source is not known to be shorter,
    and a path from the copy to the use is confirmed. A loop counts as a copy where it writes one element
    after the other and nothing that may be zero. Where the bound is less it is tier B. A buffer that was zeroed before, or that unseen
    code may have written in between, is taken as terminated.
    """)
