// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Gate
import SystemPackage

/// The files of a commit, laid out in a directory of their own.
///
/// The gate judges the commit and not the work tree: this directory takes the place of the repository
/// when the units are parsed (`FileSystemOverlay`). Contents are those of git's objects; no filter and
/// no conversion of line ends runs. Blobs are kept once under their names and linked into the trees
/// that have them, so a further commit costs what differs.
struct Snapshot: Sendable {
  /// Bytes above which a file is not laid out: it is no source.
  static let sizeLimit = 16 << 20

  /// The name of the tree.
  let tree: String
  /// The directory that holds the files.
  let directory: String
  /// The plain files that are laid out, by path relative to the root.
  let files: Set<String>
  /// Files that are too large to be laid out.
  let oversized: Set<String>
  /// Directories of other repositories; their files are not laid out.
  let submodules: [String]

  /// Lays out the tree of a commit, in the cache where that can be used.
  ///
  /// - Returns: the snapshot, and the cache as it can be used from now on.
  static func make(
    of commit: String, in repository: GitRepository, cache: GateCache
  ) async throws(CommandFailure) -> (Snapshot, GateCache) {
    let tree = try await repository.tree(of: commit)
    let entries = try await repository.entries(ofTree: tree)
    if let directory = cache.directory {
      let store = BlobStore(directory: directory)
      do {
        let snapshot = try await layOut(tree, entries, repository, store)
        return (snapshot, cache)
      } catch let error as BlobStore.Failure {
        let rest = cache.withoutDirectory(because: GateCache.reason(of: error.underlying))
        return (try await make(tree, entries, repository, rest), rest)
      } catch let error as CommandFailure {
        throw error
      } catch {
        throw .usage("\(directory): \(error)")
      }
    }
    return (try await make(tree, entries, repository, cache), cache)
  }

  /// Lays out a tree in the temporary directory of the run.
  private static func make(
    _ tree: String, _ entries: [TreeEntry], _ repository: GitRepository, _ cache: GateCache
  ) async throws(CommandFailure) -> Snapshot {
    do {
      return try await layOut(tree, entries, repository, BlobStore(directory: cache.scratch))
    } catch let error as CommandFailure {
      throw error
    } catch {
      let reason = GateCache.reason(of: (error as? BlobStore.Failure)?.underlying ?? error)
      throw .usage(
        "\(cache.scratch): the judged commit cannot be laid out there (\(reason)); set TMPDIR to "
          + "another directory")
    }
  }

  private static func layOut(
    _ tree: String, _ entries: [TreeEntry], _ repository: GitRepository, _ store: BlobStore
  ) async throws -> Snapshot {
    let regular = entries.filter { $0.kind == .file }
    let plain = regular.filter { $0.size <= sizeLimit }
    let snapshot = Snapshot(
      tree: tree, directory: store.directory(ofTree: tree), files: Set(plain.map(\.path)),
      oversized: Set(regular.filter { $0.size > sizeLimit }.map(\.path)),
      submodules: entries.filter { $0.kind == .submodule }.map(\.path))
    if store.has(tree: tree) {
      store.touch(tree: tree)
      return snapshot
    }
    try await store.fill(with: plain, from: repository)
    try await store.assemble(
      tree: tree, files: plain, links: entries.filter { $0.kind == .link }, from: repository)
    return snapshot
  }

  /// Whether the commit has the file, or a file in the directory if the path ends with `/`.
  ///
  /// What git ignores now may have been committed once.
  func has(_ path: String) -> Bool {
    path.hasSuffix("/") ? files.contains { $0.hasPrefix(path) } : files.contains(path)
  }
}

/// Contents by object name, and trees made of links to them.
struct BlobStore: Sendable {
  /// The system refused to write.
  struct Failure: Error {
    var underlying: any Error
  }

  /// Bytes of contents that one run of git is asked for.
  private static let batchSize = 32 << 20

  let directory: String

  func directory(ofTree tree: String) -> String { "\(directory)/trees/\(tree)" }

  func has(tree: String) -> Bool { Paths.isDirectory(directory(ofTree: tree)) }

  /// Notes that a tree was used.
  func touch(tree: String) {
    try? FileManager.default.setAttributes(
      [.modificationDate: Date()], ofItemAtPath: directory(ofTree: tree))
  }

  /// Removes trees that were not used since `date`, what interrupted runs left, and contents that no
  /// tree has any more.
  ///
  /// A run that needs something at the very moment that it goes lays it out elsewhere.
  func prune(unusedSince date: Date) {
    for tree in names(in: directory + "/trees") {
      let path = "\(directory)/trees/\(tree)"
      if isOlder(path, than: date) { try? FileManager.default.removeItem(atPath: path) }
    }
    for prefix in names(in: directory + "/blobs") {
      for blob in names(in: "\(directory)/blobs/\(prefix)") {
        let path = "\(directory)/blobs/\(prefix)/\(blob)"
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard isOlder(path, than: date), attributes?[.referenceCount] as? Int == 1 else { continue }
        try? FileManager.default.removeItem(atPath: path)
      }
    }
  }

  private func names(in directory: String) -> [String] {
    (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
  }

  private func isOlder(_ path: String, than date: Date) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return (attributes?[.modificationDate] as? Date).map { $0 < date } ?? false
  }

  private func path(ofBlob object: String) -> String {
    "\(directory)/blobs/\(object.prefix(2))/\(object)"
  }

  /// Writes the contents that are not there yet.
  func fill(with entries: [TreeEntry], from repository: GitRepository) async throws {
    var seen: Set<String> = []
    let missing = entries.filter { entry in
      seen.insert(entry.object).inserted && size(of: path(ofBlob: entry.object)) != entry.size
    }
    var batch: [TreeEntry] = []
    var bytes = 0
    for entry in missing {
      batch.append(entry)
      bytes += entry.size
      if bytes >= Self.batchSize {
        try await write(batch, from: repository)
        batch.removeAll()
        bytes = 0
      }
    }
    try await write(batch, from: repository)
  }

  private func write(_ batch: [TreeEntry], from repository: GitRepository) async throws {
    guard !batch.isEmpty else { return }
    let contents = try await repository.contents(ofBlobs: batch.map(\.object))
    for (entry, content) in zip(batch, contents) {
      try attempt {
        let path = path(ofBlob: entry.object)
        try makeDirectory((path as NSString).deletingLastPathComponent)
        let partial = partialName(of: path)
        try Self.write(content, to: partial)
        // What is there has another size than the object: a write that was cut short.
        try? FileManager.default.removeItem(atPath: path)
        try rename(partial, to: path)
      }
    }
  }

  /// Writes a file without waiting for the disk, as Foundation would for each of them: a file that a
  /// power failure cut short has another size than its object and is written again.
  private static func write(_ content: ArraySlice<UInt8>, to path: String) throws {
    let file = try FileDescriptor.open(
      FilePath(path), .writeOnly, options: [.create, .truncate], permissions: [.ownerReadWrite])
    _ = try file.closeAfter { try file.writeAll(content) }
  }

  /// Makes the directory of a tree: first complete under another name, then under its own.
  func assemble(
    tree: String, files: [TreeEntry], links: [TreeEntry], from repository: GitRepository
  ) async throws {
    let targets =
      links.isEmpty ? [] : try await repository.contents(ofBlobs: links.map(\.object))
    let final = directory(ofTree: tree)
    let partial = partialName(of: final)
    do {
      try attempt {
        try makeDirectory(partial)
        var directories: Set<String> = []
        for entry in files {
          let path = partial + "/" + entry.path
          let parent = (path as NSString).deletingLastPathComponent
          if directories.insert(parent).inserted { try makeDirectory(parent) }
          try place(entry, at: path)
        }
        for (entry, target) in zip(links, targets) {
          try link(entry.path, to: String(decoding: target, as: UTF8.self), in: partial)
        }
        try rename(partial, to: final)
      }
    } catch {
      try? FileManager.default.removeItem(atPath: partial)
      throw error
    }
  }

  /// Gives a file of a tree its content: a link where the file system has them, else a copy.
  private func place(_ entry: TreeEntry, at path: String) throws {
    let blob = self.path(ofBlob: entry.object)
    // A file has a limited number of links, and some file systems have none at all.
    guard (try? FileManager.default.linkItem(atPath: blob, toPath: path)) == nil else { return }
    try FileManager.default.copyItem(atPath: blob, toPath: path)
  }

  /// Makes a symbolic link of the commit, unless it leads out of it: such a link would show files of
  /// the machine, or of the work tree, as if they were committed.
  private func link(_ path: String, to target: String, in root: String) throws {
    let parts = target.split(separator: "/", omittingEmptySubsequences: true)
    let up = parts.prefix { $0 == ".." || $0 == "." }.count { $0 == ".." }
    let depth = path.split(separator: "/").count - 1
    guard !target.hasPrefix("/"), up <= depth,
      !parts.drop(while: { $0 == ".." || $0 == "." }).contains("..")
    else { return }
    let place = root + "/" + path
    try makeDirectory((place as NSString).deletingLastPathComponent)
    try FileManager.default.createSymbolicLink(atPath: place, withDestinationPath: target)
  }

  private func size(of path: String) -> Int? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.size] as? Int
  }

  private func makeDirectory(_ path: String) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  /// A name of our own beside `path`; processes that write the same thing do not meet.
  private func partialName(of path: String) -> String {
    "\(path).partial-\(ProcessInfo.processInfo.processIdentifier)"
  }

  /// Gives a complete file or directory its name; where another process was faster, its one stays.
  private func rename(_ partial: String, to path: String) throws {
    do {
      try FileManager.default.moveItem(atPath: partial, toPath: path)
    } catch {
      guard FileManager.default.fileExists(atPath: path) else { throw error }
      try FileManager.default.removeItem(atPath: partial)
    }
  }

  private func attempt(_ body: () throws -> Void) throws(Failure) {
    do { try body() } catch { throw Failure(underlying: error) }
  }
}
