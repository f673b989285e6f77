// SPDX-License-Identifier: Apache-2.0

import Findings
public import IR

/// A file that a unit read, and what the search for headers found when its text was read.
///
/// Units that share flags and headers share these rows. A row holds as long as the file has the content
/// and every place that the text may ask for holds a file, or none, as it did: then the same look-ups
/// come to the same files. So does every place where the file itself may be looked for by a name that a
/// macro makes.
public struct StoredFile: Hashable, Sendable {
  /// The path as reports name it: relative to the repository, else absolute.
  public let path: String
  /// SHA-256 of the content, 32 bytes.
  public let contentHash: ContiguousArray<UInt8>
  /// Tells lists of search directories apart, 32 bytes.
  public let search: ContiguousArray<UInt8>
  /// The names that the text may ask for.
  public let names: [IncludeName]
  /// Whether a directive gets its name from a macro.
  public let hasMacroInclude: Bool
  /// For each name and each place where it may lie, whether a file is there.
  public let presence: ContiguousArray<UInt8>
  /// SHA-256 over the row: its identity, and the proof that it was not damaged.
  let digest: ContiguousArray<UInt8>

  /// Makes a row.
  public init(
    path: String, contentHash: ContiguousArray<UInt8>, search: ContiguousArray<UInt8>,
    names: [IncludeName], hasMacroInclude: Bool = false, presence: ContiguousArray<UInt8>
  ) {
    self.path = path
    self.contentHash = contentHash
    self.search = search
    self.names = names
    self.hasMacroInclude = hasMacroInclude
    self.presence = presence
    var bytes = ContiguousArray(path.utf8)
    bytes.append(hasMacroInclude ? 1 : 0)
    for field in [contentHash, search, Self.text(of: names), presence] {
      bytes.append(contentsOf: String(field.count).utf8)
      bytes.append(0)
      bytes.append(contentsOf: field)
    }
    digest = ContiguousArray(SHA256.digest(of: bytes.span))
  }

  /// The names as one text.
  static func text(of names: [IncludeName]) -> ContiguousArray<UInt8> {
    var bytes: ContiguousArray<UInt8> = []
    for name in names {
      bytes.append(UInt8(ascii: name.isQuoted ? "\"" : "<"))
      bytes.append(contentsOf: name.path.utf8)
      bytes.append(0x0A)
    }
    return bytes
  }

  /// The names of a text that `text(of:)` made.
  static func names(in text: ContiguousArray<UInt8>) -> [IncludeName] {
    text.split(separator: 0x0A).map { line in
      IncludeName(
        path: String(decoding: line.dropFirst(), as: UTF8.self),
        isQuoted: line.first == UInt8(ascii: "\""))
    }
  }
}

/// A module as the cache keeps it: without texts and names of files, which its rows have.
public struct StoredUnit: Hashable, Sendable {
  /// The files that the unit read, in the order of the module.
  public var files: [StoredFile]
  /// What lies beside files whose includes a macro makes, under the names of `files`.
  public var presence: ContiguousArray<UInt8>
  /// What a run needs to know of the unit whose code it does not need, in the words of whoever keeps it.
  public var linkage: ContiguousArray<UInt8>
  /// `Module.encoded`, the files reduced to their numbers.
  public var bytes: ContiguousArray<UInt8>

  /// Takes a module apart; `files` are its files.
  public init(
    _ module: Module, files: [StoredFile], presence: ContiguousArray<UInt8> = [],
    linkage: ContiguousArray<UInt8> = []
  ) {
    var module = module
    for id in module.files.ids {
      // The reader asks for a text by its row: the number stands for the path.
      module.files[id].path = String(id.index)
      module.files[id].contentHash = []
    }
    self.files = files
    self.presence = presence
    self.linkage = linkage
    bytes = module.encoded(includesTexts: false)
  }

  init(
    files: [StoredFile], presence: ContiguousArray<UInt8>, linkage: ContiguousArray<UInt8>,
    bytes: ContiguousArray<UInt8>
  ) {
    self.files = files
    self.presence = presence
    self.linkage = linkage
    self.bytes = bytes
  }

  /// Puts a module together again.
  ///
  /// - Parameters:
  ///   - bytes: what was kept of it.
  ///   - files: the files that the unit read, in the order of the module.
  /// - Returns: the module.
  /// - Throws: why the bytes are no module.
  public static func module(
    _ bytes: ContiguousArray<UInt8>, files: [KnownFile]
  ) throws(ModuleFormatError) -> Module {
    func file(of row: SourceFile) -> KnownFile? {
      guard let number = Int(row.path), files.indices.contains(number) else { return nil }
      return files[number]
    }
    var module = try Module(
      decoding: bytes, text: { file(of: $0)?.text }, lineStarts: { file(of: $0)?.lineStarts })
    guard module.files.count == files.count else { throw .wrongSections }
    for (id, file) in zip(module.files.ids, files) {
      module.files[id].path = file.row.path
      module.files[id].contentHash = file.row.contentHash
    }
    return module
  }
}
