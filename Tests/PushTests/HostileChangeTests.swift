// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Changes that attack the gate: none of them passes without a word, and none keeps it busy for long.
@Suite struct HostileChangeTests {
  private let repository: FlawedRepository
  private var sandbox: Sandbox { repository.sandbox }

  init() throws { repository = try FlawedRepository() }

  /// Code that the parser cannot be asked to finish, and what the report says of it.
  struct HostileCode: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var text: String
    var reason: String

    init(_ name: String, _ text: String, _ reason: String) {
      (testDescription, self.text, self.reason) = (name, text, reason)
    }
  }

  static let unreadable: [HostileCode] = [
    HostileCode(
      "macros that double",
      "#define M0\n"
        + (1...34).map { "#define M\($0) M\($0 - 1) M\($0 - 1)\n" }.joined() + "M34\n",
      "reading it takes longer than 1 s"),
    HostileCode(
      "the pragma that crashes clang", "#pragma clang __debug crash\n", "the parser crashed"),
    HostileCode(
      "the pragma that overflows clang's stack", "#pragma clang __debug overflow_stack\n",
      "src/other.c: "),
    HostileCode(
      "brackets", "int a = \(String(repeating: "(", count: 100_000));\n", "bracket nesting level"),
    HostileCode(
      "a chain of else",
      "int f(int x) {\n"
        + (0..<30_000).map { "if (x == \($0)) return \($0); else\n" }.joined() + "return 0; }\n",
      "the parser crashed"),
    HostileCode(
      "a long sum", "int a = 1\(String(repeating: " + 1", count: 200_000));\n",
      "the parser crashed"),
    HostileCode("a file that includes itself", "#include \"other.c\"\n", "nested too deeply"),
    HostileCode(
      "a way out of the repository", "#include \"../../../../../../etc/passwd\"\n",
      "'../../../../../../etc/passwd' file not found"),
    HostileCode(
      "an absolute path", "#include \"/etc/passwd\"\n", "'/etc/passwd' file not found"),
    HostileCode(
      "an embedded file", "char a[] = {\n#embed \"/etc/passwd\"\n};\n",
      "'/etc/passwd' file not found"),
    HostileCode("no text", "int a;\u{0}\u{0} \"\n", "src/other.c:1: "),
    HostileCode(
      "16 MiB", "/*" + String(repeating: "x", count: 16 << 20) + "*/\n", "more than 16 MiB"),
  ]

  @Test("Code that no parser survives is incomplete, and soon", arguments: unreadable)
  func isIncomplete(_ code: HostileCode) throws {
    try repository.write(code.text)
    let start = ContinuousClock.now
    let outcome = try repository.gate("--timeout", "1")
    #expect(outcome.status == 3, "\(outcome.text.prefix(2000))")
    #expect(outcome.report?.ledger.units.first { !$0.analysed }?.path == "src/other.c")
    #expect(outcome.text.contains(code.reason), "\(outcome.text.prefix(2000))")
    #expect(!outcome.text.contains("root:"), "what a file of the machine says is shown")
    #expect(start.duration(to: .now) < .seconds(120))
  }

  @Test("A unit too large to be read is not forgotten when a header that it includes changes")
  func largeReader() throws {
    try repository.write(
      "#include \"packet.h\"\n/*" + String(repeating: "x", count: 16 << 20) + "*/\n")
    try repository.commitToMain("large")
    try sandbox.write(FlawedRepository.packet + "/* */\n", to: "repo/include/packet.h")
    let outcome = try repository.gate()
    #expect(outcome.status == 3, "\(outcome.text)")
    #expect(outcome.text.contains("src/other.c: it has more than 16 MiB"), "\(outcome.text)")
  }

  @Test(
    "Flags that load, write or redirect make the unit incomplete",
    arguments: [
      "-fplugin=evil.so", "-Xclang", "-load", "-B.", "--config=evil", "-specs=evil", "-wrapper",
      "-fprofile-instr-use=/etc/passwd", "-ivfsoverlay", "@/etc/passwd", "-save-temps",
      "-fmodules-cache-path=/tmp", "-serialize-diagnostics",
    ])
  func flags(_ flag: String) throws {
    try sandbox.writeDatabase(of: [("src/limit.c", []), ("src/other.c", [flag, "evil"])])
    try repository.write(functions: FlawedRepository.read("get"))
    let outcome = try repository.gate()
    #expect(outcome.status == 3, "\(flag): \(outcome.text)")
    #expect(!outcome.text.contains("root:"))
  }

  @Test("A response file that names itself, or lies outside, makes the unit incomplete")
  func responseFiles() throws {
    try sandbox.write("@a.rsp\n", to: "repo/a.rsp")
    try sandbox.writeDatabase(of: [("src/limit.c", []), ("src/other.c", ["@a.rsp"])])
    try repository.write(functions: FlawedRepository.read("get"))
    let circle = try repository.gate()
    #expect(circle.status == 3, "\(circle.text)")
    #expect(circle.text.contains("a.rsp' contains itself"), "\(circle.text)")
    try sandbox.writeDatabase(of: [("src/limit.c", []), ("src/other.c", ["@/etc/hostname"])])
    let outside = try repository.judge()
    #expect(outside.status == 3, "\(outside.text)")
  }

  // MARK: Changes that disarm

  /// What a change does beside bringing a flaw, and the least that is said of it.
  struct Disarmament: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var files: [String: String] = [:]
    var removed: [String] = []
    /// Ends of the run that are no pass.
    var statuses: Set<Int32> = [1]
    var words = ""
  }

  static let disarmaments: [Disarmament] = [
    Disarmament(
      testDescription: "empties the policy", files: [".prgate.yml": ""], statuses: [2],
      words: "it is empty"),
    Disarmament(
      testDescription: "removes the policy", removed: [".prgate.yml"],
      words: "policy change: "),
    Disarmament(
      testDescription: "turns all rules off",
      files: [
        ".prgate.yml": "version: 1\nrules: {off-by-one-read: off, unused-suppression: off}\n"
      ],
      words: "loosens the gate, after the merge"),
    Disarmament(
      testDescription: "excludes everything",
      files: [".prgate.yml": "version: 1\npaths: {exclude: ['**']}\n"],
      words: "loosens the gate, after the merge"),
    Disarmament(
      testDescription: "calls everything generated",
      files: [".gitattributes": "* linguist-generated linguist-vendored\n"]),
    Disarmament(
      testDescription: "empties the baseline", files: [".prgate-baseline.jsonl": ""]),
    Disarmament(
      testDescription: "removes the baseline", removed: [".prgate-baseline.jsonl"]),
    Disarmament(
      testDescription: "fills the baseline with rubbish",
      files: [".prgate-baseline.jsonl": "everything\n"], statuses: [1, 2]),
    Disarmament(
      testDescription: "empties the compilation database",
      files: ["compile_commands.json": "[]\n"], statuses: [3], words: "src/other.c: "),
    Disarmament(
      testDescription: "removes the compilation database",
      removed: ["compile_commands.json"], statuses: [3], words: "src/other.c: "),
    Disarmament(
      testDescription: "empties the compilation database into no JSON",
      files: ["compile_commands.json": ""], statuses: [2], words: "compile_commands.json"),
  ]

  @Test("A change with a flaw never passes, whatever it takes away", arguments: disarmaments)
  func disarms(_ disarmament: Disarmament) throws {
    // All of it is committed at the base, the database too.
    try sandbox.write("/build/\n", to: "repo/.gitignore")
    try sandbox.write(
      "version: 1\nrules: {unused-suppression: block}\n", to: "repo/.prgate.yml")
    try repository.write(functions: FlawedRepository.read("old"))
    #expect(try sandbox.prgate("baseline", "create", in: "repo").status == 0)
    try repository.commitToMain("gate")
    try repository.write(
      functions: FlawedRepository.read("old"),
      FlawedRepository.read("new", result: "1 + p->options[offset]"))
    for (name, text) in disarmament.files { try sandbox.write(text, to: "repo/" + name) }
    for name in disarmament.removed { try sandbox.git("rm", "--quiet", name, in: "repo") }
    let outcome = try repository.gate()
    #expect(disarmament.statuses.contains(outcome.status), "\(outcome.status) \(outcome.text)")
    #expect(
      disarmament.words.isEmpty || outcome.text.contains(disarmament.words), "\(outcome.text)")
    if outcome.status == 1 { #expect(outcome.new == ["off-by-one-read:8"]) }
  }

  @Test(
    "A suppression of everything takes nothing away",
    arguments: [
      "/* prgate:allow-file(all) because */", "/* prgate:allow-file(*) because */",
      "/* prgate:allow-file() because */", "/* prgate:allow-file because */",
      "/* prgate:allow-begin(all) because */", "/* prgate:allow-file(off-by-one-read) */",
    ])
  func blanket(_ comment: String) throws {
    try repository.write(functions: comment + "\n", FlawedRepository.read("get"))
    let outcome = try repository.gate()
    #expect(outcome.status == 1, "\(outcome.text)")
    #expect(outcome.new.contains("off-by-one-read:5"))
  }

  @Test("A suppression of a whole file with a reason holds, and the reviewer reads it")
  func wholeFile() throws {
    try repository.write(
      functions: "/* prgate:allow-file(off-by-one-read) trust me */\n",
      FlawedRepository.read("get"))
    let outcome = try repository.gate()
    #expect(outcome.status == 0, "\(outcome.text)")
    #expect(outcome.text.contains("suppression added: src/other.c:2: off-by-one-read: trust me"))
    #expect(outcome.text.contains("1 suppressed"))
  }
}
