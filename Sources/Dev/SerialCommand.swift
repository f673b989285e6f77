// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Clang
import Foundation

/// `dev serial`: what storing modules costs on a real program.
struct SerialCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serial",
    abstract: "Store the modules of a program, read them back, compare, and print sizes and times.",
    discussion: """
      Every unit of the compilation database is parsed twice: once alone, to have the time, and once \
      to be lowered. Of the flags only those for the preprocessor and the language are used.
      """)

  @Option(name: .shortAndLong, help: "The directory that holds compile_commands.json.")
  var path: String

  @Option(help: "Only so many units.")
  var limit = Int.max

  func run() throws {
    let data = try Data(contentsOf: URL(filePath: path).appending(path: "compile_commands.json"))
    let entries = try JSONDecoder().decode([DatabaseEntry].self, from: data)
    let resources = try resourceDirectory()
    var measurement = SerialMeasurement()
    for entry in entries.prefix(limit) {
      let own = [
        "-x", "c", "-w", "-working-directory=\(entry.directory)", "-resource-dir=\(resources)",
      ]
      measurement.add(
        path: entry.absolutePath, arguments: entry.languageFlags + own, root: entry.directory)
    }
    for failure in measurement.failures { print(failure) }
    print(measurement.report, terminator: "")
    if !measurement.failures.isEmpty { throw ExitCode.failure }
  }
}

/// An entry of a compilation database, as far as a measurement needs it.
private struct DatabaseEntry: Decodable {
  var directory: String
  var file: String
  var arguments: [String]?
  var command: String?

  var absolutePath: String { file.hasPrefix("/") ? file : "\(directory)/\(file)" }

  /// The flags that decide what the source means; quoting in a `command` is not undone.
  var languageFlags: [String] {
    let words = arguments ?? command?.split(separator: " ").map(String.init) ?? []
    let names = ["-I", "-D", "-U", "-std=", "-isystem", "-iquote", "-include", "-imacros"]
    var flags: [String] = []
    for (index, word) in words.enumerated() {
      guard let name = names.first(where: word.hasPrefix) else { continue }
      flags.append(word)
      if word == name, index + 1 < words.count { flags.append(words[index + 1]) }
    }
    return flags
  }
}
