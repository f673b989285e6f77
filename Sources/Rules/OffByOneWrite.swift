// SPDX-License-Identifier: Apache-2.0

import Findings

extension Rule {
  /// See `info.summary`.
  public static let offByOneWrite = Rule(
    info: offByOneWriteInfo,
    check: { pass, findings in
      reportAccesses(
        pass, &findings, rule: offByOneWriteInfo, isWrite: true, .fencePost)
    })
}

private let offByOneWriteInfo = RuleInfo(
  id: "off-by-one-write", summary: "writes one element past the end of an object", severity: .error,
  cwe: [787, 193], precision: .high, securitySeverity: "8.8", since: "0.1",
  why: """
    A condition that admits one index too many overwrites what lies behind the object: the next
    variable, the stack cookie, the header of a heap block. C11 6.5.6p8 leaves it undefined.
    """,
  fix: """
    Let the condition admit only indices below the number of elements. Where `read` or a similar
    call fills the buffer and a terminator follows, pass one byte less than the size.
    """,
  limits: """
    Speaks only where the function's own condition, its loop, or the promise of a library function
    sets the bound, and a single path with concrete values confirms it.
    """)
