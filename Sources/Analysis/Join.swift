// SPDX-License-Identifier: Apache-2.0

// The least state that covers two, up to names: values that differ become a symbol of the place and
// the point where they meet. A hull's bound stays reachable where the side that supplies it can reach
// it; bounds of two symbols are never combined on the strength of that alone (see Replay).

import IR

extension Machine {
  /// Joins two states where control flow meets.
  mutating func join(
    _ left: State, _ right: State, at position: Int, isLoopMerge: Bool
  ) -> State {
    var result = State(localCount: 0)
    let count = max(left.facts.count, right.facts.count)
    result.facts.reserveCapacity(count)
    for index in 0..<count {
      let symbol = Symbol(index: UInt32(index))
      result.facts.append(hull(fact(symbol, left), fact(symbol, right)))
    }
    joinRelations(left, right, &result)
    var context = Merge(
      position: position, isLoopMerge: isLoopMerge, left: left, right: right)
    result.locals.reserveCapacity(left.locals.count)
    for slot in left.locals.indices {
      result.locals.append(
        merge(left.locals[slot], right.locals[slot], .local(slot), &context, &result))
    }
    joinCells(&context, &result)
    joinStrings(&context, &result)
    result.inputs = joinInputs(left.inputs, right.inputs)
    result.indexed = left.indexed.filter { right.indexed.contains($0) }
    for release in left.released {
      var merged = release
      if right.release(of: release.region)?.isCertain != true, !isNull(release.region, right) {
        merged.isCertain = false
      }
      result.release(merged)
    }
    for release in right.released where left.release(of: release.region) == nil {
      var merged = release
      if !isNull(release.region, left) { merged.isCertain = false }
      result.release(merged)
    }
    result.joinNulls(left, right)
    result.joinResources(left, right)
    result.joinUserPointers(left, right)
    if fetchesTwice {
      result.fetches = left.fetches
      result.fetches.join(right.fetches)
    }
    joinLocks(left, right, &result)
    joinErrors(left, right, &result)
    for fact in context.errors { result.setError(fact) }
    result.holdsUnplaced = left.holdsUnplaced || right.holdsUnplaced
    result.isShaken = left.isShaken || right.isShaken
    result.joinUninitialised(left, right)
    result.touched = left.touched
    for region in right.touched { result.touch(region) }
    result.isHavocked = left.isHavocked || right.isHavocked
    result.passedMember = left.passedMember || right.passedMember
    result.escaped = left.escaped
    for region in right.escaped { result.escape(region) }
    for region in left.lost { result.lose(region) }
    for region in right.lost { result.lose(region) }
    return result
  }

  /// The two states that are joined.
  private struct Merge {
    var position: Int
    var isLoopMerge: Bool
    var left: State
    var right: State
    /// Pointers that meet error numbers.
    var errors: [ErrorFact] = []
  }

  func hull(_ left: SymbolFact, _ right: SymbolFact) -> SymbolFact {
    var fact = SymbolFact(interval: left.interval.hull(right.interval))
    fact.lowBoundary = reason(
      left.interval.low, left.lowBoundary, right.interval.low, right.lowBoundary,
      fact.interval.low)
    fact.highBoundary = reason(
      left.interval.high, left.highBoundary, right.interval.high, right.highBoundary,
      fact.interval.high)
    fact.input = left.input.isNone ? right.input : left.input
    return fact
  }

  private func reason(
    _ left: Int128, _ leftReason: BoundaryID, _ right: Int128, _ rightReason: BoundaryID,
    _ bound: Int128
  ) -> BoundaryID {
    if left == bound && !leftReason.isNone { return leftReason }
    return right == bound ? rightReason : .none
  }

  private func joinRelations(_ left: State, _ right: State, _ result: inout State) {
    for relation in left.relations {
      // The other side may imply the relation without stating it.
      let other = bounds(relation.form, right)
      let merged = hull(relation.fact, other)
      if merged.interval.low > Interval.everything.low
        || merged.interval.high < Interval.everything.high
      {
        result.relations.append(Relation(form: relation.form, fact: merged))
      }
    }
  }

  private mutating func merge(
    _ left: AbstractValue, _ right: AbstractValue, _ place: MergeKey.Place,
    _ context: inout Merge, _ result: inout State
  ) -> AbstractValue {
    if left == right { return left }
    switch (left, right) {
    case (.number(let a), .number(let b)):
      return .number(LinearForm(merge(a, b, place, context, &result)))
    case (.floating(let a), .floating(let b)):
      return .floating(LinearForm(merge(a, b, place, context, &result)))
    case (
      .pointer(let a, let first, let inside, let leftNull),
      .pointer(let b, let second, let otherInside, let rightNull)
    ) where a == b:
      let offset =
        first == second ? first : LinearForm(merge(first, second, place, context, &result))
      return .pointer(
        a, offset: offset, inside: inside == otherInside ? inside : .none,
        mayBeNull: leftNull || rightNull)
    case (.pointer(let region, let offset, let inside, _), .number(.zero)):
      return .pointer(region, offset: offset, inside: inside, mayBeNull: true)
    case (.number(.zero), .pointer(let region, let offset, let inside, _)):
      // What a loop brings back is written in symbols that its next iteration defines anew.
      let isKept = !context.isLoopMerge || offset.isConstant
      return .pointer(
        region,
        offset: isKept
          ? offset : LinearForm(name(bounds(offset, context.right), place, context, &result)),
        inside: !context.isLoopMerge || universe[inside].base.isConstant ? inside : .none,
        mayBeNull: true)
    case (.pointer(let a, let first, let inside, _), .pointer(let b, let second, let other, _)):
      if let region = choice(a, inside, b, other, context) {
        let offset =
          first == second && (first.isConstant || !context.isLoopMerge)
          ? first : LinearForm(merge(first, second, place, context, &result))
        return .pointer(
          region, offset: offset, inside: .none, mayBeNull: canBeNull(left) || canBeNull(right))
      }
      if let known = error(a, b, in: context.left, context.right) {
        context.errors.append(known)
        for region in [a, b] where region != known.region && isKnownOtherwise(region) {
          result.lose(region)
        }
        return known.region == a ? left : right
      }
      fallthrough
    default:
      for case .pointer(let region, _, _, _) in [left, right] {
        for alternative in universe.alternatives(of: region, .none) {
          result.lose(alternative.region)
        }
      }
      return .unknown
    }
  }

  private func canBeNull(_ value: AbstractValue) -> Bool {
    if case .pointer(_, _, _, let mayBeNull) = value { return mayBeNull }
    return true
  }

  /// The region that stands for the objects of two pointers; `nil` where they are too many, or where
  /// one is named by an instruction that a loop executes again.
  private mutating func choice(
    _ left: Region, _ inside: SubObject, _ right: Region, _ other: SubObject, _ context: Merge
  ) -> Region? {
    var alternatives = universe.alternatives(of: left, inside)
    for alternative in universe.alternatives(of: right, other)
    where !alternatives.contains(alternative) {
      alternatives.append(alternative)
    }
    guard alternatives.count <= 4 else { return nil }
    for alternative in alternatives {
      switch universe[alternative.region].kind {
      case .local, .global, .foreign, .literal, .parameter: break
      case .heap, .made: if context.isLoopMerge { return nil }
      case .opaque, .entry, .choice: return nil
      }
      if alternative.inside != .none, !universe[alternative.inside].base.isConstant { return nil }
    }
    alternatives.sort { ($0.region, $0.inside.index) < ($1.region, $1.inside.index) }
    return universe.region(ofChoice: alternatives)
  }

  private mutating func merge(
    _ left: LinearForm, _ right: LinearForm, _ place: MergeKey.Place, _ context: Merge,
    _ result: inout State
  ) -> Symbol {
    name(hull(bounds(left, context.left), bounds(right, context.right)), place, context, &result)
  }

  /// The symbol of a place at the point where the states meet.
  private mutating func name(
    _ fact: SymbolFact, _ place: MergeKey.Place, _ context: Merge, _ result: inout State
  ) -> Symbol {
    let key = MergeKey(
      position: context.position, isLoopMerge: context.isLoopMerge, place: place)
    let symbol = universe.symbol(of: key, range: .everything, isSteady: isSteady(key))
    defineMerged(symbol, fact, &result)
    return symbol
  }

  /// Whether a merged value takes every value between its bounds.
  func isSteady(_ key: MergeKey) -> Bool {
    guard key.isLoopMerge else { return true }
    let loop = flow.loopAtHead[key.position]
    guard loop >= 0, case .local(let slot) = key.place else { return false }
    return flow.loops[loop].steadyLocals.contains { slots[Int($0.index)] == slot }
  }

  private mutating func joinCells(_ context: inout Merge, _ result: inout State) {
    let left = context.left.cells
    let right = context.right.cells
    var index = 0
    var other = 0
    while index < left.count || other < right.count {
      if other == right.count || (index < left.count && isBefore(left[index], right[other])) {
        let cell = left[index]
        index += 1
        if other > 0, right[other - 1].isZero, isPart(cell, of: right[other - 1]) {
          joinCell(cell, cell.value, .constant(0), &context, &result)
        } else {
          keepEntryCell(cell, absentIn: context.right, &result)
        }
        continue
      }
      if index == left.count || isBefore(right[other], left[index]) {
        let cell = right[other]
        other += 1
        if index > 0, left[index - 1].isZero, isPart(cell, of: left[index - 1]) {
          joinCell(cell, .constant(0), cell.value, &context, &result)
        } else {
          keepEntryCell(cell, absentIn: context.left, &result)
        }
        continue
      }
      let (cell, match) = (left[index], right[other])
      index += 1
      other += 1
      let (small, large) = cell.size <= match.size ? (cell, match) : (match, cell)
      guard small.size == large.size || large.isZero else { continue }
      joinCell(small, cell.value, match.value, &context, &result)
    }
  }

  private mutating func joinCell(
    _ cell: Cell, _ left: AbstractValue, _ right: AbstractValue, _ context: inout Merge,
    _ result: inout State
  ) {
    var merged = cell
    merged.value = merge(left, right, .cell(cell.region, cell.offset), &context, &result)
    if case .unknown = merged.value { return }
    result.cells.append(merged)
  }

  /// Whether a cell's bytes are among those of another.
  private func isPart(_ cell: Cell, of other: Cell) -> Bool {
    cell.region == other.region && other.offset <= cell.offset && cell.end <= other.end
  }

  /// A cell that one side has read and the other has not: it holds on both where it is what the place
  /// held at entry, and the other side has not written there.
  private func keepEntryCell(_ cell: Cell, absentIn other: State, _ result: inout State) {
    guard isPristine(cell.region, other) else { return }
    switch cell.value {
    case .number(let form):
      guard let term = form.singleTerm, case .entry(let place) = universe[term.symbol].kind,
        form == LinearForm(term.symbol), place.region == cell.region, place.offset == cell.offset
      else { return }
    case .pointer(let region, .zero, .none, true):
      guard case .entry(let place) = universe[region].kind, place.region == cell.region,
        place.offset == cell.offset
      else { return }
    default: return
    }
    result.cells.append(cell)
  }

  private func isBefore(_ left: Cell, _ right: Cell) -> Bool {
    (left.region, left.offset) < (right.region, right.offset)
  }

  /// A string that can lack its terminator on one side is a candidate on both.
  private mutating func joinStrings(_ context: inout Merge, _ result: inout State) {
    var merged: [StringFact] = []
    for fact in context.left.strings {
      let other = context.right.string(fact.region, fact.base)
      var joined = fact
      joined.zeroFrom = fact.zeroFrom.flatMap { a in other?.zeroFrom.map { max(a, $0) } }
      joined.filled = other?.width == fact.width ? min(fact.filled, other?.filled ?? 0) : 0
      joined.external = fact.external ?? other?.external
      joined.string = joinString(fact, other, context, &result)
      merged.append(joined)
    }
    for fact in context.right.strings
    where context.left.string(fact.region, fact.base) == nil {
      var joined = fact
      joined.zeroFrom = nil
      joined.filled = 0
      joined.string = joinString(fact, nil, isBack: true, context, &result)
      merged.append(joined)
    }
    for fact in merged { result.setString(fact) }
  }

  private mutating func joinString(
    _ fact: StringFact, _ other: StringFact?, isBack: Bool = false, _ context: Merge,
    _ result: inout State
  ) -> StringState? {
    if let other, other.width != fact.width { return nil }
    switch (fact.string, other?.string) {
    case (.unterminated(let a, let cause)?, .unterminated(let b, _)?):
      if a == b { return fact.string }
      let place = MergeKey.Place.length(fact.region, fact.base)
      return .unterminated(
        bytes: LinearForm(merge(a, b, place, context, &result)), cause: cause)
    case (.unterminated?, _) where !isBack: return fact.string
    case (.unterminated(let bytes, let cause)?, _), (_, .unterminated(let bytes, let cause)?):
      if !context.isLoopMerge || bytes.isConstant {
        return .unterminated(bytes: bytes, cause: cause)
      }
      // What a loop brings back is written in symbols that its next iteration defines anew.
      let place = MergeKey.Place.length(fact.region, fact.base)
      let known = bounds(bytes, context.right)
      return .unterminated(
        bytes: LinearForm(name(known, place, context, &result)), cause: cause)
    case (.terminated(let a)?, .terminated(let b)?):
      if a == b { return fact.string }
      let place = MergeKey.Place.length(fact.region, fact.base)
      return .terminated(length: LinearForm(merge(a, b, place, context, &result)))
    default: return nil
    }
  }
}
