// SPDX-License-Identifier: Apache-2.0

public import Findings

/// A form in which a report is written; one file of this module for each.
public enum Format: String, Hashable, Sendable, CaseIterable {
  /// For people, as clang prints it.
  case text
  /// For programs: the whole report, without times, so that equal runs print equal bytes.
  case json
  /// SARIF 2.1.0, as GitHub code scanning and other viewers read it.
  case sarif
  /// The same with what is suppressed and what is gone, for an archive; GitHub would open it again.
  case sarifAudit = "sarif-audit"
  /// Workflow commands of GitHub Actions, followed by the text.
  case github
  /// The Code Quality report of GitLab.
  case gitlab
  /// Logging commands of Azure Pipelines, followed by the text.
  case azure
  /// JUnit's XML, as Jenkins, GitLab and Azure read test results.
  case junit
  /// Checkstyle's XML.
  case checkstyle
  /// The diagnostic format of reviewdog, one JSON object.
  case rdjson
  /// The body of a review for Gerrit's REST interface.
  case gerrit
  /// For a pull request or the summary of a job, in GitHub's dialect.
  case markdown
}

/// What a format may vary; the report itself decides everything else.
public struct RenderOptions: Hashable, Sendable {
  /// Whether text carries terminal colours.
  public var colour: Bool
  /// Whether findings of tier B and, for `gate`, those that are not new are shown where the format
  /// does not always carry them.
  public var showAll: Bool

  /// Makes options; the defaults suit a file.
  public init(colour: Bool = false, showAll: Bool = false) {
    self.colour = colour
    self.showAll = showAll
  }
}

/// Renders a report; a pure function of its arguments that ends with a line break.
public func render(_ report: Report, as format: Format, options: RenderOptions) -> String {
  switch format {
  case .text: renderText(report, options: options)
  case .json: renderJSON(report)
  case .sarif: renderSARIF(report)
  case .sarifAudit: renderSARIF(report, isAudit: true)
  case .github: renderGitHub(report, options: options)
  case .gitlab: renderGitLab(report, options: options)
  case .azure: renderAzure(report, options: options)
  case .junit: renderJUnit(report, options: options)
  case .checkstyle: renderCheckstyle(report, options: options)
  case .rdjson: renderReviewdog(report, options: options)
  case .gerrit: renderGerrit(report, options: options)
  case .markdown: renderMarkdown(report, options: options)
  }
}

/// The word under which a finding is shown.
///
/// What is likely, but not argued, is never an error: viewers fail a change over that word. Of what is
/// new, an error is what blocks, whatever the rule proposes.
func level(of reported: ReportedFinding) -> Severity {
  let finding = reported.finding
  if reported.isBlocking { return .error }
  guard finding.severity == .error else { return finding.severity }
  return finding.tier == .a && reported.novelty == .unchanged ? .error : .warning
}

/// The findings that a list for reviewers shows: what blocks first, then the rest in report order.
///
/// Those are new and argued; with `showAll`, all of the report.
func shownFindings(of report: Report, _ options: RenderOptions) -> [ReportedFinding] {
  let shown = report.findings.filter {
    options.showAll || ($0.finding.tier == .a && $0.novelty == .new)
  }
  return shown.filter(\.isBlocking) + shown.filter { !$0.isBlocking }
}

/// A unit that was needed and not analysed, as every format names it.
struct Gap: Hashable {
  /// The path of the unit or of the changed file.
  var path: String
  /// One line that names the next step.
  var reason: String
  /// How many gaps of the same path come before it.
  var occurrence: Int
}

/// What was not analysed, in the order of the ledger.
func gaps(of report: Report) -> [Gap] {
  var counts: [String: Int] = [:]
  var gaps: [Gap] = []
  for entry in report.ledger {
    guard case .incomplete(let reason) = entry.coverage else { continue }
    let count = counts[entry.path, default: 0]
    gaps.append(Gap(path: entry.path, reason: reason, occurrence: count))
    counts[entry.path] = count + 1
  }
  return gaps
}

/// The name under which formats of findings carry a gap.
let gapRule = "not-analysed"

/// The message with the values and the hint that it does not name itself, in one line.
func wholeMessage(of finding: Finding) -> String {
  var text = finding.message + configurationRemark(on: finding)
  let values = unnamedValues(of: finding)
  if !values.isEmpty { text += "; with " + values.joined(separator: ", ") }
  return finding.hint.isEmpty ? text : text + "; fix: " + finding.hint
}

/// Which configurations of a file show a finding, where not all of them do.
func configurationRemark(on finding: Finding) -> String {
  guard let first = finding.configurations.first else { return "" }
  let more = finding.configurations.count - 1
  return more == 0 ? " (only \(first))" : " (only \(first), and \(more) more)"
}

/// The values of the witness that the message does not name itself, as `i = 4`.
func unnamedValues(of finding: Finding) -> [String] {
  finding.witness.filter { !finding.message.contains("'\($0.name)' is \($0.value)") }
    .map { "\($0.name) = \($0.value)" }
}

/// `count` with its noun in the right number.
func counted(_ count: Int, _ noun: String) -> String {
  count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
}
