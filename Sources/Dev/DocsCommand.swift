// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// `dev docs`: writes the pages of the rules and of the commands.
struct DocsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "docs",
    abstract: "Write docs/rules, docs/cli.md, the schema of the policy and the rules' examples.",
    discussion: "Run 'swift build' first: the command line is described by the built program.")

  @Flag(help: "Write nothing; fail if something is out of date.")
  var check = false

  func run() throws {
    let checkout = try Checkout.current()
    let program = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: "prgate")
    let files = try GeneratedFiles(of: checkout, prgate: program)
    let differences = files.differences(from: checkout)
    if check, !differences.isEmpty {
      let paths = differences.joined(separator: ", ")
      throw ValidationError("out of date: \(paths); run 'swift build && swift run Dev docs'")
    }
    for path in differences {
      if let text = files.texts[path] {
        try checkout.write(text, to: path)
      } else {
        try checkout.remove(path)
      }
      print(path)
    }
  }
}
