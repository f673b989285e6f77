// SPDX-License-Identifier: Apache-2.0

/// The value that GitHub code scanning computes as `primaryLocationLineHash`, for each line of a file.
///
/// GitHub tracks alerts across commits by this value alone, and warns for each result whose upload
/// differs from it. The algorithm is that of `github/codeql-action` (`src/fingerprints.ts`): a rolling
/// hash over the 100 UTF-16 code units that follow the start of the line, without blanks and tabs and
/// with every line break as a line feed, and the count of equal hashes so far.
public struct LineHashes: Sendable {
  /// For each line its hash, and how many lines up to it have the same.
  private let hashes: [(hash: UInt64, count: Int)]

  /// Hashes the lines of a file given as UTF-8; malformed bytes count as U+FFFD.
  public init(text: ContiguousArray<UInt8>) {
    let (units, lineStarts) = normalised(text)
    var counts: [UInt64: Int] = [:]
    counts.reserveCapacity(lineStarts.count)
    var found: [(hash: UInt64, count: Int)] = []
    found.reserveCapacity(lineStarts.count)
    var hash = units[0..<window].reduce(0) { hash, unit in hash &* base &+ UInt64(unit) }
    var start = 0
    for line in lineStarts {
      // From one window to the next: the unit that leaves has been multiplied once for each that came.
      while start < line {
        hash = hash &* base &+ UInt64(units[start + window])
        hash = hash &- power &* UInt64(units[start])
        start += 1
      }
      let count = counts[hash, default: 0] + 1
      counts[hash] = count
      found.append((hash, count))
    }
    hashes = found
  }

  /// The hash of a line, counted from 1; "" where the file has no such line.
  public subscript(line: Int) -> String {
    guard hashes.indices.contains(line - 1) else { return "" }
    let (hash, count) = hashes[line - 1]
    return String(hash, radix: 16) + ":" + String(count)
  }
}

/// Code units that the hash of a line covers.
private let window = 100

/// What a hash is multiplied by for each unit that follows.
private let base: UInt64 = 37
/// `base` to the power of `window`.
private let power = (0..<window).reduce(UInt64(1)) { power, _ in power &* base }

/// The code units that count, ended by the end-of-file mark and padding, and where lines start.
private func normalised(
  _ text: ContiguousArray<UInt8>
) -> (units: ContiguousArray<UInt16>, lineStarts: [Int]) {
  var reader = LineReader(capacity: text.count + window + 1)
  // Most files are ASCII, where a byte is a unit.
  if text.allSatisfy({ $0 < 0x80 }) {
    for byte in text { reader.read(UInt16(byte)) }
  } else {
    for unit in String(decoding: text, as: UTF8.self).utf16 { reader.read(unit) }
  }
  reader.append(0xFFFF)
  reader.units.append(contentsOf: repeatElement(0, count: window))
  return (reader.units, reader.lineStarts)
}

/// Takes out what does not count.
private struct LineReader {
  var units: ContiguousArray<UInt16> = []
  var lineStarts: [Int] = []
  private var isLineStart = true
  private var followsReturn = false

  init(capacity: Int) { units.reserveCapacity(capacity) }

  mutating func append(_ unit: UInt16) {
    if isLineStart { lineStarts.append(units.count) }
    isLineStart = unit == 0x0A
    units.append(unit)
  }

  mutating func read(_ unit: UInt16) {
    switch unit {
    case 0x20, 0x09: break
    case 0x0A where followsReturn: break
    case 0x0D: append(0x0A)
    default: append(unit)
    }
    followsReturn = unit == 0x0D
  }
}
