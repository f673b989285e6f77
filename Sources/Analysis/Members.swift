// SPDX-License-Identifier: Apache-2.0

// What the program stores in members of structs, as a function that reads them learns it.

import IR

extension Machine {
  /// From here on the path rests on whom the program stores in a member.
  mutating func passMember(_ state: inout State) {
    state.passedMember = true
    passesMember = true
  }

  /// What a call through a member of a struct does, where all the functions are known that the program
  /// stores there.
  mutating func summary(ofCallThrough address: ValueID, _ arguments: [ValueID]) -> Summary? {
    guard facts.knowsMembers, let field = body.member(of: address), let key = module.key(of: field)
    else { return nil }
    let summaries = facts.summaries(ofMember: key)
    guard summaries.allSatisfy({ $0.parameterCount == arguments.count }) else { return nil }
    return summaries.count > 1 ? Summary(ofOneOf: summaries) : summaries.first
  }

  /// A number that a member holds is one of those that the program stores there.
  mutating func narrow(_ loaded: AbstractValue, from address: ValueID, _ state: inout State) {
    guard facts.knowsMembers, case .number(let form) = loaded, let term = form.singleTerm,
      term.coefficient == 1, form.constant == 0,
      case .field(_, let field) = body.instructions[address].operation
    else { return }
    let values: Interval?
    if let known = memberValues[field] {
      values = known
    } else {
      values = module.key(of: field).flatMap { facts.values(ofMember: $0) }.map {
        Interval(Int128($0.lowerBound), Int128($0.upperBound))
      }
      memberValues[field] = .some(values)
    }
    guard let values else { return }
    var fact = bounds(form, state)
    guard values.low > fact.interval.low || values.high < fact.interval.high else { return }
    let narrowed = fact.interval.intersection(values)
    guard narrowed.low <= narrowed.high else { return }
    fact.interval = narrowed
    setFact(term.symbol, fact, &state)
  }
}

extension Summary {
  /// What a call of one of several functions may do; nil where they do to locks what cannot be said at once.
  init?(ofOneOf summaries: [Summary]) {
    guard let first = summaries.first, summaries.allSatisfy(\.locks.isEmpty) else { return nil }
    self = first.effects
    for other in summaries.dropFirst().map(\.effects) {
      written |= other.written
      kept |= other.kept
      writesShared = writesShared || other.writesShared
      sharesUnnamed = sharesUnnamed || other.sharesUnnamed
      sharedNumbers |= other.sharedNumbers
      mayBeError = mayBeError || other.mayBeError
      for object in other.writtenObjects where !writtenObjects.contains(object) {
        writtenObjects.append(object)
      }
      for object in other.shared where !shared.contains(object) { shared.append(object) }
    }
    obligations = []
    symbols = [:]
    boundaries = [:]
    // What all of them end, has ended.
    released = first.released.filter { release in
      summaries.allSatisfy { other in
        other.released.contains {
          $0.object == release.object && $0.distance == release.distance
            && $0.family == release.family
        }
      }
    }
    shared.removeAll { object in released.contains { $0.object == object } }
  }
}
