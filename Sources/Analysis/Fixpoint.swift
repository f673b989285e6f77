// SPDX-License-Identifier: Apache-2.0

// The exploration: every block with the join of what reaches it, every loop until its head is stable.
// A local that each iteration moves by a constant is closed at once: it is its value at entry plus
// the step times the loop's counter, so that all of them stay related (Gonnord and Halbwachs,
// "Combining widening and acceleration in linear relation analysis", 2006). Everything else is
// joined twice and then widened.

import IR

/// What the exploration keeps for replays.
struct Exploration: Sendable {
  /// State at each loop's head, stable.
  var heads: [State?]
  /// State at the ends of each loop's iterations, joined; `nil` where none ends.
  var backs: [State?]
}

extension Machine {
  /// Runs the function to its fixpoint; `nil` where the fuel does not suffice.
  mutating func explore() -> Exploration? {
    mode = .explore
    let takesUsers = takesUserPointers
    isNearUser = takesUsers || isGivenUserPointers
    fetchesTwice = takesUsers && callsTwoFetches
    let none = [State?](repeating: nil, count: flow.loops.count)
    var exploration = Exploration(heads: none, backs: none)
    var inflow = Array<[(source: Int, state: State)]>(repeating: [], count: flow.order.count)
    inflow[0] = [(-1, entryState())]
    run(0, flow.order.count, &inflow, &exploration)
    return fuel < 0 ? nil : exploration
  }

  /// The state at entry: parameters hold what callers pass.
  mutating func entryState() -> State {
    var state = State(localCount: slotCount + 1)
    for index in 0..<Int(body.parameterCount) {
      let local = LocalID(index)
      let slot = slots[index]
      let type = module.types[body.locals[local].type]
      let known: AbstractValue
      if type.isInteger, type.width <= 64 {
        known = .number(LinearForm(universe.symbol(ofParameter: local, range: type.range)))
      } else if type.isPointer {
        known = .pointer(
          universe.region(ofParameter: local), offset: .zero, inside: .none, mayBeNull: true)
      } else {
        continue
      }
      if slot >= 0 {
        state.locals[slot] = known
      } else {
        // One whose address is taken holds its argument all the same.
        state.setCell(
          in: region(of: local), at: 0, size: UInt32(clamping: type.size), to: known)
      }
    }
    noteNullParameters(&state)
    if entry != nil { assumeEntry(&state) }
    if let assumedNonZero { assumeNonZero(assumedNonZero, &state) }
    return state
  }

  private mutating func run(
    _ start: Int, _ end: Int, _ inflow: inout [[(source: Int, state: State)]],
    _ exploration: inout Exploration
  ) {
    var index = start
    while index < end, fuel >= 0 {
      let loop = flow.loopAtHead[index]
      if loop >= 0 {
        stabilise(loop, &inflow, &exploration)
        index = flow.loops[loop].end
      } else {
        if let state = joined(inflow[index], at: index) { runBlock(index, state, &inflow) }
        index += 1
      }
    }
  }

  private mutating func runBlock(
    _ index: Int, _ state: State, _ inflow: inout [[(source: Int, state: State)]]
  ) {
    position = index
    clear(index)
    var state = state
    executeBlock(&state)
    noteExit(index, state)
    checkEnd(state)
    for target in flow.successors[index] { inflow[target].removeAll { $0.source == index } }
    for edge in leave(state) {
      inflow[edge.target].append((index, edge.state))
      recording?.note(flow.order[index], goesTo: flow.order[edge.target])
    }
  }

  private mutating func clear(_ index: Int) {
    candidates[index] = []
    openCandidates[index] = []
    exits[index] = nil
    recording?.clear(flow.order[index], body.blocks[flow.order[index]].instructions.indices)
  }

  private mutating func noteExit(_ index: Int, _ state: State) {
    if isDead { return }
    switch body.blocks[flow.order[index]].terminator {
    case .returnVoid: exits[index] = state
    case .returnValue(let value):
      var state = state
      state.locals[slotCount] = registers[Int(value.index)]
      noteNull(storing: value, in: .slot(Int32(slotCount)), &state)
      exits[index] = state
    default: break
    }
  }

  /// The state behind all returns; `nil` where the function never returns.
  mutating func exitState() -> State? {
    var result: State?
    for case let exit? in exits {
      guard let known = result else {
        result = exit
        continue
      }
      result = join(known, exit, at: flow.order.count, isLoopMerge: false)
    }
    return result
  }

  private mutating func joined(
    _ states: [(source: Int, state: State)], at index: Int
  ) -> State? {
    guard var result = states.first?.state else { return nil }
    for other in states.dropFirst() {
      result = join(result, other.state, at: index, isLoopMerge: false)
    }
    return result
  }

  // MARK: Loops

  private mutating func stabilise(
    _ loop: Int, _ inflow: inout [[(source: Int, state: State)]],
    _ exploration: inout Exploration
  ) {
    while true {
      let count = wrapping[loop].count
      iterate(loop, &inflow, &exploration)
      if fuel < 0 || wrapping[loop].count == count { return }
    }
  }

  /// Iterates until the head is stable, under the assumption that the closed forms hold; notes where
  /// they do not.
  private mutating func iterate(
    _ loop: Int, _ inflow: inout [[(source: Int, state: State)]],
    _ exploration: inout Exploration
  ) {
    let start = flow.loops[loop].start
    let end = flow.loops[loop].end
    let entries = inflow[start].filter { !flow.contains(loop, $0.source) }
    guard let entry = joined(entries, at: start) else {
      for index in start..<end { clear(index) }
      return
    }
    let counter = universe.counter(of: loop)
    loopEntries[loop] = entry.uninitialised
    let closed = close(loop, entry, counter)
    var head = closed
    var isLast = false
    defer {
      let latches = inflow[start].filter { flow.contains(loop, $0.source) }
      if let back = joined(latches, at: start) { verify(loop, entry, closed, back) }
    }
    for round in 0..<16 {
      for index in start..<end {
        inflow[index].removeAll { flow.contains(loop, $0.source) }
        clear(index)
      }
      runBlock(start, head, &inflow)
      run(start + 1, end, &inflow, &exploration)
      if fuel < 0 { return }
      let back = joined(inflow[start].filter { flow.contains(loop, $0.source) }, at: start)
      exploration.backs[loop] = back
      if isLast { break }
      guard let back else {
        // No iteration ends: the head is reached from outside only.
        exploration.heads[loop] = head
        return
      }
      var next = join(closed, back, at: start, isLoopMerge: true)
      // Facts that a test takes away, and a widened bound that falls by one in each round, may go round
      // for ever: from here on nothing is taken back.
      if round > 7 { next = join(head, next, at: start, isLoopMerge: true) }
      restoreInductions(loop, from: closed, into: &next, counter, head)
      if round > 0 { widen(&next, from: head, at: start, isWild: round > 3) }
      if isEqual(next, head) {
        isLast = true
        guard narrow(counter, from: back, into: &next) else { break }
      }
      head = next
    }
    // A head that still moves holds for nothing: the function counts as out of budget.
    if !isLast { fuel = -1 }
    exploration.heads[loop] = head
  }

  /// The inductions of a loop, but for those whose closed form leaves their type.
  func inductions(of loop: Int) -> [Induction] {
    let all = flow.loops[loop].inductions
    return wrapping[loop].isEmpty ? all : all.filter { !wrapping[loop].contains($0.local) }
  }

  /// Finds the inductions whose next value their type may not hold.
  ///
  /// Overflow of a signed type as wide as `int` is undefined. That a variable gets round its type in
  /// 2³¹ iterations is not believed either.
  private mutating func verify(_ loop: Int, _ entry: State, _ closed: State, _ back: State) {
    for induction in inductions(of: loop) {
      let slot = slots[Int(induction.local.index)]
      let type = module.types[body.locals[induction.local].type]
      guard slot >= 0, type.isInteger, !(type.isSigned && type.width >= 32),
        case .number(let form) = closed.locals[slot],
        case let start = entry.locals[slot].form.map({ bounds($0, entry).interval }) ?? type.range,
        case let next = bounds(form, back).interval + Interval(Int128(induction.step)),
        !type.range.contains(next)
      else { continue }
      let room = induction.step > 0 ? type.range.high - start.low : start.high - type.range.low
      if room / Int128(induction.step.magnitude) < 1 << 31 {
        wrapping[loop].insert(induction.local)
      }
    }
  }

  /// The head state with inductions in closed form.
  mutating func close(_ loop: Int, _ entry: State, _ counter: Symbol) -> State {
    var state = entry
    var limit = Int128(1) << 64
    for induction in inductions(of: loop) {
      let slot = slots[Int(induction.local.index)]
      guard slot >= 0 else { continue }
      let type = module.types[body.locals[induction.local].type]
      if case .unknown = state.locals[slot], type.isInteger, type.width <= 64 {
        let key = MergeKey(
          position: flow.loops[loop].start, isLoopMerge: false, place: .local(slot))
        let symbol = universe.symbol(of: key, range: .everything, isSteady: true)
        define(symbol, SymbolFact(interval: type.range), &state)
        state.locals[slot] = .number(LinearForm(symbol))
      }
      guard case .number(let form) = state.locals[slot], type.isInteger else { continue }
      let known = bounds(form, state).interval
      let room =
        induction.step > 0 ? type.range.high - known.low : known.high - type.range.low
      let turns = max(room / Int128(induction.step.magnitude), 0)
      // Nothing turns 2³¹ times to get round its type: one more step still fits.
      limit = min(limit, turns >= 1 << 31 ? min(turns - 1, 1 << 62) : turns + 1)
    }
    define(
      counter,
      SymbolFact(interval: Interval(0, limit), lowBoundary: .constant), &state)
    for induction in inductions(of: loop) {
      let slot = slots[Int(induction.local.index)]
      guard slot >= 0 else { continue }
      state.locals[slot] = advance(state.locals[slot], by: induction.step, counter)
      state.setNull(.slot(Int32(slot)), to: [])
    }
    return state
  }

  private func advance(_ value: AbstractValue, by step: Int64, _ counter: Symbol) -> AbstractValue {
    switch value {
    case .number(let form):
      return form.adding(LinearForm(counter), times: step).map { .number($0) } ?? .unknown
    case .pointer(let region, let offset, let inside, _):
      return offset.adding(LinearForm(counter), times: step).map {
        .pointer(region, offset: $0, inside: inside, mayBeNull: false)
      } ?? .unknown
    default: return .unknown
    }
  }

  private mutating func restoreInductions(
    _ loop: Int, from closed: State, into next: inout State, _ counter: Symbol, _ head: State
  ) {
    setFact(counter, fact(counter, head), &next)
    for induction in inductions(of: loop) {
      let slot = slots[Int(induction.local.index)]
      if slot >= 0 { next.locals[slot] = closed.locals[slot] }
    }
  }

  /// The counter at the head is at most one more than at the end of an iteration.
  private func narrow(_ counter: Symbol, from back: State, into next: inout State) -> Bool {
    let last = fact(counter, back)
    var known = fact(counter, next)
    guard last.interval.high + 1 < known.interval.high else { return false }
    known.interval.high = max(last.interval.high + 1, 0)
    known.highBoundary = last.highBoundary
    setFact(counter, known, &next)
    return true
  }

  /// Bounds that still move go as far as the type allows.
  private func widen(_ next: inout State, from head: State, at start: Int, isWild: Bool) {
    for index in next.facts.indices {
      let symbol = Symbol(index: UInt32(index))
      guard case .merge(let place, _) = universe[symbol].kind, place == start || isWild else {
        continue
      }
      let old = fact(symbol, head).interval
      var known = next.facts[index]
      if known.interval.low < old.low {
        known.interval.low = isWild ? Interval.everything.low : threshold(below: known.interval.low)
        known.lowBoundary = .none
      }
      if known.interval.high > old.high {
        known.interval.high =
          isWild ? Interval.everything.high : threshold(above: known.interval.high)
        known.highBoundary = .none
      }
      next.facts[index] = known
    }
    for index in next.relations.indices.reversed() {
      let relation = next.relations[index]
      let old = bounds(relation.form, head).interval
      if !old.contains(relation.fact.interval) { next.relations.remove(at: index) }
    }
  }

  private func threshold(above value: Int128) -> Int128 {
    for width in [7, 8, 15, 16, 31, 32, 63, 64] as [Int128] where value < 1 << width {
      return (1 << width) - 1
    }
    return Interval.everything.high
  }

  private func threshold(below value: Int128) -> Int128 {
    if value >= 0 { return 0 }
    for width in [7, 15, 31, 63] as [Int128] where value >= -(1 << width) { return -(1 << width) }
    return Interval.everything.low
  }

  /// Whether two head states say the same; facts past the end of a table are defaults.
  private func isEqual(_ left: State, _ right: State) -> Bool {
    guard left.locals == right.locals, left.cells == right.cells, left.strings == right.strings,
      left.escaped == right.escaped, left.lost == right.lost, left.touched == right.touched,
      left.isHavocked == right.isHavocked, left.passedMember == right.passedMember,
      left.released == right.released,
      left.acquired == right.acquired, left.closed == right.closed, left.locks == right.locks,
      left.errors == right.errors, left.userPointers == right.userPointers,
      left.fetches == right.fetches,
      left.inputs == right.inputs, left.indexed == right.indexed,
      left.relations == right.relations, left.nulls == right.nulls,
      left.dereferenced == right.dereferenced, left.uninitialised == right.uninitialised
    else { return false }
    for index in 0..<max(left.facts.count, right.facts.count) {
      let symbol = Symbol(index: UInt32(index))
      if fact(symbol, left) != fact(symbol, right) { return false }
    }
    return true
  }
}
