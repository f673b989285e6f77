// SPDX-License-Identifier: Apache-2.0

import CClang

/// Why libclang gave no translation unit at all.
///
/// Errors in the C code are not among them: those are `Diagnostic`s of a unit.
public enum ParseError: Error, Hashable, Sendable {
  /// The file cannot be read, or the arguments are not understood.
  case failure(path: String)
  /// libclang crashed inside and caught it.
  case crashed(path: String)
  /// libclang refuses the arguments.
  case invalidArguments(path: String)
  /// libclang cannot read a precompiled header.
  case precompiledHeader(path: String)
}

extension ParseError: CustomStringConvertible {
  /// One line for people.
  public var description: String {
    switch self {
    case .failure(let path): "libclang cannot parse '\(path)': check the file and its flags"
    case .crashed(let path): "libclang crashed on '\(path)'"
    case .invalidArguments(let path): "libclang refuses the flags of '\(path)'"
    case .precompiledHeader(let path): "libclang cannot read the precompiled header of '\(path)'"
    }
  }
}

/// How bad a diagnostic of the compiler is.
public enum DiagnosticSeverity: UInt8, BitwiseCopyable, Hashable, Comparable, Sendable {
  case ignored, note, warning, error, fatal

  /// Orders from harmless to fatal.
  public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A diagnostic of the compiler.
public struct Diagnostic: Hashable, Sendable {
  /// How bad it is.
  public var severity: DiagnosticSeverity
  /// The text.
  public var message: String
  /// Where, as the compiler names the file; `nil` for one without a place.
  public var location: FileLocation?

  /// Whether the compiler would have refused the unit.
  public var isError: Bool { severity >= .error }
}

/// A place in a file that libclang has read.
public struct FileLocation: Hashable, Sendable {
  /// The path as the compiler names it.
  public var path: String
  /// The line, from 1.
  public var line: Int
  /// The column in bytes, from 1.
  public var column: Int
  /// The offset in bytes, from 0.
  public var offset: UInt32
}

/// A parsed C file: owns libclang's index and unit, and gives out only indices into tables of its own.
///
/// libclang's cursors and types point into the unit. They stay in the private tables here; the handles
/// `Cursor` and `ClangType` are positions in those, so that none can outlive the unit in a way that
/// matters: a handle used with another unit is a wrong answer, never a wild pointer.
@safe
public struct TranslationUnit: ~Copyable {
  let index: CXIndex
  let unit: CXTranslationUnit
  var nodes: ContiguousArray<Node> = []
  var types: ContiguousArray<CXType> = []
  /// Types by the address that libclang stores them at, qualifiers in its low bits.
  var typeIDs = AddressTable()
  /// The canonical type of each type plus one, 0 where it was not asked for.
  var canonicalTypes: ContiguousArray<UInt32> = []
  /// The types of parameters after adjustment, by the type as written; see `adjustParameters`.
  var adjustedTypes: [ClangType: ClangType] = [:]
  /// What the pointer types of our own making point to.
  var pointees: [ClangType: ClangType] = [:]
  var fileIDs: [UInt: ClangFile] = [:]
  var filesByInode: [InodeKey: ClangFile] = [:]
  var files: ContiguousArray<FileHandle> = []
  /// See `includedFiles`.
  var includedFilesOnce: [ClangFile]?
  /// See `fileOffset`.
  var stretches: ContiguousArray<FileStretch> = []
  var lastStretch = FileStretch()
  /// See `macroPlace`.
  var macroPlaceRows = AddressTable()
  var macroPlaces: ContiguousArray<MacroPlace> = []
  var terseDeclarations: CXPrintingPolicy?

  /// Parses the file at `path` with `arguments`, which are the compiler's without its name and file.
  ///
  /// Errors inside the C code do not make it throw; see `diagnostics`.
  public init(path: String, arguments: [String]) throws(ParseError) {
    let options =
      CXTranslationUnit_KeepGoing.rawValue
      | CXTranslationUnit_IgnoreNonErrorsFromIncludedFiles.rawValue
    guard let index = unsafe clang_createIndex(0, 0) else {
      throw .failure(path: path)
    }
    var unit: CXTranslationUnit?
    let code = unsafe withCStrings(arguments) { pointers in
      unsafe clang_parseTranslationUnit2(
        index, path, pointers.baseAddress, Int32(pointers.count), nil, 0, options, &unit)
    }
    guard code == CXError_Success, let unit = unsafe unit else {
      unsafe clang_disposeIndex(index)
      switch code {
      case CXError_Crashed: throw .crashed(path: path)
      case CXError_InvalidArguments: throw .invalidArguments(path: path)
      case CXError_ASTReadError: throw .precompiledHeader(path: path)
      default: throw .failure(path: path)
      }
    }
    unsafe self.index = index
    unsafe self.unit = unit
  }

  deinit {
    if let policy = unsafe terseDeclarations { unsafe clang_PrintingPolicy_dispose(policy) }
    unsafe clang_disposeTranslationUnit(unit)
    unsafe clang_disposeIndex(index)
  }

  /// What the compiler says about the code, in its order.
  public var diagnostics: [Diagnostic] {
    let count = unsafe clang_getNumDiagnostics(unit)
    return (0..<count).map { number in
      let diagnostic = unsafe clang_getDiagnostic(unit, number)
      defer { unsafe clang_disposeDiagnostic(diagnostic) }
      let severity = unsafe clang_getDiagnosticSeverity(diagnostic).rawValue
      return Diagnostic(
        severity: DiagnosticSeverity(rawValue: UInt8(severity)) ?? .fatal,
        message: unsafe string(clang_getDiagnosticSpelling(diagnostic)),
        location: unsafe fileLocation(clang_getDiagnosticLocation(diagnostic)))
    }
  }

  func fileLocation(_ location: CXSourceLocation) -> FileLocation? {
    var file: CXFile?
    var (line, column, offset): (UInt32, UInt32, UInt32) = (0, 0, 0)
    unsafe clang_getFileLocation(location, &file, &line, &column, &offset)
    guard let file = unsafe file else { return nil }
    return FileLocation(
      path: unsafe string(clang_getFileName(file)), line: Int(line), column: Int(column),
      offset: offset)
  }
}

/// libclang's handle of a file, which lives as long as the unit.
@safe
struct FileHandle {
  let file: CXFile
  /// The file's bytes, once they were asked for.
  var contents: UnsafeBufferPointer<UInt8>?
  /// Some place in the file, once one is known.
  var place: CXSourceLocation?

  init(file: CXFile) { unsafe self.file = file }
}

/// Copies a string of libclang and releases it.
func string(_ source: CXString) -> String {
  defer { unsafe clang_disposeString(source) }
  guard let characters = unsafe clang_getCString(source) else { return "" }
  return unsafe String(cString: characters)
}

/// Calls `body` with the strings as C strings, valid for the call.
private func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
  var bytes: ContiguousArray<CChar> = []
  var offsets: [Int] = []
  for string in strings {
    offsets.append(bytes.count)
    bytes.append(contentsOf: string.utf8CString)
  }
  return unsafe bytes.withUnsafeBufferPointer { buffer in
    let pointers = unsafe offsets.map { offset in
      unsafe buffer.baseAddress.map { base in unsafe base + offset }
    }
    return unsafe pointers.withUnsafeBufferPointer { unsafe body($0) }
  }
}
