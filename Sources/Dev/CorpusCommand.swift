// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// `dev corpus`: findings in real programs, and what the analysis costs on them.
struct CorpusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "corpus",
    abstract: "Run 'prgate check' over compilation databases; print findings for 1000 lines.",
    discussion: """
      Findings are those of 'prgate check' of the same build, by rule and tier. Costs are measured in \
      this process, on one thread: libclang's parse, the lowering, and the analysis of all units as \
      one program. Lines are those of main files. Only a release build tells the truth.
      """)

  @Argument(help: "Directories that hold a compile_commands.json.", completion: .directory)
  var databases: [String]

  @Option(help: "A folder for a list of the findings of each program.", completion: .directory)
  var findings: String?

  @Flag(help: "Only the findings, not what they cost.")
  var withoutCosts = false

  func run() throws {
    let program = try SiblingProgram()
    var counts = FindingCounts()
    var costs: [(name: String, measurement: AnalysisMeasurement)] = []
    var failures: [String] = []
    for database in databases {
      let root = URL(filePath: database).standardizedFileURL.resolvingSymlinksInPath()
      let name = Self.name(of: database)
      let units = Array(
        Dictionary(grouping: try DatabaseUnit.all(of: root.path), by: \.file).values
          .compactMap(\.first).sorted { $0.path < $1.path })
      let result = try program.run(["check", "-p", ".", "-f", "json"], in: root.path)
      let report = try JSONDecoder().decode(CheckReport.self, from: result.output)
      if report.ledger.analysed < report.ledger.needed {
        failures.append(
          "\(name): \(report.ledger.needed - report.ledger.analysed) units were not analysed")
      }
      counts.add(name, report, lines: units.map { lines(of: $0.file) }.reduce(0, +))
      try write(report, of: name)
      if !withoutCosts {
        let measurement = onDeepStack { AnalysisMeasurement(units, root: root.path) }
        if let measurement {
          costs.append((name, measurement))
          failures += measurement.failures
        }
      }
    }
    print(counts.report)
    if !withoutCosts { print("\n" + AnalysisMeasurement.table(costs)) }
    for failure in failures { print(failure) }
    if !failures.isEmpty { throw ExitCode.failure }
  }

  /// The name of a program: that of its folder, or of the one above where it is called `tree`.
  private static func name(of database: String) -> String {
    let url = URL(filePath: database).standardizedFileURL
    let isTree = url.lastPathComponent == "tree"
    return (isTree ? url.deletingLastPathComponent() : url).lastPathComponent
  }

  private func lines(of path: String) -> Int {
    guard let data = FileManager.default.contents(atPath: path) else { return 0 }
    return data.count { $0 == UInt8(ascii: "\n") }
  }

  private func write(_ report: CheckReport, of name: String) throws {
    guard let findings else { return }
    let folder = URL(filePath: findings)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let lines = report.new.map {
      "\($0.tier) \($0.rule) \($0.location.path):\($0.location.line) \($0.function): \($0.message)"
    }
    try Data((lines.joined(separator: "\n") + "\n").utf8)
      .write(to: folder.appending(path: name))
  }
}

/// How many findings there are, by rule and tier.
struct FindingCounts {
  private struct Key: Hashable, Comparable {
    var tier: String
    var rule: String

    static func < (left: Key, right: Key) -> Bool {
      (left.tier, left.rule) < (right.tier, right.rule)
    }
  }

  private var programs: [(name: String, lines: Int, counts: [Key: Int])] = []

  mutating func add(_ name: String, _ report: CheckReport, lines: Int) {
    var counts: [Key: Int] = [:]
    for finding in report.new {
      counts[Key(tier: finding.tier, rule: finding.rule), default: 0] += 1
    }
    programs.append((name, lines, counts))
  }

  /// One row for each rule and tier, a column for each program.
  var report: String {
    let total = programs.map(\.lines).reduce(0, +)
    var rows = [
      "| tier | rule | " + programs.map(\.name).joined(separator: " | ") + " | all | /1000 lines |",
      "|---|---|" + String(repeating: "--:|", count: programs.count + 2),
      "| | lines | " + programs.map { "\($0.lines)" }.joined(separator: " | ") + " | \(total) | |",
    ]
    let keys = Set(programs.flatMap(\.counts.keys))
    for tier in Set(keys.map(\.tier)).sorted() {
      let ofTier = keys.filter { $0.tier == tier }.sorted()
      for key in ofTier { rows.append(row("\(tier) | \(key.rule)", [key], total)) }
      rows.append(row("\(tier) | all", ofTier, total))
    }
    return rows.joined(separator: "\n")
  }

  private func row(_ title: String, _ keys: [Key], _ lines: Int) -> String {
    let counts = programs.map { program in
      keys.map { program.counts[$0] ?? 0 }.reduce(0, +)
    }
    let sum = counts.reduce(0, +)
    let density = (1000 * Double(sum) / Double(max(lines, 1)))
      .formatted(.number.precision(.fractionLength(3)))
    return "| \(title) | " + counts.map { $0 == 0 ? "" : "\($0)" }.joined(separator: " | ")
      + " | \(sum) | \(density) |"
  }
}
