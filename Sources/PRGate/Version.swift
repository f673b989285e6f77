// SPDX-License-Identifier: Apache-2.0

import Clang

/// The version of the program.
enum Version {
  /// The release, as semantic versioning has it.
  static let number = "0.1.0"

  /// The text of `--version`.
  static var text: String { "prgate \(number) (\(libclangVersion()))" }
}
