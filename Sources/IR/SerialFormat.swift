// SPDX-License-Identifier: Apache-2.0

// The stored form of a module:
//
//     magic (8 bytes), version (4), length of the whole (8),
//     sections: tag (1), length (8), content; all of `ModuleSection`, in that order,
//     checksum of all before it (8).
//
// Fixed-width numbers are little endian. All others are LEB128, as short as they can be; signed ones
// are zigzag-coded first. A handle is its index; in rows that mostly refer to their neighbours (operands,
// origins, runs of rows) it is the distance from where it is expected. Strings and source texts occur
// once, and what follows from other rows (line tables, symbol look-up) is not stored.
//
// Writing is deterministic: a module that was read back has the bytes that it was read from.

/// Constants of the stored form.
enum ModuleFormat {
  /// Not text, and damaged by transfers that convert line ends or drop the eighth bit.
  static let magic: ContiguousArray<UInt8> = [0x89, 0x50, 0x47, 0x49, 0x52, 0x0D, 0x0A, 0x1A]
  /// To be increased with every change of the bytes; a test pins them.
  static let version: UInt32 = 3
  static let headerLength = 8 + 4 + 8
  static let frameLength = 1 + 8
  static let checksumLength = 8
}

/// A part of the stored form of a module.
public enum ModuleSection: UInt8, CaseIterable, Hashable, Sendable {
  /// The main file, the target, and how many rows the tables have.
  case summary = 1
  /// `Module.symbols`.
  case symbols = 2
  /// `Module.files` without the texts.
  case files = 3
  /// The texts of the files.
  case texts = 4
  /// `Module.types`.
  case types = 5
  /// `Module.records`.
  case records = 6
  /// `Module.fields`.
  case fields = 7
  /// `Module.signatures`.
  case signatures = 8
  /// `Module.statements`.
  case statements = 9
  /// `Module.origins`.
  case origins = 10
  /// `Module.literals`.
  case literals = 11
  /// `Module.functions` without the bodies.
  case functions = 12
  /// The bodies of the functions.
  case bodies = 13
  /// `Module.globals`.
  case globals = 14
  /// `Module.directives`.
  case directives = 15
}

/// What is wrong with a section.
public enum ModuleFlaw: String, Hashable, Sendable {
  /// A row or the section ends too early.
  case endsEarly = "ends early"
  /// Bytes follow the last row.
  case endsLate = "has bytes after its last row"
  /// A number is longer than it may be, or too large.
  case number = "holds a number out of range"
  /// A table claims more rows than its bytes can hold.
  case count = "claims more rows than it has"
  /// A kind of row that this version does not know.
  case tag = "holds a row of an unknown kind"
  /// A handle or a run of rows leads out of its table.
  case handle = "refers to a row that does not exist"
  /// A string is not UTF-8.
  case text = "holds a string that is not UTF-8"
  /// A row breaks a rule of the module that later stages rely on.
  case rule = "breaks a rule of modules"
}

/// Why bytes are no module.
public enum ModuleFormatError: Error, Hashable, Sendable, CustomStringConvertible {
  /// They do not start as a module does.
  case notAModule
  /// They were written by another version.
  case foreignVersion(UInt32)
  /// There are fewer or more of them than were written.
  case wrongLength
  /// The checksum is not that of the bytes.
  case wrongChecksum
  /// The sections do not follow each other as they should.
  case wrongSections
  /// A section is not well formed.
  case malformed(ModuleSection, ModuleFlaw)
  /// A text that is kept elsewhere was not supplied, or has another length.
  case missingText(path: String)

  /// One line for people.
  public var description: String {
    switch self {
    case .notAModule: "it is not a stored module"
    case .foreignVersion(let version):
      "it is a stored module of format \(version), not \(ModuleFormat.version)"
    case .wrongLength: "the stored module was cut off or extended"
    case .wrongChecksum: "the stored module is damaged: its checksum is wrong"
    case .wrongSections: "the stored module is damaged: its sections are out of order"
    case .malformed(let section, let flaw):
      "the stored module is damaged: section '\(section)' \(flaw.rawValue)"
    case .missingText(let path): "the text of \(path) is not there"
    }
  }
}

/// A checksum against damage, not against forgers.
///
/// Each step maps the state one to one for a given word and the word one to one for a given state, so
/// damage within one word is always noticed.
public func moduleChecksum(of bytes: Span<UInt8>) -> UInt64 {
  var state: UInt64 = 0xCBF2_9CE4_8422_2325
  func mix(_ word: UInt64) {
    state = (state ^ word) &* 0x9E37_79B9_7F4A_7C15
    state ^= state >> 32
  }
  var position = 0
  while position + 8 <= bytes.count {
    // Bytes, shifted together: the compiler makes one load of it.
    let low =
      UInt64(bytes[position]) | UInt64(bytes[position + 1]) << 8
      | UInt64(bytes[position + 2]) << 16 | UInt64(bytes[position + 3]) << 24
    let high =
      UInt64(bytes[position + 4]) | UInt64(bytes[position + 5]) << 8
      | UInt64(bytes[position + 6]) << 16 | UInt64(bytes[position + 7]) << 24
    mix(low | high << 32)
    position += 8
  }
  while position < bytes.count {
    mix(UInt64(bytes[position]))
    position += 1
  }
  return state
}

// MARK: Tags
//
// The stored names of enumeration cases: never renumber, never reuse. The writer switches over the
// case and the reader over the tag, both without a default, so that neither can be forgotten.
// (`BinaryOperator`, `UnaryOperator`, `Comparison` and `CastKind` are stored by their raw values.)

enum TypeTag: UInt8, CaseIterable {
  case void = 0
  case bool = 1
  case signedInteger = 2
  case unsignedInteger = 3
  case floating = 4
  case pointer = 5
  case array = 6
  case unboundedArray = 7
  case record = 8
  case function = 9
  case unmodelled = 10
}

enum OperationTag: UInt8, CaseIterable {
  case constant = 0
  case floating = 1
  case literal = 2
  case local = 3
  case global = 4
  case function = 5
  case block = 6
  case resultAddress = 7
  case field = 8
  case element = 9
  case dynamicElement = 10
  case load = 11
  case volatileLoad = 12
  case store = 13
  case volatileStore = 14
  case loadBits = 15
  case storeBits = 16
  case copy = 17
  case zero = 18
  case declare = 19
  case declareArray = 20
  case endScope = 21
  case binary = 22
  case unary = 23
  case compare = 24
  case cast = 25
  case pointerDifference = 26
  case call = 27
  case vaStart = 28
  case vaArgument = 29
  case vaEnd = 30
  case vaCopy = 31
  case assembly = 32
  case unknown = 33
  case pointerSize = 34
}

enum TerminatorTag: UInt8, CaseIterable {
  case jump = 0
  case branch = 1
  case `switch` = 2
  case indirect = 3
  case returnVoid = 4
  case returnValue = 5
  case unreachable = 6
}

enum CalleeTag: UInt8, CaseIterable {
  case function = 0
  case indirect = 1
  case functionIntoObject = 2
  case indirectIntoObject = 3
}

enum InitializerTag: UInt8, CaseIterable {
  case integer = 0
  case floating = 1
  case global = 2
  case literal = 3
  case bytes = 4
  case function = 5
  case label = 6
  case unknown = 7

  /// Added to the tag of a cell of a bit-field.
  static let bitField: UInt8 = 0x80
}

/// Where a file's text is.
enum TextTag: UInt8 {
  /// There is none.
  case none = 0
  /// In the section of texts.
  case included = 1
  /// The reader's caller has it; only the length is stored.
  case elsewhere = 2
}

/// Parts of an origin that are as expected and not stored.
struct OriginShape: OptionSet {
  var rawValue: UInt8
  static let sameFile = OriginShape(rawValue: 1)
  static let sameStatement = OriginShape(rawValue: 2)
  static let pointsToStart = OriginShape(rawValue: 4)
  static let isMacro = OriginShape(rawValue: 8)
  static let spelledInSameFile = OriginShape(rawValue: 16)
  static let all: OriginShape = [
    .sameFile, .sameStatement, .pointsToStart, .isMacro, .spelledInSameFile,
  ]
}

/// The number of rows of each table, stored first so that every handle can be checked where it is
/// read.
struct TableCounts {
  var symbols = 0
  var files = 0
  var types = 0
  var records = 0
  var fields = 0
  var signatures = 0
  var statements = 0
  var origins = 0
  var literals = 0
  var functions = 0
  var globals = 0
  var directives = 0
}

/// The number of rows of each table of a body.
struct BodyCounts {
  var locals = 0
  var blocks = 0
  var instructions = 0
  var operands = 0
  var calls = 0
  var switches = 0
  var cases = 0
  var blockLists = 0
}
