// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// `dev juliet`: how many defects of the Juliet suite are found, and what is said of its repairs.
struct JulietCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "juliet",
    abstract: "Run 'prgate check' over the Juliet suite; print tables by weakness and variant.",
    discussion: """
      Detected: a finding of the right kind in a function with the defect. FP: one of that kind in a \
      repaired function. Clean: detected and no FP. Noise: any finding of memory safety in a repaired \
      function. All tiers count. Cases come from few templates, so they are not independent.
      """)

  @Argument(help: "A checkout with 'testcases' and 'testcasesupport'.", completion: .directory)
  var checkout: String

  @Option(
    parsing: .upToNextOption, help: "Numbers of weaknesses; those of memory safety by default.")
  var cwe: [Int] = []

  @Option(help: "Cases that one run of 'prgate check' takes as one program.")
  var batch = 64

  @Option(help: "Only every so many-th case.")
  var every = 1

  @Option(help: "A file for the names of the cases that are not clean.", completion: .file())
  var misses: String?

  func validate() throws {
    guard batch > 0, every > 0 else { throw ValidationError("--batch and --every start at 1") }
  }

  func run() throws {
    let root = URL(filePath: checkout).standardizedFileURL.resolvingSymlinksInPath()
    let weaknesses = cwe.isEmpty ? JulietWeakness.memorySafety : cwe
    let cases = try JulietCase.all(of: root, weaknesses: weaknesses).enumerated()
      .filter { $0.offset.isMultiple(of: every) }.map(\.element)
    guard !cases.isEmpty else {
      throw ValidationError("'\(checkout)' has no C case of these weaknesses below 'testcases'")
    }
    let program = try SiblingProgram()
    var score = JulietScore()
    var failures: [String] = []
    for start in stride(from: 0, to: cases.count, by: batch) {
      let part = Array(cases[start..<min(start + batch, cases.count)])
      let report = try check(part, program, root: root.path)
      if report.ledger.analysed < report.ledger.needed {
        failures.append("\(part[0].id) and those behind it: not all units were analysed")
      }
      let findings = Dictionary(grouping: report.new) {
        URL(filePath: $0.location.path).lastPathComponent
      }
      for item in part {
        let names = item.files.map { URL(filePath: $0).lastPathComponent }
        score.add(item, JulietOutcome(item, names.flatMap { findings[$0] ?? [] }))
      }
    }
    print(score.report, terminator: "")
    if let misses {
      try Data((score.misses.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: misses))
    }
    for failure in failures { print(failure) }
    if !failures.isEmpty { throw ExitCode.failure }
  }

  private func check(
    _ cases: [JulietCase], _ program: SiblingProgram, root: String
  ) throws -> CheckReport {
    let arguments =
      ["check", "--format", "json", "--whole-program"] + cases.flatMap(\.files)
      + ["testcasesupport/io.c", "--", "-std=gnu99", "-Itestcasesupport"]
    let result = try program.run(arguments, in: root)
    do {
      return try JSONDecoder().decode(CheckReport.self, from: result.output)
    } catch {
      throw ValidationError(
        "'prgate check' ends with \(result.status) on \(cases[0].id) …: \(error)")
    }
  }
}
