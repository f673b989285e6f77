// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// `prgate doctor`: what the gate needs of a machine and a repository, and what is missing.
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Look at machine and repository: every line is fine, or names the next step.",
    discussion: """
      Nothing is built, fetched or changed. The status is 2 if something keeps the gate from working.
      """)

  @Option(
    name: [.customShort("p"), .customLong("database")],
    help: "compile_commands.json or the directory that holds it.", completion: .file())
  var database: String?

  @Option(help: ArgumentHelp("Units to read on trial, spread over the database.", valueName: "N"))
  var probe = 20

  mutating func validate() throws {
    guard (0...100_000).contains(probe) else {
      throw ValidationError("--probe needs a number from 0 to 100000")
    }
  }

  func run() async throws {
    let checkup = Checkup(place: .current, database: database, probe: probe)
    var isBroken = false
    for examination in checkup.examinations {
      for symptom in await examination() {
        if symptom.state == .broken { isBroken = true }
        // Line by line: the trial takes a while, and who waits wants to read.
        try StandardStreams.write(symptom.line + "\n")
      }
    }
    guard !isBroken else { throw ExitCode(ExitStatus.usage.rawValue) }
  }
}

/// One line of the doctor's answer.
struct Symptom: Hashable, Sendable {
  /// How serious it is.
  enum State: String, Hashable, Sendable {
    case fine = "ok"
    case remark = "note"
    case broken = "FAIL"
  }

  /// How serious it is.
  var state: State
  /// What was looked at.
  var subject: String
  /// What was found and, where it is not fine, the next step.
  var message: String

  /// All is well.
  static func fine(_ subject: String, _ message: String) -> Symptom {
    Symptom(state: .fine, subject: subject, message: message)
  }

  /// The gate works, and it could be better.
  static func remark(_ subject: String, _ message: String) -> Symptom {
    Symptom(state: .remark, subject: subject, message: message)
  }

  /// The gate does not work like this.
  static func broken(_ subject: String, _ message: String) -> Symptom {
    Symptom(state: .broken, subject: subject, message: message)
  }

  /// The line as it is printed.
  var line: String {
    state.rawValue.padding(toLength: 5, withPad: " ", startingAt: 0)
      + (subject + ":").padding(toLength: 10, withPad: " ", startingAt: 0) + Checkup.shown(message)
  }
}
