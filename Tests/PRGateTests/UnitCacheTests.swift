// SPDX-License-Identifier: Apache-2.0

import Foundation
import Subprocess
import Testing

/// An unchanged unit is not read again, and whatever changes it is seen.
@Suite struct UnitCacheTests {
  private let directory: Directory
  private let cache: Directory

  init() throws {
    cache = try Directory()
    directory = try Directory([
      ".git/HEAD": "",
      "src/a.c": "#include \"limit.h\"\n#include <sub/x.h>\nint a[LIMIT + X];\n",
      "src/b.c": """
      #include "limit.h"
      #if __has_include("maybe.h")
      #include "maybe.h"
      #endif
      int b(int i) { int v[LIMIT]; if (i < 0 || i > LIMIT) return 0; v[i] = 1; return v[0]; }

      """,
      "late/limit.h": "#define LIMIT 4\n", "late/sub/x.h": "#define X 1\n",
      "early/other.h": "",
    ])
    try writeDatabase()
  }

  private func writeDatabase(flags: String = "") throws {
    let entries = ["a", "b"].map { name in
      """
      {"directory": "\(directory.path)", "file": "src/\(name).c",
       "command": "cc -Iearly -Ilate \(flags) -c src/\(name).c"}
      """
    }
    try directory.write("[\(entries.joined(separator: ",\n"))]", to: "compile_commands.json")
  }

  private func check(
    _ more: String..., in place: Directory? = nil, cache other: String? = nil
  ) async throws -> Run {
    try await Program.run(
      ["check", "-v", "-f", "json", "--cache-dir", other ?? cache.path] + more,
      in: place ?? directory)
  }

  private func counts(_ run: Run) -> String {
    run.errors.split(separator: "\n").filter { $0.hasSuffix("parsed") }.joined()
  }

  private func said(_ found: Int, _ read: Int) -> String {
    "prgate: note: \(found + read) units: \(found) from the cache, \(read) parsed"
  }

  @Test func `a second run parses nothing and prints the same`() async throws {
    let cold = try await check("-j1")
    #expect(counts(cold) == said(0, 2))
    #expect(cold.code == 1)
    for jobs in ["-j1", "-j2"] {
      let warm = try await check(jobs)
      #expect(counts(warm) == said(2, 0))
      #expect(warm.output == cold.output)
    }
    let without = try await Program.run(
      ["check", "-v", "-f", "json", "--no-cache"], in: directory)
    #expect(without.output == cold.output)
    #expect(counts(without) == "")
    #expect(directory.names == [".git", "compile_commands.json", "early", "late", "src"])
  }

  @Test func `the same code elsewhere is the same`() async throws {
    _ = try await check()
    let other = try Directory([".git/HEAD": ""])
    for name in ["src", "late", "early"] {
      try FileManager.default.copyItem(atPath: directory.file(name), toPath: other.file(name))
    }
    let text = try #require(directory.read("compile_commands.json"))
    try other.write(
      text.replacingOccurrences(of: directory.path, with: other.path), to: "compile_commands.json")
    let run = try await check(in: other)
    #expect(counts(run) == said(2, 0))
    #expect(run.output == (try await check()).output)
  }

  /// A change, how many units have to be read, and whether the report differs.
  struct Change: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var read: Int
    var body: @Sendable (Directory) throws -> Void
  }

  static let changes = [
    Change(testDescription: "a source", read: 1) {
      try $0.write("int a[2];\n", to: "src/a.c")
    },
    // Within the same second, and of the same size.
    Change(testDescription: "a header", read: 2) {
      try $0.write("#define LIMIT 5\n", to: "late/limit.h")
    },
    Change(testDescription: "a header of one unit", read: 1) {
      try $0.write("#define X 2\n", to: "late/sub/x.h")
    },
    Change(testDescription: "a header earlier in the include path", read: 2) {
      try $0.write("#define LIMIT 6\n", to: "early/limit.h")
    },
    Change(testDescription: "a header beside the source", read: 2) {
      try $0.write("#define LIMIT 7\n", to: "src/limit.h")
    },
    Change(testDescription: "a header below another directory", read: 1) {
      try $0.write("#define X 3\n", to: "early/sub/x.h")
    },
    Change(testDescription: "what __has_include asks for", read: 1) {
      try $0.write("int maybe;\n", to: "late/maybe.h")
    },
    Change(testDescription: "a header that is gone", read: 2) {
      try FileManager.default.removeItem(atPath: $0.file("late/limit.h"))
    },
    Change(testDescription: "a header that nobody asks for", read: 0) {
      try $0.write("#define LIMIT 8\n", to: "early/unknown.h")
    },
    Change(testDescription: "a directory where a header may lie", read: 0) {
      try $0.write("", to: "early/limit.h/x")
    },
  ]

  @Test(arguments: changes)
  func `a change is seen`(change: Change) async throws {
    _ = try await check()
    try change.body(directory)
    let run = try await check()
    #expect(counts(run) == said(2 - change.read, change.read))
    let fresh = try await Program.run(
      ["check", "-v", "-f", "json", "--no-cache"], in: directory)
    #expect(run.output == fresh.output)
  }

  @Test func `other flags are another unit`() async throws {
    _ = try await check()
    try writeDatabase(flags: "-DY=1")
    #expect(counts(try await check()) == said(0, 2))
    try writeDatabase()
    #expect(counts(try await check()) == said(2, 0))
  }

  /// Changes where a unit asks for `limit.h` by a macro, in a header that lies in no directory of the
  /// search.
  static let macroChanges = [
    // Only the other unit asks there.
    Change(testDescription: "a header beside the source", read: 1) {
      try $0.write("#define LIMIT 7\n", to: "src/limit.h")
    },
    Change(testDescription: "a header beside the header that asks", read: 1) {
      try $0.write("#define LIMIT 7\n", to: "src/deep/limit.h")
    },
    Change(testDescription: "a header earlier in the include path", read: 2) {
      try $0.write("#define LIMIT 7\n", to: "early/limit.h")
    },
    Change(testDescription: "another header beside the header that asks", read: 0) {
      try $0.write("#define LIMIT 7\n", to: "src/deep/limits.h")
    },
    Change(testDescription: "a header beside the header that asks is gone", read: 1) {
      try FileManager.default.removeItem(atPath: $0.file("src/deep/sub/x.h"))
    },
  ]

  @Test(arguments: macroChanges)
  func `a name that a macro makes is looked for too`(change: Change) async throws {
    try directory.write(
      "#define H \"limit.h\"\n#define X <sub/x.h>\n#include \"deep/ask.h\"\nint a[LIMIT];\n",
      to: "src/a.c")
    try directory.write("#include H\n#include X\n", to: "src/deep/ask.h")
    try directory.write("", to: "src/deep/sub/x.h")
    _ = try await check()
    #expect(counts(try await check()) == said(2, 0))
    try change.body(directory)
    #expect(counts(try await check()) == said(2 - change.read, change.read))
    #expect(counts(try await check()) == said(2, 0))
  }

  @Test func `what could not be read whole is not kept`() async throws {
    try directory.write("int x = ;\n", to: "src/a.c")
    try directory.write("#pragma clang __debug crash\n", to: "src/b.c")
    let cold = try await check()
    let warm = try await check()
    #expect(counts(warm) == said(0, 2))
    #expect(warm.output == cold.output)
    #expect(warm.code == 3)
  }

  @Test func `a read-only cache serves and keeps nothing`() async throws {
    #expect(counts(try await check("--cache-readonly")) == "")
    #expect(cache.names == [])
    _ = try await check()
    try directory.write("int a[2];\n", to: "src/a.c")
    #expect(counts(try await check("--cache-readonly")) == said(1, 1))
    #expect(counts(try await check("--cache-readonly")) == said(1, 1))
  }

  @Test(arguments: ["head", "middle", "cut", "empty", "text"])
  func `damage costs a word and no result`(kind: String) async throws {
    let cold = try await check()
    let path = cache.file("units.sqlite")
    for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    var bytes = try #require(FileManager.default.contents(atPath: path))
    switch kind {
    case "head": bytes.replaceSubrange(0..<100, with: Data(repeating: 0x41, count: 100))
    case "middle":
      for page in stride(from: 4096, to: bytes.count, by: 4096) {
        bytes.replaceSubrange(page..<page + 4096, with: Data(repeating: 0x41, count: 4096))
      }
    case "cut": bytes = Data(bytes.prefix(bytes.count / 2))
    case "empty": bytes = Data()
    default: bytes = Data("not a database".utf8)
    }
    try bytes.write(to: URL(fileURLWithPath: path))
    let damaged = try await check()
    #expect(damaged.output == cold.output)
    if kind != "empty" {
      #expect(damaged.errors.contains("damaged"), "\(damaged.errors)")
      #expect(damaged.errors.split(separator: "\n").count == 3)
    }
    _ = try await check()
    let warm = try await check()
    #expect(counts(warm) == said(2, 0))
    #expect(warm.output == cold.output)
  }

  /// What waits in the cache is found by what is kept beside it; that it is damaged comes out late.
  @Test func `code that is damaged is read anew when it is needed`() async throws {
    let cold = try await check()
    let path = cache.file("units.sqlite")
    var bytes = try #require(FileManager.default.contents(atPath: path))
    let magic = Data([0x89, 0x50, 0x47, 0x49, 0x52, 0x0D, 0x0A, 0x1A])
    var next = bytes.startIndex
    while let found = bytes.range(of: magic, in: next..<bytes.endIndex) {
      bytes[found.upperBound + 40] ^= 1
      next = found.upperBound
    }
    #expect(next > 0)
    try bytes.write(to: URL(fileURLWithPath: path))
    let unneeded = try await check()
    #expect(unneeded.output == cold.output)
    #expect(counts(unneeded) == said(2, 0))
    // With other terms no result holds, so that the code is asked for.
    let whole = try await Program.run(
      ["check", "-v", "-f", "json", "--whole-program", "--no-cache"], in: directory)
    let needed = try await check("--whole-program")
    #expect(needed.output == whole.output)
    // Of `a.c`, which has no function, the variables are looked at anew.
    #expect(counts(needed) == said(0, 2))
    #expect(counts(try await check("--whole-program")) == said(2, 0))
  }

  @Test func `two runs at once`() async throws {
    async let first = check("-j2")
    async let second = check("-j2")
    let runs = try await [first, second]
    #expect(runs[0].output == runs[1].output)
    #expect(runs.allSatisfy { $0.errors.split(separator: "\n").count == 2 }, "\(runs)")
    #expect(counts(try await check()) == said(2, 0))
  }

  @Test func `the environment does not reach the parser`() async throws {
    let place = try Directory([".git/HEAD": "", "a.c": "#include <odd.h>\n", "sub/odd.h": ""])
    for name in ["CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH"] {
      let run = try await Program.run(
        ["check", "--no-cache", "a.c", "--"], in: place,
        environment: [Environment.Key(stringLiteral: name): place.file("sub")])
      #expect(run.code == 3)
      #expect(run.output.contains("'odd.h' file not found"))
    }
  }

  @Test func `stats, gc and verify`() async throws {
    func run(_ arguments: String...) async throws -> Run {
      try await Program.run(["cache"] + arguments + ["--cache-dir", cache.path], in: directory)
    }
    #expect(try await run("stats").output == "\(cache.path): nothing is kept there\n")
    _ = try await check()
    let statistics = try await run("stats").output
    #expect(statistics.contains("units              2\n"))
    #expect(statistics.contains("longest not used   0 days ago\n"))
    #expect(try await run("verify").output == "2 units, all sound\n")
    #expect(
      try await run("gc", "--max-size", "0").output.hasPrefix("removed 2 units and "))
    #expect(counts(try await check()) == said(0, 2))
    let path = cache.file("units.sqlite")
    var bytes = try #require(FileManager.default.contents(atPath: path))
    for page in stride(from: 8192, to: bytes.count, by: 4096) { bytes[page] ^= 0xFF }
    try bytes.write(to: URL(fileURLWithPath: path))
    let damaged = try await run("verify")
    #expect(damaged.code == 2)
    #expect(damaged.errorLine.contains("damaged"))
  }

  @Test func `gc prunes the databases of commits that no run has used for long`() async throws {
    let digest = String(repeating: "d", count: 64)
    let unused = String(repeating: "e", count: 64)
    for name in ["old", "young"] { try cache.write(digest, to: "databases/0/\(name)") }
    try cache.write(unused, to: "databases/1/old")
    for file in ["0/\(digest)", "0/\(unused)", "1/\(unused)"] {
      try cache.write("[]", to: "databases/\(file).json")
    }
    let old = ["0/old", "0/\(digest).json", "0/\(unused).json", "1/old", "1/\(unused).json"]
    for file in old {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -40 * 86400)],
        ofItemAtPath: cache.file("databases/" + file))
    }
    let run = try await Program.run(["cache", "gc", "--cache-dir", cache.path], in: directory)
    #expect(run.output.hasPrefix("removed the compilation databases of 2 commits\n"))
    let left = try FileManager.default.subpathsOfDirectory(atPath: cache.file("databases"))
    #expect(left.sorted() == ["0", "0/\(digest).json", "0/young"])
  }
}
