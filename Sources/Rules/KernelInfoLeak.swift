// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let kernelInfoLeak = Rule(
    info: kernelInfoLeakInfo,
    check: { pass, findings in
      reportOutput(pass, &findings, rule: kernelInfoLeakInfo, verb: "hands to users") { $0.isLeak }
    })
}

private let kernelInfoLeakInfo = RuleInfo(
  id: "kernel-info-leak", summary: "copies kernel memory that was never written to users",
  severity: .error, cwe: [908, 200, 457], precision: .high, securitySeverity: "6.5", since: "0.1",
  why: """
    What the kernel's stack and heap held before is still in bytes that were never written: addresses that
    defeat the randomisation of the kernel's layout, keys, data of other processes. `copy_to_user`, a
    netlink attribute or a packet hands them to whoever asks. Padding between members is part of the
    object (C11 6.2.6.1p6), and no assignment to a member and no initialiser that names every member has
    to clear it.
    """,
  fix: """
    Clear the whole object before its members are set: `memset(&info, 0, sizeof(info))`, `kzalloc`, or
    `= {}` followed by assignments. Or give the padding a name and set it.
    """,
  limits: """
    Speaks where one path hands an object to a function that reaches users (`copy_to_user`, `nla_put`,
    `skb_put_data`, `copy_to_iter`) of which some bytes cannot have been written. An initialiser that
    leaves out a member counts as clearing the whole object. A callee that gets the address counts as
    writing it.
    """)
