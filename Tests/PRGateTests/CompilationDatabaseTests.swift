// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import PRGate

@Suite struct CompilationDatabaseTests {
  private func failure(_ json: String, files: [String] = []) throws -> String {
    let directory = try Directory(["compile_commands.json": json])
    for file in files { try directory.write("", to: file) }
    do {
      _ = try CompilationDatabase(at: directory.path)
      return "no failure"
    } catch {
      #expect(error.status == .usage)
      let prefix = directory.file("compile_commands.json: ")
      return error.message.hasPrefix(prefix)
        ? String(error.message.dropFirst(prefix.count)) : error.message
    }
  }

  @Test func readsBothForms() throws {
    let directory = try Directory([
      "compile_commands.json": """
      [{"directory": "/b", "file": "a.c", "arguments": ["cc", "-DX=1 2", "a.c"], "output": "a.o"},
       {"directory": "/b", "file": "../c.c", "command": "cc '-DX=1 2' ../c.c"},
       {"directory": "sub", "file": "d.c", "command": "cc d.c"}]
      """
    ])
    let database = try CompilationDatabase(at: directory.path)
    #expect(
      database.commands == [
        CompileCommand(directory: "/b", file: "/b/a.c", arguments: ["cc", "-DX=1 2", "a.c"]),
        CompileCommand(directory: "/b", file: "/c.c", arguments: ["cc", "-DX=1 2", "../c.c"]),
        CompileCommand(
          directory: directory.file("sub"), file: directory.file("sub/d.c"),
          arguments: ["cc", "d.c"]),
      ])
  }

  @Test func findsAllCommandsOfAFileUnderAnyName() throws {
    let directory = try Directory([
      "a.c": "",
      "compile_commands.json": """
      [{"directory": ".", "file": "a.c", "command": "cc -DA a.c"},
       {"directory": ".", "file": "./x/../a.c", "command": "cc -DB ./a.c"},
       {"directory": ".", "file": "link.c", "command": "cc -DC link.c"},
       {"directory": ".", "file": "b.c", "command": "cc b.c"}]
      """,
    ])
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("link.c"), withDestinationPath: "a.c")
    let database = try CompilationDatabase(at: directory.file("compile_commands.json"))
    #expect(
      database.commands(for: directory.file("a.c")).map { $0.arguments[1] } == [
        "-DA", "-DB", "-DC",
      ])
    #expect(database.commands(for: directory.file("none.c")).isEmpty)
  }

  /// Fragments of `clang -MJ`, put together, end with a comma; clang's own tools read them too.
  @Test func commasAtTheEnd() throws {
    let directory = try Directory([
      "a.c": "",
      "compile_commands.json": #"[{"directory": ".", "file": "a.c", "command": "cc -c a.c",},]"#,
    ])
    #expect(try CompilationDatabase(at: directory.path).commands.count == 1)
  }

  /// Every message names the entry, or says that there is none.
  @Test(arguments: [
    ("", "not valid JSON"),
    ("[{]", "not valid JSON"),
    (#"[{"directory": "/", "file": "a.c", "command": "cc a.c"},,]"#, "not valid JSON"),
    ("[,]", "not valid JSON"),
    ("{}", "not a list of entries"),
    ("[1]", "entry 1 is not an object"),
    (#"[{"directory": "/", "command": "cc a.c"}]"#, #"entry 1 has no "file""#),
    (#"[{"file": "a.c", "command": "cc a.c"}]"#, #"entry 1 has no "directory""#),
    (
      #"[{"directory": "/", "file": 1, "command": "cc"}]"#,
      #"entry 1 has a "file" of the wrong type"#
    ),
    (
      #"[{"directory": "/", "file": "a.c", "arguments": [1]}]"#,
      #"entry 1 has a "arguments" of the wrong type"#
    ),
    (#"[{"directory": "/", "file": "", "command": "cc"}]"#, #"entry 1: has an empty "file""#),
    (#"[{"directory": "/", "file": "a.c"}]"#, #"entry 1: has neither "arguments" nor "command""#),
    (#"[{"directory": "/", "file": "a.c", "arguments": []}]"#, "entry 1: has an empty command"),
    (
      #"[{"directory": "/", "file": "a.c", "command": "cc 'a.c"}]"#,
      #"entry 1: has a "command" that ends inside a quotation"#
    ),
    (
      #"[{"directory": "/", "file": "a.c", "command": "cc a.c"}, {"directory": "/", "file": "a.c"}]"#,
      "entry 2: has neither"
    ),
    (
      #"[{"directory": "/", "file": "a.c", "arguments": ["cc", "-DX"], "command": "cc -DY"}]"#,
      #"entry 1: has "arguments" and "command" that differ"#
    ),
    (
      #"[{"directory": ".", "file": "a.c", "command": "cc -c b.c"}]"#,
      "entry 1: is for a.c, but its command compiles b.c"
    ),
    (#"[{"directory": "/", "file": "a\nb.c", "command": "cc"}]"#, "entry 1: contains a line break"),
    (
      #"[{"directory": "/", "file": "a\u0000b.c", "command": "cc"}]"#,
      "entry 1: contains a zero byte"
    ),
  ])
  func brokenOrContradictory(json: String, message: String) throws {
    let failure = try failure(json, files: ["a.c", "b.c"])
    #expect(failure.hasPrefix(message), "\(failure)")
    #expect(failure.contains("make the database anew"))
  }

  @Test func twoNamesOfOneFileAreNoContradiction() throws {
    let json = #"[{"directory": "sub", "file": "../a.c", "command": "cc -MT b.c -c ./../a.c"}]"#
    #expect(try failure(json, files: ["a.c", "sub/b.c"]) == "no failure")
  }
}

@Suite struct DatabaseDiscoveryTests {
  private let empty = "[]"

  @Test func prefersTheNearestAndThenTheFirstName() throws {
    let directory = try Directory([
      ".git/HEAD": "", "build-b/compile_commands.json": "[]", "build-a/compile_commands.json": "[]",
      "out/compile_commands.json": "[]", "src/deep/a.c": "",
    ])
    let search = { DatabaseDiscovery.database(for: directory.file("src/deep")) }
    #expect(search() == directory.file("build-a/compile_commands.json"))
    try directory.write("[]", to: "compile_commands.json")
    #expect(search() == directory.file("compile_commands.json"))
    try directory.write("[]", to: "src/build/compile_commands.json")
    #expect(search() == directory.file("src/build/compile_commands.json"))
  }

  @Test func staysInsideTheRepository() throws {
    let directory = try Directory([
      "compile_commands.json": "[]", "repo/.git/HEAD": "", "repo/a.c": "",
    ])
    #expect(DatabaseDiscovery.database(for: directory.file("repo")) == nil)
  }

  @Test func ignoresBuildDirectoriesOfStrangers() throws {
    let directory = try Directory(["build-x/compile_commands.json": "[]", "src/a.c": ""])
    #expect(DatabaseDiscovery.database(for: directory.file("src")) == nil)
    #expect(
      DatabaseDiscovery.database(for: directory.path)
        == directory.file("build-x/compile_commands.json"))
  }
}
