// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The example that the gate is tried on stays whole.
@Suite struct ExampleRepositoryTests {
  private static let folder = "fixtures/repos/dhcp-client"

  private func names(_ kind: String) throws -> [String] {
    try Repository.names(in: "\(Self.folder)/\(kind)").map { String($0.dropLast(".patch".count)) }
  }

  @Test func eachFlawHasItsRepair() throws {
    #expect(try names("flaws") == names("fixes"))
  }

  @Test func eachBranchHasAnExpectation() throws {
    let lines = try Repository.text("\(Self.folder)/expected.txt").split(separator: "\n")
      .filter { !$0.hasPrefix("#") }.map { $0.split(separator: " ") }
    let branches =
      try names("clean").map { "clean-" + $0 }
      + names("flaws").flatMap {
        ["flaw-" + $0, "fix-" + $0]
      }
    #expect(Set(lines.map { String($0[0]) }) == Set(branches))
    for words in lines {
      let isFlaw = words[0].hasPrefix("flaw-")
      #expect(words[1] == (isFlaw ? "FAIL" : "PASS"), "\(words[0])")
      #expect(words.count == (isFlaw ? 5 : 2), "\(words[0])")
    }
  }

  @Test func demonstrationIsTheFlawAtRest() throws {
    let base = "\(Self.folder)/base/src"
    let demo = "\(Self.folder)/demo"
    for header in ["options.h", "packet.h"] {
      #expect(try Repository.text("\(demo)/\(header)") == Repository.text("\(base)/\(header)"))
    }
    let patch = try Repository.text("\(Self.folder)/flaws/option-offset.patch")
    let changes = patch.split(separator: "\n").filter { $0.hasPrefix("+ ") || $0.hasPrefix("- ") }
    try #require(changes.count == 2)
    let flawed = try Repository.text("\(base)/options.c")
      .replacing(String(changes[0].dropFirst()), with: String(changes[1].dropFirst()))
    #expect(try Repository.text("\(demo)/options.c") == flawed)
  }

  /// Equal inputs make equal commits; every branch of `expected.txt` is there.
  @Test func scriptMakesTheRepositoryTwiceAlike() throws {
    let first = try make()
    let second = try make()
    #expect(first == second)
    for branch in try names("fixes") { #expect(first.contains(" refs/heads/fix-\(branch)\n")) }
  }

  /// Makes the repository in a new folder, and lists its branches with their commits.
  private func make() throws -> String {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "prgate-example-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let script = Repository.url("\(Self.folder)/make.sh").path
    return try run(["sh", script, folder.path])
      + run(["git", "-C", folder.path, "for-each-ref", "--format=%(objectname) %(refname)"])
      + run(["git", "-C", folder.path, "status", "--porcelain"])
  }

  private func run(_ command: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: output, as: UTF8.self)
    try #require(process.terminationStatus == 0, "\(command): \(text)")
    return text
  }
}
