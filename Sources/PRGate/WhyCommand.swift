// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Findings
import Reporting

/// `prgate why`: the whole argument of one finding.
struct WhyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "why",
    abstract: "Tell all about one finding: why it blocks, how it is matched, how to disagree.",
    discussion: """
      The finding is looked up in the last report of this repository, or in the one of --report.
      """)

  @Argument(help: "The fingerprint of the finding, or its first digits (six at least).")
  var fingerprint: String

  @Option(
    help: ArgumentHelp("A JSON report to look in.", valueName: "FILE"), completion: .file())
  var report: String?

  mutating func validate() throws {
    let isHexadecimal = fingerprint.allSatisfy { $0.isHexDigit && ($0.isLowercase || $0.isNumber) }
    guard isHexadecimal, (6...64).contains(fingerprint.utf8.count) else {
      throw ValidationError("a fingerprint has 6 to 64 hexadecimal digits, in small letters")
    }
  }

  func run() throws {
    let path = report ?? KeptReport.path(root: WorkingPlace.current.root)
    guard Paths.isFile(path) || report != nil else {
      throw CommandFailure.usage(
        "no report of this repository is kept; run 'prgate check' or 'prgate gate', or give --report"
      )
    }
    let file = try ReportFile(at: path)
    let all =
      file.findings.map { ($0, nil) }
      + file.suppressed.map { ($0.finding, Optional($0.suppression)) }
    let matches = all.filter { $0.0.fingerprint.hasPrefix(fingerprint) }
    guard let (finding, suppression) = matches.first else {
      throw CommandFailure.usage(
        "\(path) has no finding '\(fingerprint)'; the fingerprints are in it as \"fingerprint\"")
    }
    guard matches.count == 1 else {
      throw CommandFailure.usage(
        "'\(fingerprint)' begins \(matches.count) fingerprints; give more digits of it")
    }
    let argument = FindingArgument(
      finding: finding, suppression: suppression,
      rule: RuleSet.all.first { $0.id == finding.finding.rule }, command: file.command,
      head: file.head, base: file.base)
    try StandardStreams.write(renderArgument(argument))
  }
}
