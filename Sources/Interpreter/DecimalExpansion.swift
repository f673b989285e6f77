// SPDX-License-Identifier: Apache-2.0

// A binary floating value has a finite decimal expansion: m * 2^-k = m * 5^k / 10^k. All digits are
// made with plain long multiplication, then rounded half to even, as glibc prints them.

/// The decimal digits of a finite, non-negative value.
struct DecimalExpansion {
  /// The digits, 0 to 9, the most significant first and not zero; empty for zero.
  private var digits: ContiguousArray<UInt8>
  /// How many digits stand before the point; may be negative or beyond `digits`.
  private var point: Int

  init(_ value: Double) {
    guard value != 0 else {
      digits = []
      point = 1
      return
    }
    let mantissaBits = 52
    let fraction = value.significandBitPattern
    let isNormal = value.exponentBitPattern != 0
    let mantissa = isNormal ? fraction | 1 << UInt64(mantissaBits) : fraction
    let exponent = max(1, Int(value.exponentBitPattern)) - 1023 - mantissaBits
    var number = BigNumber(mantissa)
    for _ in 0..<abs(exponent) { number.multiply(by: exponent < 0 ? 5 : 2) }
    digits = number.digits
    point = digits.count + min(0, exponent)
  }

  /// Keeps the first `count` digits, rounded half to even.
  private func rounded(to count: Int) -> DecimalExpansion {
    var result = self
    guard count < digits.count else { return result }
    guard count >= 0 else {
      result.digits = []
      return result
    }
    let rest = digits[count...]
    let first = digits[count]
    let isHalf = first == 5 && rest.dropFirst().allSatisfy { $0 == 0 }
    let isOdd = count > 0 && digits[count - 1] % 2 == 1
    let roundsUp = isHalf ? isOdd : first >= 5
    result.digits.removeLast(digits.count - count)
    if roundsUp { result.increment(count) }
    return result
  }

  /// Adds one unit in the last of `count` kept digits.
  private mutating func increment(_ count: Int) {
    var index = count - 1
    while index >= 0, digits[index] == 9 {
      digits[index] = 0
      index -= 1
    }
    if index >= 0 {
      digits[index] += 1
    } else {
      digits.insert(1, at: 0)
      point += 1
    }
  }

  private func digit(at index: Int) -> UInt8 {
    0x30 + (digits.indices.contains(index) ? digits[index] : 0)
  }

  /// The text of `%f`.
  func fixed(_ precision: Int, keepsPoint: Bool) -> ContiguousArray<UInt8> {
    let kept = rounded(to: point + precision)
    var text = ContiguousArray((0..<max(kept.point, 0)).map { kept.digit(at: $0) })
    if text.isEmpty { text.append(0x30) }
    if precision > 0 || keepsPoint { text.append(0x2E) }
    for index in 0..<precision { text.append(kept.digit(at: kept.point + index)) }
    return text
  }

  /// The exponent of ten of the first digit when `precision + 1` digits are kept.
  private func exponent(_ precision: Int) -> Int {
    digits.isEmpty ? 0 : rounded(to: precision + 1).point - 1
  }

  /// The text of `%e`.
  func scientific(
    _ precision: Int, keepsPoint: Bool, marker: UInt8
  ) -> ContiguousArray<UInt8> {
    let kept = rounded(to: precision + 1)
    var text: ContiguousArray<UInt8> = [kept.digit(at: 0)]
    if precision > 0 || keepsPoint { text.append(0x2E) }
    for index in 0..<precision { text.append(kept.digit(at: index + 1)) }
    let exponent = exponent(precision)
    text.append(marker)
    text.append(exponent < 0 ? 0x2D : 0x2B)
    let magnitude = String(exponent.magnitude)
    if magnitude.utf8.count < 2 { text.append(0x30) }
    return text + ContiguousArray(magnitude.utf8)
  }

  /// The text of `%g`.
  func general(_ precision: Int, keepsZeros: Bool, marker: UInt8) -> ContiguousArray<UInt8> {
    let significant = max(precision, 1)
    let exponent = exponent(significant - 1)
    let isFixed = exponent >= -4 && exponent < significant
    let text =
      isFixed
      ? fixed(significant - 1 - exponent, keepsPoint: keepsZeros)
      : scientific(significant - 1, keepsPoint: keepsZeros, marker: marker)
    if keepsZeros { return text }
    let end = isFixed ? text.count : text.firstIndex(of: marker) ?? text.count
    var mantissa = ContiguousArray(text[..<end])
    if mantissa.contains(0x2E) {
      while mantissa.last == 0x30 { mantissa.removeLast() }
      if mantissa.last == 0x2E { mantissa.removeLast() }
    }
    return mantissa + text[end...]
  }
}

/// A natural number in limbs of nine decimal digits, the least significant first.
private struct BigNumber {
  private static let base: UInt64 = 1_000_000_000
  private var limbs: ContiguousArray<UInt64> = []

  init(_ value: UInt64) {
    var rest = value
    while rest > 0 {
      limbs.append(rest % Self.base)
      rest /= Self.base
    }
  }

  mutating func multiply(by factor: UInt64) {
    var carry: UInt64 = 0
    for index in limbs.indices {
      let product = limbs[index] * factor + carry
      limbs[index] = product % Self.base
      carry = product / Self.base
    }
    if carry > 0 { limbs.append(carry) }
  }

  var digits: ContiguousArray<UInt8> {
    var digits: ContiguousArray<UInt8> = []
    for (index, limb) in limbs.reversed().enumerated() {
      let text = String(limb).utf8
      if index > 0 { digits.append(contentsOf: repeatElement(0, count: 9 - text.count)) }
      digits.append(contentsOf: text.lazy.map { $0 - 0x30 })
    }
    return digits
  }
}
