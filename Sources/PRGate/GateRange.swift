// SPDX-License-Identifier: Apache-2.0

import Gate

/// The two commits that a verdict is about.
struct GateRange: Hashable, Sendable {
  /// The commit that is compared with; nil where everything counts as new.
  var base: String?
  /// The commit that is judged.
  var head: String
}

/// How the commits of a range are found.
struct GateRangeResolver: Sendable {
  let repository: GitRepository
  /// Whether commits that are missing may be fetched.
  let mayFetch: Bool

  /// Names of main branches, where the remote does not say which one it is.
  private static let mainBranches = ["main", "master"]

  /// The range that a command line asks for.
  ///
  /// It is the judged commit, `head`, and its best common ancestor with `base`, or with the main branch
  /// of the remote `origin`.
  func range(base: String?, head: String) async throws(CommandFailure) -> GateRange {
    guard let headCommit = try await repository.commit(head) else {
      throw .usage("unknown revision '\(head)'; give --head a commit of this repository")
    }
    let name = try await baseName(base)
    guard let baseCommit = try await commit(name) else {
      if try await repository.isShallow() {
        throw shallow("'\(name)' is not in this shallow clone")
      }
      throw .usage("unknown revision '\(name)'; fetch it, or give --base another one")
    }
    if let ancestor = try await mergeBase(baseCommit, headCommit) {
      return GateRange(base: ancestor, head: headCommit)
    }
    if try await repository.isShallow() {
      throw shallow("the common ancestor of '\(name)' and '\(head)' is not in this shallow clone")
    }
    throw .usage("'\(name)' and '\(head)' have no common ancestor; give --base another revision")
  }

  /// The range of a ref that is pushed; nil where there is nothing to judge.
  ///
  /// A branch is compared with the main branch of the remote, so that hook and CI answer alike, and the
  /// main branch with what the remote has of it. Where that is not known here, the commits that the
  /// remote is known to have are the base; where there are none, the whole tree is new.
  func range(of ref: PushedRef, remote: String) async throws(CommandFailure) -> GateRange? {
    guard !ref.isDeletion, !ref.isTag, let head = try await repository.commit(ref.localObject)
    else { return nil }
    let main = try await mainBranch(of: remote)
    if let main, let branch = ref.branch, main == "refs/remotes/\(remote)/\(branch)" {
      if !ref.isNew, let known = try await repository.commit(ref.remoteObject),
        let ancestor = try await repository.mergeBase(known, head)
      {
        return GateRange(base: ancestor, head: head)
      }
    } else if let main, let ancestor = try await repository.mergeBase(main, head) {
      return GateRange(base: ancestor, head: head)
    }
    return GateRange(base: try await boundary(of: head, remote: remote), head: head)
  }

  /// The range of a ref that is received; nil where there is nothing to judge.
  ///
  /// The main branch is the one that `HEAD` names; it is compared with what it was, others with it.
  func range(ofReceived ref: PushedRef) async throws(CommandFailure) -> GateRange? {
    guard !ref.isDeletion, !ref.isTag, let head = try await repository.commit(ref.localObject)
    else { return nil }
    let main = try await repository.git.line(["symbolic-ref", "--quiet", "HEAD"])
    if !ref.isNew, main == ref.remoteRef || main == nil {
      let ancestor = try await repository.mergeBase(ref.remoteObject, head)
      return GateRange(base: ancestor ?? ref.remoteObject, head: head)
    }
    guard let main, main != ref.remoteRef, try await repository.commit(main) != nil else {
      return GateRange(base: nil, head: head)
    }
    return GateRange(base: try await repository.mergeBase(main, head), head: head)
  }

  /// The revision to compare with, as a name.
  private func baseName(_ chosen: String?) async throws(CommandFailure) -> String {
    if let chosen { return chosen }
    if let main = try await mainBranch(of: "origin") { return main }
    if mayFetch {
      try await fetch(["--no-tags"])
      if let main = try await mainBranch(of: "origin") { return main }
    }
    let problem = "there is no origin/HEAD, origin/main or origin/master to compare with"
    if try await repository.isShallow() { throw shallow(problem) }
    throw .usage("\(problem); give --base REV")
  }

  /// The ref of the main branch of a remote as it is known here.
  private func mainBranch(of remote: String) async throws(CommandFailure) -> String? {
    let prefix = "refs/remotes/\(remote)/"
    var names = Self.mainBranches.map { prefix + $0 }
    if let target = try await repository.git.line(["symbolic-ref", "--quiet", prefix + "HEAD"]) {
      names.insert(target, at: 0)
    }
    for name in names where try await repository.commit(name) != nil {
      return try await policyBase(at: name) ?? name
    }
    return nil
  }

  /// The branch that the policy of the main branch names as the one that changes go to.
  ///
  /// Not the policy of the judged commit: a change could name itself, and everything would be old.
  private func policyBase(at main: String) async throws(CommandFailure) -> String? {
    let content = try await repository.contents(of: [(commit: main, path: PolicyFile.name)])[0]
    guard let content, let policy = try? PolicyFile.read(content, place: main),
      let base = policy.base
    else { return nil }
    return try await repository.git.line([
      "rev-parse", "--verify", "--quiet", "--symbolic-full-name", "--end-of-options", base,
    ]).flatMap { $0.hasPrefix("refs/remotes/") ? $0 : nil }
  }

  /// The newest commit that the remote is known to have and that all that is pushed builds on; nil
  /// where it has none.
  private func boundary(of head: String, remote: String) async throws(CommandFailure) -> String? {
    let known = "--remotes=\(remote)"
    guard
      let list = try await repository.git.line(["rev-list", "--boundary", head, "--not", known])
    else { return nil }
    if list.isEmpty { return head }
    let boundaries = list.split(separator: "\n").filter { $0.hasPrefix("-") }
      .map { String($0.dropFirst()) }
    guard let first = boundaries.first else { return nil }
    if boundaries.count == 1 { return first }
    return try await repository.git.line(["merge-base", "--octopus", head] + boundaries)
  }

  /// The commit of a name, fetched where that is allowed and needed.
  private func commit(_ name: String) async throws(CommandFailure) -> String? {
    if let commit = try await repository.commit(name) { return commit }
    guard mayFetch else { return nil }
    try await fetch(["--no-tags"])
    return try await repository.commit(name)
  }

  /// The best common ancestor; a shallow clone is made deeper where that is allowed.
  private func mergeBase(_ one: String, _ other: String) async throws(CommandFailure) -> String? {
    if let found = try await repository.mergeBase(one, other) { return found }
    guard mayFetch, try await repository.isShallow() else { return nil }
    for depth in ["--deepen=50", "--deepen=500", "--unshallow"] {
      try await fetch(["--no-tags", depth])
      if let found = try await repository.mergeBase(one, other) { return found }
    }
    return nil
  }

  private static let allBranches = "+refs/heads/*:refs/remotes/origin/*"

  private func fetch(_ options: [String]) async throws(CommandFailure) {
    _ = try await repository.git.output(
      ["fetch", "--quiet"] + options + ["--end-of-options", "origin", Self.allBranches])
  }

  private func shallow(_ problem: String) -> CommandFailure {
    .usage(
      "\(problem); run 'git fetch --unshallow origin \(Self.allBranches)' (in GitHub Actions: "
        + "fetch-depth: 0), or give --fetch")
  }
}
