// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let kernelPointerPrint = Rule(
    info: kernelPointerPrintInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .revealed(let print) = observation.kind, observation.judgement != .possible
        else { continue }
        let name = print.object.isEmpty ? "an address" : "the address '\(print.object)'"
        let text = "'\(print.callee)' prints \(name) with '\(print.conversion)'"
        findings.append(
          pass.finding(
            kernelPointerPrintInfo, observation, text + ", for every reader of the log or the file",
            tier: print.isAssured ? .a : .b,
            hint: "print it with '%p', which hashes it, or leave it out", last: text))
      }
    })
}

private let kernelPointerPrintInfo = RuleInfo(
  id: "kernel-pointer-print", summary: "prints an address of the kernel where users read it",
  severity: .error, cwe: [200, 532, 497], precision: .high, securitySeverity: "4.4", since: "0.1",
  why: """
    Where the kernel and its objects lie is random, and most attacks need to know. The kernel prints `%p` as a
    hash for that reason; `%px`, and a number that was made of a pointer, show the address to whoever reads
    the log, a proc or a sysfs file.
    """,
  fix: "Print `%p`, a name or a number that identifies the object, or nothing.",
  limits: """
    Speaks of `%px` and of numbers in hexadecimal that the function made of a pointer, printed to the log or
    to a file of seq_file or sysfs. Numbers made of a `void *`, which may carry a number from the start, are
    likely only (tier B). Debugging messages that have to be switched on are not meant.
    """)
