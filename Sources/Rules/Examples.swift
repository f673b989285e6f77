// SPDX-License-Identifier: Apache-2.0

// Written by `swift run Dev docs` from fixtures/<rule-id>/example.{bad,good}.c.

extension RuleExample {
  /// The examples by rule id.
  static let all: [String: RuleExample] = [:]
}
