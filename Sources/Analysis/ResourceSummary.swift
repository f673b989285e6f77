// SPDX-License-Identifier: Apache-2.0

// Resources across calls: what a function gives back, hands on, or gets for its callers.

import Findings
import IR

extension Machine {
  // MARK: Making

  /// What callers learn of the resources at the end of the function.
  mutating func summariseResources(_ exit: State, _ summary: inout Summary) {
    var shared = sharedInputs
    for release in exit.released {
      guard release.isCertain, let object = object(of: release.region) else {
        shared.insert(release.region)
        continue
      }
      switch object {
      case .copy, .made: break
      default:
        guard let origin = releases[release.region] else { continue }
        summary.released.append(
          SummaryRelease(
            object: object, distance: origin.distance, family: origin.family, steps: origin.steps))
      }
    }
    for region in shared.sorted() where exit.release(of: region)?.isCertain != true {
      switch universe[region].kind {
      case .parameter, .entry: break
      default: continue
      }
      if let object = object(of: region), summary.shared.count < 16 {
        summary.shared.append(object)
      } else {
        summary.sharesUnnamed = true
      }
    }
    summary.sharesUnnamed = summary.sharesUnnamed || sharesUnnamed
    summary.sharedNumbers = sharedNumbers
    for closing in exit.closed {
      guard let local = isOwnNumber(closing.number) else { continue }
      if closing.isCertain {
        summary.closedNumbers |= bit(of: local)
      } else {
        summary.sharedNumbers |= bit(of: local)
      }
    }
    for index in 0..<Int(body.parameterCount) where slots[index] < 0 && !isCopy(LocalID(index)) {
      summary.sharedNumbers |= bit(of: LocalID(index))
    }
    if case .number(let form) = exit.locals[slotCount], let term = form.singleTerm,
      form == LinearForm(term.symbol),
      let own = exit.acquisition(of: .number(term.symbol)), own.isLive, !own.isShared
    {
      summary.resultFamily = own.family
    }
  }

  /// Memory that callers get.
  func made(_ region: Region, _ exit: State) -> SummaryMemory {
    var memory = SummaryMemory(region: region, size: universe[region].size)
    if let own = exit.acquisition(of: .object(region)), own.isLive, !own.isShared,
      !exit.lost.contains(region)
    {
      memory.family = own.family
    }
    memory.isReleased = exit.release(of: region)?.isCertain == true
    return memory
  }

  // MARK: Using

  /// A release of the callee's in the caller's terms.
  struct Released {
    var release: SummaryRelease
    var index: Int
    var target: AbstractValue
  }

  /// What the callee releases, in the state before the call.
  mutating func releases(_ summary: Summary, _ binding: Binding, _ state: State) -> [Released] {
    summary.released.enumerated().compactMap { index, release in
      guard var target = resolve(release.object, binding, state) else { return nil }
      if let distance = release.distance,
        case .pointer(let region, let offset, let inside, _) = target,
        let moved = offset.adding(constant: distance)
      {
        target = .pointer(region, offset: moved, inside: inside, mayBeNull: false)
      }
      return Released(release: release, index: index, target: target)
    }
  }

  /// Ends the lifetime of what a callee releases.
  mutating func apply(_ released: Released, _ binding: Binding, _ state: inout State) {
    let release = released.release
    let index = release.object.argument ?? 0
    let address = index < binding.arguments.count ? binding.arguments[index] : binding.call
    guard case .pointer(let region, _, _, _) = released.target else {
      return share(released.target, &state)
    }
    let isJudged = release.distance != nil
    if isJudged,
      !mayRelease(
        address, released.target, release.family, at: binding.call, argument: released.index,
        release.steps, state)
    {
      return share(released.target, &state)
    }
    if useReleased(
      address, region, isRelease: true, release.family, at: binding.call, argument: index, state)
    {
      return
    }
    if isChoice(region) { return share(released.target, &state) }
    noteRelease(
      region, offset: released.target.offset, release.family, at: binding.call, release.steps)
    end(region, by: binding.call, &state)
  }

  /// Notes how a region of callers is released, for them.
  mutating func noteRelease(
    _ region: Region, offset: LinearForm?, _ family: ResourceFamily, at value: ValueID,
    _ steps: [Step]
  ) {
    guard mode == .explore, object(of: region) != nil else { return }
    let distance = offset.flatMap { $0.isConstant ? $0.constant : nil }
    let step = Step(
      location: module.location(of: body.instructions[value].origin),
      message: "'\(calleeName(value))' releases it")
    releases[region] = ReleaseOrigin(
      distance: distance, family: family, steps: [step] + steps.prefix(3))
  }

  /// What the callee lets somebody else know of is no longer the caller's alone.
  mutating func shareInputs(_ summary: Summary, _ binding: Binding, _ state: inout State) {
    for object in summary.shared {
      if let known = resolve(object, binding, state) { share(known, &state) }
    }
    for (index, argument) in binding.arguments.enumerated() {
      let bit = UInt64(1) << UInt64(min(index, 63))
      let known = registers[Int(argument.index)]
      if summary.sharesUnnamed || summary.sharedNumbers & bit != 0 {
        share(known, &state)
        if case .number = known {
          for region in objects(leadBy: known) {
            noteWrite(region, &state)
            escape(region, &state)
            state.forget(region)
          }
        }
        continue
      }
      guard let form = known.form, !form.isConstant else { continue }
      guard let term = form.singleTerm, form == LinearForm(term.symbol) else {
        // What the callee makes of a number that was computed from a descriptor is not followed.
        share(known, &state)
        continue
      }
      if summary.closedNumbers & bit != 0 {
        close(
          term.symbol, name: module.text(of: body.instructions[argument].origin),
          at: binding.call, argument: index, &state)
      }
    }
  }

  /// Memory that a callee made is the caller's to give back.
  mutating func take(
    _ memory: SummaryMemory, _ region: Region, by call: ValueID, _ state: inout State
  ) {
    if memory.isReleased {
      state.release(Release(region: region, cause: call, isCertain: true))
    } else if let family = memory.family {
      var own = Acquisition(key: .object(region), cause: call, family: family)
      if case .made = universe[region].kind { own.isStored = true }
      state.acquire(own)
    }
  }
}

/// How an object of callers is released.
struct ReleaseOrigin: Sendable {
  /// Bytes from where the pointer to the object leads, where that is a constant.
  var distance: Int64?
  var family: ResourceFamily
  /// Where, and the calls on the way to it.
  var steps: [Step]
}
