// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What is asserted of every run of the gate in this suite, whatever its test is about: nothing gets
/// lost between head and base, and nothing is counted twice.
///
/// `Sandbox.run` asks each run of the program for a JSON report beside what its test asks for. Runs in
/// git's hooks print text only; the line that says how their findings add up is read wherever a program
/// prints it.
struct GateAudit {
  /// The file of the report; nil where the run is none of the gate, or cannot be asked.
  private let file: String?
  private let arguments: [String]

  init(_ program: String, _ arguments: [String], directory: String) {
    self.arguments = arguments
    let isGate =
      program.hasSuffix("/prgate") && arguments.first == "gate"
      && !arguments.contains { $0.hasPrefix("--stdin") || $0 == "--selftest" }
    file = isGate ? "\(directory)/audit-\(UUID().uuidString).json" : nil
  }

  /// What the run is given as well.
  var moreArguments: [String] { file.map { ["-o", "json=" + $0] } ?? [] }

  /// Asserts it of a run that ended.
  func check(_ outcome: Outcome) throws {
    let printed = Self.totals(in: outcome.output) + Self.totals(in: outcome.errors)
    for line in printed { Self.check(line) }
    guard let file, let data = FileManager.default.contents(atPath: file) else { return }
    try FileManager.default.removeItem(atPath: file)
    let report = try JSONDecoder().decode(GateReport.self, from: data)
    Self.check(report, "\(arguments)")
    let isText = !arguments.contains { $0 == "-f" || $0.hasPrefix("--format") || $0 == "-q" }
    if isText { #expect(printed == Self.totals(of: report), "\(outcome.output)") }
  }

  /// The sums of a report.
  static func check(_ report: GateReport, _ run: String) {
    let counts = report.counts
    let comment: Comment = "\(run): \(counts)"
    #expect(
      counts.head == report.new.count + report.unchanged.count + report.uncompared.count, comment)
    if let base = counts.base {
      #expect(base == report.fixed.count + report.unchanged.count, comment)
      #expect(report.uncompared.isEmpty, "the base was analysed")
    } else {
      #expect(report.unchanged.isEmpty && report.fixed.isEmpty, comment)
    }
    #expect(report.uncompared.allSatisfy { !$0.blocking }, comment)
    let shown = report.new + report.unchanged + report.uncompared
    #expect(Set(shown.map(\.fingerprint)).count == shown.count, "a fingerprint is there twice")
    #expect((report.verdict == "FAIL") == shown.contains { $0.blocking }, comment)
    #expect(report.unchanged.allSatisfy { !$0.blocking }, comment)
  }

  /// The sums of a line as the text report prints it.
  private static func check(_ line: Totals) {
    #expect(line.head == line.new + line.unchanged + line.uncompared, "\(line)")
    if let base = line.base { #expect(base == line.fixed + line.unchanged, "\(line)") }
  }

  /// The numbers of such a line.
  private struct Totals: Equatable {
    var head, new, unchanged, uncompared: Int
    var base: Int?
    var fixed: Int
  }

  private static func totals(in text: String) -> [Totals] {
    let form =
      /all findings, likely ones too: head (\d+) = (\d+) new \+ (\d+) unchanged(?: \+ (\d+) not compared)?(?:, base (\d+) = (\d+) fixed \+ (\d+) unchanged)?/
    return text.matches(of: form).map { match in
      let all = match.output
      func number(_ digits: Substring?) -> Int { digits.flatMap { Int($0) } ?? 0 }
      // The unchanged ones are those of both sides.
      #expect(all.5 == nil || all.3 == all.7)
      return Totals(
        head: number(all.1), new: number(all.2), unchanged: number(all.3),
        uncompared: number(all.4), base: all.5.flatMap { Int($0) }, fixed: number(all.6))
    }
  }

  private static func totals(of report: GateReport) -> [Totals] {
    guard report.counts.head > 0 || report.counts.base ?? 0 > 0 else { return [] }
    return [
      Totals(
        head: report.counts.head, new: report.new.count, unchanged: report.unchanged.count,
        uncompared: report.uncompared.count, base: report.counts.base, fixed: report.fixed.count)
    ]
  }
}
