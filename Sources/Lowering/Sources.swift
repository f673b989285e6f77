// SPDX-License-Identifier: Apache-2.0

import Clang
import Findings
import IR
import Synchronization

/// Files, origins, statements and the comments that speak to prgate.
extension Lowerer {
  /// Adds all files that were read, with the hashes of their contents.
  mutating func addFiles() {
    for file in unit.includedFiles() { _ = fileID(file) }
    if let main = unit.mainFile() { module.mainFile = fileID(main) }
    // Origin 0 stands for code without a place of its own.
    let origin = Origin(
      file: module.mainFile, start: 0, end: 0, point: 0, spellingFile: module.mainFile,
      spelling: 0, statement: StatementID(index: 0))
    _ = module.statements.append(Statement(tokenHash: 0))
    _ = originIndex.intern(origin, in: &module.origins)
  }

  /// The row of a file.
  mutating func fileID(_ file: ClangFile) -> FileID {
    let position = Int(file.index)
    if position < fileIDs.count, let known = fileIDs[position] { return known }
    let id = module.files.append(
      SourceFile(
        path: reportedPath(unit.path(of: file)), contentHash: contentHash(of: file),
        isSystem: false, text: []))
    while fileIDs.count <= position { fileIDs.append(nil) }
    fileIDs[position] = id
    return id
  }

  /// The SHA-256 of a file's content, which is remembered from unit to unit.
  private mutating func contentHash(of file: ClangFile) -> ContiguousArray<UInt8> {
    let identity = unit.identity(of: file)
    if let identity, let known = contentHashes.withLock({ $0[identity] }) { return known }
    let digest = unit.withContents(of: file) { ContiguousArray(SHA256.digest(of: $0)) }
    if let identity { contentHashes.withLock { $0[identity] = digest } }
    return digest
  }

  /// The path as reports name it: relative to the root where it lies under it, else absolute.
  func reportedPath(_ path: String) -> String {
    let absolute = absolutePath(path, in: workingDirectory)
    let root = options.root.hasSuffix("/") ? options.root : options.root + "/"
    guard absolute.hasPrefix(root) else { return absolute }
    return String(Substring(absolute.utf8.dropFirst(root.utf8.count)))
  }

  /// The origin of a node in the statement at hand.
  mutating func origin(_ node: Cursor) -> OriginID {
    if let known = code.origin(of: node) { return known }
    // An implicit cast is written where its operand is.
    if let operand = unit.implicitCastOperand(node) { return origin(operand) }
    guard let extent = unit.extent(of: node) else { return nowhere }
    let id = addOrigin(extent, statement: code.statement)
    code.setOrigin(id, of: node)
    return id
  }

  /// The origin of a declared name, in a statement of its own.
  mutating func originOfName(_ declaration: Cursor, name: String) -> OriginID {
    guard let place = unit.location(of: declaration) else { return nowhere }
    let end = FileOffset(file: place.file, offset: place.offset + UInt32(name.utf8.count))
    let extent = Extent(start: place, end: end, spelling: place, point: place)
    return addOrigin(extent, statement: code.statement)
  }

  /// The origin of the last byte of a node: the closing brace of a function's body.
  mutating func originOfEnd(_ node: Cursor) -> OriginID {
    guard var extent = unit.extent(of: node) else { return nowhere }
    if extent.end.file == extent.start.file, extent.end.offset > extent.start.offset {
      extent.start.offset = extent.end.offset - 1
    }
    extent.spelling = extent.start
    extent.point = extent.start
    return addOrigin(extent, statement: code.statement)
  }

  private mutating func addOrigin(_ extent: Extent, statement: StatementID) -> OriginID {
    let file = fileWithText(extent.start.file)
    let start = extent.start.offset
    let isOneFile = extent.end.file == extent.start.file
    let end = isOneFile && extent.end.offset > start ? extent.end.offset : start + 1
    let isInside = extent.point.file == extent.start.file && (start..<end) ~= extent.point.offset
    let origin = Origin(
      file: file, start: start, end: end, point: isInside ? extent.point.offset : start,
      spellingFile: extent.spelling == extent.start ? file : fileWithText(extent.spelling.file),
      spelling: extent.spelling.offset, statement: statement)
    return originIndex.intern(origin, in: &module.origins)
  }

  /// The row of a file that has origins: it carries the text.
  private mutating func fileWithText(_ file: ClangFile) -> FileID {
    let position = Int(file.index)
    if position < textFileIDs.count, let known = textFileIDs[position] { return known }
    let id = fileID(file)
    while textFileIDs.count <= position { textFileIDs.append(nil) }
    textFileIDs[position] = id
    if module.files[id].text.isEmpty {
      let row = module.files[id]
      module.files[id] = SourceFile(
        path: row.path, contentHash: row.contentHash, isSystem: unit.isSystem(file),
        text: unit.copyOfContents(of: file), lineStarts: unit.lineStarts(of: file))
      if !module.files[id].isSystem, unit.mentions(label: "prgate", in: file) {
        annotated.append(id)
      }
    }
    return id
  }

  /// Makes the node the statement that the following origins belong to.
  mutating func beginStatement(_ node: Cursor) {
    guard let extent = unit.extent(of: node), extent.start.file == extent.end.file,
      extent.start.offset < extent.end.offset
    else { return }
    let hash = unit.withContents(of: extent.start.file) { text in
      tokenHash(of: text, start: Int(extent.start.offset), end: Int(extent.end.offset))
    }
    let statement = Statement(tokenHash: hash)
    if let known = statementIDs[statement] {
      code.statement = known
    } else {
      code.statement = module.statements.append(statement)
      statementIDs[statement] = code.statement
    }
  }

  /// The identifier at the place where a node's first token is written.
  mutating func firstWord(of node: Cursor) -> String {
    guard let extent = unit.extent(of: node) else { return "" }
    return unit.withContents(of: extent.spelling.file) { text in
      var bytes: [UInt8] = []
      var position = Int(extent.spelling.offset)
      while position < text.count, isWord(text[position]) {
        bytes.append(text[position])
        position += 1
      }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// Adds the `prgate:` comments of all files that carry text.
  mutating func addDirectives() {
    for id in annotated.sorted(by: { $0.index < $1.index }) {
      let file = module.files[id]
      for comment in directiveComments(in: file.text.span) {
        module.directives.append(
          Directive(
            file: id, line: UInt32(file.position(at: UInt32(comment.start)).line),
            endLine: UInt32(file.position(at: UInt32(comment.end - 1)).line),
            text: String(decoding: file.text[comment.text], as: UTF8.self)))
      }
    }
  }
}

/// Hashes of the files that the process has read.
///
/// The one piece of shared state of the lowering, behind a lock: every unit of a program includes the
/// same hundreds of headers, and to hash them took as long as to lower the unit. The identity of a file
/// holds its device, inode, size and times in nanoseconds, and a file that was changed within the last
/// seconds has none, so that a hash is never that of an earlier content.
private let contentHashes = Mutex<[FileIdentity: ContiguousArray<UInt8>]>([:])
