// SPDX-License-Identifier: Apache-2.0

import Findings

/// The report as Checkstyle's XML, which many viewers read: an `error` for each finding and each gap.
///
/// Columns count bytes from 1.
func renderCheckstyle(_ report: Report, options: RenderOptions) -> String {
  var files: [String: [XMLElement]] = [:]
  for gap in gaps(of: report) {
    files[gap.path, default: []].append(
      error(line: 1, column: 1, "error", "not analysed: \(gap.reason)", source: gapRule))
  }
  for reported in shownFindings(of: report, options) {
    let finding = reported.finding
    let word =
      switch level(of: reported) {
      case .error: "error"
      case .warning: "warning"
      case .note: "info"
      }
    files[finding.location.path, default: []].append(
      error(
        line: finding.location.point.line, column: finding.location.point.column, word,
        wholeMessage(of: finding), source: finding.rule))
  }
  let elements = files.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
    XMLContent.element(
      XMLElement("file", [("name", $0.key)], $0.value.map { .element($0) }))
  }
  return XMLElement("checkstyle", [("version", "5.0")], elements).document
}

private func error(
  line: Int, column: Int, _ severity: String, _ message: String, source: String
) -> XMLElement {
  XMLElement(
    "error",
    [
      ("line", String(line)), ("column", String(column)), ("severity", severity),
      ("message", message), ("source", "prgate." + source),
    ])
}
