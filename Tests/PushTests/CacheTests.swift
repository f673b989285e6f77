// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The cache saves work and decides nothing.
@Suite struct CacheTests {
  private let sandbox: Sandbox

  init() throws {
    sandbox = try Sandbox()
    try sandbox.makeRepository()
    try sandbox.git("checkout", "--quiet", "-b", "topic", in: "repo")
    try sandbox.write("int other(void) { return 2; }\n", to: "repo/src/other.c")
    try sandbox.commit("change")
  }

  private static var isRoot: Bool { NSUserName() == "root" }

  private func cacheFiles() -> [String] {
    let found = FileManager.default.enumerator(atPath: sandbox.path("cache"))
    return (found?.allObjects as? [String] ?? []).sorted()
  }

  @Test("What is kept is whole, and nothing stays behind in the temporary directory")
  func tidy() throws {
    #expect(try sandbox.prgate("gate", in: "repo").status == 0)
    let files = cacheFiles()
    #expect(files.contains { $0.hasPrefix("prgate/trees/") && $0.hasSuffix("/src/other.c") })
    #expect(!files.contains { $0.contains(".partial") || $0.contains(".probe") })
    #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.path("tmp")) == [])
  }

  @Test("A further commit shares what did not change")
  func shared() throws {
    _ = try sandbox.prgate("gate", in: "repo")
    let before = cacheFiles().count { $0.hasPrefix("prgate/blobs/") && $0.utf8.count > 40 }
    try sandbox.write("int other(void) { return 3; }\n", to: "repo/src/other.c")
    try sandbox.commit("another change")
    _ = try sandbox.prgate("gate", in: "repo")
    let after = cacheFiles().count { $0.hasPrefix("prgate/blobs/") && $0.utf8.count > 40 }
    #expect(after == before + 1)
  }

  @Test("A run that was killed leaves nothing that a later one takes for whole")
  func abandoned() throws {
    _ = try sandbox.prgate("gate", in: "repo")
    let trees = sandbox.path("cache/prgate/trees")
    let tree = try #require(try FileManager.default.contentsOfDirectory(atPath: trees).first)
    // As if the run had been killed in the middle: under another name, and only a part.
    try FileManager.default.moveItem(
      atPath: trees + "/" + tree, toPath: trees + "/" + tree + ".partial-1")
    try FileManager.default.removeItem(atPath: trees + "/" + tree + ".partial-1/src")
    let blobs = sandbox.path("cache/prgate/blobs")
    let object = try sandbox.git("rev-parse", "HEAD:src/other.c", in: "repo")
    try Data().write(to: URL(fileURLWithPath: "\(blobs)/\(object.prefix(2))/\(object)"))
    try FileManager.default.createDirectory(
      atPath: sandbox.path("tmp/prgate-999999999-01234567-89ab-cdef-0123-456789abcdef"),
      withIntermediateDirectories: false)
    let outcome = try sandbox.prgate("gate", in: "repo")
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.path("tmp")) == [])
  }

  @Test("What no run has needed for two weeks goes, what is needed stays")
  func pruned() throws {
    _ = try sandbox.prgate("gate", in: "repo")
    try sandbox.write("int other(void) { return 3; }\n", to: "repo/src/other.c")
    try sandbox.commit("another change")
    _ = try sandbox.prgate("gate", in: "repo")
    #expect(trees().count == 2)
    let old = try sandbox.git("rev-parse", "HEAD~1^{tree}", in: "repo")
    let blob = try sandbox.git("rev-parse", "HEAD~1:src/other.c", in: "repo")
    let store = sandbox.path("cache/prgate")
    for path in ["/trees/\(old)", "/blobs/\(blob.prefix(2))/\(blob)", "/pruned"] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: -15 * 86400)], ofItemAtPath: store + path)
    }
    _ = try sandbox.prgate("gate", in: "repo")
    #expect(trees() == [try sandbox.git("rev-parse", "HEAD^{tree}", in: "repo")])
    #expect(!cacheFiles().contains { $0.hasSuffix("/" + blob) })
    #expect(try sandbox.prgate("gate", "--head", "HEAD~1", in: "repo").status == 0)
  }

  private func trees() -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: sandbox.path("cache/prgate/trees"))
    return (names ?? []).sorted()
  }

  @Test("Ctrl-C ends the run, and nothing of it is left")
  func interrupted() throws {
    // Two to the 30th empty expansions: the parser is busy until the signal comes.
    var slow = "#define M0\n"
    for level in 1...30 { slow += "#define M\(level) M\(level - 1) M\(level - 1)\n" }
    try sandbox.write(slow + "M30\n", to: "repo/src/other.c")
    try sandbox.commit("slow")
    let outcome = try sandbox.run(
      Sandbox.prgate, ["gate", "-o", "json=out.json"], in: sandbox.path("repo"),
      interruptedAfter: 3)
    #expect(outcome.status == 130, "\(outcome.errors)")
    #expect(outcome.output == "")
    #expect(!FileManager.default.fileExists(atPath: sandbox.path("repo/out.json")))
    #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.path("tmp")) == [])
    #expect(!cacheFiles().contains { $0.contains(".partial") })
  }

  @Test("A damaged index is made anew, with a word")
  func damagedIndex() throws {
    try sandbox.write(String(repeating: "x", count: 9000), to: "cache/prgate/index.sqlite")
    let outcome = try sandbox.prgate("gate", in: "repo")
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("was made anew: it is damaged"), "\(outcome.output)")
  }

  @Test("A cache directory that is a file")
  func file() throws {
    try sandbox.write("", to: "afile")
    let outcome = try sandbox.prgate("gate", "--cache-dir", sandbox.path("afile"), in: "repo")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(outcome.output.contains("cannot be used (it is no directory); running without it"))
  }

  @Test("A cache directory that is read-only", .enabled(if: Self.canDropPrivileges))
  func readOnly() throws {
    let cache = sandbox.path("readonly")
    try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: false)
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: cache)
    // Root writes everywhere, so another user runs it, who may write to the rest.
    _ = try sandbox.run("/bin/chmod", ["-R", "a+rwX", sandbox.directory], in: "/")
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: cache)
    try sandbox.write("[safe]\n\tdirectory = *\n", to: "home/.gitconfig")
    // Another user may not be able to reach the build directory.
    let program = sandbox.path("prgate")
    try FileManager.default.copyItem(atPath: Sandbox.prgate, toPath: program)
    let arguments = [program, "gate", "--cache-dir", cache]
    let outcome =
      Self.isRoot
      ? try sandbox.run(
        "/usr/bin/setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups"] + arguments,
        in: sandbox.path("repo"))
      : try sandbox.run(program, Array(arguments.dropFirst()), in: sandbox.path("repo"))
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("cannot be used (permission denied); running without it"))
  }

  private static var canDropPrivileges: Bool {
    !isRoot || FileManager.default.isExecutableFile(atPath: "/usr/bin/setpriv")
  }

  /// Whether a small file system of one's own can be had: not every container may mount.
  private static let canMount: Bool = {
    guard isRoot, let sandbox = try? Sandbox() else { return false }
    let place = sandbox.path("tmp")
    let mounted = try? sandbox.run(
      "/bin/mount", ["-t", "tmpfs", "-o", "size=4k", "tmpfs", place], in: "/")
    guard mounted?.status == 0 else { return false }
    return (try? sandbox.run("/bin/umount", [place], in: "/").status) == 0
  }()

  @Test("Units that check has read are found by gate, at base and head")
  func units() throws {
    let checked = try sandbox.prgate("check", "-v", in: "repo")
    #expect(checked.unitCounts == "prgate: note: 2 units: 0 from the cache, 2 parsed\n")
    let gated = try sandbox.prgate("gate", "-v", in: "repo")
    #expect(gated.unitCounts == "prgate: note: 2 units: 2 from the cache, 0 parsed\n")
    // An untracked header does not exist for the gate; it does for check.
    try sandbox.write("#define LIMIT 3\n", to: "repo/src/limit.h")
    #expect(try sandbox.prgate("check", "-v", in: "repo").errors.contains("1 from the cache, 1 pa"))
    try sandbox.write("#define LIMIT 17\n", to: "repo/include/limit.h")
    try sandbox.git("add", "include", in: "repo")
    try sandbox.git("commit", "--quiet", "--message", "limit", in: "repo")
    // The first run reads the unit of which nobody knows yet what it includes; it is parsed once.
    let scan = "prgate: note: 1 units, for what they include: 0 from the cache, 1 parsed\n"
    for expected in [scan, ""] {
      let run = try sandbox.prgate("gate", "-v", in: "repo")
      #expect(run.unitCounts == expected + "prgate: note: 2 units: 2 from the cache, 0 parsed\n")
      #expect(run.status == 0, "\(run.output)")
    }
  }

  @Test(
    "A cache directory that is full, from the start and on the way",
    .enabled(if: canMount, "no right to mount a tmpfs here"))
  func full() throws {
    for size in ["4k", "64k"] {
      let cache = sandbox.path("full-" + size)
      try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: false)
      let mounted = try sandbox.run(
        "/bin/mount", ["-t", "tmpfs", "-o", "size=" + size, "tmpfs", cache], in: "/")
      try #require(mounted.status == 0, "\(mounted.errors)")
      defer { _ = try? sandbox.run("/bin/umount", [cache], in: "/") }
      if size == "4k" {
        try? Data(repeating: 0x20, count: 4096).write(to: URL(fileURLWithPath: cache + "/filler"))
      }
      // More than the small file system has room for.
      try sandbox.write(
        "int other(void) { return 2; }\n/*\(String(repeating: "x", count: 100_000))*/\n",
        to: "repo/src/other.c")
      try sandbox.commit("large")
      let outcome = try sandbox.prgate("gate", "--cache-dir", cache, in: "repo")
      #expect(outcome.status == 0, "\(size): \(outcome.output)\(outcome.errors)")
      #expect(outcome.output.contains("(no space left); running without it"), "\(outcome.output)")
      #expect(outcome.output.contains("analysed 1/1 units"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: sandbox.path("tmp")) == [])
    }
  }

  @Test(
    "A cache directory that fills up while units are kept",
    .enabled(if: canMount, "no right to mount a tmpfs here"))
  func fullOfUnits() throws {
    let cache = sandbox.path("full")
    try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: false)
    let mounted = try sandbox.run(
      "/bin/mount", ["-t", "tmpfs", "-o", "size=96k", "tmpfs", cache], in: "/")
    try #require(mounted.status == 0, "\(mounted.errors)")
    defer { _ = try? sandbox.run("/bin/umount", [cache], in: "/") }
    let functions = (0..<400).map { "int f\($0)(int x) { return x * \($0) + (x >> 3); }\n" }
    for name in ["limit", "other"] {
      try sandbox.write(functions.joined(), to: "repo/src/\(name).c")
    }
    let expected = try sandbox.prgate("check", "--no-cache", "-f", "json", in: "repo")
    let run = try sandbox.prgate("check", "-f", "json", "--cache-dir", cache, in: "repo")
    #expect(run.output == expected.output)
    #expect(run.status == 0)
    #expect(run.errors.contains("(no space left)"), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1)
    let again = try sandbox.prgate("check", "-f", "json", "--cache-dir", cache, in: "repo")
    #expect(again.output == expected.output)
    #expect(again.status == 0)
  }
}
