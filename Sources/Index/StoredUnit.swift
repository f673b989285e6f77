// SPDX-License-Identifier: Apache-2.0

import Findings
public import IR

/// A file that a unit read, and what the search for headers found when its text was read.
///
/// Units that share flags and headers share these rows. A row holds as long as the file has the content
/// and every place that the text may ask for holds a file, or none, as it did: then the same look-ups
/// come to the same files.
public struct StoredFile: Hashable, Sendable {
  /// The path as reports name it: relative to the repository, else absolute.
  public let path: String
  /// SHA-256 of the content, 32 bytes.
  public let contentHash: ContiguousArray<UInt8>
  /// Tells lists of search directories apart, 32 bytes.
  public let search: ContiguousArray<UInt8>
  /// The names that the text may ask for.
  public let names: [IncludeName]
  /// For each name and each place where it may lie, whether a file is there; a bit each.
  public let presence: ContiguousArray<UInt8>
  /// SHA-256 over the row: its identity, and the proof that it was not damaged.
  let digest: ContiguousArray<UInt8>

  /// Makes a row.
  public init(
    path: String, contentHash: ContiguousArray<UInt8>, search: ContiguousArray<UInt8>,
    names: [IncludeName], presence: ContiguousArray<UInt8>
  ) {
    self.path = path
    self.contentHash = contentHash
    self.search = search
    self.names = names
    self.presence = presence
    var bytes = ContiguousArray(path.utf8)
    bytes.append(0)
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
  /// `Module.encoded`, the files reduced to their numbers.
  public var bytes: ContiguousArray<UInt8>

  /// Takes a module apart; `files` are its files.
  public init(_ module: Module, files: [StoredFile]) {
    var module = module
    for id in module.files.ids {
      // The reader asks for a text by its row: the number stands for the path.
      module.files[id].path = String(id.index)
      module.files[id].contentHash = []
    }
    self.files = files
    bytes = module.encoded(includesTexts: false)
  }

  init(files: [StoredFile], bytes: ContiguousArray<UInt8>) {
    self.files = files
    self.bytes = bytes
  }

  /// Puts the module together again.
  ///
  /// - Parameter text: the content of the file of that path.
  /// - Returns: the module.
  /// - Throws: why the bytes are no module.
  public func module(
    text: (String) -> ContiguousArray<UInt8>?
  ) throws(ModuleFormatError) -> Module {
    var module = try Module(decoding: bytes) { row in
      guard let number = Int(row.path), files.indices.contains(number) else { return nil }
      return text(files[number].path)
    }
    guard module.files.count == files.count else { throw .wrongSections }
    for (id, file) in zip(module.files.ids, files) {
      module.files[id].path = file.path
      module.files[id].contentHash = file.contentHash
    }
    return module
  }
}
