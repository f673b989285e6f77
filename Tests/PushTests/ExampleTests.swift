// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The example repository: what `expected.txt` says is what a push and a CI job get.
@Suite struct ExampleTests {
  private static let example = Sandbox.package + "/fixtures/repos/dhcp-client"

  static let expectations = Expectation.all(of: example)

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

  /// The blocking findings of a SARIF log.
  private func places(ofSARIF text: String) throws -> [Expectation.Place] {
    let log = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    let run = try #require((log["runs"] as? [[String: Any]])?.first)
    let results = try #require(run["results"] as? [[String: Any]])
    return try results.filter { result in
      result["level"] as? String == "error" && result["baselineState"] as? String != "unchanged"
    }.map { result in
      // A new finding on an old line is placed where the change causes it; its path ends at its own.
      let flow = (result["codeFlows"] as? [[String: Any]])?.first
      let thread = (flow?["threadFlows"] as? [[String: Any]])?.first
      let last = (thread?["locations"] as? [[String: Any]])?.last?["location"]
      let location = try #require(
        last as? [String: Any] ?? (result["locations"] as? [[String: Any]])?.first)
      let physical = try #require(location["physicalLocation"] as? [String: Any])
      let artifact = try #require(physical["artifactLocation"] as? [String: Any])
      let region = try #require(physical["region"] as? [String: Any])
      return Expectation.Place(
        rule: result["ruleId"] as? String ?? "", path: artifact["uri"] as? String ?? "",
        line: region["startLine"] as? Int ?? 0)
    }
  }

  @Test("The example says what it expects")
  func expected() {
    #expect(Self.expectations.count { $0.isPass } >= 4)
    #expect(Self.expectations.count { !$0.isPass && !$0.findings.isEmpty } >= 3)
  }

  @Test("A real push with the hook", arguments: expectations)
  func push(_ expectation: Expectation) throws {
    #expect(try sandbox.prgate("hook", "install", in: "repo").status == 0)
    let outcome = try sandbox.tryGit("push", "origin", expectation.branch, in: "repo")
    let text = outcome.output + outcome.errors
    #expect((outcome.status == 0) == expectation.isPass, "\(text)")
    #expect(text.contains(expectation.verdict), "\(text)")
    for place in expectation.findings {
      let line = text.split(separator: "\n").first { $0.hasPrefix("\(place.path):\(place.line):") }
      #expect(line?.contains("[\(place.rule)]") == true, "\(text)")
    }
    if !expectation.isPass {
      #expect(text.contains("prgate: the push is refused (FAIL)"))
      for place in expectation.findings { #expect(text.contains("prgate explain \(place.rule)")) }
    }
    let pushed = try sandbox.tryGit("rev-parse", "--verify", expectation.branch, in: "remote.git")
    #expect((pushed.status == 0) == expectation.isPass)
  }

  @Test(
    "The same as CI calls it: a clone, a detached head, SARIF and annotations",
    arguments: expectations)
  func continuousIntegration(_ expectation: Expectation) throws {
    try sandbox.git("push", "--quiet", "origin", expectation.branch, in: "repo")
    try sandbox.git("clone", "--quiet", "../remote.git", "../job", in: "repo")
    try sandbox.git(
      "checkout", "--quiet", "--detach", "origin/" + expectation.branch, in: "job")
    let database = try sandbox.run(
      "/bin/sh", ["tools/compile-commands.sh"], in: sandbox.path("job"))
    try sandbox.write(database.output, to: "job/compile_commands.json")

    let sarif = try sandbox.prgate(
      "gate", "--base", "origin/main", "--format", "sarif", in: "job")
    #expect(sarif.status == (expectation.isPass ? 0 : 1), "\(sarif.errors)")
    #expect(try places(ofSARIF: sarif.output) == expectation.findings)

    let annotations = try sandbox.prgate(
      "gate", "--base", "origin/main", "--format", "github", "-o",
      "sarif=\(sandbox.path("job.sarif"))", in: "job")
    #expect(annotations.status == sarif.status)
    for place in expectation.findings {
      let line = annotations.output.split(separator: "\n").first { $0.hasPrefix("::error ") }
      #expect(line?.contains("file=\(place.path),line=\(place.line)") == true)
      #expect(line?.contains(place.rule) == true)
    }
    #expect(annotations.output.contains("::error ") == !expectation.isPass)
    #expect(
      try String(contentsOfFile: sandbox.path("job.sarif"), encoding: .utf8) == sarif.output)
  }

  @Test(
    "A clean commit from a tree with a flaw is accepted, and the flaw once it is committed is not")
  func dirtyTree() throws {
    #expect(try sandbox.prgate("hook", "install", in: "repo").status == 0)
    let flaw = try #require(Self.expectations.first { !$0.isPass })
    let clean = try #require(Self.expectations.first { $0.branch == "clean-remaining" })
    let path = try #require(flaw.findings.first).path
    try sandbox.git("checkout", "--quiet", clean.branch, in: "repo")
    try sandbox.git("restore", "--source", flaw.branch, "--", path, in: "repo")
    #expect(try sandbox.git("status", "--short", in: "repo") != "")
    let accepted = try sandbox.tryGit("push", "origin", clean.branch, in: "repo")
    #expect(accepted.status == 0, "\(accepted.output)\(accepted.errors)")
    try sandbox.git("commit", "--quiet", "--all", "--message", "the flaw", in: "repo")
    let refused = try sandbox.tryGit("push", "origin", clean.branch, in: "repo")
    #expect(refused.status != 0)
  }

  @Test("A flaw that is in main already does not block, until another one comes")
  func unchanged() throws {
    let flaw = try #require(Self.expectations.first { !$0.isPass })
    let place = try #require(flaw.findings.first)
    try sandbox.git("push", "--quiet", "origin", "+\(flaw.branch):main", in: "repo")
    try sandbox.git("checkout", "--quiet", flaw.branch, in: "repo")
    let file = "repo/" + place.path
    let text = try String(contentsOfFile: sandbox.path(file), encoding: .utf8)
    try sandbox.write("/* More\n   lines\n   above. */\n" + text, to: file)
    try sandbox.commit("moves the flaw down")
    let moved = try sandbox.prgate("gate", "--format", "json", in: "repo")
    #expect(moved.status == 0, "\(moved.output)\(moved.errors)")
    #expect(moved.output.contains(place.rule))
    try sandbox.git("mv", place.path, "src/renamed.c", in: "repo")
    try sandbox.commit("renames the file")
    let database = try String(
      contentsOfFile: sandbox.path("repo/compile_commands.json"), encoding: .utf8)
    try sandbox.write(
      database.replacingOccurrences(of: place.path, with: "src/renamed.c"),
      to: "repo/compile_commands.json")
    let renamed = try sandbox.prgate("gate", "--format", "json", in: "repo")
    #expect(renamed.status == 0, "\(renamed.output)\(renamed.errors)")
    #expect(renamed.output.contains("src/renamed.c"))
  }

  @Test("What a change repairs is said beside what it leaves")
  func fixed() throws {
    let flaws = Self.expectations.filter { !$0.isPass }
    let (one, two) = (flaws[0], flaws[1])
    try sandbox.git("checkout", "--quiet", one.branch, in: "repo")
    try sandbox.git("merge", "--quiet", "--no-edit", two.branch, in: "repo")
    try sandbox.git("push", "--quiet", "origin", "+HEAD:main", in: "repo")
    let repair = one.branch.replacingOccurrences(of: "flaw-", with: "fix-")
    try sandbox.git("merge", "--quiet", "--no-edit", repair, in: "repo")
    // A file that still has the other flaw changes as well.
    let other = "repo/" + (try #require(two.findings.first)).path
    let text = try String(contentsOfFile: sandbox.path(other), encoding: .utf8)
    try sandbox.write("/* One line more. */\n" + text, to: other)
    try sandbox.commit("one line more")
    let outcome = try sandbox.prgate("gate", "--format", "json", in: "repo")
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    let report = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    func rules(_ key: String) throws -> [String] {
      try #require(report[key] as? [[String: Any]]).compactMap { $0["rule"] as? String }
    }
    #expect(try rules("fixed") == one.findings.map(\.rule))
    #expect(try rules("unchanged") == two.findings.map(\.rule))
    #expect(try rules("new") == [])
  }

  @Test("Two runs print the same bytes, for any number of jobs, with and without a cache")
  func deterministic() throws {
    let flaw = try #require(Self.expectations.first { !$0.isPass })
    let one = try sandbox.prgate(
      "gate", "--head", flaw.branch, "--format", "json", "-j", "1", in: "repo")
    let two = try sandbox.prgate(
      "gate", "--head", flaw.branch, "--format", "json", "-j", "4", in: "repo")
    let three = try sandbox.prgate(
      "gate", "--head", flaw.branch, "--format", "json", "--cache-dir", sandbox.path("new"),
      in: "repo")
    #expect(one.output == two.output)
    #expect(one.output == three.output)
    #expect(one.status == 1)
  }
}
