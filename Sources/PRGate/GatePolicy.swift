// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings
import Foundation
import Gate
import Models

/// What judges a change: the policy and the baseline of its base, with what the change makes stricter.
struct GatePolicy: Sendable {
  /// The policy in force.
  var policy: Policy
  /// The baseline of the base; empty where it has none.
  var baseline: Baseline
  /// The baseline that the change brings, with its lines; nil where it has none.
  var headBaseline: Baseline?
  /// What the change does to the policy.
  var changes: [PolicyChange]
  /// Models of the project's own functions, as the base has them.
  private(set) var models: [FunctionModel] = []
  /// What people should know, one line each.
  var notes: [String]

  /// Reads policy and baseline of both commits.
  ///
  /// A policy of the change that is wrong is an error: it would disarm the gate after the merge. One of
  /// the base that is wrong cannot be asked, and must not keep its own repair out: the built-in levels,
  /// which block, take its place. With `isRatchet`, the baseline may only shrink.
  init(
    of range: GateRange, in repository: GitRepository, isRatchet: Bool
  ) async throws(CommandFailure) {
    notes = []
    let names = [PolicyFile.name, Baseline.name]
    let specifications = [range.base, range.head].flatMap { commit in
      names.map { (commit: commit, path: $0) }
    }
    let contents = try await repository.contents(of: specifications)
    let head = try contents[2].map { content throws(CommandFailure) in
      try PolicyFile.read(content, place: "\(PolicyFile.name) at the head")
    }
    let before: Policy?
    do {
      before = try contents[0].map { content throws(CommandFailure) in
        try PolicyFile.read(content, place: "\(PolicyFile.name) at the base")
      }
    } catch {
      before = nil
      notes.append("\(error.message); the built-in levels judge this change")
    }
    let rules = RuleSet.all
    policy = (before ?? .builtIn).tightened(by: head ?? .builtIn, rules: rules)
    changes = (before ?? .builtIn).changes(to: head ?? .builtIn, rules: rules)
    baseline =
      try contents[1].map { content throws(CommandFailure) in
        try BaselineFile.read(content, place: "\(Baseline.name) at the base")
      } ?? BaselineFile.empty
    headBaseline = try contents[3].map { content throws(CommandFailure) in
      try BaselineFile.read(content, place: "\(Baseline.name) at the head")
    }
    if contents[1] != nil || contents[3] != nil { addBaselineChange() }
    if isRatchet {
      for rule in [GateRule.staleBaseline, GateRule.grownBaseline] {
        policy.rules[rule.id] = RuleSetting(.block)
      }
    }
    policy = policy.inEffect(on: Today.day)
    try await readModels(of: range, head: head?.models ?? [], in: repository)
  }

  /// Reads the models that the base names; those that the head names must be readable.
  private mutating func readModels(
    of range: GateRange, head: [String], in repository: GitRepository
  ) async throws(CommandFailure) {
    let files =
      policy.models.map { (commit: range.base, path: $0) }
      + head.map { (commit: Optional(range.head), path: $0) }
    guard !files.isEmpty else { return }
    let contents = try await repository.contents(of: files)
    for (file, content) in zip(files, contents) {
      let isHead = file.commit == range.head
      do {
        guard let content else { throw CommandFailure.usage("\(file.path): there is no such file") }
        let read = try ModelFile.parse(String(decoding: content, as: UTF8.self), path: file.path)
        if !isHead { models += read }
      } catch let failure as CommandFailure {
        if isHead { throw failure }
        notes.append("\(failure.message); judged without these models")
      } catch {
        throw .usage("\(file.path): \(error)")
      }
    }
  }

  private mutating func addBaselineChange() {
    let head = headBaseline ?? BaselineFile.empty
    let added = head.entries(missingIn: baseline).count
    let removed = baseline.entries(missingIn: head).count
    func add(_ count: Int, _ effect: PolicyChange.Effect) {
      guard count > 0 else { return }
      changes.append(
        PolicyChange(
          subject: Baseline.name, before: "\(baseline.entries.count) entries",
          after: "\(head.entries.count) entries", effect: effect))
    }
    if added > 0 { add(added, .loosens) } else { add(removed, .tightens) }
  }

  /// The entries that the change adds to a baseline that was there before.
  var grown: [Finding] {
    guard let headBaseline, !baseline.entries.isEmpty else { return [] }
    return BaselineFile.findings(
      GateRule.grownBaseline, about: headBaseline.entries(missingIn: baseline), in: headBaseline)
  }
}

/// The day on which `until` and `since` are judged.
enum Today {
  /// `--date`, where it is given.
  @TaskLocal static var chosen: Day?

  /// The day in UTC.
  static var day: Day {
    chosen ?? Day(number: Int((Date().timeIntervalSince1970 / 86_400).rounded(.down)))
  }
}
