// SPDX-License-Identifier: Apache-2.0

// The questions that the machine asks while it runs. In joined states an answer is a candidate; on a
// single path it is a violation.

import Findings
import IR

extension Machine {
  /// Notes a violation: as a candidate while exploring, as itself while replaying.
  mutating func report(_ violation: Violation) {
    // How an index depends on the length of an attribute, by a division for one, is not followed.
    if case .access(let access) = violation.observation, access.isShort,
      violation.goal.map({ $0.form.count > 1 }) ?? true
    {
      return
    }
    switch mode {
    case .replay: violations.append(violation)
    case .explore:
      let candidate = violation.candidate
      func isSame(_ other: Candidate) -> Bool {
        other.value == candidate.value && other.argument == candidate.argument
          && other.kind == candidate.kind
      }
      if candidate.isOpen {
        if !openCandidates[position].contains(where: isSame) {
          openCandidates[position].append(candidate)
        }
      } else if !candidates[position].contains(where: isSame) {
        candidates[position].append(candidate)
      }
    }
  }

  /// Asks a question of each object that an address may lead to.
  ///
  /// The joined state only proposes, so one that may be at fault suffices. A single path knows which
  /// object it is.
  mutating func eachAlternative(
    of address: ValueID, _ ask: (inout Machine, Region) -> Void
  ) {
    let known = registers[Int(address.index)]
    guard mode == .explore, case .pointer(let region, let offset, let inside, let mayBeNull) = known
    else { return }
    for alternative in universe.alternatives(of: region, inside) {
      registers[Int(address.index)] = .pointer(
        alternative.region, offset: offset, inside: inside == .none ? alternative.inside : inside,
        mayBeNull: mayBeNull)
      ask(&self, alternative.region)
    }
    registers[Int(address.index)] = known
  }

  /// Checks that `length` bytes at an address lie in their object.
  mutating func access(
    _ address: ValueID, _ length: LinearForm?, isWrite: Bool, at value: ValueID, argument: Int,
    endsInTerminator: Bool = false, _ state: State
  ) {
    guard let length,
      case .pointer(let region, let offset, let inside, _) =
        registers[Int(address.index)]
    else { return }
    if isChoice(region) {
      return eachAlternative(of: address) { machine, _ in
        machine.access(
          address, length, isWrite: isWrite, at: value, argument: argument, state)
      }
    }
    if useReleased(address, region, isRelease: false, at: value, argument: argument, state) {
      return
    }
    let isOpen = isInput(region) && !sizedInputs.contains(region)
    if isOpen, inside == .none || size(of: inside, state) == nil {
      guard let size = universe[region].size,
        let excess = offset.adding(length)?.subtracting(size)
      else { return }
      checkBelief(
        address, region, from: offset, length, isWrite: isWrite, at: value, argument: argument,
        state)
      let requirement = Requirement(start: offset, length: length, ownSize: nil, excess: excess)
      return require(
        address, requirement, isWrite: isWrite, at: value, argument: argument, region, state)
    }
    let access = Access(
      address: address, length: length, isWrite: isWrite, value: value, argument: argument,
      region: region, inside: inside, endsInTerminator: endsInTerminator)
    var whole = access
    whole.inside = .none
    // What the memory itself has no room for is worse than what a member does not count.
    if universe[inside].counter != nil, !isOpen, let size = universe[region].size,
      check(whole, from: offset, size: size, state)
    {
      return
    }
    // The member array bounds the pointer, and the object around it does as well.
    if inside != .none, let inner = offset.subtracting(universe[inside].base),
      let size = size(of: inside, state), check(access, from: inner, size: size, state)
    {
      return
    }
    if !isOpen, universe[inside].counter == nil, let size = universe[region].size {
      _ = check(whole, from: offset, size: size, state)
    }
  }

  /// An access as it is checked.
  private struct Access {
    var address: ValueID
    var length: LinearForm
    var isWrite: Bool
    var value: ValueID
    var argument: Int
    var region: Region
    var inside: SubObject
    var endsInTerminator: Bool
  }

  /// Checks an access against one bound; answers whether it violates.
  private mutating func check(
    _ access: Access, from start: LinearForm, size: LinearForm, _ state: State
  ) -> Bool {
    guard let end = start.adding(access.length), let excess = end.subtracting(size) else {
      return false
    }
    let over = proposedBounds(excess, state)
    let length = bounds(access.length, state).interval
    guard length.high > 0 else { return false }
    if over.interval.high > 0 {
      let isDefinite = over.interval.low > 0 && length.low > 0
      guard isDefinite || !over.highBoundary.isNone else {
        if let chosen = chosenPast(access.inside, excess, state) {
          report(
            violation(
              access, size: size, excess: Int128(excess.constant),
              goal: (excess, Int128(excess.constant)), boundary: chosen, false, state))
          return true
        }
        checkIndex(
          of: access.address, into: access.region, access.inside, excess: excess,
          high: over.interval.high, at: access.value, state)
        requireOwn(
          access.address,
          Requirement(start: start, length: access.length, ownSize: size, excess: excess),
          isWrite: access.isWrite, at: access.value, argument: access.argument, access.region,
          access.inside, state)
        return false
      }
      let amount = amount(over, element: elementSize(access.address, of: access.value))
      report(
        violation(
          access, size: size, excess: amount, goal: (excess, amount), boundary: over.highBoundary,
          isDefinite, state))
      return true
    }
    let under = proposedBounds(start, state)
    guard under.interval.low < 0 else { return false }
    let isDefinite = under.interval.high < 0 && length.low > 0
    guard isDefinite || !under.lowBoundary.isNone else { return false }
    let amount = under.lowBoundary.isNone ? under.interval.high : under.interval.low
    report(
      violation(
        access, size: size, excess: amount, goal: (start, amount), boundary: under.lowBoundary,
        isDefinite, state))
    return true
  }

  /// How far past the end the witness shall go: to the bound that is reached.
  ///
  /// One that only the memory's end limits is shown where it starts to violate.
  func amount(_ over: SymbolFact, element: Int64) -> Int128 {
    if over.highBoundary.isNone { return over.interval.low }
    if universe.kind(of: over.highBoundary) == .formatted {
      return max(over.interval.low, min(Int128(element), over.interval.high))
    }
    return over.interval.high
  }

  private func violation(
    _ access: Access, size: LinearForm, excess: Int128, goal: (form: LinearForm, value: Int128),
    boundary: BoundaryID, _ isDefinite: Bool, _ state: State
  ) -> Violation {
    let region = access.region
    let inside = access.inside
    let known = bounds(size, state).interval.constant.flatMap { Int64(exactly: $0) }
    var last: Int64?
    if let known, let amount = Int64(exactly: excess) {
      last = excess > 0 ? known.addingSaturating(amount) : amount.addingSaturating(1)
    }
    var observation = AccessObservation(
      isWrite: access.isWrite, object: objectName(access.address, region, inside), size: known,
      lastByte: last, excess: Int64(clamping: excess),
      elementSize: access.endsInTerminator
        ? width(of: access.address) : elementSize(access.address, of: access.value),
      source: source(of: boundary),
      callee: calleeName(access.value), staysInRecord: staysInRecord(inside, excess),
      isTrailing: isTrailing(inside, region), isSize: !calleeName(access.value).isEmpty,
      input: inputText(goal.form, state))
    observation.isInevitable = isInevitable(boundary)
    observation.isBelieved = isBelieved(goal.form, state)
    observation.isShort = isShort(region, excess)
    observation.isBehindSearch = isBehindSearch(boundary)
    observation.counter = counterName(inside)
    observation.endsInTerminator = access.endsInTerminator
    return Violation(
      candidate: Candidate(
        value: access.value, argument: access.argument, kind: .access(isWrite: access.isWrite),
        via: boundary.index > 1 ? [universe[boundary].position] : []),
      observation: .access(observation), isDefinite: isDefinite, goal: goal, boundary: boundary,
      cause: nil, region: region)
  }

  /// Whether a bound is reached whenever its condition is: a constant, or the constant limit of a loop
  /// that has no other end.
  func isInevitable(_ boundary: BoundaryID) -> Bool {
    if boundary == .constant { return true }
    let row = universe[boundary]
    guard boundary.index > 1, row.kind == .loopCondition,
      !leavesLoop(at: row.position, isTrue: row.isTaken), case .own = row.place,
      case let loop = flow.innermostLoop[row.position], loop >= 0,
      [row.left, row.right].contains(where: { $0.flatMap { form($0) }?.isConstant == true })
    else { return false }
    return (flow.loops[loop].start..<flow.loops[loop].end).allSatisfy { index in
      index == row.position || flow.successors[index].allSatisfy { flow.contains(loop, $0) }
    }
  }

  /// Whether an access past a member array ends inside the struct that holds it.
  func staysInRecord(_ inside: SubObject, _ excess: Int128) -> Bool {
    guard let array = universe.fixedArray(inside), excess > 0 else { return false }
    let field = module.fields[array.field]
    let end = field.byteOffset + UInt64(clamping: array.size)
    return Int128(end) + excess <= Int128(module.records[field.record].size)
  }

  func isTrailing(_ inside: SubObject, _ region: Region) -> Bool {
    guard let array = universe.fixedArray(inside) else { return false }
    return universe[region].size?.isConstant != true && isLast(array.field)
  }

  /// The condition or call in the words of the source.
  func text(of boundary: Boundary) -> String {
    switch boundary.place {
    case .own(let origin): module.text(of: origin)
    case .foreign(let index), .entry(let index): universe.foreignPlaces[index].text
    }
  }

  /// The place of a condition or call.
  func location(of boundary: Boundary) -> Location {
    switch boundary.place {
    case .own(let origin): module.location(of: origin)
    case .foreign(let index), .entry(let index): universe.foreignPlaces[index].location
    }
  }

  func source(of boundary: BoundaryID) -> BoundSource {
    if boundary.index <= 1 { return .constant }
    let text = text(of: universe[boundary])
    switch universe[boundary].kind {
    case .constant: return .constant
    case .guardCondition: return .check(text)
    case .loopCondition:
      let isTaken = universe[boundary].isTaken
      if leavesLoop(universe[boundary]) { return .loopEnd(text, holds: isTaken) }
      return isTaken ? .loop(text) : .loopUntil(text)
    case .model: return .model(text)
    case .formatted: return .formatted(text)
    case .input, .believed: return .input(text)
    case .policy: return .policy(text)
    }
  }

  /// Bytes that the last index on the way to an address moves by; else of the access itself.
  func elementSize(_ address: ValueID, of value: ValueID) -> Int64 {
    switch operation(address) {
    case .element(_, _, let stride): return Int64(stride.magnitude)
    case .field(let base, _), .cast(_, let base): return elementSize(base, of: value)
    default:
      if case .call = operation(value) { return 1 }
      if let pointee = pointee(address), module.types[pointee].size > 0 {
        return Int64(clamping: module.types[pointee].size)
      }
      return 1
    }
  }

  /// Takes an address as a string.
  mutating func useString(
    _ address: ValueID, at value: ValueID, argument: Int, _ state: inout State
  ) {
    if case .pointer(let region, _, _, _) = registers[Int(address.index)], isChoice(region) {
      return eachAlternative(of: address) { machine, _ in
        machine.useString(address, at: value, argument: argument, &state)
      }
    }
    if case .pointer(let region, _, _, _) = registers[Int(address.index)],
      useReleased(address, region, isRelease: false, at: value, argument: argument, state)
    {
      return
    }
    access(
      address, LinearForm(constant: width(of: address)), isWrite: false, at: value,
      argument: argument, state)
    noteStringUse(address, state)
    guard
      case .unterminated(let bytes, let cause) = string(of: address, &state),
      case .pointer(let region, let offset, let inside, _) = registers[Int(address.index)],
      let place = stringPlace(region, inside, offset)
    else { return }
    let isFull = place.extent.map { bounds(bytes, state).interval.low >= Int128($0) } ?? false
    let observation = UnterminatedObservation(
      object: objectName(address, region, inside), size: place.extent, isFull: isFull,
      filled: bytes.isConstant ? bytes.constant : nil, cause: calleeName(cause),
      callee: calleeName(value))
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: argument, kind: .unterminated,
          via: [Int(positions[Int(cause.index)])]),
        observation: .unterminated(observation), isDefinite: true, goal: nil, boundary: .none,
        cause: cause, region: region))
  }

  /// Checks that an unbounded copy fits: silent where it does, a write out of bounds where it cannot.
  mutating func checkFit(
    _ target: ValueID, _ need: LinearForm?, _ range: Interval, conversion: String,
    text: ValueID? = nil, at value: ValueID, argument: Int, _ state: inout State
  ) {
    if case .pointer(let region, _, _, _) = registers[Int(target.index)], isChoice(region) {
      return eachAlternative(of: target) { machine, _ in
        machine.checkFit(
          target, need, range, conversion: conversion, text: text, at: value, argument: argument,
          &state)
      }
    }
    if let capacity = capacity(of: target) {
      let room = bounds(capacity, state).interval
      access(
        target, LinearForm(constant: width(of: target)), isWrite: true, at: value,
        argument: argument, state)
      if range.high <= room.low { return }
      if let need, let excess = need.subtracting(capacity) {
        let over = proposedBounds(excess, state)
        if over.interval.high <= 0 { return }
        if over.interval.low > 0 || !over.highBoundary.isNone {
          access(
            target, need, isWrite: true, at: value, argument: argument, endsInTerminator: true,
            state)
          return
        }
        // Callers may know that it does not fit; the function itself is unsafe in any case.
        access(target, need, isWrite: true, at: value, argument: argument, state)
      } else if range.low > room.high, let least = Int64(exactly: range.low) {
        access(
          target, LinearForm(constant: least), isWrite: true, at: value, argument: argument,
          endsInTerminator: true, state)
        return
      }
    }
    reportUnsafe(
      .unchecked, target, needs: (range.low, range.high < 1 << 40 ? range.high : nil),
      conversion: conversion, text: text, at: value, argument: argument, state)
  }

  /// Bytes from an address to the end of its object.
  func capacity(of address: ValueID) -> LinearForm? {
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(address.index)]
    else { return nil }
    if let array = universe.fixedArray(inside) {
      return array.base.adding(constant: array.size)?.subtracting(offset)
    }
    return universe[region].size?.subtracting(offset)
  }

  /// Notes a call of an unsafe function that is not proven to fit.
  mutating func reportUnsafe(
    _ kind: UnsafeKind, _ target: ValueID, needs: (low: Int128, high: Int128?), conversion: String,
    text: ValueID? = nil, at value: ValueID, argument: Int, _ state: State
  ) {
    let room = capacity(of: target).flatMap { bounds($0, state).interval.constant }
    var name = ""
    var shared: Region?
    if case .pointer(let region, _, let inside, _) = registers[Int(target.index)] {
      name = objectName(target, region, inside)
      shared = region
    }
    let source = text.flatMap { outsideSource(of: $0, state) }
    var observation = UnsafeCallObservation(
      kind: kind, callee: calleeName(value), object: name,
      capacity: room.flatMap { Int64(exactly: $0) }, minimum: Int64(clamping: needs.low),
      maximum: needs.high.flatMap { Int64(exactly: $0) }, conversion: conversion,
      takesText: takesText(value) || conversion.last == "s")
    observation.source = source?.name ?? ""
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: argument, kind: .unsafeCall,
          via: source?.cause.map { [Int(positions[Int($0.index)])] } ?? []),
        observation: .unsafeCall(observation), isDefinite: true, goal: nil, boundary: .none,
        cause: source?.cause, region: shared))
  }

  /// Whether a call copies a string as it is.
  private func takesText(_ call: ValueID) -> Bool {
    model(of: call)?.effects.contains {
      switch $0 {
      case .copyString, .appendString: true
      default: false
      }
    } ?? false
  }

  // MARK: Names

  /// The model of the function that a call instruction names.
  func model(of call: ValueID) -> FunctionModel? {
    guard case .call(let id) = operation(call), case .function(let target) = body.calls[id].callee
    else { return nil }
    return models[Int(target.index)].flatMap { $0.isUnseen ? nil : $0 }
  }

  /// The function that a call instruction names, or what it reads the function from.
  func calleeName(_ value: ValueID) -> String {
    guard case .call(let id) = operation(value) else { return "" }
    switch body.calls[id].callee {
    case .function(let function): return module.symbols[module.functions[function].name]
    case .indirect(let address): return module.text(of: body.instructions[address].origin)
    }
  }

  /// An object as a person would name it.
  func objectName(_ address: ValueID, _ region: Region, _ inside: SubObject) -> String {
    if inside != .none, let text = arrayText(address) { return text }
    if inside != .none { return module.symbols[module.fields[universe[inside].field].name] }
    switch universe[region].kind {
    case .local(let local): return module.symbols[body.locals[local].name]
    case .global(let global): return module.symbols[module.globals[global].name]
    case .literal: return "string literal"
    case .foreign(let usr): return String(usr.split(separator: "@").last ?? "")
    case .heap(let call): return module.text(of: body.instructions[call].origin)
    case .parameter(let local): return module.symbols[body.locals[local].name]
    case .opaque(let value) where attributes.values.contains(region):
      return arrayText(address) ?? module.text(of: body.instructions[value].origin)
    case .made, .opaque, .entry, .choice: return arrayText(address) ?? ""
    }
  }

  /// The text of the array or pointer that an address is made from.
  private func arrayText(_ address: ValueID) -> String? {
    switch operation(address) {
    case .element(let base, _, _), .dynamicElement(let base, _, _): return arrayText(base)
    case .cast(.decay, let operand):
      return module.text(of: body.instructions[operand].origin)
    case .cast(_, let operand): return arrayText(operand)
    case .field(let base, _): return arrayText(base)
    case .load: return module.text(of: body.instructions[address].origin)
    default: return nil
    }
  }
}
