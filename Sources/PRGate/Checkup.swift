// SPDX-License-Identifier: Apache-2.0

import Clang
import Foundation
import Reporting

/// What `prgate doctor` looks at, in its order.
struct Checkup: Sendable {
  /// A look at one thing.
  typealias Examination = @Sendable () async -> [Symptom]

  let place: WorkingPlace
  /// The database that was named; nil to search for one.
  let database: String?
  /// Units to read on trial.
  let probe: Int

  /// All there is to look at.
  var examinations: [Examination] {
    [machine, repository, databaseAndUnits, policy, kernel, hook, cache]
  }

  /// Paths and reasons on one line, without what a terminal would obey.
  static func shown(_ text: String) -> String { Reporting.visibleText(text) }

  /// The program, the parser, and the compiler's own headers.
  @Sendable private func machine() -> [Symptom] {
    var symptoms = [Symptom.fine("prgate", "\(Version.number), \(libclangVersion())")]
    do {
      symptoms.append(.fine("headers", try Toolchain.resourceDirectory()))
    } catch {
      symptoms.append(.broken("headers", error.message))
    }
    return symptoms
  }

  /// Whether the gate finds commits to compare.
  @Sendable private func repository() async -> [Symptom] {
    let repository: GitRepository
    do {
      repository = try await GitRepository.open(around: place.directory)
    } catch {
      return [
        .remark("git", "\(error.message)")
      ]
    }
    do {
      return try await examine(repository)
    } catch {
      return [.broken("git", error.message)]
    }
  }

  private func examine(_ repository: GitRepository) async throws(CommandFailure) -> [Symptom] {
    let version = try await repository.git.line(["--version"]) ?? "git"
    if try await repository.isShallow() {
      return [
        .broken(
          "git",
          "\(version), a shallow clone: the base of a change is not in it; "
            + "run 'git fetch --unshallow'")
      ]
    }
    guard try await repository.commit("HEAD") != nil else {
      return [.remark("git", "\(version), no commit yet: there is nothing for the gate to judge")]
    }
    let resolver = GateRangeResolver(repository: repository, mayFetch: false)
    do {
      let range = try await resolver.range(base: nil, head: "HEAD")
      let base = (range.base ?? "").prefix(12)
      return [.fine("git", "\(version), full history, HEAD is compared with \(base)")]
    } catch {
      return [.remark("git", "\(version), but \(error.message)")]
    }
  }

  /// Whether a policy is there and well formed.
  @Sendable private func policy() -> [Symptom] {
    let file = place.root + "/" + PolicyFile.name
    guard let content = FileManager.default.contents(atPath: file) else {
      return [
        .remark(
          "policy",
          "no \(PolicyFile.name): errors block, warnings warn; 'prgate init' writes one")
      ]
    }
    do {
      _ = try PolicyFile.read(content, place: PolicyFile.name)
    } catch {
      return [.broken("policy", error.message)]
    }
    return [.fine("policy", "\(PolicyFile.name); the gate takes it from the base of a change")]
  }

  /// What a kernel tree needs before its files can be read.
  @Sendable private func kernel() -> [Symptom] {
    let source = KernelTree(root: place.root)
    guard source.isKernel else { return [] }
    let products = objectTree
    let tree = products.map { KernelTree(root: $0) } ?? source
    let place = products.map { " in \($0)" } ?? ""
    guard tree.has(".config") else {
      return [
        .broken(
          "kernel",
          products.map { "not configured\(place); run 'make O=\($0) defconfig', or copy a .config" }
            ?? "not configured; run 'make defconfig', or copy a .config")
      ]
    }
    guard tree.has("include/generated/autoconf.h") else {
      let recipe =
        products.map { "make -C \($0) olddefconfig prepare modules_prepare" }
        ?? KernelTree.preparation
      return [
        .broken("kernel", "include/generated/autoconf.h is missing\(place); run '\(recipe)'")
      ]
    }
    return [.fine("kernel", "configured\(place), generated headers are there")]
  }

  /// Where the database's build has its products, if that is not the tree of the sources.
  private var objectTree: String? {
    let found =
      database.map { Paths.absolute($0, in: place.directory) }
      ?? DatabaseDiscovery.database(for: place.directory)
    guard let found, let commands = try? CompilationDatabase(at: found).commands,
      let command = commands.first(where: KernelTree.isKernel),
      let tree = KernelTree.objectTree(of: command.arguments, in: command.directory),
      Paths.canonical(tree) != place.root
    else { return nil }
    return tree
  }

  /// Whether pushes are judged.
  @Sendable private func hook() async -> [Symptom] {
    guard let hook = try? await PrePushHook.ofRepository() else { return [] }
    if case .ours(let binary) = hook.state, FileManager.default.isExecutableFile(atPath: binary) {
      return [.fine("hook", hook.status)]
    }
    return [.remark("hook", hook.status)]
  }

  /// Whether later runs can use what this one learns.
  @Sendable private func cache() -> [Symptom] {
    do {
      let cache = try GateCache(directory: nil)
      defer { cache.close() }
      if let directory = cache.directory { return [.fine("cache", directory)] }
      return cache.notes.map { .remark("cache", $0) }
    } catch {
      return [.broken("cache", error.message)]
    }
  }
}
