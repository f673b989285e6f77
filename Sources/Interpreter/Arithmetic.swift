// SPDX-License-Identifier: Apache-2.0

// C11 6.5 on registers. What C leaves undefined traps, but for a left shift of a negative value or
// into the sign bit, which every compiler that we compare with defines.

import IR

extension BinaryOperator {
  fileprivate var spelling: String {
    switch self {
    case .add: "+"
    case .subtract: "-"
    case .multiply: "*"
    case .divide: "/"
    case .remainder: "%"
    case .shiftLeft: "<<"
    case .shiftRight: ">>"
    case .and: "&"
    case .or: "|"
    case .xor: "^"
    }
  }
}

/// `left op right` on values of type `scalar`.
func apply(
  _ operation: BinaryOperator, _ left: UInt64, _ right: UInt64, as scalar: Scalar
) throws(Stop) -> UInt64 {
  switch scalar.shape {
  case .signed: return try applySigned(operation, left, right, scalar)
  case .unsigned, .bool: return try applyUnsigned(operation, left, right, scalar)
  case .floating:
    return try applyFloating(
      operation, Double(bitPattern: left), Double(bitPattern: right), scalar)
  case .pointer, .void, .aggregate, .unmodelled:
    throw Stop.trap("applies '\(operation.spelling)' to what is no number")
  }
}

private func applySigned(
  _ operation: BinaryOperator, _ leftBits: UInt64, _ rightBits: UInt64, _ scalar: Scalar
) throws(Stop) -> UInt64 {
  let left = Int64(bitPattern: leftBits)
  let right = Int64(bitPattern: rightBits)
  let result: (partialValue: Int64, overflow: Bool)
  switch operation {
  case .add: result = left.addingReportingOverflow(right)
  case .subtract: result = left.subtractingReportingOverflow(right)
  case .multiply: result = left.multipliedReportingOverflow(by: right)
  case .divide:
    guard right != 0 else { throw Stop.trap("divides \(left) by zero") }
    result = left.dividedReportingOverflow(by: right)
  case .remainder:
    guard right != 0 else { throw Stop.trap("divides \(left) by zero") }
    // The quotient must be representable too (6.5.5p6).
    let quotient = left.dividedReportingOverflow(by: right)
    let fits = !quotient.overflow && !overflows(quotient.partialValue, scalar)
    result = (fits ? left % right : 0, !fits)
  case .shiftLeft:
    return scalar.canonical(leftBits << (try shiftCount(rightBits, scalar)))
  case .shiftRight:
    result = (left >> Int64(try shiftCount(rightBits, scalar)), false)
  case .and: result = (left & right, false)
  case .or: result = (left | right, false)
  case .xor: result = (left ^ right, false)
  }
  if result.overflow || overflows(result.partialValue, scalar) {
    throw Stop.trap(
      "overflows the signed \(scalar.width)-bit type: \(left) \(operation.spelling) \(right)")
  }
  return UInt64(bitPattern: result.partialValue)
}

private func overflows(_ value: Int64, _ scalar: Scalar) -> Bool {
  let bits = UInt64(bitPattern: value)
  return scalar.canonical(bits) != bits
}

private func shiftCount(_ bits: UInt64, _ scalar: Scalar) throws(Stop) -> UInt64 {
  guard bits < UInt64(scalar.width) else {
    throw Stop.trap("shifts a \(scalar.width)-bit value by \(Int64(bitPattern: bits))")
  }
  return bits
}

private func applyUnsigned(
  _ operation: BinaryOperator, _ left: UInt64, _ right: UInt64, _ scalar: Scalar
) throws(Stop) -> UInt64 {
  let result: UInt64
  switch operation {
  case .add: result = left &+ right
  case .subtract: result = left &- right
  case .multiply: result = left &* right
  case .divide:
    guard right != 0 else { throw Stop.trap("divides \(left) by zero") }
    result = left / right
  case .remainder:
    guard right != 0 else { throw Stop.trap("divides \(left) by zero") }
    result = left % right
  case .shiftLeft: result = left << (try shiftCount(right, scalar))
  case .shiftRight: result = left >> (try shiftCount(right, scalar))
  case .and: result = left & right
  case .or: result = left | right
  case .xor: result = left ^ right
  }
  return scalar.canonical(result)
}

private func applyFloating(
  _ operation: BinaryOperator, _ left: Double, _ right: Double, _ scalar: Scalar
) throws(Stop) -> UInt64 {
  switch operation {
  case .add: return scalar.rounded(left + right)
  case .subtract: return scalar.rounded(left - right)
  case .multiply: return scalar.rounded(left * right)
  case .divide: return scalar.rounded(left / right)
  case .remainder, .shiftLeft, .shiftRight, .and, .or, .xor:
    throw Stop.trap("applies '\(operation.spelling)' to a floating value")
  }
}

/// `op value` on a value of type `scalar`.
func apply(_ operation: UnaryOperator, _ value: UInt64, as scalar: Scalar) throws(Stop) -> UInt64 {
  switch (operation, scalar.shape) {
  case (.negate, .signed): return try applySigned(.subtract, 0, value, scalar)
  case (.negate, .unsigned): return scalar.canonical(0 &- value)
  case (.negate, .floating): return (-Double(bitPattern: value)).bitPattern
  case (.complement, .signed), (.complement, .unsigned): return scalar.canonical(~value)
  default: throw Stop.trap("applies '\(operation)' to what is no number")
  }
}

/// Whether a relation holds between two values of type `scalar`.
func holds(
  _ comparison: Comparison, _ left: UInt64, _ right: UInt64, as scalar: Scalar
) throws(Stop) -> Bool {
  switch scalar.shape {
  case .signed:
    return holds(comparison, Int64(bitPattern: left), Int64(bitPattern: right))
  case .unsigned, .bool, .pointer:
    return holds(comparison, left, right)
  case .floating:
    return holds(comparison, Double(bitPattern: left), Double(bitPattern: right))
  case .void, .aggregate, .unmodelled:
    throw Stop.trap("compares what is no scalar")
  }
}

private func holds<Value: Comparable>(
  _ comparison: Comparison, _ left: Value, _ right: Value
) -> Bool {
  switch comparison {
  case .equal: left == right
  case .notEqual: left != right
  case .less: left < right
  case .lessOrEqual: left <= right
  case .greater: left > right
  case .greaterOrEqual: left >= right
  }
}

/// Whether a scalar differs from zero.
func isTrue(_ value: UInt64, as scalar: Scalar) -> Bool {
  scalar.shape == .floating ? Double(bitPattern: value) != 0 : value != 0
}

/// Converts a value of type `source` to type `target`.
func convert(
  _ kind: CastKind, _ value: UInt64, from source: Scalar, to target: Scalar
) throws(Stop) -> UInt64 {
  switch kind {
  case .truncate, .reinterpret, .pointerToInteger:
    return target.canonical(value)
  case .signExtend:
    return target.canonical(Scalar.signExtended(value, from: source.width))
  case .zeroExtend:
    return target.canonical(Scalar.zeroExtended(value, from: source.width))
  case .toBool:
    return isTrue(value, as: source) ? 1 : 0
  case .integerToFloating:
    if source.shape == .signed { return converted(Int64(bitPattern: value), to: target) }
    return converted(value, to: target)
  case .floatingToInteger:
    return try integer(Double(bitPattern: value), target)
  case .floatingToFloating:
    return target.rounded(Double(bitPattern: value))
  case .integerToPointer, .pointerCast, .decay:
    return value
  }
}

/// Rounds once: an integer of 64 bits must not go to `float` by way of `double`.
private func converted<Value: BinaryInteger>(_ value: Value, to target: Scalar) -> UInt64 {
  target.width == 32 ? Double(Float(value)).bitPattern : Double(value).bitPattern
}

private func integer(_ value: Double, _ target: Scalar) throws(Stop) -> UInt64 {
  let whole = value.rounded(.towardZero)
  let bits: UInt64?
  switch target.shape {
  case .signed: bits = Int64(exactly: whole).map { UInt64(bitPattern: $0) }
  default: bits = UInt64(exactly: whole)
  }
  guard let bits, target.canonical(bits) == bits else {
    throw Stop.trap("converts \(value) to an integer of \(target.width) bits that cannot hold it")
  }
  return bits
}
