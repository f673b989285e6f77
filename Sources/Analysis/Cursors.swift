// SPDX-License-Identifier: Apache-2.0

// A pointer and a count that a loop moves in step, as every walk over a message does: `p += k; n -= k`
// says that n bytes are left at p. A read of `p[2]` behind `n >= 2` then passes the end by one.

import IR

/// A pointer into bytes and the count of what is left of them.
struct Cursor: Hashable, Sendable {
  var pointer: LocalID
  var count: LocalID
}

extension Machine {
  /// The pointers of the function that a loop moves in step with a count.
  mutating func knownCursors() -> [Cursor] {
    if let cursors { return cursors }
    let found = findCursors()
    cursors = found
    return found
  }

  private func findCursors() -> [Cursor] {
    var pointers: [(local: LocalID, step: ValueID, loop: Int)] = []
    var counts: [(local: LocalID, step: ValueID, loop: Int)] = []
    guard !flow.loops.isEmpty else { return [] }
    for row in body.instructions.rows.indices {
      guard case .store(let address, let stored, _) = body.instructions.rows[row].operation,
        case .local(let local) = operation(address), positions[row] >= 0,
        case let loop = flow.innermostLoop[Int(positions[row])], loop >= 0
      else { continue }
      switch operation(stripped(stored)) {
      case .element(let base, let step, 1) where loadedLocal(base) == local:
        pointers.append((local, step, loop))
      case .binary(.subtract, let left, let step) where loadedLocal(left) == local:
        counts.append((local, step, loop))
      default: break
      }
    }
    var result: [Cursor] = []
    for pointer in pointers where pointees(of: pointer.local) == 1 {
      for count in counts where count.loop == pointer.loop && isSame(count.step, pointer.step) {
        if case .constant = operation(stripped(count.step)) { continue }
        let cursor = Cursor(pointer: pointer.local, count: count.local)
        if !result.contains(cursor) { result.append(cursor) }
      }
    }
    return result
  }

  /// Bytes of what a local points to; 0 where it is no pointer.
  private func pointees(of local: LocalID) -> Int {
    guard case .pointer(let pointee) = module.types[body.locals[local].type].kind else { return 0 }
    return Int(module.types[pointee].size)
  }

  /// Whether two expressions are written alike, conversions aside.
  func isSame(_ first: ValueID, _ second: ValueID) -> Bool {
    let (first, second) = (stripped(first), stripped(second))
    if first == second { return true }
    switch (operation(first), operation(second)) {
    case (.constant(let a), .constant(let b)): return a == b
    case (.local(let a), .local(let b)): return a == b
    case (.global(let a), .global(let b)): return a == b
    case (.load(let a, _), .load(let b, _)): return isSame(a, b)
    case (.field(let a, let first), .field(let b, let second)):
      return first == second && isSame(a, b)
    case (.element(let a, let i, let stride), .element(let b, let j, let other)):
      return stride == other && isSame(a, b) && isSame(i, j)
    case (.binary(let op, let a, let b), .binary(let other, let c, let d)):
      return op == other && isSame(a, c) && isSame(b, d)
    case (.pointerDifference(let a, let b, let stride), .pointerDifference(let c, let d, let other)):
      return stride == other && isSame(a, c) && isSame(b, d)
    default: return false
    }
  }

  /// Checks a read at a constant distance from such a pointer against what a condition leaves of the
  /// count.
  mutating func checkCursor(_ address: ValueID, at value: ValueID, _ state: State) {
    guard inlined == nil, case .element(let base, let index, 1) = operation(address),
      let distance = form(index), distance.isConstant, distance.constant > 0,
      let pointer = loadedLocal(base)
    else { return }
    let need = Int128(distance.constant) + Int128(type(of: value).size)
    for cursor in knownCursors() where cursor.pointer == pointer {
      guard let left = number(of: cursor.count, state), !left.isConstant,
        case let known = bounds(left, state), known.interval.low == need - 1,
        known.lowBoundary.index > 1, isAbout(known.lowBoundary, left),
        !asksMessage(of: pointer, state)
      else { continue }
      let boundary = universe[known.lowBoundary]
      var observation = AccessObservation(
        isWrite: false, object: module.symbols[body.locals[pointer].name], size: nil,
        lastByte: nil, excess: 1, elementSize: 1, source: source(of: known.lowBoundary), callee: "",
        staysInRecord: false, isTrailing: false)
      observation.isBelieved = true
      report(
        Violation(
          candidate: Candidate(
            value: value, argument: 0, kind: .access(isWrite: false), via: [boundary.position]),
          observation: .access(observation), isDefinite: false, goal: (left, need - 1),
          boundary: known.lowBoundary, cause: nil, region: nil))
      return
    }
  }

  /// What a local holds, where it is a number.
  private func number(of local: LocalID, _ state: State) -> LinearForm? {
    let slot = slots[Int(local.index)]
    if slot >= 0 { return state.locals[slot].form }
    let size = UInt32(clamping: module.types[body.locals[local].type].size)
    return universe.knownRegion(of: local).flatMap {
      state.cell(in: $0, at: 0, size: size)?.form
    }
  }

  /// Whether a condition of the function compares a count with a constant.
  private func isAbout(_ boundary: BoundaryID, _ count: LinearForm) -> Bool {
    let row = universe[boundary]
    guard case .own = row.place, row.kind == .guardCondition || row.kind == .loopCondition else {
      return false
    }
    let sides = [row.left, row.right].compactMap { $0 }.compactMap { form($0) }
    return sides.contains(count) && sides.contains(where: \.isConstant)
  }

  /// Whether the path asks how large something in the message is, beyond telling values apart.
  private func asksMessage(of pointer: LocalID, _ state: State) -> Bool {
    state.conditions.contains { condition in
      state.isOrder(condition)
        && (0..<condition.form.count).contains { index in
          switch universe[condition.form[index].symbol].kind {
          case .value(let maker):
            guard case .load(let address, _) = operation(maker),
              case .element(let base, _, _) = operation(address)
            else { return false }
            return loadedLocal(base) == pointer
          case .entry(let place):
            guard case .parameter(let local) = universe[place.region].kind else { return false }
            return local == pointer
          default: return false
          }
        }
    }
  }
}
