// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Testing

@testable import Reporting

/// What GitHub's documentation and SARIF 2.1.0 require of a log.
@Suite struct SARIFTests {
  private typealias Object = [String: Any]

  private func run(_ report: Report) throws -> Object {
    try run(render(report, as: .sarif, options: RenderOptions()))
  }

  private func run(_ text: String) throws -> Object {
    let log = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? Object)
    #expect(log["version"] as? String == "2.1.0")
    #expect((log["$schema"] as? String)?.isEmpty == false)
    let runs = try #require(log["runs"] as? [Object])
    #expect(runs.count == 1)
    return try #require(runs.first)
  }

  private func results(_ report: Report) throws -> [Object] {
    try #require(try run(report)["results"] as? [Object])
  }

  private func region(_ result: Object) throws -> [String: Int] {
    let location = try #require((result["locations"] as? [Object])?.first)
    let physical = try #require(location["physicalLocation"] as? Object)
    return try #require(physical["region"] as? [String: Int])
  }

  private func text(_ value: Any?) throws -> String {
    try #require((value as? Object)?["text"] as? String)
  }

  @Test func driverAndRulesHaveTheRequiredProperties() throws {
    let run = try run(Sample.gate)
    #expect(run["columnKind"] as? String == "utf16CodeUnits")
    let driver = try #require((run["tool"] as? Object)?["driver"] as? Object)
    #expect(driver["name"] as? String == "prgate")
    #expect(driver["semanticVersion"] as? String == "0.1.0")
    let rule = try #require((driver["rules"] as? [Object])?.first)
    #expect(rule["id"] as? String == "off-by-one-read")
    #expect(rule["name"] as? String == "OffByOneRead")
    for name in ["shortDescription", "fullDescription", "help"] {
      #expect(try text(rule[name]).isEmpty == false)
    }
    let properties = try #require(rule["properties"] as? Object)
    #expect(
      properties["tags"] as? [String]
        == ["security", "external/cwe/cwe-125", "external/cwe/cwe-193"])
    #expect(properties["precision"] as? String == "very-high")
    #expect(properties["security-severity"] as? String == "8.1")
  }

  @Test func weaknessNumbersHaveThreeDigits() throws {
    var report = Sample.gate
    report.rules[0].cwe = [20, 1_284]
    let output = render(report, as: .sarif, options: RenderOptions())
    #expect(output.contains("external/cwe/cwe-020"))
    #expect(output.contains("external/cwe/cwe-1284"))
  }

  @Test func resultsHaveTheRequiredProperties() throws {
    let result = try #require(try results(Sample.gate).first)
    #expect(result["ruleId"] as? String == "off-by-one-read")
    #expect(result["ruleIndex"] as? Int == 0)
    #expect(result["level"] as? String == "error")
    #expect(result["baselineState"] as? String == "new")
    #expect(try text(result["message"]).hasPrefix("reads element 4 of"))
    let prints = try #require(result["partialFingerprints"] as? [String: String])
    #expect(prints["primaryLocationLineHash"] == "ab:1")
    #expect(prints["prgate/v1"]?.count == 64)
    #expect((result["properties"] as? Object)?["tier"] as? String == "A")
    let flow = try #require((result["codeFlows"] as? [Object])?.first)
    let thread = try #require((flow["threadFlows"] as? [Object])?.first)
    #expect((thread["locations"] as? [Object])?.count == 1)
  }

  @Test func likelyResultsCarryTheirTierAndAreNoErrors() throws {
    let result = try results(Sample.gate)[1]
    #expect(result["level"] as? String == "warning")
    #expect((result["properties"] as? Object)?["tier"] as? String == "B")
  }

  @Test func unknownLineHashIsLeftOut() throws {
    let prints = try results(Sample.gate)[2]["partialFingerprints"] as? [String: String]
    #expect(prints?.keys.contains("primaryLocationLineHash") == false)
  }

  @Test func checkSaysNothingOfABase() throws {
    let result = try #require(try results(Sample.report([Sample.reported(Sample.finding)])).first)
    #expect(result["baselineState"] == nil)
  }

  @Test func columnsCountUTF16Units() throws {
    var finding = Sample.finding
    // Two bytes and one unit; four bytes and two units.
    finding.location = Sample.location(line: 3, columns: 7..<11, source: "ö😀buf_[i]")
    let region = try region(
      try #require(try results(Sample.report([Sample.reported(finding)])).first))
    #expect(region == ["startLine": 3, "startColumn": 4, "endLine": 3, "endColumn": 8])
  }

  @Test func regionsHaveOneLine() throws {
    var finding = Sample.finding
    finding.location.end = Position(line: 15, column: 2)
    let region = try region(
      try #require(try results(Sample.report([Sample.reported(finding)])).first))
    #expect(region["endLine"] == 12)
    #expect(region["endColumn"] == finding.location.sourceLine.utf16.count + 1)
  }

  @Test func everyUnanalysedUnitIsANotification() throws {
    let run = try run(Sample.gate)
    let invocation = try #require((run["invocations"] as? [Object])?.first)
    #expect(invocation["executionSuccessful"] as? Bool == false)
    #expect(invocation["exitCode"] as? Int == 1)
    let notifications = try #require(invocation["toolExecutionNotifications"] as? [Object])
    #expect(notifications.map { $0["level"] as? String } == ["error", "note"])
    #expect(try text(notifications[0]["message"]).contains("src/tap.c"))
  }

  @Test(arguments: [
    ("src/a b.c", "src/a%20b.c"), ("a:b#?.c", "a%3Ab%23%3F.c"),
    ("/tmp/ö.c", "file:///tmp/%C3%B6.c"),
    ("a%20b.c", "a%2520b.c"), ("a\nb.c", "a%0Ab.c"),
  ])
  func pathsBecomeURIs(path: String, uri: String) throws {
    var finding = Sample.finding
    finding.location.path = path
    let output = render(
      Sample.report([Sample.reported(finding)]), as: .sarif, options: RenderOptions())
    #expect(output.contains("\"uri\":\"\(uri)\""))
  }

  @Test func messagesCannotHoldLinks() throws {
    var finding = Sample.finding
    finding.message = "see [this](https://example.org)"
    finding.witness = []
    finding.hint = ""
    let result = try #require(try results(Sample.report([Sample.reported(finding)])).first)
    #expect(try text(result["message"]) == "see \\[this\\](https://example.org)")
  }

  @Test func limitsHoldAndBlockingResultsStay() throws {
    let quiet = Sample.reported(Sample.finding, isBlocking: false)
    let report = Sample.report(
      Array(repeating: quiet, count: 5) + [Sample.reported(Sample.finding)])
    let run = try run(renderSARIF(report, mostResults: 4))
    let results = try #require(run["results"] as? [Object])
    #expect(results.count == 4)
    #expect((results[0]["properties"] as? Object)?["blocking"] as? Bool == true)
    let invocation = try #require((run["invocations"] as? [Object])?.first)
    let notification = try #require(
      (invocation["toolExecutionNotifications"] as? [Object])?.first)
    #expect(try text(notification["message"]).hasPrefix("2 results beyond 4"))
  }

  @Test func descriptionsAreCut() throws {
    var report = Sample.gate
    report.rules[0].summary = String(repeating: "😀", count: 2_000)
    let driver = try #require((try run(report)["tool"] as? Object)?["driver"] as? Object)
    let rule = try #require((driver["rules"] as? [Object])?.first)
    #expect(try text(rule["shortDescription"]).utf16.count <= 1_024)
  }

  @Test func gitHubsResultLimitHoldsAtItsEdge() throws {
    let many = Array(repeating: Sample.reported(Sample.finding), count: 25_000)
    #expect(try results(Sample.report(many)).count == 25_000)
    let run = try run(Sample.report(many + [Sample.reported(Sample.finding)]))
    #expect((run["results"] as? [Object])?.count == 25_000)
    let invocation = try #require((run["invocations"] as? [Object])?.first)
    let notes = try #require(invocation["toolExecutionNotifications"] as? [Object])
    #expect(try text(notes.last?["message"]).hasPrefix("1 results beyond 25000 left out"))
  }

  @Test(arguments: [1, 899, 900, 901, 5_000])
  func stepsStayBelowGitHubsThousand(_ count: Int) throws {
    var finding = Sample.finding
    finding.events = Array(repeating: finding.events[0], count: count)
    let result = try #require(try results(Sample.report([Sample.reported(finding)])).first)
    let flow = try #require((result["codeFlows"] as? [Object])?.first)
    let thread = try #require((flow["threadFlows"] as? [Object])?.first)
    #expect((thread["locations"] as? [Object])?.count == min(count, 900))
    #expect((result["relatedLocations"] as? [Object])?.count == min(count, 100))
  }

  @Test(arguments: [0, 8, 9, 10, 30])
  func tagsStayBelowGitHubsTen(_ count: Int) throws {
    var report = Sample.gate
    report.rules[0].cwe = Array(repeating: 125, count: count)
    let driver = try #require((try run(report)["tool"] as? Object)?["driver"] as? Object)
    let rule = try #require((driver["rules"] as? [Object])?.first)
    let properties = try #require(rule["properties"] as? Object)
    #expect((properties["tags"] as? [String])?.count == min(count + 1, 10))
  }

  @Test func aNewFindingOnAnOldLineIsShownAtTheStepOfTheChange() throws {
    let result = try #require(try results(Sample.review).first)
    #expect(try region(result)["startLine"] == 11)
    let related = try #require(result["relatedLocations"] as? [Object])
    #expect(related.map { $0["id"] as? Int } == [1, 2])
    #expect(try text(related[0]["message"]).hasPrefix("reads element 4"))
    let prints = try #require(result["partialFingerprints"] as? [String: String])
    #expect(prints.keys.sorted() == ["prgate/moved/v1", "prgate/v1"])
  }

  @Test func aFindingInTheChangeStaysWhereItIs() throws {
    var report = Sample.review
    report.changedLines[0].lines = [1...2, 11...12]
    let result = try #require(try results(report).first)
    #expect(try region(result)["startLine"] == 12)
  }

  @Test func onlyTheArchiveHasWhatIsSuppressedOrGone() throws {
    #expect(!render(Sample.review, as: .sarif, options: RenderOptions()).contains("suppressions"))
    let all = try #require(
      try run(render(Sample.review, as: .sarifAudit, options: RenderOptions()))["results"]
        as? [Object])
    #expect(
      all.map { $0["baselineState"] as? String } == ["new", "new", "unchanged", "new", "absent"])
    let suppression = try #require((all[3]["suppressions"] as? [Object])?.first)
    #expect(suppression["kind"] as? String == "inSource")
    #expect(suppression["justification"] as? String == "the table has a guard element")
  }

  @Test func rulesAboutTheGateItselfAreNoneOfSecurity() throws {
    var report = Sample.gate
    report.rules[0].cwe = []
    report.rules[0].securitySeverity = ""
    report.rules[0].severity = .warning
    let driver = try #require((try run(report)["tool"] as? Object)?["driver"] as? Object)
    let rule = try #require((driver["rules"] as? [Object])?.first)
    let properties = try #require(rule["properties"] as? Object)
    #expect(properties["security-severity"] == nil)
    #expect(properties["problem.severity"] as? String == "warning")
    #expect((properties["tags"] as? [String])?.isEmpty == true)
  }
}
