// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// `prgate dump`: what the stages hand on, for people who work on prgate.
struct DumpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump", abstract: "Print an intermediate form.",
    subcommands: [IR.self])

  /// `prgate dump ir FILE`.
  struct IR: AsyncParsableCommand, TakesCompilerFlags {
    static let configuration = CommandConfiguration(
      commandName: "ir", abstract: "Print the intermediate representation of a C file.")

    @OptionGroup var source: SourceOptions

    func run() async throws {
      throw CommandFailure.usage("not there yet")
    }
  }
}
