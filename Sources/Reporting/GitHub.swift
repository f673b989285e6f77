// SPDX-License-Identifier: Apache-2.0

import Findings

/// Annotations of one kind that GitHub shows for a step.
private let mostAnnotations = 10

/// The report for a step of GitHub Actions: annotations, then the text for the log.
///
/// The log holds all findings; only the annotations are limited, and the last one says so. Source
/// lines can hold workflow commands, so the text stands between `stop-commands` and its token. The
/// token is a hash of that text: no text can hold its own hash, and equal runs print equal bytes.
func renderGitHub(_ report: Report, options: RenderOptions) -> String {
  var options = options
  options.colour = false
  let shown = shownFindings(of: report, options).filter { $0.novelty != .unchanged }
  let errors =
    gaps(of: report).map {
      "::error file=\(property($0.path)),title=not analysed::\(data($0.reason))\n"
    } + shown.filter { level(of: $0) == .error }.map { annotation($0.finding, .error) }
  let warnings = shown.filter { level(of: $0) != .error }.map { annotation($0.finding, .warning) }
  let text = renderText(report, options: options)
  let token = "prgate-" + SHA256.hexadecimalDigest(of: text.utf8)
  return limited(errors, .error) + limited(warnings, .warning)
    + "::stop-commands::\(token)\n\(text)::\(token)::\n"
}

/// The annotations that GitHub shows; the last one counts those that it would not.
private func limited(_ annotations: [String], _ severity: Severity) -> String {
  guard annotations.count > mostAnnotations else { return annotations.joined() }
  let kept = mostAnnotations - 1
  return annotations.prefix(kept).joined()
    + "::\(severity.rawValue) title=prgate::\(annotations.count - kept) more, see the log\n"
}

private func annotation(_ finding: Finding, _ severity: Severity) -> String {
  let place = finding.location
  var properties =
    "file=\(property(place.path)),line=\(place.start.line),endLine=\(place.end.line)"
    + ",col=\(place.start.column)"
  // GitHub reads an end column only where the range ends on its first line.
  if place.end.line == place.start.line { properties += ",endColumn=\(place.end.column)" }
  let values = unnamedValues(of: finding).joined(separator: ", ")
  let message =
    finding.message + configurationRemark(on: finding)
    + (values.isEmpty ? "" : "; with " + values)
  return "::\(severity.rawValue) \(properties),title=\(property(finding.rule))::\(data(message))\n"
}

/// A value of a property: what ends it is encoded, what is invisible is spelled out.
private func property(_ text: String) -> String {
  encoded(data(text), [":": "%3A", ",": "%2C"])
}

/// The message of a command; line breaks are spelled out before they could end it.
private func data(_ text: String) -> String { encoded(visible(text), ["%": "%25"]) }
