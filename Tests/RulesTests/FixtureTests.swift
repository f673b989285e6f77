// SPDX-License-Identifier: Apache-2.0

import Analysis
import Clang
import Findings
import Foundation
import Lowering
import Models
import Rules
import Testing

@Suite struct FixtureTests {
  /// Missing and unexpected findings both fail; the good twin runs every rule.
  @Test(arguments: Fixture.all) func findsWhatItSays(_ fixture: Fixture) throws {
    let found = try Self.check([fixture.path])
    var open = found
    for expectation in try fixture.expectations() {
      let index = open.firstIndex {
        $0.location.start.line == expectation.line && $0.rule == expectation.rule
          && $0.tier.rawValue == expectation.tier
          && (expectation.text.isEmpty || $0.message.contains(expectation.text))
      }
      #expect(index != nil, "missing: \(expectation) among \(found.map(Self.summary))")
      if let index { open.remove(at: index) }
    }
    for noise in try fixture.noise() {
      let index = open.firstIndex {
        $0.location.start.line == noise.line && $0.rule == noise.rule
          && $0.tier.rawValue == noise.tier
      }
      #expect(index != nil, "silent now, so that 'noise' can go: \(noise)")
      if let index { open.remove(at: index) }
    }
    let misses = try fixture.misses()
    for miss in misses {
      let isFound = open.contains { $0.location.start.line == miss.line && $0.rule == miss.rule }
      #expect(!isFound, "found now, so that 'misses' becomes 'expect': \(miss)")
    }
    #expect(open.isEmpty, "unexpected: \(open.map(Self.summary))")
    #expect(try fixture.isBad != (fixture.expectations().isEmpty && misses.isEmpty))
  }

  /// What blocks is argued: with events, and with values where a bound was chosen.
  @Test func findingsOfTierACarryTheirPath() throws {
    for fixture in Fixture.all where fixture.isBad {
      for finding in try Self.check([fixture.path]) where finding.tier == .a {
        #expect(!finding.events.isEmpty, "\(fixture.name)")
        if finding.message.contains("because") {
          let text = "\(fixture.name): \(finding.message)"
          #expect(!finding.witness.isEmpty, Comment(rawValue: text))
        }
      }
    }
  }

  @Test func everyRuleHasTwins() {
    for rule in Rule.all {
      for kind in ["bad", "good"] {
        #expect(Fixture.all.contains(Fixture(name: "\(rule.info.id)/example.\(kind).c")))
      }
    }
    for fixture in Fixture.all where fixture.isBad {
      let twin = fixture.name.replacing(".bad.c", with: ".good.c")
      #expect(Fixture.all.contains(Fixture(name: twin)), "\(fixture.name) has no good twin")
    }
  }

  /// Messages are lower case and end without a full stop.
  @Test func messagesKeepToTheConvention() throws {
    for fixture in Fixture.all where fixture.isBad {
      for finding in try Self.check([fixture.path]) {
        for text in [finding.message] + finding.events.map(\.message) {
          #expect(!text.hasSuffix(".") && !text.isEmpty, "\(text)")
          #expect(text.first?.isUppercase == false, "\(text)")
        }
      }
    }
  }

  static func check(
    _ paths: [String], options: AnalysisOptions = AnalysisOptions()
  ) throws -> [Finding] {
    let resources = try resourceDirectory()
    let modules = try paths.map { path in
      let unit = try lower(
        path: path,
        arguments: [
          "-std=gnu11", "-resource-dir", resources,
          "-I", Fixture.folder.appending(path: "include").path(),
        ],
        options: LoweringOptions(root: Fixture.folder.path()))
      #expect(unit.errors.isEmpty, "\(unit.errors)")
      return unit.module
    }
    return Rules.check(modules, models: .standard, options: options).findings
  }

  private static func summary(_ finding: Finding) -> String {
    "\(finding.location.start.line): \(finding.rule) \(finding.tier.rawValue) \(finding.message)"
  }
}
