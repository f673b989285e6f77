// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Gate

/// How units are read.
struct WorkerArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "How long reading a unit may take, in seconds; the policy's limit, or 60, by default.",
      valueName: "SECONDS"))
  var timeout: Int?

  @Flag(
    help: ArgumentHelp(
      "Read units in this process: for debuggers, because a crash then ends the run.",
      visibility: .hidden))
  var inProcess = false

  mutating func validate() throws {
    guard (1...86_400).contains(timeout ?? 1) else {
      throw ValidationError("--timeout needs a number of seconds from 1 to 86400")
    }
  }

  /// Where the driver is to lower units.
  var isolation: UnitIsolation { isolation(policy: .builtIn) }

  /// Where the driver is to lower units, with the limit of a policy.
  func isolation(policy: Policy) -> UnitIsolation {
    inProcess ? .inProcess : .workers(timeout: timeout ?? policy.timeout ?? 60)
  }
}
