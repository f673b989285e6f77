// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Findings
import Gate

/// `prgate check`: what is wrong with some files.
struct CheckCommand: AsyncParsableCommand, TakesCompilerFlags {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Analyse C files and print all that is found.",
    usage: "prgate check [<options>] [<paths> ...] [-- <compiler flags> ...]",
    discussion: """
      How a file is compiled comes from the flags after '--', from the compilation database of -p, \
      or from one that is found in the directories of the file and of the caller.
      """)

  @OptionGroup var source: SourceOptions
  @OptionGroup var analysis: AnalysisArguments
  @OptionGroup var day: DayOption
  @OptionGroup var cache: CacheOptions

  @Option(
    help: ArgumentHelp(
      "Do one of N parts of the work, keep it in the cache and print no report; see docs/shards.md.",
      valueName: "I/N"))
  var shard: Shard?

  @Flag(help: "Show what is found in generated files too.")
  var generated = false

  @OptionGroup var output: OutputOptions

  mutating func validate() throws {
    guard shard != nil else { return }
    guard cache.access == .readAndWrite else {
      throw ValidationError(
        "--shard keeps its work in the cache: leave out --no-cache and --cache-readonly")
    }
    guard source.paths.isEmpty else {
      throw ValidationError("--shard is for all of a compilation database; leave out the paths")
    }
  }

  func run() async throws {
    let rules = try analysis.rules()
    let place = WorkingPlace.current
    var judgement = try WorkTreeJudgement(root: place.root, day: day.day)
    judgement.generated?.named = Set(
      source.paths.map { place.reportedPath(Paths.absolute($0, in: place.directory)) })
    if generated { judgement.generated = nil }
    var plan = try source.plan(in: place, policy: judgement.policy)
    let isWhole = source.paths.isEmpty
    if isWhole { plan.leaveOut(judgement.policy) }
    var settings = try analysis.settings(
      root: place.root, progress: output.progress(of: plan.requests.count))
    settings.isolation = analysis.workers.isolation(policy: judgement.policy)
    try settings.addModels(of: judgement.policy)
    settings.isPart = !isWhole
    settings.cache = cache.unitCache().map { file in
      UnitCacheSession(
        file, view: DiskView(root: place.root), root: place.root,
        resourceDirectory: settings.resourceDirectory)
    }
    if let shard { return try await carryOut(shard, plan, settings) }
    let program = await Driver.analyse(plan.requests, settings: settings)
    if output.verbose { settings.cache?.sayCounts() }
    let report = Self.report(
      program, plan: plan, rules: rules, judgement: judgement, isWhole: isWhole,
      isVerbose: output.verbose)
    try output.write(report, access: cache.access)
    if report.exitCode != 0 { throw ExitCode(report.exitCode) }
  }

  private func carryOut(
    _ shard: Shard, _ plan: UnitPlan, _ settings: DriverSettings
  ) async throws {
    guard let session = settings.cache else {
      throw CommandFailure.usage("--shard needs a cache; name a directory with --cache-dir")
    }
    let work = await Driver.carryOut(
      shard, of: plan.requests, settings: settings, cache: session)
    guard !session.hasLost else {
      throw CommandFailure.usage(
        "the work of shard \(shard.number)/\(shard.count) could not be kept; name another directory "
          + "with --cache-dir and run it again")
    }
    if work.unreadable > 0 {
      UnitCacheFile.say("\(work.unreadable) units cannot be read; the last run says why")
    }
    try StandardStreams.write("prgate: \(work.text(shard))\n")
  }

  private static func report(
    _ program: ProgramAnalysis, plan: UnitPlan, rules: [RuleInfo], judgement: WorkTreeJudgement,
    isWhole: Bool, isVerbose: Bool
  ) -> Report {
    let (difference, _, leftOut) = judgement.judge(program, isWhole: isWhole, rules: rules)
    let entries = ledger(units: program.ledger, uncovered: plan.uncovered)
    var report = Report(
      command: "check", verdict: verdict(findings: difference.findings, ledger: entries),
      findings: difference.findings, fixed: [], ledger: entries,
      notes: plan.notes + [leftOut].compactMap(\.self) + program.notes(isVerbose: isVerbose),
      head: "", base: "", rules: rules,
      version: Version.number, suppressed: difference.suppressed)
    report.counts = difference.counts
    return report
  }
}
