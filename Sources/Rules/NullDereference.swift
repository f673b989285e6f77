// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let nullDereference = Rule(
    info: nullDereferenceInfo,
    check: { pass, findings in
      reportNulls(pass, &findings, rule: nullDereferenceInfo) { $0 != .allocated }
    })
}

/// Reports the accesses through null pointers that one of the two rules speaks of.
func reportNulls(
  _ pass: borrowing Pass, _ findings: inout [Finding], rule: RuleInfo,
  where isMeant: (NullObservation.Reason) -> Bool
) {
  for observation in pass.result.observations {
    guard case .null(let null) = observation.kind, isMeant(null.reason),
      observation.judgement != .possible
    else { continue }
    let name = null.object.isEmpty ? "a null pointer" : "'\(null.object)'"
    let verb = null.callee.isEmpty ? "accesses memory through" : "'\(null.callee)' accesses"
    let use = "\(verb) \(name)"
    findings.append(
      pass.finding(
        rule, observation, use + null.argument, tier: null.isAssured ? .a : .b,
        hint: null.hint, last: use))
  }
}

extension NullObservation {
  /// Why it is null.
  fileprivate var argument: String {
    switch reason {
    case .assigned where cause.isEmpty: ", which is NULL on this path"
    case .assigned: ", which is NULL: '\(cause)' returns nothing else"
    case .tested: ", which is NULL where '\(cause)' was tested"
    case .answered, .allocated: ", which is NULL where '\(cause)' fails"
    }
  }

  fileprivate var hint: String {
    switch reason {
    case .assigned: "give it an object, or leave the path, before it is used"
    case .tested: "leave the branch on which it is NULL, or move the use into the other one"
    case .answered, .allocated: "test the result before it is used"
    }
  }
}

private let nullDereferenceInfo = RuleInfo(
  id: "null-dereference", summary: "accesses memory through a pointer that is NULL on the path",
  severity: .error, cwe: [476], precision: .high, securitySeverity: "7.5", since: "0.1",
  why: """
    Access through a null pointer is undefined (C11 6.5.3.2p4). It ends a program, which for a service
    or a driver is a denial of service; in a kernel, or on a machine that maps page zero, it can be
    more.
    """,
  fix: """
    Decide what the function does without the object, and do that before the first access: leave where
    the pointer was tested and found NULL.
    """,
  limits: """
    Speaks where the path itself shows the null pointer: `NULL` was assigned, a test found it, or a
    function of the program returns it. Where the test is a loop's or a macro's, where other conditions
    decide between the cause and the use, or where the function returns NULL only sometimes, the finding
    is only likely (tier B). Parameters and results of unseen code are taken not to be NULL until they
    are tested.
    """)
