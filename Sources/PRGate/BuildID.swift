// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The number that the linker gives a program by its content, so that copies of it have the same one
/// (`--build-id`; ELF, System V gABI 4.1 chapter 5, "Note Section").
enum BuildID {
  /// The number of an executable in hexadecimal; nil where it has none, or is no 64-bit ELF file.
  static func read(_ path: String) -> String? {
    guard let file = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? file.close() }
    guard let head = bytes(of: file, at: 0, count: 64), head.count == 64,
      // Magic, 64 bits, little endian.
      head.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1])
    else { return nil }
    let size = Int(number(head, at: 54, width: 2))
    let count = Int(number(head, at: 56, width: 2))
    guard size >= 56, count < 256,
      let headers = bytes(
        of: file, at: number(head, at: 32, width: 8), count: size * count),
      headers.count == size * count
    else { return nil }
    for row in 0..<count {
      let start = row * size
      // PT_NOTE.
      guard number(headers, at: start, width: 4) == 4 else { continue }
      let length = number(headers, at: start + 32, width: 8)
      guard length < 1 << 16,
        let notes = bytes(
          of: file, at: number(headers, at: start + 8, width: 8), count: Int(length))
      else { continue }
      if let id = id(in: notes) { return id }
    }
    return nil
  }

  /// The description of the note of type 3 that is called "GNU".
  private static func id(in notes: [UInt8]) -> String? {
    var position = 0
    while position + 12 <= notes.count {
      let nameLength = Int(number(notes, at: position, width: 4))
      let length = Int(number(notes, at: position + 4, width: 4))
      let type = number(notes, at: position + 8, width: 4)
      let name = position + 12
      let start = name + (nameLength + 3) / 4 * 4
      guard start <= notes.count, length <= notes.count - start else { return nil }
      if type == 3, notes[name..<start].elementsEqual([0x47, 0x4E, 0x55, 0]) {
        return notes[start..<start + length].map {
          String($0 >> 4, radix: 16) + String($0 & 15, radix: 16)
        }
        .joined()
      }
      position = start + (length + 3) / 4 * 4
    }
    return nil
  }

  private static func bytes(of file: FileHandle, at offset: UInt64, count: Int) -> [UInt8]? {
    guard (try? file.seek(toOffset: offset)) != nil, let data = try? file.read(upToCount: count)
    else { return nil }
    return Array(data)
  }

  private static func number(_ bytes: [UInt8], at start: Int, width: Int) -> UInt64 {
    guard start + width <= bytes.count else { return 0 }
    return (0..<width).reduce(0) { $0 | UInt64(bytes[start + $1]) << UInt64(8 * $1) }
  }
}
