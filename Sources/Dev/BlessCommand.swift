// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// `dev bless`: takes what is printed today as what has to be printed.
struct BlessCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bless",
    abstract: "Rewrite the golden files of the tests from what the program prints now.",
    discussion: "Read the difference before you commit it.")

  @Option(help: "The build folder, where it is not '.build'.")
  var scratchPath: String?

  func run() throws {
    let checkout = try Checkout.current()
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.currentDirectoryURL = checkout.root
    let scratch = scratchPath.map { ["--scratch-path", $0] } ?? []
    process.arguments = ["swift", "test"] + scratch + ["--filter", "GoldenTests"]
    process.environment = ProcessInfo.processInfo.environment.merging(["PRGATE_BLESS": "1"]) { $1 }
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw ExitCode(process.terminationStatus) }
    print("compare with 'git diff Tests'")
  }
}
