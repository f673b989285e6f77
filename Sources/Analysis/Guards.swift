// SPDX-License-Identifier: Apache-2.0

// What holds after a condition: bounds of symbols and relations between them, each with the condition
// as the reason why it can be reached.

import IR

extension Comparison {
  /// The relation that holds where this one does not (integers and pointers).
  var negated: Comparison {
    switch self {
    case .equal: .notEqual
    case .notEqual: .equal
    case .less: .greaterOrEqual
    case .lessOrEqual: .greater
    case .greater: .lessOrEqual
    case .greaterOrEqual: .less
    }
  }

  /// The relation that holds with the operands the other way round.
  var mirrored: Comparison {
    switch self {
    case .equal, .notEqual: self
    case .less: .greater
    case .lessOrEqual: .greaterOrEqual
    case .greater: .less
    case .greaterOrEqual: .lessOrEqual
    }
  }
}

extension Machine {
  /// Whether a scalar differs from zero, where that is known.
  func truth(of value: ValueID, _ state: State) -> Bool? {
    switch registers[Int(value.index)] {
    case .unknown, .floating: return nil
    case .function: return true
    case .pointer(_, _, _, let mayBeNull): return mayBeNull ? nil : true
    case .number(let form):
      let interval = bounds(form, state).interval
      if interval == Interval(0) { return false }
      return interval.low > 0 || interval.high < 0 ? true : nil
    }
  }

  /// The value of a comparison, where it is known.
  func decide(_ op: Comparison, _ left: ValueID, _ right: ValueID, _ state: State) -> Bool? {
    guard let interval = distance(left, right, state) else { return decideNull(op, left, right) }
    switch op {
    case .equal:
      return interval == Interval(0) ? true : interval.contains(Interval(0)) ? nil : false
    case .notEqual: return decide(.equal, left, right, state).map { !$0 }
    case .less: return interval.high < 0 ? true : interval.low >= 0 ? false : nil
    case .lessOrEqual: return interval.high <= 0 ? true : interval.low > 0 ? false : nil
    case .greater: return interval.low > 0 ? true : interval.high <= 0 ? false : nil
    case .greaterOrEqual: return interval.low >= 0 ? true : interval.high < 0 ? false : nil
    }
  }

  /// The values of `left - right`.
  private func distance(_ left: ValueID, _ right: ValueID, _ state: State) -> Interval? {
    if type(of: left).isFloating { return floatingDistance(left, right, state) }
    if let difference = difference(left, right) { return bounds(difference, state).interval }
    guard let first = form(left), let second = form(right) else { return nil }
    return bounds(first, state).interval + bounds(second, state).interval * -1
  }

  private func decideNull(_ op: Comparison, _ left: ValueID, _ right: ValueID) -> Bool? {
    guard op == .equal || op == .notEqual else { return nil }
    for (address, other) in [(left, right), (right, left)] {
      guard case .pointer(_, _, _, let mayBeNull) = registers[Int(address.index)],
        form(other) == .zero
      else { continue }
      return mayBeNull ? nil : op == .notEqual
    }
    return nil
  }

  /// `left - right` for numbers, and for pointers into one region.
  private func difference(_ left: ValueID, _ right: ValueID) -> LinearForm? {
    switch (registers[Int(left.index)], registers[Int(right.index)]) {
    case (.number(let a), .number(let b)), (.floating(let a), .floating(let b)):
      return a.subtracting(b)
    case (.pointer(let first, let a, _, _), .pointer(let second, let b, _, _))
    where first == second && !isChoice(first):
      return a.subtracting(b)
    default: return nil
    }
  }

  /// Takes a branch; answers whether the state still holds for some run.
  mutating func assume(
    _ condition: ValueID, _ isTrue: Bool, _ kind: Boundary.Kind, _ origin: OriginID,
    _ state: inout State
  ) -> Bool {
    switch operation(condition) {
    case .compare(let op, let left, let right):
      if op == .equal || op == .notEqual, form(right) == .zero, isTruthValue(left) {
        return assume(left, isTrue == (op == .notEqual), kind, origin, &state)
      }
      let holds = isTrue ? op : op.negated
      return assume(holds, left, right, isTrue, kind, origin, &state)
    case .cast(let cast, let operand)
    where cast == .toBool || cast == .zeroExtend || cast == .signExtend || cast == .reinterpret:
      if type(of: operand).isInteger || type(of: operand).isPointer {
        return assume(operand, isTrue, kind, origin, &state)
      }
    default: break
    }
    if let known = truth(of: condition, state) {
      if known != isTrue { return false }
    } else {
      question(condition, &state)
    }
    switch registers[Int(condition.index)] {
    case .number(let form):
      if !state.fetches.numbers.isEmpty {
        decideFetched(.notEqual, form, .zero, origin, kind, &state)
      }
      let boundary = boundary(kind, origin, isTrue, condition, nil)
      return isTrue
        ? assumeNotZero(form, boundary, &state) : assumeZero(form, boundary, &state)
    case .pointer:
      if !isTrue, isLocked(condition, state) { return false }
      assumeNull(condition, !isTrue, &state)
      return true
    case .function: return true
    case .unknown, .floating:
      state.hasOpenBranch = mode == .replay
      return true
    }
  }

  /// Notes which objects an undecided answer of a call is about.
  ///
  /// Who is told that a text starts with a prefix knows that it is that long, though no form says so.
  private mutating func question(_ value: ValueID, _ state: inout State) {
    if mode == .explore && inlined == nil { return }
    switch operation(value) {
    case .cast(_, let operand): question(operand, &state)
    case .load(let address, _):
      guard case .local(let local) = operation(address), slots[Int(local.index)] >= 0 else {
        noteComparison(address, &state)
        return
      }
      if let call = answer(state.locals[slots[Int(local.index)]]) { question(call, &state) }
    case .call(let call) where mode == .replay:
      let arguments = Array(body.values(body.calls[call].arguments))
      for (index, argument) in arguments.enumerated() where onlyReads(body.calls[call], index) {
        if case .pointer(let region, _, _, _) = registers[Int(argument.index)] {
          state.question(region)
        }
      }
    default: break
    }
  }

  /// Code that was put in the place of a call judges the content of an object, as a callee does that
  /// only looks at it.
  private mutating func noteComparison(_ address: ValueID, _ state: inout State) {
    let frame = frame(at: position)
    guard frame > 0, case .pointer(let region, _, _, _) = registers[Int(address.index)] else {
      return
    }
    if mode == .explore {
      // A replay passes loops by their closed form.
      var loop = flow.innermostLoop[position]
      while loop >= 0 {
        loopTests[loop].insert(region)
        loop = flow.loops[loop].parent ?? -1
      }
      return
    }
    noteContentTest(region, frame, &state)
  }

  /// Notes that a path depends on what the code of a frame thinks of an object's content.
  func noteContentTest(_ region: Region, _ frame: Int, _ state: inout State) {
    for alternative in universe.alternatives(of: region, .none) {
      let test = ContentTest(region: alternative.region, frame: frame)
      if !state.contentTests.contains(test) { state.contentTests.append(test) }
    }
  }

  /// Whether a callee only looks at what an argument points to, and answers by what it sees.
  private mutating func onlyReads(_ call: Call, _ index: Int) -> Bool {
    guard case .function(let target) = call.callee, index < 63 else { return false }
    if let summary = facts.summary(of: target, in: module) {
      return summary.written & (1 << UInt64(index)) == 0 && !summary.writesShared
    }
    guard let model = models[Int(target.index)], !model.isUnseen, model.result == .unknown else {
      return false
    }
    return model.effects.allSatisfy { effect in
      switch effect {
      case .string, .boundedString, .read: true
      default: false
      }
    }
  }

  /// The call whose unknown answer a value is.
  private func answer(_ value: AbstractValue) -> ValueID? {
    let symbol: Symbol?
    switch value {
    case .number(let form): symbol = form.singleTerm?.symbol
    case .pointer(let region, let offset, _, _):
      if case .opaque(let call) = universe[region].kind { return isCall(call) ? call : nil }
      symbol = offset.singleTerm?.symbol
    case .unknown, .function, .floating: symbol = nil
    }
    guard let symbol else { return nil }
    switch universe[symbol].kind {
    case .value(let call), .foreign(let call): return isCall(call) ? call : nil
    default: return nil
    }
  }

  private func isCall(_ value: ValueID) -> Bool {
    if case .call = operation(value) { return true }
    return false
  }

  private func isTruthValue(_ value: ValueID) -> Bool {
    switch operation(value) {
    case .compare: true
    case .cast(let kind, let operand):
      kind == .toBool || ((kind == .zeroExtend || kind == .signExtend) && isTruthValue(operand))
    default: false
    }
  }

  /// Whether a value is a null pointer constant, and no variable that happens to be null.
  private func isNullConstant(_ value: ValueID) -> Bool {
    switch operation(value) {
    case .constant(0): true
    case .cast(_, let operand): isNullConstant(operand)
    default: false
    }
  }

  private mutating func boundary(
    _ kind: Boundary.Kind, _ origin: OriginID, _ isTaken: Bool, _ left: ValueID?, _ right: ValueID?
  ) -> BoundaryID {
    universe.id(
      of: Boundary(
        kind: kind, place: .own(origin), position: position, isTaken: isTaken, left: left,
        right: right))
  }

  private mutating func assume(
    _ op: Comparison, _ left: ValueID, _ right: ValueID, _ isTaken: Bool, _ kind: Boundary.Kind,
    _ origin: OriginID, _ state: inout State
  ) -> Bool {
    if let known = decide(op, left, right, state) {
      guard known else { return false }
    }
    if !state.errors.isEmpty, !assumeErrorTest(op, left, right, &state) { return false }
    if decide(op, left, right, state) == nil {
      question(left, &state)
      question(right, &state)
    }
    if !state.fetches.numbers.isEmpty {
      decideFetched(op, form(left), form(right), origin, kind, &state)
    }
    guard let difference = difference(left, right) else {
      let reason = boundary(kind, origin, isTaken, left, right)
      if let decided = assumeFar(op, left, right, reason, &state) { return decided }
      if op == .equal || op == .notEqual {
        for (value, other) in [(left, right), (right, left)] where isNullConstant(other) {
          if op == .equal, isLocked(value, state) { return false }
          assumeNull(value, op == .equal, &state)
        }
        if form(right) == .zero || form(left) == .zero { return true }
      }
      forgetReasons(left, right, &state)
      state.hasOpenBranch = mode == .replay
      return true
    }
    let boundary = boundary(kind, origin, isTaken, left, right)
    if type(of: left).isFloating {
      // A NaN or rounding may take a branch that no number takes.
      var narrowed = state
      if hold(op, difference, boundary, &narrowed) { state = narrowed }
      return true
    }
    guard hold(op, difference, boundary, &state) else { return false }
    return propagate(left, &state) && propagate(right, &state)
  }

  /// Whether a comparison can hold; `difference` is that of its sides.
  private mutating func hold(
    _ op: Comparison, _ difference: LinearForm, _ boundary: BoundaryID, _ state: inout State
  ) -> Bool {
    switch op {
    case .equal: return assumeZero(difference, boundary, &state)
    case .notEqual: return assumeNotZero(difference, boundary, &state)
    case .less: return assumeAtMostZero(difference.adding(constant: 1), boundary, &state)
    case .lessOrEqual: return assumeAtMostZero(difference, boundary, &state)
    case .greater:
      let below = difference.scaled(by: -1)?.adding(constant: 1)
      return assumeAtMostZero(below, boundary, &state)
    case .greaterOrEqual:
      return assumeAtMostZero(difference.scaled(by: -1), boundary, &state)
    }
  }

  private mutating func assumeAtMostZero(
    _ form: LinearForm?, _ boundary: BoundaryID, _ state: inout State
  ) -> Bool {
    guard let form else { return true }
    return assumeAtMostZero(form, boundary, &state)
  }

  /// A converted value that turned out to fit the type it was converted from bounds that one too.
  private mutating func propagate(_ value: ValueID, _ state: inout State) -> Bool {
    guard case .cast(let kind, let operand) = operation(value),
      kind == .reinterpret || kind == .signExtend || kind == .zeroExtend,
      let outer = form(value), let inner = form(operand), outer != inner
    else { return true }
    let known = bounds(outer, state)
    let range = type(of: operand).range
    guard known.interval.low >= 0, known.interval.high <= range.high else { return true }
    guard let above = inner.subtracting(outer) else { return true }
    // The conversion kept the value, so both forms are equal from here on.
    if let single = inner.singleTerm, single.coefficient == 1 {
      var fact = fact(single.symbol, state)
      let shift = Int128(inner.constant)
      let low = known.interval.low - shift
      let high = known.interval.high - shift
      if low > fact.interval.low {
        fact.interval.low = low
        fact.lowBoundary = known.lowBoundary
      }
      if high < fact.interval.high {
        fact.interval.high = high
        fact.highBoundary = known.highBoundary
      }
      setFact(single.symbol, fact, &state)
      if fact.interval.isEmpty { return false }
    }
    if mode == .replay {
      state.conditions.append(
        PathCondition(form: above, relation: .zero, boundary: known.highBoundary))
    }
    return propagate(operand, &state)
  }

  /// A comparison of a number with a constant so far away that no form holds the difference; `nil` for
  /// others.
  private func assumeFar(
    _ op: Comparison, _ left: ValueID, _ right: ValueID, _ boundary: BoundaryID,
    _ state: inout State
  ) -> Bool? {
    guard let first = form(left), let second = form(right) else { return nil }
    if first.isConstant, second.isConstant { return true }
    let isSwapped = first.isConstant
    guard isSwapped || second.isConstant, let term = (isSwapped ? second : first).singleTerm,
      term.coefficient == 1
    else { return nil }
    let limit = isSwapped ? first : second
    let offset = (isSwapped ? second : first).constant
    let bound = Int128(limit.constant) - Int128(offset)
    switch isSwapped ? op.mirrored : op {
    case .less: lower(term.symbol, to: bound - 1, boundary, &state)
    case .lessOrEqual: lower(term.symbol, to: bound, boundary, &state)
    case .greater: raise(term.symbol, to: bound + 1, boundary, &state)
    case .greaterOrEqual: raise(term.symbol, to: bound, boundary, &state)
    case .equal:
      lower(term.symbol, to: bound, boundary, &state)
      raise(term.symbol, to: bound, boundary, &state)
    case .notEqual:
      var known = fact(term.symbol, state)
      if known.interval.low == bound { known.interval.low += 1 }
      if known.interval.high == bound { known.interval.high -= 1 }
      setFact(term.symbol, known, &state)
    }
    return !fact(term.symbol, state).interval.isEmpty
  }

  // MARK: Linear conditions

  /// `form <= 0`.
  func assumeAtMostZero(
    _ form: LinearForm, _ boundary: BoundaryID, _ state: inout State
  ) -> Bool {
    note(form, .atMostZero, boundary, &state)
    if form.isConstant { return form.constant <= 0 }
    if bounds(form, state).interval.low > 0 { return false }
    let count = form.count
    let symbols = (0..<count).map { fact(form[$0].symbol, state) }
    for index in 0..<count {
      // c·s ≤ -(rest), so the least rest bounds s; the bound is reached where that rest is.
      var rest = Interval(Int128(form.constant))
      var isReached = true
      var input = BoundaryID.none
      for other in 0..<count where other != index {
        let coefficient = Int128(form[other].coefficient)
        rest = rest + symbols[other].interval * coefficient
        let extreme = coefficient > 0 ? symbols[other].lowBoundary : symbols[other].highBoundary
        let isForeign = isForeignCap(extreme, on: form[index].symbol, symbols[index])
        if extreme.isNone || count > 2 || isForeign { isReached = false }
        if input.isNone { input = symbols[other].input }
      }
      let coefficient = Int128(form[index].coefficient)
      let reason = isReached && isSteady(form[index].symbol) ? boundary : .none
      if coefficient > 0 {
        lower(form[index].symbol, to: floorDivide(-rest.low, coefficient), reason, &state)
      } else {
        raise(form[index].symbol, to: ceilingDivide(rest.low, -coefficient), reason, &state)
      }
      if fact(form[index].symbol, state).interval.isEmpty { return false }
      if !input.isNone, !reason.isNone { noteInput(form[index].symbol, input, &state) }
    }
    if count > 1 { relate(form, boundary, &state) }
    if count == 3 { boundSum(form, &state) }
    return true
  }

  /// Where `a + b - c` is bounded, so is `a + b`, by the most that `c` can be: a loop's variable that
  /// starts anywhere is such a sum, and without it might wrap around.
  ///
  /// Relations that a condition states go first: the last places are left to them.
  private func boundSum(_ form: LinearForm, _ state: inout State) {
    let negative = (0..<3).filter { form[$0].coefficient < 0 }
    guard negative.count == 1, state.relations.count < 16 else { return }
    let term = form[negative[0]]
    let most = fact(term.symbol, state).interval.high * Int128(term.coefficient.magnitude)
    let limit = most - Int128(form.constant)
    guard let limit = Int64(exactly: limit),
      let minus = LinearForm(term.symbol).scaled(by: -Int64(term.coefficient)),
      let sum = form.linearPart.adding(minus), bounds(sum, state).interval.high > Int128(limit),
      let bounded = sum.adding(constant: -limit)
    else { return }
    relate(bounded, .none, &state)
  }

  /// Whether what bounds a number is chosen by somebody outside who does not choose the number: that it
  /// is held against it says nothing of how large it can be.
  private func isForeignCap(
    _ boundary: BoundaryID, on symbol: Symbol, _ known: SymbolFact
  ) -> Bool {
    guard boundary.index > 1, universe[boundary].kind == .input, known.input.isNone else {
      return false
    }
    if case .counter = universe[symbol].kind { return false }
    return true
  }

  /// A loop that runs as often as somebody outside says.
  private func noteInput(_ symbol: Symbol, _ input: BoundaryID, _ state: inout State) {
    guard case .counter = universe[symbol].kind else { return }
    var known = fact(symbol, state)
    known.input = input
    setFact(symbol, known, &state)
  }

  private func isSteady(_ symbol: Symbol) -> Bool {
    if case .merge(_, false) = universe[symbol].kind { return false }
    return true
  }

  /// `form == 0`.
  mutating func assumeZero(
    _ form: LinearForm, _ boundary: BoundaryID, _ state: inout State
  ) -> Bool {
    if hasCheckedArithmetic, let term = form.singleTerm, form.constant == 0,
      !assumeChecked(term.symbol, fits: true, boundary, &state)
    {
      return false
    }
    if form.constant == 0, let term = form.singleTerm,
      !assumeBits(term.symbol, isZero: true, boundary, &state)
    {
      return false
    }
    guard let negated = form.scaled(by: -1) else { return true }
    return assumeAtMostZero(form, boundary, &state) && assumeAtMostZero(negated, boundary, &state)
  }

  /// `form != 0`.
  mutating func assumeNotZero(
    _ form: LinearForm, _ boundary: BoundaryID, _ state: inout State
  ) -> Bool {
    note(form, .notZero, boundary, &state)
    if form.isConstant { return form.constant != 0 }
    guard let term = form.singleTerm else { return true }
    if form.constant == 0, !assumeBits(term.symbol, isZero: false, boundary, &state) {
      return false
    }
    let coefficient = Int128(term.coefficient)
    guard Int128(form.constant) % coefficient == 0 else { return true }
    let excluded = -Int128(form.constant) / coefficient
    var fact = fact(term.symbol, state)
    if fact.interval == Interval(excluded) { return false }
    if fact.interval.low == excluded {
      fact.interval.low += 1
      fact.lowBoundary = fact.lowBoundary.isNone ? .none : boundary
    } else if fact.interval.high == excluded {
      fact.interval.high -= 1
      fact.highBoundary = fact.highBoundary.isNone ? .none : boundary
    } else if fact.interval.contains(Interval(excluded)), isEnd(boundary, of: term.symbol) {
      // A counter that goes up by one does not pass the value at which the loop is left.
      fact.interval.high = excluded - 1
      fact.highBoundary = boundary
    }
    setFact(term.symbol, fact, &state)
    return excludePreimage(of: term.symbol, excluded, boundary, &state)
  }

  /// Takes away the only number that a conversion makes that value of: who compares a signed length with a
  /// size compares what the length is as an unsigned number.
  private mutating func excludePreimage(
    of symbol: Symbol, _ value: Int128, _ boundary: BoundaryID, _ state: inout State
  ) -> Bool {
    guard case .image(let image) = universe[symbol].kind, image.kind == .conversion else {
      return true
    }
    let modulus: Int128 = 1 << Int128(module.types[image.type].width)
    let source = bounds(image.source, state).interval
    let first = value + ceilingDivide(source.low - value, modulus) * modulus
    guard first <= source.high, first + modulus > source.high, let number = Int64(exactly: -first),
      let difference = image.source.adding(constant: number)
    else { return true }
    return assumeNotZero(difference, boundary, &state)
  }

  /// Whether the condition is the one that ends the block, every iteration of the counter's loop
  /// passes it, and one of its outcomes leaves that loop.
  private func isEnd(_ condition: BoundaryID, of symbol: Symbol) -> Bool {
    let boundary = universe[condition]
    guard case .counter(let loop) = universe[symbol].kind, flow.contains(loop, position),
      boundary.kind == .loopCondition, boundary.position == position, case .own = boundary.place,
      flow.successors[position].contains(where: { !flow.contains(loop, $0) })
    else { return false }
    let start = flow.loops[loop].start
    return flow.predecessors[start].allSatisfy { $0 < start || flow.dominates(position, $0) }
  }

  private func lower(
    _ symbol: Symbol, to high: Int128, _ boundary: BoundaryID, _ state: inout State
  ) {
    var fact = fact(symbol, state)
    if high < fact.interval.high {
      fact.interval.high = high
      fact.highBoundary = boundary
    } else if boundary.isNone {
      // Capped by something unknown: the old bound may not be reachable any more.
      fact.highBoundary = .none
    } else if high == fact.interval.high, fact.highBoundary.isNone {
      fact.highBoundary = boundary
    }
    setFact(symbol, fact, &state)
    spread(symbol, &state)
  }

  private func raise(
    _ symbol: Symbol, to low: Int128, _ boundary: BoundaryID, _ state: inout State
  ) {
    var fact = fact(symbol, state)
    if low > fact.interval.low {
      fact.interval.low = low
      fact.lowBoundary = boundary
    } else if boundary.isNone {
      fact.lowBoundary = .none
    } else if low == fact.interval.low, fact.lowBoundary.isNone {
      fact.lowBoundary = boundary
    }
    setFact(symbol, fact, &state)
    spread(symbol, &state)
  }

  /// Keeps `form <= 0` for a form of several symbols.
  private func relate(_ form: LinearForm, _ boundary: BoundaryID, _ state: inout State) {
    let (key, sign) = normalised(form.linearPart)
    let bound = Int128(-form.constant)
    let index = state.relations.firstIndex { $0.form == key }
    var fact = index.map { state.relations[$0].fact } ?? SymbolFact(interval: .everything)
    if sign > 0, bound <= fact.interval.high {
      fact.interval.high = bound
      fact.highBoundary = boundary
    } else if sign < 0, -bound >= fact.interval.low {
      fact.interval.low = -bound
      fact.lowBoundary = boundary
    }
    if let index {
      state.relations[index].fact = fact
    } else if state.relations.count < 24 {
      state.relations.append(Relation(form: key, fact: fact))
    }
  }

  private func note(
    _ form: LinearForm, _ relation: PathCondition.Relation, _ boundary: BoundaryID,
    _ state: inout State
  ) {
    guard mode == .replay else { return }
    state.conditions.append(PathCondition(form: form, relation: relation, boundary: boundary))
  }
}
