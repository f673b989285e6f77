// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

@main
struct Dev: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "dev")
}
