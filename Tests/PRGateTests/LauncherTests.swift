// SPDX-License-Identifier: Apache-2.0

import Foundation
import Subprocess
import SystemPackage
import Testing

/// `./prgate` at the root of the sources, with a `swift` of the test's own in place of a real build.
@Suite struct LauncherTests {
  private let tree: Directory

  init() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    tree = try Directory([
      "Package.swift": "", "Sources/A/a.swift": "", "Sources/A/b.swift": "",
      "llvm/include/clang-c/Index.h": "", "llvm/lib/libclang.so": "",
      // Builds a program that prints its arguments and ends with 7; keeps count in `builds`.
      "bin/swift": """
      #!/bin/sh
      echo "swift prints"
      echo "$*" >> "\\$TREE/builds"
      [ -e "$TREE/broken" ] && echo "a.swift:1:1: error: broken" && exit 1
      mkdir -p "$TREE/.build/release"
      printf '#!/bin/sh\\nprintf "<%%s>" "$@"; exit 7\\n' > "$TREE/.build/release/prgate"
      chmod +x "$TREE/.build/release/prgate"

      """.replacing("\\$", with: "$"),
    ])
    for name in ["prgate", ".ci/environment.sh"] {
      try tree.write(String(contentsOf: root.appending(path: name), encoding: .utf8), to: name)
    }
    for name in ["prgate", "bin/swift"] {
      try FileManager.default.setAttributes(
        [.posixPermissions: 0o755], ofItemAtPath: tree.file(name))
    }
  }

  private func run(_ arguments: [String] = []) async throws -> Run {
    try await Program.run(
      FilePath(tree.file("prgate")), arguments, in: tree, below: "Sources",
      environment: [
        "PATH": "\(tree.file("bin")):/usr/bin:/bin", "TREE": tree.path,
        "LIBCLANG_PREFIX": tree.file("llvm"),
      ])
  }

  private var builds: Int { tree.read("builds")?.split(separator: "\n").count ?? 0 }

  @Test func buildsOnceAndHandsOver() async throws {
    let first = try await run(["check", "a b", ""])
    #expect(first.code == 7)
    #expect(first.output == "<check><a b><>")
    #expect(first.errors.contains("prgate: building"))
    #expect(builds == 1)
    let second = try await run(["--version"])
    #expect(second == Run(status: .exited(7), output: "<--version>", errors: ""))
    #expect(builds == 1)
  }

  @Test func buildsAgainWhenSourcesChange() async throws {
    _ = try await run()
    try tree.write("// changed", to: "Sources/A/a.swift")
    _ = try await run()
    #expect(builds == 2)
    try FileManager.default.removeItem(atPath: tree.file("Sources/A/b.swift"))
    _ = try await run()
    #expect(builds == 3)
    try tree.write("// changed", to: "Package.swift")
    _ = try await run()
    #expect(builds == 4)
    _ = try await run()
    #expect(builds == 4)
  }

  @Test func aCheckoutOfTheSameSourcesBuildsNothing() async throws {
    _ = try await run()
    for name in ["Package.swift", "Sources/A/a.swift", "Sources/A/b.swift"] {
      try tree.write("", to: name)
    }
    for _ in 1...2 { #expect(try await run().code == 7) }
    #expect(builds == 1)
    try tree.write("// changed", to: "Sources/A/b.swift")
    _ = try await run()
    #expect(builds == 2)
    try tree.write("", to: "Sources/A/b.swift")
    _ = try await run()
    #expect(builds == 3)
  }

  @Test func saysWhatIsWrongWithABuildAndTriesAgain() async throws {
    try tree.write("", to: "broken")
    for count in 1...2 {
      let run = try await run()
      #expect(run.code == 2)
      #expect(run.output.isEmpty)
      #expect(run.errors.contains("a.swift:1:1: error: broken"))
      #expect(run.errors.contains("prgate: error: the build failed; read "))
      #expect(builds == count)
    }
    try FileManager.default.removeItem(atPath: tree.file("broken"))
    #expect(try await run().code == 7)
  }

  @Test func neverEndsLikeABlockedChange() async throws {
    try FileManager.default.removeItem(atPath: tree.file(".ci/environment.sh"))
    #expect(try await run().code == 2)
  }

  @Test func namesAPrefixWithoutLibclang() async throws {
    try FileManager.default.removeItem(atPath: tree.file("llvm/lib/libclang.so"))
    let run = try await run()
    #expect(run.code == 2)
    #expect(run.errorLine.hasPrefix("prgate: error: LIBCLANG_PREFIX=\(tree.file("llvm")) has no "))
  }
}
