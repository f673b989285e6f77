// SPDX-License-Identifier: Apache-2.0

// The abstract machine of one function: the tables that its states are written in, the values of
// its instructions, and the rules of C arithmetic on linear forms.

import IR

/// What the machine looks for at an instruction.
enum CandidateKind: Hashable, Sendable {
  case access(isWrite: Bool)
  case unterminated
  case unsafeCall
  case bound
  case format
  case afterRelease
  case invalidRelease
  case leak
  /// An index that is checked after its use.
  case lateCheck
  /// The size of a pointer that is taken for something else.
  case measuredPointer
  /// Memory that is too small for its type.
  case shortAllocation
  case frameEscape
  /// An access to the user's memory.
  case userPointer
  /// A second copy of the user's bytes that is used as if it were the first.
  case doubleFetch
  /// An access through an error number.
  case errorPointer
  /// An address that is printed.
  case revealed
  /// A lock that is held, or free, where it should not be.
  case lock(LockMistake)
  case null(NullReason)
  /// Bytes without a value since this declaration or allocation.
  case uninitialised(ValueID)
  case size(SizeDefect)
  case unchecked(UncheckedObservation.Role)
  case concern(ConcernKind)
  /// A row of the callee's obligations.
  case obligation(Int)
}

/// A place where the joined state allows a defect, to be confirmed on one path.
struct Candidate: Hashable, Sendable {
  var value: ValueID
  /// The argument of a call, else 0.
  var argument: Int
  var kind: CandidateKind
  /// Positions that the path should pass, such as the call that left a string unterminated.
  var via: [Int]
  /// Whether only callers can decide it.
  var isOpen = false
  /// The position whose end it is about; -1 where it is about the instruction.
  var end: Int32 = -1
}

/// What has to hold for an access to fit, in the terms of the function.
struct Requirement: Sendable {
  /// Where it starts, in bytes from the start of the object or from where the argument points.
  var start: LinearForm
  /// Bytes that it touches.
  var length: LinearForm
  /// The size of the object where it is the function's own; else callers know it.
  var ownSize: LinearForm?
  /// Bytes past the end of the object, as the function sees it.
  var excess: LinearForm
}

/// A violation in one state.
struct Violation: Sendable {
  var candidate: Candidate
  var observation: Observation.Kind
  /// Whether every value in the state violates.
  var isDefinite: Bool
  /// Form and value that the witness has to give: `form == value`.
  var goal: (form: LinearForm, value: Int128)?
  /// Why the bound can be reached.
  var boundary: BoundaryID
  /// The instruction that explains the state of the memory, such as a `strncpy`.
  var cause: ValueID?
  /// The region that is accessed.
  var region: Region?
  /// What has to hold, for what callers decide.
  var requirement: Requirement?
  /// The state in which a callee's obligation is judged, with the conditions of its path.
  var state: State?
  /// The steps inside callees.
  var calleeSteps: [Step] = []
  /// The callee's variable that the boundary is about.
  var subject: NamedForm?
}

/// The abstract machine of one function.
struct Machine {
  enum Mode: Sendable {
    /// Joined states propose candidates.
    case explore
    /// One path is followed up to a candidate.
    case replay
  }

  let module: Module
  /// Position of the module in the program.
  let moduleIndex: Int
  let function: FunctionID
  let body: Body
  let flow: ControlFlow
  let models: [FunctionModel?]
  /// Slot in `State.locals` by local, or -1 where the local lives in memory.
  let slots: [Int]
  let slotCount: Int
  /// Whether the function subtracts pointers.
  let hasPointerDifference: Bool
  /// Position in the order of blocks by instruction.
  let positions: [Int32]

  var facts: Facts
  var universe: Universe
  /// The value of each instruction, as it was last executed.
  var registers: ContiguousArray<AbstractValue>
  /// Candidates by position in the order of blocks.
  var candidates: [[Candidate]]
  /// Candidates that only callers can decide, by position.
  var openCandidates: [[Candidate]]
  /// States at the returns, by position; the last slot of the locals holds the result.
  var exits: [State?]
  /// Calls that answer how long a string is, as far as they looked; found when a text is first asked for.
  var measuringCalls: [ValueID]?
  /// Whether the code asks operations whether they fit.
  var hasCheckedArithmetic = false
  /// Parameters whose objects the function may write, a bit each.
  var writtenParameters: UInt64 = 0
  /// Parameters that are used as a format, a bit each.
  var formatParameters: UInt64 = 0
  /// Bytes of an element of the unit's wide strings, 0 without any; `nil` until somebody asks.
  var wideLiterals: Int64?
  /// Where the strings of parameters are used.
  var stringUses: [StringUse] = []
  /// Objects that callers share otherwise and the function may write.
  var writtenInputs: Set<Region> = []
  /// Parameters that unseen code may keep, a bit each.
  var keptParameters: UInt64 = 0
  /// Whom calls by address go to, as the exploration last saw it; `nil` where it does not know.
  var indirectTargets: [ValueID: FunctionID?] = [:]
  /// Whether some call went through a member of a struct to functions that the program stores there.
  var passesMember = false
  /// The numbers that the program stores in members, as far as they were asked for.
  var memberValues: [FieldID: Interval?] = [:]
  /// Whether the function may write memory that callers share and that has no name.
  var writesShared = false
  /// Violations seen since they were last taken; a replay reads them.
  var violations: [Violation] = []
  var mode = Mode.explore
  /// Whether the block was left through a call that never comes back.
  var isDead = false
  /// The position that is being executed.
  var position = 0
  /// Those whose resource a callee gives back, in a second look.
  var calleesGiveBack: Set<ValueID> = []
  /// Calls whose resource the function gives back, or hands to an owner, on some path.
  var givenBack: Set<ValueID> = []
  /// How objects of callers are released; looked up, never listed.
  var releases: [Region: ReleaseOrigin] = [:]
  /// Objects of callers that somebody else may have learnt of or released.
  var sharedInputs: Set<Region> = []
  /// Number parameters that somebody else may have learnt of or closed, a bit each.
  var sharedNumbers: UInt64 = 0
  /// Whether that may have happened to what has no name.
  var sharesUnnamed = false
  /// Whether the function calls something that takes addresses of the user's.
  var isNearUser = false
  /// What is promised of its arguments, where only code unseen calls it.
  var entry: EntryContract?
  /// Tables of attributes that were made of a message, and how it was checked.
  var attributeTables: [Region: AttributePolicy] = [:]
  /// Where the addresses of such tables stand that nobody changes.
  var attributeHolders: [AttributePlace: Region] = [:]
  /// The attributes that places of the tables lead to.
  var attributes: [AttributePlace: Region] = [:]
  /// The numbers in attributes: their lengths, and what they hold.
  var attributeNumbers: [AttributePlace: Symbol] = [:]
  /// Whether anything is done with the answers of calls that parse messages.
  var askedParses: [ValueID: Bool] = [:]
  /// Numbers that are addresses of the user's.
  var userNumbers: Set<Symbol> = []
  /// What parameters point to, where the size is promised.
  var sizedInputs: Set<Region> = []
  /// Whether it has two calls that fetch what the user has.
  var fetchesTwice = false
  /// Locks that the function gives back somewhere.
  var unlocked: Set<LockKey> = []
  /// The calls that give back a lock that is not known by its place.
  var unlockingCalls: Set<ValueID> = []
  /// Whether one of them gives back a lock of the caller's, without doubt.
  var givesUnknown = false
  /// The calls that take and give back locks; found when one is taken.
  var lockCalls: [LockCall]?
  /// What is stored in locals that are written once.
  var storedOnce: [LocalID: ValueID] = [:]
  /// Whether calls take a lock that the caller held before.
  var callersLocks: [ValueID: Bool] = [:]
  /// Where the blocks of calls that take or give back locks lead to.
  var lockReach: [Int: [Bool]] = [:]
  /// The names of locks without an address.
  var lockNames: [String] = []
  /// Resources that each loop gives back or hands on.
  var loopShares: [Set<ResourceKey>]
  /// Regions that each loop writes.
  var loopWrites: [Set<Region>]
  /// What each loop writes to the objects that it writes.
  var loopFills: [[Region: LoopFill]]
  /// The arrays that each loop fills with characters.
  var loopTexts: [[Region: LoopText]]
  /// Bytes without a value where each loop was entered last.
  var loopEntries: [ContiguousArray<UninitialisedBytes>]
  /// Objects whose content inlined code judges in each loop.
  var loopTests: [Set<Region>]
  /// Whether each loop calls code that may write every shared region.
  var loopHavocs: [Bool]
  /// Locals of each loop whose closed form was found to leave their type.
  var wrapping: [Set<LocalID>]
  /// Steps left; negative once the function has run out.
  var fuel: Int
  /// Steps taken.
  var steps = 0
  /// A parameter that is taken not to be zero or null, and greater than zero where it is a number.
  var assumedNonZero: LocalID?
  /// Parameters that count the elements behind others, where somebody has asked.
  var beliefs: [BelievedSize]?
  /// Pointers that move in step with a count, where somebody has asked.
  var cursors: [Cursor]?
  /// What every way to a return passes; made when a replay first asks.
  var postDominance: PostDominance?
  /// The accesses at a variable index; found when a condition first asks.
  var indexedAccesses: [IndexedAccess]?
  /// Addresses made numbers, and whether these are only compared; found when one is made.
  var judgedNumbers: [ValueID: Bool] = [:]
  /// What the exploration claims; `nil` where nobody asks.
  var recording: Recording?
  /// The calls whose code stands in the body, where there are any.
  var inlined: InlinedBody?

  init(
    module: Module, moduleIndex: Int, function: FunctionID, body: Body, models: [FunctionModel?],
    facts: Facts, fuel: Int
  ) {
    self.module = module
    self.moduleIndex = moduleIndex
    self.function = function
    self.body = body
    self.models = models
    self.fuel = fuel
    flow = ControlFlow(body)
    self.facts = facts
    universe = Universe(body: body)
    registers = ContiguousArray(repeating: .unknown, count: body.instructions.count)
    candidates = Array(repeating: [], count: flow.order.count)
    openCandidates = candidates
    exits = Array(repeating: nil, count: flow.order.count)
    loopWrites = Array(repeating: [], count: flow.loops.count)
    loopFills = Array(repeating: [:], count: flow.loops.count)
    loopTexts = Array(repeating: [:], count: flow.loops.count)
    loopEntries = Array(repeating: [], count: flow.loops.count)
    loopTests = loopWrites
    loopShares = Array(repeating: [], count: flow.loops.count)
    loopHavocs = Array(repeating: false, count: flow.loops.count)
    wrapping = Array(repeating: [], count: flow.loops.count)
    var slots = [Int](repeating: -1, count: body.locals.count)
    var count = 0
    for id in body.locals.ids {
      let local = body.locals[id]
      if !local.isAddressTaken, !module.types[local.type].isAggregate {
        slots[Int(id.index)] = count
        count += 1
      }
    }
    self.slots = slots
    slotCount = count
    hasPointerDifference = body.instructions.rows.contains { row in
      if case .pointerDifference = row.operation { true } else { false }
    }
    var positions = [Int32](repeating: -1, count: body.instructions.count)
    for (index, block) in flow.order.enumerated() {
      for row in body.blocks[block].instructions.indices { positions[row] = Int32(index) }
    }
    self.positions = positions
  }

  /// The frame of the code at a position; 0 is the function itself.
  func frame(at position: Int) -> Int {
    guard let inlined, let row = body.blocks[flow.order[position]].instructions.indices.last else {
      return 0
    }
    return Int(inlined.frames[row])
  }

  /// Whether the condition at the end of a block asks what a library function has just returned.
  func asksLibrary(at position: Int) -> Bool {
    guard case .branch(let condition, _, _) = body.blocks[flow.order[position]].terminator else {
      return false
    }
    func isLibrary(_ value: ValueID) -> Bool {
      switch operation(value) {
      case .cast(_, let operand): isLibrary(operand)
      case .compare(_, let left, let right): isLibrary(left) || isLibrary(right)
      case .call: model(of: value) != nil
      default: false
      }
    }
    return isLibrary(condition)
  }

  // MARK: Types

  func type(of value: ValueID) -> Type { module.types[body.instructions[value].type] }

  func operation(_ value: ValueID) -> Operation { body.instructions[value].operation }

  // MARK: Facts of symbols

  func fact(_ symbol: Symbol, _ state: State) -> SymbolFact {
    let index = Int(symbol.index)
    return index < state.facts.count
      ? state.facts[index] : SymbolFact(interval: universe[symbol].range)
  }

  func setFact(_ symbol: Symbol, _ fact: SymbolFact, _ state: inout State) {
    let index = Int(symbol.index)
    while state.facts.count <= index {
      let next = Symbol(index: UInt32(state.facts.count))
      state.facts.append(SymbolFact(interval: universe[next].range))
    }
    state.facts[index] = fact
  }

  /// Gives a symbol a new meaning: what was written in terms of its old one is forgotten.
  func define(_ symbol: Symbol, _ fact: SymbolFact, _ state: inout State) {
    if Int(symbol.index) < state.facts.count {
      let doomed = universe.withDerived(symbol)
      // What has no fact has that of its type.
      for derived in doomed.symbols.dropFirst() where Int(derived.index) < state.facts.count {
        setFact(derived, SymbolFact(interval: universe[derived].range), &state)
      }
      state.retire(doomed)
    }
    setFact(symbol, fact, &state)
  }

  /// Gives the symbol of a merge its meaning in the state that the merge makes.
  func defineMerged(_ symbol: Symbol, _ fact: SymbolFact, _ state: inout State) {
    setFact(symbol, fact, &state)
    state.relations.removeAll { $0.form.coefficient(of: symbol) != 0 }
  }

  /// The value of an operation that is not linear: the same operands give the same symbol, so that a
  /// flag that is tested twice is one flag.
  mutating func derivedNumber(
    _ key: DerivedKey, _ interval: Interval, at value: ValueID, _ state: inout State,
    low: BoundaryID = .none, high: BoundaryID = .none, input: BoundaryID = .none
  ) -> AbstractValue {
    if mode == .explore || !state.acquired.isEmpty {
      // What is computed from a descriptor may be computed back.
      share(.number(key.left), &state)
      share(.number(key.right), &state)
    }
    let symbol = universe.symbol(of: key, at: value, range: module.types[key.type].range)
    var known = fact(symbol, state)
    known.interval = known.interval.intersection(interval)
    if known.interval.isEmpty { known = SymbolFact(interval: interval) }
    // A bound that a condition has not moved since is as reachable as the operands make it.
    if known.interval.low == interval.low, known.lowBoundary.isNone { known.lowBoundary = low }
    if known.interval.high == interval.high, known.highBoundary.isNone {
      known.highBoundary = high
    }
    known.input = input
    setFact(symbol, known, &state)
    return .number(LinearForm(symbol))
  }

  /// All values of a form, and why its bounds are reachable.
  func bounds(_ form: LinearForm, _ state: State) -> SymbolFact {
    let constant = Int128(form.constant)
    if form.isConstant {
      return SymbolFact(
        interval: Interval(constant), lowBoundary: .constant, highBoundary: .constant)
    }
    var interval = Interval(constant)
    var low = BoundaryID.constant
    var high = BoundaryID.constant
    var input = BoundaryID.none
    var open = 0
    var chosen = 0
    for index in 0..<form.count {
      let term = form[index]
      let known = fact(term.symbol, state)
      // Of a number that a condition leaves one value, nobody chooses anything.
      if input.isNone, known.interval.constant == nil { input = known.input }
      interval = interval + known.interval * Int128(term.coefficient)
      let isPositive = term.coefficient > 0
      let least = isPositive ? known.lowBoundary : known.highBoundary
      let most = isPositive ? known.highBoundary : known.lowBoundary
      if known.interval.constant != nil && !least.isNone {
        // One value that is reached: it takes nothing from the bounds of the others.
        if open == 0 { (low, high) = (least, most) }
        continue
      }
      if open > 0, chosen == open, !known.input.isNone, isFree(form) {
        // Who chooses both lets their extremes meet.
        low = low.isNone ? .none : least
        high = high.isNone ? .none : most
      } else {
        (low, high) = (least, most)
      }
      open += 1
      if !known.input.isNone { chosen += 1 }
    }
    // Extremes of two unknowns need not meet: only a relation can say that they do.
    if open > 1, chosen < open || !isFree(form) { (low, high) = (.none, .none) }
    var result = SymbolFact(
      interval: interval, lowBoundary: low, highBoundary: high, input: input)
    if form.count > 1 { tighten(&result, form, state) }
    return result
  }

  /// Whether no symbol of a form was made of other numbers: extremes of those need not meet.
  private func isFree(_ form: LinearForm) -> Bool {
    (0..<form.count).allSatisfy { index in
      switch universe[form[index].symbol].kind {
      case .image, .derived: false
      default: true
      }
    }
  }

  /// The bounds of a form as far as they may be reached.
  ///
  /// In a joined state, which only proposes, those of several unknowns may be reached together where
  /// each alone is. A path decides.
  func proposedBounds(_ form: LinearForm, _ state: State) -> SymbolFact {
    var result = bounds(form, state)
    guard mode == .explore, form.count > 1 else { return result }
    if result.lowBoundary.isNone { result.lowBoundary = reach(of: form, isHigh: false, state) }
    if result.highBoundary.isNone { result.highBoundary = reach(of: form, isHigh: true, state) }
    return result
  }

  /// Why every term can reach its own bound: the first condition among the reasons.
  private func reach(of form: LinearForm, isHigh: Bool, _ state: State) -> BoundaryID {
    var result = BoundaryID.constant
    for index in 0..<form.count {
      let known = fact(form[index].symbol, state)
      let isTop = (form[index].coefficient > 0) == isHigh
      let reason = isTop ? known.highBoundary : known.lowBoundary
      if reason.isNone { return .none }
      if result == .constant { result = reason }
    }
    return result
  }

  private func tighten(_ result: inout SymbolFact, _ form: LinearForm, _ state: State) {
    let linear = form.linearPart
    let factor = linear.commonFactor
    let (key, sign) = normalised(factor > 1 ? linear.divided(exactlyBy: factor) ?? linear : linear)
    for relation in state.relations where relation.form == key {
      let known =
        relation.fact.interval * (sign * Int128(factor)) + Interval(Int128(form.constant))
      let low = sign > 0 ? relation.fact.lowBoundary : relation.fact.highBoundary
      let high = sign > 0 ? relation.fact.highBoundary : relation.fact.lowBoundary
      if known.low >= result.interval.low {
        result.interval.low = known.low
        result.lowBoundary = low
      }
      if known.high <= result.interval.high {
        result.interval.high = known.high
        result.highBoundary = high
      }
    }
  }

  /// The form with a positive first coefficient, and the sign that was taken out.
  func normalised(_ linear: LinearForm) -> (LinearForm, Int128) {
    if linear.first.coefficient < 0, let negated = linear.scaled(by: -1) { return (negated, -1) }
    return (linear, 1)
  }

  /// Makes the region stand for a new object.
  func renew(_ region: Region, _ state: inout State) {
    state.renew(region, universe.holders(of: region))
  }

  // MARK: Making values

  /// A new unknown for an instruction's value.
  mutating func unknownNumber(
    _ value: ValueID, _ interval: Interval, _ state: inout State,
    low: BoundaryID = .none, high: BoundaryID = .none, input: BoundaryID = .none
  ) -> AbstractValue {
    let symbol = universe.symbol(of: value, range: type(of: value).range)
    define(
      symbol,
      SymbolFact(interval: interval, lowBoundary: low, highBoundary: high, input: input), &state)
    return .number(LinearForm(symbol))
  }

  /// What an instruction yields of which nothing is known.
  mutating func unknownValue(_ value: ValueID, _ state: inout State) -> AbstractValue {
    let type = type(of: value)
    if type.isInteger && type.width <= 64 { return unknownNumber(value, type.range, &state) }
    if type.isPointer {
      let region = universe.region(of: value, isHeap: false, size: nil)
      renew(region, &state)
      return .pointer(region, offset: .zero, inside: .none, mayBeNull: true)
    }
    return .unknown
  }

  /// A computed integer as its C type holds it (C11 6.2.5p9, 6.5p5).
  ///
  /// Unsigned values wrap; signed overflow is undefined and taken not to happen.
  mutating func place(
    _ form: LinearForm?, orWithin computed: Interval, at value: ValueID, _ state: inout State,
    input: BoundaryID = .none
  ) -> AbstractValue {
    let type = type(of: value)
    let range = type.range
    guard let form else {
      let known = range.contains(computed) ? computed : range
      return unknownNumber(value, known, &state, input: input)
    }
    if type.isSigned || !type.isInteger || range.contains(bounds(form, state).interval) {
      return .number(form)
    }
    return wrap(form, at: value, &state)
  }

  /// The form of a register that holds a number.
  func form(_ value: ValueID) -> LinearForm? { registers[Int(value.index)].form }

  /// The interval of a register, or of its type where nothing is known.
  func interval(_ value: ValueID, _ state: State) -> Interval {
    form(value).map { bounds($0, state).interval } ?? type(of: value).range
  }
}
