// SPDX-License-Identifier: Apache-2.0

// A function that compares an index into what a parameter points to with another parameter believes that
// this is the count of elements (Engler's "Bugs as deviant behavior", SOSP 2001). Where the same condition
// lets an access pass that count by one, one of the two is wrong. Callers that pass a real object are told
// by the obligation; the belief warns where there are none.

import IR

/// That a parameter counts the elements behind another one.
struct BelievedSize: Hashable, Sendable {
  var pointer: LocalID
  var count: LocalID
  /// Bytes of an element.
  var element: Int64
}

extension Machine {
  /// Checks an access to what a parameter points to against the count that comes with it.
  mutating func checkBelief(
    _ address: ValueID, _ region: Region, from start: LinearForm, _ length: LinearForm,
    isWrite: Bool, at value: ValueID, argument: Int, _ state: State
  ) {
    guard inlined == nil, case .parameter(let pointer) = universe[region].kind,
      calleeName(value).isEmpty
    else { return }
    for belief in knownBeliefs() where belief.pointer == pointer {
      let range = module.types[body.locals[belief.count].type].range
      let count = LinearForm(universe.symbol(ofParameter: belief.count, range: range))
      guard let size = count.scaled(by: belief.element),
        let excess = start.adding(length)?.subtracting(size),
        case let over = proposedBounds(excess, state), over.interval.high > 0,
        over.interval.high <= Int128(belief.element), over.highBoundary.index > 1,
        isTaken(over.highBoundary, count)
      else { continue }
      var observation = AccessObservation(
        isWrite: isWrite, object: module.symbols[body.locals[pointer].name], size: nil,
        lastByte: nil, excess: Int64(clamping: over.interval.high), elementSize: belief.element,
        source: source(of: over.highBoundary), callee: "", staysInRecord: false, isTrailing: false)
      observation.isBelieved = true
      report(
        Violation(
          candidate: Candidate(
            value: value, argument: argument, kind: .access(isWrite: isWrite),
            via: [universe[over.highBoundary].position]),
          observation: .access(observation), isDefinite: false,
          goal: (excess, over.interval.high), boundary: over.highBoundary, cause: nil, region: nil,
          calleeSteps: [
            Step(
              location: module.location(of: body.locals[belief.count].origin),
              message: "indices into '\(observation.object)' are compared with "
                + "'\(module.symbols[body.locals[belief.count].name])', so it counts them")
          ]))
      return
    }
  }

  /// Whether a condition that holds compares something with the count.
  private func isTaken(_ boundary: BoundaryID, _ count: LinearForm) -> Bool {
    let row = universe[boundary]
    guard case .own = row.place else { return false }
    switch row.kind {
    case .guardCondition: break
    case .loopCondition: guard !leavesLoop(row) else { return false }
    default: return false
    }
    return [row.left, row.right].contains { side in
      guard let side, let known = form(side), let term = count.singleTerm else { return false }
      return known.coefficient(of: term.symbol) != 0
    }
  }

  private mutating func knownBeliefs() -> [BelievedSize] {
    if let beliefs { return beliefs }
    let found = isCalledByStrangers() ? findBeliefs() : []
    beliefs = found
    return found
  }

  private func findBeliefs() -> [BelievedSize] {
    var counts: [(count: LocalID, index: LocalID)] = []
    var accesses: [(pointer: LocalID, index: LocalID, stride: Int64)] = []
    for row in body.instructions.rows {
      switch row.operation {
      case .compare(let op, let left, let right) where op != .equal && op != .notEqual:
        for (index, count) in [(left, right), (right, left)] {
          guard let index = loadedLocal(index), let count = loadedLocal(count), index != count,
            body.locals[count].isParameter, type(of: left).isInteger
          else { continue }
          counts.append((count, index))
        }
      case .element(let base, let index, let stride) where stride > 0:
        guard let pointer = loadedLocal(base), body.locals[pointer].isParameter,
          let index = loadedLocal(index)
        else { continue }
        accesses.append((pointer, index, Int64(stride)))
      default: break
      }
    }
    var result: [BelievedSize] = []
    for access in accesses {
      for count in counts where count.index == access.index {
        let belief = BelievedSize(
          pointer: access.pointer, count: count.count, element: access.stride)
        if !result.contains(belief) { result.append(belief) }
      }
    }
    // Who compares with several, as with two ends of a range, counts with none.
    return result.filter { belief in
      !result.contains { $0.pointer == belief.pointer && $0 != belief }
    }
  }
}
