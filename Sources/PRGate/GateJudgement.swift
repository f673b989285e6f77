// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Gate
import IR

/// From what was analysed to what is new: policy, suppressions and baseline applied to both sides.
struct GateJudgement {
  private let governing: GatePolicy
  private let exclusions: GateExclusions
  private let renames: [String: String]
  private let program: ProgramAnalysis
  private var head: Side
  private var base: Side?
  private let hasBase: Bool
  /// Files of the base whose findings are not known.
  private var unknownAtBase: Set<String> = []
  /// What the change adds to the comments that take findings away.
  let addedSuppressions: [Suppression]
  /// What people should know, one line each.
  private(set) var notes: [String] = []

  /// One commit.
  private struct Side {
    var findings: [Finding]
    /// What units show that the change does not reach by what they read: calls may.
    var around: [Finding]
    var suppressions: Suppressions
  }

  /// Takes what was analysed at the head.
  init(
    _ program: ProgramAnalysis, head: Snapshot, changes: [ChangedFile], base: String?,
    governing: GatePolicy, exclusions: GateExclusions, repository: GitRepository
  ) async throws(CommandFailure) {
    self.governing = governing
    self.exclusions = exclusions
    self.program = program
    renames = changes.renames
    hasBase = base != nil
    let terms = Self.terms(governing)
    self.head = Self.side(program, terms, exclusions)
    addedSuppressions = try await Self.addedSuppressions(
      changes, program, head: head, base: base, terms: terms, repository: repository)
    if !exclusions.changed.isEmpty {
      let names = exclusions.changed.prefix(3).joined(separator: ", ")
      let more = exclusions.changed.count > 3 ? ", …" : ""
      notes.append("not judged, as the policy says: \(names)\(more)")
    }
    if !exclusions.newlyMarked.isEmpty {
      let names = exclusions.newlyMarked.prefix(3).joined(separator: ", ")
      let more = exclusions.newlyMarked.count > 3 ? ", …" : ""
      notes.append("the change says 'generated', which excuses nothing in it: \(names)\(more)")
    }
  }

  /// Whether the base has to be asked: for what may block or is shown as new, which is argued (tier A),
  /// and no comment takes it away.
  var needsBase: Bool {
    (head.findings + head.around).contains { finding in
      finding.tier == .a && head.suppressions.suppression(of: finding) == nil
    }
  }

  /// Takes what was analysed at the base.
  mutating func compare(with old: ProgramAnalysis) {
    var base = Self.side(old, Self.terms(governing), exclusions)
    // Around the change, what is the same on both sides is nobody's business.
    let (before, after) = (Set(base.around), Set(head.around))
    head.findings += head.around.filter { !before.contains($0) }
    base.findings += base.around.filter { !after.contains($0) }
    self.base = base
    for entry in old.ledger {
      guard case .incomplete(let reason) = entry.coverage else { continue }
      unknownAtBase.insert(renames[entry.path] ?? entry.path)
      notes.append(
        "at the base, \(entry.path) could not be analysed (\(reason)); what it has counts as new")
    }
  }

  /// What is new, unchanged, fixed and taken away.
  func difference() throws(CommandFailure) -> FindingsDiff {
    let hashes = program.lineHashes
    func lineHash(_ place: Location) -> String { hashes[place.path]?[place.start.line] ?? "" }
    let added = Set(addedSuppressions.map(\.location))
    var difference = FindingsDiff(
      head: head.findings, base: base?.findings, renames: renames, policy: governing.policy,
      suppression: { finding in
        guard var suppression = head.suppressions.suppression(of: finding) else { return nil }
        suppression.isAdded = added.contains(suppression.location)
        return suppression
      },
      baseSuppression: { base?.suppressions.suppression(of: $0) },
      lineHash: lineHash)
    guard difference.isConsistent else {
      throw CommandFailure(
        status: .internalError,
        message: "the findings of head and base do not add up; please report it")
    }
    let isComparable = base != nil
    if hasBase, !isComparable { difference.leaveUncompared() }
    let unmatched = difference.apply(governing.baseline, renames: renames) { finding in
      !hasBase || !isComparable || unknownAtBase.contains(finding.location.path)
    }
    let analysed = Set(program.ledger.filter(\.isAnalysed).map(\.path))
      .subtracting(program.ledger.filter { !$0.isAnalysed }.map(\.path))
    let stale = unmatched.filter { analysed.contains(renames[$0.path] ?? $0.path) }
    let kept = governing.headBaseline.map { head in
      let names = Set(head.entries.map(\.fingerprint))
      return stale.filter { names.contains($0.fingerprint) }
    }
    let own =
      BaselineFile.findings(
        GateRule.staleBaseline, about: kept ?? [], in: governing.headBaseline ?? BaselineFile.empty)
      + governing.grown + Suppressions.findings(aboutAdded: addedSuppressions)
    difference.add(
      reported(
        own.filter { governing.policy.level(of: $0) != .off }, policy: governing.policy,
        lineHash: lineHash))
    return difference
  }

  private static func terms(_ governing: GatePolicy) -> SuppressionTerms {
    SuppressionTerms(
      ruleIDs: Set(RuleSet.analysis.map(\.id)), policy: governing.policy, today: Today.day)
  }

  private static func side(
    _ program: ProgramAnalysis, _ terms: SuppressionTerms, _ exclusions: GateExclusions
  ) -> Side {
    let suppressions = program.suppressions(terms)
    func isJudged(_ finding: Finding) -> Bool { !exclusions.contain(finding) }
    let findings = program.findings(suppressions, policy: terms.policy, isWhole: false)
    let around = program.findingsAround.filter { terms.policy.level(of: $0) != .off }
    return Side(
      findings: findings.filter(isJudged), around: around.filter(isJudged),
      suppressions: suppressions)
  }

  /// The suppressions that the changed files have at the head and not at the base.
  private static func addedSuppressions(
    _ changes: [ChangedFile], _ program: ProgramAnalysis, head: Snapshot, base: String?,
    terms: SuppressionTerms, repository: GitRepository
  ) async throws(CommandFailure) -> [Suppression] {
    let read = Set(program.units.flatMap { $0.files.map(\.path) })
    let files = changes.filter { file in
      file.isRegular && (file.isSource || file.isHeader || read.contains(file.path))
    }
    var comments: [SuppressionComment] = []
    for file in files where file.kind != .deleted {
      guard let text = FileManager.default.contents(atPath: "\(head.directory)/\(file.path)") else {
        continue
      }
      comments += SuppressionSource.comments(in: text, path: file.path)
    }
    guard !comments.isEmpty else { return [] }
    let oldPaths = files.filter { $0.kind != .added }.map { file in
      if case .renamed(let old) = file.kind { old } else { file.path }
    }
    let contents = try await repository.contents(of: oldPaths.map { (commit: base, path: $0) })
    let old = zip(oldPaths, contents).flatMap { path, content in
      content.map { SuppressionSource.comments(in: $0, path: path) } ?? []
    }
    return Suppressions(comments, terms: terms)
      .added(since: Suppressions(old, terms: terms), renames: changes.renames)
  }
}

extension ProgramAnalysis {
  /// The findings that a policy asks for, with those about suppressions; none is taken away yet.
  ///
  /// - Parameters:
  ///   - suppressions: the comments, for what is wrong with them.
  ///   - policy: the levels; what is off is left out.
  ///   - isWhole: whether the program is all of the compilation database.
  ///   - rules: the rules that were asked; all of the policy's where it is nil.
  /// - Returns: the findings in no order that means anything.
  func findings(
    _ suppressions: Suppressions, policy: Policy, isWhole: Bool, rules: Set<String>? = nil
  ) -> [Finding] {
    func isAsked(_ finding: Finding) -> Bool {
      rules?.contains(finding.rule) != false && policy.level(of: finding) != .off
    }
    let asked = RuleSet.analysis.filter { rule in
      rules?.contains(rule.id) != false && policy.level(of: rule) != .off
    }
    let lines = analysedLines(isWhole: isWhole)
    let unused = suppressions.apply(to: findings).unusedSuppressions(
      rules: Set(asked.map(\.id))
    ) { path, range in
      lines[path]?.contains(where: range.contains) == true
    }
    return (findings + suppressions.problems + unused).filter(isAsked)
  }
}
