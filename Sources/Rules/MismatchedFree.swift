// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let mismatchedFree = Rule(
    info: mismatchedFreeInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .invalidRelease(let release) = observation.kind,
          case .family(let family) = release.mistake, observation.judgement != .possible
        else { continue }
        let name = release.object.isEmpty ? "what" : "'\(release.object)', which"
        let text =
          "'\(release.callee)' releases \(name) '\(release.source)' returned as a \(family.noun)"
        findings.append(
          pass.finding(
            mismatchedFreeInfo, observation, text, tier: release.isAssured ? .a : .b,
            hint: "use the function that belongs to '\(release.source)'", last: text))
      }
    })
}

extension ResourceFamily {
  /// What one of the family is called.
  var noun: String {
    switch self {
    case .memory: "block of memory"
    case .descriptor: "descriptor"
    case .stream: "stream"
    case .pipe: "pipe of a process"
    case .directory: "directory"
    case .mapping: "mapping"
    case .addresses: "list of addresses"
    case .library: "library"
    case .virtual: "virtually contiguous block of memory"
    case .either: "block of memory of either kind"
    case .coherent: "block of coherent memory"
    case .managed: "block of memory that its device frees"
    case .counted: "object with a count of references"
    }
  }
}

private let mismatchedFreeInfo = RuleInfo(
  id: "mismatched-free", summary: "releases a resource by a function of another family",
  severity: .error, cwe: [762], precision: .high, securitySeverity: "7.5", since: "0.1",
  why: """
    Each function that gets a resource has one that gives it back: `malloc` and `free`, `fopen` and
    `fclose`, `popen` and `pclose`, `opendir` and `closedir`. Another one is undefined behaviour: `free`
    on a stream destroys the heap while the library still holds the stream, `fclose` on what `popen`
    returned leaves the process behind.
    """,
  fix: "Release by the function that the manual names beside the one that got the resource.",
  limits: """
    Speaks where one path leads from the call that gets the resource to the release, through functions of
    the program as well. Which functions belong together is in the models; a pair of the program's own
    counts by what its functions call. Tier B where a condition on the way looks at memory that may say
    which family it is.
    """)
