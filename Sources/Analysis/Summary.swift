// SPDX-License-Identifier: Apache-2.0

// What callers need to know of a function, in terms of its parameters: what it returns, what it may
// write, and what it requires of them. A requirement carries the conditions of one path on which it
// arises, so that a caller judges it, and solves its witness, without the callee's code (Infer's latent
// issues and proof obligations are the precedents).

import Findings
import IR

/// What a symbol of a callee means to its callers.
enum SummarySymbol: Hashable, Sendable {
  /// The value of an argument.
  case argument(Int)
  /// The bytes from where an argument points to the end of its object.
  case size(Int)
  /// The length of the string at an argument.
  case length(Int)
  /// Something of the callee's own.
  case own(Interval)
}

/// A condition of a callee as its callers show it.
struct SummaryBoundary: Hashable, Sendable {
  var kind: Boundary.Kind
  var place: ForeignPlace
  var isTaken: Bool
  /// The variable that the condition bounds, for the witness.
  var subject: NamedForm?
}

/// A value of a callee by its text in the source.
struct NamedForm: Hashable, Sendable {
  var name: String
  var form: LinearForm
}

/// What a function requires of its callers on one path: `excess` is at most zero.
struct Obligation: Hashable, Sendable {
  /// The argument whose object is accessed.
  var parameter: Int
  /// Bytes past the end of the object.
  var excess: LinearForm
  /// Bytes that are accessed.
  var length: LinearForm
  /// The path, as far as callers can decide it.
  var conditions: [PathCondition]
  /// The access as the callee sees it.
  var access: AccessObservation
  /// Where the access is, and the calls on the way to it.
  var steps: [Step]
}

/// What a function returns.
enum SummaryResult: Hashable, Sendable {
  case unknown
  case number(LinearForm, SymbolFact)
  case argument(Int, offset: LinearForm, mayBeNull: Bool)
  case memory(size: LinearForm?, mayBeNull: Bool)
  case global(GlobalID, offset: LinearForm, mayBeNull: Bool)
  case literal(LiteralID, offset: LinearForm)
}

/// What callers need to know of a function.
struct Summary: Sendable {
  /// The module that the handles of globals and literals belong to.
  var module: Int
  /// The name for steps.
  var name: String
  var result = SummaryResult.unknown
  /// Parameters whose objects may be written, a bit each.
  var written: UInt64 = .max
  /// Parameters that unseen code may keep, a bit each.
  var kept: UInt64 = .max
  /// Whether other shared memory may be written.
  var writesShared = true
  /// Scalars at constant places of the arguments' objects when the function returns.
  var cells: [SummaryCell] = []
  /// Strings at the start of the arguments' objects when the function returns.
  var strings: [SummaryString] = []
  /// Objects whose lifetime the function ends whenever it returns.
  var released: [SummaryRelease] = []
  /// Parameters that are used as a format, a bit each.
  var formats: UInt64 = 0
  /// Parameters that are taken as strings whenever the function returns, a bit each.
  var requiredStrings: UInt64 = 0
  var obligations: [Obligation] = []
  /// Meanings of the symbols above; looked up, never listed.
  var symbols: [Symbol: SummarySymbol] = [:]
  /// Meanings of the boundaries above; looked up, never listed.
  var boundaries: [BoundaryID: SummaryBoundary] = [:]
}

/// An object that a function releases: an argument's own, or the one that a pointer in it leads to.
struct SummaryRelease: Hashable, Sendable {
  var parameter: Int
  /// Where the pointer stands in the argument's object, in bytes; `nil` for the argument's own.
  var place: Int64?
}

extension Summary {
  /// The same for equal summaries, in every run.
  var hash: UInt64 {
    var hash = StableHash()
    hash.add(name)
    switch result {
    case .unknown: hash.add(0)
    case .number(let form, let fact):
      hash.add(1)
      hash.add(form)
      hash.add(fact)
    case .argument(let index, let offset, let mayBeNull):
      hash.add(UInt64(2 + index * 8))
      hash.add(offset)
      hash.add(mayBeNull ? 1 : 0)
    case .memory(let size, let mayBeNull):
      hash.add(mayBeNull ? 3 : 4)
      if let size { hash.add(size) }
    case .global(let global, let offset, let mayBeNull):
      hash.add(mayBeNull ? 5 : 6)
      hash.add(UInt64(global.index))
      hash.add(offset)
    case .literal(let literal, let offset):
      hash.add(7)
      hash.add(UInt64(literal.index))
      hash.add(offset)
    }
    for word in [written, kept, writesShared ? 1 : 0, formats, requiredStrings] { hash.add(word) }
    for cell in cells {
      hash.add(UInt64(cell.parameter))
      hash.add(UInt64(bitPattern: cell.offset))
      hash.add(cell.value)
      hash.add(cell.fact)
    }
    for release in released {
      hash.add(UInt64(release.parameter))
      hash.add(UInt64(bitPattern: release.place ?? -1))
    }
    for string in strings {
      hash.add(UInt64(string.parameter))
      hash.add(string.length ?? LinearForm(constant: -1))
      hash.add(UInt64(string.width) * 2 + (string.isExternal ? 1 : 0))
    }
    for obligation in obligations {
      hash.add(UInt64(obligation.parameter))
      hash.add(obligation.excess)
      hash.add(obligation.length)
      hash.add(obligation.access.isWrite ? 1 : 0)
      for condition in obligation.conditions {
        hash.add(condition.form)
        hash.add(UInt64(condition.relation.rawValue))
        hash.add(boundaries[condition.boundary]?.place.text ?? "")
      }
    }
    for symbol in symbols.keys.sorted() {
      switch symbols[symbol] {
      case .argument(let index)?: hash.add(UInt64(1 + index * 4))
      case .size(let index)?: hash.add(UInt64(2 + index * 4))
      case .length(let index)?: hash.add(UInt64(3 + index * 4))
      case .own(let interval)?:
        hash.add(wide: interval.low)
        hash.add(wide: interval.high)
      case nil: break
      }
    }
    return hash.value
  }
}

/// A scalar in an argument's object.
struct SummaryCell: Hashable, Sendable {
  var parameter: Int
  var offset: Int64
  var size: UInt32
  var value: LinearForm
  var fact: SymbolFact
}

/// A string at the start of an argument's object.
struct SummaryString: Hashable, Sendable {
  var parameter: Int
  /// Elements before the terminator, where it is known to be terminated.
  var length: LinearForm?
  /// Bytes of an element.
  var width: Int64
  /// Whether text in it comes from outside the program.
  var isExternal: Bool
}

extension Machine {
  // MARK: Making

  /// Notes an access to an argument's object that callers may be able to refute.
  mutating func require(
    _ address: ValueID, _ excess: LinearForm, _ length: LinearForm, _ end: LinearForm,
    isWrite: Bool, at value: ValueID, argument: Int, _ region: Region, _ state: State
  ) {
    guard mode == .replay || isWorthRequiring(address, end, state) else { return }
    let over = bounds(end, state)
    let observation = AccessObservation(
      isWrite: isWrite, object: objectName(address, region, .none), size: nil, lastByte: nil,
      excess: 0, elementSize: elementSize(address, of: value), source: .constant,
      callee: calleeName(value), staysInRecord: false, isTrailing: false)
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: argument, kind: .access(isWrite: isWrite),
          via: over.highBoundary.index > 1 ? [universe[over.highBoundary].position] : [],
          isOpen: true),
        observation: .access(observation), isDefinite: false, goal: nil, boundary: .none,
        cause: nil, region: region, requirement: (excess, length)))
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
    case .parameterSize(let local): return .size(Int(local.index))
    case .length(let region, 0):
      if case .parameter(let local) = universe[region].kind,
        writtenParameters & bit(of: local) == 0
      {
        return .length(Int(local.index))
      }
    default: break
    }
    return .own(state.map { fact(symbol, $0).interval } ?? universe[symbol].range)
  }

  func describe(_ form: LinearForm, _ state: State, _ summary: inout Summary) {
    for index in 0..<form.count {
      summary.symbols[form[index].symbol] = meaning(of: form[index].symbol, state)
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
  }

  /// Adds a requirement that a replay confirmed.
  func addObligation(_ confirmation: Confirmation, to summary: inout Summary) {
    let violation = confirmation.violation
    guard let requirement = violation.requirement, let region = violation.region,
      case .parameter(let local) = universe[region].kind,
      case .access(let access) = violation.observation
    else { return }
    let state = confirmation.state
    guard !isLatent(state, requirement.excess) else { return }
    let conditions = relevant(state.conditions, to: requirement.excess)
    let value = violation.candidate.value
    let verb = access.isWrite ? "writes" : "reads"
    let step = Step(
      location: module.location(of: body.instructions[value].origin),
      message: violation.calleeSteps.isEmpty ? "'\(summary.name)' \(verb) here" : "calls on")
    let obligation = Obligation(
      parameter: Int(local.index), excess: requirement.excess, length: requirement.length,
      conditions: conditions, access: access, steps: [step] + violation.calleeSteps)
    guard
      !summary.obligations.contains(where: {
        $0.excess == obligation.excess && $0.conditions == obligation.conditions
      })
    else { return }
    describe(requirement.excess, state, &summary)
    describe(requirement.length, state, &summary)
    for condition in conditions {
      describe(condition.form, state, &summary)
      describe(condition.boundary, &summary)
      if let subject = summary.boundaries[condition.boundary]?.subject {
        describe(subject.form, state, &summary)
      }
    }
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
    summary.written = writtenParameters
    summary.kept = keptParameters
    summary.writesShared = writesShared
    guard let exit = exitState() else { return summary }
    for region in exit.lost {
      if case .parameter(let local) = universe[region].kind { summary.kept |= bit(of: local) }
    }
    summary.result = result(exit.locals[slotCount], exit, &summary)
    for release in exit.released where release.isCertain {
      if case .parameter(let local) = universe[release.region].kind {
        summary.released.append(SummaryRelease(parameter: Int(local.index), place: nil))
      } else if case .entry(let place) = universe[release.region].kind,
        case .parameter(let local) = universe[place.region].kind
      {
        summary.released.append(
          SummaryRelease(parameter: Int(local.index), place: place.offset))
      }
    }
    for cell in exit.cells {
      guard case .parameter(let local) = universe[cell.region].kind,
        writtenParameters & bit(of: local) != 0, case .number(let form) = cell.value
      else { continue }
      let known = bounds(form, exit)
      describe(form, exit, &summary)
      describe(known, &summary)
      summary.cells.append(
        SummaryCell(
          parameter: Int(local.index), offset: cell.offset, size: cell.size, value: form,
          fact: known))
    }
    summariseText(exit, &summary)
    return summary
  }

  private func result(
    _ value: AbstractValue, _ exit: State, _ summary: inout Summary
  ) -> SummaryResult {
    switch value {
    case .number(let form):
      let known = bounds(form, exit)
      describe(form, exit, &summary)
      describe(known, &summary)
      return .number(form, known)
    case .pointer(let region, let offset, let inside, let mayBeNull):
      guard inside == .none else { return .unknown }
      describe(offset, exit, &summary)
      switch universe[region].kind {
      case .parameter(let local):
        return .argument(Int(local.index), offset: offset, mayBeNull: mayBeNull)
      case .heap:
        if let size = universe[region].size { describe(size, exit, &summary) }
        return .memory(size: universe[region].size, mayBeNull: mayBeNull)
      case .global(let global): return .global(global, offset: offset, mayBeNull: mayBeNull)
      case .literal(let literal): return .literal(literal, offset: offset)
      case .local, .opaque, .entry, .choice: return .unknown
      }
    case .function, .unknown: return .unknown
    }
  }

  // MARK: Using

  /// A call of a function whose summary is known.
  mutating func apply(
    _ summary: Summary, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    // What the arguments are before the call: the summary speaks of the values at entry.
    var binding = Binding(summary: summary, arguments: arguments, call: value)
    judge(&binding, state)
    judgeText(summary, arguments, at: value, &state)
    binding.forms = [:]
    let result = result(&binding, &state)
    let cells = summary.cells.compactMap { cell -> (SummaryCell, LinearForm)? in
      bind(cell.value, &binding, &state).map { (cell, $0) }
    }
    let strings = summary.strings.map { string in
      (string, string.length.flatMap { bind($0, &binding, &state) })
    }
    let ended = summary.released.compactMap { releasedRegion($0, arguments, state) }
    for (index, address, region) in ended
    where !useReleased(address, region, isRelease: true, at: value, argument: index, state) {
      end(region, by: value, &state)
    }
    for (index, argument) in arguments.enumerated() {
      guard case .pointer(let region, _, _, _) = registers[Int(argument.index)] else { continue }
      let bit = UInt64(1) << UInt64(min(index, 63))
      if summary.kept & bit != 0 {
        escape(region, &state)
        if case .unknown = summary.result, type(of: value).isPointer { state.lose(region) }
      }
      if summary.written & bit != 0 {
        noteWrite(region, &state)
        state.forget(region)
      }
    }
    if summary.writesShared { havoc(&state) }
    for (cell, form) in cells {
      guard
        case .pointer(let region, let offset, _, _) = register(arguments, cell.parameter),
        offset.isConstant
      else { continue }
      state.setCell(
        in: region, at: offset.constant.addingSaturating(cell.offset), size: cell.size,
        to: .number(form))
    }
    for (string, length) in strings {
      guard
        case .pointer(let region, let offset, let inside, _) = register(
          arguments, string.parameter),
        let place = stringPlace(region, inside, offset), place.offset == .zero
      else { continue }
      setString(
        place, length.map { .terminated(length: $0) }, zeroFrom: nil, width: string.width,
        external: string.isExternal ? value : nil, &state)
    }
    return result
  }

  /// What a release of the callee means in this call: the argument and the object.
  private func releasedRegion(
    _ release: SummaryRelease, _ arguments: [ValueID], _ state: State
  ) -> (argument: Int, address: ValueID, region: Region)? {
    guard release.parameter < arguments.count,
      case .pointer(let region, let offset, _, _) = register(arguments, release.parameter),
      !isChoice(region)
    else { return nil }
    let address = arguments[release.parameter]
    guard let place = release.place else { return (release.parameter, address, region) }
    guard offset.isConstant,
      case .pointer(let target, _, _, _)? = state.cell(
        in: region, at: offset.constant.addingSaturating(place), size: UInt32(module.pointerSize))
    else { return nil }
    return (release.parameter, address, target)
  }

  private func register(_ arguments: [ValueID], _ index: Int) -> AbstractValue {
    index < arguments.count ? registers[Int(arguments[index].index)] : .unknown
  }

  /// The meaning of a callee's symbols in one call.
  private struct Binding {
    let summary: Summary
    let arguments: [ValueID]
    let call: ValueID
    var forms: [Symbol: LinearForm?] = [:]
  }

  /// A callee's form in the caller's terms; `nil` where it cannot be said.
  private mutating func bind(
    _ form: LinearForm, _ binding: inout Binding, _ state: inout State
  ) -> LinearForm? {
    var result: LinearForm? = LinearForm(constant: form.constant)
    for index in 0..<form.count {
      let symbol = form[index].symbol
      let known: LinearForm?
      if let cached = binding.forms[symbol] {
        known = cached
      } else {
        known = bind(symbol, &binding, &state)
        binding.forms[symbol] = .some(known)
      }
      guard let known else { return nil }
      result = result?.adding(known, times: Int64(form[index].coefficient))
    }
    return result
  }

  private mutating func bind(
    _ symbol: Symbol, _ binding: inout Binding, _ state: inout State
  ) -> LinearForm? {
    func fresh(_ interval: Interval) -> LinearForm {
      let own = universe.symbol(of: symbol, at: binding.call, range: .everything)
      define(own, SymbolFact(interval: interval), &state)
      return LinearForm(own)
    }
    switch binding.summary.symbols[symbol] {
    case nil: return nil
    case .own(let interval)?: return fresh(interval)
    case .argument(let index)?:
      guard index < binding.arguments.count else { return nil }
      let argument = binding.arguments[index]
      return form(argument) ?? fresh(type(of: argument).range)
    case .size(let index)?:
      guard
        case .pointer(let region, let offset, let inside, _) = register(
          binding.arguments, index)
      else { return nil }
      return size(after: offset, region, inside, symbol, &binding, &state)
    case .length(let index)?:
      if index < binding.arguments.count,
        case .length(let length) = string(of: binding.arguments[index], &state)
      {
        return length
      }
      return fresh(Interval(0, 1 << 62))
    }
  }

  /// Bytes from an offset to the end of an object, or of any of several in a joined state.
  private mutating func size(
    after offset: LinearForm, _ region: Region, _ inside: SubObject, _ symbol: Symbol,
    _ binding: inout Binding, _ state: inout State
  ) -> LinearForm? {
    if inside != .none {
      return universe[inside].base.adding(constant: universe[inside].size)?.subtracting(offset)
    }
    guard isChoice(region) else { return universe[region].size?.subtracting(offset) }
    guard mode == .explore else { return nil }
    var hull: SymbolFact?
    for alternative in universe.alternatives(of: region, .none) {
      guard
        let size = size(
          after: offset, alternative.region, alternative.inside, symbol, &binding, &state)
      else { return nil }
      let known = bounds(size, state)
      hull = hull.map { self.hull($0, known) } ?? known
    }
    guard let hull else { return nil }
    let own = universe.symbol(of: symbol, at: binding.call, range: .everything)
    define(own, hull, &state)
    return LinearForm(own)
  }

  private mutating func bind(
    _ boundary: BoundaryID, _ binding: Binding
  ) -> BoundaryID {
    guard boundary.index > 1, let row = binding.summary.boundaries[boundary] else {
      return boundary.index == 1 ? .constant : .none
    }
    return universe.id(
      of: Boundary(
        kind: row.kind, place: .foreign(universe.id(of: row.place)), position: position,
        isTaken: row.isTaken, left: nil, right: nil))
  }

  private mutating func result(
    _ binding: inout Binding, _ state: inout State
  ) -> AbstractValue {
    let value = binding.call
    switch binding.summary.result {
    case .unknown: return unknownValue(value, &state)
    case .number(let form, let fact):
      guard type(of: value).isInteger else { return unknownValue(value, &state) }
      if let bound = bind(form, &binding, &state) {
        // A symbol of the callee's own takes its bounds, and their reasons, along.
        if let term = form.singleTerm, term.coefficient == 1, form.constant == 0,
          case .own? = binding.summary.symbols[term.symbol], let own = bound.singleTerm
        {
          setFact(
            own.symbol,
            SymbolFact(
              interval: fact.interval, lowBoundary: bind(fact.lowBoundary, binding),
              highBoundary: bind(fact.highBoundary, binding)), &state)
        }
        return .number(bound)
      }
      return unknownNumber(
        value, fact.interval.intersection(type(of: value).range), &state,
        low: bind(fact.lowBoundary, binding), high: bind(fact.highBoundary, binding))
    case .argument(let index, let offset, let mayBeNull):
      guard
        case .pointer(let region, let start, let inside, _) = register(binding.arguments, index),
        let moved = bind(offset, &binding, &state).flatMap({ start.adding($0) })
      else { return unknownValue(value, &state) }
      return .pointer(region, offset: moved, inside: inside, mayBeNull: mayBeNull)
    case .memory(let size, let mayBeNull):
      let bound = size.flatMap { bind($0, &binding, &state) }
      let region = universe.region(of: value, isHeap: true, size: bound)
      renew(region, &state)
      return .pointer(region, offset: .zero, inside: .none, mayBeNull: mayBeNull)
    case .global(let global, let offset, let mayBeNull):
      guard binding.summary.module == moduleIndex, let moved = bind(offset, &binding, &state) else {
        return unknownValue(value, &state)
      }
      return .pointer(
        region(of: global), offset: moved, inside: .none, mayBeNull: mayBeNull)
    case .literal(let literal, let offset):
      guard binding.summary.module == moduleIndex, let moved = bind(offset, &binding, &state) else {
        return unknownValue(value, &state)
      }
      let size = Int64(module.literals[literal].bytes.count)
      let region = universe.region(of: literal, size: LinearForm(constant: size))
      return .pointer(region, offset: moved, inside: .none, mayBeNull: false)
    }
  }

  /// Judges what the callee requires, in the state before the call.
  private mutating func judge(_ binding: inout Binding, _ state: State) {
    for (index, obligation) in binding.summary.obligations.enumerated() {
      judge(obligation, index, &binding, state)
    }
  }

  private mutating func judge(
    _ obligation: Obligation, _ index: Int, _ binding: inout Binding, _ state: State
  ) {
    guard obligation.parameter < binding.arguments.count else { return }
    let address = binding.arguments[obligation.parameter]
    guard case .pointer(let region, _, let inside, _) = registers[Int(address.index)] else {
      return
    }
    if isChoice(region) {
      return eachAlternative(of: address) { machine, _ in
        machine.judge(obligation, index, &binding, state)
      }
    }
    var inner = state
    binding.forms = [:]
    guard let excess = bind(obligation.excess, &binding, &inner),
      let length = bind(obligation.length, &binding, &inner)
    else { return }
    var subjects: [BoundaryID: NamedForm] = [:]
    for condition in obligation.conditions {
      guard let form = bind(condition.form, &binding, &inner) else { return }
      let boundary = bind(condition.boundary, binding)
      if let subject = binding.summary.boundaries[condition.boundary]?.subject,
        let bound = bind(subject.form, &binding, &inner)
      {
        subjects[boundary] = NamedForm(name: subject.name, form: bound)
      }
      let holds: Bool
      switch condition.relation {
      case .atMostZero: holds = assumeAtMostZero(form, boundary, &inner)
      case .zero: holds = assumeZero(form, boundary, &inner)
      case .notZero: holds = assumeNotZero(form, boundary, &inner)
      }
      if !holds { return }
    }
    let over = proposedBounds(excess, inner)
    let lengthRange = bounds(length, inner).interval
    guard over.interval.high > 0, lengthRange.high > 0 else { return }
    let isOpen = inside == .none && isParameter(region)
    let isDefinite = over.interval.low > 0 && lengthRange.low > 0
    guard isOpen || isDefinite || !over.highBoundary.isNone else { return }
    let amount = amount(over, element: obligation.access.elementSize)
    let size = objectSize(region, inside).flatMap { bounds($0, inner).interval.constant }
    var access = obligation.access
    access.object = objectName(address, region, inside)
    access.size = size.flatMap { Int64(exactly: $0) }
    access.excess = Int64(clamping: amount)
    access.lastByte = access.size.map { $0.addingSaturating(Int64(clamping: amount)) }
    access.source = source(of: over.highBoundary)
    access.staysInRecord = staysInRecord(inside, amount)
    access.isTrailing = isTrailing(inside, region)
    access.isInevitable = isInevitable(over.highBoundary)
    access.callee = binding.summary.name
    access.isInCallee = true
    report(
      Violation(
        candidate: Candidate(
          value: binding.call, argument: index, kind: .obligation(index),
          via: over.highBoundary.index > 1 ? [universe[over.highBoundary].position] : [],
          isOpen: isOpen),
        observation: .access(access), isDefinite: isDefinite, goal: (excess, amount),
        boundary: over.highBoundary, cause: nil, region: region,
        requirement: (excess, length), state: inner, calleeSteps: obligation.steps,
        subject: subjects[over.highBoundary]))
  }

  private func objectSize(_ region: Region, _ inside: SubObject) -> LinearForm? {
    inside != .none ? LinearForm(constant: universe[inside].size) : universe[region].size
  }
}
