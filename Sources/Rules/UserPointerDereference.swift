// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let userPointerDereference = Rule(
    info: userPointerDereferenceInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .userPointer(let use) = observation.kind, observation.judgement != .possible
        else { continue }
        let name = use.object.isEmpty ? "a pointer" : "'\(use.object)'"
        let verb = use.callee.isEmpty ? "accesses memory through" : "'\(use.callee)' accesses"
        let text =
          use.isPromised
          ? "\(verb) \(name), which is an address of the user's, as '\(use.taker)' passes it"
          : use.isBefore
            ? "'\(use.taker)' takes \(name) as an address of the user's, after memory was accessed "
              + "through it"
            : "\(verb) \(name), which '\(use.taker)' takes as an address of the user's"
        findings.append(
          pass.finding(
            userPointerDereferenceInfo, observation, text, tier: .a,
            hint: "copy what is needed with 'copy_from_user' or 'get_user', and use the copy",
            last: text))
      }
    })
}

private let userPointerDereferenceInfo = RuleInfo(
  id: "user-pointer-dereference", summary: "accesses the user's memory without copy_from_user",
  severity: .error, cwe: [822, 123, 20], precision: .high, securitySeverity: "7.8", since: "0.1",
  why: """
    An address from user space can be anything: of memory that is not there, which stops the kernel, or of
    the kernel's own, which the user then reads or writes. `copy_from_user`, `copy_to_user`, `get_user` and
    `put_user` check it and survive the fault; a plain access, or `memcpy`, does neither, and processors
    with SMAP or PAN stop there.
    """,
  fix:
    "Copy what is needed into an object of the kernel, and use the copy; mark the pointer `__user`.",
  limits: """
    Speaks where one path both hands a pointer to a function that takes an address of the user's and
    accesses memory through it, and where a callback table of the kernel passes such an address, as that of
    `write` does. `__user` itself leaves no trace in a build; sparse looks at it.
    """)
