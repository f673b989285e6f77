// SPDX-License-Identifier: Apache-2.0

import Findings

/// The report as test results: a suite for each file, a failure for each finding that blocks.
///
/// There is no standard, this is what Jenkins, GitLab and Azure read alike. What does not block is a
/// test that passes with its text, so that the counts never contradict the verdict; what was not
/// analysed is an error, and what is suppressed is skipped.
func renderJUnit(_ report: Report, options: RenderOptions) -> String {
  var suites: [String: [TestCase]] = [:]
  func add(_ test: TestCase, to path: String) { suites[path, default: []].append(test) }
  for entry in report.ledger { add(TestCase(entry), to: entry.path) }
  for reported in shownFindings(of: report, options) {
    add(TestCase(reported), to: reported.finding.location.path)
  }
  for suppressed in report.suppressed {
    add(TestCase(suppressed), to: suppressed.finding.finding.location.path)
  }
  if suites.isEmpty {
    add(TestCase(name: "nothing to check", place: "prgate", file: "", line: 0), to: "prgate")
  }
  let ordered = suites.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  let elements = ordered.map { path, tests in
    XMLElement(
      "testsuite", [("name", path)] + counts(of: tests), tests.map { .element($0.element) })
  }
  let all = ordered.flatMap(\.value)
  return XMLElement(
    "testsuites", [("name", "prgate")] + counts(of: all), elements.map { .element($0) }
  )
  .document
}

private func counts(of tests: [TestCase]) -> [(name: String, value: String)] {
  [
    ("tests", String(tests.count)),
    ("failures", String(tests.count { $0.outcome == .failure })),
    ("errors", String(tests.count { $0.outcome == .error })),
    ("skipped", String(tests.count { $0.outcome == .skipped })),
  ]
}

/// A test of a suite.
private struct TestCase {
  enum Outcome: String {
    case passed, failure, error, skipped
  }

  var name: String
  var place: String
  var file: String
  /// The line, from 1; 0 where it has none.
  var line: Int
  var outcome = Outcome.passed
  /// The message of what is not passed.
  var message = ""
  /// What a failure is of.
  var type = ""
  /// Lines with the details.
  var details = ""

  init(name: String, place: String, file: String, line: Int) {
    self.name = name
    self.place = place
    self.file = file
    self.line = line
  }

  init(_ entry: LedgerEntry) {
    self.init(name: "analysis", place: entry.path, file: entry.path, line: 0)
    guard case .incomplete(let reason) = entry.coverage else { return }
    outcome = .error
    type = "incomplete"
    message = "not analysed: " + reason
  }

  init(_ reported: ReportedFinding) {
    let finding = reported.finding
    let place = finding.location
    let start = place.point
    self.init(
      name: finding.rule, place: "\(place.path):\(start.line):\(start.column)", file: place.path,
      line: start.line)
    details = renderFinding(reported)
    guard reported.isBlocking else { return }
    outcome = .failure
    type = finding.rule
    message = "\(place.path):\(start.line): \(finding.message)\(configurationRemark(on: finding))"
  }

  init(_ suppressed: SuppressedFinding) {
    self.init(suppressed.finding)
    outcome = .skipped
    message = "suppressed: " + suppressed.suppression.reason
  }

  var element: XMLElement {
    var attributes = [(name: "name", value: name), (name: "classname", value: place)]
    if !file.isEmpty { attributes.append((name: "file", value: file)) }
    if line > 0 { attributes.append((name: "line", value: String(line))) }
    let text: [XMLContent] = details.isEmpty ? [] : [.text(details)]
    switch outcome {
    case .passed:
      let output = XMLElement("system-out", [], text)
      return XMLElement("testcase", attributes, text.isEmpty ? [] : [.element(output)])
    case .skipped:
      let skipped = XMLElement("skipped", [("message", message)])
      return XMLElement("testcase", attributes, [.element(skipped)])
    case .failure, .error:
      let problem = XMLElement(outcome.rawValue, [("type", type), ("message", message)], text)
      return XMLElement("testcase", attributes, [.element(problem)])
    }
  }
}
