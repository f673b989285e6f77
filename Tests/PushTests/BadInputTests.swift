// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// One line, the next step, and the status that says what kind of trouble it is.
@Suite struct BadInputTests {
  private let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.makeRepository()
  }

  private func expectUsage(_ outcome: Outcome, _ text: String) {
    #expect(outcome.status == 2)
    #expect(outcome.output == "")
    #expect(outcome.errors.hasPrefix("prgate: error: "))
    #expect(outcome.errors.contains(text), "\(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
  }

  @Test("Unknown base")
  func unknownBase() throws {
    expectUsage(
      try sandbox.prgate("gate", "--base", "origin/nowhere", in: "repo"),
      "unknown revision 'origin/nowhere'; fetch it, or give --base another one")
  }

  @Test("A base that looks like an option is a name all the same")
  func baseLikeOption() throws {
    expectUsage(
      try sandbox.prgate("gate", "--base=--upload-pack=touch pwned", in: "repo"),
      "unknown revision '--upload-pack=touch pwned'")
  }

  @Test("Unknown head")
  func unknownHead() throws {
    expectUsage(
      try sandbox.prgate("gate", "--head", "nowhere", in: "repo"), "unknown revision 'nowhere'")
  }

  @Test("No base to be found")
  func noDefaultBase() throws {
    try sandbox.git("remote", "remove", "origin", in: "repo")
    expectUsage(
      try sandbox.prgate("gate", in: "repo"),
      "there is no origin/HEAD, origin/main or origin/master to compare with; give --base REV")
  }

  @Test("Histories without a common commit")
  func unrelated() throws {
    try sandbox.git("checkout", "--quiet", "--orphan", "island", in: "repo")
    try sandbox.commit("another first")
    expectUsage(
      try sandbox.prgate("gate", in: "repo"),
      "'refs/remotes/origin/main' and 'HEAD' have no common ancestor")
  }

  @Test("Not a git repository")
  func noRepository() throws {
    expectUsage(
      try sandbox.prgate("gate", in: "home"), "not a git repository; run prgate in one, or use")
    expectUsage(try sandbox.prgate("hook", "install", in: "home"), "not a git repository")
  }

  @Test("A bare repository")
  func bare() throws {
    expectUsage(try sandbox.prgate("gate", in: "remote.git"), "a repository without a work tree")
  }

  @Test("No commit yet")
  func noCommit() throws {
    try sandbox.git("init", "--quiet", "../fresh", in: "repo")
    expectUsage(try sandbox.prgate("gate", in: "fresh"), "unknown revision 'HEAD'")
  }

  @Test("A shallow clone without the base: the command that is printed repairs it")
  func shallow() throws {
    for number in 1...3 {
      try sandbox.write("int other(void) { return \(number); }\n", to: "repo/src/other.c")
      try sandbox.commit("change \(number)")
    }
    try sandbox.git("push", "--quiet", "origin", "HEAD:topic", in: "repo")
    let source = "file://" + sandbox.path("remote.git")
    try sandbox.git(
      "clone", "--quiet", "--depth=1", "--branch=topic", source, "../clone", in: "repo")
    let refused = try sandbox.prgate("gate", "--base", "origin/main", in: "clone")
    expectUsage(refused, "'origin/main' is not in this shallow clone; run 'git fetch --unshallow")
    expectUsage(
      try sandbox.prgate("gate", in: "clone"), "to compare with; run 'git fetch --unshallow")
    let words = refused.errors.split(separator: "'")
    let command = try #require(words.first { $0.hasPrefix("git fetch") })
    let repair = try sandbox.run(
      "/usr/bin/env", command.split(separator: " ").map(String.init), in: sandbox.path("clone"))
    #expect(repair.status == 0)
    let judged = try sandbox.prgate("gate", "--base", "origin/main", in: "clone")
    #expect(judged.status != 2, "\(judged.errors)")
  }

  @Test("A shallow clone with the base, but not what joins them")
  func shallowBoth() throws {
    for number in 1...3 {
      try sandbox.write("int other(void) { return \(number); }\n", to: "repo/src/other.c")
      try sandbox.commit("change \(number)")
    }
    try sandbox.git("push", "--quiet", "origin", "HEAD:topic", in: "repo")
    let source = "file://" + sandbox.path("remote.git")
    try sandbox.git(
      "clone", "--quiet", "--depth=1", "--no-single-branch", "--branch=topic", source, "../clone",
      in: "repo")
    expectUsage(
      try sandbox.prgate("gate", "--base", "origin/main", in: "clone"),
      "the common ancestor of 'origin/main' and 'HEAD' is not in this shallow clone; run 'git fetch"
    )
    let fetched = try sandbox.prgate("gate", "--base", "origin/main", "--fetch", in: "clone")
    #expect(fetched.status != 2, "\(fetched.errors)")
  }

  @Test("A compilation database that cannot be read")
  func brokenDatabase() throws {
    try sandbox.write("[{", to: "repo/compile_commands.json")
    expectUsage(try sandbox.prgate("gate", in: "repo"), "compile_commands.json: ")
    expectUsage(try sandbox.prgate("gate", "-p", "nowhere", in: "repo"), "nowhere")
  }

  @Test("Options that exclude each other")
  func options() throws {
    expectUsage(
      try sandbox.prgate("gate", "--stdin=pre-push", "--base", "main", in: "repo"),
      "--stdin and --base, --head or --fetch exclude each other")
    expectUsage(
      try sandbox.prgate("gate", "--stdin=pre-push", "--format=sarif", in: "repo"),
      "prints text only")
    expectUsage(try sandbox.prgate("gate", "-j", "0", in: "repo"), "-j needs a number from 1")
  }

  @Test("Standard input that is not of the protocol")
  func malformedInput() throws {
    expectUsage(
      try sandbox.prgate("gate", "--stdin=pre-push", in: "repo", input: "refs/heads/main\n"),
      "not a line of git's pre-push protocol: 'refs/heads/main'")
  }

  @Test("A tree that would be written outside of its directory", arguments: ["..", ".git", "."])
  func hostileTree(name: String) throws {
    let blob = try sandbox.git("rev-parse", "HEAD:README", in: "repo")
    let made = try sandbox.run(
      "/usr/bin/env", ["git", "mktree"], in: sandbox.path("repo"),
      input: "100644 blob \(blob)\tevil.c\n")
    let inner = made.output.trimmingCharacters(in: .newlines)
    let outer = try sandbox.run(
      "/usr/bin/env", ["git", "mktree"], in: sandbox.path("repo"),
      input: "040000 tree \(inner)\t\(name)\n")
    let tree = outer.output.trimmingCharacters(in: .newlines)
    try #require(tree.count == 40, "\(outer.errors)")
    let commit = try sandbox.git("commit-tree", "-p", "main", "-m", "evil", tree, in: "repo")
    expectUsage(
      try sandbox.prgate("gate", "--head", commit, in: "repo"),
      "has an entry that no work tree can have; check it with 'git fsck'")
    #expect(!FileManager.default.fileExists(atPath: sandbox.path("cache/prgate/trees/evil.c")))
  }

  @Test("git is not there")
  func noGit() throws {
    sandbox.environment["PATH"] = sandbox.path("home")
    expectUsage(try sandbox.prgate("gate", in: "repo"), "git: not found; install git")
  }
}
