// SPDX-License-Identifier: Apache-2.0

// An index that is held against the size of the array after it was used. The condition says which values
// the program reckons with, and the access came before it.

import IR

/// An access to an element of an array at an index that is not a constant.
struct IndexedAccess: BitwiseCopyable, Sendable {
  /// The load or store.
  var value: ValueID
  /// Where it happens.
  var position: Int
  /// The address of the first element.
  var base: ValueID
  var index: ValueID
  /// Bytes of an element.
  var stride: Int64
}

extension Machine {
  /// Asks whether the condition at the end of a block checks an index that was used before.
  mutating func checkLate(_ state: State) {
    guard !isDead,
      case .branch(let condition, _, _) = body.blocks[flow.order[position]].terminator,
      case .compare(let op, let left, let right) = operation(condition),
      decide(op, left, right, state) == nil
    else { return }
    for (subject, limit, op) in [(left, right, op), (right, left, op.mirrored)] {
      guard type(of: subject).isInteger, let constant = constant(limit),
        let split = split(op, constant)
      else { continue }
      for access in earlierAccesses { judge(access, subject, split, condition, state) }
    }
  }

  /// The least value on the upper side of a comparison with a constant.
  private func split(_ op: Comparison, _ constant: Int128) -> Int128? {
    switch op {
    case .less, .greaterOrEqual: constant
    case .lessOrEqual, .greater: constant + 1
    case .equal, .notEqual: nil
    }
  }

  private func constant(_ value: ValueID) -> Int128? {
    guard let form = form(value), form.isConstant else { return nil }
    return Int128(form.constant)
  }

  /// The accesses that every way to the current block passes.
  private var earlierAccesses: [IndexedAccess] {
    mutating get {
      let all = indexedAccesses ?? findIndexedAccesses()
      indexedAccesses = all
      let here = frame(at: position)
      return all.filter {
        flow.dominates($0.position, position) && frame(at: $0.position) == here
      }
    }
  }

  private func findIndexedAccesses() -> [IndexedAccess] {
    var found: [IndexedAccess] = []
    for row in body.instructions.rows.indices where positions[row] >= 0 {
      let address: ValueID
      switch body.instructions.rows[row].operation {
      case .load(let place, _), .store(let place, _, _): address = place
      default: continue
      }
      guard let (base, index, stride) = element(of: address) else { continue }
      found.append(
        IndexedAccess(
          value: ValueID(row), position: Int(positions[row]), base: base, index: index,
          stride: stride))
    }
    return found
  }

  /// The element of an array that an address lies in.
  private func element(of address: ValueID) -> (base: ValueID, index: ValueID, stride: Int64)? {
    switch operation(address) {
    case .field(let base, _), .cast(.pointerCast, let base): return element(of: base)
    case .element(let base, let index, let stride) where stride > 0:
      guard case .cast(.decay, _) = operation(base) else { return nil }
      if case .constant = operation(index) { return nil }
      return (base, index, Int64(stride))
    default: return nil
    }
  }

  /// Asks whether a condition checks the index of an access against the size of its array.
  private mutating func judge(
    _ access: IndexedAccess, _ subject: ValueID, _ split: Int128, _ condition: ValueID,
    _ state: State
  ) {
    guard let count = count(of: access), let (index, distance) = match(access.index, subject)
    else { return }
    let known = bounds(index, state).interval
    let reached = split + distance
    let worst: Int128
    if reached == count || reached == count + 1, known.high >= count {
      worst = count
    } else if reached == 0, known.low < 0 {
      worst = -1
    } else {
      return
    }
    guard case .pointer(let region, _, let inside, _) = registers[Int(access.base.index)] else {
      return
    }
    let check = body.instructions[condition].origin
    let observation = LateCheckObservation(
      object: objectName(access.base, region, inside), count: Int64(clamping: count),
      index: module.text(of: body.instructions[access.index].origin),
      check: module.text(of: check), checkLocation: module.location(of: check),
      isWrite: isStore(access.value))
    report(
      Violation(
        candidate: Candidate(
          value: access.value, argument: 0, kind: .lateCheck, via: [access.position],
          end: Int32(position)),
        observation: .lateCheck(observation), isDefinite: false, goal: (index, worst),
        boundary: .none, cause: nil, region: region))
  }

  private func isStore(_ value: ValueID) -> Bool {
    if case .store = operation(value) { true } else { false }
  }

  /// Elements of the array that an access indexes.
  private func count(of access: IndexedAccess) -> Int128? {
    guard let room = capacity(of: access.base), room.isConstant,
      room.constant >= 2 * access.stride,
      room.constant % access.stride == 0
    else { return nil }
    return Int128(room.constant / access.stride)
  }

  /// The index as it was used, and how far it lies above a compared value, where the two always differ
  /// by the same.
  private func match(
    _ index: ValueID, _ subject: ValueID
  ) -> (form: LinearForm, distance: Int128)? {
    for used in unconverted(index) {
      for compared in unconverted(subject) {
        guard let difference = used.subtracting(compared), difference.isConstant,
          !used.isConstant
        else { continue }
        return (used, Int128(difference.constant))
      }
    }
    return nil
  }

  /// The forms of a value and of those that it was converted from.
  private func unconverted(_ value: ValueID) -> [LinearForm] {
    let own = form(value).map { [$0] } ?? []
    guard case .cast(_, let operand) = operation(value), type(of: operand).isInteger else {
      return own
    }
    return own + unconverted(operand)
  }
}
