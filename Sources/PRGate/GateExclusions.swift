// SPDX-License-Identifier: Apache-2.0

import Findings
import Gate

/// The files in which nothing is judged, as the base of the change has it: a change cannot take its own
/// files out.
///
/// A generator's mark is such a word too. In a file that git has it counts only as the base has it, at the
/// same path: neither a mark that the change writes, nor one that comes with a rename, excuses anything.
/// What git does not have is a build product, whose bytes are the same for head and base: there the mark
/// of the file on the disk counts, and the name `*.mod.c`, which says nothing of a file that git has.
struct GateExclusions: Sendable {
  private let policy: Policy
  private let attributed: Set<String>
  private let head: Snapshot
  private let root: String
  private let hasBase: Bool
  /// Whether the base has a mark in a file that the change touches; nil for a file that it does not.
  private var marks: [String: Bool] = [:]
  /// Changed C files to which the change adds a generator's mark: they are judged.
  private(set) var newlyMarked: [String] = []
  /// Changed C files that are not judged, in their order.
  private(set) var changed: [String] = []

  /// Asks the policy and git's attributes; a private index of git is written at the path `index`.
  init(
    _ changes: [ChangedFile], head: Snapshot, base: String?, policy: Policy,
    repository: GitRepository, index: String
  ) async throws(CommandFailure) {
    self.policy = policy
    self.head = head
    root = repository.root
    hasBase = base != nil
    var attributes: [String] = []
    if policy.excludesGenerated { attributes.append("linguist-generated") }
    if policy.excludesVendored { attributes.append("linguist-vendored") }
    var attributed: Set<String> = []
    if let base, !attributes.isEmpty, try await repository.hasAttributes(attributes, at: base) {
      let gone = changes.filter { $0.kind == .deleted }.map(\.path) + Array(changes.renames.keys)
      attributed = try await repository.paths(
        (Array(head.files) + gone).sorted(), withAnyOf: attributes, at: base, index: index)
    }
    self.attributed = attributed
    if policy.excludesGenerated { try await readMarks(changes, base: base, repository) }
    changed = changes.filter { $0.isSource || $0.isHeader }.map(\.path).filter(contains)
  }

  /// Asks the base which of the touched files it has marked.
  private mutating func readMarks(
    _ changes: [ChangedFile], base: String?, _ repository: GitRepository
  ) async throws(CommandFailure) {
    let paths = (changes.map(\.path) + changes.renames.keys).sorted()
    let contents = try await repository.contents(of: paths.map { (commit: base, path: $0) })
    for (path, content) in zip(paths, contents) {
      marks[path] = base != nil && content.map { GeneratedMark.isIn($0) } == true
    }
    newlyMarked = changes.filter { ($0.isSource || $0.isHeader) && $0.kind != .deleted }.map(\.path)
      .filter { path in
        marks[path] == false && !attributed.contains(path) && !policy.excludes(path)
          && GeneratedSources.isMarked("\(head.directory)/\(path)")
      }
  }

  /// Whether nothing in a file is judged.
  func contains(_ path: String) -> Bool {
    attributed.contains(path) || policy.excludes(path)
      || policy.excludesGenerated && isGenerated(path)
  }

  /// Whether a finding is not judged.
  ///
  /// One in a generated file is, where its path leads through code that somebody wrote: who calls such a
  /// file wrongly has to hear of it.
  func contain(_ finding: Finding) -> Bool {
    let path = finding.location.path
    if attributed.contains(path) || policy.excludes(path) { return true }
    return contains(path) && finding.events.allSatisfy { contains($0.location.path) }
  }

  private func isGenerated(_ path: String) -> Bool {
    if let mark = marks[path] { return mark }
    // What the change does not touch is at the head as it is at the base.
    if head.files.contains(path) {
      return hasBase && GeneratedSources.isMarked("\(head.directory)/\(path)")
    }
    if head.oversized.contains(path) { return false }
    return GeneratedSources.contains(Paths.absolute(path, in: root))
  }
}
