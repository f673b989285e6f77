// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A change is judged at its callers and with its callees in files that it does not touch.
@Suite struct CallerTests {
  private let repository: FlawedRepository

  private static let caller = """
    void fill(char *to, int count);
    int use(void) { char buffer[8]; fill(buffer, 8); return buffer[0]; }

    """
  private static let callee = """
    void fill(char *to, int count) { for (int i = 0; i < count; i++) to[i] = 1; }

    """

  init() throws {
    repository = try FlawedRepository()
    try repository.write(Self.caller, to: "src/limit.c")
    try repository.write(Self.callee)
    try repository.commitToMain("caller and callee")
  }

  @Test func `a changed callee is refused for its caller in an unchanged file`() throws {
    try repository.write(Self.callee.replacing("i < count", with: "i <= count"))
    let outcome = try repository.gate("-v")
    #expect(outcome.status == 1, "\(outcome.outcome)")
    let finding = try #require(outcome.report?.new.first)
    #expect(finding.rule == "off-by-one-write")
    #expect(outcome.report?.new.count == 1)
    // Only the changed file is answered for.
    #expect(outcome.report?.ledger.units.map(\.path) == ["src/other.c"])
    #expect(outcome.outcome.output.contains("src/limit.c:2"), "\(outcome.outcome.output)")
    // The second time all is known, and nothing is different.
    let again = try repository.judge(["-v"])
    #expect(again.outcome.output == outcome.outcome.output)
    #expect(again.outcome.errors.contains("2 from the cache, 0 analysed"))
  }

  @Test func `a new call is judged with the callee of an unchanged file`() throws {
    try repository.write(
      "void fill(char *to, int count);\nint more(void) { char b[4]; fill(b, 5); return b[0]; }\n",
      to: "src/limit.c")
    let outcome = try repository.gate()
    #expect(outcome.status == 1)
    #expect(outcome.report?.ledger.units.map(\.path) == ["src/limit.c"])
  }

  @Test func `an old flaw around the change is nobody's business`() throws {
    try repository.write(
      Self.caller.replacing("fill(buffer, 8)", with: "fill(buffer, 9)"), to: "src/limit.c")
    try repository.commitToMain("a flaw")
    try repository.write(Self.callee + "int more;\n")
    let outcome = try repository.gate()
    #expect(outcome.status == 0, "\(outcome.outcome.output)")
    #expect(outcome.report?.unchanged.isEmpty == true)
  }

  @Test func `a repaired callee repairs its caller`() throws {
    try repository.write(Self.callee.replacing("i < count", with: "i <= count"))
    try repository.commitToMain("a flaw")
    try repository.write(Self.callee)
    let outcome = try repository.gate()
    #expect(outcome.status == 0)
    #expect(outcome.report?.new.isEmpty == true)
  }

  @Test func `a suppression in the caller counts`() throws {
    let allowed = Self.caller.replacing(
      "int use", with: "/* prgate:allow(off-by-one-write) a byte is spare */\nint use")
    try repository.write(allowed, to: "src/limit.c")
    try repository.commitToMain("a byte is spare")
    try repository.write(Self.callee.replacing("i < count", with: "i <= count"))
    let outcome = try repository.gate()
    #expect(outcome.status == 0, "\(outcome.outcome.output)")
  }

  @Test func `a policy can leave out what the change does not reach`() throws {
    try repository.write("version: 1\ngate:\n  program: reached\n", to: ".prgate.yml")
    try repository.commitToMain("policy")
    try repository.write(Self.callee.replacing("i < count", with: "i <= count"))
    let outcome = try repository.gate()
    #expect(outcome.status == 0, "\(outcome.outcome.output)")
  }
}
