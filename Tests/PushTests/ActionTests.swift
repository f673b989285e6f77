// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The step of `action.yml`, as a runner starts it.
@Suite struct ActionTests {
  /// A repository with a change that must be blocked, and the action beside it.
  private func prepare() throws -> Sandbox {
    let sandbox = try Sandbox()
    try sandbox.makeRepository()
    try sandbox.write(flaw, to: "repo/src/other.c")
    try sandbox.commit("a flaw")
    try FileManager.default.createDirectory(
      atPath: sandbox.path("action/.ci"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      atPath: Sandbox.package + "/.ci/action", toPath: sandbox.path("action/.ci/action"))
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("action/prgate"), withDestinationPath: Sandbox.prgate)
    sandbox.environment["GITHUB_STEP_SUMMARY"] = sandbox.path("summary.md")
    sandbox.environment["GITHUB_OUTPUT"] = sandbox.path("output")
    sandbox.environment["PRGATE_SARIF"] = "prgate.sarif"
    return sandbox
  }

  private func run(_ sandbox: Sandbox) throws -> Outcome {
    try sandbox.run(sandbox.path("action/.ci/action"), [], in: sandbox.path("repo"))
  }

  private func text(_ name: String, _ sandbox: Sandbox) throws -> String {
    try String(contentsOfFile: sandbox.path(name), encoding: .utf8)
  }

  @Test func aPullRequestIsComparedWithTheTargetOfItsMerge() throws {
    let sandbox = try prepare()
    sandbox.environment["PRGATE_EVENT"] = "pull_request"
    let outcome = try run(sandbox)
    #expect(outcome.status == 1, "\(outcome.errors)")
    #expect(outcome.output.hasPrefix("::error file=src/other.c,line=5,"))
    #expect(try text("output", sandbox) == "verdict=FAIL\n")
    #expect(try text("summary.md", sandbox).hasPrefix("## prgate: FAIL\n"))
    #expect(try text("repo/prgate.json", sandbox).contains("\"verdict\": \"FAIL\""))
    #expect(try text("repo/prgate.sarif", sandbox).contains("\"off-by-one-read\""))
  }

  @Test func aQueueIsComparedWithItsBase() throws {
    let sandbox = try prepare()
    sandbox.environment["PRGATE_EVENT"] = "merge_group"
    sandbox.environment["PRGATE_QUEUE_BASE"] = try sandbox.git("rev-parse", "HEAD", in: "repo")
    let outcome = try run(sandbox)
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try text("output", sandbox) == "verdict=PASS\n")
    // Code scanning gets what is there, whatever the change brings.
    #expect(try text("repo/prgate.sarif", sandbox).contains("\"ruleId\":\"off-by-one-read\""))
  }

  @Test func aBranchThatIsNewHasNothingBeforeIt() throws {
    let sandbox = try prepare()
    sandbox.environment["PRGATE_EVENT"] = "push"
    sandbox.environment["PRGATE_BEFORE"] = String(repeating: "0", count: 40)
    #expect(try run(sandbox).status == 1)
  }

  @Test func whatIsNotJudgedLeavesNoVerdict() throws {
    let sandbox = try prepare()
    sandbox.environment["PRGATE_BASE"] = "no-such-commit"
    let outcome = try run(sandbox)
    #expect(outcome.status == 2)
    #expect(!FileManager.default.fileExists(atPath: sandbox.path("output")))
  }
}

/// Reads one element past the end, on line 5.
let flaw = """
  int other(unsigned int n)
  {
      int table[4] = {1, 2, 3, 4};
      if (n > 4) return 0;
      return table[n];
  }

  """
