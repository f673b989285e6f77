// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

// What the four rules on bounds share: which of them an access belongs to, and how it is said.

extension AccessObservation {
  /// Whether all but the terminator of a string fits: `no-room-for-terminator` speaks of that.
  var lacksRoomForTerminator: Bool { endsInTerminator && excess == elementSize }

  /// Whether the length of a text that did not fit is used: `string-bound-misuse` speaks of that.
  var isOfFormattedLength: Bool {
    if case .formatted = source { true } else { false }
  }

  /// Whether the access is off by one: at most one element past the end, because of a condition of
  /// the program or the promise of a function that the program relies on, or at the very index that
  /// is the number of elements.
  var isFencePost: Bool {
    if source == .constant { return callee.isEmpty && excess == elementSize }
    return excess > 0 ? excess <= elementSize : -excess <= elementSize
  }

  /// How well it is argued.
  ///
  /// A bound further away than one element may come from a condition that was meant for something
  /// else; a copy over neighbouring members, or a constant place behind the last member of a struct that
  /// a payload follows, may be meant: these are only likely.
  func tier(_ judgement: Judgement) -> Tier? {
    let mayBeMeant = staysInRecord && !callee.isEmpty
    switch judgement {
    case .possible: return nil
    case .proven: return mayBeMeant || isTrailing ? .b : .a
    case .witnessed:
      let isPlain = !staysInRecord && !isTrailing
      return (isFencePost && !mayBeMeant) || (isInevitable && isPlain) ? .a : .b
    }
  }

  /// What happens, in numbers.
  func verdict(_ verb: String) -> String {
    let name = object.isEmpty ? "the object" : "'\(object)'"
    guard let lastByte, let size else {
      return "\(verb) \(excess.magnitude) \(excess.magnitude == 1 ? "byte" : "bytes") "
        + (excess > 0 ? "past the end of \(name)" : "before the start of \(name)")
    }
    if lastByte <= 0 {
      let distance = 1 - lastByte
      return "\(verb) \(distance) \(distance == 1 ? "byte" : "bytes") before the start of \(name)"
    }
    return "\(verb) byte \(lastByte) of \(size) of \(name)"
  }

  /// Why the program can get there.
  var reason: String {
    switch source {
    case .constant: ""
    case .check(let text): ", because the check '\(text)' lets it through"
    case .loop(let text): ", because the loop runs while '\(text)'"
    case .loopEnd(let text): ", because the loop ends when '\(text)' fails"
    case .model(let text): ", because '\(text)' can return that much"
    case .formatted(let text):
      ", because '\(text)' returns what it would have needed, not what it wrote"
    }
  }

  /// A repair, where the mistake is plain.
  var hint: String {
    guard isFencePost, excess > 0 else { return "" }
    switch source {
    case .check(let text), .loop(let text):
      if text.contains("<=") { return "use '<' instead of '<='" }
      if text.contains(">"), !text.contains(">=") { return "use '>=' instead of '>'" }
      return ""
    case .model:
      return "pass one byte less than the size, or check the result before it is an index"
    case .constant, .loopEnd, .formatted: return ""
    }
  }
}

/// Reports the accesses that one of the four rules speaks of.
func reportAccesses(
  _ pass: borrowing Pass, _ findings: inout [Finding], rule: RuleInfo, isWrite: Bool,
  isFencePost: Bool
) {
  for observation in pass.result.observations {
    guard case .access(let access) = observation.kind, access.isWrite == isWrite,
      !access.lacksRoomForTerminator, !access.isOfFormattedLength,
      access.isFencePost == isFencePost, let tier = access.tier(observation.judgement)
    else { continue }
    let verb = isWrite ? "writes" : "reads"
    let subject = access.callee.isEmpty ? "" : "'\(access.callee)' "
    let condition = observation.witness.last.map { " when '\($0.name)' is \($0.value)" } ?? ""
    findings.append(
      pass.finding(
        rule, observation, subject + access.verdict(verb) + condition + access.reason, tier: tier,
        hint: access.hint, last: access.verdict(verb)))
  }
}
