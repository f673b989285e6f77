// SPDX-License-Identifier: Apache-2.0

import Foundation
import Subprocess
import SystemPackage
import Testing

/// Bad input gets one line that names the file and the next step, and a status of its own.
@Suite struct BadInputTests {
  private let good = "int one(void) { return 1; }\n"

  @Test func noSuchFile() async throws {
    let run = try await Program.run(["check", "none.c"], in: Directory())
    #expect(run.code == 2)
    #expect(run.errorLine == "prgate: error: none.c: no such file or directory; check the name")
    #expect(run.output.isEmpty)
  }

  @Test func unreadableFile() async throws {
    let directory = try Directory(["secret.c": good])
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: directory.path)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0], ofItemAtPath: directory.file("secret.c"))
    // Root reads everything, so the program runs as nobody.
    let run = try await Program.runUnprivileged(["check", "secret.c"], in: directory)
    #expect(run.code == 2)
    #expect(
      run.errorLine == "prgate: error: secret.c: permission denied; check who may read it")
  }

  @Test func unreadableDatabase() async throws {
    let directory = try Directory(["a.c": good, "compile_commands.json": "[]"])
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: directory.path)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0], ofItemAtPath: directory.file("compile_commands.json"))
    let run = try await Program.runUnprivileged(["check", "a.c"], in: directory)
    #expect(run.code == 2)
    #expect(
      run.errorLine.hasSuffix("compile_commands.json: cannot be read; check its permissions"))
  }

  @Test func directoryWithoutC() async throws {
    let directory = try Directory(["sub/readme.md": "", "sub/.hidden/a.c": good])
    let run = try await Program.run(["check", "sub"], in: directory)
    #expect(run.code == 2)
    #expect(
      run.errorLine
        == "prgate: error: sub: there is no C file below this directory; name another one")
  }

  @Test func headerAsMainFile() async throws {
    let run = try await Program.run(["check", "a.h"], in: Directory(["a.h": ""]))
    #expect(run.code == 2)
    #expect(run.errorLine.contains("a.h: not a C file; name a C file that includes it"))
  }

  /// Reading it would wait for ever.
  @Test func pipeAsSource() async throws {
    let directory = try Directory([
      ".git/HEAD": "",
      "compile_commands.json": #"[{"directory": ".", "file": "pipe.c", "command": "cc pipe.c"}]"#,
    ])
    _ = try await Program.run("/usr/bin/mkfifo", ["pipe.c"], in: directory)
    let named = try await Program.run(["check", "pipe.c"], in: directory)
    #expect(named.code == 2)
    #expect(named.errorLine.contains("pipe.c: not a regular file; "))
    let listed = try await Program.run(["check"], in: directory)
    #expect(listed.code == 3)
    #expect(listed.output.contains("pipe.c: it is not a regular file; "))
  }

  @Test func brokenDatabase() async throws {
    let directory = try Directory(["a.c": good, "compile_commands.json": "[{"])
    let run = try await Program.run(["check", "a.c"], in: directory)
    #expect(run.code == 2)
    #expect(run.errorLine.contains("\(directory.file("compile_commands.json")): not valid JSON"))
  }

  @Test func contradictoryDatabase() async throws {
    let directory = try Directory([
      "a.c": good, "b.c": good,
      "compile_commands.json": #"[{"directory": ".", "file": "a.c", "command": "cc -c b.c"}]"#,
    ])
    let run = try await Program.run(["check", "-p", ".", "a.c"], in: directory)
    #expect(run.code == 2)
    #expect(
      run.errorLine.contains(
        "compile_commands.json: entry 1: is for a.c, but its command compiles b.c"))
  }

  @Test func databaseThatIsNotThere() async throws {
    let run = try await Program.run(["check", "-p", "build"], in: Directory())
    #expect(run.code == 2)
    #expect(run.errorLine.contains("/build: no such file; make one with "))
  }

  @Test func noDatabaseAndNoFile() async throws {
    let directory = try Directory([".git/HEAD": ""])
    let run = try await Program.run(["check"], in: directory)
    #expect(run.code == 2)
    #expect(run.errorLine.contains("there is no compile_commands.json here; make one with "))
  }

  @Test(arguments: [
    (["--frob"], "unknown option '--frob'; see 'prgate --help'"),
    (["check", "--frob"], "unknown option '--frob'; see 'prgate check --help'"),
    (["check", "-j", "0", "a.c"], "-j needs a number from 1; see 'prgate check --help'"),
    (
      ["check", "-p", ".", "a.c", "--", "-DX"],
      "-p and flags after '--' exclude each other; see 'prgate check --help'"
    ),
    (
      ["rules", "--", "-DX"],
      "this command takes no compiler flags after '--'; see 'prgate rules --help'"
    ),
    (["check", "--", "-DX"], "flags after '--' need a file; name it before '--'"),
    (
      ["check", "--select", "no-such-rule", "a.c"],
      "there is no rule 'no-such-rule'; 'prgate rules' lists them"
    ),
    (["explain", "no-such-rule"], "there is no rule 'no-such-rule'; 'prgate rules' lists them"),
    (["explain", "exit", "9"], "prgate never exits with '9'; it does with 0, 1, 2, 3, 4, 130"),
  ])
  func usageErrors(arguments: [String], message: String) async throws {
    let run = try await Program.run(arguments, in: Directory([".git/HEAD": "", "a.c": good]))
    #expect(run.code == 2)
    #expect(run.errorLine == "prgate: error: " + message)
    #expect(run.output.isEmpty)
  }

  @Test func unwritableReport() async throws {
    let directory = try Directory(["a.c": good])
    let run = try await Program.run(
      ["check", "a.c", "-o", "sarif=no/x.sarif", "--"], in: directory)
    #expect(run.code == 2)
    #expect(
      run.errorLine
        == "prgate: error: no/x.sarif: cannot be written (no such directory); name another file with -o"
    )
  }

  @Test func closedOutput() async throws {
    let directory = try Directory(["a.c": good])
    let run = try await Program.run(
      "/bin/sh", ["-c", "exec \"$0\" check a.c -- >/dev/full", Program.path.string], in: directory)
    #expect(run.code == 2)
    #expect(
      run.errorLine
        == "prgate: error: standard output cannot be written; check where it goes")
  }

  @Test(arguments: [["check"], ["check", "a.c"]])
  func emptyDatabase(arguments: [String]) async throws {
    let directory = try Directory([".git/HEAD": "", "a.c": good, "compile_commands.json": "[]"])
    let run = try await Program.run(arguments, in: directory)
    #expect(run.code == 3)
    #expect(run.output.contains("make one with 'cmake"))
    #expect(run.output.contains("INCOMPLETE"))
  }

  @Test func fileThatTheDatabaseLacks() async throws {
    let directory = try Directory([
      ".git/HEAD": "", "a.c": good, "b.c": good,
      "compile_commands.json": #"[{"directory": ".", "file": "a.c", "command": "cc -c a.c"}]"#,
    ])
    let run = try await Program.run(["check", "b.c"], in: directory)
    #expect(run.code == 3)
    #expect(run.output.contains("b.c: it is not in compile_commands.json; "))
  }

  @Test func entryWhoseFileIsGone() async throws {
    let directory = try Directory([
      ".git/HEAD": "", "a.c": good,
      "compile_commands.json": """
      [{"directory": ".", "file": "a.c", "command": "cc -c a.c"},
       {"directory": ".", "file": "gone.c", "command": "cc -c gone.c"}]
      """,
    ])
    let run = try await Program.run(["check"], in: directory)
    #expect(run.code == 3)
    #expect(
      run.output.contains("gone.c: the file is gone; make the compilation database anew"))
  }

  @Test func codeThatDoesNotParse() async throws {
    let directory = try Directory([".git/HEAD": "", "src/a.c": "int f(void) {\n  return 1\n}\n"])
    let run = try await Program.run(["check", "src/a.c", "--"], in: directory)
    #expect(run.code == 3)
    #expect(
      run.output.contains("not analysed: src/a.c:2: expected ';' after return statement; ")
    )
  }

  @Test func missingHeader() async throws {
    let directory = try Directory(["a.c": "#include \"none.h\"\n" + good])
    let run = try await Program.run(["check", "a.c", "--"], in: directory)
    #expect(run.code == 3)
    #expect(
      run.output.contains(
        "a.c:1: 'none.h' file not found; add its directory with -I, or build what makes it"))
  }

  @Test func `a header that the kernel's build makes has its own next step`() async throws {
    let directory = try Directory([
      "a.c": "#include <generated/utsrelease.h>\n", "b.c": "#include \"other.h\"\n",
    ])
    let kernel = try await Program.run(["check", "a.c", "--", "-D__KERNEL__"], in: directory)
    #expect(kernel.code == 3)
    #expect(
      kernel.output.contains(
        "a.c:1: 'generated/utsrelease.h' file not found; the kernel's build makes it: "
          + "run 'make olddefconfig prepare modules_prepare'"))
    for header in ["linux/utsrelease.h", "uapi/asm/types.h", "asm-offsets.h"] {
      try directory.write("#include <\(header)>\n", to: "c.c")
      let missing = try await Program.run(["check", "c.c", "--", "-D__KERNEL__"], in: directory)
      #expect(missing.output.contains("'\(header)' file not found; the kernel's build makes it"))
    }
    let other = try await Program.run(["check", "b.c", "--", "-D__KERNEL__"], in: directory)
    #expect(other.output.contains("add its directory with -I, or build what makes it"))
    let plain = try await Program.run(["check", "a.c"], in: directory)
    #expect(plain.output.contains("add its directory with -I, or build what makes it"))
  }

  @Test func refusedFlag() async throws {
    let directory = try Directory(["a.c": good])
    let run = try await Program.run(["check", "a.c", "--", "-fplugin=x.so"], in: directory)
    #expect(run.code == 3)
    #expect(run.output.contains("a.c: its flag '-fplugin=x.so' is refused"))
  }

  @Test func noConfigurationFileOfClangIsRead() async throws {
    // With the file, the macro would be missing its value and the code would not parse.
    let directory = try Directory([
      "home/clang.cfg": "-DX=(", "a.c": "#ifdef X\n#error X\n#endif\n",
    ])
    let run = try await Program.run(
      ["check", "a.c", "--"], in: directory,
      environment: ["CLANG_CONFIG_FILE_USER_DIR": directory.file("home")])
    #expect(!run.output.contains("#error"))
    #expect(!run.output.contains("a.c:2"))
  }

  @Test func interruptEndsWithNothingHalfWritten() async throws {
    // Two to the 30th empty expansions: the parser is busy until the signal comes.
    var slow = "#define M0\n"
    for level in 1...30 { slow += "#define M\(level) M\(level - 1) M\(level - 1)\n" }
    let directory = try Directory(["slow.c": slow + "M30\n"])
    // A shell sends the signal once a handler is there (bit 1 of the mask): the tasks of a busy test
    // run may come too late.
    let script = """
      "$0" check slow.c -o json=out.json --format sarif -- & process=$!
      until grep -q 'SigCgt:.*[2367abef]$' /proc/$process/status; do sleep 0.1; done
      sleep 0.5; kill -INT $process; wait $process
      """
    let run = try await Program.run("/bin/sh", ["-c", script, Program.path.string], in: directory)
    #expect(run.code == 130)
    #expect(run.output.isEmpty)
    #expect(directory.names == ["slow.c"])
  }
}

extension Program {
  /// Runs the program as the user nobody, who owns nothing; as this user where it is not root.
  static func runUnprivileged(_ arguments: [String], in directory: Directory) async throws -> Run {
    guard ProcessInfo.processInfo.userName == "root" else {
      return try await run(arguments, in: directory)
    }
    // Nobody may not be able to reach the build directory.
    let copy = try Directory()
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: copy.path)
    try FileManager.default.copyItem(atPath: path.string, toPath: copy.file("prgate"))
    return try await run(
      "/usr/bin/setpriv",
      ["--reuid=65534", "--clear-groups", copy.file("prgate")] + arguments, in: directory)
  }
}
