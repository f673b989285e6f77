// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// The help of the program and its subcommands, as the program prints it.
struct CommandPages {
  private let program: URL

  /// What argument-parser's dump of the help says of a command; the little that is used here.
  private struct Command: Decodable {
    var commandName: String
    var subcommands: [Command]?
    var shouldDisplay: Bool?
  }

  private struct Dump: Decodable {
    var command: Command
  }

  /// The pages of a built program.
  init(of program: URL) { self.program = program }

  /// One section for each command, in the order of the program's own list.
  func markdown() throws -> String {
    let dump = try JSONDecoder().decode(
      Dump.self, from: Data(try output(of: ["--experimental-dump-help"]).utf8))
    return try "# The command line\n" + sections(of: dump.command, path: [])
  }

  /// The JSON schema of the policy, as the program prints it.
  func policySchema() throws -> String { try output(of: ["config", "schema"]) }

  private func sections(of command: Command, path: [String]) throws -> String {
    let title = (["prgate"] + path).joined(separator: " ")
    let help = try output(of: path + ["--help"])
    var text = "\n## \(title)\n\n```\n\(help.trimmingCharacters(in: .newlines))\n```\n"
    for subcommand in command.subcommands ?? []
    where subcommand.commandName != "help" && subcommand.shouldDisplay != false {
      text += try sections(of: subcommand, path: path + [subcommand.commandName])
    }
    return text
  }

  private func output(of arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    // Help is wrapped to the terminal's width where it knows one.
    process.environment = ProcessInfo.processInfo.environment.merging(["COLUMNS": "80"]) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    do {
      try process.run()
    } catch {
      throw ValidationError("\(program.path) cannot be run; build it with 'swift build' first")
    }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw ValidationError("\(program.path) \(arguments.joined(separator: " ")) failed")
    }
    return String(decoding: data, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.trimmingSuffix { $0 == " " } }.joined(separator: "\n")
  }
}

extension Substring {
  /// The text without the characters at its end that fulfil a condition.
  fileprivate func trimmingSuffix(while condition: (Character) -> Bool) -> Substring {
    var text = self
    while let last = text.last, condition(last) { text.removeLast() }
    return text
  }
}
