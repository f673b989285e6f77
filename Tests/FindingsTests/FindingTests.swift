// SPDX-License-Identifier: Apache-2.0

import Findings
import Testing

@Suite struct FindingTests {
  private func finding(
    _ path: String = "a.c", line: Int = 1, column: Int = 1, rule: String = "r",
    message: String = "m", usr: String = "u"
  ) -> Finding {
    let place = Position(line: line, column: column)
    return Finding(
      rule: rule, tier: .a, severity: .error, message: message,
      location: Location(path: path, start: place, end: place, point: place, sourceLine: ""),
      function: "f", functionUSR: usr, statementHash: 0)
  }

  @Test func orderIsByPlaceThenRuleThenText() {
    let ordered = [
      finding("B.c", line: 9), finding("a.c", line: 2, column: 9),
      finding("a.c", line: 10, column: 1, rule: "s"), finding("a.c", line: 10, column: 2),
      finding("a.c", line: 10, column: 2, message: "n"),
      finding("a.c", line: 10, column: 2, message: "n", usr: "v"),
      finding("a.c", line: 10, column: 2, rule: "s", message: "a"), finding("a/b.c"),
      finding("ä.c"),
    ]
    for left in ordered.indices {
      for right in ordered.indices {
        #expect(
          Finding.isOrderedBefore(ordered[left], ordered[right]) == (left < right),
          "\(left) and \(right)")
      }
    }
  }

  @Test func strongestTierComesFirst() {
    #expect(Tier.allCases.sorted() == [.a, .b, .c])
  }

  @Test func positionsOrderByLineThenColumn() {
    #expect(Position(line: 1, column: 80) < Position(line: 2, column: 1))
    #expect(Position(line: 2, column: 1) < Position(line: 2, column: 2))
  }

  @Test(arguments: [(Verdict.pass, Int32(0)), (.fail, 1), (.incomplete, 3)])
  func verdictDecidesTheExitCode(verdict: Verdict, code: Int32) {
    let report = Report(
      command: "gate", verdict: verdict, findings: [], fixed: [],
      ledger: [
        LedgerEntry(path: "a.c", coverage: .analysed),
        LedgerEntry(path: "b.c", coverage: .incomplete(reason: "r")),
      ],
      notes: [], head: "", base: "", rules: [], version: "0")
    #expect(report.exitCode == code)
    #expect(report.units == (1, 2))
  }
}
