// SPDX-License-Identifier: Apache-2.0

// A loop that is left by a test in its middle has passed the same test in the turn before: `if (++n >= most)
// break;` leaves `n` at most, and not beyond it.

import IR

extension Machine {
  /// Takes an edge that leaves a loop, in a turn that is not the first, for what it says of the turn before.
  ///
  /// There the test came out the other way. Answers whether that can be.
  mutating func assumeEarlierTurn(_ place: Int, to target: Int, _ state: inout State) -> Bool {
    let loop = flow.innermostLoop[place]
    guard loop >= 0, flow.loopAtHead[place] < 0, !flow.contains(loop, target),
      case .branch(let condition, let then, let otherwise) =
        body.blocks[flow.order[place]].terminator, then != otherwise,
      case .compare(let op, let left, let right) = operation(stripped(condition)),
      let first = form(left), let second = form(right), let distance = first.subtracting(second),
      passesEveryTurn(place, loop)
    else { return true }
    let counter = universe.counter(of: loop)
    let step = distance.coefficient(of: counter)
    guard step != 0, isSteady(distance, in: loop, but: counter),
      let before = distance.adding(constant: -Int64(step))
    else { return true }
    let isTrue = target == flow.position[Int(then.index)]
    let reason = universe.id(
      of: Boundary(
        kind: .loopCondition, place: .own(body.blocks[flow.order[place]].origin), position: place,
        isTaken: !isTrue, left: left, right: right))
    var later = state
    var turns = fact(counter, later)
    guard turns.interval.high >= 1 else { return true }
    if turns.interval.low < 1 {
      turns.interval.low = 1
      turns.lowBoundary = .constant
      setFact(counter, turns, &later)
    }
    guard holds(isTrue ? op.negated : op, before, reason, &later) else {
      // Then it is the first turn.
      return fact(counter, state).interval.low < 1
    }
    state = later
    return true
  }

  /// Whether no turn of a loop goes round a block.
  private func passesEveryTurn(_ place: Int, _ loop: Int) -> Bool {
    let head = flow.loops[loop].start
    return flow.predecessors[head].allSatisfy {
      !flow.isFeedback(from: $0, to: head) || flow.dominates(place, $0)
    }
  }

  /// Whether all but the counter is the same in each turn.
  private func isSteady(_ form: LinearForm, in loop: Int, but counter: Symbol) -> Bool {
    (0..<form.count).allSatisfy { index in
      let symbol = form[index].symbol
      if symbol == counter { return true }
      switch universe[symbol].kind {
      case .value(let maker), .derived(let maker), .foreign(let maker):
        let position = Int(positions[Int(maker.index)])
        return position < 0 || !flow.contains(loop, position)
      case .merge(let position, _): return !flow.contains(loop, position)
      case .entry, .parameter: return true
      default: return false
      }
    }
  }

  private mutating func holds(
    _ relation: Comparison, _ form: LinearForm, _ reason: BoundaryID, _ state: inout State
  ) -> Bool {
    let other = form.scaled(by: -1)
    switch relation {
    case .less:
      return form.adding(constant: 1).map { assumeAtMostZero($0, reason, &state) } ?? true
    case .lessOrEqual: return assumeAtMostZero(form, reason, &state)
    case .greater:
      return other?.adding(constant: 1).map { assumeAtMostZero($0, reason, &state) } ?? true
    case .greaterOrEqual: return other.map { assumeAtMostZero($0, reason, &state) } ?? true
    case .equal: return assumeZero(form, reason, &state)
    case .notEqual: return assumeNotZero(form, reason, &state)
    }
  }
}
