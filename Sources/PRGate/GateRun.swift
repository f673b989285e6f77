// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings
import Foundation
import Gate
import IR
import Index
import Models

/// What the command line asks of the gate beside the commits.
struct GateOptions: Sendable {
  /// Whether the baseline may only shrink.
  var isRatchet = false
  /// What an open answer does; nil where the policy decides.
  var onIncomplete: IncompleteAction?
  /// How units are read.
  var workers: WorkerArguments
  /// Starts the time of the run, once; the policy may set how long it is.
  var startBudget: @Sendable (_ policy: Int?) -> Void = { _ in }
}

/// A change with all that its judgement needs.
private struct PlannedChange {
  let range: GateRange
  let governing: GatePolicy
  /// The commit that is compared with, or the empty tree.
  let base: String
  let changes: [ChangedFile]
  let databases: GateDatabases
  let head: Snapshot
  let exclusions: GateExclusions
  let ignored: IgnoredPaths
  var plan: GatePlan
  let lines: [ChangedLines]
}

/// A run of the gate: from two commits to a report.
struct GateRun {
  let repository: GitRepository
  let databases: GateDatabaseSource
  private var settings: DriverSettings
  let options: GateOptions
  private(set) var cache: GateCache
  /// Modules of earlier runs.
  private let units: UnitCacheFile?
  private let isVerbose: Bool
  private var index: ProgramIndex?
  private var notes: [String] = []

  /// Prepares a run; a cache that cannot be used is a note, and nothing else changes.
  init(
    repository: GitRepository, databases: GateDatabaseSource, settings: DriverSettings,
    options: GateOptions, cache: GateCache, units: UnitCacheFile? = nil, isVerbose: Bool = false
  ) {
    self.repository = repository
    self.databases = databases
    self.settings = settings
    self.options = options
    self.cache = cache
    self.units = units
    self.isVerbose = isVerbose
    openIndex()
  }

  /// Judges the head of a range.
  ///
  /// Where the time is bounded, what the change touches itself is judged first, and alone: that is known
  /// then, whatever becomes of the units that it reaches.
  mutating func report(
    on range: GateRange, time: TimeBudget
  ) async throws(CommandFailure) -> Report {
    let governing = try await GatePolicy(of: range, in: repository, isRatchet: options.isRatchet)
    if options.onIncomplete == .warn, governing.policy.onIncomplete == .fail {
      throw .usage(
        "--on-incomplete=warn: the policy forbids it (gate.on-incomplete: fail); leave it out")
    }
    settings.isolation = options.workers.isolation(policy: governing.policy)
    settings.models = ModelTable.standard.adding(governing.models)
    options.startBudget(governing.policy.budget)
    let base: String
    if let commit = range.base { base = commit } else { base = try await repository.emptyTree() }
    let changes = try await repository.changes(from: base, to: range.head)
    let databases = try await databases.open(
      range, changes, policy: governing.policy, in: repository, cache: cache)
    let isIncluded = try await databases.head.isIncluded(
      changes.filter { $0.path != databases.trackedPath }, in: repository, commit: range.head)
    guard
      isIncluded || changes.contains(where: \.isSource)
        || !databases.changedCommands(renames: changes.renames, root: repository.root).isEmpty
    else { return nothingToCheck(range, governing) }
    let head = try await snapshot(of: range.head)
    let exclusions = try await GateExclusions(
      changes, head: head, base: range.base, policy: governing.policy, repository: repository,
      index: cache.scratch + "/attributes-index")
    let ignored = IgnoredPaths(
      try await repository.ignoredPaths(besides: head.tree, index: cache.scratch + "/index"))
    let planner = GatePlanner(
      repository: repository, databases: databases, policy: governing.policy, index: index,
      head: head, ignored: ignored)
    let plan = try await planner.plan(changes, isIncluded: isIncluded, exclusions: exclusions)
    let lines = try await repository.changedLines(from: base, to: range.head)
    var change = PlannedChange(
      range: range, governing: governing, base: base, changes: changes, databases: databases,
      head: head, exclusions: exclusions, ignored: ignored, plan: plan, lines: lines)
    if let late = time.reason, let first = plan.firstStage {
      time.keep(try await judge(change, first, isAlone: true, late: late))
    }
    let unreached = try await scan(change, planner)
    change.plan.commands.removeAll { unreached.contains($0) }
    return try await judge(change, change.plan.commands, isAlone: false, late: "")
  }

  /// Reads the units of which nobody knows what they include, and gives those that the change does not
  /// reach.
  ///
  /// A unit that cannot be read may include anything.
  private mutating func scan(
    _ change: PlannedChange, _ planner: GatePlanner
  ) async throws(CommandFailure) -> Set<CompileCommand> {
    let commands = change.plan.commands.filter(change.plan.unscanned.contains)
    guard !commands.isEmpty else { return [] }
    let (requests, settings) = try prepare(commands, in: change.head, ignored: change.ignored)
    let outcomes = await Driver.lower(requests, settings: settings)
    if isVerbose { settings.cache?.sayCounts(purpose: ", for what they include") }
    var program = ProgramAnalysis()
    program.units = outcomes.compactMap(\.unit)
    program.ledger = outcomes.map { outcome in
      LedgerEntry(
        path: outcome.path,
        coverage: outcome.module != nil && outcome.problem == nil
          ? .analysed : .incomplete(reason: outcome.problem ?? ""))
    }
    SnapshotAudit(snapshot: change.head, root: repository.root, ignored: change.ignored)
      .apply(to: &program)
    let records = remember(commands, program, change.head)
    let away = Set(records.filter { !planner.isReached($0, by: change.changes) }.map(\.unit))
    return Set(commands.filter { away.contains($0.identity) })
  }

  /// Judges a change by some units of its plan; the others are open, for the reason `late`.
  ///
  /// With `isAlone`, the rest of the program is left out.
  private mutating func judge(
    _ change: PlannedChange, _ commands: [CompileCommand], isAlone: Bool, late: String
  ) async throws(CommandFailure) -> Report {
    let (plan, range, governing) = (change.plan, change.range, change.governing)
    let surroundings =
      isAlone || governing.policy.judgesReachedOnly ? [] : plan.surroundings(of: commands)
    let program = try await analyse(
      commands, amid: surroundings, in: change.head, ignored: change.ignored)
    remember(commands, program, change.head)
    var judgement = try await GateJudgement(
      program, head: change.head, changes: change.changes, base: range.base, governing: governing,
      exclusions: change.exclusions, repository: repository)
    let chosen = Set(commands)
    let open = plan.commands.filter { !chosen.contains($0) }.map { command in
      LedgerEntry(
        path: Paths.relative(command.file, to: repository.root),
        coverage: .incomplete(reason: late))
    }
    let unread = open.isEmpty ? unreadHeaders(plan, program) : []
    let entries = ledger(units: program.ledger + open, uncovered: plan.uncovered + unread)
    if judgement.needsBase, range.base != nil {
      judgement.compare(
        with: try await analyseBase(change, commands, amid: surroundings))
    }
    var difference = try judgement.difference()
    // What other units use, or still find, is not known yet.
    if !open.isEmpty {
      difference.remove(rules: [GateRule.unusedSuppression, GateRule.staleBaseline])
    }
    var report = makeReport(
      range, governing, verdict: verdict(findings: difference.findings, ledger: entries),
      difference: difference, ledger: entries,
      remarks: program.notes(isVerbose: false) + plan.notes + judgement.notes,
      added: judgement.addedSuppressions)
    report.changedLines = change.lines
    return report
  }

  /// The base, which is analysed only now that there is something to compare.
  private mutating func analyseBase(
    _ change: PlannedChange, _ commands: [CompileCommand], amid surroundings: [CompileCommand]
  ) async throws(CommandFailure) -> ProgramAnalysis {
    let snapshot = try await snapshot(of: change.base)
    let deleted = change.changes.filter { $0.kind == .deleted && $0.isSource }
    let old = change.databases.base ?? change.databases.head
    let candidates =
      change.databases.baseCommands(
        for: commands, renames: change.changes.renames, root: repository.root)
      + deleted.flatMap { old.commands(for: $0.path) }
    func isPresent(_ command: CompileCommand) -> Bool {
      let path = Paths.relative(command.file, to: repository.root)
      return path == command.file || snapshot.files.contains(path) || change.ignored.contains(path)
    }
    let limited = Configurations.limited(
      candidates.filter(isPresent), to: change.governing.policy.configurations,
      root: repository.root)
    return try await analyse(
      limited.commands, amid: surroundings.filter(isPresent), in: snapshot,
      ignored: change.ignored)
  }

  /// Analyses units with the snapshot in the place of the repository.
  private func analyse(
    _ commands: [CompileCommand], amid surroundings: [CompileCommand], in snapshot: Snapshot,
    ignored: IgnoredPaths
  ) async throws(CommandFailure) -> ProgramAnalysis {
    let (requests, settings) = try prepare(
      commands + surroundings, in: snapshot, ignored: ignored)
    var program = await Driver.analyse(
      Array(requests.prefix(commands.count)), amid: Array(requests.dropFirst(commands.count)),
      settings: settings)
    if isVerbose { settings.cache?.sayCounts() }
    let audit = SnapshotAudit(snapshot: snapshot, root: repository.root, ignored: ignored)
    audit.apply(to: &program)
    return program
  }

  /// How units are read with the snapshot in the place of the repository.
  private func prepare(
    _ commands: [CompileCommand], in snapshot: Snapshot, ignored: IgnoredPaths
  ) throws(CommandFailure) -> ([UnitRequest], DriverSettings) {
    let visible = [settings.resourceDirectory] + commands.flatMap(\.namedPaths)
    let overlay = SnapshotOverlay(
      snapshot: snapshot, root: repository.root, ignored: ignored.paths, visible: visible)
    let path = "\(cache.scratch)/overlay-\(snapshot.tree).yaml"
    do {
      try overlay.encoded().write(to: URL(fileURLWithPath: path))
    } catch {
      throw .usage("\(path): cannot be written (\(GateCache.reason(of: error))); set TMPDIR")
    }
    let requests = commands.map { command in
      UnitRequest(
        path: Paths.relative(command.file, to: repository.root), command: command,
        internalArguments: ["-ivfsoverlay", path])
    }
    var settings = settings
    settings.cache = units.map { file in
      UnitCacheSession(
        file,
        view: SnapshotView(
          snapshot: snapshot, root: repository.root, ignored: ignored, visible: visible),
        root: repository.root, resourceDirectory: settings.resourceDirectory)
    }
    return (requests, settings)
  }

  /// Changed headers that no analysed unit read.
  private func unreadHeaders(_ plan: GatePlan, _ program: ProgramAnalysis) -> [LedgerEntry] {
    let read = Set(program.units.flatMap { $0.files.map(\.path) })
    return plan.headers.filter { !read.contains($0) }.map { path in
      LedgerEntry(
        path: path,
        coverage: .incomplete(reason: "no unit of the compilation database includes it"))
    }
  }

  private func nothingToCheck(_ range: GateRange, _ governing: GatePolicy) -> Report {
    var difference = FindingsDiff(head: [], base: nil)
    difference.add(
      reported(governing.grown, policy: governing.policy).filter {
        governing.policy.level(of: $0.finding) != .off
      })
    return makeReport(
      range, governing, verdict: verdict(findings: difference.findings, ledger: []),
      difference: difference, ledger: [], remarks: ["no C file changed"], added: [])
  }

  private func makeReport(
    _ range: GateRange, _ governing: GatePolicy, verdict: Verdict, difference: FindingsDiff,
    ledger: [LedgerEntry], remarks: [String], added: [Suppression]
  ) -> Report {
    var report = Report(
      command: "gate", verdict: verdict, findings: difference.findings, fixed: difference.fixed,
      ledger: ledger, notes: cache.notes + notes + governing.notes + remarks, head: range.head,
      base: range.base ?? "", rules: RuleSet.all, version: Version.number,
      suppressed: difference.suppressed, addedSuppressions: added,
      policyChanges: governing.changes)
    report.counts = difference.counts
    let action = options.onIncomplete ?? governing.policy.onIncomplete ?? .fail
    report.acceptsIncomplete = verdict == .incomplete && action == .warn
    return report
  }
}

extension GateRun {
  /// Lays a commit out; a cache that fills up on the way is left aside from then on.
  private mutating func snapshot(of commit: String) async throws(CommandFailure) -> Snapshot {
    let (snapshot, rest) = try await Snapshot.make(of: commit, in: repository, cache: cache)
    if cache.directory != nil, rest.directory == nil { index = nil }
    cache = rest
    for path in snapshot.submodules {
      let note = "the submodule \(path) is not judged: its files do not exist for the gate"
      if !notes.contains(note) { notes.append(note) }
    }
    return snapshot
  }

  private mutating func openIndex() {
    guard let directory = cache.directory else { return }
    do {
      let index = try ProgramIndex(path: directory + "/index.sqlite") {
        try? FileManager.default.removeItem(atPath: $0)
      }
      self.index = index
      if let reason = index.rebuilt {
        notes.append("the index in \(directory) was made anew: \(reason)")
      }
    } catch {
      notes.append("the index in \(directory) cannot be used (\(error.reason)); running without it")
    }
  }

  /// Stores what the units read, so that later runs know which of them a header reaches, and gives it.
  @discardableResult
  private mutating func remember(
    _ commands: [CompileCommand], _ program: ProgramAnalysis, _ snapshot: Snapshot
  ) -> [IncludeRecord] {
    let records = SnapshotRecorder(snapshot: snapshot, root: repository.root)
      .records(of: commands, program)
    do {
      try index?.store(records, repository: repository.root)
    } catch {
      index = nil
      notes.append("the index cannot be written (\(error.reason)); running without it")
    }
    return records
  }
}

extension [ChangedFile] {
  /// The new path of each renamed file, by its old one.
  var renames: [String: String] {
    var result: [String: String] = [:]
    for file in self {
      if case .renamed(let old) = file.kind { result[old] = file.path }
    }
    return result
  }
}

extension CompileCommand {
  /// The command for the file under another name.
  func renamed(_ names: [String: String], root: String) -> CompileCommand {
    guard let name = names[Paths.relative(file, to: root)] else { return self }
    var copy = self
    copy.file = root + "/" + name
    return copy
  }
}
