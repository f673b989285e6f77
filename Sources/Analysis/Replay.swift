// SPDX-License-Identifier: Apache-2.0

// A candidate of the joined states is executed again along single paths, without joins; loops are
// entered by their closed form. It has to violate again, with values that satisfy every condition on
// the path. So bounds that came from different paths are never combined, and a path that cannot be
// taken argues nothing.

import IR

/// A violation that a path confirmed.
struct Confirmation {
  var violation: Violation
  var state: State
  /// Values of symbols that satisfy the path and the goal; `nil` where nothing has to be solved.
  var assignment: Assignment?
  /// Whether no values were found.
  var isUnsolved: Bool
}

/// The search for a path to one candidate.
private struct Search {
  var candidate: Candidate
  var target: Int
  /// Positions to pass, the target last.
  var stops: [Int]
  /// For each stop, the number of blocks to it by position; -1 where no forward path leads there.
  var distances: [[Int]]
  /// Paths that may still be tried.
  var attempts = 24
  var unsolved: Confirmation?
}

extension Machine {
  /// Looks for a path on which the candidate violates.
  mutating func replay(_ candidate: Candidate, _ exploration: Exploration) -> Confirmation? {
    mode = .replay
    defer { mode = .explore }
    let target =
      candidate.end >= 0 ? Int(candidate.end) : Int(positions[Int(candidate.value.index)])
    var stops: [Int] = []
    var distances: [[Int]] = []
    for stop in candidate.via.sorted() + [target] where stop <= target && stops.last != stop {
      let toStop = distancesTo(stop)
      if stop != target, distancesTo(target)[stop] < 0 { continue }
      stops.append(stop)
      distances.append(toStop)
    }
    var search = Search(candidate: candidate, target: target, stops: stops, distances: distances)
    if let found = follow(0, entryState(), stage: 0, exploration, &search) { return found }
    if search.stops.count > 1, search.unsolved == nil {
      search.stops = [target]
      search.distances = [distancesTo(target)]
      search.attempts = 24
      if let found = follow(0, entryState(), stage: 0, exploration, &search) { return found }
    }
    return search.unsolved
  }

  /// Blocks between each position and a stop, over forward edges.
  private func distancesTo(_ stop: Int) -> [Int] {
    var distance = [Int](repeating: -1, count: flow.order.count)
    distance[stop] = 0
    var queue = [stop]
    var next = 0
    while next < queue.count {
      let position = queue[next]
      next += 1
      for source in flow.predecessors[position]
      where !flow.isFeedback(from: source, to: position) && distance[source] < 0 {
        distance[source] = distance[position] + 1
        queue.append(source)
      }
    }
    return distance
  }

  private mutating func follow(
    _ index: Int, _ entry: State, stage: Int, _ exploration: Exploration, _ search: inout Search
  ) -> Confirmation? {
    let loop = flow.loopAtHead[index]
    if loop < 0 { return pass(index, entry, stage: stage, exploration, &search) }
    for turn in turns(of: loop, entry, exploration) {
      guard search.attempts > 0, fuel > 0 else { return nil }
      var state = entry
      guard enterLoop(loop, turn, exploration, &state) else { continue }
      if let found = pass(index, state, turn, stage: stage, exploration, &search) {
        return found
      }
    }
    return nil
  }

  /// Goes on from the start of a block.
  private mutating func pass(
    _ index: Int, _ entry: State, _ turn: Turn = .any, stage: Int, _ exploration: Exploration,
    _ search: inout Search
  ) -> Confirmation? {
    guard search.attempts > 0, fuel > 0 else { return nil }
    var state = entry
    position = index
    state.trail.append(TrailBlock(position: Int32(index)))
    if index == search.target {
      search.attempts -= 1
      return judge(&state, &search)
    }
    var stage = stage
    if index == search.stops[stage] { stage += 1 }
    executeBlock(&state)
    let distance = search.distances[stage]
    var next = leave(state)
    if next.count > 1 {
      for edge in next.indices {
        next[edge].state.trail[next[edge].state.trail.count - 1].isOpen = true
      }
    }
    var edges = next.filter {
      !flow.isFeedback(from: index, to: $0.target) && distance[$0.target] >= 0
    }
    if next.count > 1 {
      edges.removeAll { !canRepeat(index, to: $0.target, $0.state) }
      if flow.innermostLoop[index] >= 0 {
        for edge in edges.indices.reversed()
        where !assumeEarlierTurn(index, to: edges[edge].target, &edges[edge].state) {
          edges.remove(at: edge)
        }
      }
    }
    if case .first = turn { state.untouched = flow.loopAtHead[index] }
    if state.untouched >= 0 {
      let loop = state.untouched
      let isLeft = next.count > 1
      let isTouched = !isOnlyCondition(index)
      for edge in edges.indices {
        if isLeft, !flow.contains(loop, edges[edge].target) {
          // That a loop may not turn at all is no reason to think anything of its condition's values.
          let trail = edges[edge].state.trail
          edges[edge].state = state
          edges[edge].state.trail = trail
          edges[edge].state.assumesNoTurn = true
        }
        edges[edge].state.untouched =
          isTouched || !flow.contains(loop, edges[edge].target) ? -1 : loop
      }
    }
    for edge in edges.sorted(by: { distance[$0.target] < distance[$1.target] }) {
      if let found = follow(edge.target, edge.state, stage: stage, exploration, &search) {
        return found
      }
    }
    if edges.isEmpty { search.attempts -= 1 }
    return nil
  }

  /// Whether a block only reads and decides, as the parts of a loop's condition do.
  private func isOnlyCondition(_ position: Int) -> Bool {
    let block = body.blocks[flow.order[position]]
    guard case .branch = block.terminator else { return false }
    return block.instructions.indices.allSatisfy { row in
      switch body.instructions.rows[row].operation {
      case .store, .storeBits, .copy, .zero, .call, .assembly, .unknown: false
      default: true
      }
    }
  }

  private mutating func judge(_ state: inout State, _ search: inout Search) -> Confirmation? {
    violations = []
    if search.candidate.end >= 0 {
      executeBlock(&state)
      checkEnd(state)
    } else {
      executeBlock(&state, upTo: search.candidate.value)
    }
    let here = violations.filter {
      $0.candidate.value == search.candidate.value
        && $0.candidate.isOpen == search.candidate.isOpen
    }
    // What a single path knows better than the joined state may be another defect of the same place.
    guard
      let violation = here.first(where: {
        $0.candidate.argument == search.candidate.argument
          && $0.candidate.kind == search.candidate.kind
      }) ?? (search.candidate.isOpen ? nil : here.first)
    else { return nil }
    if isSingledOut(violation, violation.state ?? state) { return nil }
    if state.assumesNoTurn, violation.isDefinite { return nil }
    if case .access = violation.observation, let region = violation.region,
      state.isQuestioned(region)
    {
      return nil
    }
    let judged = violation.state ?? state
    var confirmation = Confirmation(
      violation: violation, state: judged, assignment: nil, isUnsolved: false)
    if violation.candidate.isOpen { return confirmation }
    let assignment = solve(violation.goal, judged)
    if let assignment {
      confirmation.assignment = assignment
      return confirmation
    }
    confirmation.isUnsolved = true
    search.unsolved = search.unsolved ?? confirmation
    return nil
  }

  /// Whether the path tests for exactly the value that violates and then calls unseen code.
  ///
  /// Who writes `if (n == sizeof buffer) fail();` knows of the value; whether `fail` returns is not
  /// ours to guess.
  private func isSingledOut(_ violation: Violation, _ state: State) -> Bool {
    guard let goal = violation.goal else { return false }
    let passed = state.conditions.prefix(state.unseenCalls)
    for (condition, next) in zip(passed, passed.dropFirst())
    where condition.boundary == next.boundary && condition.form == next.form.scaled(by: -1) {
      for index in 0..<condition.form.count
      where goal.form.coefficient(of: condition.form[index].symbol) != 0 {
        return true
      }
    }
    return false
  }

  /// How a path comes to the head of a loop.
  private enum Turn {
    /// From outside: everything is as it was.
    case first
    /// From the end of an iteration.
    case later
    /// Either; the loop changes nothing but what has a closed form.
    case any
  }

  /// The ways to the head of a loop that differ.
  private func turns(of loop: Int, _ entry: State, _ exploration: Exploration) -> [Turn] {
    guard let head = exploration.heads[loop], let back = exploration.backs[loop] else {
      return [.any]
    }
    let inductions = inductions(of: loop).map { slots[Int($0.local.index)] }
    let isChanged =
      !loopWrites[loop].isEmpty || entry.released != back.released || entry.locks != back.locks
      || flow.loops[loop].writtenLocals.contains { local in
        let slot = slots[Int(local.index)]
        return slot >= 0 && !inductions.contains(slot) && entry.locals[slot] != head.locals[slot]
      }
    return isChanged ? [.later, .first] : [.any]
  }

  /// Some iteration of a loop; answers whether there is one.
  ///
  /// Inductions are in closed form, and what else the loop writes is as the exploration found it stable.
  private mutating func enterLoop(
    _ loop: Int, _ turn: Turn, _ exploration: Exploration, _ state: inout State
  ) -> Bool {
    let counter = universe.counter(of: loop)
    let entry = state
    loopEntries[loop] = entry.uninitialised
    state = close(loop, entry, counter)
    guard let head = exploration.heads[loop] else { return true }
    if case .first = turn {
      // That a loop does not turn at all is no reason to think that what it fills has no value.
      loopEntries[loop] = []
      for region in loopWrites[loop] { state.initialise(.region(region)) }
      for local in flow.loops[loop].writtenLocals where slots[Int(local.index)] >= 0 {
        noteLoop(flow.loops[loop].start, slots[Int(local.index)], &state)
      }
      setFact(
        counter,
        SymbolFact(interval: Interval(0), lowBoundary: .constant, highBoundary: .constant), &state)
      return true
    }
    var isEither = false
    if case .any = turn { isEither = true }
    let stable = isEither ? head : exploration.backs[loop] ?? head
    let inductions = inductions(of: loop).map { slots[Int($0.local.index)] }
    let isSameStart = inductions.allSatisfy { $0 < 0 || state.locals[$0] == head.locals[$0] }
    var known = fact(counter, state)
    if isSameStart {
      known = fact(counter, head)
      known.interval = known.interval.intersection(fact(counter, state).interval)
    }
    if case .later = turn, known.interval.low < 1 {
      known.interval.low = 1
      known.lowBoundary = .constant
    }
    if known.interval.isEmpty { return false }
    setFact(counter, known, &state)
    for local in flow.loops[loop].writtenLocals {
      let slot = slots[Int(local.index)]
      guard slot >= 0, !inductions.contains(slot) else { continue }
      let before = state.locals[slot]
      defer { shareOverwritten(before, state.locals[slot], &state) }
      if isEither {
        noteLoop(flow.loops[loop].start, slot, &state)
      } else {
        state.initialise(.slot(Int32(slot)))
      }
      state.locals[slot] = generalised(
        state.locals[slot], stable.locals[slot], slot, loop, stable, isEither: isEither, &state)
      let isNull = state.locals[slot] == .number(.zero)
      let place = NullPlace.slot(Int32(slot))
      state.setNull(place, to: isNull ? stable.nullReasons(of: place) : [])
    }
    for key in loopShares[loop].sorted() {
      if case .object(let region) = key {
        share(.pointer(region, offset: .zero, inside: .none, mayBeNull: true), &state)
      } else {
        state.mark(key) { $0.isShared = true }
      }
    }
    for region in head.escaped { state.escape(region) }
    for region in head.lost { state.lose(region) }
    for region in loopWrites[loop].sorted() { state.forget(region) }
    restoreInputs(head, loopWrites[loop], &state)
    if loopHavocs[loop] { havoc(&state) }
    if case .later = turn {
      leaveLocks(of: stable, &state)
      leaveContents(of: loop, stable, &state)
      if !takeInvariants(of: loop, stable, &state) { return false }
    }
    for region in loopTests[loop].sorted() {
      noteContentTest(region, frame(at: flow.loops[loop].start), &state)
    }
    return true
  }

  /// Takes over what the end of an iteration knows of values that the loop does not change; answers
  /// whether both can be.
  private func takeInvariants(of loop: Int, _ back: State, _ state: inout State) -> Bool {
    for index in back.facts.indices {
      let symbol = Symbol(index: UInt32(index))
      guard back.facts[index].interval != universe[symbol].range, isInvariant(symbol, of: loop)
      else { continue }
      var known = fact(symbol, state)
      let stable = back.facts[index]
      if stable.interval.low > known.interval.low {
        known.interval.low = stable.interval.low
        known.lowBoundary = stable.lowBoundary
      }
      if stable.interval.high < known.interval.high {
        known.interval.high = stable.interval.high
        known.highBoundary = stable.highBoundary
      }
      if known.interval.isEmpty { return false }
      setFact(symbol, known, &state)
    }
    return true
  }

  /// Whether a symbol means the same in every iteration of a loop.
  private func isInvariant(_ symbol: Symbol, of loop: Int) -> Bool {
    switch universe[symbol].kind {
    case .value(let value), .foreign(let value):
      let position = Int(positions[Int(value.index)])
      return position >= 0 && position < flow.loops[loop].start
    case .merge(let position, _): return position < flow.loops[loop].start
    case .entry(let place):
      // A part of a message is another one in each turn.
      if case .opaque = universe[place.region].kind { return false }
      return true
    case .parameter, .parameterSize, .entrySize: return true
    case .derived, .image:
      let operands = universe.operands(of: symbol)
      return !operands.isEmpty && operands.allSatisfy { isInvariant($0, of: loop) }
    case .counter, .length: return false
    }
  }

  /// Whether a loop makes a region anew.
  private func isMade(_ region: Region, in loop: Int) -> Bool {
    switch universe[region].kind {
    case .heap(let call), .made(let call, _):
      flow.contains(loop, Int(positions[Int(call.index)]))
    default: false
    }
  }

  /// What every iteration leaves in the objects that the loop writes, and which it releases.
  private func leaveContents(of loop: Int, _ back: State, _ state: inout State) {
    for cell in back.cells where loopWrites[loop].contains(cell.region) {
      switch cell.value {
      case .number(let form) where form.isConstant: break
      case .pointer(_, let offset, let inside, _)
      where offset.isConstant && universe[inside].base.isConstant:
        break
      case .function: break
      default: continue
      }
      state.keepCell(in: cell.region, at: cell.offset, size: cell.size, cell.value)
    }
    for fact in back.strings where loopWrites[loop].contains(fact.region) {
      switch fact.string {
      case .terminated(let form)? where !form.isConstant: continue
      case .unterminated(let form, _)? where !form.isConstant: continue
      default: state.setString(fact)
      }
    }
    state.released.removeAll { old in
      back.release(of: old.region)?.isCertain != true && isMade(old.region, in: loop)
    }
    for release in back.released where release.isCertain {
      // What a place held at entry may be another object in each iteration.
      switch universe[release.region].kind {
      case .heap, .made, .local: state.release(release)
      default: break
      }
    }
  }

  /// What a local holds at the head of a loop that writes it.
  private mutating func generalised(
    _ entry: AbstractValue, _ stable: AbstractValue, _ slot: Int, _ loop: Int, _ head: State,
    isEither: Bool, _ state: inout State
  ) -> AbstractValue {
    func symbol(_ form: LinearForm) -> LinearForm {
      let key = MergeKey(
        position: flow.loops[loop].start, isLoopMerge: true, place: .local(slot))
      let symbol = universe.symbol(of: key, range: .everything, isSteady: isSteady(key))
      let known = bounds(form, head)
      define(symbol, SymbolFact(interval: known.interval, input: known.input), &state)
      return LinearForm(symbol)
    }
    switch stable {
    case .number(let form): return form.isConstant ? stable : .number(symbol(form))
    case .floating(let form): return form.isConstant ? stable : .floating(symbol(form))
    case .pointer(let region, let offset, let inside, let mayBeNull):
      if entry == stable { return stable }
      // What starts as null does not lead where other paths lead.
      if isEither, entry == .number(.zero) { return .unknown }
      return .pointer(
        region, offset: offset.isConstant ? offset : symbol(offset), inside: inside,
        mayBeNull: mayBeNull)
    case .unknown, .function: return stable
    }
  }
}
