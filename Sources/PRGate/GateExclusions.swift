// SPDX-License-Identifier: Apache-2.0

import Gate

/// The files in which nothing is judged, as the base of the change has it: a change cannot take its own
/// files out.
struct GateExclusions: Sendable {
  private let policy: Policy
  private let attributed: Set<String>
  /// Changed C files that are not judged, in their order.
  let changed: [String]

  /// Asks the policy and git's attributes; a private index of git is written at the path `index`.
  init(
    _ changes: [ChangedFile], head: Snapshot, base: String?, policy: Policy,
    repository: GitRepository, index: String
  ) async throws(CommandFailure) {
    self.policy = policy
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
    changed = changes.filter { $0.isSource || $0.isHeader }.map(\.path).filter { path in
      attributed.contains(path) || policy.excludes(path)
    }
  }

  /// Whether nothing in a file is judged.
  func contains(_ path: String) -> Bool { attributed.contains(path) || policy.excludes(path) }
}
