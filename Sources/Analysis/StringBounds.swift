// SPDX-License-Identifier: Apache-2.0

// Bounds of string functions that are not the room of their destination: the bound holds nothing back
// where the text is long enough. What is known to overflow is an access out of bounds instead.

import IR

/// What a bounded string function would write.
struct Content {
  /// Elements with the terminator, were there no bound.
  var need: Interval
  /// The argument that the text comes from.
  var source: ValueID?
  /// Whether as many elements as the bound says are written in any case.
  var isPadded: Bool
  /// The same as `need`, where it is known as a form.
  var exact: LinearForm?
  var isAppended = false

  static let unbounded = Content(need: Interval(1, 1 << 62), source: nil, isPadded: false)
}

extension Machine {
  /// Checks that a bound in elements keeps what is written inside the destination.
  mutating func checkBound(
    _ target: ValueID, _ bound: LinearForm?, content: Content, at value: ValueID, argument: Int,
    _ state: inout State
  ) {
    if case .pointer(let region, _, _, _) = registers[Int(target.index)], isChoice(region) {
      return eachAlternative(of: target) { machine, _ in
        machine.checkBound(
          target, bound, content: content, at: value, argument: argument, &state)
      }
    }
    let width = width(of: target)
    guard let capacity = capacity(of: target) else { return }
    let room = bounds(capacity, state).interval
    let need = content.need * Int128(width)
    if !content.isPadded, need.high <= room.low { return }
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(target.index)]
    else { return }
    if !content.isPadded, let start = place(of: offset, region, inside, state),
      universe.kind(of: start.highBoundary) == .formatted
    {
      // The destination itself may lie past the end: snprintf(buffer + n, …).
      access(
        target, LinearForm(constant: width), isWrite: true, at: value, argument: argument, state)
      return
    }
    guard let bound, let bytes = bound.scaled(by: width), let excess = bytes.subtracting(capacity)
    else { return }
    if !content.isPadded, let written = written(content.exact, bound, state)?.scaled(by: width) {
      // How much is written is known, here or to the callers.
      access(
        target, written, isWrite: true, at: value, argument: argument, endsInTerminator: true,
        state)
      guard let past = written.subtracting(capacity).map({ bounds($0, state).interval }),
        past.high > 0, past.low <= 0
      else { return }
    }
    let over = bounds(excess, state)
    guard over.interval.high > 0 else { return }
    if over.interval.low > 0 {
      // What is certain to be written is an access; what only may be is a wrong bound.
      if content.isPadded { return }
      if need.low > room.high {
        let least = min(need.low, bounds(bytes, state).interval.low)
        if least > room.high, let bytes = Int64(exactly: least) {
          return access(
            target, LinearForm(constant: bytes), isWrite: true, at: value, argument: argument,
            state)
        }
      }
      return reportBound(
        .beyondDestination, target, region, inside, excess: over.interval.low, room, content,
        at: value, argument: argument, state)
    }
    guard let source = content.source, need.high > room.high,
      case .pointer(let origin, _, _, _) = registers[Int(source.index)],
      hasLength(of: origin, excess), outsideSource(of: source, state) != nil
    else { return }
    reportBound(
      .ofSource, target, region, inside, excess: 0, room, content, at: value, argument: argument,
      state)
  }

  /// The elements that are written, where it is known which of text and bound is less.
  private func written(
    _ exact: LinearForm?, _ bound: LinearForm, _ state: State
  ) -> LinearForm? {
    guard let exact, let rest = bound.subtracting(exact) else { return nil }
    let left = bounds(rest, state).interval
    if left.low >= 0 { return exact }
    return left.high <= 0 ? bound : nil
  }

  /// Where a pointer points in its array.
  private func place(
    of offset: LinearForm, _ region: Region, _ inside: SubObject, _ state: State
  ) -> SymbolFact? {
    let base = universe.fixedArray(inside)?.base ?? .zero
    return offset.subtracting(base).map { bounds($0, state) }
  }

  /// Whether a form grows with the length of the string in a region.
  private func hasLength(of region: Region, _ form: LinearForm) -> Bool {
    (0..<form.count).contains { index in
      guard case .length(region, _) = universe[form[index].symbol].kind else { return false }
      return form[index].coefficient > 0
    }
  }

  private mutating func reportBound(
    _ mistake: BoundMistake, _ target: ValueID, _ region: Region, _ inside: SubObject,
    excess: Int128, _ room: Interval, _ content: Content, at value: ValueID, argument: Int,
    _ state: State
  ) {
    let source = content.source.map { module.text(of: body.instructions[$0].origin) } ?? ""
    let observation = BoundObservation(
      mistake: mistake, callee: calleeName(value), object: objectName(target, region, inside),
      size: room.constant.flatMap { Int64(exactly: $0) }, excess: Int64(clamping: excess),
      source: source, isAppended: content.isAppended)
    report(
      Violation(
        candidate: Candidate(value: value, argument: argument, kind: .bound, via: []),
        observation: .bound(observation), isDefinite: true, goal: nil, boundary: .none,
        cause: nil, region: region))
  }
}

extension Universe {
  /// What a boundary is.
  func kind(of boundary: BoundaryID) -> Boundary.Kind { self[boundary].kind }
}
