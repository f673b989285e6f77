// SPDX-License-Identifier: Apache-2.0

// Arrays that a loop fills with characters other than zero, one each iteration, as in a copy by hand. Where
// the loop is left, so many elements are known not to be a terminator.

import IR

/// How a loop fills an array with characters.
struct LoopText: BitwiseCopyable, Hashable, Sendable {
  /// The only store of the loop that goes there.
  var store: ValueID
  /// Where the array starts in its region, in bytes.
  var base: Int64
  /// Bytes of an element.
  var width: Int64
  /// Whether each iteration writes the next element, from the first one on, and none is zero.
  var isFilling: Bool
}

extension Machine {
  /// Notes a store at a place that is not constant, for the loops around it.
  mutating func noteText(
    _ region: Region, _ inside: SubObject, _ offset: LinearForm, _ stored: ValueID, width: Int64,
    at value: ValueID, _ state: State
  ) {
    guard mode == .explore, flow.innermostLoop[position] >= 0 else { return }
    let place = stringPlace(region, inside, offset)
    var text = LoopText(
      store: value, base: place?.base ?? 0, width: width,
      isFilling: [1, 2, 4].contains(width) && type(of: value).isInteger
        && isNotZero(stored, width: width, state))
    var loop = flow.innermostLoop[position]
    if place.map({ !isNext($0.offset, width, in: loop) }) ?? true { text.isFilling = false }
    while loop >= 0 {
      if let known = loopTexts[loop][region], known.store != value || !known.isFilling {
        text.isFilling = false
      }
      loopTexts[loop][region] = text
      text.isFilling = false
      loop = flow.loops[loop].parent ?? -1
    }
  }

  /// Whether every iteration of a loop stores at the next element.
  private func isNext(_ offset: LinearForm, _ width: Int64, in loop: Int) -> Bool {
    guard let term = offset.singleTerm, offset.constant == 0, Int64(term.coefficient) == width,
      universe[term.symbol].kind == .counter(loop: loop)
    else { return false }
    let start = flow.loops[loop].start
    return flow.predecessors[start].allSatisfy {
      !flow.contains(loop, $0) || flow.dominates(position, $0)
    }
  }

  /// Whether a character is not zero: a constant, or one from before the end of a text.
  private func isNotZero(_ stored: ValueID, width: Int64, _ state: State) -> Bool {
    if let form = form(stored), !bounds(form, state).interval.contains(Interval(0)) { return true }
    switch operation(stored) {
    case .cast(.truncate, let operand), .cast(.signExtend, let operand),
      .cast(.zeroExtend, let operand), .cast(.reinterpret, let operand):
      return isNotZero(operand, width: width, state)
    case .load(let address, false):
      guard Int64(clamping: type(of: stored).size) == width,
        case .pointer(let region, let offset, let inside, _) = registers[Int(address.index)],
        let place = stringPlace(region, inside, offset)
      else { return false }
      let start = AbstractValue.pointer(
        region, offset: LinearForm(constant: place.base), inside: inside, mayBeNull: false)
      let text = stringForCopy(start, state)
      let length = text.length.map { bounds($0, state).interval.low } ?? 0
      let reach = bounds(place.offset, state).interval
      return text.width == width && reach.low >= 0
        && floorDivide(reach.high, Int128(width)) < max(length, Int128(text.filled))
    default: return false
    }
  }

  /// On the way out of a loop: how far the arrays that it fills hold no terminator.
  func leaveTexts(of loop: Int, _ state: inout State) {
    if loopTexts[loop].isEmpty { return }
    guard let counter = universe.knownCounter(of: loop) else { return }
    let count = Int64(clamping: fact(counter, state).interval.low)
    guard count > 0 else { return }
    for (region, text) in loopTexts[loop].sorted(by: { $0.key < $1.key }) where text.isFilling {
      let known = state.string(region, text.base)
      let size = universe[region].size.flatMap { $0.isConstant ? $0.constant : nil }
      let extent = known.map(\.extent) ?? size ?? .max
      let end = count.multipliedReportingOverflow(by: text.width).partialValue
      let behind = text.base.addingSaturating(end)
      let hasNoEnd =
        end >= extent
        || state.uninitialised.contains {
          $0.holder == .region(region) && $0.low <= behind && behind < $0.high
        }
      state.setString(
        StringFact(
          region: region, base: text.base, extent: extent, width: text.width,
          string: hasNoEnd
            ? .unterminated(bytes: LinearForm(constant: end), cause: text.store) : nil,
          zeroFrom: nil, filled: count, external: known?.external))
    }
  }
}
