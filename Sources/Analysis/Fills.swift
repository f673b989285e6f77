// SPDX-License-Identifier: Apache-2.0

// Arrays that a loop fills element by element. Inside the loop an array that it writes counts as written;
// where the loop is left, the elements behind the last iteration are again what they were before it.

import IR

/// What a loop writes to an object.
enum LoopFill: BitwiseCopyable, Hashable, Sendable {
  /// Elements in ascending order, one each iteration: from `base` on, `stride` bytes each.
  case elements(base: Int64, stride: Int64)
  /// Anything.
  case anything
}

extension Machine {
  /// The loop that a store at a place counts through, and what it writes to the object.
  func fill(at offset: LinearForm) -> (loop: Int, fill: LoopFill)? {
    guard let term = offset.singleTerm, term.coefficient > 0,
      case .counter(let loop) = universe[term.symbol].kind
    else { return nil }
    return (loop, .elements(base: offset.constant, stride: Int64(term.coefficient)))
  }

  /// Notes a write for a loop around it: `fill` says how, where the loop's own counter leads there.
  mutating func note(_ fill: LoopFill, of region: Region, in loop: Int) {
    switch (loopFills[loop][region], fill) {
    case (.anything?, _), (_?, .anything): loopFills[loop][region] = .anything
    case (nil, _): loopFills[loop][region] = fill
    case (.elements(let base, let stride)?, .elements(let other, let step)):
      // Members of the same element.
      loopFills[loop][region] =
        stride == step && (base - other).magnitude < stride.magnitude
        ? .elements(base: min(base, other), stride: stride) : .anything
    }
  }

  /// Notes that every loop around the current position may write an object anywhere.
  mutating func noteUnordered(_ region: Region) {
    guard mode == .explore else { return }
    var loop = flow.innermostLoop[position]
    while loop >= 0 {
      note(.anything, of: region, in: loop)
      loop = flow.loops[loop].parent ?? -1
    }
  }

  /// On the way out of loops: what their fills leave without a value.
  func leaveFills(to target: Int, _ state: inout State) {
    var loop = flow.innermostLoop[position]
    while loop >= 0, !flow.contains(loop, target) {
      if !loopFills[loop].isEmpty, !loopEntries[loop].isEmpty { leaveFills(of: loop, &state) }
      leaveTexts(of: loop, &state)
      loop = flow.loops[loop].parent ?? -1
    }
  }

  private func leaveFills(of loop: Int, _ state: inout State) {
    guard let counter = universe.knownCounter(of: loop) else { return }
    let rounds = fact(counter, state).interval
    // Behind the first write of an iteration, its element is written as well.
    let begun: Int128 = position == flow.loops[loop].start && !writes(at: position) ? 0 : 1
    let count = mode == .explore ? rounds.low : rounds.high + begun
    let before = loopEntries[loop]
    for bytes in before {
      guard case .region(let region) = bytes.holder,
        case .elements(let base, let stride)? = loopFills[loop][region]
      else { continue }
      let end = Int64(clamping: Int128(base) + Int128(stride) * max(count, 0))
      var left = bytes
      left.high = min(bytes.high, base)
      state.addUninitialised(left)
      var right = bytes
      right.low = max(bytes.low, end)
      state.addUninitialised(right)
    }
  }

  /// Whether a block stores something in memory.
  private func writes(at position: Int) -> Bool {
    body.blocks[flow.order[position]].instructions.indices.contains { row in
      guard case .store(let address, _, _) = body.instructions.rows[row].operation else {
        return false
      }
      if case .local(let local) = operation(address) { return slots[Int(local.index)] < 0 }
      return true
    }
  }

  /// Whether everything that a block writes to an object is the fill of its loop.
  func isFill(_ position: Int, of region: Region) -> Bool {
    let loop = flow.innermostLoop[position]
    guard loop >= 0, case .elements? = loopFills[loop][region] else { return false }
    return true
  }

  // MARK: Reads

  /// An element at an index is read: one that the index really reaches has no value.
  mutating func readElement(
    _ address: ValueID, _ region: Region, _ offset: LinearForm, size: Int64, at value: ValueID,
    argument: Int, _ state: inout State
  ) {
    let known = bounds(offset, state)
    func bytes(_ low: Int128, _ high: Int128) -> UninitialisedBytes? {
      state.uninitialised.first {
        $0.holder == .region(region) && Int128($0.low) <= low && high <= Int128($0.high)
      }
    }
    let reach = known.interval
    let width = Int128(size)
    if let all = bytes(reach.low, reach.high + width) {
      return reportElement(all, address, region, goal: nil, .none, size: size, at: value, &state)
    }
    for (end, boundary) in [(reach.high, known.highBoundary), (reach.low, known.lowBoundary)]
    where !boundary.isNone {
      guard var found = bytes(end, end + width) else { continue }
      found.low = Int64(clamping: end)
      found.high = found.low.addingSaturating(size)
      return reportElement(
        found, address, region, goal: (offset, end), boundary, size: size, at: value, &state)
    }
  }

  private mutating func reportElement(
    _ bytes: UninitialisedBytes, _ address: ValueID, _ region: Region,
    goal: (form: LinearForm, value: Int128)?, _ boundary: BoundaryID, size: Int64,
    at value: ValueID, _ state: inout State
  ) {
    var local: LocalID?
    if case .local(let own) = universe[region].kind { local = own }
    reportUninitialised(
      bytes, local: local, readName(address, region, at: value), isOutput: false, total: size,
      at: value, argument: 0, goal: goal, boundary: boundary, state)
    if mode == .explore { state.initialise(.region(region)) }
  }
}
