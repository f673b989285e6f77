// SPDX-License-Identifier: Apache-2.0

import Clang
import Findings
import IR

/// The lowering of one translation unit: the libclang tree on one side, the growing module on the
/// other.
///
/// Extensions hold its parts: types, declarations, sources, and the code of functions. What belongs to
/// the function at hand is in `code`.
struct Lowerer: ~Copyable {
  var unit: TranslationUnit
  var module = Module()
  let options: LoweringOptions
  /// The directory that relative paths are relative to.
  let workingDirectory: String

  // Types; see Types.swift.
  var typeIDs: ContiguousArray<TypeID?> = []
  /// The type of pointers to each type.
  var pointerIDs: ContiguousArray<TypeID?> = []
  var typesByShape: [TypeShape: TypeID] = [:]
  var signatureIDs: [Signature: SignatureID] = [:]
  /// The types of the records whose members have no rows yet.
  var incompleteRecords: [RecordID: ClangType] = [:]
  /// Records that code names, in the order in which they were met; see `completeRecords`.
  var namedRecords: ContiguousArray<RecordID> = []
  var isAddingMembers = false
  var fieldIDs = EntityTable()
  var basic: BasicTypes

  // Declarations; see Declarations.swift.
  var functionIDs = EntityTable()
  var functionsByName: [SymbolID: FunctionID] = [:]
  var globalIDs = EntityTable()
  var literalIDs: [Literal: LiteralID] = [:]
  /// Declarations of each variable at file scope, in their order.
  var globalDeclarations: [EntityID: [Cursor]] = [:]
  /// Definitions that still have to be lowered, in the order in which they were met.
  var pendingBodies: [(function: FunctionID, definition: Cursor)] = []
  var errorPlaces: [FileOffset] = []
  var staticLocalCounts: [String: Int] = [:]
  /// The typedef declarations at file scope by name, once something asks for them.
  var typedefs: [String: Cursor]?

  // Sources; see Sources.swift.
  var fileIDs: ContiguousArray<FileID?> = []
  /// Files whose row has the text.
  var textFileIDs: ContiguousArray<FileID?> = []
  /// Files with text that mention prgate.
  var annotated: [FileID] = []
  var originIndex = OriginIndex()
  /// Whether functions of a type return.
  var noReturnTypes: [ClangType: Bool] = [:]
  /// Whether objects of a type are volatile, by the type's index.
  var volatileTypes: ContiguousArray<Bool?> = []
  var statementIDs: [Statement: StatementID] = [:]
  let nowhere: OriginID

  var code = FunctionCode()

  init(unit: consuming TranslationUnit, arguments: [String], options: LoweringOptions) {
    self.options = options
    self.workingDirectory = absolutePath(
      option("-working-directory", in: arguments) ?? ".", in: currentDirectory())
    module.isCharSigned = hasSignedCharacters(unit.targetTriple, arguments)
    self.unit = unit
    basic = BasicTypes()
    nowhere = OriginID(index: 0)
    addFiles()
    addBasicTypes()
  }

  /// Lowers the whole unit.
  consuming func run() -> LoweredUnit {
    let diagnostics = unit.diagnostics.filter(\.isError)
    errorPlaces = diagnostics.compactMap { diagnostic in
      diagnostic.location.flatMap { location in
        unit.file(at: location.path).map { FileOffset(file: $0, offset: location.offset) }
      }
    }
    lowerFileScope()
    completeRecords()
    addDirectives()
    let errors = diagnostics.map { diagnostic in
      CompilerError(
        path: diagnostic.location.map { reportedPath($0.path) } ?? "",
        line: diagnostic.location?.line ?? 0, column: diagnostic.location?.column ?? 0,
        message: diagnostic.message)
    }
    return LoweredUnit(module: module, errors: errors)
  }
}

/// Whether plain `char` is signed: the target's habit, unless the flags say otherwise.
private func hasSignedCharacters(_ triple: String, _ arguments: [String]) -> Bool {
  let unsignedTargets = ["aarch64", "arm", "powerpc", "riscv", "s390"]
  var isSigned = !unsignedTargets.contains { triple.hasPrefix($0) } || triple.contains("apple")
  for argument in arguments {
    if argument == "-funsigned-char" || argument == "-fno-signed-char" { isSigned = false }
    if argument == "-fsigned-char" || argument == "-fno-unsigned-char" { isSigned = true }
  }
  return isSigned
}

/// The value of an option that is written as `-name=value` or as two arguments.
private func option(_ option: String, in arguments: [String]) -> String? {
  var value: String?
  for (index, argument) in arguments.enumerated() {
    if argument == option, index + 1 < arguments.count { value = arguments[index + 1] }
    if argument.hasPrefix(option + "=") { value = String(argument.dropFirst(option.count + 1)) }
  }
  return value
}

/// Whether an absolute path has no part that is empty or starts with a full stop.
private func isPlain(_ path: String) -> Bool {
  var previous: UInt8 = 0
  for byte in path.utf8 {
    if previous == UInt8(ascii: "/"), byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".") {
      return false
    }
    previous = byte
  }
  return path.hasPrefix("/") && previous != UInt8(ascii: "/")
}

/// `path` without `.` and `..`, made absolute against `directory`; symbolic links stay.
func absolutePath(_ path: String, in directory: String) -> String {
  if isPlain(path) { return path }
  let whole = path.hasPrefix("/") ? path : directory + "/" + path
  var parts: [Substring] = []
  for part in whole.split(separator: "/") where part != "." {
    if part == ".." { _ = parts.popLast() } else { parts.append(part) }
  }
  return "/" + parts.joined(separator: "/")
}
