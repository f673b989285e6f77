// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let doubleFetch = Rule(
    info: doubleFetchInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .doubleFetch(let fetch) = observation.kind, observation.judgement != .possible
        else { continue }
        let isArgued = fetch.decision != .equality && fetch.use != .object
        let text = message(fetch)
        findings.append(
          pass.finding(
            doubleFetchInfo, observation, text, tier: isArgued ? .a : .b,
            hint: "use the first copy's value, or check that the second one has the same",
            last: text))
      }
    })
}

private func message(_ fetch: DoubleFetchObservation) -> String {
  let name = fetch.object.isEmpty ? "what" : "'\(fetch.object)', which"
  let decided =
    switch fetch.decision {
    case .equality: "was compared in an earlier copy"
    case .bound: "was checked in an earlier copy"
    case .size: "decided in an earlier copy how much memory is meant"
    }
  let second = "\(name) '\(fetch.fetcher)' fetched from the user again after it \(decided)"
  let callee = fetch.callee.isEmpty ? "the function called here" : "'\(fetch.callee)'"
  switch fetch.use {
  case .index: return "indexes by \(second)"
  case .size: return "\(callee) takes as a size \(second)"
  case .loopBound: return "loops as often as says \(second)"
  case .argument: return "\(callee) gets \(second)"
  case .store: return "keeps \(second)"
  case .object:
    let object = fetch.object.isEmpty ? "an object" : "'\(fetch.object)'"
    return "\(callee) gets \(object) with a field that '\(fetch.fetcher)' fetched from the "
      + "user again after it \(decided)"
  }
}

private let doubleFetchInfo = RuleInfo(
  id: "double-fetch", summary: "uses a second copy of the user's memory by the check of the first",
  severity: .error, cwe: [367, 362], precision: .high, securitySeverity: "7.0", since: "0.1",
  why: """
    Another thread of the user's can write the memory between two copies of it. A length that was checked
    in the first copy, or that memory was allocated by, can then be any number in the second.
    """,
  fix: """
    Copy the memory once. Where the length has to come first, store the checked value over the second
    copy's, copy only what stands behind it, or compare both copies and fail where they differ.
    """,
  limits: """
    Speaks where one path fetches the same bytes twice, by `copy_from_user`, `memdup_user` and whatever has
    a model with `fetch`, bounds the first number or takes it as a size, and uses the second one without
    another check. Where the first one was only compared for equality, or the second copy is handed on whole,
    it is tier B. Any check of the second number is enough.
    """)
