// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let pathTraversal = Rule(
    info: pathTraversalInfo,
    check: { pass, findings in
      reportConcerns(
        pass, &findings, rule: pathTraversalInfo, kinds: [.externalPath], tier: tier, hint: hint,
        message: message)
    })
}

/// Files that whoever starts the program names are meant; a file in a directory of the program's is not.
private func tier(_ concern: ConcernObservation) -> Tier? {
  if concern.isOfUser { return concern.isPart && concern.isAssured ? .b : nil }
  guard concern.isAssured else { return nil }
  return concern.source.hasPrefix("recv") ? .a : .b
}

private func message(_ concern: ConcernObservation) -> String {
  let role = concern.isPart ? "takes a path with text from" : "takes a path from"
  return "'\(concern.callee)' \(role) \(concern.origin), and nothing keeps '..' out of it"
}

private func hint(_ concern: ConcernObservation) -> String {
  "refuse '/' and '..' in the name, or open it below a directory with 'openat2' and RESOLVE_BENEATH"
}

private let pathTraversalInfo = RuleInfo(
  id: "path-traversal", summary: "uses a path from outside that may leave its directory",
  severity: .warning, cwe: [22, 73], precision: .medium, securitySeverity: "7.5", since: "0.1",
  why: """
    `..` in a name leads out of the directory that the program has in mind, and a name that starts with `/`
    does not even begin there. Who chooses the name reads or overwrites whatever the program may.
    """,
  fix: """
    Refuse names with `/` or with a part `..`; or resolve the path with `realpath` and compare its start; or
    let the kernel do it: `openat2` with `RESOLVE_BENEATH`.
    """,
  limits: """
    It only warns. Speaks where text from a file or a peer reaches a path on a confirmed path, and the
    function looks at no character of it. Tier A where the text comes from a socket (`recv` and its kin);
    else tier B: lists and settings of the system name files as well. Arguments and variables of the environment name whatever files
    whoever starts the program likes: silent, unless they follow a directory (tier B).
    """)
