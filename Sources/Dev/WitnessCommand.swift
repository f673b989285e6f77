// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Clang
import Foundation
import Lowering

/// `dev witness`: compares what the lowering infers with what clang itself says.
struct WitnessCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "witness",
    abstract: "Compare casts, parts of 'for', initialisers and places of macros with clang's dump.",
    discussion: """
      libclang hides these, and the lowering infers them; 'clang -Xclang -ast-dump=json' shows them. \
      Every difference is printed and makes the command fail, but for those of a kind that the dump \
      cannot show, which are held against what it does show and counted.
      """)

  @Option(help: "The directory that holds a compile_commands.json.")
  var database: String

  @Option(help: "The clang whose dump is asked for.")
  var compiler = "clang-19"

  @Argument(help: "Units of the database, by parts of their paths.")
  var paths: [String]

  func run() throws {
    var (differences, compared, units) = (0, 0, 0)
    var explained: [WitnessDifferences.Cause: Int] = [:]
    for unit in try DatabaseUnit.all(of: database) where paths.contains(where: unit.path.contains) {
      let result = try Self.compare(
        file: unit.file, path: unit.path, arguments: unit.arguments, compiler: compiler)
      for line in result.lines { print(line) }
      print("\(unit.path): \(result.compared) compared, \(result.lines.count) different")
      differences += result.lines.count
      compared += result.compared
      units += 1
      explained.merge(result.explained) { $0 + $1 }
    }
    print("\(units) units: \(compared) compared, \(differences) different")
    for cause in WitnessDifferences.Cause.allCases where explained[cause] != nil {
      print("explained \(explained[cause] ?? 0): \(cause.rawValue)")
    }
    if differences > 0 { throw ExitCode.failure }
  }

  /// The differences of a file.
  static func compare(
    file: String, path: String, arguments: [String], compiler: String
  ) throws -> WitnessDifferences {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      [compiler] + arguments + ["-fsyntax-only", "-Xclang", "-ast-dump=json", file]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let dump = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw ValidationError("'\(compiler)' cannot dump '\(file)'")
    }
    let witness = try Witness(dump, mainFile: file)
    let unit = try TranslationUnit(path: file, arguments: arguments)
    let text = try Data(contentsOf: URL(filePath: file))
    return WitnessDifferences(
      Reading(unit, arguments: arguments), witness, path: path, text: text)
  }
}
