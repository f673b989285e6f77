// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A change cannot disarm the gate that judges it.
@Suite struct PolicyAttackTests {
  private let repository: FlawedRepository

  init() throws {
    repository = try FlawedRepository()
    try repository.write(functions: FlawedRepository.read("get"))
  }

  private func write(_ text: String, to name: String = ".prgate.yml") throws {
    try repository.sandbox.write(text, to: "repo/" + name)
  }

  @Test(
    "A policy that the change brings makes nothing looser",
    arguments: [
      "version: 1\nrules: {off-by-one-read: off}\n",
      "version: 1\nrules: {off-by-one-read: {level: block, since: 2099-01-01}}\n",
      "version: 1\npaths: {exclude: ['**']}\n", "version: 1\npaths: {exclude: [src]}\n",
      "version: 1\nbase: topic\n", "version: 1\nbase: HEAD\n",
      "version: 1\nrules: {off-by-one-read: warn}\ngate: {on-incomplete: warn}\n",
    ])
  func looser(policy: String) throws {
    try write(policy)
    let outcome = try repository.gate()
    #expect(outcome.status == 1, "\(outcome.text)")
    #expect(outcome.new == ["off-by-one-read:4"])
    #expect(outcome.report?.policyChanges.isEmpty == false)
  }

  @Test("What is looser is announced, and counts after the merge")
  func announced() throws {
    try write("version: 1\nrules: {off-by-one-read: warn}\n")
    let outcome = try repository.gate()
    #expect(
      outcome.text.contains("policy change: rules.off-by-one-read: block -> warn (loosens the gate")
    )
    try repository.commitToMain("merged")
    try repository.write(functions: FlawedRepository.read("get"), FlawedRepository.read("more"))
    let later = try repository.gate()
    #expect(later.status == 0, "\(later.text)")
    #expect(later.new == ["off-by-one-read:8"])
  }

  @Test("What is stricter counts at once")
  func stricter() throws {
    try write("version: 1\nrules: {off-by-one-read: warn}\n")
    try repository.sandbox.git("stash", "--quiet", "--", "src", in: "repo")
    try repository.commitToMain("policy")
    try repository.sandbox.git("stash", "pop", "--quiet", in: "repo")
    try write("version: 1\nrules: {off-by-one-read: block}\n")
    let outcome = try repository.gate()
    #expect(outcome.status == 1)
    #expect(outcome.text.contains("tightens the gate, at once"))
  }

  @Test("A policy that is removed is announced")
  func removed() throws {
    try write("version: 1\nrules: {unused-suppression: block}\n")
    try repository.sandbox.git("stash", "--quiet", "--", "src", in: "repo")
    try repository.commitToMain("policy")
    try repository.sandbox.git("rm", "--quiet", ".prgate.yml", in: "repo")
    try repository.write("int other(void) { return 1; } /* prgate:allow(double-free) why */\n")
    let outcome = try repository.gate()
    #expect(outcome.status == 1, "\(outcome.text)")
    #expect(outcome.report?.policyChanges.map(\.effect) == ["loosens"])
  }

  @Test(
    "A policy that is wrong is an error with its line, not a policy that is left out",
    arguments: [
      ("version: 1\nrulez: {}\n", ":2: unknown key 'rulez' (did you mean 'rules'?)"),
      ("version: 1\nrules: {off-by-one-raed: off}\n", "did you mean 'off-by-one-read'?"),
      ("rules: {}\n", "'version: 1' is missing"), ("", "it is empty"), ("version: [\n", ":"),
      ("version: 1\nversion: 1\n", "twice"), ("version: 1\n---\nversion: 1\n", ":"),
      ("a: &a [x,x]\nb: &b [*a,*a]\nversion: 1\n", "unknown key 'a'"),
      ("version: 1\nrules: {off-by-one-read: !!python/object:os.system x}\n", "needs"),
    ])
  func wrong(policy: String, message: String) throws {
    try write(policy)
    let outcome = try repository.gate()
    #expect(outcome.status == 2, "\(outcome.text)")
    #expect(outcome.text.hasPrefix("prgate: error: .prgate.yml at the head:"), "\(outcome.text)")
    #expect(outcome.text.contains(message), "\(outcome.text)")
  }

  @Test("Deep and wide documents end soon")
  func hostile() throws {
    var bomb = "version: 1\na0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
    for level in 1...9 {
      let copies = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ",")
      bomb += "a\(level): &a\(level) [\(copies)]\n"
    }
    let deep = "version: 1\nbase: " + String(repeating: "[", count: 100_000)
    for text in [bomb, deep, String(repeating: "#", count: 300 << 10)] {
      try write(text)
      let outcome = try repository.gate()
      #expect(outcome.status == 2, "\(outcome.text.prefix(200))")
    }
  }

  @Test("A wrong policy at the base does not keep its own repair out, and does not disarm")
  func wrongBase() throws {
    try write("rubbish: 1\n")
    try repository.sandbox.git("stash", "--quiet", "--", "src", in: "repo")
    try repository.commitToMain("broken policy")
    try write("version: 1\n")
    let repaired = try repository.gate()
    #expect(repaired.status == 0, "\(repaired.text)")
    #expect(repaired.text.contains("the built-in levels judge this change"))
    try repository.sandbox.git("stash", "pop", "--quiet", in: "repo")
    #expect(try repository.gate().status == 1)
  }

  @Test("Exclusions of the base hold; those of the change wait")
  func exclusions() throws {
    let attributes = "src/*.c linguist-generated=true\nvendor/** linguist-vendored\n"
    try write(attributes, to: ".gitattributes")
    let waits = try repository.gate()
    #expect(waits.status == 1, "\(waits.text)")
    try repository.commitToMain("merged")
    try repository.write(functions: FlawedRepository.read("get"), FlawedRepository.read("more"))
    let holds = try repository.gate()
    #expect(holds.status == 0, "\(holds.text)")
    #expect(holds.text.contains("not judged, as the policy says: src/other.c"))
    try write("version: 1\npaths: {generated: true}\n")
    #expect(try repository.gate().status == 1, "a change may judge more than before")
  }

  @Test("Patterns of the base take files out")
  func patterns() throws {
    try write("version: 1\npaths: {exclude: ['third_*/']}\n")
    try repository.sandbox.git("checkout", "--quiet", "--", "src", in: "repo")
    try repository.commitToMain("policy")
    try write(FlawedRepository.packet + FlawedRepository.read("get"), to: "third_party/a.c")
    let outcome = try repository.gate()
    #expect(outcome.status == 0, "\(outcome.text)")
    #expect(outcome.report?.ledger.needed == 0)
    #expect(outcome.text.contains("not judged, as the policy says: third_party/a.c"))
  }

  @Test("An open answer is accepted loudly, where the policy does not forbid it")
  func onIncomplete() throws {
    try repository.write("int other(void) { return nothing; }\n")
    #expect(try repository.gate().status == 3)
    let accepted = try repository.judge(["--on-incomplete=warn"])
    #expect(accepted.status == 0, "\(accepted.text)")
    #expect(accepted.report?.verdict == "INCOMPLETE")
    #expect(accepted.text.contains("INCOMPLETE: "))
    #expect(accepted.text.contains("ACCEPTED"))
    try repository.sandbox.git("stash", "--quiet", in: "repo")
    try repository.sandbox.git("checkout", "--quiet", "main", in: "repo")
    try write("version: 1\ngate: {on-incomplete: fail}\n")
    try repository.commitToMain("policy")
    try repository.write("int other(void) { return nothing; }\n")
    _ = try repository.gate()
    let forbidden = try repository.judge(["--on-incomplete=warn"])
    #expect(forbidden.status == 2)
    #expect(forbidden.text.contains("the policy forbids it"))
  }

  @Test("The main branch's policy names the branch that changes go to")
  func baseBranch() throws {
    try repository.sandbox.git("stash", "--quiet", "--", "src", in: "repo")
    try write("version: 1\nbase: origin/develop\n")
    try repository.commitToMain("policy")
    try repository.sandbox.git("stash", "pop", "--quiet", in: "repo")
    try repository.sandbox.commit("flaw")
    try repository.sandbox.git("push", "--quiet", "origin", "HEAD:develop", in: "repo")
    try repository.write(
      functions: FlawedRepository.read("get"), "int more(void) { return 1; }\n")
    let outcome = try repository.gate()
    #expect(outcome.status == 0, "\(outcome.text)")
    let develop = try repository.sandbox.git("rev-parse", "origin/develop", in: "repo")
    #expect(outcome.report?.base == develop)
  }

  @Test("Models of the base hold; those that the change brings wait, but have to be readable")
  func models() throws {
    let code = """
      void own_fill(char *to, unsigned long size);
      int other(void) { char text[16]; own_fill(text, 17); return text[0]; }

      """
    try repository.write(code)
    try write("own_fill: [\"write 0 #1\"]\n", to: "own.yml")
    try write("version: 1\nmodels: [own.yml]\n")
    let waits = try repository.gate()
    #expect(waits.status == 0, "\(waits.text)")
    try repository.sandbox.git("checkout", "--quiet", "HEAD~1", "--", "src", in: "repo")
    try repository.commitToMain("models")
    try repository.write(code)
    let holds = try repository.gate()
    #expect(holds.status == 1, "\(holds.text)")
    try write("own_fill: [no-such-verb 0]\n", to: "own.yml")
    #expect(try repository.gate().status == 2)
  }

  @Test("config: show, verify, diff, schema")
  func commands() throws {
    try write("version: 1\nrules: {off-by-one-read: {level: block, since: 2099-01-01}}\n")
    try repository.sandbox.commit("policy")
    let sandbox = repository.sandbox
    let show = try sandbox.prgate("config", "show", in: "repo/src")
    #expect(show.output.contains("off-by-one-read: warn  # block since 2099-01-01"))
    #expect(try sandbox.prgate("config", "verify", in: "repo").output == ".prgate.yml: ok\n")
    let diff = try sandbox.prgate("config", "diff", in: "repo")
    #expect(diff.output.contains("rules.off-by-one-read: block -> block since 2099-01-01 (loosens"))
    let schema = try sandbox.prgate("config", "schema", in: "repo")
    let published = try String(
      contentsOfFile: Sandbox.package + "/docs/prgate.schema.json", encoding: .utf8)
    #expect(schema.output == published, "run 'swift run Dev docs'")
    try write("version: 1\nbudget: 3\n")
    let wrong = try sandbox.prgate("config", "verify", in: "repo")
    #expect(wrong.status == 2)
    #expect(wrong.errors.contains(".prgate.yml:2: unknown key 'budget'"), "\(wrong.errors)")
  }
}

/// What was there before the gate.
@Suite struct BaselineFileTests {
  private let repository: FlawedRepository
  /// Another flaw: the same statement in another function of a file counts as moved.
  private static let another = FlawedRepository.read("new", result: "1 + p->options[offset]")

  init() throws {
    repository = try FlawedRepository()
    try repository.write(functions: FlawedRepository.read("get"), FlawedRepository.read("set"))
    try repository.commitToMain("legacy")
  }

  private func prgate(_ arguments: String...) throws -> Outcome {
    try repository.sandbox.run(
      Sandbox.prgate, arguments, in: repository.sandbox.path("repo"))
  }

  private func baseline() throws -> String {
    try String(
      contentsOfFile: repository.sandbox.path("repo/.prgate-baseline.jsonl"), encoding: .utf8)
  }

  @Test("Create, look, repair, prune: it only shrinks")
  func lifeCycle() throws {
    #expect(try prgate("check").status == 1)
    let created = try prgate("baseline", "create")
    #expect(created.status == 0, "\(created.errors)")
    #expect(created.output.contains("2 entries"))
    let lines = try baseline().split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines == lines.sorted())
    #expect(try prgate("baseline", "create").status == 2, "never over another one")
    let quiet = try prgate("check")
    #expect(quiet.status == 0, "\(quiet.output)")
    #expect(quiet.output.contains("2 suppressed"))
    #expect(try prgate("baseline", "diff").status == 0)

    try repository.write(functions: FlawedRepository.read("get"), Self.another)
    let diff = try prgate("baseline", "diff")
    #expect(diff.status == 1)
    #expect(diff.output.contains("1 gone, 1 not in the baseline"), "\(diff.output)")
    #expect(try prgate("check").status == 1)
    #expect(try prgate("baseline", "prune").output.hasPrefix("removed 1 entry of 2"))
    #expect(try baseline().split(separator: "\n").count == 1)
    #expect(try prgate("check").status == 1, "pruning adds nothing")
    #expect(try prgate("baseline", "show").output.contains("1 entry: 1 off-by-one-read"))
  }

  @Test("The ratchet: an entry without a finding blocks until it is pruned; new entries block")
  func ratchet() throws {
    #expect(try prgate("baseline", "create").status == 0)
    try repository.commitToMain("baseline")
    try repository.write(functions: FlawedRepository.read("get"))
    let stale = try repository.gate("--ratchet")
    #expect(stale.status == 1, "\(stale.text)")
    #expect(stale.new == ["stale-baseline:2"])
    #expect(try repository.judge().status == 0, "without the ratchet it is a warning")
    #expect(try prgate("baseline", "prune").status == 0)
    #expect(try repository.gate("--ratchet").status == 0)
    try repository.write(functions: FlawedRepository.read("get"), Self.another)
    #expect(try prgate("baseline", "create", "--force").status == 0)
    let grown = try repository.gate("--ratchet")
    #expect(grown.status == 1)
    #expect(grown.new.contains("off-by-one-read:8"), "a baseline of the change hides nothing")
    #expect(grown.new.contains { $0.hasPrefix("grown-baseline:") }, "\(grown.new)")
  }

  @Test("Where the base cannot be analysed, the baseline stands in")
  func standsIn() throws {
    #expect(try prgate("baseline", "create").status == 0)
    try repository.write(
      "#include \"packet.h\"\n" + FlawedRepository.read("get") + FlawedRepository.read("set")
        + "int broken = nothing;\n")
    try repository.commitToMain("broken")
    try repository.write(
      functions: FlawedRepository.read("get"), FlawedRepository.read("set"), "int whole;\n")
    let outcome = try repository.gate()
    #expect(outcome.status == 0, "\(outcome.text)")
    #expect(outcome.report?.suppressed.count == 2)
  }

  @Test("Branches that prune different entries merge in git, and what both left is gone")
  func merges() throws {
    let names = ["a", "b", "c", "d", "e"]
    func write(_ kept: [String]) throws {
      for name in names {
        let flaw = FlawedRepository.read(name)
        try repository.write(
          "#include \"packet.h\"\n" + (kept.contains(name) ? flaw : "int \(name);\n"),
          to: "src/\(name).c")
      }
    }
    try repository.write("int other;\n")
    try repository.sandbox.writeDatabase(of: names.map { "src/\($0).c" })
    try write(names)
    #expect(try prgate("baseline", "create").output.contains("5 entries"))
    try repository.commitToMain("baseline")
    for (branch, kept) in [("one", ["b", "c", "d", "e"]), ("two", ["a", "b", "c", "d"])] {
      try repository.sandbox.git(
        "checkout", "--quiet", "-b", branch, "origin/main", in: "repo")
      try write(kept)
      #expect(try prgate("baseline", "prune").output.hasPrefix("removed 1 entry of 5"))
      try repository.sandbox.commit(branch)
    }
    try repository.sandbox.git("merge", "--quiet", "--no-edit", "one", in: "repo")
    #expect(try prgate("baseline", "show").output.contains("3 entries"))
    #expect(try prgate("baseline", "diff").status == 0)
    #expect(try repository.judge(["--ratchet"]).status == 0)
  }

  @Test("A merge that was not resolved is an error with its line")
  func conflict() throws {
    #expect(try prgate("baseline", "create").status == 0)
    try repository.sandbox.write(
      "<<<<<<< HEAD\n" + baseline(), to: "repo/.prgate-baseline.jsonl")
    let outcome = try prgate("check")
    #expect(outcome.status == 2)
    #expect(outcome.errors.contains(".prgate-baseline.jsonl:1: no entry of a baseline"))
  }
}
