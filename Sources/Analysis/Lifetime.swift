// SPDX-License-Identifier: Apache-2.0

// The end of an object's lifetime (C11 6.2.4p2, 7.22.3.3): a release is a fact of the region, so every
// pointer into it is affected, and a new object of the same name starts anew.

import IR

extension Machine {
  /// Ends the lifetime of what an address points to; a second time is a defect.
  mutating func release(
    _ address: ValueID, _ family: ResourceFamily, at value: ValueID, argument: Int,
    _ state: inout State
  ) {
    let pointer = registers[Int(address.index)]
    if !state.errors.isEmpty {
      useError(address, isRelease: true, at: value, argument: argument, &state)
    }
    guard mayRelease(address, pointer, family, at: value, argument: argument, [], state) else {
      return share(pointer, &state)
    }
    guard case .pointer(let region, _, let inside, _) = pointer else {
      return share(pointer, &state)
    }
    if useReleased(
      address, region, isRelease: true, family, at: value, argument: argument, state)
    {
      return
    }
    let alternatives = universe.alternatives(of: region, inside)
    for alternative in alternatives {
      noteRelease(
        alternative.region, offset: pointer.offset, family, at: value, [])
      end(alternative.region, by: value, isCertain: alternatives.count == 1, &state)
    }
  }

  /// Ends the lifetime of a region by a call.
  mutating func end(
    _ region: Region, by value: ValueID, isCertain: Bool = true, _ state: inout State
  ) {
    if isCertain {
      noteShared(.object(region))
      giveBack(.object(region), &state)
    } else {
      share(.pointer(region, offset: .zero, inside: .none, mayBeNull: false), &state)
    }
    switch universe[region].kind {
    case .opaque: share(.pointer(region, offset: .zero, inside: .none, mayBeNull: false), &state)
    case .heap, .made, .parameter: break
    case .entry(let place):
      // Who releases what a constant pointer leads to makes it anew, in ways that are not seen.
      if case .global(let global) = universe[place.region].kind, module.globals[global].isConst {
        return
      }
    case .local, .global, .foreign, .literal, .choice: return
    }
    // Nothing is written: what other pointers lead to stays as it is.
    noteWrite(to: region)
    state.forget(region)
    if isCertain || state.release(of: region) == nil {
      var release = Release(region: region, cause: value, isCertain: isCertain)
      if let test = lastReferenceTest(state) {
        release.isBelieved = true
        release.countedAt = Int32(test)
      }
      state.release(release)
    }
  }

  /// The block where the path has found that no reference was left, while it goes the way that only this answer
  /// leads to; nil where it does not.
  private mutating func lastReferenceTest(_ state: State) -> Int? {
    for condition in state.conditions.reversed() where asksForLastReference(condition) {
      let test = universe[condition.boundary].position
      if !hasMet(after: test, state) { return test }
    }
    return nil
  }

  private func asksForLastReference(_ condition: PathCondition) -> Bool {
    (0..<condition.form.count).contains { index in
      guard case .value(let call) = universe[condition.form[index].symbol].kind else {
        return false
      }
      return model(of: call)?.counts == true
    }
  }

  /// Whether a use comes about however a test for the last reference ends: who makes it has a reference of its
  /// own, or relies on others, and the release was not.
  private mutating func isBeyondTest(_ release: Release, _ state: State) -> Bool {
    guard mode == .replay, release.countedAt >= 0 else { return false }
    return hasMet(after: Int(release.countedAt), state)
  }

  /// Whether the path has come to where all ways from a test lead.
  private mutating func hasMet(after test: Int, _ state: State) -> Bool {
    guard let start = state.trail.lastIndex(where: { Int($0.position) == test }) else {
      return false
    }
    let order = postDominators()
    return order.passes(position, from: test)
      || state.trail[(start + 1)...].contains { order.passes(Int($0.position), from: test) }
  }

  /// Whether the pointer that leads to a region from outside is null here.
  func isNull(_ region: Region, _ state: State) -> Bool {
    switch universe[region].kind {
    case .parameter(let local):
      let slot = slots[Int(local.index)]
      return slot >= 0 && state.locals[slot] == .constant(0)
    case .entry(let place):
      return state.cell(in: place.region, at: place.offset, size: place.size) == .constant(0)
    default: return false
    }
  }

  /// Reports the use of an object whose lifetime has ended; answers whether it has.
  mutating func useReleased(
    _ address: ValueID, _ region: Region, isRelease: Bool, _ family: ResourceFamily = .memory,
    isBelieved: Bool = false, at value: ValueID, argument: Int, _ state: State
  ) -> Bool {
    if case .choice = universe[region].kind {
      guard mode == .explore else { return false }
      eachAlternative(of: address) { machine, region in
        _ = machine.useReleased(
          address, region, isRelease: isRelease, family, isBelieved: isBelieved, at: value,
          argument: argument, state)
      }
      return false
    }
    guard let release = state.release(of: region), release.cause != value,
      !isBeyondTest(release, state)
    else { return false }
    var observation = ReleasedObservation(
      object: releasedName(address, release.cause), isRelease: isRelease,
      callee: calleeName(value), cause: calleeName(release.cause),
      family: family)
    observation.isBelieved = isBelieved || release.isBelieved
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: argument, kind: .afterRelease,
          via: [Int(positions[Int(release.cause.index)])]),
        observation: .released(observation), isDefinite: true, goal: nil, boundary: .none,
        cause: release.cause, region: region))
    return true
  }

  /// The pointer as the use writes it, else as the release does.
  private func releasedName(_ address: ValueID, _ cause: ValueID) -> String {
    var base = address
    search: while true {
      switch operation(base) {
      case .element(let inner, _, _), .field(let inner, _), .cast(_, let inner),
        .dynamicElement(let inner, _, _):
        base = inner
      default: break search
      }
    }
    if case .load = operation(base) { return module.text(of: body.instructions[base].origin) }
    guard case .call(let call) = operation(cause),
      let first = body.values(body.calls[call].arguments).first
    else { return "" }
    return module.text(of: body.instructions[first].origin)
  }
}
