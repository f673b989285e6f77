// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What a fixture says of one of its lines.
struct Expectation: Hashable {
  var line: Int
  var rule: String
  var tier: String
  /// Text that the message holds; empty where any will do.
  var text: String
}

/// A C file under `fixtures/<rule-id>` or `fixtures/engine/<ability>`.
struct Fixture: CustomTestStringConvertible, Hashable {
  /// Path below `fixtures`.
  var name: String

  var testDescription: String { name }
  var path: String { Self.folder.appending(path: name).path() }
  /// Whether it must be found, else it must stay silent.
  var isBad: Bool { name.hasSuffix(".bad.c") }

  static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "fixtures")

  /// All fixtures of rules and of the engine, sorted.
  static let all: [Fixture] = {
    let files = FileManager.default.enumerator(atPath: folder.path())
    return (files?.compactMap { $0 as? String } ?? [])
      .filter { $0.hasSuffix(".bad.c") || $0.hasSuffix(".good.c") }
      .filter { !$0.hasPrefix("cross-file/") && !$0.hasPrefix("members/") }
      .sorted().map(Fixture.init)
  }()

  /// The rules of `fixtures/cross-file`, a folder each.
  static let crossFile = folders(in: "cross-file")

  /// The programs of `fixtures/members`, a folder each.
  static let members = folders(in: "members")

  private static func folders(in name: String) -> [String] {
    let names = try? FileManager.default.contentsOfDirectory(
      atPath: folder.appending(path: name).path())
    return (names ?? []).sorted()
  }

  /// `// expect: rule-id [B] ["text"]` at the end of a line.
  func expectations() throws -> [Expectation] { try notes("expect") }

  /// `// misses: rule-id` at the end of a line: a defect that is known to be overlooked.
  func misses() throws -> [Expectation] { try notes("misses") }

  /// `// noise: rule-id [B]` at the end of a line: a finding that is known to be wrong.
  func noise() throws -> [Expectation] { try notes("noise") }

  private func notes(_ word: String) throws -> [Expectation] {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    var result: [Expectation] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      for part in line.components(separatedBy: "// \(word): ").dropFirst() {
        let words = part.split(separator: " ")
        guard let rule = words.first else { continue }
        let quoted = part.split(separator: "\"", omittingEmptySubsequences: false)
        result.append(
          Expectation(
            line: index + 1, rule: String(rule),
            tier: words.count > 1 && words[1] == "B" ? "B" : "A",
            text: quoted.count > 1 ? String(quoted[1]) : ""))
      }
    }
    return result
  }
}
