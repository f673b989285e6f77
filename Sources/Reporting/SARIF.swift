// SPDX-License-Identifier: Apache-2.0

import Findings

// SARIF 2.1.0 (OASIS, 2020), with the properties and limits that GitHub documents for uploads.

/// Steps of a path that are written; GitHub accepts 1,000.
private let mostSteps = 900
/// Tags of a rule that GitHub shows.
private let mostTags = 10
/// UTF-16 units of a description that GitHub accepts.
private let longestDescription = 1_024
/// UTF-16 units of a name that GitHub accepts.
private let longestName = 255
/// Bytes of a source line that is quoted; a longer one is left to the viewer.
private let longestSnippet = 1_000

/// Related locations of a result that GitHub shows.
private let mostRelated = 100

/// The report as one SARIF log with one run.
///
/// It carries every finding of the head, new or not: a viewer calls what is missing fixed. Findings
/// that are suppressed or gone stay out, because GitHub ignores `suppressions` and `baselineState` and
/// would open them again; the log for an archive (`isAudit`) has them. GitHub accepts 25,000 results in
/// a run.
func renderSARIF(
  _ report: Report, mostResults: Int = 25_000, isAudit: Bool = false
) -> String {
  // What blocks comes first, so that the limit never hides it; the sort keeps the report's order.
  let ranked = report.findings.filter { $0.isBlocking } + report.findings.filter { !$0.isBlocking }
  let kept = ranked.prefix(mostResults)
  let changed = isAudit ? [:] : report.linesByPath
  let ruleIndex = Dictionary(
    report.rules.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  let run: JSON = [
    "tool": [
      "driver": [
        "name": "prgate",
        "semanticVersion": .string(report.version),
        "rules": .array(report.rules.map(rule)),
      ]
    ],
    "columnKind": "utf16CodeUnits",
    "automationDetails": ["id": "prgate/default/"],
    "invocations": [invocation(report, results: kept.count, of: ranked.count)],
    "results": .array(
      kept.map { reported in
        result(
          reported, ruleIndex: ruleIndex[reported.finding.rule],
          state: state(of: reported, report), changed: changed)
      } + (isAudit ? archived(report, ruleIndex) : [])),
    "properties": [
      "verdict": .string(report.verdict.rawValue),
      "head": .string(report.head),
      "base": .string(report.base),
    ],
  ]
  let log: JSON = [
    "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
    "version": "2.1.0",
    "runs": [run],
  ]
  var output = ""
  log.write(to: &output)
  return output + "\n"
}

/// The coverage ledger: one notification for each unit that was not analysed.
private func invocation(_ report: Report, results: Int, of all: Int) -> JSON {
  var notifications: [JSON] = []
  for entry in report.ledger {
    guard case .incomplete(let reason) = entry.coverage else { continue }
    notifications.append([
      "level": "error",
      "descriptor": ["id": "not-analysed"],
      "message": message("not analysed: \(entry.path): \(reason)"),
      "locations": [["physicalLocation": ["artifactLocation": artifact(entry.path)]]],
    ])
  }
  for note in report.notes { notifications.append(["level": "note", "message": message(note)]) }
  if results < all {
    let words = "\(all - results) results beyond \(results) left out; the text report has them all"
    notifications.append(["level": "warning", "message": message(words)])
  }
  return [
    "executionSuccessful": .boolean(report.ledger.allSatisfy(\.isAnalysed)),
    "exitCode": .integer(Int(report.exitCode)),
    "toolExecutionNotifications": .array(notifications),
  ]
}

private func rule(_ info: RuleInfo) -> JSON {
  // Rules about the gate itself have no weakness; GitHub reads another word for their weight.
  let isSecurity = !info.securitySeverity.isEmpty
  let tags =
    (isSecurity ? ["security"] : [])
    + info.cwe.map { number in
      let digits = String(number)
      return "external/cwe/cwe-" + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    }
  var properties: JSON = ["precision": .string(info.precision.rawValue)]
  properties =
    isSecurity
    ? properties.adding("security-severity", .string(info.securitySeverity))
    : properties.adding("problem.severity", .string(problemSeverity(info.severity)))
  properties = properties.adding("tags", .array(tags.prefix(mostTags).map { .string($0) }))
  let help = "\(info.why)\n\nFix: \(info.fix)\n\nLimits: \(info.limits)"
  let markdown = "\(info.why)\n\n**Fix.** \(info.fix)\n\n**Limits.** \(info.limits)"
  return [
    "id": .string(info.id),
    "name": .string(shortened(upperCamelCase(info.id), to: longestName)),
    "shortDescription": ["text": .string(shortened(info.summary, to: longestDescription))],
    "fullDescription": [
      "text": .string(
        shortened(info.why.isEmpty ? info.summary : info.why, to: longestDescription))
    ],
    "help": ["text": .string(help), "markdown": .string(markdown)],
    "defaultConfiguration": ["level": .string(info.severity.rawValue)],
    "properties": properties,
  ]
}

/// GitHub's words for the weight of a rule that is none of security.
private func problemSeverity(_ severity: Severity) -> String {
  severity == .note ? "recommendation" : severity.rawValue
}

/// SARIF's `baselineState`; nil where nothing was compared.
private func state(of reported: ReportedFinding, _ report: Report) -> String? {
  guard report.command == "gate", reported.novelty != .uncompared else { return nil }
  return reported.novelty.rawValue
}

/// The results that only an archive carries: what is suppressed, and what is gone.
private func archived(_ report: Report, _ ruleIndex: [String: Int]) -> [JSON] {
  let suppressed = report.suppressed.map { entry in
    let reported = entry.finding
    return result(
      reported, ruleIndex: ruleIndex[reported.finding.rule], state: state(of: reported, report),
      changed: [:]
    )
    .adding("suppressions", [suppression(entry.suppression)])
  }
  let gone = report.fixed.map { reported in
    result(reported, ruleIndex: ruleIndex[reported.finding.rule], state: "absent", changed: [:])
  }
  return suppressed + gone
}

private func suppression(_ suppression: Suppression) -> JSON {
  [
    "kind": .string(suppression.kind == .inSource ? "inSource" : "external"),
    "status": "accepted",
    "justification": .string(visible(suppression.reason)),
    "location": physical(suppression.location),
  ]
}

/// A result object.
///
/// GitHub shows a result in a pull request only where its line is part of the change. A new finding
/// whose own line is older is placed at the step of its path that the change brings; its own place is
/// the first of the related locations then.
private func result(
  _ reported: ReportedFinding, ruleIndex: Int?, state: String?,
  changed: [String: [ClosedRange<Int>]]
) -> JSON {
  let finding = reported.finding
  let moved = reported.novelty == .new ? causingStep(of: finding, changed) : nil
  var value: JSON = ["ruleId": .string(finding.rule)]
  value = value.adding("ruleIndex", ruleIndex.map { .integer($0) })
    .adding("level", .string(level(of: reported).rawValue))
    .adding("message", message(sentences(of: finding)))
    .adding("locations", [physical(moved ?? finding.location, quoted: true)])
  if !finding.events.isEmpty {
    let steps = finding.events.prefix(mostSteps).map { event -> JSON in
      ["location": physical(event.location, message: event.message)]
    }
    value = value.adding("codeFlows", [["threadFlows": [["locations": .array(steps)]]]])
      .adding("relatedLocations", relatedLocations(of: finding, isMoved: moved != nil))
  }
  return value.adding("baselineState", state.map { .string($0) })
    .adding("partialFingerprints", fingerprints(of: reported, isMoved: moved != nil))
    .adding("properties", properties(of: reported))
}

/// The last step in the change of a path whose end is not in it.
private func causingStep(of finding: Finding, _ changed: [String: [ClosedRange<Int>]]) -> Location?
{
  func isInChange(_ place: Location) -> Bool {
    changed[place.path, default: []].contains { $0.contains(place.start.line) }
  }
  guard !changed.isEmpty, !isInChange(finding.location) else { return nil }
  return finding.events.last { isInChange($0.location) }?.location
}

/// The message as sentences: the first one is the title that GitHub shows.
private func sentences(of finding: Finding) -> String {
  var text = finding.message + configurationRemark(on: finding)
  let values = unnamedValues(of: finding)
  if !values.isEmpty { text += ". With: " + values.joined(separator: ", ") }
  return finding.hint.isEmpty ? text : text + ". Fix: " + finding.hint
}

private func relatedLocations(of finding: Finding, isMoved: Bool) -> JSON {
  let own = isMoved ? [Event(location: finding.location, message: finding.message)] : []
  return .array(
    (own + steps(of: finding)).prefix(mostRelated).enumerated().map { index, event in
      physical(event.location, message: event.message, id: index + 1)
    })
}

/// The identities of a result; the line hash is that of the finding's own place, so GitHub has to
/// compute it for another one.
private func fingerprints(of reported: ReportedFinding, isMoved: Bool) -> JSON {
  var value: JSON = [:]
  if !reported.lineHash.isEmpty, !isMoved {
    value = value.adding("primaryLocationLineHash", .string(reported.lineHash))
  }
  return value.adding("prgate/v1", .string(reported.fingerprint))
    .adding("prgate/moved/v1", .string(reported.movedFingerprint))
}

private func properties(of reported: ReportedFinding) -> JSON {
  let finding = reported.finding
  var value: JSON = [
    "tier": .string(finding.tier.rawValue),
    "blocking": .boolean(reported.isBlocking),
  ]
  if !finding.function.isEmpty {
    value = value.adding("function", .string(visible(finding.function)))
  }
  if !finding.configurations.isEmpty {
    let names = finding.configurations.map { JSON.string(visible($0)) }
    value = value.adding("configurations", .array(names))
  }
  return value
}

/// A location object: one line, columns in UTF-16 units from 1, the end exclusive.
///
/// GitHub places a result only where every line of its region is part of the change, so a longer
/// range is cut at the end of its first line.
private func physical(
  _ location: Location, quoted: Bool = false, message text: String? = nil, id: Int? = nil
) -> JSON {
  let line = location.sourceLine
  let start = utf16Column(ofByteColumn: location.start.column, in: line)
  let sameLine = location.end.line == location.start.line
  let byteEnd = sameLine ? location.end.column : line.utf8.count + 1
  let end = max(utf16Column(ofByteColumn: byteEnd, in: line), start + 1)
  var place: JSON = [
    "artifactLocation": artifact(location.path),
    "region": [
      "startLine": .integer(location.start.line), "startColumn": .integer(start),
      "endLine": .integer(location.start.line), "endColumn": .integer(end),
    ],
  ]
  if quoted && !line.isEmpty && line.utf8.count <= longestSnippet {
    place = place.adding(
      "contextRegion",
      [
        "startLine": .integer(location.start.line),
        "snippet": ["text": .string(visibleSource(line))],
      ])
  }
  var value: JSON = [:]
  value = value.adding("id", id.map { .integer($0) })
  value = value.adding("physicalLocation", place)
  return value.adding("message", text.map { message($0) })
}

/// The column in UTF-16 units of a byte column, both from 1; past the end each byte is a unit.
func utf16Column(ofByteColumn column: Int, in line: String) -> Int {
  var bytes = 1
  var units = 1
  for scalar in line.unicodeScalars {
    let width = scalar.utf8.count
    guard bytes + width <= column else { return units }
    bytes += width
    units += scalar.utf16.count
  }
  return units + max(0, column - bytes)
}

/// A source line with its tabs, and everything else invisible spelled out.
private func visibleSource(_ line: String) -> String {
  line.split(separator: "\t", omittingEmptySubsequences: false).map { visible(String($0)) }
    .joined(separator: "\t")
}

/// A plain-text message; brackets are escaped where they would read as a link (SARIF 3.11.6).
private func message(_ text: String) -> JSON {
  let shown = visible(text)
  guard shown.contains("](") else { return ["text": .string(shown)] }
  var escaped = ""
  for character in shown {
    if character == "[" || character == "]" || character == "\\" { escaped += "\\" }
    escaped.append(character)
  }
  return ["text": .string(escaped)]
}

/// An artifact location: a URI reference relative to the root of the repository, else `file://`.
private func artifact(_ path: String) -> JSON {
  ["uri": .string((path.hasPrefix("/") ? "file://" : "") + percentEncoded(path))]
}

/// A path in the characters of RFC 3986 that need no thought: unreserved ones and slashes.
private func percentEncoded(_ path: String) -> String {
  let digits = Array("0123456789ABCDEF".unicodeScalars)
  var result = ""
  for byte in path.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "/"):
      result.unicodeScalars.append(Unicode.Scalar(byte))
    default:
      result += "%"
      result.unicodeScalars.append(digits[Int(byte >> 4)])
      result.unicodeScalars.append(digits[Int(byte & 15)])
    }
  }
  return result
}

extension Report {
  /// The lines of the change by path.
  fileprivate var linesByPath: [String: [ClosedRange<Int>]] {
    Dictionary(changedLines.map { ($0.path, $0.lines) }) { $0 + $1 }
  }
}

private func upperCamelCase(_ id: String) -> String {
  id.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
}

/// The text, cut to a number of UTF-16 units at the end of a character.
private func shortened(_ text: String, to limit: Int) -> String {
  guard text.utf16.count > limit else { return text }
  var result = ""
  var units = 3
  for character in text {
    units += character.utf16.count
    if units > limit { break }
    result.append(character)
  }
  return result + "..."
}
