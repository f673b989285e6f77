// SPDX-License-Identifier: Apache-2.0

// Written by `swift run Dev docs` from fixtures/<rule-id>/example.{bad,good}.c.

extension RuleExample {
  /// The examples by rule id.
  static let all: [String: RuleExample] = [
    "missing-terminator": RuleExample(
      bad: "",
      good: ""),
    "off-by-one-read": RuleExample(
      bad: "",
      good: ""),
    "off-by-one-write": RuleExample(
      bad: "",
      good: ""),
    "out-of-bounds-read": RuleExample(
      bad: "",
      good: ""),
    "out-of-bounds-write": RuleExample(
      bad: "",
      good: ""),
    "unsafe-function": RuleExample(
      bad: "",
      good: ""),
  ]
}
