// SPDX-License-Identifier: Apache-2.0

// What somebody outside chooses: bytes that a file, a peer or the user supplies, and the numbers made
// of them. Such a number really takes every value of its type, so its bounds are reachable until the
// program bounds it, and no name of a checking function is needed to see that it did.

import IR

/// Bytes of a region that somebody outside chose.
struct InputRange: BitwiseCopyable, Hashable, Sendable {
  var region: Region
  /// The first byte.
  var low: Int64
  /// The byte after the last one; `Int64.max` where the end is not known.
  var high: Int64
  /// The call that brought them in.
  var boundary: BoundaryID
}

/// What a place at an index holds: asked twice, it is the same value.
struct IndexedCell: BitwiseCopyable, Hashable, Sendable {
  var region: Region
  var offset: LinearForm
  var size: Int64
  var value: AbstractValue
}

extension State {
  /// What a place at an index is known to hold.
  func indexedCell(_ region: Region, _ offset: LinearForm, _ size: Int64) -> AbstractValue? {
    indexed.first { $0.region == region && $0.offset == offset && $0.size == size }?.value
  }

  /// Keeps what a place at an index holds; the oldest of 16 goes.
  mutating func keepIndexed(
    _ region: Region, _ offset: LinearForm, _ size: Int64, _ value: AbstractValue
  ) {
    if case .unknown = value { return }
    if indexed.count >= 16 { indexed.removeFirst() }
    indexed.append(IndexedCell(region: region, offset: offset, size: size, value: value))
  }

  /// The first range of a region that overlaps `low..<high`.
  func input(in region: Region, from low: Int64, to high: Int64) -> InputRange? {
    inputs.first { $0.region == region && $0.low < high && low < $0.high }
  }

  /// Notes bytes that somebody outside chose; past 32 ranges nothing new, which only loses findings.
  mutating func addInput(_ range: InputRange) {
    guard range.low < range.high else { return }
    var range = range
    inputs.removeAll { other in
      guard other.region == range.region, other.low <= range.high, range.low <= other.high else {
        return false
      }
      // Neighbours that two calls bring in stay two.
      let isNeighbour = other.low == range.high || range.low == other.high
      if isNeighbour, other.boundary != range.boundary { return false }
      range.low = min(range.low, other.low)
      range.high = max(range.high, other.high)
      return true
    }
    guard inputs.count < 32 else { return }
    let index = inputs.firstIndex { (range.region, range.low) < ($0.region, $0.low) }
    inputs.insert(range, at: index ?? inputs.count)
  }

  /// Forgets that the bytes `low..<high` of a region come from outside.
  mutating func removeInputs(in region: Region, from low: Int64, to high: Int64) {
    if !fetches.bytes.isEmpty { fetches.forget(region, from: low, to: high) }
    if input(in: region, from: low, to: high) == nil { return }
    let old = inputs
    inputs = []
    for range in old {
      guard range.region == region, range.low < high, low < range.high else {
        inputs.append(range)
        continue
      }
      var before = range
      before.high = low
      if before.low < before.high { inputs.append(before) }
      var after = range
      after.low = high
      if after.low < after.high { inputs.append(after) }
    }
  }
}

extension Machine {
  /// Bytes that come from outside on one side do so behind the join: a candidate, for one path to
  /// confirm.
  func joinInputs(
    _ left: ContiguousArray<InputRange>, _ right: ContiguousArray<InputRange>
  ) -> ContiguousArray<InputRange> {
    if left == right || right.isEmpty { return left }
    var state = State(localCount: 0)
    state.inputs = left
    for range in right where !left.contains(range) { state.addInput(range) }
    return state.inputs
  }

  /// Brings back what the head of a loop knows of the regions that the loop writes.
  ///
  /// What the program wrote or checked there is a cell of the head, and not from outside any more.
  func restoreInputs(_ head: State, _ written: Set<Region>, _ state: inout State) {
    if head.inputs.isEmpty { return }
    for range in head.inputs where written.contains(range.region) { state.addInput(range) }
    for cell in head.cells where written.contains(cell.region) {
      state.removeInputs(
        in: cell.region, from: cell.offset, to: cell.offset.addingSaturating(Int64(cell.size)))
    }
  }

  /// The condition under which `value` comes from outside by the call `call`.
  mutating func inputBoundary(
    _ value: ValueID?, by call: ValueID, isText: Bool = false
  ) -> BoundaryID {
    universe.id(
      of: Boundary(
        kind: .input, place: .own(body.instructions[call].origin), position: position,
        isTaken: !isText, left: value, right: nil))
  }

  /// The same reason, about another value.
  mutating func inputBoundary(_ value: ValueID, like boundary: BoundaryID) -> BoundaryID {
    var row = universe[boundary]
    row.left = value
    return universe.id(of: row)
  }

  /// Who chose the bytes at a place of a region; `none` where nobody outside did.
  func input(in region: Region, _ low: Int64, _ high: Int64, _ state: State) -> BoundaryID {
    state.input(in: region, from: low, to: high)?.boundary ?? .none
  }

  /// Who chose the bytes that an address leads to.
  func input(at address: ValueID, _ state: State) -> BoundaryID {
    guard case .pointer(let region, let offset, _, _) = registers[Int(address.index)] else {
      return .none
    }
    let reach = bounds(offset, state).interval
    return input(
      in: region, Int64(clamping: reach.low), Int64(clamping: reach.high + 1), state)
  }

  /// The call that brings in what a form is made of; empty where nobody outside chooses it.
  func inputText(_ form: LinearForm, _ state: State) -> String {
    let boundary = bounds(form, state).input
    return boundary.isNone ? "" : text(of: universe[boundary])
  }

  /// Whether nobody knows how what comes from outside was checked.
  func isBelieved(_ form: LinearForm, _ state: State) -> Bool {
    let boundary = bounds(form, state).input
    return !boundary.isNone && universe[boundary].kind == .believed
  }

  /// Who chose a number.
  func input(of value: ValueID, _ state: State) -> BoundaryID {
    form(value).map { bounds($0, state).input } ?? .none
  }

  /// A value that somebody outside chooses: every one of its type.
  mutating func inputNumber(
    _ value: ValueID, _ boundary: BoundaryID, _ state: inout State
  ) -> AbstractValue {
    let type = type(of: value)
    if type.isFloating { return inputFloating(value, boundary, &state) }
    guard type.isInteger, type.width <= 64 else { return unknownValue(value, &state) }
    let reason = inputBoundary(value, like: boundary)
    return unknownNumber(value, type.range, &state, low: reason, high: reason, input: reason)
  }

  /// A scalar read from bytes that somebody outside chose; `nil` where nobody did.
  mutating func loadInput(
    _ region: Region, _ offset: LinearForm, _ size: Int64, at value: ValueID,
    _ state: inout State
  ) -> AbstractValue? {
    let type = type(of: value)
    if state.inputs.isEmpty || !(type.isInteger || type.isFloating) { return nil }
    if type.isFloating, !offset.isConstant { return nil }
    if let known = state.indexedCell(region, offset, size), let form = known.form,
      type.range.contains(bounds(form, state).interval)
    {
      return known
    }
    let reach = bounds(offset, state).interval
    let boundary = input(
      in: region, Int64(clamping: reach.low), Int64(clamping: reach.high + Int128(size)), state)
    if boundary.isNone { return nil }
    let made = inputNumber(value, boundary, &state)
    if !offset.isConstant { state.keepIndexed(region, offset, size, made) }
    return made
  }

  /// Keeps the ranges true to a store.
  mutating func storeInput(
    _ region: Region, _ offset: LinearForm, _ size: Int64, _ content: AbstractValue,
    _ state: inout State
  ) {
    let origin = content.form.map { bounds($0, state).input } ?? .none
    if state.inputs.isEmpty && origin.isNone { return }
    state.indexed.removeAll { $0.region == region }
    if offset.isConstant {
      // The cell says it better.
      state.removeInputs(
        in: region, from: offset.constant, to: offset.constant.addingSaturating(size))
    } else if !origin.isNone, let content = content.form,
      fills(bounds(content, state).interval, size)
    {
      let reach = bounds(offset, state).interval
      state.addInput(
        InputRange(
          region: region, low: max(Int64(clamping: reach.low), 0),
          high: Int64(clamping: reach.high + Int128(size)), boundary: origin))
    }
  }

  /// Whether a value is every value that so many bytes hold, as a later load takes it to be.
  private func fills(_ interval: Interval, _ size: Int64) -> Bool {
    guard size > 0, size <= 8 else { return false }
    return interval.high - interval.low >= (Int128(1) << Int128(size * 8)) - 1
  }

  /// Notes that a call fills what an address leads to with bytes from outside.
  mutating func fillInput(
    _ target: ValueID, _ count: LinearForm?, by boundary: BoundaryID, _ state: inout State
  ) {
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(target.index)] else {
      return
    }
    let reach = reach(of: offset, inside, count, state)
    guard reach.low < reach.high else { return }
    state.addInput(
      InputRange(region: region, low: reach.low, high: reach.high, boundary: boundary))
  }

  /// The bytes of a region that a call may fill, which fills `count` from `offset` on.
  func reach(
    of offset: LinearForm, _ inside: SubObject, _ count: LinearForm?, _ state: State
  ) -> (low: Int64, high: Int64) {
    let reach = bounds(offset, state).interval
    let length = count.map { bounds($0, state).interval.high } ?? Int128(Int64.max)
    var low = max(reach.low, 0)
    var high = max(reach.high, 0) + max(length, 0)
    if let array = universe.fixedArray(inside) {
      // Whether it stays in its array is another question.
      let base = bounds(array.base, state).interval
      low = max(low, base.low)
      high = min(high, base.high + Int128(array.size))
    }
    return (Int64(clamping: low), Int64(clamping: high))
  }

  /// What `scanf` stores comes from outside; what `sscanf` stores, where its text does.
  mutating func scanInput(
    _ arguments: [ValueID], first: Int, at value: ValueID, _ state: inout State
  ) {
    let isFromText = model(of: value)?.effects.contains(.string(0)) ?? false
    let boundary =
      isFromText
      ? input(at: arguments[0], state) : inputBoundary(nil, by: value, isText: true)
    if boundary.isNone { return }
    for argument in arguments.dropFirst(first) {
      fillInput(
        argument, pointee(argument).map { LinearForm(constant: Int64(module.types[$0].size)) },
        by: boundary, &state)
    }
  }

  /// Keeps the ranges true to a copy of bytes.
  mutating func copyInput(
    to destination: AbstractValue, from source: AbstractValue, _ size: LinearForm,
    _ state: inout State
  ) {
    guard !state.inputs.isEmpty, case .pointer(let target, let to, _, _) = destination else {
      return
    }
    let length = max(bounds(size, state).interval.high, 0)
    let reach = bounds(to, state).interval
    let low = max(Int64(clamping: reach.low), 0)
    let high = Int64(clamping: max(reach.high, 0) + length)
    var found: [InputRange] = []
    if case .pointer(let origin, let from, _, _) = source {
      let start = Int64(clamping: bounds(from, state).interval.low)
      let end = Int64(clamping: bounds(from, state).interval.high + length)
      for range in state.inputs
      where range.region == origin && range.low < end && start < range.high {
        var moved = range
        moved.region = target
        let shift = to.isConstant && from.isConstant ? to.constant - start : nil
        moved.low = shift.map { max(max(range.low, start).addingSaturating($0), low) } ?? low
        moved.high = shift.map { min(min(range.high, end).addingSaturating($0), high) } ?? high
        found.append(moved)
      }
    }
    if to.isConstant, size.isConstant { state.removeInputs(in: target, from: low, to: high) }
    for range in found { state.addInput(range) }
  }

  /// The effects of a model that speak of what comes from outside.
  mutating func apply(
    _ effect: InputEffect, _ arguments: [ValueID], count: LinearForm?, at value: ValueID,
    _ state: inout State
  ) {
    switch effect {
    case .text(let target, let source):
      guard target < arguments.count, source < arguments.count else { return }
      let origin = input(at: arguments[source], state)
      if !origin.isNone { fillInput(arguments[target], nil, by: origin, &state) }
    case .result, .parsed, .converted: break
    }
  }

  /// The result of a model that returns what somebody outside chose; `nil` for others.
  mutating func inputResult(
    _ model: FunctionModel, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) -> AbstractValue? {
    for case .input(let effect, let count) in model.effects {
      switch effect {
      case .result:
        let boundary = inputBoundary(nil, by: value, isText: true)
        if !type(of: value).isPointer { return resultRange(count, at: value, boundary, &state) }
        let made = result(model, arguments, at: value, &state)
        if case .pointer(let region, _, _, _) = made {
          state.addInput(InputRange(region: region, low: 0, high: .max, boundary: boundary))
        }
        return made
      case .parsed(let source):
        guard source < arguments.count else { return nil }
        let origin = input(at: arguments[source], state)
        return origin.isNone ? nil : inputNumber(value, origin, &state)
      case .converted(let source):
        guard source < arguments.count else { return nil }
        let origin = input(of: arguments[source], state)
        return origin.isNone ? nil : inputNumber(value, origin, &state)
      case .text: continue
      }
    }
    return nil
  }

  private mutating func resultRange(
    _ count: ModelSize?, at value: ValueID, _ boundary: BoundaryID, _ state: inout State
  ) -> AbstractValue {
    guard case .constant(let limit)? = count, type(of: value).isInteger else {
      return inputNumber(value, boundary, &state)
    }
    // A limit of 255 is that of a character or the end of the input, others start at zero.
    let low: Int128 = limit == 255 ? -1 : 0
    let reason = inputBoundary(value, like: boundary)
    let range = Interval(low, Int128(limit)).intersection(type(of: value).range)
    return unknownNumber(value, range, &state, low: reason, high: reason, input: reason)
  }
}
