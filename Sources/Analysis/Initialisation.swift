// SPDX-License-Identifier: Apache-2.0

// Objects start with indeterminate values (C11 6.2.4p6, 7.22.3.4): locals without an initialiser,
// memory from malloc. In joined states a fact says that some path leaves the bytes so, on a single path
// that this one does. What may be written counts as written: a store at an unknown place, a callee, code
// unseen.

import Findings
import IR

/// Bytes that hold no value yet: of an object in memory, or a whole local that does not live there.
struct UninitialisedBytes: BitwiseCopyable, Hashable, Sendable {
  enum Holder: BitwiseCopyable, Hashable, Sendable {
    case slot(Int32)
    case region(Region)
  }

  var holder: Holder
  var low: Int64
  /// After the last byte.
  var high: Int64
  /// The declaration, or the call that allocates.
  var cause: ValueID
  /// Position of the head of a loop that writes the local, which a replay entered: what it says holds
  /// for the first iteration only; else -1.
  var loop: Int32 = -1

  private var key: (UInt32, UInt32, Int64, Int64, UInt32, Int32) {
    switch holder {
    case .slot(let slot): (0, UInt32(slot), low, high, cause.index, loop)
    case .region(let region): (1, region.index, low, high, cause.index, loop)
    }
  }

  static func isBefore(_ left: UninitialisedBytes, _ right: UninitialisedBytes) -> Bool {
    left.key < right.key
  }
}

extension State {
  /// Notes bytes without a value.
  mutating func addUninitialised(_ bytes: UninitialisedBytes) {
    guard bytes.low < bytes.high, uninitialised.count < 128 else { return }
    let index =
      uninitialised.firstIndex { !UninitialisedBytes.isBefore($0, bytes) } ?? uninitialised.count
    if index == uninitialised.count || uninitialised[index] != bytes {
      uninitialised.insert(bytes, at: index)
    }
  }

  /// Everything in the holder counts as written.
  mutating func initialise(_ holder: UninitialisedBytes.Holder) {
    if !uninitialised.isEmpty { uninitialised.removeAll { $0.holder == holder } }
  }

  /// `low..<high` of a region is written.
  mutating func initialise(_ region: Region, from low: Int64, to high: Int64) {
    if uninitialised.isEmpty { return }
    let known = uninitialised.filter { $0.holder == .region(region) }
    initialise(.region(region))
    for bytes in known {
      var left = bytes
      left.high = min(bytes.high, low)
      addUninitialised(left)
      var right = bytes
      right.low = max(bytes.low, high)
      addUninitialised(right)
    }
  }

  /// Takes over what either path leaves without a value.
  mutating func joinUninitialised(_ left: State, _ right: State) {
    uninitialised = left.uninitialised
    if left.uninitialised == right.uninitialised { return }
    for bytes in right.uninitialised { addUninitialised(bytes) }
  }
}

extension Machine {
  // MARK: Transfer

  /// A local begins its lifetime.
  mutating func noteDeclaration(_ local: LocalID, at value: ValueID, _ state: inout State) {
    let row = body.locals[local]
    // What has no name was made by the lowering, which writes it on every path.
    guard !module.symbols[row.name].isEmpty, !row.isParameter else { return }
    let size = Int64(clamping: module.types[row.type].size)
    let slot = slots[Int(local.index)]
    let holder: UninitialisedBytes.Holder =
      slot >= 0 ? .slot(Int32(slot)) : .region(region(of: local))
    state.initialise(holder)
    state.addUninitialised(
      UninitialisedBytes(holder: holder, low: 0, high: size, cause: value))
  }

  /// Memory from an allocator holds no values.
  func noteAllocation(_ address: AbstractValue, at value: ValueID, _ state: inout State) {
    guard case .pointer(let region, _, _, _) = address else { return }
    let size = universe[region].size
    state.initialise(.region(region))
    state.addUninitialised(
      UninitialisedBytes(
        holder: .region(region), low: 0,
        high: size.flatMap { $0.isConstant ? $0.constant : nil } ?? 1 << 40, cause: value))
  }

  /// A loop that writes a local was entered in a replay: only its first iteration finds no value.
  func noteLoop(_ head: Int, _ slot: Int, _ state: inout State) {
    guard let known = state.uninitialised.first(where: { $0.holder == .slot(Int32(slot)) })
    else { return }
    state.initialise(.slot(Int32(slot)))
    var first = known
    first.loop = Int32(head)
    state.addUninitialised(first)
  }

  /// Whether a region is one object that nothing else names.
  func isOwnObject(_ region: Region) -> Bool {
    switch universe[region].kind {
    case .local, .heap: true
    default: false
    }
  }

  // MARK: Uses

  /// A local that does not live in memory is read.
  mutating func readLocal(_ local: LocalID, _ slot: Int, at value: ValueID, _ state: inout State) {
    if state.uninitialised.isEmpty { return }
    let holder = UninitialisedBytes.Holder.slot(Int32(slot))
    guard let bytes = state.uninitialised.first(where: { $0.holder == holder }) else { return }
    if isOwnInitialiser(value, of: local) { return }
    reportUninitialised(
      bytes, local: local, module.symbols[body.locals[local].name], isOutput: false, total: 0,
      at: value, argument: 0, state)
    if mode == .explore { state.initialise(holder) }
  }

  /// `int x = x;` is how some tell a compiler to be silent.
  private func isOwnInitialiser(_ value: ValueID, of local: LocalID) -> Bool {
    if case .copy(let destination, _, _) = operation(value),
      case .local(local) = operation(destination)
    {
      return true
    }
    for row in Int(value.index) + 1..<min(Int(value.index) + 4, body.instructions.count) {
      if case .store(let address, value, _) = operation(ValueID(row)),
        case .local(local) = operation(address)
      {
        return true
      }
    }
    return false
  }

  /// Whether what is read only goes into a local that is written again before anything reads it, with
  /// no decision between.
  private func isForgotten(_ value: ValueID) -> Bool {
    guard case .load = operation(value) else { return false }
    var block = flow.order[position]
    var start = Int(value.index) + 1
    var target: LocalID?
    for _ in 0..<8 {
      for row in start..<max(body.blocks[block].instructions.indices.upperBound, start) {
        if let isForgotten = forgets(value, at: row, &target) { return isForgotten }
      }
      guard case .jump(let next) = body.blocks[block].terminator else { return false }
      block = next
      start = body.blocks[block].instructions.indices.lowerBound
    }
    return false
  }

  /// Whether an instruction decides if what was read is forgotten, and how; `target` is the local
  /// that holds it.
  private func forgets(_ value: ValueID, at row: Int, _ target: inout LocalID?) -> Bool? {
    switch body.instructions.rows[row].operation {
    case .store(let address, let stored, _):
      guard case .local(let local) = operation(address) else { return nil }
      if target == nil, stored == value {
        target = local
      } else if target == local, stored != value {
        return true
      }
      return nil
    case .load(let address, _):
      if case .local(target) = operation(address) { return false }
      return nil
    case .local: return nil
    default:
      var isUsed = false
      body.instructions.rows[row].operation.forEachOperand(in: body) {
        isUsed = isUsed || $0 == value
        if case .local(target) = operation($0) { isUsed = true }
      }
      return isUsed ? false : nil
    }
  }

  /// Bytes of an object are read: all of them without a value, or any where they leave the program.
  mutating func readBytes(
    _ address: ValueID, _ length: LinearForm?, isOutput: Bool, at value: ValueID, argument: Int,
    _ state: inout State
  ) {
    if state.uninitialised.isEmpty { return }
    guard let length, case .pointer(let region, let offset, _, _) = registers[Int(address.index)],
      case let count = Int64(clamping: max(bounds(length, state).interval.low, 0)), count > 0
    else { return }
    if !offset.isConstant {
      if isOutput || !length.isConstant { return }
      return readElement(
        address, region, offset, size: count, at: value, argument: argument, &state)
    }
    let end = offset.constant.addingSaturating(count)
    let found = state.uninitialised.first { bytes in
      guard bytes.holder == .region(region) else { return false }
      if isOutput { return bytes.low < end && offset.constant < bytes.high }
      return bytes.low <= offset.constant && end <= bytes.high
    }
    guard var bytes = found, !isForgotten(value) else { return }
    bytes.low = max(bytes.low, offset.constant)
    bytes.high = min(bytes.high, end)
    var local: LocalID?
    if case .local(let own) = universe[region].kind {
      local = own
      if isOwnInitialiser(value, of: own) { return }
    }
    reportUninitialised(
      bytes, local: local, readName(address, region, at: value), isOutput: isOutput, total: count,
      at: value, argument: argument, state)
    if mode == .explore { state.initialise(.region(region)) }
  }

  /// What is read, as the program writes it where it reads it.
  func readName(_ address: ValueID, _ region: Region, at value: ValueID) -> String {
    if case .load = operation(value) { return module.text(of: body.instructions[value].origin) }
    if case .heap = universe[region].kind {
      let name = module.text(of: body.instructions[address].origin)
      if !name.isEmpty { return name }
    }
    return objectName(address, region, .none)
  }

  mutating func reportUninitialised(
    _ bytes: UninitialisedBytes, local: LocalID?, _ object: String, isOutput: Bool, total: Int64,
    at value: ValueID, argument: Int, goal: (form: LinearForm, value: Int128)? = nil,
    boundary: BoundaryID = .none, _ state: State
  ) {
    let cause = Int(positions[Int(bytes.cause.index)])
    var observation = UninitialisedObservation(
      object: object, isOutput: isOutput, callee: calleeName(value),
      first: bytes.low, count: bytes.high - bytes.low, total: total,
      isPadding: local.map { isPadding(bytes, of: body.locals[$0].type) } ?? false,
      isAssured: false)
    observation.isLeak = isOutput && model(of: value)?.reachesUser == true
    var steps: [Step] = []
    if mode == .replay {
      guard let sure = isAssured(bytes, local, from: cause, state) else { return }
      // A struct may be copied without values (C11 6.2.6.1p6), little though it is meant.
      var isCopy = false
      if case .copy = operation(value) { isCopy = true }
      observation.isAssured = sure && !isCopy
      let name = object.isEmpty ? "the object" : "'\(object)'"
      let source = calleeName(bytes.cause)
      steps = [
        Step(
          location: module.location(of: body.instructions[bytes.cause].origin),
          message: source.isEmpty
            ? "\(name) is declared without a value" : "'\(source)' allocates, without values")
      ]
    }
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: argument, kind: .uninitialised(bytes.cause), via: [cause]),
        observation: .uninitialised(observation), isDefinite: goal == nil, goal: goal,
        boundary: boundary, cause: nil, region: nil, calleeSteps: steps))
  }

  /// Whether the bytes lie between the members of a struct.
  private func isPadding(_ bytes: UninitialisedBytes, of type: TypeID) -> Bool {
    guard case .record(let record) = module.types[type].kind, !module.records[record].isUnion
    else { return false }
    for index in module.records[record].fields.indices {
      let field = module.fields.rows[index]
      let start = Int64(clamping: field.byteOffset)
      let size = Int64(clamping: max(module.types[field.type].size, 1))
      if start < bytes.high, bytes.low < start + size { return false }
    }
    return true
  }

  // MARK: Strength

  /// Whether nothing on the path leaves room for what the program knows and we do not; `nil` where the
  /// path need not exist.
  private mutating func isAssured(
    _ bytes: UninitialisedBytes, _ local: LocalID?, from cause: Int, _ state: State
  ) -> Bool? {
    if bytes.loop >= 0, !isFirstIteration(Int(bytes.loop), state) { return nil }
    var writers = local.map { self.writers(of: $0) } ?? writersThroughPointers()
    if case .region(let region) = bytes.holder {
      writers = writers.filter { !isFill($0, of: region) }
    }
    let skips = skips(of: writers, from: cause, state)
    guard let first = skips.first else {
      // Nothing on any way to here writes it.
      return true
    }
    let way = passage(from: first, isDecision: true, state)
    if way.callsUnseen { return nil }
    let isSwitch = skips.contains { place in
      if case .switch = body.blocks[flow.order[place]].terminator { return true }
      return flow.loopAtHead[place] >= 0
    }
    // What a callee leaves out on a test of its own, its caller may know never to happen.
    let isOfCallee = skips.contains { frame(at: $0) != frame(at: cause) }
    return way.guards == 0 && skips.count <= 2 && !isSwitch && !isOfCallee
  }

  /// Whether the path from a loop's head to here is one that the first iteration takes.
  private func isFirstIteration(_ head: Int, _ state: State) -> Bool {
    let loop = flow.loopAtHead[head]
    guard loop >= 0, flow.contains(loop, position),
      let start = state.trail.lastIndex(where: { Int($0.position) == head })
    else { return false }
    return state.trail[start...].allSatisfy { block in
      !block.isOpen || conditionKind(at: Int(block.position)) == .loopCondition
    }
  }

  /// The blocks that write a local, or hand its address on.
  private func writers(of local: LocalID) -> Set<Int> {
    func leadsTo(_ value: ValueID) -> Bool {
      switch operation(value) {
      case .local(local): true
      case .field(let base, _), .element(let base, _, _), .cast(_, let base),
        .dynamicElement(let base, _, _):
        leadsTo(base)
      default: false
      }
    }
    var result: Set<Int> = []
    for (row, instruction) in body.instructions.rows.enumerated() where positions[row] >= 0 {
      var isWriter = false
      switch instruction.operation {
      case .store(_, let value, _) where leadsTo(value):
        // A pointer holds its address: what is written through pointers may be it.
        return writersThroughPointers()
      case .load, .loadBits, .field, .element, .dynamicElement, .cast, .compare, .declare,
        .endScope:
        break
      case .copy(let destination, _, _): isWriter = leadsTo(destination)
      default:
        instruction.operation.forEachOperand(in: body) { isWriter = isWriter || leadsTo($0) }
      }
      if isWriter { result.insert(Int(positions[row])) }
    }
    return result
  }

  /// The blocks that may write an object that has no name.
  private func writersThroughPointers() -> Set<Int> {
    var result: Set<Int> = []
    for (row, instruction) in body.instructions.rows.enumerated() where positions[row] >= 0 {
      switch instruction.operation {
      case .store(let address, _, _):
        if case .local = operation(address) { continue }
      case .call, .copy, .zero, .storeBits, .assembly, .unknown: break
      default: continue
      }
      result.insert(Int(positions[row]))
    }
    return result
  }

  /// The conditions on the path behind which a write was left out.
  func skips(of writers: Set<Int>, from cause: Int, _ state: State) -> [Int] {
    guard !writers.isEmpty,
      let start = state.trail.lastIndex(where: { Int($0.position) == cause })
    else { return [] }
    var result: [Int] = []
    let path = state.trail[start...]
    for (block, next) in zip(path, path.dropFirst()) {
      let place = Int(block.position)
      let reached = reach(from: place)
      let stillReached = reach(from: Int(next.position))
      if writers.contains(where: { $0 != place && reached[$0] && !stillReached[$0] }) {
        result.append(place)
      }
    }
    return result
  }

  /// The positions that a position leads to, over forward edges; itself as well.
  func reach(from position: Int) -> [Bool] {
    var result = [Bool](repeating: false, count: flow.order.count)
    result[position] = true
    for place in position..<flow.order.count where result[place] {
      for target in flow.successors[place] where target > place { result[target] = true }
    }
    return result
  }
}
