// SPDX-License-Identifier: Apache-2.0

import Clang
import Foundation
import IR
import Lowering
import Testing

@Suite struct RoundTripTests {
  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path()

  /// Every C file among the fixtures, relative to `fixtures`.
  private static let fixtures: [String] =
    (FileManager.default.enumerator(atPath: root + "fixtures")?.compactMap { $0 as? String } ?? [])
    .filter { $0.hasSuffix(".c") }.sorted()

  @Test func everyFixtureReadsBackEqual() throws {
    #expect(Self.fixtures.count > 100)
    let arguments = [
      "-w", "-I\(Self.root)fixtures/include", "-resource-dir=\(try resourceDirectory())",
    ]
    for name in Self.fixtures {
      let module = try Lowering.lower(
        path: "\(Self.root)fixtures/\(name)", arguments: arguments,
        options: LoweringOptions(root: Self.root)
      ).module
      let bytes = module.encoded()
      let decoded = try Module(decoding: bytes)
      // Comparisons outside the macro, which would print both modules.
      let isEqual = decoded == module
      let hasEqualBytes = decoded.encoded() == bytes
      #expect(isEqual && hasEqualBytes, "\(name)")
      #expect(decoded.validate() == module.validate(), "\(name)")
      let printsAlike = decoded.dump() == module.dump()
      #expect(printsAlike, "\(name)")
    }
  }
}
