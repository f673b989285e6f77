// SPDX-License-Identifier: Apache-2.0

// Values for the symbols of a path: the goal is set, the conditions narrow the rest, what stays open
// is chosen, and in the end every condition is evaluated. Nothing that fails this may block.

import IR

/// A value for every symbol that the conditions of a path mention.
struct Assignment: Sendable {
  private(set) var values: [Symbol: Int128] = [:]

  subscript(symbol: Symbol) -> Int128? {
    get { values[symbol] }
    set { values[symbol] = newValue }
  }

  /// The value of a form; `nil` where a symbol has none.
  func value(of form: LinearForm) -> Int128? {
    var sum = Int128(form.constant)
    for index in 0..<form.count {
      guard let value = values[form[index].symbol] else { return nil }
      sum += value * Int128(form[index].coefficient)
    }
    return sum
  }

  /// Whether a condition holds; one with an open symbol does not.
  func satisfies(_ condition: PathCondition) -> Bool {
    guard let value = value(of: condition.form) else { return false }
    switch condition.relation {
    case .atMostZero: return value <= 0
    case .zero: return value == 0
    case .notZero: return value != 0
    }
  }
}

extension Machine {
  /// Values that satisfy the path and give the goal's form its value.
  func solve(_ goal: (form: LinearForm, value: Int128)?, _ state: State) -> Assignment? {
    var conditions = Array(state.conditions)
    var goal = goal
    if let known = goal, let term = known.form.singleTerm,
      case let rest = known.value - Int128(known.form.constant),
      rest % Int128(term.coefficient) == 0
    {
      // Of one symbol, which keeps the numbers small.
      goal = (LinearForm(term.symbol), rest / Int128(term.coefficient))
    }
    if let goal, let shift = Int64(exactly: -goal.value),
      let form = goal.form.adding(constant: shift)
    {
      conditions.append(PathCondition(form: form, relation: .zero, boundary: .none))
    } else if let goal, goal.value > 0,
      let form = goal.form.scaled(by: -1)?.adding(constant: 1 << 62)
    {
      // Past what a form can say: at least as much is enough.
      conditions.append(PathCondition(form: form, relation: .atMostZero, boundary: .none))
    }
    var symbols: [Symbol] = []
    for condition in conditions {
      for index in 0..<condition.form.count { symbols.append(condition.form[index].symbol) }
    }
    symbols = Array(Set(symbols)).sorted()
    var box: [Symbol: Interval] = [:]
    for symbol in symbols { box[symbol] = fact(symbol, state).interval }
    var nodes = 64
    return search(symbols[...], conditions, box, &nodes)
  }

  private func search(
    _ open: ArraySlice<Symbol>, _ conditions: [PathCondition], _ box: [Symbol: Interval],
    _ nodes: inout Int
  ) -> Assignment? {
    nodes -= 1
    guard nodes > 0, let narrowed = narrow(box, conditions) else { return nil }
    guard let symbol = open.first(where: { narrowed[$0]?.constant == nil }) else {
      var assignment = Assignment()
      for (symbol, interval) in narrowed { assignment[symbol] = interval.low }
      setMagnitudes(&assignment)
      return conditions.allSatisfy { assignment.satisfies($0) } ? assignment : nil
    }
    guard let interval = narrowed[symbol] else { return nil }
    var choices = [interval.low, interval.low + 1, interval.high, interval.high - 1]
    if interval.low < 0, interval.high >= 0 { choices.insert(contentsOf: [0, 1], at: 0) }
    for choice in choices where choice >= interval.low && choice <= interval.high {
      var next = narrowed
      next[symbol] = Interval(choice)
      if let found = search(open, conditions, next, &nodes) { return found }
    }
    return nil
  }

  /// What is a number without its sign follows from the number.
  private func setMagnitudes(_ assignment: inout Assignment) {
    for symbol in assignment.values.keys.sorted() {
      guard case .image(let image) = universe[symbol].kind, image.kind == .magnitude,
        let source = assignment.value(of: image.source)
      else { continue }
      assignment[symbol] = Int128(source.magnitude)
    }
  }

  /// Interval propagation; `nil` where a condition cannot hold.
  private func narrow(
    _ start: [Symbol: Interval], _ conditions: [PathCondition]
  ) -> [Symbol: Interval]? {
    var box = start
    for _ in 0..<6 {
      var changed = false
      for condition in conditions {
        switch condition.relation {
        case .atMostZero:
          guard narrow(&box, condition.form, &changed) else { return nil }
        case .zero:
          guard let negated = condition.form.scaled(by: -1) else { continue }
          guard narrow(&box, condition.form, &changed), narrow(&box, negated, &changed) else {
            return nil
          }
        case .notZero: break
        }
      }
      if !changed { break }
    }
    return box
  }

  /// Narrows by `form <= 0`.
  private func narrow(
    _ box: inout [Symbol: Interval], _ form: LinearForm, _ changed: inout Bool
  ) -> Bool {
    if form.isConstant { return form.constant <= 0 }
    for index in 0..<form.count {
      var rest = Int128(form.constant)
      for other in 0..<form.count where other != index {
        rest += ((box[form[other].symbol] ?? .everything) * Int128(form[other].coefficient)).low
      }
      let coefficient = Int128(form[index].coefficient)
      var interval = box[form[index].symbol] ?? .everything
      if coefficient > 0 {
        let high = floorDivide(-rest, coefficient)
        if high < interval.high {
          interval.high = high
          changed = true
        }
      } else {
        let low = ceilingDivide(rest, -coefficient)
        if low > interval.low {
          interval.low = low
          changed = true
        }
      }
      if interval.isEmpty { return false }
      box[form[index].symbol] = interval
    }
    return true
  }
}
