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
    if let includedFilesOnce { return includedFilesOnce }
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
    includedFilesOnce = files
    return files
  }

  /// The place of the directive that made the preprocessor enter the file first; nil where none did.
  public mutating func inclusion(of file: ClangFile) -> FileLocation? {
    var collector = unsafe InclusionCollector(file: unsafe files[Int(file.index)].file)
    unsafe withUnsafeMutablePointer(to: &collector) { pointer in
      unsafe clang_getInclusions(
        unit,
        { file, stack, depth, data in
          guard let data = unsafe data, let file = unsafe file, depth > 0, let stack = unsafe stack
          else { return }
          let collector = unsafe data.assumingMemoryBound(to: InclusionCollector.self)
          guard unsafe collector.pointee.place == nil,
            unsafe clang_File_isEqual(file, collector.pointee.file) != 0
          else { return }
          unsafe collector.pointee.place = stack.pointee
        }, pointer)
    }
    return collector.place.flatMap { fileLocation($0) }
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

  /// Offset of the first byte of each line, ascending from 0.
  public mutating func lineStarts(of file: ClangFile) -> ContiguousArray<UInt32> {
    let bytes = unsafe contents(of: file)
    var starts: ContiguousArray<UInt32> = [0]
    guard let base = bytes.baseAddress else { return starts }
    starts.reserveCapacity(bytes.count / 24)
    var position = 0
    while position < bytes.count,
      let found = unsafe memchr(base + position, 0x0A, bytes.count - position)
    {
      position = unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base) + 1
      starts.append(UInt32(clamping: position))
    }
    return starts
  }

  /// Whether `word` with a colon behind it stands somewhere in the file.
  public mutating func mentions(label word: StaticString, in file: ClangFile) -> Bool {
    let bytes = unsafe contents(of: file)
    guard let base = bytes.baseAddress else { return false }
    let length = word.utf8CodeUnitCount
    var position = 0
    // Colons are rare in C.
    while position < bytes.count,
      let found = unsafe memchr(base + position, 0x3A, bytes.count - position)
    {
      let colon = unsafe UnsafeRawPointer(found) - UnsafeRawPointer(base)
      if colon >= length, unsafe memcmp(base + colon - length, word.utf8Start, length) == 0 {
        return true
      }
      position = colon + 1
    }
    return false
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
  mutating func fileOffset(_ location: CXSourceLocation) -> FileOffset? {
    let place = location.int_data
    if !isInMacro(location) {
      if lastStretch.contains(place) { return lastStretch.offset(of: place) }
      if let stretch = stretches.last(where: { $0.contains(place) }) {
        lastStretch = stretch
        return stretch.offset(of: place)
      }
    }
    if isInMacro(location) { return macroPlace(location).file }
    guard let found = answer(.file, location) else { return nil }
    files[Int(found.file.index)].place = location
    let start = place - found.offset
    let size = unsafe contents(of: found.file).count
    lastStretch = FileStretch(
      start: start, end: start + UInt32(clamping: size), file: found.file)
    stretches.append(lastStretch)
    return found
  }

  /// The places of a location in the text that a macro makes.
  ///
  /// Several nodes start with one token, so they are kept.
  mutating func macroPlace(_ location: CXSourceLocation) -> MacroPlace {
    let new = UInt32(macroPlaces.count)
    let row = macroPlaceRows.position(of: UInt(location.int_data), orAdd: new)
    if row < new { return macroPlaces[Int(row)] }
    let made = MacroPlace(
      file: answer(.file, location), expansion: answer(.expansion, location),
      spelling: answer(.spelling, location))
    macroPlaces.append(made)
    return made
  }

  private enum PlaceQuestion { case file, expansion, spelling }

  /// One of libclang's answers to where a location is.
  private mutating func answer(
    _ question: PlaceQuestion, _ location: CXSourceLocation
  ) -> FileOffset? {
    var file: CXFile?
    var offset: UInt32 = 0
    switch question {
    case .file: unsafe clang_getFileLocation(location, &file, nil, nil, &offset)
    case .expansion: unsafe clang_getExpansionLocation(location, &file, nil, nil, &offset)
    case .spelling: unsafe clang_getSpellingLocation(location, &file, nil, nil, &offset)
    }
    guard let file = unsafe file else { return nil }
    return FileOffset(file: unsafe intern(file), offset: offset)
  }
}

/// Where a token out of a macro is.
struct MacroPlace {
  /// In a file: where the macro is used, unless the text is an argument of it.
  var file: FileOffset?
  /// Where the outermost macro is used.
  var expansion: FileOffset?
  /// Where the token is written.
  var spelling: FileOffset?
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

/// Looks for the place where a file is included.
@safe
private struct InclusionCollector {
  let file: CXFile
  var place: CXSourceLocation?

  init(file: CXFile) { unsafe self.file = file }
}

/// The path without symbolic links; nil where there is no such file.
public func realPath(_ path: String) -> String? {
  guard let resolved = unsafe realpath(path, nil) else { return nil }
  defer { unsafe free(resolved) }
  return unsafe String(cString: resolved)
}

/// Collects files.
private struct FileCollector {
  var files: ContiguousArray<FileHandle> = []
}
