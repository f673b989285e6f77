// SPDX-License-Identifier: Apache-2.0

import CClang
import Glibc

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
  let size: Int64
  let modified: Int64
  let changed: Int64
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
  private mutating func endOfMacroUse(at start: FileOffset) -> FileOffset? {
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

  /// What tells a file apart from every other one and from itself after a change; `nil` where the file
  /// is not the one that the compiler has read, or was changed so lately that its times do not tell.
  public func identity(of file: ClangFile) -> FileIdentity? {
    var id = CXFileUniqueID()
    var status = stat()
    guard unsafe clang_getFileUniqueID(files[Int(file.index)].file, &id) == 0,
      unsafe stat(path(of: file), &status) == 0, UInt64(status.st_dev) == id.data.0,
      UInt64(status.st_ino) == id.data.1, status.st_mtim.tv_sec == Int(id.data.2),
      max(status.st_mtim.tv_sec, status.st_ctim.tv_sec) + 2 < time(nil)
    else { return nil }
    return FileIdentity(
      device: id.data.0, inode: id.data.1, size: Int64(status.st_size),
      modified: Self.nanoseconds(status.st_mtim), changed: Self.nanoseconds(status.st_ctim))
  }

  private static func nanoseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
  }

  /// Whether the file was found as a system header.
  public func isSystem(_ file: ClangFile) -> Bool {
    let row = files[Int(file.index)]
    let place = unsafe row.place ?? clang_getLocationForOffset(unit, row.file, 0)
    return clang_Location_isInSystemHeader(place) != 0
  }

  /// Calls `body` with the file's bytes as the compiler has read them.
  public mutating func withContents<Result>(
    of file: ClangFile, _ body: (Span<UInt8>) -> Result
  ) -> Result {
    let bytes = unsafe contents(of: file)
    return unsafe body(Span(_unsafeElements: bytes))
  }

  /// A copy of the file's bytes as the compiler has read them.
  public mutating func copyOfContents(of file: ClangFile) -> ContiguousArray<UInt8> {
    unsafe ContiguousArray(contents(of: file))
  }

  /// The file's bytes; they live as long as the unit.
  ///
  /// They are kept because libclang looks for a file among all the places that it knows, which are
  /// hundreds of thousands in a unit of a kernel.
  private mutating func contents(of file: ClangFile) -> UnsafeBufferPointer<UInt8> {
    if let known = unsafe files[Int(file.index)].contents { return unsafe known }
    var size = 0
    let start = unsafe clang_getFileContents(unit, files[Int(file.index)].file, &size)
    let bytes = unsafe UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : size)
    let contents = unsafe bytes.bindMemory(to: UInt8.self)
    unsafe files[Int(file.index)].contents = contents
    return unsafe contents
  }

  mutating func intern(_ file: CXFile) -> ClangFile {
    let key = UInt(bitPattern: file)
    if let known = fileIDs[key] { return known }
    // libclang may know one file by several handles.
    var unique = CXFileUniqueID()
    let inode =
      unsafe clang_getFileUniqueID(file, &unique) == 0
      ? InodeKey(device: unique.data.0, inode: unique.data.1) : nil
    let id = inode.flatMap { filesByInode[$0] } ?? ClangFile(index: UInt32(files.count))
    if Int(id.index) == files.count { files.append(unsafe FileHandle(file: file)) }
    if let inode { filesByInode[inode] = id }
    fileIDs[key] = id
    return id
  }

  /// The place of a location in a file.
  ///
  /// libclang numbers all places of a file in a row, so one answer tells the others.
  private mutating func fileOffset(_ location: CXSourceLocation) -> FileOffset? {
    let place = location.int_data
    if !isInMacro(location) {
      if lastStretch.contains(place) { return lastStretch.offset(of: place) }
      if let stretch = stretches.last(where: { $0.contains(place) }) {
        lastStretch = stretch
        return stretch.offset(of: place)
      }
    }
    var file: CXFile?
    var offset: UInt32 = 0
    unsafe clang_getFileLocation(location, &file, nil, nil, &offset)
    guard let file = unsafe file else { return nil }
    let id = unsafe intern(file)
    if !isInMacro(location) {
      files[Int(id.index)].place = location
      let start = place - offset
      let size = unsafe contents(of: id).count
      lastStretch = FileStretch(start: start, end: start + UInt32(clamping: size), file: id)
      stretches.append(lastStretch)
    }
    return FileOffset(file: id, offset: offset)
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

/// The identity of a file on a device.
struct InodeKey: Hashable {
  let device: UInt64
  let inode: UInt64
}

/// A stretch of libclang's numbers for places that belongs to one file.
struct FileStretch {
  var start: UInt32 = 1
  /// The number of the place after the last byte.
  var end: UInt32 = 0
  var file = ClangFile(index: 0)

  func contains(_ place: UInt32) -> Bool { start <= place && place <= end }

  func offset(of place: UInt32) -> FileOffset {
    FileOffset(file: file, offset: place - start)
  }
}

/// Collects files.
private struct FileCollector {
  var files: ContiguousArray<FileHandle> = []
}
