// SPDX-License-Identifier: Apache-2.0

import Findings
import Gate
import Testing

/// Comments that take findings away, and what is wrong with them.
@Suite struct SuppressionTests {
  private let today = Day("2026-11-22") ?? Day(number: 0)

  private func comment(
    _ text: String, line: Int = 10, target: Int? = nil, path: String = "src/options.c"
  ) -> SuppressionComment {
    let start = Position(line: line, column: 4)
    let end = Position(line: line, column: 40)
    return SuppressionComment(
      location: Location(path: path, start: start, end: end, point: start, sourceLine: text),
      target: target ?? line, text: text)
  }

  private func read(
    _ comments: [SuppressionComment], policy: Policy = .builtIn
  ) -> Suppressions {
    Suppressions(
      comments,
      terms: SuppressionTerms(
        ruleIDs: ["off-by-one-read", "double-free"], policy: policy, today: today))
  }

  private func takesAway(_ text: String, policy: Policy = .builtIn) -> Bool {
    read([comment(text)], policy: policy).suppression(of: finding()) != nil
  }

  @Test("The one form, with its reason and its last day")
  func form() throws {
    let text = "prgate:allow(off-by-one-read) the array has a spare byte until=2027-03-01"
    let suppression = try #require(read([comment(text)]).suppression(of: finding()))
    #expect(suppression.reason == "the array has a spare byte")
    #expect(suppression.until == "2027-03-01")
    #expect(suppression.kind == .inSource)
    #expect(read([comment(text)]).problems.isEmpty)
  }

  @Test(
    "What is not of that form takes nothing away, and says so",
    arguments: [
      "prgate:allow(off-by-one-read)", "prgate:allow(off-by-one-read) ***", "prgate:allow",
      "prgate:allow reason", "prgate:allow() reason", "prgate:allow(all) reason",
      "prgate:allow(*) reason", "prgate:allow(off-by-one-read,double-free) reason",
      "prgate:alow(off-by-one-read) reason", "prgate:allow (off-by-one-read) reason",
      "prgate: allow(off-by-one-read) reason", "prgate:ALLOW(off-by-one-read) reason",
      "prgate:allow(off-by-one-read) reason until=tomorrow",
      "prgate:allow(off-by-one-read) reason until=2027-02-30",
      "prgate:allow(off-by-one-read) reason until=2027-01-01 until=2028-01-01",
      "prgate:allow(off-by-one-read) reason prgate:allow(double-free) reason",
      "prgate:allow(unused-suppression) reason", "prgate:allow-begin(off-by-one-read) reason",
      "prgate:allow-end(off-by-one-read)", "prgate:off", "prgate:",
    ])
  func invalid(text: String) {
    let suppressions = read([comment(text)])
    #expect(suppressions.suppression(of: finding()) == nil)
    #expect(suppressions.problems.map(\.rule) == ["invalid-suppression"])
  }

  @Test("A line of code is covered, and no other one")
  func reach() {
    let suppressions = read([comment("prgate:allow(off-by-one-read) why", line: 9, target: 10)])
    #expect(suppressions.suppression(of: finding(line: 10)) != nil)
    for line in [8, 9, 11] { #expect(suppressions.suppression(of: finding(line: line)) == nil) }
    #expect(suppressions.suppression(of: finding("double-free", line: 10)) == nil)
    #expect(suppressions.suppression(of: finding(path: "src/other.c", line: 10)) == nil)
  }

  @Test("A block and a file")
  func blocks() {
    let block = read([
      comment("prgate:allow-begin(off-by-one-read) table", line: 5),
      comment("prgate:allow-end(off-by-one-read)", line: 20),
    ])
    #expect(block.suppression(of: finding(line: 10)) != nil)
    #expect(block.suppression(of: finding(line: 21)) == nil)
    let file = read([comment("prgate:allow-file(off-by-one-read) generated table", line: 1)])
    #expect(file.suppression(of: finding(line: 4000)) != nil)
  }

  @Test("What a macro brings is covered where the macro is written, too")
  func macros() {
    var bad = finding(line: 30)
    bad.location.spelling = Spelling(path: "include/get.h", line: 7)
    let there = read([
      comment("prgate:allow(off-by-one-read) callers check", line: 7, path: "include/get.h")
    ])
    #expect(there.suppression(of: bad) != nil)
    let here = read([comment("prgate:allow(off-by-one-read) checked above", line: 30)])
    #expect(here.suppression(of: bad) != nil)
    #expect(there.suppression(of: finding(line: 30)) == nil)
  }

  @Test("After its last day it holds no more; two weeks before, it says so")
  func expiry() {
    let cases = [
      ("2026-11-21", false, 1), ("2026-11-22", true, 1), ("2026-12-05", true, 1),
      ("2026-12-06", true, 0),
    ]
    for (day, holds, count) in cases {
      let suppressions = read([comment("prgate:allow(off-by-one-read) why until=\(day)")])
      #expect((suppressions.suppression(of: finding()) != nil) == holds, "\(day)")
      #expect(suppressions.problems.map(\.rule).count == count, "\(day)")
      #expect(suppressions.problems.allSatisfy { $0.rule == "expired-suppression" })
    }
  }

  @Test("A policy may ask for a last day, and for a near one")
  func terms() {
    var policy = Policy.builtIn
    policy.requiresUntil = true
    #expect(!takesAway("prgate:allow(off-by-one-read) why", policy: policy))
    #expect(takesAway("prgate:allow(off-by-one-read) why until=2099-01-01", policy: policy))
    policy.maximumSuppressionDays = 30
    #expect(!takesAway("prgate:allow(off-by-one-read) why until=2026-12-23", policy: policy))
    #expect(takesAway("prgate:allow(off-by-one-read) why until=2026-12-22", policy: policy))
  }

  @Test("Unused is said of analysed code and asked rules only")
  func unused() {
    let suppressions = read([
      comment("prgate:allow(off-by-one-read) used", line: 10),
      comment("prgate:allow(off-by-one-read) not used", line: 20),
      comment("prgate:allow(off-by-one-read) left out by the preprocessor", line: 30),
      comment("prgate:allow(double-free) not asked", line: 20),
    ])
    let found = suppressions.apply(to: [finding(line: 10)]).unusedSuppressions(
      rules: ["off-by-one-read"]
    ) { _, lines in lines.contains(20) || lines.contains(10) }
    #expect(found.map(\.location.start.line) == [20])
    #expect(found.map(\.rule) == ["unused-suppression"])
  }

  @Test("What a change adds: a new comment, another reason, another day; not a moved one")
  func added() {
    let base = read([
      comment("prgate:allow(off-by-one-read) one", line: 10, path: "old.c"),
      comment("prgate:allow(off-by-one-read) two", line: 12, path: "old.c"),
      comment("prgate:allow(off-by-one-read) three until=2027-01-01", line: 14, path: "old.c"),
    ])
    let head = read([
      comment("prgate:allow(off-by-one-read) one", line: 90, path: "new.c"),
      comment("prgate:allow(off-by-one-read) another", line: 92, path: "new.c"),
      comment("prgate:allow(off-by-one-read) three until=2028-01-01", line: 94, path: "new.c"),
      comment("prgate:allow(off-by-one-read) one", line: 96, path: "new.c"),
    ])
    let added = head.added(since: base, renames: ["old.c": "new.c"])
    #expect(added.map(\.location.start.line) == [92, 94, 96])
    #expect(added.map(\.isAdded) == [true, true, true])
    // Listed for the reviewer; a finding only where the policy asks for it.
    let findings = Suppressions.findings(aboutAdded: added)
    #expect(findings.allSatisfy { Policy.builtIn.level(of: $0) == .off })
  }

  @Test("Days of the calendar")
  func days() {
    for text in ["1970-01-01", "2000-02-29", "2026-11-22", "2100-03-01", "0001-01-01"] {
      let day = Day(text)
      #expect(day?.description == text)
    }
    #expect(Day("1970-01-02")?.number == 1)
    #expect(Day("2000-03-01")?.number == 11_017)
    for text in ["2100-02-29", "2026-13-01", "2026-1-01", "2026-00-10", "", "x"] {
      #expect(Day(text) == nil, "\(text)")
    }
  }
}

/// Both sides of a change, with what suppressions take away.
@Suite struct SuppressedDiffTests {
  private let suppression = Suppression(
    kind: .inSource, rule: "off-by-one-read", location: finding().location, reason: "why")

  private func compare(
    head: [Finding], base: [Finding], headLines: Set<Int> = [], baseLines: Set<Int> = []
  ) -> FindingsDiff {
    FindingsDiff(
      head: head, base: base,
      suppression: { headLines.contains($0.location.start.line) ? suppression : nil },
      baseSuppression: { baseLines.contains($0.location.start.line) ? suppression : nil })
  }

  private func expectSums(_ diff: FindingsDiff) {
    let unchanged = diff.findings.count { $0.novelty == .unchanged }
    let new = diff.findings.count { $0.novelty == .new }
    #expect(diff.isConsistent)
    #expect(diff.counts.head == new + unchanged)
    #expect(diff.counts.base == diff.fixed.count + unchanged)
  }

  @Test("A suppressed finding is no finding, and its counterpart is not called fixed")
  func suppressed() {
    let diff = compare(head: [finding()], base: [finding()], headLines: [10])
    #expect(diff.findings.isEmpty)
    #expect(diff.fixed.isEmpty)
    #expect(diff.suppressed.map(\.finding.isBlocking) == [false])
    expectSums(diff)
  }

  @Test("Who removes a suppression has to answer for the finding")
  func unignored() {
    let diff = compare(head: [finding()], base: [finding()], baseLines: [10])
    #expect(diff.findings.map(\.novelty) == [.new])
    #expect(diff.findings.map(\.isBlocking) == [true])
    expectSums(diff)
  }

  @Test("An old suppression hides no second finding of the same kind")
  func second() {
    let diff = compare(
      head: [finding(line: 10), finding(line: 11)], base: [finding(line: 10)], headLines: [10],
      baseLines: [10])
    #expect(diff.findings.map(\.novelty) == [.new])
    #expect(diff.suppressed.count == 1)
    expectSums(diff)
  }

  @Test("Whatever is suppressed where, the sums are right")
  func sums() {
    var seed: UInt64 = 7
    func random(_ limit: UInt64) -> UInt64 {
      seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return (seed >> 33) % limit
    }
    for _ in 0..<300 {
      func some() -> [Finding] {
        (0..<random(8)).map {
          finding(line: 10 + Int($0), statement: random(3), tier: random(3) == 0 ? .b : .a)
        }
      }
      func lines() -> Set<Int> { Set((10..<18).filter { _ in random(3) == 0 }) }
      let head = some()
      let diff = compare(head: head, base: some(), headLines: lines(), baseLines: lines())
      #expect(diff.findings.count + diff.suppressed.count == head.count)
      expectSums(diff)
    }
  }
}
