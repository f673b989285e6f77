// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// How units are read.
struct WorkerArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp("How long reading a unit may take, in seconds.", valueName: "SECONDS"))
  var timeout = 60

  @Flag(
    help: ArgumentHelp(
      "Read units in this process: for debuggers, because a crash then ends the run.",
      visibility: .hidden))
  var inProcess = false

  mutating func validate() throws {
    guard (1...86_400).contains(timeout) else {
      throw ValidationError("--timeout needs a number of seconds from 1 to 86400")
    }
  }

  /// Where the driver is to lower units.
  var isolation: UnitIsolation { inProcess ? .inProcess : .workers(timeout: timeout) }
}
