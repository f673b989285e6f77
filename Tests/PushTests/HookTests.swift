// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Real pushes to a real bare repository, with the hook that `prgate hook install` writes.
@Suite struct HookTests {
  private let sandbox: Sandbox
  private let clean = "int other(void) { return 2; }\n"
  /// The parser takes it for an error: the push is refused because nothing can be said.
  private let broken = "int other(void) { return nothing; }\n"

  init() throws {
    sandbox = try Sandbox()
    try sandbox.makeRepository()
    try sandbox.git("remote", "set-head", "origin", "main", in: "repo")
    let outcome = try sandbox.prgate("hook", "install", in: "repo")
    try #require(outcome.status == 0, "\(outcome.errors)")
    try sandbox.git("checkout", "--quiet", "-b", "topic", in: "repo")
  }

  private func change(_ text: String, of name: String = "src/other.c") throws {
    try sandbox.write(text, to: "repo/" + name)
    try sandbox.commit("change")
  }

  private func push(_ arguments: String...) throws -> (isAccepted: Bool, text: String) {
    let outcome = try sandbox.run(
      "/usr/bin/env", ["git", "push"] + arguments, in: sandbox.path("repo"))
    return (outcome.status == 0, outcome.output + outcome.errors)
  }

  /// The commit of a branch at the remote; "" where it has none.
  private func remoteCommit(_ branch: String) throws -> String {
    let outcome = try sandbox.tryGit(
      "rev-parse", "--quiet", "--verify", "refs/heads/" + branch, in: "remote.git")
    return outcome.output.trimmingCharacters(in: .newlines)
  }

  private func localCommit(_ name: String = "HEAD") throws -> String {
    try sandbox.git("rev-parse", name, in: "repo")
  }

  @Test("A new branch that is clean is accepted")
  func accepted() throws {
    try change(clean)
    let result = try push("origin", "topic")
    #expect(result.isAccepted, "\(result.text)")
    #expect(result.text.contains("PASS"))
    #expect(try remoteCommit("topic") == localCommit())
  }

  @Test("A commit that cannot be judged is refused, with what to do")
  func refused() throws {
    try change(broken)
    let result = try push("origin", "topic")
    #expect(!result.isAccepted)
    #expect(try remoteCommit("topic") == "")
    #expect(result.text.contains("src/other.c"))
    #expect(result.text.contains("prgate: the push is refused (INCOMPLETE)"), "\(result.text)")
    let again = "prgate gate --base \(try localCommit("main").prefix(12)) --head "
    #expect(result.text.contains(again + "\(try localCommit().prefix(12))"))
    #expect(result.text.contains("'git push --no-verify' skips this hook; the check in CI will"))
    #expect(try push("--no-verify", "origin", "topic").isAccepted)
  }

  @Test("A clean commit is pushed from a dirty tree")
  func dirtyTree() throws {
    try change(clean)
    try sandbox.write(broken, to: "repo/src/other.c")
    #expect(try push("origin", "topic").isAccepted)
    try sandbox.git("add", "src/other.c", in: "repo")
    try sandbox.write(clean, to: "repo/src/other.c")
    try sandbox.git("commit", "--quiet", "--message", "staged", in: "repo")
    #expect(try !push("origin", "topic").isAccepted)
  }

  @Test("Only what is pushed is judged, whatever is checked out")
  func otherBranch() throws {
    try change(clean)
    try sandbox.git("checkout", "--quiet", "-b", "trouble", in: "repo")
    try change(broken)
    #expect(try push("origin", "topic").isAccepted)
    #expect(try push("origin", "trouble~1:refs/heads/part").isAccepted)
    #expect(try !push("origin", "trouble").isAccepted)
  }

  @Test("A deletion needs no judgement")
  func deletion() throws {
    try change(clean)
    #expect(try push("origin", "topic").isAccepted)
    let result = try push("origin", "--delete", "topic")
    #expect(result.isAccepted, "\(result.text)")
    #expect(try remoteCommit("topic") == "")
  }

  @Test("Two refs at once: each is judged, and one that is refused holds back both")
  func twoRefs() throws {
    try change(clean)
    try sandbox.git("branch", "one", in: "repo")
    try change("int other(void) { return 3; }\n")
    try sandbox.git("branch", "two", in: "repo")
    try change(broken)
    try sandbox.git("branch", "three", in: "repo")
    let both = try push("origin", "one", "two")
    #expect(both.isAccepted, "\(both.text)")
    #expect(both.text.components(separatedBy: "PASS").count == 3, "\(both.text)")
    let mixed = try push("origin", "one:four", "three", ":two")
    #expect(!mixed.isAccepted)
    #expect(try remoteCommit("four") == "")
    #expect(try remoteCommit("two") != "")
  }

  @Test("The main branch is compared with what the remote has of it")
  func mainBranch() throws {
    try sandbox.git("checkout", "--quiet", "main", in: "repo")
    try change(clean)
    #expect(try push("origin", "main").isAccepted)
    try change(broken)
    #expect(try !push("origin", "main").isAccepted)
  }

  @Test("A forced push over a commit that is not known here")
  func forced() throws {
    try sandbox.git("clone", "--quiet", "../remote.git", "../second", in: "repo")
    try sandbox.git("commit", "--quiet", "--allow-empty", "--message", "x", in: "second")
    try sandbox.git("push", "--quiet", "origin", "HEAD:main", "HEAD:topic", in: "second")
    try change(clean)
    #expect(try push("--force", "origin", "topic").isAccepted)
    #expect(try push("--force", "origin", "topic:main").isAccepted)
    try change(broken)
    #expect(try !push("--force", "origin", "topic:main").isAccepted)
  }

  @Test("Tags go through")
  func tags() throws {
    try sandbox.git("tag", "--annotate", "--message", "v1", "v1", "main", in: "repo")
    let result = try push("origin", "v1")
    #expect(result.isAccepted, "\(result.text)")
  }

  @Test("Nothing to push")
  func nothing() throws {
    #expect(try push("origin", "main").isAccepted)
    let outcome = try sandbox.prgate("gate", "--stdin=pre-push", in: "repo")
    #expect(outcome.status == 0)
    #expect(outcome.output == "")
  }

  @Test("The first push of a project: all of it is new")
  func firstPush() throws {
    try sandbox.git("init", "--quiet", "--bare", "../empty.git", in: "repo")
    try sandbox.git("remote", "add", "other", "../empty.git", in: "repo")
    let result = try push("other", "main")
    #expect(result.isAccepted, "\(result.text)")
    #expect(result.text.contains("analysed 2/2 units"))
    try change(broken)
    #expect(try !push("other", "topic:fresh").isAccepted)
  }

  @Test("A remote that is named by its address")
  func address() throws {
    try change(clean)
    let result = try push(sandbox.path("remote.git"), "topic")
    #expect(result.isAccepted, "\(result.text)")
    try change(broken)
    #expect(try !push(sandbox.path("remote.git"), "topic").isAccepted)
  }

  @Test("A second work tree of the repository")
  func worktree() throws {
    try sandbox.git("worktree", "add", "--quiet", "../tree", "-b", "side", in: "repo")
    try sandbox.write(broken, to: "tree/src/other.c")
    try sandbox.git("commit", "--quiet", "--all", "--message", "broken", in: "tree")
    // The database names files of the first work tree, so this one needs its own.
    let database = try String(
      contentsOfFile: sandbox.path("repo/compile_commands.json"), encoding: .utf8)
    try sandbox.write(
      database.replacingOccurrences(of: sandbox.path("repo"), with: sandbox.path("tree")),
      to: "tree/compile_commands.json")
    let refused = try sandbox.tryGit("push", "origin", "side", in: "tree")
    #expect(refused.status != 0)
    #expect((refused.output + refused.errors).contains("src/other.c"))
    try sandbox.write(clean, to: "tree/src/other.c")
    try sandbox.git("commit", "--quiet", "--all", "--message", "repaired", in: "tree")
    let accepted = try sandbox.tryGit("push", "origin", "side", in: "tree")
    #expect(accepted.status == 0, "\(accepted.output)\(accepted.errors)")
  }

  @Test("A repository with SHA-256 names")
  func longNames() throws {
    try sandbox.git("init", "--quiet", "--object-format=sha256", "../long", in: "repo")
    try sandbox.git("init", "--quiet", "--object-format=sha256", "--bare", "../l.git", in: "repo")
    try sandbox.git("remote", "add", "origin", "../l.git", in: "long")
    try sandbox.write(clean, to: "long/a.c")
    try sandbox.write(
      """
      [{"directory": "\(sandbox.path("long"))", "file": "a.c", "arguments": ["cc", "-c", "a.c"]}]
      """, to: "long/compile_commands.json")
    try sandbox.git("add", "a.c", in: "long")
    try sandbox.git("commit", "--quiet", "--message", "first", in: "long")
    #expect(try sandbox.prgate("hook", "install", in: "long").status == 0)
    let accepted = try sandbox.tryGit("push", "origin", "HEAD:main", in: "long")
    #expect(accepted.status == 0, "\(accepted.errors)")
    try sandbox.write(broken, to: "long/a.c")
    try sandbox.git("commit", "--quiet", "--all", "--message", "second", in: "long")
    #expect(try sandbox.tryGit("push", "origin", "HEAD:main", in: "long").status != 0)
  }

  @Test("A binary that is gone refuses the push and says so")
  func goneBinary() throws {
    let copy = sandbox.path("bin/prgate")
    try FileManager.default.createDirectory(
      atPath: sandbox.path("bin"), withIntermediateDirectories: false)
    try FileManager.default.copyItem(atPath: Sandbox.prgate, toPath: copy)
    let installed = try sandbox.run(copy, ["hook", "install"], in: sandbox.path("repo"))
    #expect(installed.status == 0)
    try change(clean)
    try FileManager.default.removeItem(atPath: copy)
    let result = try push("origin", "topic")
    #expect(!result.isAccepted)
    #expect(result.text.contains("prgate: error: \(copy) is gone, so nothing was judged"))
    let hook = try sandbox.run(sandbox.path("repo/.git/hooks/pre-push"), [], in: sandbox.directory)
    #expect(hook.status == 2)
    let status = try sandbox.prgate("hook", "status", in: "repo")
    #expect(status.output.hasPrefix("broken: "))
    #expect(try sandbox.prgate("hook", "install", in: "repo").status == 0)
    #expect(try push("origin", "topic").isAccepted)
  }

  @Test("Installed, said to be, and removed")
  func lifeCycle() throws {
    let path = sandbox.path("repo/.git/hooks/pre-push")
    #expect(try sandbox.prgate("hook", "status", in: "repo/src").output.hasPrefix("installed: "))
    #expect(FileManager.default.isExecutableFile(atPath: path))
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.contains("'\(Sandbox.prgate)'"))
    #expect(try sandbox.prgate("hook", "install", in: "repo").status == 0)
    #expect(try sandbox.prgate("hook", "uninstall", in: "repo").output == "removed \(path)\n")
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(try sandbox.prgate("hook", "status", in: "repo").output.hasPrefix("not installed"))
    let again = try sandbox.prgate("hook", "uninstall", in: "repo")
    #expect(again.status == 0)
    #expect(again.output == "there is no hook at \(path)\n")
  }

  @Test("Another hook runs first, and is back when ours goes")
  func chained() throws {
    #expect(try sandbox.prgate("hook", "uninstall", in: "repo").status == 0)
    let path = sandbox.path("repo/.git/hooks/pre-push")
    let log = sandbox.path("log")
    let text = "#!/bin/sh\necho \"$1\" > '\(log)'\ncat >> '\(log)'\nexit ${OTHER_HOOK:-0}\n"
    try sandbox.write(text, to: "repo/.git/hooks/pre-push")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    let installed = try sandbox.prgate("hook", "install", in: "repo")
    #expect(installed.status == 0, "\(installed.errors)")
    #expect(installed.output.contains("pre-push.chained first"))
    try change(clean)
    let accepted = try push("origin", "topic")
    #expect(accepted.isAccepted, "\(accepted.text)")
    #expect(accepted.text.contains("PASS"))
    let seen = try String(contentsOfFile: log, encoding: .utf8)
    #expect(seen.hasPrefix("origin\nrefs/heads/topic \(try localCommit()) refs/heads/topic "))
    #expect(seen.hasSuffix("\n") && !seen.hasSuffix("\n\n"))
    try change("int other(void) { return 4; }\n")
    sandbox.environment["OTHER_HOOK"] = "7"
    #expect(try !push("origin", "topic").isAccepted, "the other hook refuses")
    sandbox.environment["OTHER_HOOK"] = nil
    try change(broken)
    #expect(try !push("origin", "topic").isAccepted, "ours refuses")
    #expect(try sandbox.prgate("hook", "install", in: "repo").status == 0, "twice is once")
    #expect(try sandbox.prgate("hook", "uninstall", in: "repo").status == 0)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
  }

  @Test("The framework pre-commit: one ref, by its variables")
  func framework() throws {
    try change(broken)
    let whole = try sandbox.prgate("hook", "pre-commit-framework", in: "repo")
    #expect(whole.status == 3, "\(whole.errors)")
    sandbox.environment["PRE_COMMIT_TO_REF"] = try localCommit("HEAD~1")
    #expect(try sandbox.prgate("hook", "pre-commit-framework", in: "repo").status == 0)
    let hooks = try String(
      contentsOfFile: Sandbox.package + "/.pre-commit-hooks.yaml", encoding: .utf8)
    for line in ["entry: prgate hook pre-commit-framework", "pass_filenames: false"] {
      #expect(hooks.contains(line))
    }
  }

  @Test("pre-receive: what is pushed is judged where nobody can skip it")
  func preReceive() throws {
    let hook = sandbox.path("remote.git/hooks/pre-receive")
    try sandbox.write(
      "#!/bin/sh\nexec '\(Sandbox.prgate)' gate --stdin=pre-receive --root "
        + "'\(sandbox.path("repo"))'\n", to: "remote.git/hooks/pre-receive")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: hook)
    try change(broken)
    let refused = try push("--no-verify", "origin", "topic")
    #expect(!refused.isAccepted)
    #expect(refused.text.contains("src/other.c"), "\(refused.text)")
    #expect(try !push("--no-verify", "origin", "topic:main").isAccepted)
    try change(clean)
    let accepted = try push("--no-verify", "origin", "topic", "topic:main")
    #expect(accepted.isAccepted, "\(accepted.text)")
    #expect(accepted.text.contains("analysed 1/1 units"))
    #expect(try push("--no-verify", "origin", ":topic").isAccepted)
  }

  @Test("What is not done in time goes through with a warning, and is incomplete elsewhere")
  func budget() throws {
    var slow = "#define M0\n"
    for level in 1...30 { slow += "#define M\(level) M\(level - 1) M\(level - 1)\n" }
    try change(slow + "M30\n")
    let line = "refs/heads/topic \(try localCommit()) refs/heads/topic "
    let hook = try sandbox.prgate(
      "gate", "--stdin=pre-push", "--budget", "3", in: "repo",
      input: line + String(repeating: "0", count: 40) + "\n")
    #expect(hook.status == 0)
    #expect(hook.errors.contains("INCOMPLETE (CI decides)"), "\(hook.errors)")
    let plain = try sandbox.prgate("gate", "--budget", "3", in: "repo")
    #expect(plain.status == 3, "\(plain.errors)")
    #expect(plain.output.contains("not done within 3 seconds"), "\(plain.output)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.path("tmp")) == [])
  }

  @Test("Another hook where git may track it is left as it is")
  func foreign() throws {
    try sandbox.git("config", "core.hooksPath", ".hooks", in: "repo")
    let path = "repo/.hooks/pre-push"
    try sandbox.write("#!/bin/sh\nexit 0\n", to: path)
    for command in ["install", "uninstall"] {
      let outcome = try sandbox.prgate("hook", command, in: "repo")
      #expect(outcome.status == 2)
      #expect(outcome.errors.contains("another hook, which is left as it is"), "\(outcome.errors)")
    }
    let text = try String(contentsOfFile: sandbox.path(path), encoding: .utf8)
    #expect(text == "#!/bin/sh\nexit 0\n")
    #expect(try sandbox.prgate("hook", "status", in: "repo").output.contains("is another hook"))
  }

  @Test("core.hooksPath is honoured")
  func hooksPath() throws {
    try sandbox.git("config", "core.hooksPath", ".hooks", in: "repo")
    let outcome = try sandbox.prgate("hook", "install", in: "repo/src")
    #expect(outcome.output == "installed \(sandbox.path("repo/.hooks/pre-push"))\n")
    try sandbox.write("/.hooks/\n", to: "repo/.git/info/exclude")
    try change(broken)
    #expect(try !push("origin", "topic").isAccepted)
  }
}
