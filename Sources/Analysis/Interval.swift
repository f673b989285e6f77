// SPDX-License-Identifier: Apache-2.0

// Intervals of mathematical integers. Every C integer type of at most 64 bits fits an Int128 with
// room for the sums and products of linear forms, so no bound is ever rounded to infinity.

public import IR

/// A closed range of mathematical integers; `low > high` is the empty one.
public struct Interval: BitwiseCopyable, Hashable, Codable, Sendable {
  /// The least member.
  public var low: Int128
  /// The greatest member.
  public var high: Int128

  /// Makes the interval from `low` to `high`, both included.
  public init(_ low: Int128, _ high: Int128) {
    self.low = low
    self.high = high
  }

  /// The interval of one value.
  public init(_ value: Int128) { self.init(value, value) }

  /// More than any C integer or address can hold.
  public static let everything = Interval(-(1 << 70), 1 << 70)

  /// Whether it has no member.
  public var isEmpty: Bool { low > high }

  /// The only member, where there is exactly one.
  public var constant: Int128? { low == high ? low : nil }

  /// The least interval that holds both.
  public func hull(_ other: Interval) -> Interval {
    if isEmpty { return other }
    if other.isEmpty { return self }
    return Interval(min(low, other.low), max(high, other.high))
  }

  /// The members of both.
  public func intersection(_ other: Interval) -> Interval {
    Interval(max(low, other.low), min(high, other.high))
  }

  /// Whether every member of `other` is a member.
  public func contains(_ other: Interval) -> Bool {
    other.isEmpty || (low <= other.low && other.high <= high)
  }

  /// The sums of members.
  public static func + (left: Interval, right: Interval) -> Interval {
    Interval(left.low + right.low, left.high + right.high)
  }

  /// The members times `factor`.
  public static func * (left: Interval, factor: Int128) -> Interval {
    factor >= 0
      ? Interval(left.low * factor, left.high * factor)
      : Interval(left.high * factor, left.low * factor)
  }

  /// The products of members, for operands of at most 64 bits; everything where one is wider.
  public func product(_ other: Interval) -> Interval {
    let limit: Int128 = 1 << 63
    guard -limit <= low, high <= limit * 2, -limit <= other.low, other.high <= limit else {
      return .everything
    }
    let corners = (
      low.multipliedReportingOverflow(by: other.low),
      low.multipliedReportingOverflow(by: other.high),
      high.multipliedReportingOverflow(by: other.low),
      high.multipliedReportingOverflow(by: other.high)
    )
    if corners.0.overflow || corners.1.overflow || corners.2.overflow || corners.3.overflow {
      return .everything
    }
    let first = Interval(
      min(corners.0.partialValue, corners.1.partialValue),
      max(corners.0.partialValue, corners.1.partialValue))
    let second = Interval(
      min(corners.2.partialValue, corners.3.partialValue),
      max(corners.2.partialValue, corners.3.partialValue))
    return first.hull(second)
  }
}

extension Type {
  /// The values that the type holds; everything for types that are not integers or pointers.
  public var range: Interval {
    switch kind {
    case .bool: Interval(0, 1)
    case .integer(let width, let isSigned) where width <= 64:
      isSigned
        ? Interval(-(1 << Int128(width - 1)), (1 << Int128(width - 1)) - 1)
        : Interval(0, (1 << Int128(width)) - 1)
    case .pointer: Interval(0, (1 << Int128(size * 8)) - 1)
    default: .everything
    }
  }
}

/// `value / divisor` rounded down.
func floorDivide(_ value: Int128, _ divisor: Int128) -> Int128 {
  let quotient = value / divisor
  return (value % divisor != 0 && (value < 0) != (divisor < 0)) ? quotient - 1 : quotient
}

/// `value / divisor` rounded up.
func ceilingDivide(_ value: Int128, _ divisor: Int128) -> Int128 {
  -floorDivide(-value, divisor)
}
