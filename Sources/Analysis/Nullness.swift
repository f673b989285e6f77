// SPDX-License-Identifier: Apache-2.0

// Null pointers that the program itself shows: one that it assigns, one that it tests for, one that a
// function answers. In joined states a fact says that some path makes the place null; on a single path
// it says that this one does.

import Findings
import IR

/// What holds a pointer.
enum NullPlace: BitwiseCopyable, Hashable, Sendable {
  case slot(Int32)
  case cell(Region, Int64)
  /// The result of a call.
  case value(ValueID)
}

/// Why a place is, or may be, null.
enum NullReason: BitwiseCopyable, Hashable, Sendable {
  /// The null pointer constant is stored, or a function returns it always.
  case assigned(ValueID)
  /// A condition at the end of the block at this position holds for null only.
  case tested(Int32)
  /// A function of the program returns null on some of its paths.
  case answered(ValueID)
  /// An allocator can fail.
  case allocated(ValueID)
  /// Callers may pass null.
  case parameter(LocalID)

  /// Ranks for a total order.
  fileprivate var key: (UInt32, UInt32) {
    switch self {
    case .assigned(let value): (0, value.index)
    case .tested(let position): (1, UInt32(position))
    case .answered(let value): (2, value.index)
    case .allocated(let value): (3, value.index)
    case .parameter(let local): (4, local.index)
    }
  }
}

/// That a place may be null, for a reason that the program gives.
struct NullFact: BitwiseCopyable, Hashable, Sendable {
  var place: NullPlace
  var reason: NullReason

  private var key: (UInt32, UInt32, Int64) {
    switch place {
    case .slot(let slot): (0, UInt32(slot), 0)
    case .cell(let region, let offset): (1, region.index, offset)
    case .value(let value): (2, value.index, 0)
    }
  }

  static func isBefore(_ left: NullFact, _ right: NullFact) -> Bool {
    left.key != right.key ? left.key < right.key : left.reason.key < right.reason.key
  }
}

/// What callers must know of a pointer that a function returns.
enum NullResult: UInt8, Hashable, Codable, Sendable {
  /// No path returns null for a reason that the function shows.
  case none
  /// Some path returns null because memory is exhausted.
  case exhausted
  /// Some path returns null on purpose.
  case answered
}

extension State {
  /// Replaces what is known of a place.
  mutating func setNull(_ place: NullPlace, to reasons: [NullReason]) {
    if !nulls.isEmpty { nulls.removeAll { $0.place == place } }
    for reason in reasons where nulls.count < 64 {
      let fact = NullFact(place: place, reason: reason)
      let index = nulls.firstIndex { !NullFact.isBefore($0, fact) } ?? nulls.count
      if index == nulls.count || nulls[index] != fact { nulls.insert(fact, at: index) }
    }
  }

  /// Why a place may be null.
  func nullReasons(of place: NullPlace) -> [NullReason] {
    nulls.isEmpty ? [] : nulls.compactMap { $0.place == place ? $0.reason : nil }
  }

  /// Takes over the facts of another path.
  mutating func joinNulls(_ left: State, _ right: State) {
    dereferenced = left.dereferenced & right.dereferenced
    if left.nulls == right.nulls {
      nulls = left.nulls
      return
    }
    nulls = left.nulls
    for fact in right.nulls where nulls.count < 64 {
      let index = nulls.firstIndex { !NullFact.isBefore($0, fact) } ?? nulls.count
      if index == nulls.count || nulls[index] != fact { nulls.insert(fact, at: index) }
    }
  }
}

extension Machine {
  // MARK: Places

  /// Where a pointer value comes from, seen through casts.
  private func nullPlace(of value: ValueID) -> NullPlace? {
    switch operation(value) {
    case .cast(.pointerCast, let operand): return nullPlace(of: operand)
    case .call: return .value(value)
    case .load(let address, false):
      if case .local(let local) = operation(address), slots[Int(local.index)] >= 0 {
        return .slot(Int32(slots[Int(local.index)]))
      }
      if case .pointer(let region, let offset, _, _) = registers[Int(address.index)],
        offset.isConstant
      {
        return .cell(region, offset.constant)
      }
      return nil
    default: return nil
    }
  }

  /// The pointer that an address is made from.
  private func basePointer(of address: ValueID) -> ValueID {
    switch operation(address) {
    case .element(let base, _, _), .dynamicElement(let base, _, _), .field(let base, _),
      .cast(.pointerCast, let base), .cast(.decay, let base):
      return basePointer(of: base)
    default: return address
    }
  }

  private func isCall(_ value: ValueID) -> Bool {
    if case .call = operation(value) { true } else { false }
  }

  /// Whether a call yields nothing.
  func isVoid(_ call: ValueID) -> Bool {
    if case .void = type(of: call).kind { true } else { false }
  }

  /// Pointer parameters can be null for all that the function knows.
  func noteNullParameters(_ state: inout State) {
    for index in 0..<min(Int(body.parameterCount), 64) where slots[index] >= 0 {
      guard module.types[body.locals[LocalID(index)].type].isPointer else { continue }
      state.setNull(.slot(Int32(slots[index])), to: [.parameter(LocalID(index))])
    }
  }

  // MARK: Transfer

  /// A pointer is stored: the place takes over what is known of it.
  func noteNull(storing stored: ValueID, in place: NullPlace, _ state: inout State) {
    guard type(of: stored).isPointer else {
      if !state.nulls.isEmpty { state.setNull(place, to: []) }
      return
    }
    var reasons = nullPlace(of: stored).map { state.nullReasons(of: $0) } ?? []
    if reasons.isEmpty, form(stored) == .zero, !isVariable(stored) {
      reasons = [.assigned(basePointer(of: stored))]
    }
    state.setNull(place, to: reasons)
  }

  /// Whether a value is that of a variable: why it is null, if no fact says so, is not known.
  private func isVariable(_ value: ValueID) -> Bool {
    if case .slot? = nullPlace(of: value) { true } else { false }
  }

  /// A path goes on where the pointer in a register is null, or where it is not.
  mutating func assumeNull(_ value: ValueID, _ isNull: Bool, _ state: inout State) {
    if case .pointer(let region, _, _, true) = registers[Int(value.index)] {
      settleResize(region, hasFailed: isNull, &state)
      if !state.errors.isEmpty { noteNullTest(ofError: region, isNull, &state) }
      if isNull { state.dropAcquired(.object(region)) }
    }
    switch operation(value) {
    case .cast(.pointerCast, let operand): assumeNull(operand, isNull, &state)
    case .load(let address, false):
      noteNullTest(value, isNull, &state)
      guard case .local(let local) = operation(address), slots[Int(local.index)] >= 0,
        case let slot = slots[Int(local.index)],
        registers[Int(value.index)] == state.locals[slot]
      else { return }
      assumeNullSlot(slot, isNull, &state)
    case .call:
      noteNullTest(value, isNull, &state)
      assumeNullCopies(of: value, isNull, &state)
    default: break
    }
  }

  private func assumeNullSlot(_ slot: Int, _ isNull: Bool, _ state: inout State) {
    if case .pointer(let region, let offset, let inside, _) = state.locals[slot] {
      state.locals[slot] =
        isNull
        ? .constant(0) : .pointer(region, offset: offset, inside: inside, mayBeNull: false)
    } else if isNull, case .unknown = state.locals[slot] {
      state.locals[slot] = .constant(0)
    }
  }

  /// What a call has just returned is tested where it was stored: `if ((p = f()) == NULL)`.
  private mutating func assumeNullCopies(
    of call: ValueID, _ isNull: Bool, _ state: inout State
  ) {
    let known = registers[Int(call.index)]
    guard case .pointer(let region, .zero, _, true) = known else { return }
    switch universe[region].kind {
    case .heap(call), .opaque(call), .made(call, _): break
    default: return
    }
    for slot in state.locals.indices where state.locals[slot] == known {
      assumeNullSlot(slot, isNull, &state)
      state.setNull(.slot(Int32(slot)), to: isNull ? [.tested(Int32(position))] : [])
    }
    for cell in state.cells where cell.value == known {
      assumeNullCell(cell.region, cell.offset, isNull, &state)
      state.setNull(
        .cell(cell.region, cell.offset), to: isNull ? [.tested(Int32(position))] : [])
    }
  }

  /// A condition decides whether a pointer is null.
  mutating func noteNullTest(_ value: ValueID, _ isNull: Bool, _ state: inout State) {
    guard let place = nullPlace(of: value) else { return }
    if case .cell(let region, let offset) = place {
      let reasons = state.nullReasons(of: place)
      assumeNullCell(region, offset, isNull, &state)
      if !isNull { state.setNull(place, to: reasons) }
    }
    if isNull {
      state.setNull(place, to: [.tested(Int32(position))])
    } else if !state.nulls.isEmpty {
      // Copies of the pointer are not null either.
      let reasons = state.nullReasons(of: place)
      state.nulls.removeAll { fact in fact.place == place || reasons.contains(fact.reason) }
    }
  }

  /// What a cell holds is null, or is not.
  private func assumeNullCell(
    _ region: Region, _ offset: Int64, _ isNull: Bool, _ state: inout State
  ) {
    let size = UInt32(module.pointerSize)
    guard
      case .pointer(let target, let distance, let inside, _)? = state.cell(
        in: region, at: offset, size: size)
    else { return }
    state.keepCell(
      in: region, at: offset, size: size,
      isNull
        ? .constant(0) : .pointer(target, offset: distance, inside: inside, mayBeNull: false))
  }

  /// Code that is not seen, or whose answer counts, may check what it is given.
  func forgetNulls(_ arguments: [ValueID], _ state: inout State) {
    forgetErrors(arguments, &state)
    if state.nulls.isEmpty { return }
    for argument in arguments {
      guard let place = nullPlace(of: argument) else { continue }
      let reasons = state.nullReasons(of: place)
      state.nulls.removeAll { fact in fact.place == place || reasons.contains(fact.reason) }
    }
  }

  // MARK: Uses

  /// The object at an address is accessed.
  mutating func dereference(
    _ address: ValueID, at value: ValueID, argument: Int, _ state: inout State
  ) {
    let base = basePointer(of: address)
    if case .local = operation(base) { return }
    if isNearUser { accessUser(base, at: value, argument: argument, &state) }
    if !state.errors.isEmpty { useError(base, at: value, argument: argument, &state) }
    let isNull = form(base) == .zero
    if state.nulls.isEmpty && !isNull { return }
    let place = nullPlace(of: base)
    var reasons = place.map { state.nullReasons(of: $0) } ?? []
    if reasons.isEmpty, isNull, isCall(value) || isCall(base) { reasons = [.assigned(base)] }
    guard !reasons.isEmpty else { return }
    let mayBeNull: Bool
    if case .pointer(_, _, _, true) = registers[Int(base.index)] {
      mayBeNull = true
    } else {
      mayBeNull = false
    }
    for reason in reasons {
      switch reason {
      case .parameter(let local):
        if mayBeNull || isNull { state.dereferenced |= bit(of: local) }
      case .assigned, .tested:
        if isNull || (mayBeNull && mode == .explore) {
          report(base, reason, isNull, at: value, argument: argument, state)
        }
      case .answered, .allocated:
        if mayBeNull || isNull {
          report(base, reason, isNull, at: value, argument: argument, state)
        }
      }
    }
    if isNull {
      // Nothing follows on this path.
      if mode == .replay { isDead = true }
      return
    }
    if let place { state.setNull(place, to: []) }
    assumeNull(base, false, &state)
  }

  private mutating func report(
    _ base: ValueID, _ reason: NullReason, _ isNull: Bool, at value: ValueID, argument: Int,
    _ state: State
  ) {
    var via: [Int] = []
    var isAssured = false
    var steps: [Step] = []
    var cause = ""
    let origin: OriginID
    switch reason {
    case .assigned(let stored), .answered(let stored), .allocated(let stored):
      via = [Int(positions[Int(stored.index)])]
      origin = body.instructions[stored].origin
      cause = calleeName(stored)
    case .tested(let place):
      via = [Int(place)]
      origin = body.blocks[flow.order[Int(place)]].origin
      cause = module.text(of: origin)
    case .parameter: return
    }
    let object = module.text(of: body.instructions[base].origin)
    if mode == .replay {
      guard let sure = self.isAssured(base, reason, isNull, via[0], origin, state) else { return }
      isAssured = sure
      steps = [
        Step(
          location: module.location(of: origin),
          message: message(reason, isNull, object: object, cause: cause))
      ]
    }
    let observation = NullObservation(
      object: object, reason: kind(reason, isNull), cause: cause, callee: calleeName(value),
      isAssured: isAssured)
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: argument, kind: .null(reason), via: via),
        observation: .null(observation), isDefinite: isNull, goal: nil, boundary: .none,
        cause: nil, region: nil, calleeSteps: steps))
  }

  /// Whether the program itself says that the pointer is null where it is used.
  ///
  /// A loop's condition, a test inside a macro, and conditions on the way that may have to do with the
  /// pointer leave room for what the program knows and we do not. `nil` where the test is followed by
  /// unseen code that the other outcome does not call: who writes `if (!p) fail();` knows of the value.
  private mutating func isAssured(
    _ base: ValueID, _ reason: NullReason, _ isNull: Bool, _ cause: Int, _ origin: OriginID,
    _ state: State
  ) -> Bool? {
    switch reason {
    case .answered where isNull, .assigned:
      // A callee whose code is here may fill a local that it was handed, as far as the path lets it.
      if inlined != nil, isLocalInMemory(base) { return false }
      if isMacroChoice(cause) { return false }
      let way = passage(from: cause, isDecision: false, state)
      return way.guards == 0 && way.choices <= 1 && !way.callsUnseen
    case .tested:
      let way = passage(from: cause, isDecision: true, state)
      if way.callsUnseen { return nil }
      // What a function left in a local that it was handed, its answer may tell: `if (!get(&p)) return;`.
      if isLocalInMemory(base) { return false }
      // What a callee decides on the way may have to do with the pointer too.
      if frame(at: cause) != frame(at: position), way.choices > 0 { return false }
      return way.guards == 0 && !module.origins[origin].isMacro
        && conditionKind(at: cause) != .loopCondition && !isTestInMacro(cause)
    case .answered, .allocated, .parameter: return false
    }
  }

  /// Whether a block is the branch that a macro itself takes by a test of its own, such as
  /// `#define TOP (stack ? stack[depth] : NULL)`.
  private func isMacroChoice(_ place: Int) -> Bool {
    guard
      let origin = body.blocks[flow.order[place]].instructions.indices.first.map({
        body.instructions.rows[$0].origin
      }), module.origins[origin].isMacro
    else { return false }
    let sources = flow.predecessors[place]
    return !sources.isEmpty
      && sources.allSatisfy { source in
        let block = body.blocks[flow.order[source]]
        guard case .branch = block.terminator else { return false }
        let test = module.origins[block.origin]
        let own = module.origins[origin]
        return test.isMacro && test.file == own.file && test.start == own.start
      }
  }

  /// Whether a macro tests its argument and says what follows, as those that report a failure and go on:
  /// `#define CHECK(x) if (!(x)) print(#x)`.
  ///
  /// Who writes such a line does not say that the pointer is null (Engler et al., SOSP 2001, 3.3).
  private func isTestInMacro(_ place: Int) -> Bool {
    let test = module.origins[body.blocks[flow.order[place]].origin]
    return flow.successors[place].contains { successor in
      let block = body.blocks[flow.order[successor]]
      let first = block.instructions.indices.first.map { body.instructions.rows[$0].origin }
      let made = module.origins[first ?? block.origin]
      return made.isMacro && made.file == test.file && made.start < test.start
        && test.start < made.end
    }
  }

  /// Whether a pointer is what a local holds whose address is taken.
  private func isLocalInMemory(_ pointer: ValueID) -> Bool {
    guard case .cell(let region, _)? = nullPlace(of: pointer),
      case .local = universe[region].kind
    else { return false }
    return true
  }

  private func kind(_ reason: NullReason, _ isNull: Bool) -> NullObservation.Reason {
    switch reason {
    case .answered where isNull, .assigned, .parameter: .assigned
    case .tested: .tested
    case .answered: .answered
    case .allocated: .allocated
    }
  }

  private func message(
    _ reason: NullReason, _ isNull: Bool, object: String, cause: String
  ) -> String {
    let name = object.isEmpty ? "the pointer" : "'\(object)'"
    switch reason {
    case .answered where isNull, .assigned where !cause.isEmpty: return "'\(cause)' returns NULL"
    case .assigned, .parameter: return "\(name) is NULL from here"
    case .tested: return "'\(cause)' takes the branch on which \(name) is NULL"
    case .answered, .allocated: return "'\(cause)' can return NULL"
    }
  }
}

// MARK: Calls

extension Machine {
  /// A library function accesses what its arguments point to.
  ///
  /// Some take no string at all in place of an empty one, so that a string counts where the declaration
  /// says that it must not be null.
  mutating func dereferenceArguments(
    _ model: FunctionModel, _ function: Function, _ arguments: [ValueID], at value: ValueID,
    _ state: inout State
  ) {
    func mustBe(_ index: Int) -> Bool {
      index >= 0 && index < 64 && function.nonNullArguments & (1 << UInt64(index)) != 0
    }
    var seen: Set<Int> = []
    for effect in model.effects {
      var used: [Int] = []
      switch effect {
      case .write(let target, let size), .read(let target, let size),
        .output(let target, let size), .printBounded(let target, let size, _, _),
        .copyTerminated(let target, _, let size):
        guard let bytes = count(size, arguments), bounds(bytes, state).interval.low > 0 else {
          continue
        }
        used = [target]
      case .string(let index) where mustBe(index): used = [index]
      case .copyString(let target, let source), .appendString(let target, let source):
        used = [target, source]
      case .printInto(let target, _, _): used = [target]
      default: continue
      }
      for index in used where index < arguments.count && seen.insert(index).inserted {
        dereference(arguments[index], at: value, argument: index, &state)
      }
    }
  }

  private func count(_ size: ModelSize, _ arguments: [ValueID]) -> LinearForm? {
    switch size {
    case .constant(let value): return LinearForm(constant: value)
    case .argument(let index): return index < arguments.count ? form(arguments[index]) : nil
    default: return nil
    }
  }

  /// A function accesses what these of its arguments point to, whatever else it does.
  mutating func dereferenceArguments(
    _ bits: UInt64, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) {
    guard bits != 0 else { return }
    for (index, argument) in arguments.prefix(64).enumerated()
    where bits & (1 << UInt64(index)) != 0 {
      dereference(argument, at: value, argument: index, &state)
    }
  }

  /// The result of a call can be null for this reason.
  func noteNullResult(_ result: NullResult, of call: ValueID, _ state: inout State) {
    switch result {
    case .none: if !state.nulls.isEmpty { state.setNull(.value(call), to: []) }
    case .exhausted: state.setNull(.value(call), to: [.allocated(call)])
    case .answered: state.setNull(.value(call), to: [.answered(call)])
    }
  }

  /// Takes a parameter for one that is not zero or null.
  func assumeNonZero(_ local: LocalID, _ state: inout State) {
    let slot = slots[Int(local.index)]
    guard slot >= 0 else { return }
    switch state.locals[slot] {
    case .pointer(let region, let offset, let inside, _):
      state.locals[slot] = .pointer(region, offset: offset, inside: inside, mayBeNull: false)
      state.setNull(.slot(Int32(slot)), to: [])
    case .number(let form):
      guard let term = form.singleTerm else { return }
      var known = fact(term.symbol, state)
      known.interval.low = max(known.interval.low, 1)
      setFact(term.symbol, known, &state)
    default: break
    }
  }

  /// Whether an argument rules out that a callee answers null: nothing says that it is zero.
  func isNullRuledOut(_ summary: Summary, _ arguments: [ValueID], _ state: State) -> Bool {
    arguments.prefix(64).enumerated().contains { index, argument in
      guard summary.nonNullUnlessZero & (1 << UInt64(index)) != 0 else { return false }
      if type(of: argument).isPointer {
        if form(argument) == .zero { return false }
        let reasons = nullPlace(of: argument).map { state.nullReasons(of: $0) } ?? []
        return reasons.allSatisfy { if case .parameter = $0 { true } else { false } }
      }
      guard let form = form(argument) else { return true }
      let known = bounds(form, state)
      return known.interval.high > 0 && (known.interval.low > 0 || known.lowBoundary.isNone)
    }
  }

  /// What the results at the returns say.
  func nullResult(_ exit: State) -> NullResult {
    var result = NullResult.none
    for reason in exit.nullReasons(of: .slot(Int32(slotCount))) {
      switch reason {
      case .allocated: if result == .none { result = .exhausted }
      case .assigned, .tested, .answered: result = .answered
      case .parameter: break
      }
    }
    return result
  }
}

extension ModelResult {
  /// Whether it is new memory, or null where there is none.
  var isNewMemory: Bool {
    switch self {
    case .memory, .resized, .duplicate, .duplicateUpTo: true
    default: false
    }
  }
}
