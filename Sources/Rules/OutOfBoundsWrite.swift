// SPDX-License-Identifier: Apache-2.0

import Findings

extension Rule {
  /// See `info.summary`.
  public static let outOfBoundsWrite = Rule(
    info: outOfBoundsWriteInfo,
    check: { pass, findings in
      reportAccesses(
        pass, &findings, rule: outOfBoundsWriteInfo, isWrite: true, .overrun)
    })
}

private let outOfBoundsWriteInfo = RuleInfo(
  id: "out-of-bounds-write", summary: "writes outside of an object", severity: .error,
  cwe: [787], precision: .high, securitySeverity: "8.8", since: "0.1",
  why: """
    Writing outside of an object overwrites something else, such as a return address. C11 6.5.6p8
    leaves it undefined.
    """,
  fix: """
    Check the index or the length against the size of the object before the access.
    """,
  limits: """
    Blocks where every value on the path leaves the object. What lies before the start is
    `buffer-underrun`; what somebody outside chooses is `tainted-index` or `tainted-size`. A bound that lies further away than one
    element is reported as likely (tier B), because the condition may have been meant for something
    else. A copy over neighbouring members of one struct is tier B as well.
    """)
