// SPDX-License-Identifier: Apache-2.0

// Locks across calls: what a function takes for its callers, gives back for them, or needs to be free.

import Findings
import IR

/// What a function does to a lock of its callers.
struct SummaryLock: Codable, Hashable, Sendable {
  enum Effect: UInt8, Codable, Hashable, Sendable {
    /// It takes it, and returns with it.
    case takes
    /// It gives back what the caller holds.
    case gives
    /// It takes it and gives it back.
    case borrows
    /// One or another, as its path decides.
    case varies
  }

  /// The object that holds the lock; `nil` where the lock has no address.
  var object: InputObject?
  /// Bytes from where the pointer to the object leads.
  var offset: Int64
  /// The name of a lock without an address.
  var name: String
  var mode: LockMode
  var effect: Effect
  /// Which result says that it was taken.
  var result: LockResult = .always
  /// Where that happens.
  var step: Step
}

extension Machine {
  /// What callers learn of locks.
  mutating func summariseLocks(_ summary: inout Summary) {
    var keys: [LockKey] = []
    let ends = exits.compactMap { $0 }
    for fact in ends.flatMap(\.locks) where !keys.contains(fact.key) { keys.append(fact.key) }
    for key in keys.sorted() where summary.locks.count < 8 {
      guard let row = summaryLock(key, ends) else { continue }
      summary.locks.append(row)
    }
    if givesUnknown {
      let step = Step(location: module.location(of: module.functions[function].origin), message: "")
      summary.locks.append(
        SummaryLock(
          object: nil, offset: 0, name: "", mode: .exclusive, effect: .gives, step: step))
    }
  }

  private mutating func summaryLock(_ key: LockKey, _ ends: [State]) -> SummaryLock? {
    let facts = ends.map { end in end.lock(key).map { settled($0, end) } }
    guard let sample = facts.compactMap({ $0 }).first else { return nil }
    var row = SummaryLock(
      object: nil, offset: 0, name: "", mode: sample.mode, effect: .varies,
      step: Step(
        location: module.location(of: body.instructions[sample.cause].origin),
        message: "'\(calleeName(sample.cause))' is called here"))
    switch key {
    case .named(let name): row.name = lockNames[Int(name)]
    case .place(let region, let offset):
      guard let object = object(of: region) else {
        // Some lock of the callers', but they have no name for it.
        if !sample.startsFree, sample.status != .held, givesCallersLock(sample.cause) {
          givesUnknown = true
        }
        return nil
      }
      if case .made = object { return nil }
      row.object = object
      row.offset = offset
    }
    func isSure(_ fact: LockFact?, _ status: LockFact.Status, startsFree: Bool) -> Bool {
      guard let fact, fact.pending == nil else { return false }
      return fact.status == status && fact.startsFree == startsFree
    }
    if facts.allSatisfy({ isSure($0, .held, startsFree: true) }) {
      row.effect = .takes
    } else if facts.allSatisfy({ isSure($0, .free, startsFree: false) }) {
      row.effect = .gives
    } else if facts.allSatisfy({ isSure($0, .free, startsFree: true) }) {
      row.effect = .borrows
    } else if facts.allSatisfy({ isSure($0, .held, startsFree: false) }) {
      return nil
    } else if let result = takenByResult(facts, ends) {
      row.effect = .takes
      row.result = result
    }
    return row
  }

  /// Which result goes with holding a lock; `nil` where none does.
  private func takenByResult(_ facts: [LockFact?], _ ends: [State]) -> LockResult? {
    var isHeldIfZero: Bool?
    for (fact, end) in zip(facts, ends) {
      guard case .number(let form) = end.locals[slotCount] else { return nil }
      let known = bounds(form, end).interval
      if let pending = fact?.pending {
        guard form == LinearForm(pending), isHeldIfZero ?? fact?.isHeldIfZero == fact?.isHeldIfZero
        else { return nil }
        isHeldIfZero = fact?.isHeldIfZero
        continue
      }
      let isZero = known == Interval(0)
      guard isZero || !known.contains(Interval(0)), fact?.status != .either,
        fact?.startsFree != false
      else { return nil }
      let isHeld = fact?.status == .held
      if let isHeldIfZero, isHeldIfZero != (isZero == isHeld) { return nil }
      isHeldIfZero = isZero == isHeld
    }
    return isHeldIfZero.map { $0 ? .zero : .nonzero }
  }

  /// What a callee does to locks.
  mutating func applyLocks(
    _ summary: Summary, _ binding: Binding, _ result: AbstractValue, before: State,
    _ state: inout State
  ) {
    if summary.locks.isEmpty { return }
    for row in summary.locks {
      let place: LockPlace = .named(row.name)
      var key: LockKey?
      if let object = row.object {
        guard case .pointer(let region, let offset, _, _)? = resolve(object, binding, before),
          let moved = offset.adding(constant: row.offset)
        else {
          if row.effect != .borrows { forgetAllLocks(at: binding.call, row, &state) }
          continue
        }
        key = self.key(.pointer(region, offset: moved, inside: .none, mayBeNull: false))
      } else if !row.name.isEmpty {
        key = namedKey(place)
      }
      guard let key else {
        if row.effect != .borrows { forgetAllLocks(at: binding.call, row, &state) }
        continue
      }
      apply(row, key, at: binding.call, result, &state)
    }
  }

  private mutating func forgetAllLocks(
    at call: ValueID, _ row: SummaryLock, _ state: inout State
  ) {
    unlockingCalls.insert(call)
    if row.effect == .takes {
      state.holdsUnplaced = true
    } else {
      if row.effect == .gives, !state.holdsUnplaced, givesCallersLock(call) { givesUnknown = true }
      state.holdsUnplaced = false
    }
    state.doubtLocks()
  }

  private mutating func apply(
    _ row: SummaryLock, _ key: LockKey, at call: ValueID, _ result: AbstractValue,
    _ state: inout State
  ) {
    switch row.effect {
    case .borrows: checkTwice(key, row.mode, callee: [row.step], at: call, state)
    case .gives: giveBack(key, row.mode, at: call, &state)
    case .varies:
      unlocked.insert(key)
      var known =
        state.lock(key)
        ?? LockFact(
          key: key, mode: row.mode, status: .unknown, cause: call, startsFree: false)
      known.status = .unknown
      known.pending = nil
      state.setLock(known)
    case .takes:
      var fact = LockFact(
        key: key, mode: row.mode, status: .held, cause: call, startsFree: !isCallersLock(at: call))
      if row.result == .always {
        checkTwice(key, row.mode, callee: [row.step], at: call, state)
      } else {
        guard let symbol = result.form?.singleTerm?.symbol else {
          state.locks.removeAll { $0.key == key }
          return
        }
        fact.pending = symbol
        fact.isHeldIfZero = row.result == .zero
      }
      take(fact, &state)
    }
  }
}
