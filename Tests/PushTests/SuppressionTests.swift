// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A repository with a flaw, for tests of what is new, old, suppressed or off.
final class FlawedRepository {
  let sandbox: Sandbox

  /// Reads one byte past `options`: the check lets 308 through.
  static func read(
    _ name: String, comment: String = "", indent: String = "  ", above: String = "",
    result: String = "p->options[offset]"
  ) -> String {
    """
    int \(name)(struct packet *p, int offset) {
    \(indent)if (offset < 0 || offset > 308) return 0;
    \(above)\(indent)return \(result);\(comment)
    }

    """
  }

  static let packet = "struct packet { char options[308]; };\n"
  /// Takes the finding away where it is put.
  static let allow = " /* prgate:allow(off-by-one-read) a byte is spare */"

  init() throws {
    sandbox = try Sandbox()
    try sandbox.makeRepository()
    try sandbox.write(Self.packet, to: "repo/include/packet.h")
    try write("#include \"packet.h\"\n")
    try commitToMain("header")
    try sandbox.git("checkout", "--quiet", "-b", "topic", in: "repo")
  }

  /// Writes the file that is judged.
  func write(_ text: String, to name: String = "src/other.c") throws {
    try sandbox.write(text, to: "repo/" + name)
  }

  /// Writes the functions, after the header.
  func write(functions: String...) throws {
    try write("#include \"packet.h\"\n" + functions.joined())
  }

  /// Commits and makes that the main branch of the remote.
  func commitToMain(_ message: String) throws {
    try sandbox.commit(message)
    try sandbox.git("push", "--quiet", "--force", "origin", "HEAD:main", in: "repo")
  }

  /// Judges what is there as one commit.
  func gate(_ arguments: String...) throws -> GateOutcome {
    try sandbox.commit("change")
    return try judge(arguments)
  }

  /// Judges the head.
  func judge(_ arguments: [String] = []) throws -> GateOutcome {
    let file = sandbox.path("report.json")
    try? FileManager.default.removeItem(atPath: file)
    let outcome = try sandbox.run(
      Sandbox.prgate, ["gate", "-o", "json=" + file, "--date", "2026-11-22"] + arguments,
      in: sandbox.path("repo"))
    let data = FileManager.default.contents(atPath: file)
    let report = try data.map { try JSONDecoder().decode(GateReport.self, from: $0) }
    return GateOutcome(outcome: outcome, report: report)
  }
}

/// What a run of the gate left.
struct GateOutcome {
  var outcome: Outcome
  var report: GateReport?

  var status: Int32 { outcome.status }
  var text: String { outcome.output + outcome.errors }
  /// Rules and lines of the new findings.
  var new: [String] { report?.new.map { "\($0.rule):\($0.location.line)" } ?? [] }
}

/// The parts of the JSON report that tests look at.
struct GateReport: Decodable {
  struct Place: Decodable {
    var path: String
    var line: Int
  }

  struct Entry: Decodable {
    var rule: String
    var blocking: Bool
    var location: Place
    var fingerprint: String
    var configurations: [String]?
  }

  struct Counts: Decodable {
    var head: Int
    var base: Int?
  }

  struct Change: Decodable {
    var subject, before, after, effect: String
  }

  struct Added: Decodable {
    var rule: String
    var reason: String
  }

  struct Unit: Decodable {
    var path: String
    var analysed: Bool
    var reason: String?
  }

  struct Ledger: Decodable {
    var analysed: Int
    var needed: Int
    var units: [Unit]
  }

  var verdict: String
  var new, unchanged, uncompared, fixed, suppressed: [Entry]
  var addedSuppressions: [Added]
  var policyChanges: [Change]
  var counts: Counts
  var ledger: Ledger
  var notes: [String]
  var base, head: String
}

/// Comments in real changes.
@Suite struct SuppressedChangeTests {
  private let repository: FlawedRepository

  init() throws { repository = try FlawedRepository() }

  @Test("A reason takes a new finding away, and the reviewer is told")
  func suppressed() throws {
    try repository.write(functions: FlawedRepository.read("get", comment: FlawedRepository.allow))
    let outcome = try repository.gate()
    #expect(outcome.status == 0, "\(outcome.text)")
    #expect(outcome.report?.suppressed.map(\.rule) == ["off-by-one-read"])
    #expect(outcome.report?.addedSuppressions.map(\.reason) == ["a byte is spare"])
    #expect(outcome.text.contains("suppression added: src/other.c:4: off-by-one-read"))
  }

  @Test("The line above, a block, a file, and a macro where it is written or used")
  func forms() throws {
    let flaw = FlawedRepository.read("get")
    let above = FlawedRepository.read(
      "get", above: "  // prgate:allow(off-by-one-read) a byte is spare\n")
    let block =
      "/* prgate:allow-begin(off-by-one-read) table */\n\(flaw)"
      + "/* prgate:allow-end(off-by-one-read) */\n"
    let file = "/* prgate:allow-file(off-by-one-read) generated */\n" + flaw
    let use = flaw.replacingOccurrences(of: "p->options[offset]", with: "GET(p->options, offset)")
    let definition = "#define GET(b, i) \\\n  ((b)[i])\(FlawedRepository.allow)\n" + use
    let expansion =
      "#define GET(b, i) ((b)[i])\n"
      + use.replacingOccurrences(of: "offset);", with: "offset);" + FlawedRepository.allow)
    for text in [above, block, file, definition, expansion] {
      try repository.write(functions: text)
      let outcome = try repository.gate()
      #expect(outcome.status == 0, "\(text)\(outcome.text)")
      #expect(outcome.report?.suppressed.count == 1, "\(text)")
    }
  }

  @Test("Without a reason, for another rule, on another line: it blocks")
  func invalid() throws {
    let comments = [
      " /* prgate:allow(off-by-one-read) */", " /* prgate:allow(double-free) why */",
      " /* prgate:allow-file(all) why */", " /* NOLINT */",
    ]
    for comment in comments {
      try repository.write(functions: FlawedRepository.read("get", comment: comment))
      let outcome = try repository.gate()
      #expect(outcome.status == 1, "\(comment)")
      #expect(outcome.new.contains("off-by-one-read:4"), "\(comment) \(outcome.new)")
    }
  }

  @Test("After its last day the finding is back")
  func expired() throws {
    let comment = " /* prgate:allow(off-by-one-read) for now until=2026-11-30 */"
    try repository.write(functions: FlawedRepository.read("get", comment: comment))
    let soon = try repository.gate()
    #expect(soon.status == 0)
    #expect(soon.new == ["expired-suppression:4"], "it says so two weeks before")
    let late = try repository.judge(["--date", "2026-12-01"])
    #expect(late.status == 1, "\(late.text)")
    #expect(Set(late.new) == ["off-by-one-read:4", "expired-suppression:4"])
  }

  @Test("Who removes an old suppression answers for the finding")
  func removed() throws {
    try repository.write(functions: FlawedRepository.read("get", comment: FlawedRepository.allow))
    try repository.commitToMain("suppressed")
    try repository.write(functions: FlawedRepository.read("get"))
    let outcome = try repository.gate()
    #expect(outcome.status == 1)
    #expect(outcome.new == ["off-by-one-read:4"])
  }

  @Test(
    "A suppression beside code without a flaw is unused, and one beside dead code is not judged")
  func unused() throws {
    try repository.write(
      "#if 0\nint a; /* prgate:allow(double-free) not compiled here */\n#endif\n"
        + "int other(void) { return 2; } /* prgate:allow(double-free) nothing */\n")
    let outcome = try repository.gate()
    #expect(outcome.status == 0)
    #expect(outcome.new == ["unused-suppression:4"])
  }

  @Test("A policy can let nobody suppress alone")
  func policy() throws {
    try repository.sandbox.write(
      "version: 1\nrules: {added-suppression: block}\n", to: "repo/.prgate.yml")
    try repository.commitToMain("policy")
    try repository.write(functions: FlawedRepository.read("get", comment: FlawedRepository.allow))
    let outcome = try repository.gate()
    #expect(outcome.status == 1)
    #expect(outcome.new == ["added-suppression:4"])
  }

  @Test("The list, with what is wrong, and the check of the whole program")
  func commands() throws {
    try repository.write(
      functions: FlawedRepository.read("get", comment: FlawedRepository.allow),
      "int one(void) { return 1; } // prgate:allow(double-free) old until=2027-01-01\n",
      "// prgate:allow(nothing) why\nint two(void) { return 1; }\n")
    try repository.sandbox.commit("change")
    let list = try repository.sandbox.prgate("suppressions", "list", in: "repo")
    #expect(list.output.contains("src/other.c:4: off-by-one-read: a byte is spare"))
    #expect(list.output.contains("src/other.c:6: double-free until 2027-01-01: old"))
    #expect(list.output.contains("src/other.c:7: invalid-suppression: there is no rule 'nothing'"))
    let soon = try repository.sandbox.prgate(
      "suppressions", "list", "--expiring", "60", "--date", "2026-11-22", "-f", "json", in: "repo")
    #expect(soon.output.contains("double-free"))
    #expect(!soon.output.contains("off-by-one-read"))
    let check = try repository.sandbox.prgate(
      "suppressions", "check", "--date", "2026-11-22", in: "repo")
    #expect(check.status == 1)
    #expect(check.output.contains("src/other.c:6"), "\(check.output)")
    #expect(check.output.contains("[unused-suppression]"))
    #expect(!check.output.contains("src/other.c:4"))
  }
}
