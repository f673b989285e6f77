// SPDX-License-Identifier: Apache-2.0

public import Findings
import Rules
public import Testing

/// What every rule has to have.
@Suite struct RuleTests {
  private static let rules = Rule.all.map(\.info)

  /// Folders of fixtures that belong to no rule.
  private static let otherFixtures: Set<String> = [
    "cross-file", "engine", "include", "lowering", "members", "models", "oracle", "repos",
  ]

  @Test func idsAreUniqueSortedAndReadAfterAllow() {
    #expect(!Self.rules.isEmpty)
    let ids = Self.rules.map(\.id)
    #expect(Set(ids).count == ids.count)
    #expect(ids == ids.sorted())
    for id in ids { #expect(id.wholeMatch(of: /[a-z]+(-[a-z]+)*/) != nil, "\(id)") }
  }

  @Test(arguments: rules)
  func textsAreComplete(_ rule: RuleInfo) {
    #expect(rule.summary.first?.isLowercase == true, "follows a colon")
    #expect(rule.summary.last != ".", "has no full stop")
    #expect(!rule.cwe.isEmpty)
    for text in [rule.why, rule.fix, rule.limits] {
      #expect(text.first?.isUppercase == true || text.first == "`", "is a sentence")
      #expect(text.last == ".", "is a sentence")
    }
    let score = Double(rule.securitySeverity) ?? 0
    // GitHub's levels meet at 9.0, and it says that of both.
    #expect(score >= 0.1 && score <= 10 && score != 9, "\(rule.securitySeverity)")
    #expect(rule.since.wholeMatch(of: /\d+\.\d+/) != nil)
  }

  @Test(arguments: rules)
  func eachHasItsFileAndItsExample(_ rule: RuleInfo) throws {
    let name = rule.id.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }
      .joined()
    #expect(Repository.exists("Sources/Rules/\(name).swift"))
    for side in ["bad", "good"] {
      #expect(Repository.exists("fixtures/\(rule.id)/example.\(side).c"))
    }
    let bad = try Repository.text("fixtures/\(rule.id)/example.bad.c")
    #expect(bad.contains("// expect: \(rule.id)"))
  }

  @Test func fixtureFoldersAreNamedAfterRules() throws {
    let known = Self.otherFixtures.union(Self.rules.map(\.id))
    for name in try Repository.names(in: "fixtures") { #expect(known.contains(name), "\(name)") }
  }

  /// The good side runs every rule and is silent; the bad side says where its rule speaks.
  @Test(arguments: rules)
  func fixturesAreTwins(_ rule: RuleInfo) throws {
    let files = try Set(Repository.names(in: "fixtures/\(rule.id)").filter { $0.hasSuffix(".c") })
    for file in files {
      let isBad = file.hasSuffix(".bad.c")
      #expect(isBad || file.hasSuffix(".good.c"), "\(file)")
      // A file from the field can be good alone: it was a false alarm.
      if file.hasPrefix("issue-") { continue }
      let twin =
        isBad
        ? file.dropLast(".bad.c".count) + ".good.c" : file.dropLast(".good.c".count) + ".bad.c"
      #expect(files.contains(String(twin)), "\(file) has no \(twin)")
      let text = try Repository.text("fixtures/\(rule.id)/\(file)")
      let speaks = text.contains("// expect: ")
      #expect(speaks == isBad, "\(file)")
    }
  }
}

extension RuleInfo: CustomTestStringConvertible {
  /// Tests are named after the rule.
  public var testDescription: String { id }
}
