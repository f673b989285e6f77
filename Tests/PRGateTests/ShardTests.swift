// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Shards do the work of one run, and the report is the same.
@Suite struct ShardTests {
  private let directory: Directory
  private let work: Directory

  init() throws {
    work = try Directory()
    var files = [".git/HEAD": ""]
    // Each unit calls the next one, so that nothing but the last is closed in its shard.
    for number in 0..<7 {
      files["unit\(number).c"] = """
        void step\(number + 1)(char *to, int count);
        void step\(number)(char *to, int count) { step\(number + 1)(to, count); }
        int use\(number)(void) { char b[4]; step\(number + 1)(b, \(number == 3 ? 5 : 4)); return b[0]; }

        """
    }
    files["unit7.c"] =
      "void step7(char *to, int count) { for (int i = 0; i < count; i++) to[i] = 1; }\n"
    files["broken.c"] = "int broken(void) { return nothing; }\n"
    directory = try Directory(files)
    let entries = files.keys.filter { $0.hasSuffix(".c") }.sorted().map { name in
      """
      {"directory": "\(directory.path)", "file": "\(name)", "command": "cc -c \(name)"}
      """
    }
    try directory.write("[\(entries.joined(separator: ",\n"))]", to: "compile_commands.json")
  }

  private func run(_ arguments: String...) async throws -> Run {
    try await Program.run(arguments, in: directory)
  }

  private func shards(_ count: Int, from base: String?, to name: String) async throws -> [String] {
    var caches: [String] = []
    for number in 1...count {
      let cache = work.file("\(name)\(number)")
      if let base { try FileManager.default.copyItem(atPath: base, toPath: cache) }
      let shard = try await run("check", "--shard", "\(number)/\(count)", "--cache-dir", cache)
      #expect(shard.code == 0, "\(shard)")
      #expect(shard.output.hasPrefix("prgate: shard \(number)/\(count): "))
      caches.append(cache)
    }
    return caches
  }

  @Test(arguments: [1, 3, 20]) func `two rounds of shards`(count: Int) async throws {
    let cold = try await run("check", "-f", "json", "--no-cache")
    #expect(cold.output.contains("off-by-one-write"))
    #expect(cold.code == 1)
    let first = work.file("first")
    let round = try await shards(count, from: nil, to: "a")
    let merged = try await Program.run(["merge", "--into", first] + round, in: directory)
    #expect(merged.code == 0, "\(merged)")
    let second = work.file("second")
    let again = try await Program.run(
      ["merge", "--into", second] + shards(count, from: first, to: "b"), in: directory)
    #expect(again.code == 0, "\(again)")
    let report = try await run("check", "-v", "-f", "json", "--cache-dir", second)
    #expect(report.output == cold.output)
    // The unit that cannot be read is read again, for its message; nothing else is left to do.
    #expect(report.errors.contains("9 units: 8 from the cache, 1 parsed"), "\(report.errors)")
    #expect(report.errors.contains("15 from the cache, 1 analysed"), "\(report.errors)")
  }

  @Test func `one round is right, too`() async throws {
    let cold = try await run("check", "-f", "json", "--no-cache")
    let all = work.file("all")
    let merged = try await Program.run(
      ["merge", "--into", all] + shards(2, from: nil, to: "c"), in: directory)
    #expect(merged.code == 0)
    #expect(try await run("check", "-f", "json", "--cache-dir", all).output == cold.output)
  }

  @Test func `a shard that is missing, damaged or of no shard is said`() async throws {
    let missing = try await run("merge", "--into", work.file("x"), work.file("nowhere"))
    #expect(missing.code == 2)
    #expect(missing.errors.contains("there is no cache; run the shard"))
    try FileManager.default.createDirectory(
      atPath: work.file("bad"), withIntermediateDirectories: true)
    try work.write("this is no database", to: "bad/units.sqlite")
    let damaged = try await run("merge", "--into", work.file("x"), work.file("bad"))
    #expect(damaged.code == 2)
    #expect(damaged.errors.contains("run the shard again"), "\(damaged)")
    for shard in ["0/2", "3/2", "2", "a/b", "1/0"] {
      let wrong = try await run("check", "--shard", shard, "--cache-dir", work.file("y"))
      #expect(wrong.code == 2, "\(shard)")
    }
    #expect(try await run("check", "--shard", "1/2", "--no-cache").code == 2)
    #expect(try await run("check", "--shard", "1/2", "unit1.c").code == 2)
  }
}
