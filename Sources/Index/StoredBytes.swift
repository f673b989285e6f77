// SPDX-License-Identifier: Apache-2.0

// SQLite's blobs are Foundation's `Data` in GRDB; nothing else here needs it, but for a pause.
import Foundation
import GRDB

extension ContiguousArray where Element == UInt8 {
  /// The value for a statement.
  var databaseBlob: DatabaseValue { Data(self).databaseValue }

  /// The bytes of a blob; none where the column holds something else.
  init(_ value: DatabaseValue) {
    guard case .blob(let data) = value.storage else {
      self = []
      return
    }
    self.init(data)
  }
}

/// Numbers as distances from the one before, in as few bytes as they need: most files of a unit have
/// the numbers in the order in which they were first read.
enum NumberRun {
  static func encode(_ numbers: [Int64]) -> ContiguousArray<UInt8> {
    var bytes: ContiguousArray<UInt8> = []
    var last: Int64 = 0
    for number in numbers {
      let distance = number &- last
      var rest = UInt64(bitPattern: distance << 1 ^ distance >> 63)
      while rest >= 0x80 {
        bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
        rest >>= 7
      }
      bytes.append(UInt8(rest))
      last = number
    }
    return bytes
  }

  /// The numbers; nil for bytes that `encode` did not make.
  static func decode(_ bytes: ContiguousArray<UInt8>) -> [Int64]? {
    var numbers: [Int64] = []
    var last: Int64 = 0
    var rest: UInt64 = 0
    var shift: UInt64 = 0
    for byte in bytes {
      guard shift < 63 else { return nil }
      rest |= UInt64(byte & 0x7F) << shift
      shift += 7
      if byte & 0x80 != 0 { continue }
      last = last &+ (Int64(bitPattern: rest >> 1) ^ -Int64(bitPattern: rest & 1))
      numbers.append(last)
      (rest, shift) = (0, 0)
    }
    return shift == 0 ? numbers : nil
  }
}

/// Waits a moment for another process that holds the database.
func waitForOthers() { Thread.sleep(forTimeInterval: 0.05) }
