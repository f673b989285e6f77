// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let allocationTooSmall = Rule(
    info: allocationTooSmallInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .shortAllocation(let memory) = observation.kind,
          observation.judgement != .possible
        else { continue }
        let isShort = memory.size < memory.objectSize
        findings.append(
          pass.finding(
            allocationTooSmallInfo, observation,
            isShort
              ? "'\(memory.callee)' allocates \(bytes(memory.size)) for a '\(memory.type)' of "
                + bytes(memory.objectSize)
              : "'\(memory.callee)' allocates \(bytes(memory.size)), which is no multiple of the "
                + "\(memory.objectSize) of a '\(memory.type)'",
            tier: isShort && !memory.holdsFirst ? .a : .b,
            hint: "multiply the number of elements by the size of one: 'n * sizeof *p'",
            last: "the memory is used as '\(memory.type)'"))
      }
    })
}

private func bytes(_ count: Int64) -> String { count == 1 ? "1 byte" : "\(count) bytes" }

private let allocationTooSmallInfo = RuleInfo(
  id: "allocation-too-small", summary: "allocates less memory than one object of the type needs",
  severity: .error, cwe: [131, 122], precision: .high, securitySeverity: "7.5", since: "0.1",
  why: """
    Memory that is used as a type must hold an object of it (C11 6.5p7): an assignment to the whole
    object writes past the end, and so does every access to a member that lies there. The usual causes
    are a number of elements where bytes are expected, and the size of another type.
    """,
  fix: """
    Measure what the pointer leads to, `malloc(n * sizeof *p)`, so that the size follows the type.
    """,
  limits: """
    Speaks where the result of a call that allocates becomes a pointer to an object that is larger than
    all sizes the path allows. A part of an array or of a union at the end of a struct can be meant, so only
    what comes before it must have room. Tier B where the first member has room, because programs allocate smaller structures that begin alike
    (dnsmasq does), and where a constant size is no multiple of a scalar's. Accesses to such memory are judged by
    `out-of-bounds-read` and `out-of-bounds-write`.
    """)
