// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A line of an example repository's `expected.txt`.
struct Expectation: CustomTestStringConvertible, Sendable {
  var branch: String
  var verdict: String
  /// Rule, path and line of each new finding that blocks.
  var findings: [Place]

  struct Place: Hashable, Sendable {
    var rule: String
    var path: String
    var line: Int
  }

  var testDescription: String { branch }
  var isPass: Bool { verdict == "PASS" }

  /// What the example in a folder of `fixtures/repos` expects.
  static func all(of example: String) -> [Expectation] {
    let text = (try? String(contentsOfFile: example + "/expected.txt", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
      let words = line.split(separator: " ").map(String.init)
      let places = stride(from: 2, to: words.count, by: 3).map { index in
        Place(rule: words[index], path: words[index + 1], line: Int(words[index + 2]) ?? 0)
      }
      return Expectation(branch: words[0], verdict: words[1], findings: places)
    }
  }
}
