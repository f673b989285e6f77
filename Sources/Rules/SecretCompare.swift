// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let secretCompare = Rule(
    info: secretCompareInfo,
    check: { pass, findings in
      reportConcerns(
        pass, &findings, rule: secretCompareInfo, kinds: [.comparison],
        tier: { $0.isAssured ? .a : .b }, hint: hint,
        message: message)
    })
}

private func message(_ concern: ConcernObservation) -> String {
  let subject = "'\(concern.callee)' stops at the first difference of '\(concern.expression)'"
  return concern.isAssured
    ? subject + ", a secret that '\(concern.source)' made"
    : subject + ", which by its name is a secret"
}

private func hint(_ concern: ConcernObservation) -> String {
  "compare all bytes in any case: 'CRYPTO_memcmp', 'timingsafe_bcmp', 'crypto_memneq'"
}

private let secretCompareInfo = RuleInfo(
  id: "secret-compare", summary: "compares secrets in a time that tells where they differ",
  severity: .error, cwe: [208, 697], precision: .high, securitySeverity: "5.9", since: "0.1",
  why: """
    `memcmp` and `strcmp` return at the first byte that differs (C11 7.24.4 says nothing of time). Who may
    try a message authentication code or a password again and again measures how long the answer takes,
    and finds the right value byte by byte, in some thousand tries instead of 2¹²⁸.
    """,
  fix: """
    Use a comparison whose time does not depend on the content: `CRYPTO_memcmp`, `timingsafe_bcmp`,
    `mbedtls_ct_memcmp`, `sodium_memcmp`, `crypto_memneq` in the kernel; or collect the differences of all
    bytes with `|=` and test the sum once.
    """,
  limits: """
    Tier A where one side was made, on the path, by a function that is known to make a message
    authentication code or to hash or read a password (OpenSSL, Mbed TLS, wolfSSL, libtomcrypt, libgcrypt,
    Nettle, libsodium, `crypt`, `getpass`). Where only the name says that it is a secret (`password`,
    `hmac`, `auth_token`, …) it is tier B. Plain digests of files, comparisons for an order and
    with a literal are silent.
    """)
