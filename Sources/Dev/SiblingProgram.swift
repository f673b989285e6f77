// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// The `prgate` of the same build, so that measurements and real runs behave alike.
struct SiblingProgram {
  private let executable: URL

  /// Finds the program beside this one.
  init() throws {
    executable = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: "prgate")
    guard FileManager.default.isExecutableFile(atPath: executable.path) else {
      throw ValidationError("'\(executable.path)' is missing; build the product 'prgate' first")
    }
  }

  /// Runs it in a directory and gives what it prints and how it ends; its messages are shown.
  func run(_ arguments: [String], in directory: String) throws -> (output: Data, status: Int32) {
    let process = Process()
    let output = Pipe()
    process.executableURL = executable
    process.currentDirectoryURL = URL(filePath: directory)
    process.arguments = arguments
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (data, process.terminationStatus)
  }
}

/// What `prgate check -f json` says, as far as measurements need it.
struct CheckReport: Decodable {
  struct Finding: Decodable {
    struct Place: Decodable {
      var path: String
      var line: Int
      var sourceLine: String
    }
    var rule: String
    var tier: String
    var message: String
    var location: Place
    var function: String
    var fingerprint: String
  }
  struct Ledger: Decodable {
    var analysed: Int
    var needed: Int
  }
  var new: [Finding]
  var ledger: Ledger
}
