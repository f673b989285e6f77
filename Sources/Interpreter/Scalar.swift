// SPDX-License-Identifier: Apache-2.0

import IR

/// How values of a type sit in a register and in memory, in one word.
///
/// A register holds 64 bits: integers extended by the sign of their own type, `_Bool` as 0 or 1,
/// pointers as addresses, floating values of any width as the bits of a `Double` (so `long double`
/// is computed with 53 bits of precision).
struct Scalar: BitwiseCopyable, Equatable {
  enum Shape: UInt8, BitwiseCopyable {
    case void, bool, signed, unsigned, floating, pointer, aggregate, unmodelled
  }

  var shape: Shape
  /// Width in bits; 1 for `_Bool`.
  var width: UInt8
  /// Bytes of the value in memory, without the padding of `long double`; 0 for aggregates.
  var bytes: UInt8

  init(_ type: Type, pointerSize: UInt8) {
    switch type.kind {
    case .void: self.init(.void, 0, 0)
    case .bool: self.init(.bool, 1, 1)
    case .integer(let width, let isSigned) where width <= 64:
      self.init(isSigned ? .signed : .unsigned, width, width / 8)
    case .floating(let width) where width == 32 || width == 64 || width == 80:
      self.init(.floating, width, width / 8)
    case .pointer: self.init(.pointer, pointerSize * 8, pointerSize)
    case .array, .unboundedArray, .record: self.init(.aggregate, 0, 0)
    case .integer, .floating, .function, .unmodelled: self.init(.unmodelled, 0, 0)
    }
  }

  private init(_ shape: Shape, _ width: UInt8, _ bytes: UInt8) {
    self.shape = shape
    self.width = width
    self.bytes = bytes
  }

  /// Whether a register can hold a value of it.
  var isScalar: Bool {
    switch shape {
    case .bool, .signed, .unsigned, .floating, .pointer: true
    case .void, .aggregate, .unmodelled: false
    }
  }

  var isInteger: Bool {
    switch shape {
    case .bool, .signed, .unsigned: true
    default: false
    }
  }

  /// The value of the low bits, as a register holds it.
  func canonical(_ bits: UInt64) -> UInt64 {
    switch shape {
    case .signed: Self.signExtended(bits, from: width)
    case .unsigned: Self.zeroExtended(bits, from: width)
    case .bool: bits & 1
    default: bits
    }
  }

  static func signExtended(_ bits: UInt64, from width: UInt8) -> UInt64 {
    let spare = 64 - Int64(width)
    return UInt64(bitPattern: (Int64(bitPattern: bits) << spare) >> spare)
  }

  static func zeroExtended(_ bits: UInt64, from width: UInt8) -> UInt64 {
    let spare = 64 - UInt64(width)
    return (bits << spare) >> spare
  }

  /// A floating result of this width, rounded and as a register holds it.
  func rounded(_ value: Double) -> UInt64 {
    width == 32 ? Double(Float(value)).bitPattern : value.bitPattern
  }
}

/// The x87 extended format, in which `long double` lies in memory on x86.
enum ExtendedFloat {
  /// The significand and the sign with the exponent of a value.
  static func parts(of value: Double) -> (significand: UInt64, head: UInt16) {
    let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
    if value.isNaN { return (0xC000_0000_0000_0000, sign | 0x7FFF) }
    if value.isInfinite { return (0x8000_0000_0000_0000, sign | 0x7FFF) }
    if value.isZero { return (0, sign) }
    let significand = UInt64(value.magnitude.significand * 0x1p63)
    return (significand, sign | UInt16(16383 + Int(value.exponent)))
  }

  /// The value of the parts, rounded to a `Double`.
  static func value(significand: UInt64, head: UInt16) -> Double {
    let exponent = Int(head & 0x7FFF)
    let sign: FloatingPointSign = head & 0x8000 == 0 ? .plus : .minus
    if exponent == 0x7FFF {
      return significand << 1 == 0 ? (sign == .plus ? .infinity : -.infinity) : .nan
    }
    if significand == 0 { return sign == .plus ? 0.0 : -0.0 }
    return Double(
      sign: sign, exponent: exponent - 16383 - 63, significand: Double(significand))
  }
}
