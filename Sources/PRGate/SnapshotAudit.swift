// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Index

/// Paths of the work tree that git ignores: build products.
struct IgnoredPaths: Sendable {
  /// Relative to the root; directories end with `/`.
  let paths: [String]
  private let files: Set<String>
  private let directories: [String]

  init(_ paths: [String]) {
    self.paths = paths
    files = Set(paths)
    directories = paths.filter { $0.hasSuffix("/") }
  }

  /// Whether a path relative to the root is one of them or lies beneath one.
  func contains(_ path: String) -> Bool {
    files.contains(path) || directories.contains(where: path.hasPrefix)
  }
}

/// The proof that units were read from the commit and from nothing else in the repository.
///
/// The virtual file system should leave no other way. This looks at what was read, so that a way that
/// nobody thought of makes the verdict INCOMPLETE and not wrong.
struct SnapshotAudit {
  let snapshot: Snapshot
  let root: String
  let ignored: IgnoredPaths

  /// Takes the units that read something else off the list of those that were analysed, and says of
  /// those that are not laid out why they could not be.
  func apply(to program: inout ProgramAnalysis) {
    for index in program.ledger.indices
    where snapshot.oversized.contains(program.ledger[index].path) {
      program.ledger[index].coverage = .incomplete(
        reason:
          "it has more than \(Snapshot.sizeLimit >> 20) MiB; split it, or exclude it in the policy")
    }
    var hashes: [String: String?] = [:]
    for read in program.units {
      guard let foreign = read.files.first(where: { !isOfCommit($0, &hashes) }) else {
        continue
      }
      let unit = read.mainPath
      let reason =
        "it reads \(foreign.path), which is not as the commit has it; commit it, or let git ignore it"
      for index in program.ledger.indices
      where program.ledger[index].path == unit && program.ledger[index].isAnalysed {
        program.ledger[index].coverage = .incomplete(reason: reason)
      }
    }
  }

  private func isOfCommit(_ file: ReadUnit.File, _ hashes: inout [String: String?]) -> Bool {
    if !file.path.hasPrefix("/") {
      if let expected = expectedHash(of: file.path, &hashes) {
        return expected == SHA256.hexadecimal(file.contentHash)
      }
      guard ignored.contains(file.path) else { return false }
    }
    // A link in a build directory, or outside, may lead back into the work tree.
    let real = Paths.canonical(Paths.absolute(file.path, in: root))
    let path = Paths.relative(real, to: root)
    guard path != real, !ignored.contains(path) else { return true }
    return expectedHash(of: path, &hashes) == SHA256.hexadecimal(file.contentHash)
  }

  private func expectedHash(of path: String, _ hashes: inout [String: String?]) -> String? {
    if let known = hashes[path] { return known }
    let content = FileManager.default.contents(atPath: snapshot.directory + "/" + path)
    let hash = content.map { SHA256.hexadecimalDigest(of: $0) }
    hashes.updateValue(hash, forKey: path)
    return hash
  }
}

/// What the index keeps of a run: the files that each unit read.
struct SnapshotRecorder {
  let snapshot: Snapshot
  let root: String

  /// A record for each unit that was analysed whole.
  ///
  /// Units of one file with several commands are not told apart: each gets the files of all of them.
  func records(of commands: [CompileCommand], _ program: ProgramAnalysis) -> [IncludeRecord] {
    let entries = Dictionary(grouping: program.ledger, by: \.path)
    let read = Dictionary(grouping: program.units) { $0.mainPath }
    var rows: [ReadUnit.File.ID: RecordedFile] = [:]
    return commands.compactMap { command in
      let path = Paths.relative(command.file, to: root)
      guard let units = read[path], let lines = entries[path], units.count == lines.count,
        lines.allSatisfy(\.isAnalysed)
      else { return nil }
      var files: [ReadUnit.File.ID: RecordedFile] = [:]
      for file in units.flatMap(\.files) where files[file.id] == nil {
        let row = rows[file.id] ?? row(for: file)
        rows[file.id] = row
        files[file.id] = row
      }
      return IncludeRecord(
        unit: command.identity, tree: snapshot.tree,
        files: files.values.sorted { Paths.isOrderedBefore($0.path, $1.path) })
    }
  }

  private func row(for file: ReadUnit.File) -> RecordedFile {
    let laidOut = snapshot.directory + "/" + file.path
    let isTracked =
      !file.path.hasPrefix("/") && FileManager.default.fileExists(atPath: laidOut)
    let place = isTracked ? laidOut : Paths.absolute(file.path, in: root)
    // What cannot be read again may ask for anything.
    let probes = FileManager.default.contents(atPath: place).map(IncludeRecord.probes) ?? ["*"]
    return RecordedFile(
      path: file.path, contentHash: SHA256.hexadecimal(file.contentHash), isTracked: isTracked,
      probes: probes)
  }
}

extension ReadUnit.File {
  /// What tells the files of several units apart.
  fileprivate struct ID: Hashable {
    var path: String
    var contentHash: ContiguousArray<UInt8>
  }

  fileprivate var id: ID { ID(path: path, contentHash: contentHash) }
}
