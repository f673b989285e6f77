// SPDX-License-Identifier: Apache-2.0

// What a function leaves behind where it returns: resources that nobody holds any longer, and addresses
// of its own frame.

import IR

extension Machine {
  /// Looks at the end of a block: one that returns, or one that checks.
  mutating func checkEnd(_ state: State) {
    checkLate(state)
    guard !isDead else { return }
    var result = AbstractValue.constant(0)
    switch body.blocks[flow.order[position]].terminator {
    case .returnVoid: break
    case .returnValue(let value):
      result = registers[Int(value.index)]
      checkReturned(value, state)
    default: return
    }
    checkLeft(state)
    if !state.locks.isEmpty { checkLocks(result, state) }
    if !state.acquired.isEmpty, !isProgram { checkHeld(result, state) }
  }

  /// Whether the function has the form of a program's: what it holds ends with the process.
  private var isProgram: Bool {
    guard body.parameterCount >= 2, module.types[body.locals[LocalID(0)].type].isInteger,
      case .pointer(let strings) = module.types[body.locals[LocalID(1)].type].kind,
      case .pointer(let text) = module.types[strings].kind
    else { return module.symbols[module.functions[function].name] == "main" }
    return module.types[text].size == 1
  }

  // MARK: Resources

  private mutating func checkHeld(_ result: AbstractValue, _ state: State) {
    let open = state.acquired.filter {
      $0.isLive && !$0.isShared && $0.resizedBy == nil && $0.family != .managed
    }
    if open.isEmpty { return }
    let held = held(from: result, state)
    let lost = Set(open.map(\.key)).subtracting(held)
    if mode == .explore {
      for resource in open where held.contains(resource.key) { givenBack.insert(resource.cause) }
    }
    for resource in open where lost.contains(resource.key) {
      if case .object(let region) = resource.key, state.lost.contains(region) { continue }
      if case .object(let region) = resource.key, isError(region, state) { continue }
      if resource.isStored, !isInFrame(resource.key, lost, state) { continue }
      if case .number(let symbol) = resource.key, !isOpenDescriptor(symbol, state) { continue }
      reportLeak(resource, state)
    }
  }

  /// What the caller can reach when the function returns.
  private func held(from result: AbstractValue, _ state: State) -> Set<ResourceKey> {
    var held: Set<ResourceKey> = []
    var seen: Set<Region> = []
    var open: [AbstractValue] = [result]
    for cell in state.cells where !dies(cell.region, state) { open.append(cell.value) }
    while let value = open.popLast() {
      switch value {
      case .pointer(let region, _, _, _):
        for alternative in universe.alternatives(of: region, .none)
        where seen.insert(alternative.region).inserted {
          held.insert(.object(alternative.region))
          for cell in state.cells where cell.region == alternative.region {
            open.append(cell.value)
          }
        }
      case .number(let form):
        for index in 0..<form.count { held.insert(.number(form[index].symbol)) }
      case .unknown, .function, .floating: break
      }
    }
    return held
  }

  /// Whether a region is gone, or known to nobody, when the function has returned.
  private func dies(_ region: Region, _ state: State) -> Bool {
    switch universe[region].kind {
    case .local: return true
    case .heap, .made:
      return state.acquisition(of: .object(region)).map { $0.isLive && !$0.isShared } ?? false
    default: return false
    }
  }

  /// Whether a stored resource is known to be held by the frame, and by nothing that is itself lost:
  /// who loses a struct loses its members too, which is one defect.
  private func isInFrame(
    _ key: ResourceKey, _ lost: Set<ResourceKey>, _ state: State
  ) -> Bool {
    var isFound = false
    for cell in state.cells where holds(cell.value, key) {
      if lost.contains(.object(cell.region)) { return false }
      if dies(cell.region, state) { isFound = true }
    }
    return isFound
  }

  private func holds(_ value: AbstractValue, _ key: ResourceKey) -> Bool {
    switch (value, key) {
    case (.pointer(let region, _, _, _), .object(let own)): region == own
    case (.number(let form), .number(let symbol)): form.coefficient(of: symbol) != 0
    default: false
    }
  }

  /// Whether the call that got a descriptor may have succeeded on this path.
  private func isOpenDescriptor(_ symbol: Symbol, _ state: State) -> Bool {
    fact(symbol, state).interval.high >= 3
  }

  private mutating func reportLeak(_ resource: Acquisition, _ state: State) {
    let cause = Int(positions[Int(resource.cause.index)])
    var passage = Passage()
    if mode == .replay { passage = self.passage(from: cause, isDecision: false, state) }
    let origin = body.instructions[resource.cause].origin
    let holder = holderName(of: resource.cause)
    // Who looks away from what a call returns has other plans, such as the least free descriptor.
    if holder.isEmpty, !isUsed(resource.cause) { return }
    let isAssured =
      passage.memoryGuards == 0 && givenBack.contains(resource.cause) && !resource.survivedResize
    let observation = LeakObservation(
      object: holder, source: calleeName(resource.cause), family: resource.family,
      isAssured: isAssured)
    report(
      Violation(
        candidate: Candidate(
          value: resource.cause, argument: 0, kind: .leak, via: [cause], end: Int32(position)),
        observation: .leak(observation), isDefinite: true, goal: nil, boundary: .none, cause: nil,
        region: nil,
        calleeSteps: [
          Step(
            location: module.location(of: origin),
            message: "'\(calleeName(resource.cause))' returns it")
        ]))
  }

  /// Whether anything looks at a value.
  private func isUsed(_ value: ValueID) -> Bool {
    body.instructions.rows.contains { row in
      switch row.operation {
      case .cast(_, value), .store(_, value, _), .compare(_, value, _), .compare(_, _, value),
        .element(value, _, _), .field(value, _), .load(value, _), .unary(_, value),
        .binary(_, value, _):
        true
      case .call(let call): body.values(body.calls[call].arguments).contains(value)
      default: false
      }
    }
  }

  /// The text of what takes a call's result, as the next store shows it.
  private func holderName(of call: ValueID) -> String {
    let block = body.blocks[flow.order[Int(positions[Int(call.index)])]]
    var sources: Set<ValueID> = [call]
    for row in block.instructions.indices where row > call.index {
      switch body.instructions.rows[row].operation {
      case .cast(_, let operand) where sources.contains(operand): sources.insert(ValueID(row))
      case .store(let address, let value, _) where sources.contains(value):
        if case .local(let local) = operation(address) {
          return module.symbols[body.locals[local].name]
        }
        return module.text(of: body.instructions[address].origin)
      default: break
      }
    }
    return ""
  }

  // MARK: Addresses

  /// The local whose frame a region belongs to; empty for memory of the frame without a name.
  private func frameName(_ region: Region) -> String? {
    switch universe[region].kind {
    case .local(let local): module.symbols[body.locals[local].name]
    case .heap(let call): isFrameMemory(call) ? "" : nil
    default: nil
    }
  }

  private mutating func checkReturned(_ value: ValueID, _ state: State) {
    guard case .pointer(let known, _, _, _) = registers[Int(value.index)] else { return }
    for alternative in universe.alternatives(of: known, .none) {
      guard let name = frameName(alternative.region) else { continue }
      reportEscape(value, alternative.region, name, holder: "", state)
    }
  }

  private mutating func checkLeft(_ state: State) {
    for cell in state.cells {
      guard case .pointer(let target, _, _, _) = cell.value, let name = frameName(target),
        let holder = lastingName(cell.region, cell.offset)
      else { continue }
      reportEscape(ValueID(0), target, name, holder: holder, state)
    }
  }

  /// An object that outlives the function, as a person would name it.
  private func lastingName(_ region: Region, _ offset: Int64) -> String? {
    switch universe[region].kind {
    case .global(let global): return module.symbols[module.globals[global].name]
    case .foreign(let usr): return String(usr.split(separator: "@").last ?? "")
    case .parameter(let local): return "*" + module.symbols[body.locals[local].name]
    default: return nil
    }
  }

  private mutating func reportEscape(
    _ value: ValueID, _ region: Region, _ name: String, holder: String, _ state: State
  ) {
    let observation = EscapeObservation(object: name, holder: holder)
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: Int(region.index), kind: .frameEscape, via: [],
          end: Int32(position)),
        observation: .escape(observation), isDefinite: true, goal: nil, boundary: .none,
        cause: nil, region: region))
  }
}
