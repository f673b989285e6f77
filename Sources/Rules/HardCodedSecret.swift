// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings
import IR

extension Rule {
  /// See `info.summary`.
  public static let hardCodedSecret = Rule(
    info: hardCodedSecretInfo,
    check: { pass, findings in
      reportConcerns(
        pass, &findings, rule: hardCodedSecretInfo, kinds: [.literalSecret],
        tier: { $0.isAssured ? .a : .b }, hint: hint,
        message: message)
    },
    checkDeclaration: { declaration, module in
      guard declaration.concern.kind == .literalSecret else { return nil }
      return declarationFinding(
        declaration, module, rule: hardCodedSecretInfo, message: message(declaration.concern),
        hint: hint(declaration.concern))
    })
}

private func message(_ concern: ConcernObservation) -> String {
  concern.isAssured
    ? "'\(concern.callee)' takes a secret that is part of the program"
    : "'\(concern.expression)', by its name a secret, is part of the program"
}

private func hint(_ concern: ConcernObservation) -> String {
  "read it from a file that only the service may read, or let it be set when the device is set up"
}

private let hardCodedSecretInfo = RuleInfo(
  id: "hard-coded-secret", summary: "has a secret in the text of the program",
  severity: .warning, cwe: [798, 259], precision: .medium, securitySeverity: "7.5", since: "0.1",
  why: """
    Whoever has the program has its strings, and every device has the same. A secret in it cannot be
    changed without an update, and stays in the history of the repository.
    """,
  fix: """
    Read the secret at run time from where only the service may read, give each device its own when it is
    made, or compare with a salted hash.
    """,
  limits: """
    It only warns. Tier A where a literal is handed to a function that is known to take a key or a password;
    tier B where the name of what it is stored in or compared with says so (`password`, `secret`,
    `api_key`, …). Literals that look like prompts, options, paths, formats, or names of fields are silent.
    The literal itself is never printed.
    """)
