// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let weakRandom = Rule(
    info: weakRandomInfo,
    check: { pass, findings in
      reportConcerns(
        pass, &findings, rule: weakRandomInfo, kinds: [.weakRandom], tier: { _ in .b }, hint: hint,
        message: message)
    })
}

private func message(_ concern: ConcernObservation) -> String {
  "'\(concern.callee)' makes '\(concern.expression)' predictable, which by its name is a secret"
}

private func hint(_ concern: ConcernObservation) -> String {
  "use 'getrandom', 'arc4random_buf' or the generator of the cryptographic library"
}

private let weakRandomInfo = RuleInfo(
  id: "weak-random", summary: "makes a secret of predictable numbers",
  severity: .warning, cwe: [338, 330], precision: .medium, securitySeverity: "5.9", since: "0.1",
  why: """
    `rand` and `random` compute each number from the one before (C11 7.22.2.1: no promise of quality). Their
    seed is 32 bits, and mostly the time: who sees a few numbers, or knows when the program
    started, computes all others.
    """,
  fix: """
    Ask the system: `getrandom`, `arc4random_buf`, `/dev/urandom`, `RAND_bytes`; `get_random_bytes` in the
    kernel.
    """,
  limits: """
    It only warns, and always in tier B, because it goes by names: the number has to reach, by way of
    arithmetic and local variables, an object or a result of the function whose name is that of a secret
    (`key`, `nonce`, `salt`, `iv`, `token`, `cookie`, `challenge`, `session_id`, `password`, …).
    """)
