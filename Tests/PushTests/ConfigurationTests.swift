// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Files that are compiled several times, and changes of how they are compiled.
@Suite struct ConfigurationTests {
  private let repository: FlawedRepository
  private var sandbox: Sandbox { repository.sandbox }

  init() throws { repository = try FlawedRepository() }

  private static let flaw = FlawedRepository.read("get")
  private static let optional = "#ifdef EXTRA\n" + flaw + "#endif\n"
  private static let two: [(file: String, flags: [String])] = [
    ("src/other.c", []), ("src/other.c", ["-DEXTRA"]),
  ]

  @Test("A finding of one configuration says so, in every format")
  func labelled() throws {
    try sandbox.writeDatabase(of: Self.two)
    try repository.write(functions: Self.optional)
    let formats = [
      "sarif", "github", "gitlab", "azure", "junit", "checkstyle", "rdjson", "gerrit",
      "markdown",
    ]
    let files = formats.flatMap { ["-o", "\($0)=" + sandbox.path($0)] }
    try sandbox.commit("change")
    let outcome = try repository.judge(files)
    #expect(outcome.new == ["off-by-one-read:5"], "\(outcome.text)")
    #expect(outcome.report?.new.first?.configurations == ["with -DEXTRA"])
    #expect(outcome.text.contains("(only with -DEXTRA) [off-by-one-read]"), "\(outcome.text)")
    for format in formats {
      let text = try String(contentsOfFile: sandbox.path(format), encoding: .utf8)
      #expect(text.contains("only with -DEXTRA"), "\(format): \(text)")
    }
    let sarif = try String(contentsOfFile: sandbox.path("sarif"), encoding: .utf8)
    #expect(sarif.contains("\"configurations\":[\"with -DEXTRA\"]"))
  }

  @Test("A finding of the configuration without a flag, and one that all show")
  func without() throws {
    try sandbox.writeDatabase(of: Self.two)
    try repository.write(
      functions: "#ifndef EXTRA\n" + Self.flaw + "#endif\n", FlawedRepository.read("always"))
    let outcome = try repository.gate()
    #expect(outcome.new == ["off-by-one-read:5", "off-by-one-read:10"], "\(outcome.text)")
    #expect(
      outcome.report?.new.map { $0.configurations ?? [] } == [["without -DEXTRA"], []])
  }

  @Test("What several configurations show counts once, on both sides")
  func onceInMatching() throws {
    try sandbox.writeDatabase(of: Self.two)
    try repository.write(functions: Self.flaw)
    try repository.commitToMain("legacy, in both configurations")
    try repository.write(functions: "// Moved.\n", Self.flaw)
    let both = try repository.gate()
    #expect(both.status == 0, "\(both.text)")
    #expect(both.report?.counts.base == 1)
    #expect(both.report?.unchanged.count == 1)
    // One configuration less: still the same finding. One more instance is a new one.
    try repository.write(
      functions: Self.optional, FlawedRepository.read("again"))
    let less = try repository.gate()
    #expect(less.new == ["off-by-one-read:10"], "\(less.text)")
    #expect(less.report?.unchanged.map { $0.configurations ?? [] } == [["with -DEXTRA"]])
  }

  @Test("More configurations than the policy's limit are left out with a note")
  func limit() throws {
    let many = (0..<6).map { (file: "src/other.c", flags: ["-DNUMBER=\($0)"]) }
    try sandbox.writeDatabase(of: many + [(file: "src/other.c", flags: ["-DNUMBER=0", "-O2"])])
    try repository.write(functions: "int number = NUMBER;\n")
    let standard = try repository.gate()
    #expect(standard.report?.ledger.needed == 4, "\(standard.text)")
    #expect(
      standard.text.contains(
        "note: src/other.c has 6 configurations; the first 4 are analysed "
          + "(limits.configurations in .prgate.yml)"), "\(standard.text)")
    try sandbox.write("version: 1\nlimits: {configurations: 6}\n", to: "repo/.prgate.yml")
    try repository.commitToMain("six")
    try repository.write(functions: "int number = NUMBER + 1;\n")
    let six = try repository.gate()
    #expect(six.report?.ledger.needed == 6, "\(six.text)")
    #expect(!six.text.contains("has 6 configurations"))
    let check = try sandbox.prgate("check", in: "repo")
    #expect(check.output.contains("analysed 6/6 units"), "\(check.output)")
  }
}

/// Units whose flags change although no file of theirs does.
@Suite struct ChangedFlagTests {
  private let repository: FlawedRepository
  private var sandbox: Sandbox { repository.sandbox }

  init() throws {
    repository = try FlawedRepository()
    try repository.write(
      functions: "#ifdef EXTRA\n" + FlawedRepository.read("get") + "#endif\nint other;\n")
  }

  /// Has git keep the compilation database.
  private func track() throws {
    try sandbox.write("/build/\n", to: "repo/.gitignore")
    try sandbox.writeDatabase(of: [("src/limit.c", []), ("src/other.c", [])])
  }

  private func units(_ outcome: GateOutcome) -> [String]? {
    outcome.report?.ledger.units.map(\.path)
  }

  @Test("An entry of a committed database that changes selects its unit, and no other")
  func committed() throws {
    try track()
    try repository.commitToMain("database")
    try sandbox.writeDatabase(of: [("src/limit.c", []), ("src/other.c", ["-DEXTRA"])])
    let outcome = try repository.gate()
    #expect(units(outcome) == ["src/other.c"], "\(outcome.text)")
    #expect(outcome.new == ["off-by-one-read:5"], "the base is read with its own flags")
    #expect(outcome.text.contains("note: 1 unit is compiled in another way than at the base"))
  }

  @Test("Entries that only look different select nothing")
  func normalised() throws {
    try track()
    try repository.commitToMain("database")
    let words = ["cc -O2 -Wall -g -Iinclude -Ibuild -o x.o -c"]
    let entries = ["src/other.c", "src/limit.c"].map { file in
      """
      {"command": "\(words[0]) \(file)", "file": "\(file)",
       "directory": "\(sandbox.path("repo"))", "output": "x.o"}
      """
    }
    try sandbox.write(
      "[" + entries.joined(separator: ",") + "]", to: "repo/compile_commands.json")
    let outcome = try repository.gate()
    #expect(outcome.status == 0)
    #expect(outcome.text.contains("nothing to check"), "\(outcome.text)")
  }

  @Test("A configuration that is added selects the file; what the others show is old")
  func added() throws {
    try track()
    try repository.write(
      functions: "#ifdef EXTRA\n", FlawedRepository.read("get"), "#endif\n",
      FlawedRepository.read("legacy"))
    try repository.commitToMain("database")
    try sandbox.writeDatabase(
      of: [("src/limit.c", []), ("src/other.c", []), ("src/other.c", ["-DEXTRA"])])
    let outcome = try repository.gate()
    #expect(outcome.new == ["off-by-one-read:5"], "\(outcome.text)")
    #expect(outcome.report?.unchanged.count == 1)
    #expect(outcome.report?.new.first?.configurations == ["with -DEXTRA"])
  }

  @Test("A file that the database gets is judged; what it has had all along is old")
  func covered() throws {
    try track()
    try sandbox.writeDatabase(of: [("src/limit.c", [])])
    try repository.write(functions: FlawedRepository.read("get"))
    try repository.commitToMain("database without it")
    try sandbox.writeDatabase(of: [("src/limit.c", []), ("src/other.c", [])])
    let outcome = try repository.gate()
    #expect(units(outcome) == ["src/other.c"], "\(outcome.text)")
    #expect(outcome.status == 0)
    #expect(outcome.report?.unchanged.count == 1)
  }

  @Test("The committed database counts, not the one in the tree")
  func dirtyDatabase() throws {
    try track()
    try repository.commitToMain("database")
    try repository.write(functions: FlawedRepository.read("get"))
    try sandbox.commit("flaw")
    try sandbox.write("[]", to: "repo/compile_commands.json")
    let outcome = try repository.judge()
    #expect(outcome.new == ["off-by-one-read:4"], "\(outcome.text)")
  }

  @Test("A committed database that a change empties is not a pass")
  func emptied() throws {
    try track()
    try repository.commitToMain("database")
    try sandbox.write("[]", to: "repo/compile_commands.json")
    try repository.write(functions: FlawedRepository.read("get"))
    let outcome = try repository.gate()
    #expect(outcome.status == 3, "\(outcome.text)")
  }

  @Test("A database that is a build product is compared with what it was at the base")
  func buildProduct() throws {
    try sandbox.write("all:\n\tcc src/other.c\n", to: "repo/Makefile")
    try repository.commitToMain("makefile")
    // What the gate saw when the base was the head.
    _ = try sandbox.prgate("gate", "--base", "HEAD~1", in: "repo")
    try sandbox.write("all:\n\tcc -DEXTRA src/other.c\n", to: "repo/Makefile")
    try sandbox.writeDatabase(of: [("src/limit.c", []), ("src/other.c", ["-DEXTRA"])])
    let outcome = try repository.gate()
    #expect(units(outcome) == ["src/other.c"], "\(outcome.text)")
    #expect(outcome.new == ["off-by-one-read:5"])
    let again = try repository.judge()
    #expect(again.new == ["off-by-one-read:5"])
  }

  @Test("Where it is not known how the base was compiled, that is said")
  func unknown() throws {
    try sandbox.write("all:\n\tcc -DEXTRA src/other.c\n", to: "repo/Makefile")
    let outcome = try repository.gate("--cache-dir", sandbox.path("empty"))
    #expect(
      outcome.text.contains("how the base was compiled is not known here"), "\(outcome.text)")
  }
}
