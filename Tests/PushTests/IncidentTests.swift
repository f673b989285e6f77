// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The incidents that red teams found in shipped code: a real push of each is refused, and that of its
/// repair is accepted.
@Suite struct IncidentTests {
  /// Lines of `expected.txt`.
  static let expectations = Expectation.all(of: example)
  private static let example = Sandbox.package + "/fixtures/repos/incidents"

  private let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    let made = try sandbox.run(
      "/bin/sh", [Self.example + "/make.sh", sandbox.path("repo")], in: sandbox.directory)
    try #require(made.status == 0, "\(made.errors)")
    try sandbox.git("init", "--quiet", "--bare", "../remote.git", in: "repo")
    try sandbox.git("remote", "add", "origin", "../remote.git", in: "repo")
    try sandbox.git("push", "--quiet", "origin", "main", in: "repo")
  }

  @Test("Each incident has a flaw that is found and a repair that passes")
  func expected() {
    let flaws = Self.expectations.filter { !$0.isPass }
    #expect(flaws.count >= 8)
    #expect(flaws.allSatisfy { $0.branch.hasPrefix("flaw-") && $0.findings.count == 1 })
    #expect(Self.expectations.count { $0.isPass && $0.branch.hasPrefix("fix-") } == flaws.count)
  }

  @Test("A real push with the hook", arguments: expectations)
  func push(_ expectation: Expectation) throws {
    try sandbox.git("checkout", "--quiet", expectation.branch, in: "repo")
    let database = try sandbox.run(
      "/bin/sh", ["tools/compile-commands.sh"], in: sandbox.path("repo"))
    try sandbox.write(database.output, to: "repo/compile_commands.json")
    #expect(try sandbox.prgate("hook", "install", in: "repo").status == 0)
    let outcome = try sandbox.tryGit("push", "origin", expectation.branch, in: "repo")
    let text = outcome.output + outcome.errors
    #expect((outcome.status == 0) == expectation.isPass, "\(text)")
    #expect(text.contains(expectation.verdict), "\(text)")
    for place in expectation.findings {
      let line = text.split(separator: "\n").first { $0.hasPrefix("\(place.path):\(place.line):") }
      #expect(line?.contains("[\(place.rule)]") == true, "\(text)")
      #expect(text.contains("prgate: the push is refused (FAIL)"))
    }
    // The steps speak of the defect at hand.
    #expect(!text.contains("terminator"), "\(text)")
    let gate = try sandbox.prgate("gate", "--base", "origin/main", in: "repo")
    #expect(gate.status == (expectation.isPass ? 0 : 1), "\(gate.output)")
    let pushed = try sandbox.tryGit("rev-parse", "--verify", expectation.branch, in: "remote.git")
    #expect((pushed.status == 0) == expectation.isPass)
  }
}
