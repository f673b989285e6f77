// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Standard output for the report, standard error for all the rest.
enum StandardStreams {
  /// Writes to standard output.
  static func write(_ text: String) throws(CommandFailure) {
    do {
      try FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    } catch {
      throw .usage("standard output cannot be written; check where it goes")
    }
  }

  /// Writes a line to standard error; a closed one is no reason to fail.
  static func writeError(_ line: String, end: String = "\n") {
    try? FileHandle.standardError.write(contentsOf: Data((line + end).utf8))
  }

  /// Whether standard output is a terminal.
  static var isOutputTerminal: Bool { isatty(FileHandle.standardOutput.fileDescriptor) == 1 }

  /// Whether standard error is a terminal.
  static var isErrorTerminal: Bool { isatty(FileHandle.standardError.fileDescriptor) == 1 }
}
