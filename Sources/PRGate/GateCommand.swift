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
  }

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

  @Option(help: "The remote that is pushed to, with --stdin.")
  var remote = "origin"

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

  @OptionGroup var day: DayOption

  @Option(help: "Where to keep what later runs can use.", completion: .directory)
  var cacheDir: String?

  @Flag(help: "Show all three verdicts on a copy of one of the files here, and end.")
  var selftest = false

  @OptionGroup var output: OutputOptions

  mutating func validate() throws {
    guard jobs ?? 1 >= 1 else { throw ValidationError("-j needs a number from 1") }
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
    let refs = try stdin == nil ? [] : PushedRefs.read()
    let directory = FileManager.default.currentDirectoryPath
    let repository = try await GitRepository.open(around: directory)
    let resolver = GateRangeResolver(repository: repository, mayFetch: fetch)
    let ranges =
      stdin == nil
      ? [try await resolver.range(base: base, head: head ?? "HEAD")]
      : try await PushedRefs.ranges(of: refs, remote: remote, resolver)
    guard !ranges.isEmpty else { return }
    let reports = try await Today.$chosen.withValue(day.date) {
      try await judge(ranges, of: repository, from: directory)
    }
    let verdict = Gate.verdict(
      of: reports.map { $0.verdict == .incomplete && $0.acceptsIncomplete ? .pass : $0.verdict })
    guard verdict != .pass else { return }
    if stdin != nil { StandardStreams.writeError(PushedRefs.advice(verdict, reports)) }
    throw ExitCode(verdict.exitStatus)
  }

  private var gateOptions: GateOptions {
    GateOptions(isRatchet: ratchet, onIncomplete: onIncomplete)
  }

  private func judge(
    _ ranges: [GateRange], of repository: GitRepository, from directory: String
  ) async throws -> [Report] {
    let settings = DriverSettings(
      root: repository.root, resourceDirectory: try Toolchain.resourceDirectory(),
      jobs: jobs ?? ProcessInfo.processInfo.activeProcessorCount, isolation: workers.isolation)
    let cache = try GateCache(directory: cacheDir)
    defer { cache.close() }
    var run = GateRun(
      repository: repository,
      database: try GateDatabase(named: database, root: repository.root, directory: directory),
      settings: settings, options: gateOptions, cache: cache)
    var reports: [Report] = []
    for range in ranges {
      let report = try await run.report(on: range)
      try output.write(report)
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

extension Verdict {
  /// How a run with this verdict ends.
  fileprivate var exitStatus: Int32 {
    switch self {
    case .pass: ExitStatus.pass.rawValue
    case .fail: ExitStatus.blocked.rawValue
    case .incomplete: ExitStatus.incomplete.rawValue
    }
  }
}

/// The refs of a push, as its hook gets them.
private enum PushedRefs {
  /// Reads standard input to its end: git waits for that.
  static func read() throws(CommandFailure) -> [PushedRef] {
    let input: Data
    do {
      input = try FileHandle.standardInput.readToEnd() ?? Data()
    } catch {
      throw .usage(
        "standard input cannot be read; 'prgate gate --stdin=pre-push' is for git's hook")
    }
    do {
      return try PushedRef.parse(String(decoding: input, as: UTF8.self))
    } catch {
      throw .usage("\(error.reason); 'prgate gate --stdin=pre-push' is for git's hook")
    }
  }

  /// The ranges to judge, each once, in the order of the refs.
  static func ranges(
    of refs: [PushedRef], remote: String, _ resolver: GateRangeResolver
  ) async throws(CommandFailure) -> [GateRange] {
    var ranges: [GateRange] = []
    for ref in refs {
      guard let range = try await resolver.range(of: ref, remote: remote),
        !ranges.contains(range)
      else { continue }
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
