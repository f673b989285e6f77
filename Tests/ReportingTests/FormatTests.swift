// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Testing

@testable import Reporting

/// What the readers of each format need of it.
@Suite struct FormatTests {
  typealias Object = [String: Any]

  private func text(_ report: Report, _ format: Format, showAll: Bool = false) -> String {
    render(report, as: format, options: RenderOptions(showAll: showAll))
  }

  private func array(_ report: Report, _ format: Format) throws -> [Object] {
    let value = try JSONSerialization.jsonObject(with: Data(text(report, format).utf8))
    return try #require(value as? [Object])
  }

  private func object(_ report: Report, _ format: Format) throws -> Object {
    let value = try JSONSerialization.jsonObject(with: Data(text(report, format).utf8))
    return try #require(value as? Object)
  }

  private let clean = Sample.report([], verdict: .pass)

  @Test(arguments: Format.allCases)
  func everyFormatNamesWhatWasNotAnalysed(_ format: Format) {
    let output = text(Sample.gate, format)
    #expect(output.contains("src/tap.c"))
    #expect(output.contains("file not found"))
  }

  @Test(arguments: Format.allCases)
  func everyFormatEndsWithALineBreak(_ format: Format) {
    for report in [Sample.gate, Sample.hostile, clean] {
      #expect(text(report, format).last == "\n")
    }
  }

  @Test func gitLabHasAnEmptyListWhenThereIsNothing() {
    #expect(text(clean, .gitlab) == "[]\n")
  }

  @Test func gitLabCarriesWhatIsUnchangedToo() throws {
    let issues = try array(Sample.gate, .gitlab)
    #expect(
      issues.map { $0["check_name"] as? String }
        == ["not-analysed", "off-by-one-read", "off-by-one-read"])
    #expect(issues.map { $0["severity"] as? String } == ["major", "critical", "critical"])
    for issue in issues {
      let location = try #require(issue["location"] as? Object)
      #expect((location["path"] as? String)?.isEmpty == false)
      let lines = try #require(location["lines"] as? [String: Int])
      #expect(try #require(lines["begin"]) >= 1)
      #expect((issue["description"] as? String)?.isEmpty == false)
      #expect((issue["fingerprint"] as? String)?.count == 64)
    }
  }

  @Test func gitLabGapsOfOneFileDoNotCollapse() throws {
    let gap = LedgerEntry(path: "a.c", coverage: .incomplete(reason: "crashed"))
    let report = Sample.report([], verdict: .incomplete, ledger: [gap, gap])
    let prints = try array(report, .gitlab).map { $0["fingerprint"] as? String }
    #expect(Set(prints).count == 2)
  }

  @Test func azureFailsTheStep() {
    let lines = text(Sample.gate, .azure).split(separator: "\n")
    #expect(
      lines[0]
        == "##vso[task.logissue type=error;sourcepath=src/tap.c;]not analysed: 'autoconf.h' file not "
        + "found; run the build once")
    #expect(
      lines[1].hasPrefix(
        "##vso[task.logissue type=error;sourcepath=src/options.c;linenumber=12;columnnumber=12;"
          + "code=off-by-one-read;]reads element 4"))
    #expect(lines.last?.hasPrefix("##vso[task.complete result=Failed;]FAIL: 1 new finding") == true)
    #expect(!text(clean, .azure).contains("##vso"))
  }

  @Test func azureCountsWhatItLeavesOut() {
    let many = Array(repeating: Sample.reported(Sample.finding), count: 25)
    let issues = text(Sample.report(many), .azure).split(separator: "\n").filter {
      $0.hasPrefix("##vso[task.logissue")
    }
    #expect(issues.count == 10)
    #expect(issues.last == "##vso[task.logissue type=error;]16 more, see the log")
  }

  @Test func jUnitCountsAgreeWithTheVerdict() {
    let output = text(Sample.gate, .junit)
    #expect(
      output.contains(
        "<testsuites name=\"prgate\" tests=\"3\" failures=\"1\" errors=\"1\" skipped=\"0\">"))
    #expect(output.contains("<failure type=\"off-by-one-read\" message=\"src/options.c:12: reads"))
    #expect(output.contains("<error type=\"incomplete\" message=\"not analysed: &apos;autoconf.h"))
  }

  @Test func jUnitWarningsPass() {
    let warning = Sample.reported(Sample.finding, isBlocking: false)
    let output = text(Sample.report([warning], verdict: .pass), .junit)
    #expect(output.contains("failures=\"0\" errors=\"0\""))
    #expect(output.contains("<system-out><![CDATA[src/options.c:12:23: warning: reads"))
  }

  @Test func jUnitIsNeverEmpty() {
    let output = text(Sample.report([], verdict: .pass, ledger: []), .junit)
    #expect(output.contains("<testcase name=\"nothing to check\""))
    #expect(text(clean, .junit).contains("<testcase name=\"analysis\" classname=\"src/options.c\""))
  }

  @Test func jUnitSkipsWhatIsSuppressed() {
    var report = clean
    report.suppressed = [Sample.suppressed]
    let output = text(report, .junit)
    #expect(output.contains("skipped=\"1\""))
    #expect(output.contains("<skipped message=\"suppressed: the table has a guard element\"/>"))
  }

  @Test func checkstyleGroupsByFile() {
    let output = text(Sample.gate, .checkstyle, showAll: true)
    #expect(output.contains("<file name=\"src/old.c\">"))
    #expect(
      output.contains(
        "<error line=\"12\" column=\"23\" severity=\"error\" message=\"reads element 4 of "))
    #expect(output.contains("source=\"prgate.off-by-one-read\"/>"))
    #expect(output.contains("source=\"prgate.not-analysed\"/>"))
  }

  @Test func reviewdogDiagnosticsHaveTheirRequiredMembers() throws {
    let value = try object(Sample.gate, .rdjson)
    #expect((value["source"] as? Object)?["name"] as? String == "prgate")
    let diagnostics = try #require(value["diagnostics"] as? [Object])
    #expect(diagnostics.count == 2)
    for diagnostic in diagnostics {
      #expect((diagnostic["message"] as? String)?.isEmpty == false)
      #expect((diagnostic["location"] as? Object)?["path"] is String)
      #expect(["ERROR", "WARNING", "INFO"].contains(diagnostic["severity"] as? String))
    }
    let range = try #require((diagnostics[1]["location"] as? Object)?["range"] as? Object)
    #expect(range["start"] as? [String: Int] == ["line": 12, "column": 12])
    #expect(range["end"] as? [String: Int] == ["line": 12, "column": 25])
  }

  @Test func gerritCommentsOnlyOnWhatTheChangeTouches() throws {
    var report = Sample.gate
    report.changedLines = [ChangedLines(path: "src/options.c", lines: [12...12])]
    let value = try object(report, .gerrit)
    #expect(value["labels"] as? [String: Int] == ["Verified": -1])
    let comments = try #require(value["comments"] as? [String: [Object]])
    #expect(comments.keys.sorted() == ["src/options.c"])
    let comment = try #require(comments["src/options.c"]?.first)
    #expect(comment["line"] as? Int == 12)
    #expect(comment["unresolved"] as? Bool == true)
    // Two tabs stand before column 12, which is the character 11 from 0.
    #expect(
      comment["range"] as? [String: Int]
        == ["start_line": 12, "start_character": 11, "end_line": 12, "end_character": 24])

    let elsewhere = try object(Sample.gate, .gerrit)
    #expect((elsewhere["comments"] as? Object)?.isEmpty == true)
    #expect((elsewhere["message"] as? String)?.contains("* src/options.c:12: error: ") == true)
  }

  @Test func gerritVotesForAPass() throws {
    #expect(try object(clean, .gerrit)["labels"] as? [String: Int] == ["Verified": 1])
  }

  @Test func markdownTablesAreCutAndCounted() {
    let many = Array(repeating: Sample.reported(Sample.finding), count: 130)
    let output = text(Sample.report(many), .markdown)
    #expect(output.split(separator: "\n").count { $0.hasPrefix("| **blocks**") } == 100)
    #expect(output.contains("\n30 more findings, see the log\n"))
    #expect(output.hasPrefix("## prgate: FAIL\n\n130 findings block\n"))
    // GitHub shows one mebibyte for a step.
    #expect(output.utf8.count < 1 << 20)
  }

  @Test(arguments: [Format.text, .markdown, .gerrit])
  func reviewersSeeWhatTheChangeTakesAwayFromTheGate(_ format: Format) {
    let report = Sample.review
    let output = text(report, format)
    #expect(output.contains("the table has a guard element"))
    #expect(output.contains("2027-03-01"))
    #expect(output.contains("rules.off-by-one-read.level"))
    #expect(output.contains("loosens"))
  }

  @Test func aWarningRuleThatBlocksIsShownAsAnError() {
    var finding = Sample.finding
    finding.severity = .warning
    #expect(level(of: Sample.reported(finding)) == .error)
  }

  @Test func anErrorRuleThatOnlyWarnsIsNone() {
    #expect(level(of: Sample.reported(Sample.finding, isBlocking: false)) == .warning)
    let old = Sample.reported(Sample.finding, novelty: .unchanged, isBlocking: false)
    #expect(level(of: old) == .error)
  }
}
