// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What users of other gates complain about most, one test for each; what other suites test at length
/// is tested here by its shortest case.
@Suite struct ComplaintTests {
  private let repository: FlawedRepository
  private var sandbox: Sandbox { repository.sandbox }

  init() throws { repository = try FlawedRepository() }

  private static let flaw = FlawedRepository.read("get")

  private func writeDatabase(_ arguments: [[String]]) throws {
    let entries = arguments.map { words in
      """
      {"directory": "\(sandbox.path("repo"))", "file": "src/other.c",
       "arguments": [\(words.map { "\"\($0)\"" }.joined(separator: ", "))]}
      """
    }
    try sandbox.write(
      "[" + entries.joined(separator: ",\n") + "]\n", to: "repo/compile_commands.json")
  }

  @Test("1: green although nothing was analysed")
  func greenWithoutAnalysis() throws {
    try repository.write(functions: Self.flaw)
    for database in ["[]", "[{\"directory\": \"/\", \"file\": \"/x.c\", \"command\": \"cc x.c\"}]"]
    {
      try sandbox.write(database, to: "repo/compile_commands.json")
      let outcome = try repository.gate()
      #expect(outcome.status == 3)
      #expect(outcome.text.contains("analysed 0/1 units"))
    }
  }

  @Test("2: open when the tool fails inside or takes too long")
  func failOpen() throws {
    try repository.write("#pragma clang __debug crash\nint other(void) { return 1; }\n")
    let outcome = try repository.gate()
    #expect(outcome.status == 3, "\(outcome.text)")
    #expect(outcome.report?.verdict == "INCOMPLETE")
  }

  @Test("3: a finding is hidden because its line is not in the diff")
  func lineOutsideOfTheDiff() throws {
    let limit = "#define LIMIT_OF_OPTIONS 307\n"
    let body = Self.flaw.replacingOccurrences(of: "308", with: "LIMIT_OF_OPTIONS")
    try sandbox.write(FlawedRepository.packet + limit, to: "repo/include/packet.h")
    try repository.write(functions: body)
    try repository.commitToMain("sound")
    try sandbox.write(
      FlawedRepository.packet + "#define LIMIT_OF_OPTIONS 308\n", to: "repo/include/packet.h")
    let outcome = try repository.gate()
    #expect(outcome.status == 1, "\(outcome.text)")
    #expect(outcome.report?.new.map(\.location.path) == ["src/other.c"])
  }

  @Test("3: the second release is old, the first one is new")
  func secondReleaseIsOld() throws {
    let head = "void free(void *);\nvoid drop(char *p, int error) {\n"
    try repository.write(head + "  if (error) error = 2;\n  free(p);\n}\n")
    try repository.commitToMain("sound")
    try repository.write(head + "  if (error) free(p);\n  free(p);\n}\n")
    let outcome = try repository.gate()
    #expect(outcome.status == 1, "\(outcome.text)")
    #expect(outcome.new == ["double-free:4"], "the line that is shown did not change")
  }

  @Test("4: merge commits and rebases confuse what is new")
  func mergeCommit() throws {
    try repository.write(functions: "int fine(void) { return 1; }\n")
    try sandbox.commit("topic")
    try sandbox.git("checkout", "--quiet", "main", in: "repo")
    try repository.write(
      Self.flaw.isEmpty ? "" : FlawedRepository.packet + Self.flaw, to: "src/limit.c")
    try repository.commitToMain("main got a flaw of its own")
    try sandbox.git("checkout", "--quiet", "--detach", "main", in: "repo")
    try sandbox.git("merge", "--quiet", "--no-ff", "-m", "merge", "topic", in: "repo")
    let outcome = try repository.judge()
    #expect(outcome.status == 0, "\(outcome.text)")
    #expect(outcome.report?.base == (try sandbox.git("rev-parse", "main", in: "repo")))
    #expect(outcome.report?.ledger.units.map(\.path) == ["src/other.c"])
  }

  @Test("5: a shallow clone fails without a word, or compares with the wrong commit")
  func shallowClone() throws {
    try repository.write(functions: Self.flaw)
    try sandbox.commit("one")
    try sandbox.git("push", "--quiet", "origin", "topic", in: "repo")
    try sandbox.git(
      "clone", "--quiet", "--depth=1", "--branch=topic", "--no-single-branch",
      "file://" + sandbox.path("remote.git"), "../clone", in: "repo")
    let refused = try sandbox.prgate("gate", in: "clone")
    #expect(refused.status == 2)
    #expect(refused.errors.contains("git fetch --unshallow"), "\(refused.errors)")
    let fetched = try sandbox.prgate("gate", "--fetch", in: "clone")
    #expect(fetched.status == 3, "judged now; the clone has no database: \(fetched.errors)")
  }

  @Test("6: a rename, or new indentation, makes all old findings new")
  func renameAndReindent() throws {
    try repository.write(functions: Self.flaw, "int filler(int a) { return a * 3 + 1; }\n")
    try repository.commitToMain("legacy")
    try sandbox.git("mv", "src/other.c", "src/renamed.c", in: "repo")
    try sandbox.writeDatabase(of: ["src/limit.c", "src/renamed.c"])
    try repository.write(
      "// A comment.\n#include \"packet.h\"\n" + FlawedRepository.read("get", indent: "\t\t\t")
        + "int filler(int a) { return a * 3 + 1; }\n", to: "src/renamed.c")
    let outcome = try repository.gate()
    #expect(outcome.status == 0, "\(outcome.text)")
    #expect(outcome.report?.unchanged.count == 1)
    #expect(outcome.report?.counts.base == 1)
  }

  @Test(
    "7: the fingerprint holds numbers, lines or messages",
    arguments: ["line", "comment", "indent", "crlf", "size", "moved function", "unrelated name"])
  func volatileFingerprint(edit: String) throws {
    let filler = "int filler(int count) { return count + 1; }\n"
    try repository.write(functions: filler, Self.flaw)
    try repository.commitToMain("legacy")
    let before = try legacyFingerprint()
    switch edit {
    case "line": try repository.write(functions: "\n\n" + filler, "\n" + Self.flaw)
    case "comment":
      try repository.write(
        functions: filler, FlawedRepository.read("get", comment: " // the last option"))
    case "indent":
      try repository.write(functions: filler, FlawedRepository.read("get", indent: "\t"))
    case "crlf":
      try repository.write(
        ("#include \"packet.h\"\n" + filler + Self.flaw)
          .replacingOccurrences(of: "\n", with: "\r\n"))
    case "size":
      // Another message: reads byte 400 of 400.
      try sandbox.write("struct packet { char options[400]; };\n", to: "repo/include/packet.h")
      try repository.write(
        functions: filler, Self.flaw.replacingOccurrences(of: "308", with: "400"))
    case "moved function": try repository.write(functions: Self.flaw, filler)
    default:
      try repository.write(
        functions: filler.replacingOccurrences(of: "count", with: "n"), Self.flaw)
    }
    let outcome = try repository.gate()
    #expect(outcome.status == 0, "\(outcome.text)")
    #expect(outcome.report?.unchanged.count == 1)
    #expect(outcome.report?.unchanged.first?.fingerprint == before)
  }

  private func legacyFingerprint() throws -> String {
    let file = sandbox.path("legacy.json")
    _ = try sandbox.prgate("check", "-o", "json=" + file, "src/other.c", in: "repo")
    let data = try Data(contentsOf: URL(fileURLWithPath: file))
    return try JSONDecoder().decode(GateReport.self, from: data).new.first?.fingerprint ?? ""
  }

  @Test("8: a swap is hidden: one repaired, one added, in one function")
  func swap() throws {
    func two(_ first: Int, _ second: Int) -> String {
      """
      int get(struct packet *p, int i, int j) {
        if (i < 0 || i > \(first) || j < 0 || j > \(second)) return 0;
        int a = p->options[i];
        return a + p->options[j];
      }

      """
    }
    try repository.write(functions: two(308, 307))
    try repository.commitToMain("one flaw")
    try repository.write(functions: two(307, 308))
    let outcome = try repository.gate()
    #expect(outcome.status == 1, "\(outcome.text)")
    #expect(outcome.new == ["off-by-one-read:5"])
    #expect(outcome.report?.fixed.count == 1)
  }

  @Test("8: equal statements collapse to one")
  func equalStatements() throws {
    let twice = """
      int get(struct packet *p, int i, int j) {
        if (i < 0 || i > 308) return 0;
        if (j) { return p->options[i]; }
        { return p->options[i]; }
      }

      """
    try repository.write(functions: Self.flaw)
    try repository.commitToMain("one flaw")
    try repository.write(
      functions: twice.replacingOccurrences(of: "[i]", with: "[offset]")
        .replacingOccurrences(of: "int i", with: "int offset")
        .replacingOccurrences(of: "i < 0 || i >", with: "offset < 0 || offset >"))
    let outcome = try repository.gate()
    #expect(outcome.status == 1, "\(outcome.text)")
    #expect(outcome.report?.new.count == 1)
    #expect(outcome.report?.unchanged.count == 1)
  }

  @Test("9: a baseline cannot be had, or grows stale unnoticed")
  func baseline() throws {
    try repository.write(functions: Self.flaw)
    #expect(try sandbox.prgate("baseline", "create", in: "repo").status == 0)
    try repository.commitToMain("baseline")
    try repository.write(functions: "int get;\n")
    #expect(try repository.gate("--ratchet").new == ["stale-baseline:1"])
  }

  @Test("10: a changed header is not analysed, or with guessed flags")
  func header() throws {
    try sandbox.write("int unread;\n", to: "repo/include/unread.h")
    let unread = try repository.gate()
    #expect(unread.status == 3)
    #expect(unread.text.contains("include/unread.h: no unit of the compilation database includes"))
    try sandbox.git("rm", "--quiet", "-f", "include/unread.h", in: "repo")
    try sandbox.write("#define LIMIT 17\n", to: "repo/include/limit.h")
    let read = try repository.gate()
    #expect(read.status == 0, "\(read.text)")
    #expect(read.report?.ledger.units.map(\.path).contains("src/limit.c") == true)
  }

  @Test("11: flags are guessed")
  func guessedFlags() throws {
    try sandbox.writeDatabase(of: ["src/limit.c"])
    try repository.write(functions: Self.flaw)
    let outcome = try repository.gate()
    #expect(outcome.status == 3)
    #expect(outcome.text.contains("src/other.c: it is not in compile_commands.json"))
  }

  @Test("12: flags of another compiler break the parser")
  func foreignFlags() throws {
    let flags = ["-fconserve-stack", "-fno-allow-store-data-races", "-fno-such-flag", "-Iinclude"]
    try writeDatabase([["gcc"] + flags + ["-c", "src/other.c"]])
    try repository.write(functions: Self.flaw)
    let outcome = try repository.gate()
    #expect(outcome.new == ["off-by-one-read:4"], "\(outcome.text)")
    #expect(outcome.text.contains("dropped unknown compiler flags: -fno-such-flag"))
  }

  @Test("13: stddef.h is not found")
  func ownHeaders() throws {
    try repository.write("#include <stddef.h>\n#include <stdarg.h>\nsize_t other;\n")
    #expect(try repository.gate().status == 0)
  }

  @Test("14: response files in the database")
  func responseFiles() throws {
    try sandbox.write("-Iinclude\n", to: "repo/build/flags.rsp")
    try writeDatabase([["cc", "@build/flags.rsp", "-c", "src/other.c"]])
    try repository.write(functions: Self.flaw)
    #expect(try repository.gate().new == ["off-by-one-read:4"])
    try sandbox.write("@build/flags.rsp\n", to: "repo/build/flags.rsp")
    #expect(try repository.judge().status == 3, "a circle is refused")
  }

  @Test("15: one file twice in the database, and the wrong one is taken")
  func severalConfigurations() throws {
    try writeDatabase([
      ["cc", "-Iinclude", "-c", "src/other.c"],
      ["cc", "-Iinclude", "-DEXTRA", "-c", "src/other.c"],
    ])
    try repository.write(functions: "#ifdef EXTRA\n" + Self.flaw + "#endif\nint other;\n")
    let outcome = try repository.gate()
    #expect(outcome.new == ["off-by-one-read:5"], "\(outcome.text)")
    #expect(outcome.report?.ledger.needed == 2)
  }

  @Test("16: stale results of an earlier run")
  func staleResults() throws {
    try repository.write(functions: "int other;\n")
    #expect(try repository.gate().status == 0)
    try repository.write(functions: Self.flaw)
    #expect(try repository.gate().status == 1)
    try repository.write("int other(void) { return nothing; }\n")
    #expect(try repository.gate().status == 3)
    #expect(try repository.judge().status == 3, "what failed is not taken from a cache")
    try repository.write(functions: "int other;\n")
    #expect(try repository.gate().status == 0)
  }

  @Test("17: a change of one file costs more than its own units")
  func onlyWhatIsReached() throws {
    try repository.write(functions: Self.flaw)
    let outcome = try repository.gate("-v")
    #expect(outcome.report?.ledger.units.map(\.path) == ["src/other.c"])
    // Head, then base; what is around the change is parsed once, and so is the base, whatever comes next
    // on the branch.
    #expect(
      outcome.outcome.unitCounts
        == said("0 from the cache, 2 parsed") + said("1 from the cache, 1 parsed"))
    try repository.write(functions: Self.flaw, "int more;\n")
    #expect(
      try repository.gate("-v").outcome.unitCounts
        == said("1 from the cache, 1 parsed") + said("2 from the cache, 0 parsed"))
  }

  private func said(_ counts: String) -> String { "prgate: note: 2 units: \(counts)\n" }

  @Test("18: no suppression in the code, or one that changes what a finding is")
  func suppressionKeepsIdentity() throws {
    try repository.write(functions: Self.flaw)
    try sandbox.commit("flaw")
    let plain = try repository.judge().report?.new.first?.fingerprint
    try repository.write(functions: FlawedRepository.read("get", comment: FlawedRepository.allow))
    let outcome = try repository.gate()
    #expect(plain != nil)
    #expect(outcome.report?.suppressed.first?.fingerprint == plain)
  }

  @Test("19: suppressions without reason or end")
  func reasonless() throws {
    try repository.write(
      functions: FlawedRepository.read("get", comment: " /* prgate:allow(off-by-one-read) */"))
    let outcome = try repository.gate()
    #expect(outcome.status == 1)
    #expect(Set(outcome.new) == ["off-by-one-read:4", "invalid-suppression:4"])
  }

  @Test("20: suppressions do not work in macros")
  func macros() throws {
    let macro =
      "#define GET(b, i) \\\n  /* prgate:allow(off-by-one-read) callers check */ \\\n  ((b)[i])\n"
    let use = Self.flaw.replacingOccurrences(
      of: "p->options[offset]", with: "GET(p->options, offset)")
    try repository.write(functions: macro + use)
    let outcome = try repository.gate()
    #expect(outcome.status == 0, "\(outcome.text)")
    #expect(outcome.report?.suppressed.count == 1)
  }

  @Test("21: hidden limits on the number of findings")
  func noLimit() throws {
    let all = (0..<60).map { FlawedRepository.read("get\($0)") }.joined()
    try repository.write(functions: all)
    let outcome = try repository.gate()
    #expect(outcome.report?.new.count == 60)
    #expect(outcome.text.contains("60 new findings block"))
  }

  @Test("22: a change from a fork, without any token")
  func noToken() throws {
    try repository.write(functions: Self.flaw)
    let names = sandbox.environment.keys.filter { $0.contains("TOKEN") || $0.contains("GITHUB") }
    #expect(names.isEmpty)
    let outcome = try repository.gate("--format=github")
    #expect(outcome.status == 1)
    #expect(outcome.text.contains("::error file=src/other.c,line=4"), "\(outcome.text)")
  }

  @Test("23: a required check that never reports")
  func nothingToCheck() throws {
    try sandbox.write("Words.\n", to: "repo/README")
    let outcome = try repository.gate()
    #expect(outcome.status == 0)
    #expect(outcome.text.contains("nothing to check"))
    #expect(outcome.report?.verdict == "PASS")
  }

  @Test("24: the hook looks at the work tree, at one ref, and at deletions")
  func hook() throws {
    try repository.write(functions: Self.flaw)
    try sandbox.commit("flaw")
    let commit = try sandbox.git("rev-parse", "HEAD", in: "repo")
    let clean = try sandbox.git("rev-parse", "HEAD~1", in: "repo")
    let zero = String(repeating: "0", count: 40)
    try repository.write(functions: "int repaired;\n")
    let lines =
      "(delete) \(zero) refs/heads/gone \(clean)\nrefs/heads/a \(clean) refs/heads/a \(zero)\n"
    let fine = try sandbox.prgate("gate", "--stdin=pre-push", in: "repo", input: lines)
    #expect(fine.status == 0, "\(fine.output)\(fine.errors)")
    let both = try sandbox.prgate(
      "gate", "--stdin=pre-push", in: "repo",
      input: lines + "refs/heads/b \(commit) refs/heads/b \(zero)\n")
    #expect(both.status == 1)
  }

  @Test("25: a change edits the configuration and disarms the gate")
  func disarmed() throws {
    try repository.write(functions: Self.flaw)
    try sandbox.write("version: 1\nrules: {off-by-one-read: off}\n", to: "repo/.prgate.yml")
    let outcome = try repository.gate()
    #expect(outcome.status == 1)
    #expect(outcome.report?.policyChanges.map(\.effect) == ["loosens"])
  }
}
