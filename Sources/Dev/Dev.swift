// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Commands for the people who work on the program; each has a file of its own.
@main
struct Dev: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dev", abstract: "Commands for the people who work on prgate.",
    subcommands: [
      DocsCommand.self, NewRuleCommand.self, BlessCommand.self, InterpretCommand.self,
      SerialCommand.self, ReachCommand.self, StoreCommand.self, WitnessCommand.self,
      JulietCommand.self, CorpusCommand.self, MutateCommand.self,
    ])
}
