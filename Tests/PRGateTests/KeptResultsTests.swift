// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Results of functions are used again exactly while what they learnt from outside is as it was.
@Suite struct KeptResultsTests {
  private let directory: Directory
  private let cache: Directory

  private static let sources = [
    "fill.c": """
    void fill(char *to, int count) {
      for (int i = 0; i < count; i++) to[i] = 1;
    }

    """,
    "caller.c": """
    void fill(char *to, int count);
    int limit(void);
    int use(void) { char buffer[8]; fill(buffer, 8); return buffer[0]; }
    int other(int i) { int table[4] = {0}; return i >= 0 && i < limit() ? table[i] : 0; }

    """,
    "limit.c": """
    int limits = 4;
    int limit(void) { return limits; }

    """,
    "even.c": """
    int is_odd(const int *values, int count);
    int is_even(const int *values, int count) {
      return count == 0 ? values[0] : is_odd(values, count - 1);
    }

    """,
    "odd.c": """
    int is_even(const int *values, int count);
    int is_odd(const int *values, int count) {
      return count == 0 ? 0 : is_even(values, count - 1);
    }
    int ask(void) { int values[1] = {7}; return is_odd(values, 3); }

    """,
    "alone.c": "int alone(int a) { return a + 1; }\n",
  ]

  init() throws {
    cache = try Directory()
    directory = try Directory([".git/HEAD": ""].merging(Self.sources) { first, _ in first })
    try writeDatabase(Self.sources.keys.sorted())
  }

  private func writeDatabase(_ names: [String]) throws {
    let entries = names.map { name in
      """
      {"directory": "\(directory.path)", "file": "\(name)", "command": "cc -c \(name)"}
      """
    }
    try directory.write("[\(entries.joined(separator: ",\n"))]", to: "compile_commands.json")
  }

  /// Runs with what is kept and without, holds the reports against each other, and answers how many
  /// functions were analysed, how many of them came to what was kept, and the report.
  private func check() async throws -> (looked: Int, needless: Int, report: String) {
    let kept = try await Program.run(
      ["check", "-v", "-f", "json", "--whole-program", "--cache-dir", cache.path], in: directory)
    let cold = try await Program.run(
      ["check", "-v", "-f", "json", "--whole-program", "--no-cache"], in: directory)
    #expect(kept.output == cold.output)
    #expect(kept.code == cold.code)
    let counts = try #require(
      try /, (\d+) analysed(?: \((\d+) of them came to the same\))?/.firstMatch(in: kept.errors))
    return (
      try #require(Int(counts.1)), counts.2.flatMap { Int($0) } ?? 0, kept.output
    )
  }

  @Test func `nothing is analysed twice`() async throws {
    #expect(try await check().looked == 8)
    #expect(try await check().looked == 0)
  }

  @Test func `a changed callee is judged at its caller in another file`() async throws {
    let before = try await check()
    #expect(!before.report.contains("off-by-one-write"))
    try directory.write(
      "void fill(char *to, int count) {\n  for (int i = 0; i <= count; i++) to[i] = 1;\n}\n",
      to: "fill.c")
    let after = try await check()
    #expect(after.report.contains("off-by-one-write"))
    #expect(after.report.contains("caller.c"))
    // `fill` and `use`.
    #expect(after.looked == 2)
    try directory.write(try #require(Self.sources["fill.c"]), to: "fill.c")
    let again = try await check()
    #expect(again.report == before.report)
  }

  @Test func `a change without consequences stays in its file`() async throws {
    _ = try await check()
    try directory.write("int alone(int a) { return a + 2; }\n", to: "alone.c")
    #expect(try await check().looked == 1)
    // The code of `limit` stands in `other`, and is the same wherever it stands in its file.
    let text = try #require(Self.sources["limit.c"])
    for changed in [text + "/* the end */\n", "/* the start */\n\nextern int more;\n" + text] {
      try directory.write(changed, to: "limit.c")
      let again = try await check()
      #expect(again.looked == 1)
      #expect(again.needless == 0)
    }
    try directory.write(text.replacing("return limits", with: "return limits + 0"), to: "limit.c")
    #expect(try await check().looked == 2)
  }

  @Test func `a function may move to another file`() async throws {
    _ = try await check()
    try directory.write("int limits = 4;\n", to: "limit.c")
    try directory.write(
      "extern int limits;\nint limit(void) { return limits; }\n", to: "moved.c")
    // Something else that the caller's file uses is new, so that what is kept of it is written again.
    try directory.write(
      try #require(Self.sources["fill.c"]).replacing("= 1", with: "= 2"), to: "fill.c")
    try writeDatabase(Self.sources.keys.sorted() + ["moved.c"])
    // `fill` and `use`, `limit` in its new file, and `other`: that file does not say what `limits` begins with.
    #expect(try await check().looked == 4)
    #expect(try await check().looked == 0)
  }

  @Test func `a finding shows the lines that a callee has now`() async throws {
    let end = "int last(const int *values) { return values[4]; }\n"
    let ask =
      "int last(const int *values);\nint ask_last(void) {\n  int four[4] = {0};\n"
      + "  return last(four);\n}\n"
    try directory.write(end, to: "end.c")
    try directory.write(ask, to: "ask.c")
    try writeDatabase(Self.sources.keys.sorted() + ["ask.c", "end.c"])
    let before = try await check().report
    #expect(before.contains("off-by-one-read"))
    try directory.write("\n\n" + end, to: "end.c")
    let after = try await check()
    #expect(after.report != before)
    #expect(after.looked == 2)
  }

  @Test func `a variable that another file begins to write is no constant`() async throws {
    _ = try await check()
    try directory.write(
      "extern int limits;\nint alone(int a) { limits = 5; return a + 1; }\n", to: "alone.c")
    // `alone`, `limit`, and `other`, which asks `limit`.
    let written = try await check()
    #expect(written.looked == 3)
    // What was kept of the state before still holds.
    try directory.write(try #require(Self.sources["alone.c"]), to: "alone.c")
    #expect(try await check().looked == 0)
  }

  @Test func `a second definition makes a call unknown`() async throws {
    _ = try await check()
    try directory.write("void fill(char *to, int count) { (void)to; (void)count; }\n", to: "two.c")
    try writeDatabase(Self.sources.keys.sorted() + ["two.c"])
    // The new one, the caller, and the other one: now nothing in the program calls it for sure.
    #expect(try await check().looked == 3)
  }

  @Test func `functions that call each other are judged together`() async throws {
    _ = try await check()
    try directory.write(
      try #require(Self.sources["even.c"]).replacing("values[0]", with: "values[1]"), to: "even.c")
    let changed = try await check()
    // `is_even`, `is_odd` and `ask`.
    #expect(changed.looked == 3)
    try writeDatabase(Self.sources.keys.sorted().filter { $0 != "odd.c" })
    #expect(try await check().looked == 1)
  }

  @Test func `what another file stores in a member is asked again`() async throws {
    let ring = "struct ring { void (*done)(char *); unsigned slot; };\n"
    try directory.write(
      "#include <stdlib.h>\n" + ring
        + """
        char use(struct ring *ring) {
          char *text = malloc(4);
          if (!text) return 0;
          text[0] = 1;
          ring->done(text);
          return text[0];
        }
        static const char names[8];
        char of(struct ring *ring) { return ring->slot > 8 ? 0 : names[ring->slot]; }

        """, to: "ring.c")
    try directory.write(
      "#include <stdlib.h>\n" + ring
        + "static char *last;\nstatic void keep(char *text) { last = text; }\n"
        + "void set(struct ring *ring) { ring->done = keep; ring->slot = 7; }\n", to: "set.c")
    try writeDatabase(Self.sources.keys.sorted() + ["ring.c", "set.c"])
    let before = try await check()
    #expect(!before.report.contains("use-after-free") && !before.report.contains("off-by-one-read"))
    #expect(try await check().looked == 0)
    try directory.write(
      "#include <stdlib.h>\n" + ring
        + "static void drop(char *text) { free(text); }\n"
        + "void set(struct ring *ring) { ring->done = drop; ring->slot = 8; }\n", to: "set.c")
    let after = try await check()
    #expect(after.report.contains("use-after-free") && after.report.contains("off-by-one-read"))
    // `drop`, `set`, and both of `ring.c`.
    #expect(after.looked == 4)
  }

  @Test func `a part of the program does not take the place of the whole`() async throws {
    _ = try await check()
    let part = try await Program.run(
      ["check", "-v", "-f", "json", "--cache-dir", cache.path, "caller.c"], in: directory)
    let cold = try await Program.run(
      ["check", "-v", "-f", "json", "--no-cache", "caller.c"], in: directory)
    #expect(part.output == cold.output)
    #expect(try await check().looked == 0)
  }
}
