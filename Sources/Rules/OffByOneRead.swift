// SPDX-License-Identifier: Apache-2.0

import Findings

extension Rule {
  /// See `info.summary`.
  public static let offByOneRead = Rule(
    info: offByOneReadInfo,
    check: { pass, findings in
      reportAccesses(
        pass, &findings, rule: offByOneReadInfo, isWrite: false, .fencePost)
    })
}

private let offByOneReadInfo = RuleInfo(
  id: "off-by-one-read", summary: "reads one element past the end of an object", severity: .error,
  cwe: [125, 193], precision: .high, securitySeverity: "8.1", since: "0.1",
  why: """
    A condition that admits one index too many makes the read leak, or act on, whatever lies behind
    the object. C11 6.5.6p8 leaves it undefined. Such a read in the handling of a DHCP option
    discloses a byte of the stack to the network.
    """,
  fix: """
    Let the condition admit only indices below the number of elements: `<` for `<=`, `>=` for `>`.
    """,
  limits: """
    Speaks only where the function's own condition, its loop, or the promise of a library function
    sets the bound, and a single path with concrete values confirms it. Bounds that come from a
    caller or from other data are not judged yet. An address one past the end may be formed and
    compared; only reading through it counts.
    """)
