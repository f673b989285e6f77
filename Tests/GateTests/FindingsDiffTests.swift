// SPDX-License-Identifier: Apache-2.0

import Findings
import Gate
import Testing

@Suite struct FindingsDiffTests {
  /// Compares, and checks what must hold of every comparison.
  private func compare(
    _ head: [Finding], _ base: [Finding], renames: [String: String] = [:]
  ) -> (new: [Finding], unchanged: [Finding], fixed: [Finding]) {
    let comparison = FindingsDiff(head: head, base: base, renames: renames)
    let new = comparison.findings.filter { $0.novelty == .new }
    let unchanged = comparison.findings.filter { $0.novelty == .unchanged }
    #expect(new.count + unchanged.count == distinct(head).count)
    #expect(comparison.fixed.count + unchanged.count == distinct(base).count)
    #expect(unchanged.allSatisfy { !$0.isBlocking })
    #expect(comparison.fixed.allSatisfy { !$0.isBlocking })
    return (new.map(\.finding), unchanged.map(\.finding), comparison.fixed.map(\.finding))
  }

  @Test("An old finding on another line is unchanged")
  func movedLines() {
    let result = compare([finding(line: 50)], [finding(line: 10)])
    #expect(result.new.isEmpty)
    #expect(result.fixed.isEmpty)
  }

  @Test("One more of the same is new")
  func oneMore() {
    let result = compare([finding(line: 10), finding(line: 12)], [finding(line: 10)])
    #expect(result.new.count == 1)
    #expect(result.unchanged.count == 1)
  }

  @Test("One fixed and another added do not cancel out")
  func swap() {
    let result = compare([finding(statement: 2)], [finding(statement: 1)])
    #expect(result.new.count == 1)
    #expect(result.fixed.count == 1)
  }

  @Test("The first of two equal ones removed leaves one unchanged, one fixed")
  func firstRemoved() {
    let result = compare([finding(line: 12)], [finding(line: 10), finding(line: 12)])
    #expect(result.new.isEmpty)
    #expect(result.fixed.count == 1)
  }

  @Test("A renamed file keeps its findings, static functions included")
  func renamed() {
    let result = compare(
      [finding(path: "src/new.c", usr: "c:new.c@F@parse")],
      [finding(path: "src/old.c", usr: "c:old.c@F@parse")],
      renames: ["src/old.c": "src/new.c"])
    #expect(result.unchanged.count == 1)
  }

  @Test("A function moved to another file keeps its findings")
  func movedFunction() {
    let result = compare([finding(path: "src/lease.c")], [finding(path: "src/options.c")])
    #expect(result.unchanged.count == 1)
  }

  @Test("Code moved into another function of the file keeps its findings")
  func extracted() {
    let result = compare([finding(function: "helper")], [finding(function: "parse")])
    #expect(result.unchanged.count == 1)
  }

  @Test("A repaired flaw does not hide an equal one in another function of another file")
  func elsewhere() {
    let result = compare(
      [finding(path: "src/lease.c", function: "store")], [finding(path: "src/options.c")])
    #expect(result.new.count == 1)
    #expect(result.fixed.count == 1)
  }

  @Test("A copy is new while the original stays")
  func copied() {
    let result = compare([finding(), finding(path: "src/lease.c")], [finding()])
    #expect(result.new.map(\.location.path) == ["src/lease.c"])
  }

  @Test("What was likely and is now argued counts as new")
  func strengthened() {
    let result = compare([finding(tier: .a)], [finding(tier: .b)])
    #expect(result.new.count == 1)
    #expect(result.fixed.count == 1)
    #expect(compare([finding(tier: .b)], [finding(tier: .a)]).unchanged.count == 1)
  }

  @Test("Tiers are paired so that as few as possible are left over")
  func tiers() {
    let result = compare(
      [finding(line: 1, tier: .b), finding(line: 2, tier: .a)],
      [finding(line: 1, tier: .a), finding(line: 2, tier: .b)])
    #expect(result.new.isEmpty)
    #expect(result.fixed.isEmpty)
  }

  @Test("Nothing is lost or counted twice, whatever is compared", arguments: 0..<200)
  func conservation(seed: Int) {
    var state = UInt64(seed) &+ 1
    func random(_ bound: UInt64) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int((state >> 33) % bound)
    }
    func findings() -> [Finding] {
      (0..<random(9)).map { _ in
        finding(
          path: ["a.c", "b.c", "c.c"][random(3)], line: random(20),
          function: ["f", "g"][random(2)], statement: UInt64(random(2)),
          tier: [.a, .b][random(2)])
      }
    }
    let (head, base) = (findings(), findings())
    let result = compare(head, base, renames: ["c.c": "b.c"])
    // What is left over on both sides has no counterpart in the same place.
    for new in result.new {
      #expect(
        !result.fixed.contains { old in
          old.location.path == new.location.path && old.functionUSR == new.functionUSR
            && old.statementHash == new.statementHash && old.tier <= new.tier
        })
    }
  }

  @Test("The order in which findings arrive does not matter")
  func deterministic() {
    let head = (1...6).map { finding(line: $0, statement: UInt64($0 % 3)) }
    let base = (1...4).map { finding(line: $0, statement: UInt64($0 % 3)) }
    let one = FindingsDiff(head: head, base: base)
    #expect(one == FindingsDiff(head: head.reversed(), base: base.reversed()))
  }
}

@Suite struct VerdictTests {
  private let done = LedgerEntry(path: "a.c", coverage: .analysed)
  private let open = LedgerEntry(path: "b.c", coverage: .incomplete(reason: "does not parse"))

  @Test("Nothing blocks and all is analysed: pass")
  func pass() { #expect(verdict(findings: [], ledger: [done]) == .pass) }

  @Test("A unit that was needed and not analysed leaves it open")
  func incomplete() { #expect(verdict(findings: [], ledger: [done, open]) == .incomplete) }

  @Test("A blocking finding fails whatever else is open")
  func fail() {
    #expect(verdict(findings: reported([finding()]), ledger: [open]) == .fail)
  }

  @Test("Findings that do not block leave a pass")
  func warnings() {
    let warning = reported([finding(severity: .warning)])
    #expect(verdict(findings: warning, ledger: [done]) == .pass)
  }

  @Test("Several verdicts: fail over incomplete over pass")
  func combined() {
    #expect(verdict(of: [.pass, .incomplete, .fail]) == .fail)
    #expect(verdict(of: [.incomplete, .pass]) == .incomplete)
    #expect(verdict(of: []) == .pass)
  }
}
