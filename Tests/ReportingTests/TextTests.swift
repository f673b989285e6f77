// SPDX-License-Identifier: Apache-2.0

import Findings
import Testing

@testable import Reporting

@Suite struct TextTests {
  private func text(_ report: Report, showAll: Bool = false) -> String {
    render(report, as: .text, options: RenderOptions(showAll: showAll))
  }

  @Test func tabsExpandInLineAndMarksAlike() throws {
    let snippet = try #require(SourceSnippet(Sample.finding.location))
    #expect(snippet.text == "                total += l->routers[i];")
    #expect(snippet.marks == "                         ~~~~~~~~~~~^~")
  }

  @Test func tabsInsideALineEndAtTabStops() throws {
    let location = Sample.location(line: 1, columns: 4..<5, source: "ab\tc")
    let snippet = try #require(SourceSnippet(location))
    #expect(snippet.text == "ab      c")
    #expect(snippet.marks == "        ^")
  }

  @Test func marksCountCellsNotBytes() throws {
    // 2 bytes in 1 cell, 3 bytes in 2 cells, and a combining mark of 2 bytes in none.
    let wide = Sample.location(line: 1, columns: 3..<7, source: "ö語e\u{301}x")
    #expect(try #require(SourceSnippet(wide)).marks == " ^~~")
    let after = Sample.location(line: 1, columns: 9..<10, source: "ö語e\u{301}x")
    #expect(try #require(SourceSnippet(after)).marks == "    ^")
  }

  @Test func rangeOverSeveralLinesIsMarkedToTheEndOfItsFirst() throws {
    var location = Sample.location(line: 1, columns: 1..<2, source: "f(a,")
    location.end = Position(line: 3, column: 4)
    #expect(try #require(SourceSnippet(location)).marks == "^~~~")
  }

  @Test(arguments: [0, -5, 1, 4, 5, 900])
  func columnsOutsideTheLineAreHarmless(_ column: Int) throws {
    let place = Position(line: 1, column: column)
    let location = Location(path: "a.c", start: place, end: place, point: place, sourceLine: "x;")
    #expect(SourceSnippet(location) != nil)
  }

  @Test func longLinesShowTheirPoint() throws {
    let source = String(repeating: "a", count: 5_000) + "HERE" + String(repeating: "b", count: 90)
    let location = Sample.location(line: 1, columns: 5_001..<5_005, source: source)
    let snippet = try #require(SourceSnippet(location))
    #expect(snippet.text.contains("HERE"))
    #expect(snippet.text.utf8.count < 200)
    let caret = try #require(snippet.marks.firstIndex(of: "^"))
    let distance = snippet.marks.distance(from: snippet.marks.startIndex, to: caret)
    #expect(Array(snippet.text)[distance] == "H")
  }

  @Test func unknownSourceLineLeavesTheDiagnosticLine() {
    var finding = Sample.finding
    finding.location.sourceLine = ""
    finding.events = []
    let text = text(Sample.report([Sample.reported(finding)]))
    #expect(!text.contains(" | "))
    #expect(text.hasPrefix("src/options.c:12:23: error: "))
  }

  @Test func stepAtTheFindingItselfIsNotSaidTwice() {
    var finding = Sample.finding
    finding.events.append(Event(location: finding.location, message: "reads element 4"))
    let text = text(Sample.report([Sample.reported(finding)]))
    #expect(text.contains("note: 1: the loop runs"))
    #expect(!text.contains("note: 2"))
  }

  @Test func likelyFindingsAreCountedAndShownOnRequest() {
    let few = text(Sample.gate)
    #expect(few.contains("1 likely finding of tier B not shown; --all shows them\n"))
    #expect(!few.contains("may read past"))
    let all = text(Sample.gate, showAll: true)
    #expect(all.contains("warning: may read past the end of 'p' (tier B) [off-by-one-read]"))
    #expect(!all.contains("not shown"))
  }

  @Test func ledgerStandsLast() {
    let lines = text(Sample.gate).split(separator: "\n")
    #expect(
      lines.suffix(5) == [
        "FAIL: 1 new finding blocks, 1 unchanged, 1 fixed (e4f5a6b against a1b2c3d)",
        "all findings, likely ones too: head 3 = 2 new + 1 unchanged, base 2 = 1 fixed + 1 unchanged",
        "not analysed: src/tap.c: 'autoconf.h' file not found; run the build once",
        "not understood in 2 of 9 functions: inline-asm 1, va-arg 3",
        "analysed 1/2 units",
      ])
  }

  @Test func whatManyUnitsLackIsSaidOnce() {
    func gap(_ path: String, _ reason: String) -> LedgerEntry {
      LedgerEntry(path: path, coverage: .incomplete(reason: reason))
    }
    let missing = "'auto.h' file not found"
    let ledger =
      [gap("a.c", "a.c:1: \(missing) (and 2 more); build it")]
      + (1...5).map { gap("b\($0).c", "include/all.h:7: \(missing); build it") }
      + [gap("c.c", "c.c:1: 'other.h' file not found; build it")]
    let report = Sample.report([], verdict: .incomplete, ledger: ledger)
    let lines = text(report).split(separator: "\n")
    #expect(
      lines.suffix(4)
        == [
          "not analysed: a.c:1: \(missing) (and 2 more); build it",
          "not analysed: … and 5 more units, as above: b1.c, b2.c, b3.c, …; --all names them",
          "not analysed: c.c:1: 'other.h' file not found; build it", "analysed 0/7 units",
        ][...])
    #expect(text(report, showAll: true).contains("not analysed: b5.c: include/all.h:7: "))
  }

  @Test func nothingToCheckIsSaid() {
    let text = text(Sample.report([], command: "gate", verdict: .pass, ledger: []))
    #expect(text == "PASS: nothing to check (e4f5a6b against a1b2c3d)\nanalysed 0/0 units\n")
  }

  @Test func incompleteIsNeverWordedAsAPass() {
    let ledger = [LedgerEntry(path: "a.c", coverage: .incomplete(reason: "crashed"))]
    let text = text(Sample.report([], verdict: .incomplete, ledger: ledger))
    #expect(text.hasPrefix("INCOMPLETE: "))
    #expect(!text.contains("PASS"))
  }

  @Test func hostileTextStaysOnItsLine() {
    let output = text(Sample.hostile)
    for scalar in output.unicodeScalars where scalar != "\n" {
      #expect(!isInvisible(scalar))
    }
    for line in output.split(separator: "\n") {
      let start = line.drop { $0 == " " }
      #expect(!start.hasPrefix("::"))
      #expect(!line.contains("##"))
    }
  }
}
