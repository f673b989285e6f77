// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let stringBoundMisuse = Rule(
    info: stringBoundMisuseInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        switch observation.kind {
        case .bound(let bound): report(bound, observation, pass, &findings)
        case .access(let access) where access.isOfFormattedLength:
          reportLength(access, observation, pass, &findings)
        default: break
        }
      }
    })
}

private func report(
  _ bound: BoundObservation, _ observation: Observation, _ pass: borrowing Pass,
  _ findings: inout [Finding]
) {
  let name = bound.object.isEmpty ? "the destination" : "'\(bound.object)'"
  let room = bound.size.map { ", which has room for \($0) bytes" } ?? ""
  let message: String
  switch bound.mistake {
  case .beyondDestination:
    let bytes = bound.excess == 1 ? "1 byte" : "\(bound.excess) bytes"
    message = "the bound of '\(bound.callee)' lets it write \(bytes) past the end of \(name)\(room)"
  case .ofSource:
    message =
      "the bound of '\(bound.callee)' is the length of '\(bound.source)', not the room of \(name)"
      + room
  }
  let tier: Tier =
    observation.judgement == .possible || (bound.mistake == .ofSource && bound.size == nil)
    ? .b : .a
  findings.append(
    pass.finding(
      stringBoundMisuseInfo, observation, message, tier: tier, hint: hint(bound),
      last: "the bound holds nothing back where the text is long enough"))
}

private func hint(_ bound: BoundObservation) -> String {
  if bound.isAppended { return "leave room for what is there and for the terminator" }
  return bound.mistake == .ofSource ? "pass the size of the destination" : ""
}

private func reportLength(
  _ access: AccessObservation, _ observation: Observation, _ pass: borrowing Pass,
  _ findings: inout [Finding]
) {
  guard access.tier(.proven) != nil else { return }
  let verb = access.isWrite ? "writes" : "reads"
  let subject = access.callee.isEmpty ? "" : "'\(access.callee)' "
  let condition = observation.witness.last.map { " when '\($0.name)' is \($0.value)" } ?? ""
  findings.append(
    pass.finding(
      stringBoundMisuseInfo, observation,
      subject + access.verdict(verb) + condition + access.source.reason,
      tier: observation.judgement == .possible || access.staysInRecord ? .b : .a,
      hint: "compare the result with the size before it is used", last: access.verdict(verb)))
}

private let stringBoundMisuseInfo = RuleInfo(
  id: "string-bound-misuse", summary: "bounds a string function by something else than the room",
  severity: .error, cwe: [787, 193, 805], precision: .high, securitySeverity: "7.8", since: "0.1",
  why: """
    The bound of `strncat` counts the characters that are appended, without those that are there and
    without the terminator (C11 7.24.3.2p3). The bound of `strlcpy` and `snprintf` is the size of the
    destination, never of the source. And `snprintf` returns what it would have written (C11
    7.21.6.5p3): where the text was cut off, an index, a length or a pointer made from that lies past
    the end.
    """,
  fix: """
    `strncat(to, from, sizeof to - strlen(to) - 1)`; the size of the destination for `strlcpy`,
    `snprintf` and their kin; `if (n < 0 || (size_t)n >= sizeof to)` before the result of `snprintf`
    is used.
    """,
  limits: """
    Silent where the text is known to be short enough. Blocks where the bound is known to pass the
    end of the destination, or where it is the length of text from outside and the size of the
    destination is known; the length of another source is for the callers to say. Sums of results in a loop are not followed yet.
    """)
