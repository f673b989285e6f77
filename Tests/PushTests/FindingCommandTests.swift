// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `why`, `diff`, `doctor` and `gate --selftest`.
@Suite struct FindingCommandTests {
  /// A repository in which the last commit brings a flaw.
  private func prepare() throws -> Sandbox {
    let sandbox = try Sandbox()
    try sandbox.makeRepository()
    try sandbox.write(flaw, to: "repo/src/other.c")
    try sandbox.commit("a flaw")
    return sandbox
  }

  @Test func whyTellsTheWholeArgument() throws {
    let sandbox = try prepare()
    let gate = try sandbox.prgate("gate", in: "repo")
    #expect(gate.status == 1)
    let mark = "why: prgate why "
    let start = try #require(gate.output.range(of: mark)).upperBound
    let print = String(gate.output[start...].prefix { $0 != "\n" })
    #expect(print.count == 12)
    let why = try sandbox.prgate("why", print, in: "repo/src")
    #expect(why.status == 0, "\(why.errors)")
    #expect(why.output.contains("src/other.c:5:12: error: "))
    #expect(why.output.contains("blocks: the level of the rule is 'block'"))
    #expect(why.output.contains("absent at its base"))
    #expect(
      why.output.contains("prgate/v1: rule, file, function")
        && why.output.contains("\n    \(print)"))
    #expect(why.output.contains("/* prgate:allow(off-by-one-read) the reason */"))
    #expect(why.output.contains("again    prgate gate --base "))
  }

  @Test func whyNamesTheNextStep() throws {
    let sandbox = try prepare()
    let none = try sandbox.prgate("why", "abcdef", in: "repo")
    #expect(none.status == 2)
    #expect(none.errors.contains("run 'prgate check' or 'prgate gate'"))
    _ = try sandbox.prgate("gate", in: "repo")
    let unknown = try sandbox.prgate("why", "000000", in: "repo")
    #expect(unknown.status == 2)
    #expect(unknown.errors.contains("has no finding '000000'"))
    #expect(try sandbox.prgate("why", "off-by-one", in: "repo").status == 2)
  }

  @Test(arguments: ["json", "sarif"])
  func diffMatchesOneToOne(_ format: String) throws {
    let sandbox = try prepare()
    func report(_ name: String) throws {
      _ = try sandbox.prgate("check", "-o", "\(format)=../\(name)", in: "repo")
    }
    try report("first")
    // The same flaw twice in other functions, and the old one moved down.
    try sandbox.write(
      "/* moved */\n\n" + flaw + flaw.replacingOccurrences(of: "other(", with: "another("),
      to: "repo/src/other.c")
    try report("second")
    try sandbox.write("int other(void) { return 1; }\n", to: "repo/src/other.c")
    try report("third")

    let worse = try sandbox.prgate("diff", "first", "second", in: ".")
    #expect(worse.status == 1, "\(worse.errors)")
    #expect(worse.output.contains("FAIL: 1 new finding blocks, 1 unchanged\n"))
    #expect(worse.output.contains("src/other.c:13:12: error: "))
    let better = try sandbox.prgate("diff", "second", "third", in: ".")
    #expect(better.status == 0)
    #expect(better.output.contains("PASS: no new finding blocks, 2 fixed\n"))
    let same = try sandbox.prgate("diff", "second", "second", in: ".")
    #expect(same.output.contains("PASS: no new finding blocks, 2 unchanged\n"))
  }

  @Test func diffTakesBothFormsAtOnceAndGivesAnyForm() throws {
    let sandbox = try prepare()
    _ = try sandbox.prgate("check", "-o", "json=../a.json", "-o", "sarif:../a.sarif", in: "repo")
    let outcome = try sandbox.prgate("diff", "a.json", "a.sarif", "-f", "json", in: ".")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let value = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
    #expect((value?["unchanged"] as? [Any])?.count == 1)
    #expect((value?["new"] as? [Any])?.isEmpty == true)
  }

  @Test(arguments: [
    "", "[]", "{}", "{\"format\": \"prgate-report/1\"}", "{\"runs\": [{}]}", "\u{0}",
    "{\"runs\": [{\"results\": [{\"ruleId\": \"x\", \"message\": {\"text\": \"y\"}}]}]}",
  ])
  func diffRefusesWhatIsNoReport(_ text: String) throws {
    let sandbox = try Sandbox()
    try sandbox.write(text, to: "report")
    let outcome = try sandbox.prgate("diff", "report", "report", in: ".")
    #expect(outcome.status == 2)
    #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
    #expect(outcome.errors.contains("report: "))
  }

  @Test func theSelfTestShowsAllVerdictsAndChangesNothing() throws {
    let sandbox = try prepare()
    let outcome = try sandbox.prgate("gate", "--selftest", in: "repo")
    #expect(outcome.status == 0, "\(outcome.errors)")
    for verdict in ["FAIL", "PASS", "INCOMPLETE"] {
      #expect(outcome.output.contains("expected \(verdict), got \(verdict)\n"))
    }
    #expect(outcome.output.hasSuffix("all three verdicts are right\n"))
    #expect(try sandbox.git("status", "--short", in: "repo").isEmpty)
  }

  @Test func theSelfTestNeedsAUnitThatCanBeRead() throws {
    let sandbox = try prepare()
    try sandbox.write("#error never\n", to: "repo/src/limit.c")
    try sandbox.write("#error never\n", to: "repo/src/other.c")
    let outcome = try sandbox.prgate("gate", "--selftest", in: "repo")
    #expect(outcome.status == 2)
    #expect(outcome.errors.contains("no unit of the compilation database can be read"))
  }

  @Test func theDoctorFindsAHealthyRepository() throws {
    let sandbox = try prepare()
    let outcome = try sandbox.prgate("doctor", in: "repo")
    #expect(outcome.status == 0, "\(outcome.output)")
    #expect(
      outcome.output.contains("ok   database: compile_commands.json, 2 entries for 2 files\n"))
    #expect(outcome.output.contains("ok   trial:    2 of 2 units read without an error\n"))
    #expect(outcome.output.contains("note hook:     not installed; run 'prgate hook install'\n"))
    _ = try sandbox.prgate("hook", "install", in: "repo")
    #expect(try sandbox.prgate("doctor", in: "repo").output.contains("ok   hook:     installed"))
  }

  @Test func theDoctorNamesWhatIsBroken() throws {
    let sandbox = try prepare()
    try sandbox.write("#include \"autoconf.h\"\n", to: "repo/src/limit.c")
    try sandbox.write("int unlisted;\n", to: "repo/src/unlisted.c")
    try sandbox.commit("more")
    try sandbox.writeDatabase(of: ["src/limit.c", "src/other.c", "src/gone.c"])
    let outcome = try sandbox.prgate("doctor", in: "repo")
    #expect(outcome.status == 2)
    #expect(
      outcome.output.contains("FAIL database: 1 file of it is gone (src/gone.c); make it anew\n"))
    #expect(
      outcome.output.contains("note database: 1 of 3 C files of the repository are not in it"))
    #expect(
      outcome.output.contains("FAIL trial:    1 of 2 units read without an error; src/limit.c: "))
    #expect(outcome.output.contains("autoconf.h"))
  }

  @Test func theDoctorKnowsShallowClonesAndMissingDatabases() throws {
    let sandbox = try prepare()
    try sandbox.git(
      "clone", "--quiet", "--depth=1", "file://\(sandbox.path("repo"))", "shallow", in: ".")
    let outcome = try sandbox.prgate("doctor", in: "shallow")
    #expect(outcome.status == 2)
    #expect(outcome.output.contains("run 'git fetch --unshallow'"))
    #expect(
      outcome.output.contains("FAIL database: there is no compile_commands.json; make one with"))
  }

  @Test func theDoctorKnowsWhatAKernelTreeNeeds() throws {
    let sandbox = try prepare()
    for name in ["Kbuild", "Kconfig", "include/linux/kernel.h"] {
      try sandbox.write("", to: "repo/" + name)
    }
    try FileManager.default.removeItem(atPath: sandbox.path("repo/compile_commands.json"))
    let raw = try sandbox.prgate("doctor", in: "repo")
    #expect(raw.status == 2)
    #expect(raw.output.contains("this kernel has no script that makes one: run 'bear -- make'"))
    #expect(raw.output.contains("FAIL kernel:   not configured; run 'make defconfig'"))
    try sandbox.write("", to: "repo/.config")
    let configured = try sandbox.prgate("doctor", in: "repo")
    #expect(
      configured.output.contains(
        "FAIL kernel:   include/generated/autoconf.h is missing; "
          + "run 'make olddefconfig prepare modules_prepare'"))
    try sandbox.write("", to: "repo/include/generated/autoconf.h")
    #expect(try sandbox.prgate("doctor", in: "repo").output.contains("ok   kernel:   configured"))
    try sandbox.write("", to: "repo/scripts/gen_compile_commands.py")
    let older = try sandbox.prgate("doctor", in: "repo")
    #expect(older.output.contains("run 'scripts/gen_compile_commands.py'"))
    try sandbox.write("", to: "repo/scripts/clang-tools/gen_compile_commands.py")
    let newer = try sandbox.prgate("doctor", in: "repo")
    #expect(newer.output.contains("run 'make compile_commands.json'"))
    let place = sandbox.path("repo")
    for name in ["a.c", "a.mod.c", "b.S"] { try sandbox.write("", to: "repo/" + name) }
    let rows = ["a.c", "a.mod.c", "b.S"].map {
      #"{"directory": "\#(place)", "file": "\#($0)", "command": "gcc -D__KERNEL__ -c \#($0)"}"#
    }
    try sandbox.write(
      "[" + rows.joined(separator: ",") + "]", to: "repo/compile_commands.json")
    let built = try sandbox.prgate("doctor", in: "repo")
    #expect(built.output.contains("kernel:   1 file of assembler, which prgate does not read"))
    #expect(built.output.contains("sources:  1 generated file (a.mod.c): what it does counts"))
  }

  @Test func theDoctorKnowsModulesOutsideTheKernel() throws {
    let sandbox = try prepare()
    try FileManager.default.removeItem(atPath: sandbox.path("repo/compile_commands.json"))
    for line in ["obj-m += gadget.o", "obj-$(CONFIG_GADGET) += gadget.o"] {
      try sandbox.write("# built by kbuild\n\(line)\n", to: "repo/Makefile")
      let outcome = try sandbox.prgate("doctor", in: "repo")
      #expect(
        outcome.output.contains(
          "'make -C /lib/modules/$(uname -r)/build M=$PWD compile_commands.json'"))
    }
  }
}
