// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// `dev serial`: what storing modules costs on a real program.
struct SerialCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serial",
    abstract: "Store the modules of a program, read them back, compare, and print sizes and times.",
    discussion: """
      Every unit of the compilation database is parsed twice: once alone, to have the time, and once \
      to be lowered.
      """)

  @Option(name: .shortAndLong, help: "The directory that holds compile_commands.json.")
  var path: String

  @Option(help: "Only so many units.")
  var limit = Int.max

  func run() throws {
    let units = Array(try DatabaseUnit.all(of: path).prefix(limit))
    let root = URL(filePath: path).standardizedFileURL.resolvingSymlinksInPath().path
    let measurement = onDeepStack {
      var measurement = SerialMeasurement()
      for unit in units {
        measurement.add(path: unit.file, arguments: unit.arguments, root: root)
      }
      return measurement
    }
    guard let measurement else { throw ExitCode.failure }
    for failure in measurement.failures { print(failure) }
    print(measurement.report, terminator: "")
    if !measurement.failures.isEmpty { throw ExitCode.failure }
  }
}
