// SPDX-License-Identifier: Apache-2.0

// What a test of bits says of the number: `if (flags & ~KNOWN) return -EINVAL;` leaves it at most `KNOWN`, and a
// number that has a bit is at least as large as that bit.

import IR

extension Machine {
  /// Takes what is known of the bits of a number into its bounds, where `symbol` is the number under a constant
  /// mask; answers whether there is such a number.
  mutating func assumeBits(
    _ symbol: Symbol, isZero: Bool, _ boundary: BoundaryID, _ state: inout State
  ) -> Bool {
    guard let (number, mask) = masked(symbol, state) else { return true }
    let known = fact(number, state).interval
    var clear: Int128 = isZero ? mask : 0
    var isSet = false
    for other in universe.made(of: number) where other != symbol {
      let part = fact(other, state).interval
      guard part == Interval(0) || !part.contains(Interval(0)),
        let (same, bits) = masked(other, state), same == number
      else { continue }
      if part == Interval(0) {
        clear |= bits
      } else if isZero, bits & ~mask == 0 {
        isSet = true
      }
    }
    if isSet || !isZero && mask & ~clear == 0 { return false }
    if isZero {
      var range = known
      if clear < 0 { range = range.intersection(Interval(0, ~clear)) }
      if range.isEmpty { return false }
      guard range.low >= 0 else { return true }
      range.high = Self.greatest(upTo: range.high, without: clear)
      range.low = Self.least(from: range.low, upTo: range.high, without: clear)
      if range.high < range.low { return false }
      narrow(number, range, boundary, boundary, &state)
    } else if known.low >= 0, mask > 0, mask & (mask - 1) == 0 {
      if known.high < mask { return false }
      narrow(number, Interval(max(known.low, mask), known.high), boundary, boundary, &state)
    }
    return !fact(number, state).interval.isEmpty
  }

  /// The number of which a symbol is the part under a constant mask.
  private func masked(_ symbol: Symbol, _ state: State) -> (number: Symbol, mask: Int128)? {
    guard case .derived(let maker) = universe[symbol].kind,
      case .binary(.and, let left, let right) = operation(maker)
    else { return nil }
    for (value, mask) in [(left, right), (right, left)] {
      guard let constant = form(mask), constant.isConstant, let term = form(value)?.singleTerm,
        term.coefficient == 1, form(value)?.constant == 0,
        universe.operands(of: symbol).contains(term.symbol)
      else { continue }
      return (term.symbol, Int128(constant.constant))
    }
    return nil
  }

  /// The least number from a bound on in which none of some bits is set; more than `end` where there is none.
  private static func least(from bound: Int128, upTo end: Int128, without bits: Int128) -> Int128 {
    var number = bound
    while number & bits != 0, number <= end {
      let top: Int128 = 1 << Int128(127 - (number & bits).leadingZeroBitCount)
      number = (number & ~(2 * top - 1)) + 2 * top
    }
    return number
  }

  /// The greatest number up to a bound in which none of some bits is set.
  private static func greatest(upTo bound: Int128, without bits: Int128) -> Int128 {
    let wrong = bound & bits
    guard wrong > 0 else { return bound }
    let top: Int128 = 1 << Int128(127 - wrong.leadingZeroBitCount)
    return ((bound & ~(2 * top - 1)) | (top - 1)) & ~bits
  }
}
