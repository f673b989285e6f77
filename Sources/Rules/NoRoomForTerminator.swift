// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let noRoomForTerminator = Rule(
    info: noRoomForTerminatorInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .access(let access) = observation.kind, access.lacksRoomForTerminator,
          let tier = access.tier(observation.judgement)
        else { continue }
        let name = access.object.isEmpty ? "the object" : "'\(access.object)'"
        let room = access.size.map { " of \($0) bytes" } ?? ""
        let writer = access.callee.isEmpty ? "the store" : "'\(access.callee)'"
        findings.append(
          pass.finding(
            noRoomForTerminatorInfo, observation,
            "\(writer) writes the terminator behind the end of \(name)\(room), which has room for "
              + "the characters only" + access.source.reason,
            tier: tier, hint: "allocate one element more than the string is long",
            last: "\(writer) writes the characters and the terminator"))
      }
    })
}

private let noRoomForTerminatorInfo = RuleInfo(
  id: "no-room-for-terminator", summary: "has room for the characters of a string, not for its end",
  severity: .error, cwe: [193, 131, 787], precision: .high, securitySeverity: "8.1", since: "0.1",
  why: """
    `strlen` does not count the terminator (C11 7.24.6.3p3), so that an object of that size holds the
    characters only, and `strcpy`, `strcat` or `sprintf` write a zero byte into what follows: the
    size field of the next heap block, a length, a pointer.
    """,
  fix: """
    Ask for one element more, `malloc(strlen(text) + 1)`, or use `strdup`. With wide characters the
    sum is multiplied: `malloc((wcslen(text) + 1) * sizeof(wchar_t))`.
    """,
  limits: """
    Speaks where the text is longer than the room by exactly the terminator, on a confirmed path; what
    overflows by more is `out-of-bounds-write`.
    """)
