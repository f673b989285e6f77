// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Gate
import Reporting

/// `prgate gate --selftest`: the three verdicts, shown on a copy of a file of the user's own.
///
/// The copies are seen by the parser alone, through its file system overlay: no file of the user is
/// written.
struct SelfTest {
  /// A change to the file, and the verdict that the gate must give.
  private struct Scenario: Sendable {
    var title: String
    var expected: Verdict
    var change: @Sendable (String) -> String
  }

  /// Units that are tried until one can be read.
  private static let mostTrials = 25

  private let place: WorkingPlace
  private let settings: DriverSettings
  private let scratch: String

  private static let scenarios = [
    Scenario(
      title: "a flaw comes in: an index is compared with '>' where '>=' is needed", expected: .fail,
      change: { $0 + flaw }),
    Scenario(
      title: "code moves: forty lines of comment come before the first line", expected: .pass,
      change: { "/*\n" + String(repeating: " * nothing\n", count: 38) + " */\n" + $0 }),
    Scenario(
      title: "the file cannot be read: a declaration ends in the middle", expected: .incomplete,
      change: { $0 + "\nint prgate_selftest(\n" }),
  ]

  /// Uses no header and no library, so that it means the same in every file.
  private static let flaw = """

    static int prgate_selftest(unsigned int prgate_index)
    {
        int prgate_table[4] = { 1, 2, 3, 4 };
        if (prgate_index > 4)
            return 0;
        return prgate_table[prgate_index];
    }

    """

  /// Runs all scenarios and prints them.
  ///
  /// - Throws: a failure if a verdict is not the one that it must be.
  static func run(database: String?, isolation: UnitIsolation) async throws(CommandFailure) {
    let place = WorkingPlace.current
    let cache = try GateCache(directory: nil)
    defer { cache.close() }
    let settings = DriverSettings(
      root: place.root, resourceDirectory: try Toolchain.resourceDirectory(), jobs: 1,
      isolation: isolation)
    let test = SelfTest(place: place, settings: settings, scratch: cache.scratch)
    let (command, base) = try await test.chooseUnit(database)
    let path = place.reportedPath(command.file)
    try StandardStreams.write(
      "selftest on a copy of \(visibleText(path)); your files stay as they are\n")
    var failures = 0
    for (index, scenario) in scenarios.enumerated() {
      let report = try await test.report(on: scenario, of: command, base: base, number: index)
      let isRight = report.verdict == scenario.expected
      if !isRight { failures += 1 }
      try StandardStreams.write(
        "\n\(index + 1). \(scenario.title)\n"
          + "   expected \(scenario.expected.rawValue), "
          + "got \(report.verdict.rawValue)\(isRight ? "" : ": WRONG")\n\n"
          + render(report, as: .text, options: RenderOptions()))
    }
    guard failures == 0 else {
      throw CommandFailure(
        status: .internalError,
        message: "\(failures) of \(scenarios.count) verdicts are wrong; please report this output")
    }
    try StandardStreams.write("\nall three verdicts are right\n")
  }

  /// A unit of the database that can be read, with what is found in it as it is.
  private func chooseUnit(
    _ named: String?
  ) async throws(CommandFailure) -> (CompileCommand, ProgramAnalysis) {
    let plan = try UnitPlan(paths: [], database: named, flags: nil, in: place)
    let requests = plan.requests.filter { FileManager.default.fileExists(atPath: $0.command.file) }
    var reasons: [String] = []
    for request in requests.prefix(Self.mostTrials) {
      let program = await Driver.analyse([request], settings: settings)
      if program.ledger.allSatisfy(\.isAnalysed), !program.ledger.isEmpty {
        return (request.command, program)
      }
      for entry in program.ledger {
        if case .incomplete(let reason) = entry.coverage {
          reasons.append("\(entry.path): \(reason)")
        }
      }
    }
    throw .usage(
      "no unit of the compilation database can be read (\(reasons.first ?? "it has none")); "
        + "ask 'prgate doctor'")
  }

  /// The gate's report on a changed copy of the file.
  private func report(
    on scenario: Scenario, of command: CompileCommand, base: ProgramAnalysis, number: Int
  ) async throws(CommandFailure) -> Report {
    let copy = "\(scratch)/selftest-\(number).c"
    let overlay = "\(scratch)/selftest-\(number).yaml"
    guard let data = FileManager.default.contents(atPath: command.file) else {
      throw .usage("\(command.file): cannot be read; check its permissions")
    }
    let text = String(decoding: data, as: UTF8.self)
    try OutputFile.write(scenario.change(text), to: copy)
    try OutputFile.write(Self.overlay(of: command.file, with: copy), to: overlay)
    let request = UnitRequest(
      path: place.reportedPath(command.file), command: command,
      internalArguments: ["-ivfsoverlay", overlay])
    let program = await Driver.analyse([request], settings: settings)
    let difference = FindingsDiff(head: program.findings, base: base.findings)
    let entries = ledger(units: program.ledger, uncovered: [])
    return Report(
      command: "selftest", verdict: verdict(findings: difference.findings, ledger: entries),
      findings: difference.findings, fixed: difference.fixed, ledger: entries, notes: [], head: "",
      base: "", rules: RuleSet.all, version: Version.number)
  }

  /// An overlay in which the content of a file is that of another one.
  private static func overlay(of file: String, with copy: String) -> String {
    func quoted(_ text: String) -> String {
      let data = try? JSONEncoder().encode(text)
      return data.map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
    return """
      {"version": 0, "case-sensitive": "true", "use-external-names": "false",
       "roots": [{"type": "file", "name": \(quoted(file)), "external-contents": \(quoted(copy))}]}

      """
  }
}
