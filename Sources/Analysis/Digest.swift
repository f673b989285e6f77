// SPDX-License-Identifier: Apache-2.0

import Findings

/// The first 128 bits of a SHA-256: what code makes of it cannot be aimed at another's.
public struct Digest: BitwiseCopyable, Hashable, Comparable, Sendable {
  /// The first eight bytes, the first one highest.
  public var high: UInt64
  /// The eight bytes after them.
  public var low: UInt64

  /// Makes a digest of its two halves.
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The digest of bytes.
  public init(of bytes: ContiguousArray<UInt8>) {
    self.init(sha256: SHA256.digest(of: bytes.span))
  }

  /// The first half of a SHA-256 of 32 bytes.
  public init(sha256 hash: [UInt8]) {
    self.init(high: Self.word(hash, at: 0), low: Self.word(hash, at: 8))
  }

  /// Bytes of a digest.
  public static let size = 16

  /// The digest of sixteen bytes that `bytes` gave; nil for another number.
  public init?(bytes: some Collection<UInt8>) {
    guard bytes.count == Self.size else { return nil }
    let bytes = Array(bytes)
    self.init(high: Self.word(bytes, at: 0), low: Self.word(bytes, at: 8))
  }

  /// The sixteen bytes.
  public var bytes: ContiguousArray<UInt8> {
    var bytes: ContiguousArray<UInt8> = []
    for word in [high, low] {
      for shift in stride(from: 56, through: 0, by: -8) {
        bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
      }
    }
    return bytes
  }

  /// Stands for no answer.
  public static let zero = Digest(high: 0, low: 0)

  /// An answer that is yes or no.
  init(_ answer: Bool) { self.init(high: 0, low: answer ? 1 : 2) }

  /// An answer that is a number, or none.
  init(_ answer: Int64?) {
    self.init(high: answer == nil ? 3 : 4, low: UInt64(bitPattern: answer ?? 0))
  }

  /// Orders by value.
  public static func < (left: Digest, right: Digest) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }

  private static func word(_ bytes: [UInt8], at start: Int) -> UInt64 {
    var word: UInt64 = 0
    for index in start..<start + 8 { word = word << 8 | UInt64(bytes[index]) }
    return word
  }
}
