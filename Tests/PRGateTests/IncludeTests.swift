// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What lies outside of the project is not read into its verdict, and never shown.
@Suite struct IncludeTests {
  /// Text that would be in the compiler's messages.
  private let secret = "root:hunter2:19000:0:99999:7:::\n"

  /// A project beside a file that is none of its business.
  private func place(_ files: [String: String]) throws -> Directory {
    var all = files.reduce(into: [:]) { $0["project/\($1.key)"] = $1.value }
    all["project/.git/HEAD"] = ""
    all["private/shadow"] = secret
    return try Directory(all)
  }

  private func expectRefusal(
    _ run: Run, of path: String, at location: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(run.code == 3, sourceLocation: sourceLocation)
    let all = run.output + run.errors
    #expect(!all.contains("hunter2"), sourceLocation: sourceLocation)
    #expect(
      all.contains("\(location) reads \(path), which lies outside of the project"),
      "\(all)", sourceLocation: sourceLocation)
  }

  @Test(arguments: ["text", "json", "sarif"])
  func absoluteNames(format: String) async throws {
    let place = try place([:])
    let shadow = place.file("private/shadow")
    try "int a;\n#include \"\(shadow)\"\n".write(
      toFile: place.file("project/a.c"), atomically: true, encoding: .utf8)
    let run = try await Program.run(
      ["check", "--format", format, "a.c"], in: place, below: "project")
    #expect(run.code == 3)
    #expect(!(run.output + run.errors).contains("hunter2"))
    #expect((run.output + run.errors).contains("which lies outside of the project"))
    if format == "text" { expectRefusal(run, of: shadow, at: "a.c:2") }
  }

  @Test func namesThatGoUp() async throws {
    let place = try place([
      "sub/a.c": "#include \"b.h\"\n", "sub/b.h": "\n\n#include \"../../private/shadow\"\n",
    ])
    let run = try await Program.run(["check", "sub/a.c"], in: place, below: "project")
    expectRefusal(run, of: place.file("private/shadow"), at: "sub/b.h:3")
    let inProcess = try await Program.run(
      ["check", "--in-process", "sub/a.c"], in: place, below: "project")
    expectRefusal(inProcess, of: place.file("private/shadow"), at: "sub/b.h:3")
  }

  @Test func linksThatLeadOut() async throws {
    let place = try place(["a.c": "#include \"b.h\"\n"])
    try FileManager.default.createSymbolicLink(
      atPath: place.file("project/b.h"), withDestinationPath: "../private/shadow")
    let run = try await Program.run(["check", "a.c"], in: place, below: "project")
    expectRefusal(run, of: place.file("project/b.h"), at: "a.c:1")
  }

  @Test func embeddedFiles() async throws {
    let place = try place([
      "a.c": "const char a[] = {\n#embed \"../private/shadow\"\n};\n",
      "b.c": "const char b[] = {\n# /**/ em\\\nbed \"../private/shadow\"\n};\n",
      "c.c": "const char c[] = {\n#embed \"data\"\n};\n", "data": "text",
    ])
    for (file, line) in [("a.c", 2), ("b.c", 2)] {
      let run = try await Program.run(["check", file], in: place, below: "project")
      expectRefusal(run, of: place.file("private/shadow"), at: "\(file):\(line)")
    }
    let run = try await Program.run(["check", "c.c"], in: place, below: "project")
    #expect(run.code == 0)
  }

  /// Flags of the build may name a directory anywhere, but not the whole machine or its state.
  @Test func directoriesOfFlags() async throws {
    let place = try place(["a.c": "#include \"more.h\"\nint a = MORE;\n"])
    try "#define MORE 1\n".write(
      toFile: place.file("private/more.h"), atomically: true, encoding: .utf8)
    let allowed = try await Program.run(
      ["check", "a.c", "--", "-I", "../private"], in: place, below: "project")
    #expect(allowed.code == 0, "\(allowed.errors)")
    try "#include \"passwd\"\n".write(
      toFile: place.file("project/a.c"), atomically: true, encoding: .utf8)
    for flags in [["-I/etc"], ["-I", "/", "-I", "/etc"], ["-isystem", "/etc"]] {
      let run = try await Program.run(
        ["check", "a.c", "--"] + flags, in: place, below: "project")
      expectRefusal(run, of: "/etc/passwd", at: "a.c:1")
    }
  }

  @Test func headersThatFlagsRead() async throws {
    let place = try place(["a.c": "int a;\n"])
    let run = try await Program.run(
      ["check", "a.c", "--", "-include", "/etc/passwd"], in: place, below: "project")
    expectRefusal(run, of: "/etc/passwd", at: "a flag")
  }

  /// Without git, the project is where the compilation database lies.
  @Test func projectsWithoutGit() async throws {
    let database = #"[{"directory": ".", "file": "sub/a.c", "command": "cc -c sub/a.c"},]"#
    let place = try Directory([
      "sub/a.c": "#include \"../b.h\"\n", "b.h": "", "compile_commands.json": database,
    ])
    let run = try await Program.run(["check", "a.c"], in: place, below: "sub")
    #expect(run.code == 0, "\(run.errors)")
  }
}
