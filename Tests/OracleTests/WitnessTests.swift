// SPDX-License-Identifier: Apache-2.0

import Clang
import Foundation
import Testing

@testable import Dev

/// Casts, parts of `for`, initialisers and places of macros against clang's own dump of the tree.
@Suite struct WitnessTests {
  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "fixtures/lowering")

  private static let files = [
    "aggregates.c", "bit-fields.c", "compound-assignment.c", "designators.c", "for-parts.c",
    "parameters.c", "short-circuit.c", "statement-expressions.c", "static-initialisers.c",
    "switches.c", "witness.c",
  ]

  @Test(arguments: files) func clangSaysTheSame(_ name: String) throws {
    let file = Self.folder.appending(path: name).path
    let result = try WitnessCommand.compare(
      file: file, path: name, arguments: ["-w", "-resource-dir=\(try resourceDirectory())"],
      compiler: compiler)
    #expect(result.lines == [])
    #expect(result.compared >= 4, "\(name) has nothing to compare")
  }
}
