// SPDX-License-Identifier: Apache-2.0

public import ArgumentParser
import Findings
import Foundation
public import Gate
import Reporting

/// `prgate gate` answers whether a change may be merged.
struct GateCommand: AsyncParsableCommand {
  /// Protocols of git's hooks on standard input.
  enum HookProtocol: String, ExpressibleByArgument, CaseIterable {
    case prePush = "pre-push"
    case preReceive = "pre-receive"
  }

  /// Seconds that a developer waits for the hook, unless the policy or the command line says else.
  static let hookBudget = 60

  static let configuration = CommandConfiguration(
    commandName: "gate", abstract: "Judge a change: only what it brings can block.",
    discussion: """
      The commit is judged, not the files in the work tree; build products that git ignores, and the \
      compilation database, come from the work tree.
      """)

  @Option(
    help: ArgumentHelp(
      "Compare with the common ancestor with REV; the main branch of origin by default.",
      valueName: "REV"))
  var base: String?

  @Option(help: ArgumentHelp("The commit to judge; HEAD by default.", valueName: "REV"))
  var head: String?

  @Option(help: "Read the refs to judge from standard input, as git's hook of that name does.")
  var stdin: HookProtocol?

  @Option(help: "The remote that is pushed to, with --stdin=pre-push.")
  var remote = "origin"

  @Option(
    help: ArgumentHelp(
      "With --stdin=pre-receive: the directory that the compilation database calls the root.",
      valueName: "DIR"),
    completion: .directory)
  var root: String?

  @Option(
    help: ArgumentHelp(
      "Seconds for the whole run; what is not done by then is INCOMPLETE. In the pre-push hook that "
        + "lets the push through, after 60 seconds by default: CI decides.",
      valueName: "SECONDS"))
  var budget: Int?

  @Flag(help: "Fetch commits that are missing from origin; else nothing is ever fetched.")
  var fetch = false

  @Option(
    name: [.customShort("p"), .customLong("database")],
    help: "compile_commands.json or the directory that holds it.", completion: .file())
  var database: String?

  @Option(
    name: .customShort("j", allowingJoined: true),
    help: "Units at a time; all processors by default.")
  var jobs: Int?

  @OptionGroup var workers: WorkerArguments

  @Option(help: "What an answer that stays open does; in the policy, 'fail' forbids 'warn'.")
  var onIncomplete: IncompleteAction?

  @Flag(help: "Let the baseline only shrink: entries without a finding, and new entries, block.")
  var ratchet = false

  @Flag(
    help: ArgumentHelp(
      "Let through what is not done in time, as the pre-push hook does.", visibility: .hidden))
  var ciDecides = false

  @OptionGroup var day: DayOption

  @OptionGroup var cache: CacheOptions

  @Flag(help: "Show all three verdicts on a copy of one of the files here, and end.")
  var selftest = false

  @OptionGroup var output: OutputOptions

  mutating func validate() throws {
    guard jobs ?? 1 >= 1 else { throw ValidationError("-j needs a number from 1") }
    guard budget ?? 1 >= 1 else { throw ValidationError("--budget needs a number from 1") }
    guard root == nil || stdin == .preReceive else {
      throw ValidationError("--root is for --stdin=pre-receive")
    }
    guard stdin != nil else { return }
    if base != nil || head != nil || fetch {
      throw ValidationError("--stdin and --base, --head or --fetch exclude each other")
    }
    if output.format != .text || !output.files.isEmpty {
      throw ValidationError(
        "--stdin may judge several changes and prints text only; leave out --format and -o")
    }
  }

  func run() async throws {
    if selftest { return try await SelfTest.run(database: database, isolation: workers.isolation) }
    let refs = try stdin.map { try PushedRefs.read($0) } ?? []
    let directory = FileManager.default.currentDirectoryPath
    let repository =
      stdin == .preReceive
      ? try await GitRepository.receiving(in: directory, root: root)
      : try await GitRepository.open(around: directory)
    let resolver = GateRangeResolver(repository: repository, mayFetch: fetch)
    let ranges: [GateRange]
    switch stdin {
    case nil: ranges = [try await resolver.range(base: base, head: head ?? "HEAD")]
    case .prePush:
      ranges = try await PushedRefs.ranges(of: refs) { ref throws(CommandFailure) in
        try await resolver.range(of: ref, remote: remote)
      }
    case .preReceive:
      ranges = try await PushedRefs.ranges(of: refs) { ref throws(CommandFailure) in
        try await resolver.range(ofReceived: ref)
      }
    }
    guard !ranges.isEmpty else { return }
    let time = TimeBudget(finish: budgetHandler)
    let reports = try await Today.$chosen.withValue(day.date) {
      try await judge(ranges, of: repository, from: directory, time: time)
    }
    time.cancel()
    let verdict = Gate.verdict(of: reports.map(\.effectiveVerdict))
    guard verdict != .pass else { return }
    if stdin != nil { StandardStreams.writeError(PushedRefs.advice(verdict, reports)) }
    throw ExitCode(verdict.exit.rawValue)
  }

  /// Ends the run whose time is up: in the hook with a warning where nothing known blocks, because CI
  /// asks again; else as any run in which something was not analysed.
  private var budgetHandler: @Sendable (Int, TimeBudget.Progress) -> Void {
    let isHook = stdin == .prePush || ciDecides
    let (output, accepts, hasAdvice) = (output, onIncomplete == .warn, stdin != nil)
    let access = cache.access
    return { seconds, progress in
      GateCache.removeScratch()
      let late = TimeBudget.reason(seconds: seconds)
      var report = Report(
        command: "gate", verdict: .incomplete, findings: [], fixed: [],
        ledger: [LedgerEntry(path: "the whole run", coverage: .incomplete(reason: late))],
        notes: [], head: "", base: "", rules: RuleSet.all, version: Version.number)
      report.acceptsIncomplete = accepts
      if let partial = progress.partial { report = partial }
      if !isHook || progress.partial != nil { try? output.write(report, access: access) }
      // The time excuses what it kept from being analysed, and nothing else.
      let isExcused =
        isHook
        && report.ledger.allSatisfy { entry in
          entry.isAnalysed || entry.coverage == .incomplete(reason: late)
        }
      let last: Verdict =
        report.verdict == .incomplete && isExcused ? .pass : report.effectiveVerdict
      let reports = progress.finished + [report]
      let verdict = Gate.verdict(of: progress.finished.map(\.effectiveVerdict) + [last])
      if isHook, report.verdict == .incomplete {
        let rest = verdict == .pass ? "; the push goes on" : ""
        StandardStreams.writeError(
          "prgate: INCOMPLETE (CI decides): not done within \(seconds) seconds" + rest)
      }
      if hasAdvice, verdict != .pass {
        StandardStreams.writeError(PushedRefs.advice(verdict, reports))
      }
      OutputFile.finishAndExit(verdict.exit)
    }
  }

  private func judge(
    _ ranges: [GateRange], of repository: GitRepository, from directory: String, time: TimeBudget
  ) async throws -> [Report] {
    let (budget, isHook) = (budget, stdin == .prePush)
    let options = GateOptions(
      isRatchet: ratchet, onIncomplete: onIncomplete, workers: workers,
      startBudget: { policy in
        guard let seconds = budget ?? policy ?? (isHook ? Self.hookBudget : nil) else { return }
        time.start(seconds: seconds)
      })
    let settings = DriverSettings(
      root: repository.root, resourceDirectory: try Toolchain.resourceDirectory(),
      jobs: jobs ?? ProcessInfo.processInfo.activeProcessorCount, isolation: workers.isolation)
    let cache = try GateCache(directory: self.cache.cacheDir, access: self.cache.access)
    defer { cache.close() }
    let units: UnitCacheFile? =
      self.cache.access == .readOnly
      ? self.cache.unitCache()
      : cache.directory.flatMap { UnitCacheFile(directory: $0, access: .readAndWrite) }
    var run = GateRun(
      repository: repository,
      databases: GateDatabaseSource(
        name: database, root: repository.root, directory: directory),
      settings: settings, options: options, cache: cache,
      units: units, isVerbose: output.verbose)
    var reports: [Report] = []
    for range in ranges {
      let report = try await run.report(on: range, time: time)
      try time.finish(report) { report throws(CommandFailure) in
        try output.write(report, access: self.cache.access)
      }
      reports.append(report)
    }
    return reports
  }
}

extension Day: ExpressibleByArgument {
  /// Reads the day of an option.
  public init?(argument: String) { self.init(argument) }
}

extension IncompleteAction: ExpressibleByArgument {}

extension Report {
  /// The verdict as it ends the run: an open answer that is accepted ends as a pass does.
  fileprivate var effectiveVerdict: Verdict {
    verdict == .incomplete && acceptsIncomplete ? .pass : verdict
  }
}

extension Verdict {
  /// How a run with this verdict ends.
  fileprivate var exit: ExitStatus {
    switch self {
    case .pass: .pass
    case .fail: .blocked
    case .incomplete: .incomplete
    }
  }
}

/// The refs of a push, as its hook gets them.
private enum PushedRefs {
  /// Reads standard input to its end: git waits for that.
  static func read(
    _ hook: GateCommand.HookProtocol
  ) throws(CommandFailure) -> [PushedRef] {
    let advice = "'prgate gate --stdin=\(hook.rawValue)' is for git's hook"
    let input: Data
    do {
      input = try FileHandle.standardInput.readToEnd() ?? Data()
    } catch {
      throw .usage("standard input cannot be read; \(advice)")
    }
    do {
      let text = String(decoding: input, as: UTF8.self)
      return hook == .prePush ? try PushedRef.parse(text) : try PushedRef.parse(received: text)
    } catch {
      throw .usage("\(error.reason); \(advice)")
    }
  }

  /// The ranges to judge, each once, in the order of the refs.
  static func ranges(
    of refs: [PushedRef],
    _ range: (PushedRef) async throws(CommandFailure) -> GateRange?
  ) async throws(CommandFailure) -> [GateRange] {
    var ranges: [GateRange] = []
    for ref in refs {
      guard let range = try await range(ref), !ranges.contains(range) else { continue }
      ranges.append(range)
    }
    return ranges
  }

  /// What a developer whose push is refused can do.
  static func advice(_ verdict: Verdict, _ reports: [Report]) -> String {
    let rules = Set(reports.flatMap(\.findings).filter(\.isBlocking).map(\.finding.rule)).sorted()
    let step =
      verdict == .fail
      ? "repair what is new; why and how: "
        + rules.map { "prgate explain \($0)" }.joined(separator: ", ")
      : "make the units above readable, the reason is beside each"
    let commands = reports.filter { $0.verdict != .pass && !$0.base.isEmpty }.map { report in
      "prgate: once more: prgate gate --base \(report.base.prefix(12)) --head \(report.head.prefix(12))"
    }
    let lines =
      ["prgate: the push is refused (\(verdict.rawValue)): \(step)"] + commands
      + ["prgate: 'git push --no-verify' skips this hook; the check in CI will still run"]
    return lines.joined(separator: "\n")
  }
}
