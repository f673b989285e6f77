// SPDX-License-Identifier: Apache-2.0

import Findings

extension Rule {
  /// See `info.summary`.
  public static let taintedIndex = Rule(
    info: taintedIndexInfo,
    check: { pass, findings in
      reportAccesses(pass, &findings, rule: taintedIndexInfo, .taintedIndex)
    })
}

private let taintedIndexInfo = RuleInfo(
  id: "tainted-index", summary: "uses an index from outside that nothing bounds well enough",
  severity: .error, cwe: [129, 125, 787], precision: .high, securitySeverity: "8.8", since: "0.1",
  why: """
    A number that a file, a peer or the user supplies takes every value of its type. As an index it
    reaches any memory near the object, in reading and in writing; this is how the length and offset
    fields of network packets are exploited.
    """,
  fix: """
    Compare the index with the number of elements before the access, and a signed one with zero as
    well.
    """,
  limits: """
    Speaks where the size of the object is known here or in a caller, and a value from outside that
    passes all checks leaves it. Any check that bounds the value well enough makes the rule silent,
    whatever it is called; a check against something unknown counts as good enough. Numbers from
    `rand` count as from outside.
    """)
