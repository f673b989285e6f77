// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings
import Foundation
import IR
import Models
import Rules

/// A translation unit that has to be analysed.
struct UnitRequest: Hashable, Sendable {
  /// The path that the ledger shows: relative to the repository root where it lies in it.
  var path: String
  /// How the build compiles it.
  var command: CompileCommand
  /// Arguments of our own for the parser, such as a file system overlay; no rule filters them.
  var internalArguments: [String] = []
}

/// Where units are lowered.
enum UnitIsolation: Hashable, Sendable {
  /// In processes of their own, each unit with at most so many seconds of processor time.
  case workers(timeout: Int)
  /// In this process, for debuggers: what crashes the parser ends the run.
  case inProcess
}

/// What all units of a run share.
struct DriverSettings: Sendable {
  /// The directory that reported paths are relative to, absolute.
  var root: String
  /// The directory of the compiler's own headers, see `Toolchain`.
  var resourceDirectory: String
  /// What is known of functions without code.
  var models = ModelTable.standard
  /// What the analysis is told.
  var analysis = AnalysisOptions()
  /// Units that are worked on at a time.
  var jobs = ProcessInfo.processInfo.activeProcessorCount
  /// Where units are lowered.
  var isolation = UnitIsolation.workers(timeout: 60)
  /// Where modules of earlier runs are found and those of this one are kept; used with workers only.
  var cache: UnitCacheSession?
  /// Whether the units are only a part of the program: what is kept of it does not take the place of what
  /// is kept of the whole.
  var isPart = false
  /// Called with the number of units that are done, from any thread.
  var progress: @Sendable (Int) -> Void = { _ in }
}

/// What became of a program: several units that were analysed together.
struct ProgramAnalysis: Sendable {
  /// The units that were lowered, in the order of the requests.
  var units: [ReadUnit] = []
  /// The units around them that were lowered.
  var surroundings: [ReadUnit] = []
  /// Findings of tier A and B in report order, those of broken units demoted to B.
  var findings: [Finding] = []
  /// The same of what only the units around show.
  var findingsAround: [Finding] = []
  /// A line for each request, in their order; requests that came to the same are one.
  var ledger: [LedgerEntry] = []
  /// Flags that were dropped and do not change what code means, sorted.
  var droppedFlags: [String] = []
  /// Flags that were dropped because prgate does not know them, sorted.
  var unknownFlags: [String] = []
}

/// From compile commands to findings: the only place with concurrency.
enum Driver {
  /// Lowers every unit on its own, then analyses all as one program.
  ///
  /// The result depends on the requests and the settings, not on the number of jobs.
  ///
  /// - Parameters:
  ///   - requests: the units.
  ///   - surroundings: units of the same program, for what calls and is called across files; nobody
  ///     answers for them.
  ///   - settings: what all of them share.
  /// - Returns: what became of them.
  static func analyse(
    _ requests: [UnitRequest], amid surroundings: [UnitRequest] = [], settings: DriverSettings
  ) async -> ProgramAnalysis {
    var result = ProgramAnalysis()
    let own = prepare(requests, settings: settings, into: &result)
    let chosen = Set(own)
    var ignored = ProgramAnalysis()
    let around = prepare(surroundings, settings: settings, into: &ignored)
    let prepared = own + around.filter { !chosen.contains($0) }
    var units = await lower(prepared, settings: settings)
    var known = await check(units, of: prepared, settings: settings)
    while known == nil {
      // What the cache lost since the units were found is read after all.
      let lost = units.indices.filter { units[$0].unit?.code.isLost == true }
      let read = await read(lost.map { prepared[$0] }, settings: settings)
      for (index, outcome) in zip(lost, read) { units[index] = outcome }
      settings.cache?.lose(lost.count)
      known = lost.isEmpty ? unaccountedCheck : await check(units, of: prepared, settings: settings)
    }
    settings.cache?.finish()
    let checked = known ?? unaccountedCheck
    let analysed = zip(prepared, units).filter { $0.1.unit != nil }.map(\.0)
    let findings = demote(
      Configurations.label(
        checked.findings, origins: checked.origins, of: analysed, root: settings.root),
      of: units)
    let count = units.prefix(own.count).count { $0.unit != nil }
    let read = units.compactMap(\.unit)
    result.units = Array(read.prefix(count))
    result.surroundings = Array(read.dropFirst(count))
    result.ledger = Array(ledger(of: units, checked: checked.ledger).prefix(own.count))
    for (finding, origins) in zip(findings, checked.origins) {
      if origins.contains(where: { $0 < count }) {
        result.findings.append(finding)
      } else {
        result.findingsAround.append(finding)
      }
    }
    return result
  }

  /// What the rules say of the units that were read; nil where the cache has lost the code of some.
  private static func check(
    _ units: [UnitOutcome], of prepared: [PreparedUnit], settings: DriverSettings
  ) async -> CheckResult? {
    await WorkerThreads.run {
      let runner = ThreadedSteps(count: settings.jobs)
      let read = zip(prepared, units).filter { $0.1.unit != nil }
      guard let session = settings.cache else {
        let program = read.compactMap(\.1.unit).enumerated().map { index, unit in
          ProgramUnit(
            code: unit.code, linkage: unit.linkage, name: Digest(high: 0, low: UInt64(index)),
            digest: .zero)
        }
        return Rules.check(
          program, models: settings.models, options: settings.analysis, isStored: false,
          runner: runner)
      }
      let keys = read.map { unit, outcome in
        outcome.resultKey ?? outcome.unit.flatMap { session.resultKey(of: $0, unit) }
      }
      return ResultCache(session, settings).check(
        read.compactMap(\.1.unit), keys: keys, runner: runner)
    }
  }

  /// What stands for a check that could not be made: no unit is accounted for.
  private static let unaccountedCheck = CheckResult(findings: [], origins: [], ledger: [], steps: 0)

  /// Only lowers every unit; the outcomes are in the order of the requests.
  static func lower(_ requests: [UnitRequest], settings: DriverSettings) async -> [UnitOutcome] {
    var ignored = ProgramAnalysis()
    let outcomes = await lower(
      prepare(requests, settings: settings, into: &ignored), settings: settings)
    settings.cache?.finish()
    return outcomes
  }

  private static func lower(
    _ units: [PreparedUnit], settings: DriverSettings
  ) async -> [UnitOutcome] {
    let counter = ProgressCounter(settings.progress)
    guard let cache = settings.cache, case .workers = settings.isolation else {
      return await read(units, settings: settings, counter)
    }
    // What the cache has is taken, the rest read.
    var outcomes = await cache.find(units, jobs: settings.jobs)
    let missing = outcomes.indices.filter { outcomes[$0] == nil }
    for _ in missing.count..<units.count { counter.advance() }
    let read = await read(missing.map { units[$0] }, settings: settings, counter)
    for (index, outcome) in zip(missing, read) { outcomes[index] = outcome }
    return outcomes.compactMap(\.self)
  }

  /// Reads units, and gives the cache those that were read without an error.
  private static func read(
    _ units: [PreparedUnit], settings: DriverSettings,
    _ counter: ProgressCounter = ProgressCounter { _ in }
  ) async -> [UnitOutcome] {
    switch settings.isolation {
    case .workers(let timeout):
      let pool = WorkerPool(count: settings.jobs, timeout: timeout, root: settings.root)
      guard let cache = settings.cache else { return await pool.lower(units, progress: counter) }
      return await pool.lower(units, progress: counter, keep: cache.keep)
    case .inProcess:
      return await WorkerThreads.map(units, count: settings.jobs) { unit in
        defer { counter.advance() }
        let lowered = UnitLowering.lower(unit, root: settings.root)
        return UnitOutcome(
          path: unit.path, unit: lowered.module.map { ReadUnit($0) }, problem: lowered.problem)
      }
    }
  }

  /// Does the part of a program's work that falls to one shard, and keeps it in the cache.
  ///
  /// The units of the shard are lowered where the cache does not have them, those of the others are
  /// taken as far as it does; then the shard's functions are analysed, and what they need. Whatever is
  /// not known yet makes results that the last run finds out not to hold.
  ///
  /// - Parameters:
  ///   - shard: which part.
  ///   - requests: all of the program.
  ///   - settings: what all units share.
  ///   - cache: what the shard starts from, and where its work goes.
  /// - Returns: what was done.
  static func carryOut(
    _ shard: Shard, of requests: [UnitRequest], settings: DriverSettings, cache: UnitCacheSession
  ) async -> ShardWork {
    var ignored = ProgramAnalysis()
    let units = prepare(requests, settings: settings, into: &ignored)
    let isOwn = units.indices.map(shard.contains)
    let known = await cache.find(units, jobs: settings.jobs)
    var there = known.map { $0?.unit }
    let missing = units.indices.filter { isOwn[$0] && there[$0] == nil }
    let counter = ProgressCounter(settings.progress)
    for _ in missing.count..<units.count { counter.advance() }
    let parsed = await read(missing.map { units[$0] }, settings: settings, counter)
    for (index, outcome) in zip(missing, parsed) where outcome.problem == nil {
      there[index] = outcome.unit
    }
    var looked = 0
    var checked: CheckResult?
    while checked == nil {
      let rows = units.indices.filter { there[$0] != nil }
      let chosen = rows.compactMap { there[$0] }
      let keys = rows.map { index in
        known[index]?.resultKey ?? there[index].flatMap { cache.resultKey(of: $0, units[index]) }
      }
      checked = await WorkerThreads.run {
        ResultCache(cache, settings).check(
          chosen, keys: keys, isWanted: { isOwn[rows[$0]] },
          runner: ThreadedSteps(count: settings.jobs))
      }
      looked += checked?.looked ?? 0
      // What the cache has lost meanwhile is not there.
      let lost = rows.filter { there[$0]?.code.isLost == true }
      guard checked == nil, !lost.isEmpty else { break }
      for index in lost { there[index] = nil }
    }
    cache.finish()
    let own = units.indices.filter { isOwn[$0] }
    return ShardWork(
      units: own.count, unreadable: own.count { there[$0] == nil }, parsed: missing.count,
      program: units.count, available: there.count { $0 != nil }, looked: looked)
  }

  /// Filters the flags of every request and leaves out what came before.
  private static func prepare(
    _ requests: [UnitRequest], settings: DriverSettings, into result: inout ProgramAnalysis
  ) -> [PreparedUnit] {
    var units: [PreparedUnit] = []
    var seen: Set<PreparedUnit> = []
    var paths = PathMemory()
    var dropped: Set<String> = []
    var unknown: Set<String> = []
    for request in requests {
      let unit = PreparedUnit(
        request, root: settings.root, resourceDirectory: settings.resourceDirectory, paths: &paths)
      guard seen.insert(unit).inserted else { continue }
      units.append(unit)
      dropped.formUnion(unit.droppedFlags)
      unknown.formUnion(unit.unknownFlags)
    }
    result.droppedFlags = dropped.sorted()
    result.unknownFlags = unknown.sorted()
    return units
  }

  private static func ledger(of units: [UnitOutcome], checked: [LedgerEntry]) -> [LedgerEntry] {
    var analysed = checked.makeIterator()
    return units.map { unit in
      guard unit.unit != nil, var entry = analysed.next() else {
        let reason = unit.problem ?? unaccounted
        return LedgerEntry(path: unit.path, coverage: .incomplete(reason: reason))
      }
      entry.path = unit.path
      if let problem = unit.problem { entry.coverage = .incomplete(reason: problem) }
      return entry
    }
  }

  private static let unaccounted = "the analysis gave no account of it; please report it"

  /// Findings in functions that a unit with errors defines are likely at best: the parser has
  /// repaired what it read.
  private static func demote(_ findings: [Finding], of units: [UnitOutcome]) -> [Finding] {
    var paths: Set<String> = []
    var functions: Set<String> = []
    for unit in units where unit.problem != nil {
      paths.insert(unit.path)
      guard let module = unit.module else { continue }
      for function in module.functions.rows where function.body != nil {
        functions.insert(module.symbols[function.usr])
      }
    }
    return findings.map { finding in
      guard paths.contains(finding.location.path) || functions.contains(finding.functionUSR) else {
        return finding
      }
      var finding = finding
      finding.tier = max(finding.tier, .b)
      return finding
    }
  }
}
