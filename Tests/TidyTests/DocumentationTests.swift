// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Dev

/// What is generated is committed as it would be generated now.
@Suite struct DocumentationTests {
  /// The built program, which lies beside the tests.
  private static let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    .appending(path: "prgate")

  @Test func generatedFilesAreUpToDate() throws {
    let checkout = Checkout(root: Repository.root)
    let differences = try GeneratedFiles(of: checkout, prgate: Self.program).differences(
      from: checkout)
    #expect(
      differences.isEmpty,
      "\(differences.joined(separator: ", ")): run 'swift build && swift run Dev docs'")
  }

  /// Links of the documents lead to files that exist.
  @Test(arguments: [
    "README.md", "ARCHITECTURE.md", "PHILOSOPHY.md", "CONTRIBUTING.md", "CHANGELOG.md",
  ])
  func linksLeadSomewhere(_ path: String) throws {
    for match in try Repository.text(path).matches(of: /\]\(([^)#:]+)\)/) {
      #expect(Repository.exists(String(match.output.1)), "\(path): \(match.output.1)")
    }
  }

  /// The quick start is exactly two commands, and both exist.
  @Test func quickStartNamesWhatExists() throws {
    let readme = try Repository.text("README.md")
    let section = try #require(
      readme.split(separator: "## Quick start")[1].split(separator: "\n## ").first)
    let commands = section.split(separator: "```")[0].split(separator: "\n").filter {
      $0.hasPrefix("    ")
    }
    #expect(commands.count == 2)
    for word in commands.flatMap({ $0.split(separator: " ") }) where word.contains("/") {
      #expect(Repository.exists(String(word.trimmingPrefix("./"))), "\(word)")
    }
  }

  /// The finding that the README shows is the one that its first command prints.
  @Test func shownFindingIsReal() throws {
    let blocks = try Repository.text("README.md").split(separator: "```")
    let shown = try #require(blocks.dropFirst().first).drop { $0 == "\n" }
    let process = Process()
    process.executableURL = Self.program
    process.arguments = ["check", "fixtures/repos/dhcp-client/demo/options.c"]
    process.currentDirectoryURL = Repository.root
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(process.terminationStatus == 1)
    #expect(String(decoding: output, as: UTF8.self).hasPrefix(shown))
  }
}
