// SPDX-License-Identifier: Apache-2.0

import Clang

/// What prgate needs of the machine.
enum Toolchain {
  /// The directory of the compiler's own headers; without them no C file can be read.
  static func resourceDirectory() throws(CommandFailure) -> String {
    do {
      return try Clang.resourceDirectory()
    } catch {
      throw .usage("\(error)")
    }
  }
}
