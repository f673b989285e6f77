// SPDX-License-Identifier: Apache-2.0

// What callers need to know of a function, in terms of its parameters: what it returns, what it may
// write, and what it requires of them. A requirement carries the conditions of one path on which it
// arises, so that a caller judges it, and solves its witness, without the callee's code (Infer's latent
// issues and proof obligations are the precedents).

import Findings
import IR

/// What a symbol of a callee means to its callers.
enum SummarySymbol: Hashable, Codable, Sendable {
  /// The value of an argument.
  case argument(Int)
  /// What an object holds at a place when the function is entered.
  case value(InputObject, offset: Int64, size: UInt32, range: Interval)
  /// The bytes to the end of an object, from where the pointer to it leads.
  case size(InputObject)
  /// The length of the string at an object.
  case length(InputObject)
  /// Something of the callee's own, as far as its path bounds it.
  case own(SymbolFact)
}

/// A condition of a callee as its callers show it.
struct SummaryBoundary: Hashable, Codable, Sendable {
  var kind: Boundary.Kind
  var place: ForeignPlace
  var isTaken: Bool
  /// The variable that the condition bounds, for the witness.
  var subject: NamedForm?
}

/// A value of a callee by its text in the source.
struct NamedForm: Hashable, Codable, Sendable {
  var name: String
  var form: LinearForm
}

/// Which object an obligation speaks of.
enum ObligationTarget: Hashable, Codable, Sendable {
  /// One that callers know.
  case input(InputObject)
  /// One of the callee's own, of that many bytes.
  case own(size: LinearForm)
}

/// What a function requires of its callers on one path: an access stays in its object.
struct Obligation: Hashable, Codable, Sendable {
  /// The object that is accessed.
  var target: ObligationTarget
  /// Where the access starts, in bytes from where the pointer to the object leads.
  var start: LinearForm
  /// Bytes that are accessed.
  var length: LinearForm
  /// The path, as far as callers can decide it.
  var conditions: [PathCondition]
  /// The access as the callee sees it.
  var access: AccessObservation
  /// Where the access is, and the calls on the way to it.
  var steps: [Step]
  /// Meanings of the symbols on its path; looked up, never listed.
  @Sorted var symbols: [Symbol: SummarySymbol] = [:]
}

/// A value that a function returns or leaves in memory.
enum SummaryValue: Hashable, Codable, Sendable {
  case unknown
  case number(LinearForm, SymbolFact)
  case pointer(InputObject, offset: LinearForm, mayBeNull: Bool)
  case literal(LiteralID, offset: LinearForm)
  case function(FunctionID)
}

/// Memory that a function makes and callers get.
struct SummaryMemory: Hashable, Codable, Sendable {
  var region: Region
  /// Bytes, where they are known.
  var size: LinearForm?
  /// What callers have to give back; `nil` where it is not theirs.
  var family: ResourceFamily?
  /// Whether its lifetime has ended when callers get it.
  var isReleased = false
}

/// What callers need to know of a function.
struct Summary: Codable, Sendable {
  /// The module that the handles of globals and literals belong to.
  var module: Int
  /// The name for steps.
  var name: String
  /// Parameters that are declared; arguments past them are read in ways that are not followed.
  var parameterCount = 0
  var result = SummaryValue.unknown
  /// Parameters whose objects may be written, a bit each.
  var written: UInt64 = .max
  /// Parameters that unseen code may keep, a bit each.
  var kept: UInt64 = .max
  /// Other objects that may be written.
  var writtenObjects: [InputObject] = []
  /// Bytes that the function brings in from outside.
  var inputs: [SummaryInput] = []
  /// Parameters that are used as a format, a bit each.
  var formats: UInt64 = 0
  /// Parameters that are taken as strings whenever the function returns, a bit each.
  var requiredStrings: UInt64 = 0
  /// Why the pointer that it returns can be null.
  var nullResult = NullResult.none
  /// Parameters of which each alone, where it is not zero, rules out that null is an answer, a bit each.
  var nonNullUnlessZero: UInt64 = 0
  /// Parameters that it accesses memory through whenever it returns, a bit each.
  var dereferenced: UInt64 = 0
  /// Whether shared memory without a name may be written.
  var writesShared = true
  /// Memory that callers get.
  var made: [SummaryMemory] = []
  /// Scalars at constant places of written objects when the function returns.
  var cells: [SummaryCell] = []
  /// Strings at the start of written objects when the function returns.
  var strings: [SummaryString] = []
  /// Objects whose lifetime the function ends whenever it returns.
  var released: [SummaryRelease] = []
  /// Number parameters that are closed whenever it returns, a bit each.
  var closedNumbers: UInt64 = 0
  /// Objects of callers that somebody else may know of, or that may be released.
  var shared: [InputObject] = []
  /// Number parameters that somebody else may know of, or that may be closed, a bit each.
  var sharedNumbers: UInt64 = 0
  /// Whether that may happen to anything that callers can reach.
  var sharesUnnamed = false
  /// What callers have to give back by the number that is returned.
  var resultFamily: ResourceFamily?
  /// Whether the pointer that it returns can be an error number.
  var mayBeError = false
  /// Whether it goes through members of structs to functions that the program stores there.
  var passesMember = false
  /// What it does to locks of its callers.
  var locks: [SummaryLock] = []
  var obligations: [Obligation] = []
  /// Meanings of the symbols above; looked up, never listed.
  @Sorted var symbols: [Symbol: SummarySymbol] = [:]
  /// Meanings of the boundaries above; looked up, never listed.
  @Sorted var boundaries: [BoundaryID: SummaryBoundary] = [:]
}

/// Bytes of an object that come from outside.
struct SummaryInput: Hashable, Codable, Sendable {
  var object: InputObject
  var low: Int64
  var high: Int64
  var boundary: BoundaryID
}

/// An object that a function releases.
struct SummaryRelease: Hashable, Codable, Sendable {
  var object: InputObject
  /// Bytes from where the pointer to the object leads to what is released, where that is a constant.
  var distance: Int64?
  var family: ResourceFamily
  /// Where it happens, and the calls on the way to it.
  var steps: [Step]
}

/// A scalar in an object.
struct SummaryCell: Hashable, Codable, Sendable {
  var object: InputObject
  var offset: Int64
  var size: UInt32
  var value: SummaryValue
}

/// A string at the start of an object.
struct SummaryString: Hashable, Codable, Sendable {
  var object: InputObject
  /// Elements before the terminator, where it is known to be terminated.
  var length: LinearForm?
  /// Bytes of an element.
  var width: Int64
  /// Whether text in it comes from outside the program.
  var isExternal: Bool
}

extension Machine {
  // MARK: Making

  /// Notes an access to an object of the caller that callers may be able to refute.
  mutating func require(
    _ address: ValueID, _ requirement: Requirement, isWrite: Bool, at value: ValueID,
    argument: Int, _ region: Region, _ state: State
  ) {
    guard let end = requirement.start.adding(requirement.length),
      mode == .replay || isWorthRequiring(address, end, state)
    else { return }
    requireOpen(
      address, requirement, isWrite: isWrite, at: value, argument: argument, region, .none,
      bounds(end, state).highBoundary)
  }

  /// Notes an access to an object of the function's own, where what callers pass decides whether it
  /// fits.
  mutating func requireOwn(
    _ address: ValueID, _ requirement: Requirement, isWrite: Bool, at value: ValueID,
    argument: Int, _ region: Region, _ inside: SubObject, _ state: State
  ) {
    guard dependsOnCallers(requirement.excess, state) else { return }
    requireOpen(
      address, requirement, isWrite: isWrite, at: value, argument: argument, region, inside,
      bounds(requirement.excess, state).highBoundary)
  }

  private mutating func requireOpen(
    _ address: ValueID, _ requirement: Requirement, isWrite: Bool, at value: ValueID,
    argument: Int, _ region: Region, _ inside: SubObject, _ boundary: BoundaryID
  ) {
    var observation = AccessObservation(
      isWrite: isWrite, object: objectName(address, region, inside), size: nil, lastByte: nil,
      excess: 0, elementSize: elementSize(address, of: value), source: .constant,
      callee: calleeName(value), staysInRecord: universe.fixedArray(inside) != nil,
      isTrailing: isTrailing(inside, region), isSize: !calleeName(value).isEmpty)
    observation.counter = counterName(inside)
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: argument, kind: .access(isWrite: isWrite),
          via: boundary.index > 1 ? [universe[boundary].position] : [], isOpen: true),
        observation: .access(observation), isDefinite: false, goal: nil, boundary: .none,
        cause: nil, region: region, requirement: requirement))
  }

  /// Whether a form is decided by what callers pass.
  ///
  /// Directly or by a relation; what else is in it can reach its bound by itself.
  func dependsOnCallers(_ form: LinearForm, _ state: State) -> Bool {
    var isOpen = false
    for index in 0..<form.count {
      let symbol = form[index].symbol
      if isArgument(symbol) || isRelatedToArgument(symbol, state) {
        isOpen = true
        continue
      }
      let known = fact(symbol, state)
      let reason = form[index].coefficient > 0 ? known.highBoundary : known.lowBoundary
      if reason.isNone, known.interval.constant == nil { return false }
    }
    return isOpen
  }

  private func isRelatedToArgument(_ symbol: Symbol, _ state: State) -> Bool {
    state.relations.contains { relation in
      relation.form.coefficient(of: symbol) != 0
        && (0..<relation.form.count).contains { isArgument(relation.form[$0].symbol) }
    }
  }

  /// Whether callers could refute an access.
  ///
  /// Its end depends on what they pass, or on a bound that is reached. A plain member or `*pointer` is left to the type.
  private func isWorthRequiring(_ address: ValueID, _ end: LinearForm, _ state: State) -> Bool {
    if end.isConstant {
      guard let pointee = pointee(address) else { return false }
      if case .field = operation(address) { return false }
      return end.constant > Int64(clamping: module.types[pointee].size)
    }
    if !bounds(end, state).highBoundary.isNone { return true }
    for index in 0..<end.count {
      let symbol = end[index].symbol
      if isArgument(symbol) { continue }
      let isRelated = state.relations.contains { $0.form.coefficient(of: symbol) != 0 }
      if !isRelated, fact(symbol, state).highBoundary.isNone { return false }
    }
    return true
  }

  private func isArgument(_ symbol: Symbol) -> Bool {
    if case .own = meaning(of: symbol, nil) { return false }
    return true
  }

  /// What a symbol means to callers.
  private func meaning(of symbol: Symbol, _ state: State?) -> SummarySymbol {
    switch universe[symbol].kind {
    case .parameter(let local): return .argument(Int(local.index))
    case .parameterSize(let local): return .size(.argument(Int(local.index)))
    case .entrySize(let place):
      if let holder = object(of: place.region) {
        return .size(.pointee(holder, offset: place.offset))
      }
    case .length(let region, 0):
      if !mayBeWritten(region), let object = object(of: region) { return .length(object) }
    case .entry(let place):
      if case .number(let range) = place.kind, let holder = object(of: place.region) {
        return .value(holder, offset: place.offset, size: place.size, range: range)
      }
    default: break
    }
    return .own(
      state.map { fact(symbol, $0) } ?? SymbolFact(interval: universe[symbol].range))
  }

  /// Whether the function may write an object of its callers, or made it itself.
  private func mayBeWritten(_ region: Region) -> Bool {
    switch universe[region].kind {
    case .parameter(let local): writtenParameters & bit(of: local) != 0
    case .global, .foreign, .entry: writesShared || writtenInputs.contains(region)
    default: true
    }
  }

  /// Notes what the symbols of a form mean.
  ///
  /// With `isPath`, the state is that of one path, so that what it reaches can be reached by who meets
  /// its conditions. In a joined state the arguments may decide which path is taken.
  func describe(
    _ form: LinearForm, _ state: State, isPath: Bool = false, _ summary: inout Summary
  ) {
    for index in 0..<form.count {
      var known = meaning(of: form[index].symbol, state)
      if case .own(let fact) = known {
        if isPath {
          describe(fact, &summary)
        } else if summary.symbols[form[index].symbol] != nil {
          continue
        } else {
          known = .own(SymbolFact(interval: fact.interval))
        }
      }
      summary.symbols[form[index].symbol] = known
    }
  }

  private func describe(_ boundary: BoundaryID, _ summary: inout Summary) {
    guard boundary.index > 1, summary.boundaries[boundary] == nil else { return }
    let row = universe[boundary]
    summary.boundaries[boundary] = SummaryBoundary(
      kind: row.kind, place: ForeignPlace(text: text(of: row), location: location(of: row)),
      isTaken: row.isTaken, subject: subject(of: row))
  }

  /// The variable that a condition bounds: the side of it that is not a constant.
  private func subject(of boundary: Boundary) -> NamedForm? {
    for side in [boundary.left, boundary.right] {
      guard let side, let form = form(side), !form.isConstant else { continue }
      let name = module.text(of: body.instructions[side].origin)
      if !name.isEmpty { return NamedForm(name: name, form: form) }
    }
    return nil
  }

  private func describe(_ fact: SymbolFact, _ summary: inout Summary) {
    describe(fact.lowBoundary, &summary)
    describe(fact.highBoundary, &summary)
    describe(fact.input, &summary)
  }

  /// Adds a requirement that a replay confirmed.
  func addObligation(_ confirmation: Confirmation, to summary: inout Summary) {
    let violation = confirmation.violation
    // What rests on a table is no word for callers.
    guard !confirmation.state.passedMember, let requirement = violation.requirement,
      case .access(let access) = violation.observation
    else { return }
    let target: ObligationTarget
    if let size = requirement.ownSize {
      target = .own(size: size)
    } else if let object = violation.region.flatMap({ object(of: $0) }) {
      target = .input(object)
    } else {
      return
    }
    let state = confirmation.state
    guard !isLatent(state, requirement.excess) else { return }
    let conditions = relevant(state.conditions, to: requirement.excess)
    let value = violation.candidate.value
    let verb = access.isWrite ? "writes" : "reads"
    let step = Step(
      location: module.location(of: body.instructions[value].origin),
      message: violation.calleeSteps.isEmpty ? "'\(summary.name)' \(verb) here" : "calls on")
    var obligation = Obligation(
      target: target, start: requirement.start, length: requirement.length,
      conditions: conditions, access: access, steps: [step] + violation.calleeSteps)
    guard
      !summary.obligations.contains(where: {
        $0.target == obligation.target && $0.start == obligation.start
          && $0.length == obligation.length && $0.conditions == obligation.conditions
      })
    else { return }
    // The same symbol may mean less at the joined end of the function.
    var path = Summary(module: summary.module, name: summary.name)
    describe(requirement.start, state, isPath: true, &path)
    describe(requirement.length, state, isPath: true, &path)
    if let size = requirement.ownSize { describe(size, state, isPath: true, &path) }
    for condition in conditions {
      describe(condition.form, state, isPath: true, &path)
      describe(condition.boundary, &path)
      if let subject = path.boundaries[condition.boundary]?.subject {
        describe(subject.form, state, isPath: true, &path)
      }
    }
    obligation.symbols = path.symbols
    summary.boundaries.merge(path.boundaries) { first, _ in first }
    summary.obligations.append(obligation)
  }

  /// Whether the path depends on something that no caller can decide.
  ///
  /// That is the content of memory, or what other code answers. Such a requirement need not arise in any call.
  private func isLatent(_ state: State, _ excess: LinearForm) -> Bool {
    if state.hasOpenBranch { return true }
    return state.conditions.contains { condition in
      (0..<condition.form.count).contains { index in
        let symbol = condition.form[index].symbol
        if excess.coefficient(of: symbol) != 0 || isArgument(symbol) { return false }
        if case .counter = universe[symbol].kind { return false }
        return true
      }
    }
  }

  /// The conditions that callers can decide, or that bound the excess.
  private func relevant(
    _ conditions: ContiguousArray<PathCondition>, to form: LinearForm
  ) -> [PathCondition] {
    var symbols = Set((0..<form.count).map { form[$0].symbol })
    var isKept = [Bool](repeating: false, count: conditions.count)
    var changed = true
    while changed {
      changed = false
      for (index, condition) in conditions.enumerated() where !isKept[index] {
        let own = (0..<condition.form.count).map { condition.form[$0].symbol }
        guard own.contains(where: { symbols.contains($0) || isArgument($0) }) else { continue }
        isKept[index] = true
        symbols.formUnion(own)
        changed = true
      }
    }
    return zip(conditions, isKept).compactMap { $1 ? $0 : nil }
  }

  /// What callers learn from the end of the function.
  mutating func summarise(_ module: Int) -> Summary {
    var summary = Summary(
      module: module, name: self.module.symbols[self.module.functions[function].name])
    summary.parameterCount = Int(body.parameterCount)
    summary.written = writtenParameters
    summary.kept = keptParameters
    summary.writesShared = writesShared
    summary.passesMember = passesMember
    for region in writtenInputs.sorted() {
      if let object = object(of: region), summary.writtenObjects.count < 16 {
        summary.writtenObjects.append(object)
      } else {
        summary.writesShared = true
      }
    }
    guard let exit = exitState() else { return summary }
    for region in exit.lost {
      if case .parameter(let local) = universe[region].kind { summary.kept |= bit(of: local) }
    }
    summary.result = summaryValue(exit.locals[slotCount], exit, &summary)
    summary.nullResult = nullResult(exit)
    if !exit.errors.isEmpty { summary.mayBeError = errorResult(exit) }
    summary.dereferenced = exit.dereferenced
    for range in exit.inputs {
      guard let object = object(of: range.region), isVisible(range.region) || isMade(object) else {
        continue
      }
      describe(range.boundary, &summary)
      summary.inputs.append(
        SummaryInput(
          object: object, low: range.low, high: range.high, boundary: range.boundary))
    }
    summariseResources(exit, &summary)
    summariseLocks(&summary)
    summariseText(exit, summariseCells(exit, &summary), &summary)
    return summary
  }

  /// What the function leaves in objects that callers see; answers the ones that it made.
  private mutating func summariseCells(_ exit: State, _ summary: inout Summary) -> Set<Region> {
    var open = exit.cells.filter { isVisible($0.region) }
    var seen = Set(summary.made.map(\.region))
    var next = 0
    for memory in summary.made { open += exit.cells.filter { $0.region == memory.region } }
    while next < open.count, summary.cells.count < 64 {
      let cell = open[next]
      next += 1
      guard let object = object(of: cell.region) else { continue }
      let value = summaryValue(cell.value, exit, &summary)
      if case .unknown = value { continue }
      summary.cells.append(
        SummaryCell(object: object, offset: cell.offset, size: cell.size, value: value))
      for memory in summary.made where seen.insert(memory.region).inserted {
        open += exit.cells.filter { $0.region == memory.region }
      }
    }
    return seen
  }

  /// Whether callers see what the function leaves in a region.
  func isVisible(_ region: Region) -> Bool {
    switch universe[region].kind {
    case .parameter(let local): writtenParameters & bit(of: local) != 0
    case .global, .foreign, .entry: writtenInputs.contains(region)
    default: false
    }
  }

  private func isMade(_ object: InputObject) -> Bool {
    if case .made = object { true } else { false }
  }

  private func summaryValue(
    _ value: AbstractValue, _ exit: State, _ summary: inout Summary
  ) -> SummaryValue {
    switch value {
    case .number(let form):
      let known = bounds(form, exit)
      describe(form, exit, &summary)
      describe(known, &summary)
      return .number(form, known)
    case .pointer(let region, let offset, _, let mayBeNull):
      describe(offset, exit, &summary)
      if case .literal(let literal) = universe[region].kind {
        return .literal(literal, offset: offset)
      }
      guard let object = object(of: region) else { return .unknown }
      switch object {
      case .copy: return .unknown
      case .made:
        if !summary.made.contains(where: { $0.region == region }) {
          if let size = universe[region].size { describe(size, exit, &summary) }
          summary.made.append(made(region, exit))
        }
      case .argument, .global, .pointee: break
      }
      return .pointer(object, offset: offset, mayBeNull: mayBeNull)
    case .function(let function): return .function(function)
    case .unknown, .floating: return .unknown
    }
  }
}
