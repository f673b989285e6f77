// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What was not analysed is never a pass, and it is named.
@Suite struct CoverageTests {
  private let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.makeRepository()
    try sandbox.git("checkout", "--quiet", "-b", "topic", in: "repo")
  }

  private func change(_ name: String, _ text: String) throws {
    try sandbox.write(text, to: "repo/" + name)
    try sandbox.commit("change \(name)")
  }

  private func expectIncomplete(_ outcome: Outcome, _ text: String) {
    #expect(outcome.status == 3, "\(outcome.errors)")
    #expect(outcome.output.contains("INCOMPLETE"))
    #expect(outcome.output.contains(text), "\(outcome.output)")
  }

  @Test("No C file changed")
  func nothing() throws {
    try change("README", "Another text.\n")
    let outcome = try sandbox.prgate("gate", in: "repo")
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("nothing to check"))
  }

  @Test("No change at all")
  func noChange() throws {
    let outcome = try sandbox.prgate("gate", in: "repo")
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("nothing to check"))
  }

  @Test("A changed source that is analysed is a pass")
  func pass() throws {
    try change("src/other.c", "int other(void) { return 2; }\n")
    let outcome = try sandbox.prgate("gate", in: "repo")
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("analysed 1/1 units"))
  }

  @Test("An empty database, or none, while C files changed")
  func noDatabase() throws {
    try change("src/other.c", "int other(void) { return 2; }\n")
    try sandbox.write("[]\n", to: "repo/compile_commands.json")
    expectIncomplete(
      try sandbox.prgate("gate", in: "repo"), "src/other.c: compile_commands.json has no C file")
    try FileManager.default.removeItem(atPath: sandbox.path("repo/compile_commands.json"))
    expectIncomplete(
      try sandbox.prgate("gate", in: "repo"), "src/other.c: there is no compile_commands.json")
  }

  @Test("A header that is gone, while there is no database to say who read it")
  func deletedWithoutDatabase() throws {
    try sandbox.git("rm", "--quiet", "include/limit.h", in: "repo")
    try sandbox.commit("removes a header")
    try sandbox.write("[]\n", to: "repo/compile_commands.json")
    expectIncomplete(
      try sandbox.prgate("gate", in: "repo"), "include/limit.h: compile_commands.json has no C")
  }

  @Test("A file that was committed at the base and is a build product now")
  func becameProduct() throws {
    try sandbox.write("#define WAS_COMMITTED 1\n", to: "repo/src/was.local")
    try sandbox.write(
      "#include \"was.local\"\nint other(void) { return WAS_COMMITTED; }\n",
      to: "repo/src/other.c")
    try sandbox.git("add", "--force", "src/was.local", in: "repo")
    try sandbox.commit("commits it")
    try sandbox.git("push", "--quiet", "origin", "HEAD:main", in: "repo")
    try sandbox.git("rm", "--quiet", "--cached", "src/was.local", in: "repo")
    try sandbox.git("commit", "--quiet", "--message", "generates it", in: "repo")
    try sandbox.write("#define IS_GENERATED 1\n", to: "repo/src/was.local")
    try change(
      "src/other.c", "#include \"was.local\"\nint other(void) { return IS_GENERATED; }\n")
    let outcome = try sandbox.prgate("gate", in: "repo")
    #expect(outcome.status == 0, "\(outcome.output)")
    let back = try sandbox.prgate("gate", "--base", "origin/main", "--head", "main", in: "repo")
    #expect(back.status == 0, "\(back.output)")
    let old = try sandbox.prgate("gate", "--base", "HEAD~3", "--head", "HEAD~2", in: "repo")
    #expect(old.status == 0, "\(old.output)")
  }

  @Test("A changed source that the database lacks")
  func notInDatabase() throws {
    try change("src/new.c", "int fresh(void) { return 2; }\n")
    expectIncomplete(
      try sandbox.prgate("gate", in: "repo"),
      "src/new.c: it is not in compile_commands.json; build it and make the database anew")
  }

  @Test("A changed source that does not parse")
  func broken() throws {
    try change("src/other.c", "int other(void) { return }\n")
    expectIncomplete(try sandbox.prgate("gate", in: "repo"), "src/other.c")
  }

  @Test("A header that is missing in the commit and lies untracked in the tree")
  func untrackedHeader() throws {
    try sandbox.write("#define FORGOTTEN 1\n", to: "repo/src/forgotten.h")
    try sandbox.write(
      "#include \"forgotten.h\"\nint other(void) { return FORGOTTEN; }\n", to: "repo/src/other.c")
    try sandbox.git("add", "src/other.c", in: "repo")
    try sandbox.git("commit", "--quiet", "--message", "forgets a header", in: "repo")
    #expect(try sandbox.git("status", "--short", in: "repo") == "?? src/forgotten.h")
    expectIncomplete(
      try sandbox.prgate("gate", in: "repo"), "'forgotten.h' file not found")
    try sandbox.commit("remembers it")
    #expect(try sandbox.prgate("gate", in: "repo").status == 0)
  }

  @Test("A header that is edited in the tree only")
  func dirtyHeader() throws {
    try change("src/limit.c", "#include \"limit.h\"\nint limit(void) { return NEW_LIMIT; }\n")
    try sandbox.write("#define LIMIT 16\n#define NEW_LIMIT 1\n", to: "repo/include/limit.h")
    expectIncomplete(try sandbox.prgate("gate", in: "repo"), "NEW_LIMIT")
  }

  @Test("A build product is there although git does not have it")
  func generatedHeader() throws {
    try change(
      "src/limit.c",
      "#include \"limit.h\"\n#include \"generated.h\"\nint limit(void) { return GENERATED; }\n")
    #expect(try sandbox.prgate("gate", in: "repo").status == 0)
    try FileManager.default.removeItem(atPath: sandbox.path("repo/build/generated.h"))
    expectIncomplete(try sandbox.prgate("gate", in: "repo"), "'generated.h' file not found")
  }

  @Test("A build product in a directory that git has, too")
  func generatedBesideSource() throws {
    try sandbox.write("#define HERE 1\n", to: "repo/src/here.local")
    try sandbox.write("#define THERE 1\n", to: "repo/src/there.other")
    try sandbox.write(
      "#include \"here.local\"\nint other(void) { return HERE; }\n", to: "repo/src/other.c")
    try sandbox.git("commit", "--quiet", "--all", "--message", "uses it", in: "repo")
    #expect(try sandbox.prgate("gate", in: "repo").status == 0)
    try sandbox.write(
      "#include \"there.other\"\nint other(void) { return THERE; }\n", to: "repo/src/other.c")
    try sandbox.git("commit", "--quiet", "--all", "--message", "uses the other", in: "repo")
    expectIncomplete(try sandbox.prgate("gate", in: "repo"), "'there.other' file not found")
  }

  @Test("A link in a build directory does not lead back into the work tree")
  func linkIntoTree() throws {
    try sandbox.git("rm", "--quiet", "include/limit.h", in: "repo")
    try sandbox.commit("removes a header")
    try sandbox.write("#define LIMIT 16\n", to: "repo/include/limit.h")
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("repo/build/limit.h"), withDestinationPath: "../include/limit.h")
    let outcome = try sandbox.prgate("gate", in: "repo")
    expectIncomplete(
      outcome, "src/limit.c: it reads build/limit.h, which is not as the commit has it")
  }

  @Test("A committed link out of the repository shows nothing of the machine")
  func linkOut() throws {
    try sandbox.write("#define SECRET 1\n", to: "home/secret.h")
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("repo/src/secret.h"), withDestinationPath: sandbox.path("home/secret.h"))
    try change("src/other.c", "#include \"secret.h\"\nint other(void) { return SECRET; }\n")
    expectIncomplete(try sandbox.prgate("gate", in: "repo"), "'secret.h' file not found")
  }

  @Test("A committed link within the repository works")
  func linkWithin() throws {
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("repo/src/alias.h"), withDestinationPath: "../include/limit.h")
    try change("src/other.c", "#include \"alias.h\"\nint other(void) { return LIMIT; }\n")
    let outcome = try sandbox.prgate("gate", in: "repo")
    #expect(outcome.status == 0, "\(outcome.output)")
  }

  @Test("A header above the repository is not part of it")
  func headerAbove() throws {
    try sandbox.write("#define ABOVE 1\n", to: "above.h")
    try change("src/other.c", "#include \"../../above.h\"\nint other(void) { return ABOVE; }\n")
    expectIncomplete(try sandbox.prgate("gate", in: "repo"), "'../../above.h' file not found")
  }

  @Test("A changed header reaches the units that include it and no others, whatever a cache knows")
  func header() throws {
    try change("include/limit.h", "#define LIMIT 17\n")
    let first = try sandbox.prgate("gate", "-f", "json", in: "repo")
    #expect(first.status == 0, "\(first.output)")
    #expect(first.output.contains("src/limit.c"))
    #expect(!first.output.contains("src/other.c"), "\(first.output)")
    let second = try sandbox.prgate("gate", "-f", "json", in: "repo")
    #expect(second.output == first.output, "cold and warm")
    let other = try sandbox.prgate(
      "gate", "-f", "json", "--cache-dir", "\(sandbox.path("new"))", in: "repo")
    #expect(other.output == first.output, "another cache")
  }

  @Test("A header that is no longer included reaches the unit that did at the base")
  func formerHeader() throws {
    try sandbox.write("#include \"more.h\"\n#define LIMIT 16\n", to: "repo/include/limit.h")
    try sandbox.write("#define MORE 1\n", to: "repo/include/more.h")
    try sandbox.commit("more")
    try sandbox.git("push", "--quiet", "origin", "HEAD:main", in: "repo")
    try sandbox.write("#define LIMIT 16\n", to: "repo/include/limit.h")
    try sandbox.write("#include \"more.h\"\nint other = MORE;\n", to: "repo/src/other.c")
    try change("include/more.h", "#define MORE 2\n")
    let outcome = try sandbox.prgate("gate", in: "repo")
    #expect(outcome.output.contains("analysed 2/2 units"), "\(outcome.output)")
  }

  @Test("A new header that could be found first reaches the units that could find it")
  func shadowingHeader() throws {
    try change("include/limit.h", "#define LIMIT 17\n")
    _ = try sandbox.prgate("gate", in: "repo")
    try change("src/limit.h", "#error found first\n")
    expectIncomplete(try sandbox.prgate("gate", in: "repo"), "found first")
  }

  @Test("A build product that changed is seen although git does not know it")
  func changedProduct() throws {
    try change("include/limit.h", "#define LIMIT 17\n")
    _ = try sandbox.prgate("gate", in: "repo")
    try sandbox.write("#error generated anew\n", to: "repo/build/generated.h")
    try change("include/unused.h", "#define UNUSED 1\n")
    expectIncomplete(try sandbox.prgate("gate", in: "repo"), "generated anew")
  }

  @Test("A deleted header reaches the units that included it")
  func deletedHeader() throws {
    try sandbox.git("rm", "--quiet", "include/limit.h", in: "repo")
    try sandbox.commit("removes a header")
    expectIncomplete(try sandbox.prgate("gate", in: "repo"), "'limit.h' file not found")
  }

  @Test("A deleted source needs nothing, although the database still has it")
  func deletedSource() throws {
    try sandbox.git("rm", "--quiet", "src/other.c", in: "repo")
    try sandbox.commit("removes a source")
    let outcome = try sandbox.prgate("gate", in: "repo")
    #expect(outcome.status == 0, "\(outcome.output)")
  }

  @Test("A header that no unit includes")
  func unreadHeader() throws {
    try change("include/lonely.h", "#define LONELY 1\n")
    expectIncomplete(
      try sandbox.prgate("gate", in: "repo"),
      "include/lonely.h: no unit of the compilation database includes it")
  }

  @Test("A source that another one includes reaches that one")
  func includedSource() throws {
    try sandbox.write("#include \"part.c\"\n", to: "repo/src/other.c")
    try sandbox.write("int part(void) { return 1; }\n", to: "repo/src/part.c")
    try sandbox.writeDatabase(of: ["src/limit.c", "src/other.c", "src/part.c"])
    try sandbox.commit("unity")
    try sandbox.git("push", "--quiet", "origin", "HEAD:main", in: "repo")
    try change("src/part.c", "int part(void) { return UNKNOWN; }\n")
    let outcome = try sandbox.prgate("gate", in: "repo")
    expectIncomplete(outcome, "src/other.c: ")
    expectIncomplete(outcome, "src/part.c:1: ")
  }

  @Test("A file of any name that a unit includes reaches that unit")
  func includedData() throws {
    try sandbox.write("1, 2, 3\n", to: "repo/src/data.table")
    try sandbox.write("int data[] = {\n#include \"data.table\"\n};\n", to: "repo/src/other.c")
    try sandbox.commit("a table")
    try sandbox.git("push", "--quiet", "origin", "HEAD:main", in: "repo")
    try change("src/data.table", "1, 2, NOTHING\n")
    expectIncomplete(try sandbox.prgate("gate", in: "repo"), "src/other.c: ")
    try change("src/data.table", "1, 2, 4\n")
    let outcome = try sandbox.prgate("gate", in: "repo")
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.contains("analysed 1/1 units"), "\(outcome.output)")
    let cold = try sandbox.prgate("gate", "--cache-dir", sandbox.path("new"), in: "repo")
    #expect(cold.output == outcome.output)
  }

  @Test("A source that the build names in quotes is included by nobody for that")
  func namedByBuild() throws {
    try sandbox.write("set(SOURCES \"src/other.c\")\n", to: "repo/sources.cmake")
    try sandbox.commit("build")
    try sandbox.git("push", "--quiet", "origin", "HEAD:main", in: "repo")
    try change("src/other.c", "int other(void) { return 2; }\n")
    let outcome = try sandbox.prgate("gate", "-v", in: "repo")
    #expect(outcome.output.contains("analysed 1/1 units"), "\(outcome.output)")
  }

  @Test("A file that a macro of the command line names reaches that unit")
  func namedByFlag() throws {
    try sandbox.write("int data[] = {\n#include TABLE\n};\n", to: "repo/src/other.c")
    try sandbox.write("1, 2\n", to: "repo/src/data.table")
    try sandbox.writeDatabase(
      of: [("src/limit.c", []), ("src/other.c", [#"-DTABLE=\"data.table\""#])])
    try sandbox.commit("a table")
    try sandbox.git("push", "--quiet", "origin", "HEAD:main", in: "repo")
    try change("src/data.table", "1, NOTHING\n")
    expectIncomplete(try sandbox.prgate("gate", in: "repo"), "NOTHING")
  }

  @Test("Names with blanks, quotes and letters of any script")
  func names() throws {
    let name = "src/a \"quoted\" \\ näme.c"
    try sandbox.write("#define GENERATED 1\n", to: "repo/build/ü \"1\".h")
    try sandbox.write(
      "#include \"b c.h\"\n#include <ü \"1\".h>\nint f(void) { return B + GENERATED; }\n",
      to: "repo/" + name)
    try sandbox.write("#define B 1\n", to: "repo/src/b c.h")
    let entry: [String: Any] = [
      "directory": sandbox.path("repo"), "file": name, "arguments": ["cc", "-Ibuild", "-c", name],
    ]
    let database = try JSONSerialization.data(withJSONObject: [entry])
    try sandbox.write(
      String(decoding: database, as: UTF8.self), to: "repo/compile_commands.json")
    try sandbox.commit("names")
    try sandbox.write("#error dirty\n", to: "repo/src/b c.h")
    let outcome = try sandbox.prgate("gate", in: "repo")
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("analysed 1/1 units"))
  }

  @Test("The commit that a merge request makes is compared with the branch it goes to")
  func mergeCheckout() throws {
    try change("src/other.c", "int other(void) { return 2; }\n")
    try sandbox.git("checkout", "--quiet", "main", in: "repo")
    try change("src/limit.c", "int limit(void) { return LIMIT_OF_MAIN; }\n")
    try sandbox.git("push", "--quiet", "origin", "main", in: "repo")
    try sandbox.git("checkout", "--quiet", "--detach", "main", in: "repo")
    try sandbox.git("merge", "--quiet", "--no-edit", "topic", in: "repo")
    // What main brought on its own is not part of the change, broken as it is.
    let outcome = try sandbox.prgate("gate", "--base", "origin/main", in: "repo")
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("analysed 1/1 units"))
    let branch = try sandbox.prgate("gate", "--head", "topic", in: "repo")
    #expect(branch.status == 0)
    #expect(branch.output.contains("analysed 1/1 units"))
  }

  @Test("Files of a submodule do not exist, and that is said")
  func submodule() throws {
    let commit = try sandbox.git("rev-parse", "HEAD", in: "repo")
    try sandbox.write("#define SUB 1\n", to: "repo/sub/sub.h")
    try sandbox.write(
      "#include \"../sub/sub.h\"\nint other(void) { return SUB; }\n", to: "repo/src/other.c")
    try sandbox.git("add", "src/other.c", in: "repo")
    try sandbox.git(
      "update-index", "--add", "--cacheinfo", "160000,\(commit),sub", in: "repo")
    try sandbox.git("commit", "--quiet", "--message", "a submodule", in: "repo")
    let outcome = try sandbox.prgate("gate", in: "repo")
    expectIncomplete(outcome, "'../sub/sub.h' file not found")
    #expect(outcome.output.contains("the submodule sub is not judged"))
  }

  @Test("The commit is judged from any directory, branch or detached")
  func places() throws {
    try change("src/other.c", "int other(void) { return 2; }\n")
    try sandbox.git("checkout", "--quiet", "--detach", in: "repo")
    #expect(try sandbox.prgate("gate", in: "repo/src").status == 0)
    try sandbox.git("checkout", "--quiet", "main", in: "repo")
    let outcome = try sandbox.prgate("gate", "--head", "topic", in: "repo")
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.contains("analysed 1/1 units"))
  }

  @Test("A file that is in the judged commit and not in the tree")
  func otherBranch() throws {
    try sandbox.writeDatabase(of: ["src/limit.c", "src/other.c", "src/new.c"])
    try change("src/new.c", "int fresh(void) { return 2; }\n")
    try sandbox.git("checkout", "--quiet", "main", in: "repo")
    let outcome = try sandbox.prgate("gate", "--head", "topic", in: "repo")
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(outcome.output.contains("analysed 1/1 units"))
  }

  @Test("A database that names the repository through a link")
  func aliased() throws {
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("alias"), withDestinationPath: sandbox.path("repo"))
    try change("src/limit.c", "#include \"limit.h\"\nint limit(void) { return LIMIT; }\n")
    let alias = sandbox.path("alias")
    try sandbox.write(
      """
      [{"directory": "\(alias)", "file": "\(alias)/src/limit.c",
        "arguments": ["cc", "-I\(alias)/include", "-c", "\(alias)/src/limit.c"]}]
      """, to: "repo/compile_commands.json")
    let outcome = try sandbox.prgate("gate", in: "repo")
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    // And not because the link shows the work tree.
    try sandbox.write("#error dirty\n", to: "repo/include/limit.h")
    #expect(try sandbox.prgate("gate", in: "alias").status == 0)
    try sandbox.write(
      """
      [{"directory": "/", "file": "\(alias)/src/limit.c",
        "arguments": ["cc", "-I", "\(alias)/include", "-c", "\(alias)/src/limit.c"]}]
      """, to: "repo/compile_commands.json")
    #expect(try sandbox.prgate("gate", in: "repo").status == 0)
  }

  @Test("Nothing that git would run for the repository is run")
  func hostileConfiguration() throws {
    let witness = sandbox.path("witness")
    let script = sandbox.path("evil.sh")
    try sandbox.write("#!/bin/sh\ntouch '\(witness)'\ncat\n", to: "evil.sh")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
    try sandbox.write("*.c diff=evil filter=evil text eol=crlf\n", to: "repo/.gitattributes")
    try change("src/other.c", "int other(void) { return 2; }\n")
    for (name, value) in [
      ("core.fsmonitor", script), ("diff.external", script), ("diff.evil.textconv", script),
      ("diff.evil.command", script), ("filter.evil.smudge", script), ("core.pager", script),
      ("filter.evil.clean", script), ("filter.evil.process", script), ("core.editor", script),
    ] {
      try sandbox.git("config", name, value, in: "repo")
    }
    let outcome = try sandbox.prgate("gate", in: "repo")
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    #expect(!FileManager.default.fileExists(atPath: witness))
  }

  @Test("Variables that git sets for hooks do not lead elsewhere")
  func inheritedVariables() throws {
    try change("src/other.c", "int other(void) { return 2; }\n")
    sandbox.environment["GIT_DIR"] = sandbox.path("remote.git")
    sandbox.environment["GIT_INDEX_FILE"] = sandbox.path("home/index")
    sandbox.environment["GIT_WORK_TREE"] = sandbox.path("home")
    let outcome = try sandbox.prgate("gate", in: "repo")
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("analysed 1/1 units"))
  }

  @Test("Two runs say the same")
  func deterministic() throws {
    try change("include/limit.h", "#define LIMIT 17\n")
    _ = try sandbox.prgate("gate", in: "repo")
    let one = try sandbox.prgate("gate", "--format=json", in: "repo")
    let two = try sandbox.prgate("gate", "--format=json", "-j", "1", in: "repo")
    #expect(one.output == two.output)
    #expect(!one.output.isEmpty)
  }
}
