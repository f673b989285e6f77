// SPDX-License-Identifier: Apache-2.0

import Clang
import Foundation
import IR
import Lowering
import Testing

/// A C file whose end says, in a comment, what it is lowered to.
struct LoweringFixture: CustomTestStringConvertible, Sendable {
  /// The file's name.
  let name: String

  var testDescription: String { name }

  static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "fixtures/lowering")

  static let all: [LoweringFixture] =
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    .filter { $0.hasSuffix(".c") }.map(LoweringFixture.init(name:))

  var file: URL { Self.folder.appending(path: name) }

  private static let opening = "\n/* IR\n"

  /// The C code, and the IR that is expected of it.
  func parts() throws -> (code: String, expected: String) {
    let text = try String(contentsOf: file, encoding: .utf8)
    guard let range = text.range(of: Self.opening) else { return (text, "") }
    return (String(text[..<range.lowerBound]) + "\n", String(text[range.upperBound...].dropLast(3)))
  }

  func write(_ code: String, _ output: String) throws {
    let text = code.trimmingCharacters(in: .newlines) + "\n" + Self.opening + output + "*/\n"
    try text.write(to: file, atomically: true, encoding: .utf8)
  }

  func lowered() throws -> LoweredUnit {
    try lower(
      path: file.path, arguments: ["-w", "-resource-dir=\(try resourceDirectory())"],
      options: LoweringOptions(root: Self.folder.path))
  }
}

/// The printed IR of small C files.
@Suite struct LoweringGoldenTests {
  @Test(arguments: LoweringFixture.all)
  func printsTheExpectedIR(_ fixture: LoweringFixture) throws {
    let output = try fixture.lowered().module.dump()
    let (code, expected) = try fixture.parts()
    if ProcessInfo.processInfo.environment["PRGATE_BLESS"] != nil {
      try fixture.write(code, output)
    } else {
      #expect(output == expected, "rewrite with 'swift run Dev bless' and read the difference")
    }
  }

  @Test(arguments: LoweringFixture.all)
  func keepsTheInvariants(_ fixture: LoweringFixture) throws {
    #expect(try fixture.lowered().module.validate() == [])
  }

  @Test(arguments: LoweringFixture.all)
  func isCorrectC(_ fixture: LoweringFixture) throws {
    let errors = try fixture.lowered().errors
    #expect(errors.isEmpty == (fixture.name != "errors.c"), "\(errors)")
  }

  /// Code with errors, as the fuzzer found it: it must not crash libclang, and what comes of it must
  /// be fit to be stored.
  @Test(arguments: brokenFiles) func survivesBrokenCode(_ name: String) throws {
    let file = Self.brokenFolder.appending(path: name)
    let unit = try lower(
      path: file.path, arguments: ["-w", "-resource-dir=\(try resourceDirectory())"],
      options: LoweringOptions(root: Self.brokenFolder.path))
    #expect(!unit.errors.isEmpty)
    #expect(try Module(decoding: unit.module.encoded()) == unit.module)
  }

  private static let brokenFolder = LoweringFixture.folder.appending(path: "broken")

  private static let brokenFiles =
    ((try? FileManager.default.contentsOfDirectory(atPath: brokenFolder.path)) ?? []).sorted()

  @Test func thereAreFixtures() {
    #expect(LoweringFixture.all.count >= 12 && Self.brokenFiles.count >= 3)
  }
}
