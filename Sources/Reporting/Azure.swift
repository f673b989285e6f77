// SPDX-License-Identifier: Apache-2.0

import Findings

/// Issues of one kind that the agent of Azure Pipelines keeps for a step; it only counts the rest.
private let mostIssues = 10

/// The report for a step of Azure Pipelines: issues, then the text for the log, then the result.
///
/// The agent finds `##vso[` anywhere in a line, so the text breaks it up wherever the judged code has
/// it (`withoutLogCommands`).
func renderAzure(_ report: Report, options: RenderOptions) -> String {
  var options = options
  options.colour = false
  let shown = shownFindings(of: report, options).filter { $0.novelty != .unchanged }
  let errors =
    gaps(of: report).map { gap in
      issue(.error, ["sourcepath=\(property(gap.path))"], "not analysed: \(gap.reason)")
    } + shown.filter { level(of: $0) == .error }.map { issue($0.finding, .error) }
  let warnings = shown.filter { level(of: $0) != .error }.map { issue($0.finding, .warning) }
  return limited(errors, .error) + limited(warnings, .warning)
    + renderText(report, options: options) + completion(report)
}

/// The step's result: a script that hides our status must not turn it green.
private func completion(_ report: Report) -> String {
  guard report.exitCode != 0 else { return "" }
  let words = "\(report.verdict.rawValue): \(verdictInWords(report))"
  return "##vso[task.complete result=Failed;]\(data(words))\n"
}

private func limited(_ issues: [String], _ severity: Severity) -> String {
  guard issues.count > mostIssues else { return issues.joined() }
  let kept = mostIssues - 1
  return issues.prefix(kept).joined()
    + issue(severity, [], "\(issues.count - kept) more, see the log")
}

private func issue(_ finding: Finding, _ severity: Severity) -> String {
  let place = finding.location
  let properties = [
    "sourcepath=\(property(place.path))", "linenumber=\(place.start.line)",
    "columnnumber=\(place.start.column)", "code=\(property(finding.rule))",
  ]
  return issue(severity, properties, wholeMessage(of: finding))
}

private func issue(_ severity: Severity, _ properties: [String], _ message: String) -> String {
  let all = (["type=\(severity.rawValue)"] + properties).map { $0 + ";" }.joined()
  return "##vso[task.logissue \(all)]\(data(message))\n"
}

/// A value of a property: what ends it is encoded.
private func property(_ text: String) -> String {
  encoded(data(text), [";": "%3B", "]": "%5D"])
}

/// The message of a command; line breaks are spelled out before they could end it.
private func data(_ text: String) -> String { encoded(visible(text), ["%": "%AZP25"]) }
