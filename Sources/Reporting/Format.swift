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
  /// Workflow commands of GitHub Actions, followed by the text.
  case github
}

/// What a format may vary; the report itself decides everything else.
public struct RenderOptions: Hashable, Sendable {
  /// Whether text carries terminal colours.
  public var colour: Bool
  /// Whether text shows findings of tier B and, for `gate`, those that are not new.
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
  case .github: renderGitHub(report, options: options)
  }
}

/// The word under which a finding is shown.
///
/// What is likely, but not argued, is never an error: viewers fail a change over that word.
func level(of finding: Finding) -> Severity {
  finding.tier != .a && finding.severity == .error ? .warning : finding.severity
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
