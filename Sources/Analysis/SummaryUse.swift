// SPDX-License-Identifier: Apache-2.0

// A call of a function whose summary is known: what the callee requires is judged, what it leaves is
// taken over, in the caller's terms.

import Findings
import IR

/// The meaning of a callee's symbols in one call.
struct Binding {
  let summary: Summary
  let arguments: [ValueID]
  let call: ValueID
  /// Meanings of the callee's symbols: those of its end, or of the path of an obligation.
  var symbols: [Symbol: SummarySymbol]
  var forms: [Symbol: LinearForm?] = [:]
  /// Regions of the memory that the call makes.
  var made: [Region: Region] = [:]
  /// Whether something was asked of memory of which nothing is known here.
  var isUndecided = false
  /// Whether something was asked of memory that only the caller's own callers know.
  var asksEntry = false
}

extension Machine {
  /// Whether an argument points into an object.
  private func isReached(_ region: Region, by arguments: [ValueID]) -> Bool {
    arguments.contains {
      if case .pointer(region, _, _, _) = registers[Int($0.index)] { true } else { false }
    }
  }

  /// A call of a function whose summary is known.
  mutating func apply(
    _ summary: Summary, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    // What the arguments are before the call: the summary speaks of the values at entry.
    var binding = Binding(
      summary: summary, arguments: arguments, call: value, symbols: summary.symbols)
    if summary.passesMember { passMember(&state) }
    judge(&binding, state)
    judgeText(summary, arguments, at: value, &state)
    dereferenceArguments(summary.dereferenced, arguments, at: value, &state)
    if !isVoid(value) { forgetNulls(arguments, &state) }
    binding.forms = [:]
    makeMemory(&binding, &state)
    var result = self.value(summary.result, at: value, &binding, &state)
    if summary.mayBeError, case .pointer(let region, _, _, _) = result {
      // An address in what the caller has already is no error number; the answer is a pointer of its own.
      if isKnownOtherwise(region) || isReached(region, by: arguments) {
        escape(region, &state)
        result = unknownValue(value, &state)
      }
    }
    if summary.mayBeError, case .pointer(let region, _, _, _) = result {
      state.setError(
        ErrorFact(region: region, cause: value, mayBeNull: true, isSometimes: true))
    }
    noteNullResult(
      isNullRuledOut(summary, arguments, state) ? .none : summary.nullResult, of: value, &state)
    let cells = summary.cells.compactMap { cell in
      cellOutput(cell, &binding, &state)
    }
    let strings = summary.strings.compactMap {
      string -> (StringPlace, SummaryString, LinearForm?)? in
      guard
        case .pointer(let region, let offset, let inside, _)? = resolve(
          string.object, binding, state),
        let place = stringPlace(region, inside, offset), place.offset == .zero
      else { return nil }
      return (place, string, string.length.flatMap { bind($0, &binding, &state) })
    }
    let before = summary.locks.isEmpty ? nil : state
    let ended = releases(summary, binding, state)
    let writes = summary.writtenObjects.map { resolve($0, binding, state) }
    for release in ended { apply(release, binding, &state) }
    shareInputs(summary, binding, &state)
    let inputs = summary.inputs.compactMap { inputRange($0, binding, state) }
    forgetWritten(summary, arguments, writes, at: value, &state)
    for range in inputs { state.addInput(range) }
    for cell in cells {
      if case .pointer(let target, _, _, _) = cell.value { escape(target, &state) }
      noteStored(
        cell.value,
        in: .pointer(
          cell.region, offset: LinearForm(constant: cell.offset), inside: .none, mayBeNull: false),
        &state)
      state.setCell(in: cell.region, at: cell.offset, size: cell.size, to: cell.value)
    }
    for (place, string, length) in strings {
      setString(
        place, length.map { .terminated(length: $0) }, zeroFrom: nil, width: string.width,
        external: string.isExternal ? value : nil, &state)
    }
    if let before { applyLocks(summary, binding, result, before: before, &state) }
    return result
  }

  /// Forgets what the callee may write, and notes what it may keep.
  private mutating func forgetWritten(
    _ summary: Summary, _ arguments: [ValueID], _ writes: [AbstractValue?], at value: ValueID,
    _ state: inout State
  ) {
    let behind = summary.writesShared ? objects(behind: arguments, state) : []
    for (index, argument) in arguments.enumerated() {
      guard case .pointer(let region, _, _, _) = registers[Int(argument.index)] else { continue }
      if index >= summary.parameterCount {
        share(registers[Int(argument.index)], &state)
        clobber(argument, &state)
        continue
      }
      let bit = UInt64(1) << UInt64(min(index, 63))
      if summary.kept & bit != 0 {
        share(registers[Int(argument.index)], &state)
        escape(region, &state)
        if case .unknown = summary.result, type(of: value).isPointer { state.lose(region) }
      }
      if summary.written & bit != 0 {
        noteWrite(region, &state)
        state.forget(region)
      }
    }
    var isUnnamed = summary.writesShared
    for write in writes {
      switch write {
      case .pointer(let region, _, _, _)?:
        noteWrite(region, &state)
        state.forget(region)
      case .number?, .floating?: break
      case .unknown?, .function?, nil: isUnnamed = true
      }
    }
    for region in behind {
      noteWrite(region, &state)
      state.forget(region)
    }
    if isUnnamed { havoc(&state) }
  }

  /// The objects that pointers in the arguments' objects lead to.
  ///
  /// A callee that writes at places that have no name may do so there: `if (!*to) *to = allocate();` leaves a
  /// pointer of which nothing is known, and it is mostly the caller's.
  private func objects(behind arguments: [ValueID], _ state: State) -> [Region] {
    if state.cells.isEmpty { return [] }
    var found: [Region] = []
    for argument in arguments {
      guard case .pointer(let region, _, _, _) = registers[Int(argument.index)] else { continue }
      var index = state.firstCell(in: region, endingAfter: .min)
      while index < state.cells.count, state.cells[index].region == region {
        if case .pointer(let target, _, _, _) = state.cells[index].value, target != region,
          !found.contains(target)
        {
          found.append(target)
        }
        index += 1
      }
    }
    return found
  }

  /// Gives the memory that the call makes its names here.
  private mutating func makeMemory(_ binding: inout Binding, _ state: inout State) {
    for memory in binding.summary.made {
      let size = memory.size.flatMap { bind($0, &binding, &state) }
      let region: Region
      if case .pointer(.made(memory.region), _, _) = binding.summary.result {
        region = universe.region(of: binding.call, isHeap: true, size: size)
      } else {
        region = universe.region(of: memory.region, at: binding.call, size: size)
      }
      renew(region, &state)
      binding.made[memory.region] = region
      take(memory, region, by: binding.call, &state)
    }
  }

  /// A scalar that the callee leaves, by its place here.
  private mutating func cellOutput(
    _ cell: SummaryCell, _ binding: inout Binding, _ state: inout State
  ) -> Cell? {
    guard case .pointer(let region, let offset, _, _)? = resolve(cell.object, binding, state),
      offset.isConstant, !isChoice(region)
    else { return nil }
    let value: AbstractValue
    if case .number(let form, let fact) = cell.value {
      guard let bound = bind(form, &binding, &state) else { return nil }
      keepReasons(form, fact, bound, binding, &state)
      value = .number(bound)
    } else {
      guard let bound = address(cell.value, &binding, &state) else { return nil }
      value = bound
    }
    return Cell(
      region: region, offset: offset.constant.addingSaturating(cell.offset), size: cell.size,
      value: value)
  }

  mutating func resolve(
    _ object: InputObject, _ binding: Binding, _ state: State
  ) -> AbstractValue? {
    if case .made(let region) = object {
      return binding.made[region].map {
        .pointer($0, offset: .zero, inside: .none, mayBeNull: false)
      }
    }
    return resolve(object, binding.arguments, state)
  }

  // MARK: Values

  /// What the callee returns.
  private mutating func value(
    _ result: SummaryValue, at value: ValueID, _ binding: inout Binding, _ state: inout State
  ) -> AbstractValue {
    guard case .number(let form, let fact) = result else {
      return address(result, &binding, &state) ?? unknownValue(value, &state)
    }
    guard type(of: value).isInteger || (type(of: value).isPointer && form == .zero) else {
      return unknownValue(value, &state)
    }
    if let bound = bind(form, &binding, &state) {
      keepReasons(form, fact, bound, binding, &state)
      if let family = binding.summary.resultFamily {
        acquire(.number(bound), family, by: value, &state)
      }
      return .number(bound)
    }
    return unknownNumber(
      value, fact.interval.intersection(type(of: value).range), &state,
      low: bind(fact.lowBoundary, binding), high: bind(fact.highBoundary, binding),
      input: bind(fact.input, binding))
  }

  /// An address that the callee returns or leaves.
  private mutating func address(
    _ value: SummaryValue, _ binding: inout Binding, _ state: inout State
  ) -> AbstractValue? {
    switch value {
    case .unknown, .number: return nil
    case .pointer(let object, let offset, let mayBeNull):
      guard
        case .pointer(let region, let start, let inside, _)? = resolve(object, binding, state),
        let moved = bind(offset, &binding, &state).flatMap({ start.adding($0) })
      else { return nil }
      return .pointer(region, offset: moved, inside: inside, mayBeNull: mayBeNull)
    case .literal(let literal, let offset):
      guard binding.summary.module == moduleIndex, let moved = bind(offset, &binding, &state) else {
        return nil
      }
      let size = Int64(module.literals[literal].bytes.count)
      let region = universe.region(of: literal, size: LinearForm(constant: size))
      return .pointer(region, offset: moved, inside: .none, mayBeNull: false)
    case .function(let function):
      return binding.summary.module == moduleIndex ? .function(function) : nil
    }
  }

  /// A symbol of the callee's own takes its bounds, and their reasons, along.
  private mutating func keepReasons(
    _ form: LinearForm, _ fact: SymbolFact, _ bound: LinearForm, _ binding: Binding,
    _ state: inout State
  ) {
    guard let term = form.singleTerm, term.coefficient == 1, form.constant == 0,
      case .own? = binding.symbols[term.symbol], let own = bound.singleTerm,
      // How large the callee makes an object is for its arguments to decide.
      binding.summary.made.allSatisfy({ ($0.size?.coefficient(of: term.symbol) ?? 0) == 0 })
    else { return }
    setFact(
      own.symbol,
      SymbolFact(
        interval: fact.interval, lowBoundary: bind(fact.lowBoundary, binding),
        highBoundary: bind(fact.highBoundary, binding), input: bind(fact.input, binding)), &state)
  }

  // MARK: Names

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
    func fresh(_ fact: SymbolFact) -> LinearForm {
      let own = universe.symbol(of: symbol, at: binding.call, range: .everything)
      define(own, fact, &state)
      return LinearForm(own)
    }
    func fresh(_ interval: Interval) -> LinearForm { fresh(SymbolFact(interval: interval)) }
    switch binding.symbols[symbol] {
    case nil: return nil
    case .own(let fact)?:
      return fresh(
        SymbolFact(
          interval: fact.interval, lowBoundary: bind(fact.lowBoundary, binding),
          highBoundary: bind(fact.highBoundary, binding)))
    case .argument(let index)?:
      guard index < binding.arguments.count else { return nil }
      let argument = binding.arguments[index]
      return form(argument) ?? fresh(type(of: argument).range)
    case .size(let object)?:
      guard
        case .pointer(let region, let offset, let inside, _)? = resolve(object, binding, state)
      else { return nil }
      return size(after: offset, region, inside, symbol, &binding, &state)
    case .length(let object)?:
      if let address = resolve(object, binding, state),
        case .length(let length) = string(at: address, width: width(of: object, binding), &state)
      {
        return length
      }
      return fresh(Interval(0, 1 << 62))
    case .value(let object, let place, let size, let range)?:
      if let known = content(of: object, at: place, size, range, &binding, state) { return known }
      if let outside = inputContent(of: object, at: place, size, binding, state) {
        let made = fresh(range)
        keepContent(made, outside, range, &state)
        return made
      }
      binding.isUndecided = true
      return fresh(range)
    }
  }

  /// Bytes of the characters that an object holds, by the type of the argument that leads to it.
  private func width(of object: InputObject, _ binding: Binding) -> Int64 {
    if case .argument(let index) = object, index < binding.arguments.count {
      return width(of: binding.arguments[index])
    }
    return 1
  }

  /// What an object holds at a place before the call; `nil` where that is not known.
  private mutating func content(
    of object: InputObject, at place: Int64, _ size: UInt32, _ range: Interval,
    _ binding: inout Binding, _ state: State
  ) -> LinearForm? {
    guard case .pointer(let region, let start, _, _)? = resolve(object, binding, state),
      start.isConstant, !isChoice(region)
    else { return nil }
    let at = start.constant.addingSaturating(place)
    if case .number(let form)? = state.cell(in: region, at: at, size: size),
      range.contains(bounds(form, state).interval)
    {
      return form
    }
    if let initial = initialValue(region, at, Int64(size)),
      range.contains(Interval(Int128(initial)))
    {
      return LinearForm(constant: initial)
    }
    if case .number(let form)? = entryValue(region, at, size, .number(range), state) {
      binding.asksEntry = true
      return form
    }
    return nil
  }

  /// What the callee brings in from outside, in the caller's terms.
  private mutating func inputRange(
    _ input: SummaryInput, _ binding: Binding, _ state: State
  ) -> InputRange? {
    guard case .pointer(let region, let offset, _, _)? = resolve(input.object, binding, state),
      offset.isConstant, !isChoice(region)
    else { return nil }
    return InputRange(
      region: region, low: offset.constant.addingSaturating(input.low),
      high: input.high == .max ? .max : offset.constant.addingSaturating(input.high),
      boundary: bind(input.boundary, binding))
  }

  /// Where an object holds something from outside that the callee reads.
  private mutating func inputContent(
    of object: InputObject, at place: Int64, _ size: UInt32, _ binding: Binding, _ state: State
  ) -> InputRange? {
    guard !state.inputs.isEmpty,
      case .pointer(let region, let offset, _, _)? = resolve(object, binding, state),
      offset.isConstant
    else { return nil }
    let low = offset.constant.addingSaturating(place)
    let high = low.addingSaturating(Int64(size))
    guard let known = state.input(in: region, from: low, to: high) else { return nil }
    return InputRange(region: region, low: low, high: high, boundary: known.boundary)
  }

  /// Asked twice, what comes from outside is the same value.
  private func keepContent(
    _ made: LinearForm, _ range: InputRange, _ values: Interval, _ state: inout State
  ) {
    guard let own = made.singleTerm?.symbol else { return }
    setFact(
      own,
      SymbolFact(
        interval: values, lowBoundary: range.boundary, highBoundary: range.boundary,
        input: range.boundary), &state)
    state.keepCell(
      in: range.region, at: range.low, size: UInt32(range.high - range.low), .number(made))
  }

  /// Bytes from an offset to the end of an object, or of any of several in a joined state.
  private mutating func size(
    after offset: LinearForm, _ region: Region, _ inside: SubObject, _ symbol: Symbol,
    _ binding: inout Binding, _ state: inout State
  ) -> LinearForm? {
    if inside != .none, let size = size(of: inside, state) {
      return universe[inside].base.adding(size)?.subtracting(offset)
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

  // MARK: Requirements

  /// Judges what the callee requires, in the state before the call.
  private mutating func judge(_ binding: inout Binding, _ state: State) {
    for (index, obligation) in binding.summary.obligations.enumerated() {
      binding.symbols = obligation.symbols
      judge(obligation, index, &binding, state)
    }
    binding.symbols = binding.summary.symbols
  }

  private mutating func judge(
    _ obligation: Obligation, _ index: Int, _ binding: inout Binding, _ state: State
  ) {
    var place: Place?
    if case .input(let object) = obligation.target {
      guard
        case .pointer(let region, let offset, let inside, _)? = resolve(object, binding, state)
      else { return }
      if isChoice(region) {
        guard case .argument(let number) = object else { return }
        return eachAlternative(of: binding.arguments[number]) { machine, _ in
          machine.judge(obligation, index, &binding, state)
        }
      }
      let address = object.argument.map { binding.arguments[$0] } ?? binding.call
      place = Place(address: address, region: region, offset: offset, inside: inside)
    }
    var inner = state
    binding.forms = [:]
    binding.isUndecided = false
    binding.asksEntry = false
    guard let subjects = assume(obligation.conditions, &binding, &inner), !binding.isUndecided,
      let start = bind(obligation.start, &binding, &inner),
      let length = bind(obligation.length, &binding, &inner),
      bounds(length, inner).interval.high > 0
    else { return }
    let call = Requested(
      obligation: obligation, index: index, call: binding.call, callee: binding.summary.name,
      length: length, asksEntry: binding.asksEntry, subjects: subjects)
    switch obligation.target {
    case .own(let size):
      guard let size = bind(size, &binding, &inner) else { return }
      _ = judge(call, nil, from: start, size: size, inner)
    case .input:
      guard let place, let start = place.offset.adding(start) else { return }
      if place.inside != .none, let within = start.subtracting(universe[place.inside].base),
        let size = size(of: place.inside, inner)
      {
        if judge(call, place, from: within, size: size, inner) { return }
      }
      var whole = place
      whole.inside = .none
      if let size = universe[place.region].size {
        if isInput(place.region) {
          if universe.fixedArray(place.inside) == nil {
            passOn(call, whole, from: start, size: size, inner)
          }
        } else {
          _ = judge(call, whole, from: start, size: size, inner)
        }
      }
    }
  }

  /// An object of the caller that a callee's access goes to.
  private struct Place {
    var address: ValueID
    var region: Region
    var offset: LinearForm
    var inside: SubObject
  }

  /// An obligation in one call.
  private struct Requested {
    var obligation: Obligation
    var index: Int
    var call: ValueID
    var callee: String
    var length: LinearForm
    var asksEntry: Bool
    var subjects: [BoundaryID: NamedForm]
  }

  /// Assumes the conditions of an obligation's path; answers what its bounds are about, `nil` where the
  /// call cannot take the path.
  private mutating func assume(
    _ conditions: [PathCondition], _ binding: inout Binding, _ inner: inout State
  ) -> [BoundaryID: NamedForm]? {
    var subjects: [BoundaryID: NamedForm] = [:]
    for condition in conditions {
      guard let form = bind(condition.form, &binding, &inner) else { return nil }
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
      if !holds { return nil }
    }
    return subjects
  }

  /// Judges a callee's access against one bound; answers whether it violates.
  private mutating func judge(
    _ requested: Requested, _ place: Place?, from start: LinearForm, size: LinearForm,
    _ inner: State
  ) -> Bool {
    guard let end = start.adding(requested.length), let excess = end.subtracting(size) else {
      return false
    }
    let length = bounds(requested.length, inner).interval
    let over = proposedBounds(excess, inner)
    let under = proposedBounds(start, inner)
    let goal: (form: LinearForm, value: Int128)
    let boundary: BoundaryID
    let isDefinite: Bool
    if over.interval.high > 0, over.interval.low > 0 || !over.highBoundary.isNone {
      boundary = over.highBoundary
      goal = (excess, amount(over, element: requested.obligation.access.elementSize))
      isDefinite = over.interval.low > 0 && length.low > 0
    } else if under.interval.low < 0, under.interval.high < 0 || !under.lowBoundary.isNone {
      boundary = under.lowBoundary
      goal = (start, boundary.isNone ? under.interval.high : under.interval.low)
      isDefinite = under.interval.high < 0 && length.low > 0
    } else {
      let requirement = Requirement(
        start: start, length: requested.length, ownSize: size, excess: excess)
      if over.interval.high > 0, dependsOnCallers(excess, inner) {
        report(requested, place, goal: nil, .none, isDefinite: false, requirement, size, inner)
      }
      return false
    }
    // What only the caller's own callers know, they decide.
    let requirement =
      requested.asksEntry
      ? Requirement(start: start, length: requested.length, ownSize: size, excess: excess) : nil
    report(
      requested, place, goal: goal, boundary, isDefinite: isDefinite, requirement, size, inner)
    return true
  }

  /// Passes a requirement on an object that only the caller's own callers know.
  private mutating func passOn(
    _ requested: Requested, _ place: Place, from start: LinearForm, size: LinearForm,
    _ inner: State
  ) {
    guard let end = start.adding(requested.length), let excess = end.subtracting(size) else {
      return
    }
    report(
      requested, place, goal: nil, bounds(excess, inner).highBoundary, isDefinite: false,
      Requirement(start: start, length: requested.length, ownSize: nil, excess: excess), size,
      inner)
  }

  private mutating func report(
    _ requested: Requested, _ place: Place?, goal: (form: LinearForm, value: Int128)?,
    _ boundary: BoundaryID, isDefinite: Bool, _ requirement: Requirement?, _ size: LinearForm,
    _ inner: State
  ) {
    var access = requested.obligation.access
    if let place {
      access.object = objectName(place.address, place.region, place.inside)
      access.isTrailing = isTrailing(place.inside, place.region)
      access.counter = counterName(place.inside)
    }
    access.size = bounds(size, inner).interval.constant.flatMap { Int64(exactly: $0) }
    if let amount = goal?.value {
      access.excess = Int64(clamping: amount)
      access.lastByte = access.size.map {
        amount > 0
          ? $0.addingSaturating(access.excess) : access.excess.addingSaturating(1)
      }
      access.input = goal.map { inputText($0.form, inner) } ?? ""
      access.isShort = place.map { isShort($0.region, amount) } ?? false
      access.isBelieved = goal.map { isBelieved($0.form, inner) } ?? false
      access.staysInRecord = place.map { staysInRecord($0.inside, amount) } ?? access.staysInRecord
    }
    access.source = source(of: boundary)
    access.isInevitable = isInevitable(boundary)
    access.isBehindSearch = isBehindSearch(boundary)
    access.callee = requested.callee
    access.isInCallee = true
    report(
      Violation(
        candidate: Candidate(
          value: requested.call, argument: requested.index, kind: .obligation(requested.index),
          via: boundary.index > 1 ? [universe[boundary].position] : [],
          isOpen: requirement != nil),
        observation: .access(access), isDefinite: isDefinite, goal: goal, boundary: boundary,
        cause: nil, region: place?.region, requirement: requirement, state: inner,
        calleeSteps: requested.obligation.steps, subject: requested.subjects[boundary]))
  }
}
