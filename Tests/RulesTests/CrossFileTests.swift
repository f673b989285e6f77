// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings
import Rules
import Testing

/// Two files, one program: what the callee in one does is judged at its caller in the other.
@Suite struct CrossFileTests {
  @Test(arguments: Fixture.crossFile) func findsWhatTheCallerSays(_ rule: String) throws {
    let expectations = try judge("cross-file/\(rule)", options: AnalysisOptions())
    #expect(expectations.contains { $0.rule == rule })
  }

  /// What a file stores in members of structs is known in the other, where the two are all there is.
  @Test(arguments: Fixture.members) func knowsWhatMembersHold(_ name: String) throws {
    let expectations = try judge(
      "members/\(name)", options: AnalysisOptions(isWholeProgram: true))
    #expect(!expectations.isEmpty)
  }

  /// Holds both twins against what the caller says, and answers that.
  private func judge(_ folder: String, options: AnalysisOptions) throws -> [Expectation] {
    let caller = Fixture(name: "\(folder)/caller.c")
    let bad = Fixture(name: "\(folder)/callee.bad.c")
    let good = Fixture(name: "\(folder)/callee.good.c")
    var open = try FixtureTests.check([caller.path, bad.path], options: options)
    let expectations = try caller.expectations()
    for expectation in expectations {
      let index = open.firstIndex {
        $0.location.path.hasSuffix("caller.c") && $0.location.start.line == expectation.line
          && $0.rule == expectation.rule && $0.tier.rawValue == expectation.tier
      }
      #expect(index != nil, "missing: \(expectation) among \(open.map(summary))")
      if let index { open.remove(at: index) }
    }
    #expect(open.isEmpty, "unexpected: \(open.map(summary))")
    let found = try FixtureTests.check([caller.path, good.path], options: options)
    #expect(found.isEmpty, "in the good twin: \(found.map(summary))")
    return expectations
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
