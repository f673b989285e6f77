// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

// What the rules on bounds share: which of them an access belongs to, and how it is said.

/// What an access that leaves its object comes from.
enum AccessCause {
  /// A condition that admits one element too many.
  case fencePost
  /// An index or offset from outside that nothing bounds well enough.
  case taintedIndex
  /// A size from outside that nothing bounds well enough.
  case taintedSize
  /// Something else, before the start of the object.
  case underrun
  /// Something else, past its end.
  case overrun
}

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
    if source == .constant { return (callee.isEmpty || isInCallee) && excess == elementSize }
    // Who chooses the size of the object from outside is not off by one.
    if case .input = source, size == nil { return false }
    return excess > 0 && excess <= elementSize
  }

  /// The rule that it belongs to.
  var cause: AccessCause {
    if isShort { return .overrun }
    if isFencePost { return .fencePost }
    if !input.isEmpty { return isSize ? .taintedSize : .taintedIndex }
    return excess < 0 ? .underrun : .overrun
  }

  /// How well it is argued.
  ///
  /// A bound further away than one element may come from a condition that was meant for something
  /// else; a copy over neighbouring members, or a constant place behind the last member of a struct that
  /// a payload follows, may be meant; a table may hold what is looked for in it: these are only likely.
  func tier(_ judgement: Judgement) -> Tier? {
    if isBelieved || isBehindSearch { return judgement == .possible ? nil : .b }
    // Who fills an array and counts its elements afterwards breaks a promise, and no memory.
    if !counter.isEmpty, (isWrite && source == .constant) || size == 0 {
      return judgement == .possible ? nil : .b
    }
    let mayBeMeant = staysInRecord && (isHandedOn || !callee.isEmpty)
    switch judgement {
    case .possible: return nil
    case .proven: return mayBeMeant || isTrailing ? .b : .a
    case .witnessed:
      let isPlain = !staysInRecord && !isTrailing
      // Before the start there is nothing that an index could mean.
      let isArgued = isShort || isFencePost || !input.isEmpty || excess < 0
      return (isArgued && !mayBeMeant) || (isInevitable && isPlain) ? .a : .b
    }
  }

  /// What happens, in numbers.
  func verdict(_ verb: String) -> String {
    let count = counter.isEmpty ? "" : " as counted by '\(counter)'"
    let name = (object.isEmpty ? "the object" : "'\(object)'") + count
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
    case .policy: return "let the policy's greatest value be one less than the size"
    case .constant, .loopUntil, .loopEnd, .formatted, .input: return ""
    }
  }
}

/// Reports the accesses that one of the rules speaks of; reads and writes where `isWrite` is `nil`.
func reportAccesses(
  _ pass: borrowing Pass, _ findings: inout [Finding], rule: RuleInfo, isWrite: Bool? = nil,
  _ cause: AccessCause
) {
  for observation in pass.result.observations {
    guard case .access(let access) = observation.kind,
      isWrite == nil || access.isWrite == isWrite, access.cause == cause,
      !access.lacksRoomForTerminator, !access.isOfFormattedLength,
      let tier = access.tier(observation.judgement)
    else { continue }
    let verb = access.isWrite ? "writes" : "reads"
    let subject = access.callee.isEmpty ? "" : "'\(access.callee)' "
    let condition = observation.witness.last.map { " when '\($0.name)' is \($0.value)" } ?? ""
    findings.append(
      pass.finding(
        rule, observation,
        subject + access.verdict(verb) + condition + access.source.reason, tier: tier,
        hint: access.hint, last: access.verdict(verb)))
  }
}
