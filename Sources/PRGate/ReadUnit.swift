// SPDX-License-Identifier: Apache-2.0

import Analysis
import IR
import Index

/// A unit that was read: by the parser in this run, or in an earlier one, so that its code waits in the cache.
struct ReadUnit: Sendable {
  private enum Source: Sendable {
    case module(SharedModule)
    case hit(UnitLibrary.Hit)
  }

  /// The code; nil inside where the cache has lost it.
  let code: LazyModule
  /// What a run needs to know of it that does not need its code.
  let linkage: Linkage
  private let source: Source

  /// A unit that was parsed.
  init(_ module: Module) {
    let shared = SharedModule(module)
    source = .module(shared)
    code = LazyModule(shared)
    linkage = Linkage(of: module)
  }

  /// A unit of the cache, from what `stored` keeps beside its code; nil where that is damaged.
  init?(_ hit: UnitLibrary.Hit, code: LazyModule) {
    guard hit.linkage.count > Digest.size,
      let linkage = Linkage(decoding: ContiguousArray(hit.linkage.dropFirst(Digest.size)))
    else { return nil }
    let count = UInt32(hit.files.count)
    guard linkage.mainFile.index < count,
      linkage.commentedFiles.allSatisfy({ $0.file.index < count })
    else { return nil }
    self.linkage = linkage
    self.code = code
    source = .hit(hit)
  }

  /// What is kept beside the code: what tells it from any other, and the linkage.
  static func stored(_ linkage: Linkage, key: UnitResultKey) -> ContiguousArray<UInt8> {
    key.code.bytes + linkage.encoded
  }

  /// A file that a unit read.
  struct File: Sendable {
    /// The path as reports name it.
    var path: String
    /// SHA-256 of the content, 32 bytes.
    var contentHash: ContiguousArray<UInt8>
    /// The content; of a unit that was parsed only where it has code there.
    var text: ContiguousArray<UInt8>
  }

  /// The files that the unit read, in the order of the module.
  var files: some RandomAccessCollection<File> {
    let count =
      switch source {
      case .module(let shared): shared.module.files.count
      case .hit(let hit): hit.files.count
      }
    return (0..<count).lazy.map { row in
      switch source {
      case .module(let shared):
        let file = shared.module.files.rows[row]
        return File(path: file.path, contentHash: file.contentHash, text: file.text)
      case .hit(let hit):
        let file = hit.files[row]
        return File(path: file.row.path, contentHash: file.row.contentHash, text: file.text)
      }
    }
  }

  /// A file that the unit read, with its lines.
  func file(_ id: FileID) -> SourceFile {
    switch source {
    case .module(let shared): return shared.module.files[id]
    case .hit(let hit):
      let file = hit.files[Int(id.index)]
      return SourceFile(
        path: file.row.path, contentHash: file.row.contentHash, isSystem: false, text: file.text,
        lineStarts: file.lineStarts)
    }
  }

  /// The path of the main file; "" where nothing was read.
  var mainPath: String {
    switch source {
    case .module(let shared):
      shared.module.files.count > 0 ? shared.module.files[linkage.mainFile].path : ""
    case .hit(let hit): hit.files[Int(linkage.mainFile.index)].row.path
    }
  }
}
