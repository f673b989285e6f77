// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import PRGate

private func flags(_ words: [String]) throws -> CompilerFlags {
  try CompilerFlags(
    of: CompileCommand(directory: "/src/b", file: "/src/a.c", arguments: ["cc"] + words))
}

/// What of a compile command reaches the parser.
@Test(
  arguments: [
    (["-c", "../a.c", "-o", "a.o"], []),
    (["-MD", "-MF", "a.d", "-MT", "a.o", "-MQ", "a.o", "-MP", "-oa.o", "-MFa.d"], []),
    (["-O2", "-g", "-ggdb3", "-Wall", "-Werror=foo", "-w", "-pipe", "-Wl,-z,now", "-Wa,x"], []),
    (
      ["-Iinc", "-I", "../x", "-isystem", "/y", "-iquote."],
      ["-I/src/b/inc", "-I", "/src/x", "-isystem", "/y", "-iquote/src/b"]
    ),
    (["-I=/usr/x", "--sysroot=../root"], ["-I=/usr/x", "--sysroot=/src/root"]),
    (["-DA", "-D", "B=1", "-UC"], ["-DA", "-D", "B=1", "-UC"]),
    (
      ["-std=gnu11", "--std=c99", "-m32", "-funsigned-char"],
      ["-std=gnu11", "-std=c99", "-m32", "-funsigned-char"]
    ),
    (["-include", "nowhere.h"], ["-include", "nowhere.h"]),
    (["-Wp,-MD,x.d,-DX=1", "-Xpreprocessor", "-DY"], ["-DX=1", "-DY"]),
    (["-fplan9-extensions"], ["-fms-extensions"]),
    (["-x", "c", "-xc"], []),
    (["-lm", "-L", "x", "-shared", "-Xlinker", "-Iy", "--param", "a=b", "foo.o", "other.c"], []),
    (["-DA", "--", "-DB"], ["-DA"]),
    (["-fno-strict-aliasing", "-fstack-protector-strong", "-fsanitize=address", "--coverage"], []),
    (["-fintegrated-as", "-fno-PIE", "-mretpoline-external-thunk", "-ffixed-x18"], ["-fno-PIE"]),
    (["-mpreferred-stack-boundary=3", "-mindirect-branch=thunk", "-mno-red-zone"], []),
  ] as [([String], [String])])
func passedFlags(words: [String], arguments: [String]) throws {
  let flags = try flags(words)
  #expect(flags.arguments == arguments)
  #expect(flags.dropped.isEmpty)
  #expect(flags.unknown.isEmpty)
}

/// What would load, write or redirect, and what changes the code's meaning beyond clang.
@Test(arguments: [
  ["-fplugin=evil.so"], ["-fplugin-arg-x-y"], ["-fpass-plugin=x.so"], ["-Xclang", "-load"],
  ["-mllvm", "-x"], ["-B", "dir"], ["-Bdir"], ["-specs=x"], ["--specs=x"], ["-wrapper", "x"],
  ["--config", "x"], ["--config=x"], ["-save-temps"], ["-save-temps=obj"],
  ["-serialize-diagnostics", "x"], ["--serialize-diagnostics", "x"], ["-fmodules"],
  ["-fmodules-cache-path=x"], ["-ivfsoverlay", "x"], ["-vfsoverlay", "x"], ["-fprofile-use=x"],
  ["-fprofile-instr-use=x"], ["-working-directory", "/"], ["-resource-dir", "/"], ["-cc1"],
  ["-include-pch", "x"], ["-ftime-trace=x"], ["-x", "c++"], ["-xc++"], ["-funsigned-bitfields"],
  ["-Wp,-include-pch,x"], ["-Xarch_x86_64", "x"], ["--driver-mode=cl"], ["-I"], ["-o"],
])
func refusedFlags(words: [String]) {
  #expect(throws: CompilerFlags.Refusal.self) { try flags(words) }
}

/// The plugins of the kernel's own build are not loaded, and nothing that has only their name passes.
@Test func pluginsOfTheKernelAreLeftOut() throws {
  let own = [
    "-fplugin=./scripts/gcc-plugins/structleak_plugin.so",
    "-fplugin=/src/linux/scripts/gcc-plugins/latent_entropy_plugin.so",
    "-fplugin-arg-structleak_plugin-byref-all",
  ]
  let flags = try flags(["-DX"] + own)
  #expect(flags.arguments == ["-DX"])
  #expect(flags.dropped == own)
  for other in [
    "-fplugin=structleak_plugin.so", "-fplugin=./scripts/gcc-plugins/evil.so",
    "-fplugin=./gcc-plugins/structleak_plugin.so", "-fplugin-arg-evil-structleak_plugin-x",
  ] {
    #expect(throws: CompilerFlags.Refusal.self) { try PRGateTests.flags([other]) }
  }
}

@Test func refusalNamesTheFlag() {
  #expect(
    throws: CompilerFlags.Refusal(
      reason: "its flag '-fplugin=x.so' is refused: it loads a program into the compiler")
  ) { try flags(["-DX", "-fplugin=x.so"]) }
}

@Test func otherCompilersFlagsAreListed() throws {
  let flags = try flags([
    "-fconserve-stack", "-fno-allow-store-data-races", "-fnever-heard-of", "-mneither", "--nor",
    "-DX",
  ])
  #expect(flags.arguments == ["-DX"])
  #expect(flags.dropped == ["-fconserve-stack", "-fno-allow-store-data-races"])
  #expect(flags.unknown == ["-fnever-heard-of", "-mneither", "--nor"])
}

/// Kernels of several machines and with shuffled structures.
@Test(arguments: [
  "-frandomize-layout-seed-file=./scripts/basic/randstruct.seed", "-mhotpatch=0", "-mbackchain",
  "-mstack-guard=128", "-mno-save-restore", "-mapcs-32",
])
func kernelFlagsAreDroppedAndListed(word: String) throws {
  let flags = try flags([word, "-DX"])
  #expect(flags.arguments == ["-DX"])
  #expect(flags.dropped == [word])
  #expect(flags.unknown.isEmpty)
}

@Test(
  arguments: [
    (["arm-linux-gnueabihf-gcc"], ["--target=arm-linux-gnueabihf"]),
    (["/opt/x/aarch64-linux-gnu-gcc-12"], ["--target=aarch64-linux-gnu"]),
    (["ccache", "arm-none-eabi-gcc"], ["--target=arm-none-eabi"]),
    (["gcc-12"], []), (["clang"], []), (["x86-gcc"], []),
    (["arm-none-eabi-gcc", "--target=x86_64-linux-gnu"], ["--target=x86_64-linux-gnu"]),
  ] as [([String], [String])])
func crossCompilersNameTheirTarget(words: [String], arguments: [String]) throws {
  let command = CompileCommand(directory: "/", file: "/a.c", arguments: words + ["-c", "/a.c"])
  #expect(try CompilerFlags(of: command).arguments == arguments)
}

@Test func namesInTheTableAreDistinct() {
  var names: Set<String> = []
  for row in CompilerFlagTable.rows {
    #expect(names.insert(row.name).inserted, "\(row.name) is there twice")
  }
}

@Test func headerOfTheDirectoryIsNamedInFull() throws {
  let directory = try Directory(["config.h": ""])
  let command = CompileCommand(
    directory: directory.path, file: directory.file("a.c"),
    arguments: ["cc", "-include", "config.h", "-include", "other.h"])
  #expect(
    try CompilerFlags(of: command).arguments
      == ["-include", directory.file("config.h"), "-include", "other.h"])
}

@Suite struct ResponseFileTests {
  private func flags(_ directory: Directory, _ words: [String]) throws -> [String] {
    try CompilerFlags(
      of: CompileCommand(
        directory: directory.path, file: directory.file("a.c"), arguments: ["cc"] + words)
    ).arguments
  }

  private func refusal(_ directory: Directory, _ words: [String]) -> String {
    do {
      return "no refusal: \(try flags(directory, words))"
    } catch let refusal as CompilerFlags.Refusal {
      return refusal.reason
    } catch {
      return "\(error)"
    }
  }

  @Test func areExpandedInPlace() throws {
    let directory = try Directory(["x.rsp": "-DB '-DC=d e'\n@sub/y.rsp", "sub/y.rsp": "-DE"])
    #expect(
      try flags(directory, ["-DA", "@x.rsp", "-DF"]) == ["-DA", "-DB", "-DC=d e", "-DE", "-DF"])
  }

  @Test func areFilteredLikeOtherFlags() throws {
    let directory = try Directory(["x.rsp": "-fplugin=x"])
    #expect(refusal(directory, ["@x.rsp"]).contains("-fplugin=x"))
  }

  @Test func mustBeThere() throws {
    let directory = try Directory()
    #expect(
      refusal(directory, ["@x.rsp"])
        == "its response file '\(directory.file("x.rsp"))' is not there; build the project first")
  }

  @Test(arguments: ["/etc/hostname", "/dev/zero", "/proc/self/environ", "/nowhere/x"])
  func mustLieInTheProject(_ file: String) throws {
    let directory = try Directory()
    #expect(
      refusal(directory, ["@" + file]).hasSuffix(
        "lies outside of the project and its build directory"))
    let link = try Directory()
    try FileManager.default.createSymbolicLink(
      atPath: link.file("x.rsp"), withDestinationPath: "/etc/hostname")
    #expect(refusal(link, ["@x.rsp"]).contains("'/etc/hostname' lies outside"))
  }

  @Test func mustNotContainThemselves() throws {
    let directory = try Directory(["x": "@y", "y": "@./x"])
    #expect(refusal(directory, ["@x"]).contains("contains itself"))
  }

  @Test func endAtEightLevels() throws {
    var files: [String: String] = ["8": "-DX"]
    for level in 1...7 { files["\(level)"] = "@\(level + 1)" }
    let directory = try Directory(files)
    #expect(try flags(directory, ["@1"]) == ["-DX"])
    try directory.write("@1", to: "0")
    #expect(refusal(directory, ["@0"]).contains("nested deeper than 8"))
  }

  @Test func areBoundedTogether() throws {
    let half = String(repeating: " ", count: 600 << 10)
    let directory = try Directory(["x": half, "y": half])
    #expect(try flags(directory, ["@x"]) == [])
    #expect(refusal(directory, ["@x", "@y"]).contains("more than 1024 KiB"))
  }

  @Test func mustEndTheirQuotations() throws {
    let directory = try Directory(["x": "'-DX"])
    #expect(refusal(directory, ["@x"]).contains("ends inside a quotation"))
  }
}
