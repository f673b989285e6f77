// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let invalidFree = Rule(
    info: invalidFreeInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .invalidRelease(let release) = observation.kind,
          observation.judgement != .possible
        else { continue }
        let what: String
        switch release.mistake {
        case .automatic: what = "which is memory of the function's own frame"
        case .staticDuration: what = "which is a variable and lives as long as the program"
        case .literal: what = "which is a string literal"
        case .function: what = "which is a function"
        case .offset: what = place(release)
        case .family: continue
        }
        let name = release.object.isEmpty ? "the memory" : "'\(release.object)'"
        let text = "'\(release.callee)' releases \(name), \(what)"
        findings.append(
          pass.finding(
            invalidFreeInfo, observation, text, tier: .a,
            hint: "release only what an allocator returned, by that pointer", last: text))
      }
    })
}

/// Where a pointer leads that is not the start of its object.
private func place(_ release: InvalidReleaseObservation) -> String {
  guard let distance = release.distance else { return "which does not point to its start" }
  let side = distance < 0 ? "before" : "behind"
  let bytes = distance.magnitude == 1 ? "1 byte" : "\(distance.magnitude) bytes"
  return release.isAlways
    ? "which points \(bytes) \(side) the start of the memory"
    : "which a loop has moved, so that it can point \(bytes) \(side) the start of the memory"
}

private let invalidFreeInfo = RuleInfo(
  id: "invalid-free", summary: "releases what no allocator returned", severity: .error,
  cwe: [590, 761, 763], precision: .high, securitySeverity: "7.8", since: "0.1",
  why: """
    `free` takes the very pointer that an allocator returned, or `NULL` (C11 7.22.3.3p2). With the address
    of a variable, a literal, or a place inside the memory, the allocator reads its bookkeeping from
    whatever lies before it; where an attacker writes those bytes, that is a write of their choice.
    """,
  fix: """
    Keep the pointer that the allocator returned and move a copy. Where a pointer can lead to a buffer of
    the function's own or to new memory, remember which in a second pointer that is `NULL` or new memory.
    """,
  limits: """
    Speaks where one path leads from the object to the release, through functions of the program as well
    where they release on every path. A parameter that was moved before is not judged: its caller may have
    passed a place inside the memory.
    """)
