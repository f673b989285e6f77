// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `dev interpret` as a process: what it prints, and the status that tells how the program ended.
@Suite struct InterpretCommandTests {
  /// Runs the command on a file with this text.
  private func interpret(
    _ text: String, _ options: [String] = [], flags: [String] = []
  ) throws -> (output: String, status: UInt8) {
    let file = FileManager.default.temporaryDirectory
      .appending(path: "prgate-interpret-\(UUID().uuidString).c")
    try text.write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    let program = Bundle.main.bundleURL.appending(path: "Dev").path
    return try run(
      [program, "interpret"] + options + [file.path] + (flags.isEmpty ? [] : ["--"] + flags))
  }

  @Test func printsAndExitsAsTheProgram() throws {
    let run = try interpret(
      #"int printf(const char *, ...); int main(void) { printf("%d\n", N); return N; }"#,
      flags: ["-DN=42"])
    #expect(run.output == "42\n")
    #expect(run.status == 42)
  }

  @Test(arguments: [
    ("void abort(void); int main(void) { abort(); }", 134),
    ("int main(void) { for (;;) ; }", 124),
    ("int main(void) { int a[2]; int i = 2; return a[i] = 1; }", 125),
    ("int main(void) { return undeclared; }", 125),
    ("int f(void) { return 0; }", 125),
  ])
  func tellsHowTheProgramEnded(_ text: String, _ status: UInt8) throws {
    let run = try interpret(text, ["--fuel", "1000"])
    #expect(run.status == status)
    #expect(run.output.isEmpty)
  }

  @Test func validProgramsValidate() throws {
    let run = try interpret("int main(void) { return 0; }", ["--validate"])
    #expect(run == ("", 0))
  }
}
