// SPDX-License-Identifier: Apache-2.0

// What may be given to a function that releases (C11 7.22.3.3p2): the very pointer that an allocator of
// its family returned, and nothing else.

import IR

/// Bytes that a pointer lies behind the start of its object, in one violation.
private struct Misplaced {
  var form: LinearForm
  var value: Int128
  var boundary: BoundaryID
  var isDefinite: Bool
}

extension Machine {
  /// Checks that what an address points to may be released by a function of a family; answers whether it
  /// may.
  mutating func mayRelease(
    _ address: ValueID, _ pointer: AbstractValue, _ family: ResourceFamily, at value: ValueID,
    argument: Int, _ steps: [Step], _ state: State
  ) -> Bool {
    guard case .pointer(let region, let offset, _, _) = pointer else {
      if case .function = pointer, family.isMemory {
        report(.function, address, nil, "", family, at: value, argument, steps, nil, state)
        return false
      }
      return true
    }
    if case .choice(let alternatives) = universe[region].kind {
      guard mode == .explore else { return true }
      for alternative in alternatives {
        let single = AbstractValue.pointer(
          alternative.region, offset: offset, inside: alternative.inside, mayBeNull: false)
        _ = mayRelease(
          address, single, family, at: value, argument: argument, steps, state)
      }
      return true
    }
    let kind: InvalidReleaseObservation.Mistake
    switch universe[region].kind {
    case .local: kind = .automatic
    case .global, .foreign: kind = .staticDuration
    case .literal: kind = .literal
    case .heap(let call) where isFrameMemory(call): kind = .automatic
    case .heap, .made:
      if let known = state.acquisition(of: .object(region)), !family.releases(known.family) {
        report(
          .family(known.family), address, region, calleeName(known.cause), family, at: value,
          argument, steps, nil, cause: known.cause, state)
        return false
      }
      guard let misplaced = misplaced(offset, state) else { return true }
      report(
        .offset, address, region, "", family, at: value, argument, steps, misplaced, state)
      return false
    case .parameter, .entry, .opaque, .choice: return true
    }
    report(kind, address, region, "", family, at: value, argument, steps, nil, state)
    return false
  }

  /// Whether a pointer into new memory does not lead to its start, or need not.
  private func misplaced(_ offset: LinearForm, _ state: State) -> Misplaced? {
    if offset == .zero { return nil }
    let known = proposedBounds(offset, state)
    if known.interval.low > 0 || known.interval.high < 0 {
      let nearest = known.interval.low > 0 ? known.interval.low : known.interval.high
      return Misplaced(form: offset, value: nearest, boundary: .none, isDefinite: true)
    }
    guard known.interval.high > 0 else { return nil }
    // A loop moved it: it stays where it was only if no iteration ends.
    if let term = offset.singleTerm, case .counter = universe[term.symbol].kind {
      return Misplaced(
        form: offset, value: Int128(offset.constant) + Int128(term.coefficient), boundary: .none,
        isDefinite: false)
    }
    guard mode == .explore, !known.highBoundary.isNone else { return nil }
    return Misplaced(
      form: offset, value: known.interval.high, boundary: .none, isDefinite: false)
  }

  private mutating func report(
    _ mistake: InvalidReleaseObservation.Mistake, _ address: ValueID, _ region: Region?,
    _ source: String, _ family: ResourceFamily, at value: ValueID, _ argument: Int,
    _ steps: [Step], _ misplaced: Misplaced?, cause: ValueID? = nil, _ state: State
  ) {
    var name = module.text(of: body.instructions[address].origin)
    if let region, name.isEmpty { name = objectName(address, region, .none) }
    var origin = ""
    if let region, mistake == .offset {
      origin = objectName(address, region, .none)
    }
    var observation = InvalidReleaseObservation(
      mistake: mistake, object: name, callee: calleeName(value), family: family,
      source: source.isEmpty ? origin : source,
      distance: misplaced.flatMap { Int64(exactly: $0.value) },
      isAlways: misplaced?.isDefinite ?? true)
    var before: [Step] = []
    if let cause {
      if mode == .replay {
        let way = passage(from: Int(positions[Int(cause.index)]), isDecision: false, state)
        observation.isAssured = way.memoryGuards == 0
      }
      before = [
        Step(
          location: module.location(of: body.instructions[cause].origin),
          message: "'\(calleeName(cause))' returns it")
      ]
    }
    report(
      Violation(
        candidate: Candidate(value: value, argument: argument, kind: .invalidRelease, via: []),
        observation: .invalidRelease(observation), isDefinite: misplaced?.isDefinite ?? true,
        goal: misplaced.flatMap { $0.isDefinite ? nil : ($0.form, $0.value) },
        boundary: misplaced?.boundary ?? .none, cause: nil, region: region,
        calleeSteps: before + steps))
  }
}
