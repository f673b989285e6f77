// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Testing

@testable import Dev

@Suite struct NewRuleTests {
  private let registry = """
    extension Rule {
      public static let all: [Rule] = [
        doubleFree,
        offByOneRead,
      ]
    }

    """

  @Test(arguments: [
    ("badShift", ["badShift", "doubleFree", "offByOneRead"]),
    ("divideByZero", ["divideByZero", "doubleFree", "offByOneRead"]),
    ("unsafeFunction", ["doubleFree", "offByOneRead", "unsafeFunction"]),
  ])
  func registryStaysSorted(member: String, members: [String]) throws {
    let text = try #require(NewRuleCommand.adding(member, to: registry))
    let lines = text.matches(of: /\n    (\w+),/).map { String($0.output.1) }
    #expect(lines == members)
    #expect(text.hasSuffix("  ]\n}\n"))
  }

  @Test func registryOfAnotherShapeIsLeftAlone() {
    #expect(NewRuleCommand.adding("x", to: "let all = rules()\n") == nil)
  }

  @Test func realRegistryHasTheShape() throws {
    let text = try Repository.text("Sources/Rules/Rule.swift")
    #expect(NewRuleCommand.adding("aRule", to: text)?.contains("    aRule,\n") == true)
  }

  @Test(arguments: ["UseAfterFree", "use_after", "-x", "x-", ""])
  func idsAreChecked(_ id: String) {
    #expect(throws: (any Error).self) { try NewRuleCommand.parse([id]) }
  }
}
