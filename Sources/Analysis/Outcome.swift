// SPDX-License-Identifier: Apache-2.0

import IR

/// What a step of the analysis yields.
struct Outcome: Sendable {
  var result: FunctionResult
  var summary: StoredSummary?
  /// Whom calls by address go to.
  var indirectTargets: [ValueID: FunctionID?] = [:]
  /// Where observations are that a summary's word is the reason for.
  var onWord: [ValueID] = []
  /// What the function's own look learnt from outside.
  var facts: [Fact] = []
  /// The stored form of what the first look yields; empty where nothing is to be kept, or there is nothing.
  var first: ArraySlice<UInt8> = []
  /// Digest of `first`.
  var firstDigest = Digest.zero
  /// What an earlier run kept, where all of it still holds.
  var kept: StoredFunction?
  /// Whether something that was kept could not be read.
  var isDamaged = false

  /// The outcome of a look.
  init(
    result: FunctionResult, summary: Summary? = nil, targets: [ValueID: FunctionID?] = [:],
    onWord: [ValueID] = [], facts: Facts? = nil, isStored: Bool
  ) {
    self.result = result
    self.summary = summary.map { StoredSummary($0, isStored: isStored) }
    indirectTargets = targets
    self.onWord = onWord
    self.facts = facts?.recorded ?? []
    isDamaged = facts?.isDamaged ?? false
    guard isStored else { return }
    var look = FirstLook()
    look.observations = result.observations
    look.unknowns = result.unknowns
    look.onWord = onWord
    look.targets = targets.sorted { $0.key < $1.key }.map { call, function in
      FirstLook.Target(call: call, function: function)
    }
    guard !look.isEmpty else { return }
    let bytes = RecordEncoder.bytes(of: look)
    firstDigest = Digest(of: bytes)
    first = ArraySlice(bytes)
  }

  /// The outcome that an earlier run kept of a function; `isPlaceholder` leaves out what it saw.
  init(_ kept: StoredFunction, of function: FunctionID, isPlaceholder: Bool = false) {
    result = FunctionResult(function)
    self.kept = kept
    guard !isPlaceholder else { return }
    summary = kept.summary
    facts = kept.facts
    first = kept.first
    firstDigest = kept.firstDigest
    result.isComplete = kept.isComplete
    result.steps = kept.steps
    result.undecided = kept.undecided
    guard !kept.first.isEmpty else { return }
    guard let look = try? RecordDecoder.value(FirstLook.self, of: kept.first) else {
      isDamaged = true
      return
    }
    result.observations = look.observations
    result.unknowns = look.unknowns
    onWord = look.onWord
    for target in look.targets { indirectTargets.updateValue(target.function, forKey: target.call) }
  }
}
