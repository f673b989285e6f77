// SPDX-License-Identifier: Apache-2.0

import CClang

/// A file that libclang has read: a position in its unit's table of files.
public struct ClangFile: BitwiseCopyable, Hashable, Sendable {
  /// The position, from 0.
  public let index: UInt32
}

/// A place: a file and an offset in bytes.
public struct FileOffset: BitwiseCopyable, Hashable, Sendable {
  /// The file.
  public var file: ClangFile
  /// The offset, from 0.
  public var offset: UInt32

  /// Makes a place.
  public init(file: ClangFile, offset: UInt32) {
    self.file = file
    self.offset = offset
  }
}

/// The places of a node.
public struct Extent: BitwiseCopyable, Hashable, Sendable {
  /// The first byte: in a file, that is where a macro is used, unless the text is an argument of it.
  public var start: FileOffset
  /// The byte after the last one, of the same kind.
  public var end: FileOffset
  /// Where the first token is written: inside the definition of a macro for code that it makes.
  public var spelling: FileOffset
  /// The place that the compiler would point to.
  public var point: FileOffset

  /// Makes an extent.
  public init(start: FileOffset, end: FileOffset, spelling: FileOffset, point: FileOffset) {
    self.start = start
    self.end = end
    self.spelling = spelling
    self.point = point
  }
}

/// What tells a file apart from every other one and from itself after a change.
public struct FileIdentity: BitwiseCopyable, Hashable, Sendable {
  let device: UInt64
  let inode: UInt64
  let time: UInt64
  let size: Int
}

extension TranslationUnit {
  /// The places of a node; `nil` for one that is written nowhere.
  public mutating func extent(of node: Cursor) -> Extent? {
    let cursor = nodes[Int(node.index)].cursor
    let range = clang_getCursorExtent(cursor)
    let first = clang_getRangeStart(range)
    let last = clang_getRangeEnd(range)
    guard var start = fileOffset(first), var end = fileOffset(last) else { return nil }
    var spelling = start
    if isInMacro(first) {
      spelling = spellingOffset(first) ?? start
      let expansion = expansionOffset(first) ?? start
      let startsInArgument = start != expansion
      if startsInArgument, !isInMacro(last) {
        // From an argument to the end of the macro's text: the whole use of the macro is meant.
        start = expansion
      } else if !startsInArgument, isInMacro(last) {
        end = endOfMacroUse(at: start) ?? end
      }
    }
    let point = fileOffset(clang_getCursorLocation(cursor)) ?? start
    return Extent(start: start, end: end, spelling: spelling, point: point)
  }

  /// Whether a location lies in the text that a macro makes; its highest bit says so.
  private func isInMacro(_ location: CXSourceLocation) -> Bool {
    location.int_data & 0x8000_0000 != 0
  }

  /// After the parenthesis that ends the use of a macro with arguments.
  private func endOfMacroUse(at start: FileOffset) -> FileOffset? {
    withContents(of: start.file) { text in
      var depth = 0
      for index in Int(start.offset)..<min(text.count, Int(start.offset) + 4096) {
        if text[index] == UInt8(ascii: "(") { depth += 1 }
        if text[index] == UInt8(ascii: ")") {
          depth -= 1
          if depth <= 0 { return FileOffset(file: start.file, offset: UInt32(index + 1)) }
        }
      }
      return nil
    }
  }

  /// The place that the compiler would point to; for a declaration its name.
  public mutating func location(of node: Cursor) -> FileOffset? {
    fileOffset(clang_getCursorLocation(nodes[Int(node.index)].cursor))
  }

  /// The main file.
  public mutating func mainFile() -> ClangFile? {
    let name = unsafe clang_getTranslationUnitSpelling(unit)
    defer { unsafe clang_disposeString(name) }
    guard let file = unsafe clang_getFile(unit, clang_getCString(name)) else { return nil }
    return unsafe intern(file)
  }

  /// The file that the compiler names `path`.
  public mutating func file(at path: String) -> ClangFile? {
    guard let file = unsafe clang_getFile(unit, path) else { return nil }
    return unsafe intern(file)
  }

  /// All files that were read, in the order in which the preprocessor entered them first.
  public mutating func includedFiles() -> [ClangFile] {
    var collector = FileCollector()
    unsafe withUnsafeMutablePointer(to: &collector) { pointer in
      unsafe clang_getInclusions(
        unit,
        { file, _, _, data in
          guard let data = unsafe data, let file = unsafe file else { return }
          unsafe data.assumingMemoryBound(to: FileCollector.self).pointee.files.append(
            FileHandle(file: file))
        }, pointer)
    }
    var files: [ClangFile] = []
    var seen: Set<ClangFile> = []
    for file in collector.files {
      let id = unsafe intern(file.file)
      if seen.insert(id).inserted { files.append(id) }
    }
    return files
  }

  /// The path as the compiler names the file.
  public func path(of file: ClangFile) -> String {
    unsafe string(clang_getFileName(files[Int(file.index)].file))
  }

  /// What tells a file apart from every other one and from itself after a change.
  public func identity(of file: ClangFile) -> FileIdentity? {
    var id = CXFileUniqueID()
    guard unsafe clang_getFileUniqueID(files[Int(file.index)].file, &id) == 0 else { return nil }
    let size = withContents(of: file) { $0.count }
    return FileIdentity(device: id.data.0, inode: id.data.1, time: id.data.2, size: size)
  }

  /// Whether the file was found as a system header.
  public func isSystem(_ file: ClangFile) -> Bool {
    let start = unsafe clang_getLocationForOffset(unit, files[Int(file.index)].file, 0)
    return clang_Location_isInSystemHeader(start) != 0
  }

  /// Calls `body` with the file's bytes as the compiler has read them.
  public func withContents<Result>(
    of file: ClangFile, _ body: (Span<UInt8>) -> Result
  ) -> Result {
    var size = 0
    let contents = unsafe clang_getFileContents(unit, files[Int(file.index)].file, &size)
    guard let contents = unsafe contents else {
      let none: ContiguousArray<UInt8> = []
      return body(none.span)
    }
    return unsafe contents.withMemoryRebound(to: UInt8.self, capacity: size) { bytes in
      let buffer = unsafe UnsafeBufferPointer(start: bytes, count: size)
      return unsafe body(Span(_unsafeElements: buffer))
    }
  }

  mutating func intern(_ file: CXFile) -> ClangFile {
    let key = UInt(bitPattern: file)
    if let known = fileIDs[key] { return known }
    // libclang may know one file by several handles.
    let same = files.firstIndex { unsafe clang_File_isEqual(file, $0.file) != 0 }
    let id = ClangFile(index: UInt32(same ?? files.count))
    if same == nil { files.append(unsafe FileHandle(file: file)) }
    fileIDs[key] = id
    return id
  }

  private mutating func fileOffset(_ location: CXSourceLocation) -> FileOffset? {
    var file: CXFile?
    var offset: UInt32 = 0
    unsafe clang_getFileLocation(location, &file, nil, nil, &offset)
    guard let file = unsafe file else { return nil }
    return FileOffset(file: unsafe intern(file), offset: offset)
  }

  private mutating func expansionOffset(_ location: CXSourceLocation) -> FileOffset? {
    var file: CXFile?
    var offset: UInt32 = 0
    unsafe clang_getExpansionLocation(location, &file, nil, nil, &offset)
    guard let file = unsafe file else { return nil }
    return FileOffset(file: unsafe intern(file), offset: offset)
  }

  private mutating func spellingOffset(_ location: CXSourceLocation) -> FileOffset? {
    var file: CXFile?
    var offset: UInt32 = 0
    unsafe clang_getSpellingLocation(location, &file, nil, nil, &offset)
    guard let file = unsafe file else { return nil }
    return FileOffset(file: unsafe intern(file), offset: offset)
  }
}

/// Collects files.
private struct FileCollector {
  var files: ContiguousArray<FileHandle> = []
}
