// SPDX-License-Identifier: Apache-2.0

import IR

// The character classes of the "C" locale, C11 7.4.

func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

func lowerCased(_ byte: UInt8) -> UInt8 {
  (0x41...0x5A).contains(byte) ? byte + 0x20 : byte
}

func upperCased(_ byte: UInt8) -> UInt8 {
  (0x61...0x7A).contains(byte) ? byte - 0x20 : byte
}

/// The classes of a character, with the bits that glibc's tables give them on little-endian
/// machines.
struct CharacterClasses: OptionSet {
  let rawValue: UInt16

  static let upper = CharacterClasses(rawValue: 0x100)
  static let lower = CharacterClasses(rawValue: 0x200)
  static let alpha = CharacterClasses(rawValue: 0x400)
  static let digit = CharacterClasses(rawValue: 0x800)
  static let hexDigit = CharacterClasses(rawValue: 0x1000)
  static let space = CharacterClasses(rawValue: 0x2000)
  static let print = CharacterClasses(rawValue: 0x4000)
  static let graph = CharacterClasses(rawValue: 0x8000)
  static let blank = CharacterClasses(rawValue: 0x1)
  static let control = CharacterClasses(rawValue: 0x2)
  static let punctuation = CharacterClasses(rawValue: 0x4)
  static let alphanumeric = CharacterClasses(rawValue: 0x8)
}

extension CharacterClasses {
  /// The classes of a byte.
  init(of byte: UInt8) {
    var classes: CharacterClasses = []
    if (0x41...0x5A).contains(byte) { classes.formUnion([.upper, .alpha, .alphanumeric]) }
    if (0x61...0x7A).contains(byte) { classes.formUnion([.lower, .alpha, .alphanumeric]) }
    if (0x30...0x39).contains(byte) { classes.formUnion([.digit, .hexDigit, .alphanumeric]) }
    if (0x41...0x46).contains(byte & ~0x20) { classes.insert(.hexDigit) }
    if isSpace(byte) { classes.insert(.space) }
    if byte == 0x20 || byte == 0x09 { classes.insert(.blank) }
    if byte < 0x20 || byte == 0x7F { classes.insert(.control) }
    if (0x20...0x7E).contains(byte) { classes.insert(.print) }
    if (0x21...0x7E).contains(byte) {
      classes.insert(.graph)
      if !classes.contains(.alphanumeric) { classes.insert(.punctuation) }
    }
    self = classes
  }

  /// The class that a function of `<ctype.h>` asks for.
  fileprivate init?(askedBy function: LibraryFunction) {
    switch function {
    case .isalnum: self = .alphanumeric
    case .isalpha: self = .alpha
    case .isblank: self = .blank
    case .iscntrl: self = .control
    case .isdigit: self = .digit
    case .isgraph: self = .graph
    case .islower: self = .lower
    case .isprint: self = .print
    case .ispunct: self = .punctuation
    case .isspace: self = .space
    case .isupper: self = .upper
    case .isxdigit: self = .hexDigit
    default: return nil
    }
  }
}

extension Machine {
  mutating func callCharacter(_ call: LibraryCall) throws(Stop) -> UInt64 {
    switch call.function {
    case .characterClasses:
      if environment.characterClasses == 0 {
        environment.characterClasses = try makeTable(elementSize: 2) { index in
          index < 0 ? 0 : UInt64(CharacterClasses(of: UInt8(index)).rawValue)
        }
      }
      return environment.characterClasses
    case .lowerCaseTable:
      if environment.lowerCase == 0 {
        environment.lowerCase = try makeTable(elementSize: 4) { index in
          index < 0 ? UInt64(bitPattern: Int64(index)) : UInt64(lowerCased(UInt8(index)))
        }
      }
      return environment.lowerCase
    case .upperCaseTable:
      if environment.upperCase == 0 {
        environment.upperCase = try makeTable(elementSize: 4) { index in
          index < 0 ? UInt64(bitPattern: Int64(index)) : UInt64(upperCased(UInt8(index)))
        }
      }
      return environment.upperCase
    default:
      return try classify(call)
    }
  }

  private func classify(_ call: LibraryCall) throws(Stop) -> UInt64 {
    let value = try call.signed(0)
    // 7.4p1: an `unsigned char` or EOF.
    guard (-1...255).contains(value) else {
      throw Stop.trap("passes \(value) to '\(call.name)', which takes 0 to 255 or EOF")
    }
    let byte = UInt8(truncatingIfNeeded: value)
    guard let asked = CharacterClasses(askedBy: call.function) else {
      if value < 0 { return UInt64(bitPattern: value) }
      return UInt64(call.function == .tolower ? lowerCased(byte) : upperCased(byte))
    }
    if value < 0 { return 0 }
    return UInt64(CharacterClasses(of: byte).intersection(asked).rawValue)
  }

  /// Makes a table for the characters -128 to 255, and yields the address of a pointer to its row 0.
  private mutating func makeTable(
    elementSize: Int, _ value: (Int) -> UInt64
  ) throws(Stop) -> Address {
    let table = try memory.allocate(.system, size: 384 * elementSize)
    for index in -128..<256 {
      try memory.store(
        table + UInt64((index + 128) * elementSize), elementSize, value(index))
    }
    let pointer = try memory.allocate(.system, size: 8)
    try memory.store(pointer, 8, table + UInt64(128 * elementSize))
    return pointer
  }
}
