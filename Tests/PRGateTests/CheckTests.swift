// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What other tools and people rely on, whatever the rules find.
@Suite struct CheckTests {
  private let good = "int one(void) { return 1; }\n"

  private func sarif(_ text: String) throws -> [String: Any] {
    let log = try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    #expect(log["version"] as? String == "2.1.0")
    return try #require((log["runs"] as? [[String: Any]])?.first)
  }

  @Test func sarifIsAloneOnStandardOutput() async throws {
    let directory = try Directory(["a.c": good, "b.c": good])
    let run = try await Program.run(
      ["check", "--format", "sarif", "a.c", "b.c", "--", "-DX"], in: directory)
    #expect(run.errors.isEmpty)
    #expect(run.output.hasSuffix("}\n"))
    let tool = try #require(try sarif(run.output)["tool"] as? [String: Any])
    #expect((tool["driver"] as? [String: Any])?["name"] as? String == "prgate")
  }

  @Test func sarifFromADatabase() async throws {
    let directory = try Directory([
      "src/a.c": good,
      "build/compile_commands.json":
        #"[{"directory": "..", "file": "src/a.c", "command": "cc -c src/a.c"}]"#,
    ])
    let run = try await Program.run(
      ["check", "--format", "sarif", "-p", "build", "src/a.c"], in: directory)
    #expect(run.errors.isEmpty)
    _ = try sarif(run.output)
  }

  @Test func filesGetTheirFormatsInOneRun() async throws {
    let directory = try Directory(["a.c": good])
    let run = try await Program.run(
      ["check", "a.c", "-o", "sarif=x.sarif", "-o", "json=x.json", "-o", "text=x.txt", "--"],
      in: directory)
    _ = try sarif(try #require(directory.read("x.sarif")))
    #expect(directory.read("x.json")?.hasPrefix("{") == true)
    #expect(directory.read("x.txt") == run.output)
    #expect(directory.names == ["a.c", "x.json", "x.sarif", "x.txt"])
  }

  @Test func equalRunsPrintEqualBytesForAnyNumberOfJobs() async throws {
    var files: [String: String] = [".git/HEAD": ""]
    for number in 0..<12 { files["d\(number % 3)/f\(number).c"] = "int f\(number)(void);\n" + good }
    files["broken.c"] = "int x = ;\n"
    let directory = try Directory(files)
    for format in ["text", "json", "sarif", "github"] {
      let one = try await Program.run(["check", ".", "-j", "1", "-f", format, "--"], in: directory)
      let many = try await Program.run(
        ["check", ".", "-j", "8", "-f", format, "--"], in: directory)
      #expect(one.code == 3)
      #expect(one == many)
    }
  }

  @Test func defaultFlagsAreAnnouncedOnce() async throws {
    let directory = try Directory([".git/HEAD": "", "a.c": good, "b.c": good])
    let guessed = try await Program.run(["check", "."], in: directory)
    #expect(
      guessed.output.contains(
        "there is no compile_commands.json, so 2 files (a.c, …) are read with default flags"))
    let told = try await Program.run(["check", ".", "--"], in: directory)
    #expect(!told.output.contains("default flags"))
  }

  @Test func everyDistinctCommandOfAFileIsAnalysed() async throws {
    let directory = try Directory([
      ".git/HEAD": "", "a.c": "#ifdef B\n#error only with B\n#endif\n" + good,
      "compile_commands.json": """
      [{"directory": ".", "file": "a.c", "command": "cc -o x/a.o -c a.c"},
       {"directory": ".", "file": "a.c", "command": "cc -O2 -Wall -o y/a.o -c a.c"},
       {"directory": ".", "file": "a.c", "command": "cc -DB -o z/a.o -c a.c"}]
      """,
    ])
    let run = try await Program.run(["check", "a.c", "-f", "json"], in: directory)
    #expect(run.code == 3)
    #expect(run.output.contains("only with B"))
    #expect(run.output.contains(#""needed": 2"#) || run.output.contains(#""needed":2"#))
  }

  @Test func droppedFlagsAreListedWhenAsked() async throws {
    let directory = try Directory(["a.c": good])
    let flags = ["--", "-fconserve-stack", "-fno-such-thing", "-O2"]
    let usual = try await Program.run(["check", "a.c"] + flags, in: directory)
    #expect(!usual.output.contains("-fconserve-stack"))
    #expect(usual.output.contains("dropped unknown compiler flags: -fno-such-thing\n"))
    let verbose = try await Program.run(["check", "-v", "a.c"] + flags, in: directory)
    #expect(verbose.output.contains("dropped flags of another compiler: -fconserve-stack\n"))
    #expect(!verbose.output.contains("-O2"))
  }

  @Test func colourFollowsTheOption() async throws {
    let directory = try Directory(["a.c": good])
    let always = try await Program.run(["check", "--color", "always", "a.c", "--"], in: directory)
    #expect(always.output.contains("\u{1B}["))
    let auto = try await Program.run(["check", "a.c", "--"], in: directory)
    #expect(!auto.output.contains("\u{1B}["))
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func completions(shell: String) async throws {
    let run = try await Program.run(["completions", shell], in: Directory())
    #expect(run.code == 0)
    #expect(run.output.contains("explain"))
  }

  @Test func versionNamesItsParser() async throws {
    let run = try await Program.run(["--version"], in: Directory())
    #expect(run.code == 0)
    #expect(run.output.wholeMatch(of: /prgate \d+\.\d+\.\d+ \(.*clang version \d+.*\)\n/) != nil)
  }

  @Test(arguments: [0, 1, 2, 3, 4, 130])
  func everyStatusIsExplained(status: Int) async throws {
    let run = try await Program.run(["explain", "exit", "\(status)"], in: Directory())
    #expect(run.code == 0)
    #expect(run.output.hasPrefix("\(status): "))
  }

  @Test(arguments: [
    [], ["--help"], ["check", "--help"], ["help", "check"], ["dump", "ir", "--help"],
  ])
  func helpIsNoError(arguments: [String]) async throws {
    let run = try await Program.run(arguments, in: Directory())
    #expect(run.code == 0)
    #expect(run.output.contains("USAGE: prgate"))
    #expect(run.errors.isEmpty)
  }
}

/// A finding on its way to people: what is found is the rules' own test.
@Suite struct FindingTests {
  private let flawed = """
    void clear(void) {
      char name[16];
      for (int i = 0; i <= 16; i++)
        name[i] = 0;
    }

    """

  @Test func blocksWithItsPlaceValuesAndRule() async throws {
    let directory = try Directory([".git/HEAD": "", "src/a.c": flawed])
    let run = try await Program.run(["check", "src/a.c", "--"], in: directory)
    #expect(run.code == 1)
    #expect(run.output.contains("src/a.c:4:5: error: writes byte 17 of 16 of 'name'"))
    #expect(run.output.contains("[off-by-one-write]"))
    #expect(run.output.contains("    4 |     name[i] = 0;\n      |     ^"))
  }

  @Test func isLeftOutWithItsRule() async throws {
    let directory = try Directory([".git/HEAD": "", "a.c": flawed])
    for arguments in [["--ignore", "off-by-one-write"], ["--select", "unsafe-function"]] {
      let run = try await Program.run(["check"] + arguments + ["a.c", "--"], in: directory)
      #expect(run.code == 0)
      #expect(!run.output.contains("off-by-one-write"))
    }
    let run = try await Program.run(
      ["check", "--select", "off-by-one-read,off-by-one-write", "a.c", "--"], in: directory)
    #expect(run.code == 1)
  }

  @Test func isLikelyAtBestInABrokenUnit() async throws {
    let directory = try Directory([".git/HEAD": "", "a.c": flawed + "int broken = ;\n"])
    let run = try await Program.run(["check", "--all", "a.c", "--"], in: directory)
    #expect(run.code == 3)
    #expect(run.output.contains("(tier B) [off-by-one-write]"))
  }

  @Test func isOneFindingInAHeaderOfManyUnits() async throws {
    let directory = try Directory([
      ".git/HEAD": "", "clear.h": "static inline " + flawed,
      "a.c": "#include \"clear.h\"\nvoid a(void) { clear(); }\n",
      "b.c": "#include \"clear.h\"\nvoid b(void) { clear(); }\n",
    ])
    let run = try await Program.run(["check", ".", "--"], in: directory)
    #expect(run.code == 1)
    #expect(run.output.contains("FAIL: 1 finding blocks"))
    #expect(run.output.contains("clear.h:4:5: error"))
  }

  @Test func isNamedFromTheRootThroughLinks() async throws {
    let directory = try Directory(["real/.git/HEAD": "", "real/src/a.c": flawed])
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("link"), withDestinationPath: "real")
    try directory.write(
      """
      [{"directory": "\(directory.file("link"))", "file": "src/a.c",
        "command": "cc -I\(directory.file("link"))/include -c src/a.c"}]
      """, to: "real/compile_commands.json")
    let run = try await Program.run(
      ["check", directory.file("link/src/a.c")], in: directory, below: "link")
    #expect(run.output.hasPrefix("src/a.c:4:5: error"))
  }
}
