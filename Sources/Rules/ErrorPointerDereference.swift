// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let errorPointerDereference = Rule(
    info: errorPointerDereferenceInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .errorPointer(let use) = observation.kind, observation.judgement != .possible
        else { continue }
        let name = use.object.isEmpty ? "a pointer" : "'\(use.object)'"
        let verb = use.callee.isEmpty ? "accesses memory through" : "'\(use.callee)' takes"
        let text = "\(verb) \(name)"
        findings.append(
          pass.finding(
            errorPointerDereferenceInfo, observation, text + use.argument,
            tier: use.isAssured ? .a : .b, hint: use.hint, last: text))
      }
    })
}

extension ErrorPointerObservation {
  fileprivate var argument: String {
    let source = cause.isEmpty ? "" : ": '\(cause)' returns it"
    if isError { return ", which is an error number on this path" + source }
    if isNullTested { return ", which was tested for NULL, but can be an error number" + source }
    return ", which can be an error number that nothing asked for" + source
  }

  fileprivate var hint: String {
    isError
      ? "leave the branch on which it is an error, or use it in the other one"
      : "ask IS_ERR() before it is used, and return PTR_ERR()"
  }
}

private let errorPointerDereferenceInfo = RuleInfo(
  id: "error-pointer-dereference",
  summary: "accesses memory through a pointer that is an error number",
  severity: .error, cwe: [476, 754, 252], precision: .high, securitySeverity: "5.5", since: "0.1",
  why: """
    Many functions of the kernel return a pointer or, in its form, a negative error number (`ERR_PTR`): an
    address in the last page, which nothing maps. It is not `NULL`, so that a test for `NULL` lets it
    through, and the next access stops the machine.
    """,
  fix: "Ask `IS_ERR(p)` before the first use, and return `PTR_ERR(p)`.",
  limits: """
    Speaks where the path shows the error number, or where a function that returns one by its documentation
    is used without being asked. What a function of the program returns on some of its paths only is
    likely (tier B). A pointer that is handed to unseen code, or to code whose answer counts, is taken to
    have been asked about.
    """)
