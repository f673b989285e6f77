// SPDX-License-Identifier: Apache-2.0

import Findings

/// The report in the diagnostic format of reviewdog (`rdjson`).
///
/// Columns count bytes of UTF-8 from 1, ends are exclusive. reviewdog filters by changed lines unless
/// it is told not to (`-filter-mode=nofilter`); prgate has decided what is new already.
func renderReviewdog(_ report: Report, options: RenderOptions) -> String {
  let diagnostics =
    gaps(of: report).map(diagnostic)
    + shownFindings(of: report, options).map(diagnostic)
  let value: JSON = [
    "source": ["name": "prgate"],
    "severity": .string(report.verdict == .pass ? "INFO" : "ERROR"),
    "diagnostics": .array(diagnostics),
  ]
  var output = ""
  value.writeIndented(to: &output)
  return output + "\n"
}

private func diagnostic(_ reported: ReportedFinding) -> JSON {
  let finding = reported.finding
  let word =
    switch level(of: reported) {
    case .error: "ERROR"
    case .warning: "WARNING"
    case .note: "INFO"
    }
  let related = steps(of: finding).map { event -> JSON in
    ["message": .string(visible(event.message)), "location": location(event.location)]
  }
  return [
    "message": .string(visible(wholeMessage(of: finding))),
    "location": location(finding.location),
    "severity": .string(word),
    "code": ["value": .string(finding.rule)],
    "related_locations": .array(related),
  ]
}

private func diagnostic(_ gap: Gap) -> JSON {
  [
    "message": .string(visible("not analysed: \(gap.reason)")),
    "location": ["path": .string(visible(gap.path))],
    "severity": "ERROR",
    "code": ["value": .string(gapRule)],
  ]
}

private func location(_ place: Location) -> JSON {
  [
    "path": .string(visible(place.path)),
    "range": [
      "start": [
        "line": .integer(place.start.line), "column": .integer(max(place.start.column, 1)),
      ],
      "end": ["line": .integer(place.end.line), "column": .integer(max(place.end.column, 1))],
    ],
  ]
}
