// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let uncheckedAllocation = Rule(
    info: uncheckedAllocationInfo,
    check: { pass, findings in
      reportNulls(pass, &findings, rule: uncheckedAllocationInfo) { $0 == .allocated }
    })
}

private let uncheckedAllocationInfo = RuleInfo(
  id: "unchecked-allocation", summary: "uses memory from an allocator without a test for failure",
  severity: .warning, cwe: [690], precision: .medium, securitySeverity: "5.3", since: "0.1",
  why: """
    `malloc`, `calloc`, `realloc` and `strdup` return `NULL` where memory is exhausted (C11 7.22.3p1).
    Who can make a program allocate much can make it access a null pointer; with a large index the
    access may even hit something.
    """,
  fix: """
    Test the result before its first use, or allocate through a function that does not return without
    memory.
    """,
  limits: """
    Speaks where one path reaches an access through the result without a test, through functions of the
    program as well. Always tier B: many programs rely on a system that does not refuse memory. A pointer
    that was passed to code that is not seen counts as tested.
    """)
