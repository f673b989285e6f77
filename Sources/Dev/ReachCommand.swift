// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// `dev reach`: how much of real programs the front end understands, and what it costs.
struct ReachCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reach",
    abstract: "Lower all units of compilation databases; count what is not understood.",
    discussion: """
      A function counts as one with an unknown when its code has a construct that is not modelled; \
      the effect of inline assembly on its operands is modelled. The cost of lowering is given \
      beside that of libclang's parse in the same run; only a release build tells the truth.
      """)

  @Argument(help: "Directories that hold a compile_commands.json.", completion: .directory)
  var databases: [String]

  @Option(help: "Only so many units of each.")
  var limit = Int.max

  @Option(help: "Only units whose path contains this.")
  var only = ""

  @Flag(help: "Print the place of each unknown.")
  var places = false

  @Flag(help: "Print a line for each unit before it is read, and its cost.")
  var units = false

  func run() throws {
    var isWhole = true
    for database in databases {
      let units = try DatabaseUnit.all(of: database)
        .filter { only.isEmpty || $0.path.contains(only) }.prefix(limit)
      let measurement = measure(Array(units), root: database)
      print("\(database)\n\(measurement.report)", terminator: "")
      if places { for line in measurement.places { print("  \(line)") } }
      for failure in measurement.failures { print("  \(failure)") }
      isWhole = isWhole && measurement.failures.isEmpty
    }
    if !isWhole { throw ExitCode.failure }
  }

  private func measure(_ list: [DatabaseUnit], root: String) -> ReachMeasurement {
    let root = URL(filePath: root).standardizedFileURL.resolvingSymlinksInPath().path
    let isVerbose = units
    let result = onDeepStack {
      var result = ReachMeasurement()
      for unit in list { result.add(unit, root: root, isVerbose: isVerbose) }
      return result
    }
    return result ?? ReachMeasurement()
  }
}
