// SPDX-License-Identifier: Apache-2.0

import Findings
import Rules
import Testing

/// Two files, one program: what the callee in one does is judged at its caller in the other.
@Suite struct CrossFileTests {
  @Test(arguments: Fixture.crossFile) func findsWhatTheCallerSays(_ rule: String) throws {
    let caller = Fixture(name: "cross-file/\(rule)/caller.c")
    let bad = Fixture(name: "cross-file/\(rule)/callee.bad.c")
    let good = Fixture(name: "cross-file/\(rule)/callee.good.c")
    var open = try FixtureTests.check([caller.path, bad.path])
    let expectations = try caller.expectations()
    #expect(expectations.contains { $0.rule == rule })
    for expectation in expectations {
      let index = open.firstIndex {
        $0.location.path.hasSuffix("caller.c") && $0.location.start.line == expectation.line
          && $0.rule == expectation.rule && $0.tier.rawValue == expectation.tier
      }
      #expect(index != nil, "missing: \(expectation) among \(open.map(summary))")
      if let index { open.remove(at: index) }
    }
    #expect(open.isEmpty, "unexpected: \(open.map(summary))")
    let found = try FixtureTests.check([caller.path, good.path])
    #expect(found.isEmpty, "in the good twin: \(found.map(summary))")
  }

  /// Each rule on bounds and lifetime has its two files.
  @Test func rulesHaveTwoFiles() {
    let rules = [
      "off-by-one-read", "off-by-one-write", "out-of-bounds-read", "out-of-bounds-write",
      "buffer-underrun", "double-free", "use-after-free", "invalid-free", "mismatched-free",
      "stack-address-escape", "memory-leak", "resource-leak", "double-close", "null-dereference",
      "unchecked-allocation",
    ]
    for rule in rules { #expect(Fixture.crossFile.contains(rule), "\(rule)") }
  }

  private func summary(_ finding: Finding) -> String {
    "\(finding.location.path):\(finding.location.start.line): \(finding.rule) "
      + "\(finding.tier.rawValue) \(finding.message)"
  }
}
