// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let secretNotCleared = Rule(
    info: secretNotClearedInfo,
    check: { pass, findings in
      reportConcerns(
        pass, &findings, rule: secretNotClearedInfo, kinds: [.lostClear],
        tier: { $0.isAssured ? .a : .b }, hint: hint,
        message: message)
    })
}

private func message(_ concern: ConcernObservation) -> String {
  "'\(concern.callee)' clears '\(concern.expression)', which nobody reads again: "
    + "the compiler may leave the call out"
}

private func hint(_ concern: ConcernObservation) -> String {
  "use 'explicit_bzero', 'memset_s', 'OPENSSL_cleanse' or 'memzero_explicit'"
}

private let secretNotClearedInfo = RuleInfo(
  id: "secret-not-cleared", summary: "clears a secret in a way that the compiler may remove",
  severity: .error, cwe: [14, 244], precision: .high, securitySeverity: "5.5", since: "0.1",
  why: """
    A program only has to behave as if its text were executed (C11 5.1.2.3p4). A `memset` of memory that
    ends before anybody reads it has no effect that can be observed, and gcc and clang remove it at -O2.
    The key stays on the stack or the heap, for the next reader of uninitialised memory and for core
    dumps.
    """,
  fix: """
    Clear with a function that the compiler must not remove: `explicit_bzero`, `memset_s`,
    `OPENSSL_cleanse`, `sodium_memzero`, `memzero_explicit` in the kernel.
    """,
  limits: """
    That the call may go is read off the code behind it: on every way the local ends, or the memory is
    released, before it is read, and no unseen code knows its address. That the bytes are a secret is tier
    A where a function is known to take or make one there (keys, `readpassphrase`, message authentication
    codes), and tier B where the name of the variable or of its type says so. `free` of memory that was never cleared is not judged.
    """)
