// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What a run says whose time ends, and when it asks the base.
@Suite struct BudgetTests {
  private let repository: FlawedRepository
  private var sandbox: Sandbox { repository.sandbox }

  init() throws { repository = try FlawedRepository() }

  private static let flaw = FlawedRepository.read("get")
  /// Seconds in which the first stage is done, on a busy machine too.
  private static let seconds = "15"

  /// A header that a unit without end reads, and a changed file beside it.
  private func change(_ functions: String) throws {
    try sandbox.write(
      "#include \"limit.h\"\n#if LIMIT > 16\n#include \"pipe.h\"\n#endif\nint slow;\n",
      to: "repo/src/slow.c")
    // A build product that nobody ever finishes: whoever reads it waits.
    _ = try sandbox.run("/usr/bin/env", ["mkfifo", "build/pipe.h"], in: sandbox.path("repo"))
    try sandbox.writeDatabase(of: ["src/limit.c", "src/other.c", "src/slow.c"])
    try repository.commitToMain("slow")
    try sandbox.write("#define LIMIT 17\n", to: "repo/include/limit.h")
    try repository.write(functions: functions)
    try sandbox.commit("change")
  }

  private func push() throws -> Outcome {
    let commit = try sandbox.git("rev-parse", "HEAD", in: "repo")
    let zero = String(repeating: "0", count: 40)
    return try sandbox.prgate(
      "gate", "--stdin=pre-push", "--budget", Self.seconds, in: "repo",
      input: "refs/heads/topic \(commit) refs/heads/topic \(zero)\n")
  }

  @Test("What is new and known when the time ends is shown, and blocks the push")
  func blocks() throws {
    try change(Self.flaw)
    let outcome = try push()
    #expect(outcome.status == 1, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("src/other.c:4:10: error: reads byte 309"), "\(outcome.output)")
    #expect(outcome.output.contains("not analysed: src/slow.c: not done within 15 seconds"))
    #expect(outcome.errors.contains("the push is refused (FAIL)"), "\(outcome.errors)")
    #expect(outcome.output.contains("analysed 1/3 units"), "\(outcome.output)")
  }

  @Test("What is known when the time ends and does not block lets the push through, and says so")
  func passes() throws {
    try change("int other;\n")
    let outcome = try push()
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("INCOMPLETE: nothing known blocks"), "\(outcome.output)")
    #expect(outcome.errors.contains("INCOMPLETE (CI decides)"), "\(outcome.errors)")
    #expect(outcome.errors.contains("the push goes on"))
  }

  @Test("The end of the time excuses no unit that cannot be read")
  func excusesNothingElse() throws {
    try change("int other = nothing;\n")
    let outcome = try push()
    #expect(outcome.status == 3, "\(outcome.output)\(outcome.errors)")
    #expect(
      outcome.output.contains("not analysed: src/other.c:2"), "\(outcome.output)")
  }

  @Test("Outside of the hook the same run is incomplete, in its report too")
  func incomplete() throws {
    try change("int other;\n")
    let outcome = try repository.judge(["--budget", Self.seconds])
    #expect(outcome.status == 3, "\(outcome.text)")
    #expect(outcome.report?.verdict == "INCOMPLETE")
    #expect(outcome.report?.ledger.analysed == 1)
    #expect(outcome.report?.ledger.needed == 3)
  }

  @Test("The base is asked for what is argued, and not for what is only likely")
  func lazyBase() throws {
    let likely =
      "void copy(char *to, const char *from);\n#include <string.h>\n"
      + "void f(char *to, const char *from) { strcpy(to, from); }\n"
    try repository.write(functions: likely)
    let outcome = try repository.gate()
    #expect(outcome.status == 0)
    #expect(outcome.report?.uncompared.map(\.rule) == ["unsafe-function"], "\(outcome.text)")
    #expect(outcome.report?.counts.base == nil)
    #expect(outcome.report?.new.isEmpty == true, "old is not called new")
    let all = try repository.judge(["--all"])
    #expect(all.text.contains("(not compared with the base)"), "\(all.text)")
    try repository.write(functions: likely, Self.flaw)
    let both = try repository.gate()
    #expect(both.status == 1)
    #expect(both.report?.counts.base == 0)
    #expect(both.report?.uncompared.isEmpty == true)
    // A comment that takes the argued one away leaves nothing to ask for.
    try repository.write(
      functions: likely, FlawedRepository.read("get", comment: FlawedRepository.allow))
    let suppressed = try repository.gate()
    #expect(suppressed.status == 0)
    #expect(suppressed.report?.counts.base == nil, "\(suppressed.text)")
  }
}
