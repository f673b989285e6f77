// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

@main
struct PRGate: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "prgate")
}
