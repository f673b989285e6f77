// SPDX-License-Identifier: Apache-2.0

// Who holds an object: a resource when a variable ends, an address that is kept in memory, and memory that
// was to be resized.

import IR

extension Machine {
  /// A variable in memory ends: what nothing else holds is the function's to give back, or lost.
  ///
  /// What a callee stored there depends on its result.
  func endHolder(_ region: Region, _ state: inout State) {
    if state.acquired.isEmpty || state.isEscaped(region) { return }
    for cell in state.cells where cell.region == region {
      for key in keys(of: cell.value) {
        let isHeld = state.cells.contains { other in
          other.region != region && keys(of: other.value).contains(key)
        }
        if !isHeld { state.mark(key) { $0.isStored = false } }
      }
    }
  }

  private func keys(of value: AbstractValue) -> [ResourceKey] {
    switch value {
    case .pointer(let region, _, _, _):
      if case .made = universe[region].kind { [] } else { [.object(region)] }
    case .number(let form): (0..<form.count).map { .number(form[$0].symbol) }
    case .unknown, .function, .floating: []
    }
  }

  // MARK: Addresses in memory

  /// An address is stored: unseen code may find it there.
  ///
  /// In a variable whose own address nobody has it is still the function that writes the object.
  mutating func expose(_ target: Region, in address: ValueID, _ state: inout State) {
    let before = state.uninitialised
    escape(target, &state)
    guard !before.isEmpty,
      case .pointer(let region, let offset, _, _) = registers[Int(address.index)],
      offset.isConstant, case .local = universe[region].kind, !state.isEscaped(region)
    else { return }
    state.uninitialised = before
  }

  /// Code that gets an address may write all that can be reached from there.
  func initialiseReachable(_ region: Region, _ state: inout State) {
    if state.uninitialised.isEmpty { return }
    var seen: Set<Region> = []
    var open = [region]
    while let next = open.popLast() {
      guard seen.insert(next).inserted else { continue }
      state.initialise(.region(next))
      for cell in state.cells where cell.region == next {
        guard case .pointer(let target, _, _, _) = cell.value else { continue }
        open += universe.alternatives(of: target, .none).map(\.region)
      }
    }
  }

  /// A write to a place that is not known, by whomever, may give a value to all that escaped.
  mutating func initialiseEscaped(_ state: inout State) {
    if state.uninitialised.isEmpty || state.escaped.isEmpty { return }
    for bytes in state.uninitialised {
      guard case .region(let region) = bytes.holder, state.isEscaped(region) else { continue }
      noteWrite(to: region)
      state.initialise(.region(region))
    }
  }

  // MARK: Resizing

  /// Hands memory to a call that resizes it: whether the old memory is still there depends on the result.
  mutating func resize(_ old: AbstractValue, by call: ValueID, _ state: inout State) {
    var before: Acquisition?
    if case .pointer(let region, .zero, _, _) = old {
      before = state.acquisition(of: .object(region))
    }
    share(old, &state)
    guard let before, before.isLive, !before.isShared else { return }
    state.mark(before.key) {
      $0.isShared = false
      $0.resizedBy = call
    }
  }

  /// A path goes on where a call that resizes memory has failed, or has not.
  mutating func settleResize(_ region: Region, hasFailed: Bool, _ state: inout State) {
    guard case .heap(let call) = universe[region].kind else { return }
    for resource in state.acquired where resource.resizedBy == call {
      if hasFailed {
        state.mark(resource.key) {
          $0.resizedBy = nil
          $0.survivedResize = true
        }
      } else {
        if mode == .explore { givenBack.insert(resource.cause) }
        state.dropAcquired(resource.key)
      }
    }
  }
}
