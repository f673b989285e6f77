// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

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
    progressLine.withLock { state in
      writeRaw((state == .shown ? clearing : "") + line + end)
      if state == .shown { state = .none }
    }
  }

  /// Shows how far the run is, on a line that is written over; nil clears it.
  static func showProgress(_ text: String?) {
    progressLine.withLock { state in
      guard state != .ended, text != nil || state == .shown else { return }
      writeRaw(text.map { "\r\($0)" } ?? clearing)
      state = text == nil ? .none : .shown
    }
  }

  /// Clears the line of the progress for good: the run ends here.
  static func endProgress() {
    progressLine.withLock { state in
      if state == .shown { writeRaw(clearing) }
      state = .ended
    }
  }

  private enum ProgressLine {
    case none
    case shown
    case ended
  }

  private static let progressLine = Mutex(ProgressLine.none)
  private static let clearing = "\r\u{1B}[K"

  private static func writeRaw(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  /// Whether standard output is a terminal.
  static var isOutputTerminal: Bool { isatty(FileHandle.standardOutput.fileDescriptor) == 1 }

  /// Whether standard error is a terminal.
  static var isErrorTerminal: Bool { isatty(FileHandle.standardError.fileDescriptor) == 1 }
}
