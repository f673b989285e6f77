// SPDX-License-Identifier: Apache-2.0

import Foundation

/// How the driver and its workers part their messages: the length in eight bytes, low ones first,
/// then the bytes.
enum WorkerFrame {
  /// Bytes that are read at a time, so that a made-up length takes no memory.
  private static let chunk = 1 << 20

  /// Sends a message.
  static func write(_ bytes: Data, to handle: FileHandle) throws {
    var frame = Data(capacity: bytes.count + 8)
    for place in 0..<8 { frame.append(UInt8(truncatingIfNeeded: bytes.count >> (8 * place))) }
    frame.append(bytes)
    try handle.write(contentsOf: frame)
  }

  /// Waits for a message; nil where the other side ends before it is whole.
  static func read(from handle: FileHandle) -> Data? {
    guard let length = read(8, from: handle) else { return nil }
    let count = length.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard let count = Int(exactly: count) else { return nil }
    return read(count, from: handle)
  }

  private static func read(_ count: Int, from handle: FileHandle) -> Data? {
    var bytes = Data()
    while bytes.count < count {
      let missing = min(chunk, count - bytes.count)
      guard let part = try? handle.read(upToCount: missing), !part.isEmpty else { return nil }
      bytes.append(part)
    }
    return bytes
  }
}

/// What the driver sends to a worker: a unit, and what the worker needs beside it.
struct WorkerRequest: Codable, Hashable, Sendable {
  /// The unit to lower.
  var unit: PreparedUnit
  /// The directory that reported paths are relative to, absolute.
  var root: String
  /// Seconds of processor time that the unit may take.
  var timeout: Int
}

/// What a worker answers; the stored form of the module follows in a message of its own, which is
/// empty where there is none.
struct WorkerAnswer: Codable, Hashable, Sendable {
  /// See `UnitOutcome.problem`.
  var problem: String?
}
