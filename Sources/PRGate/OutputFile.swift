// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Files that are there whole or not at all.
enum OutputFile {
  /// Held while a file is written, so that an interrupt waits until it is complete.
  private static let writing = Mutex(())

  /// Writes `text` to a new file beside `path` and gives it that name when it is complete.
  ///
  /// What is no regular file, such as a pipe or `/dev/stdout`, cannot be replaced and is written to.
  static func write(_ text: String, to path: String) throws(CommandFailure) {
    do {
      try writing.withLock { _ in
        if FileManager.default.fileExists(atPath: path), !Paths.isFile(path) {
          let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
          try handle.write(contentsOf: Data(text.utf8))
          try handle.close()
        } else {
          let target = URL(fileURLWithPath: Paths.canonical(path))
          try Data(text.utf8).write(to: target, options: .atomic)
        }
      }
    } catch {
      throw .usage("\(path): cannot be written (\(reason(of: error))); name another file with -o")
    }
  }

  /// Ends the process with `status` when no file is being written.
  static func finishAndExit(_ status: ExitStatus) -> Never {
    // Not `exit`: the parser's static destructors must not run beside its other threads.
    writing.withLock { _ in _exit(status.rawValue) }
  }

  private static func reason(of error: any Error) -> String {
    switch (error as? CocoaError)?.code {
    case .fileNoSuchFile: "no such directory"
    case .fileWriteNoPermission: "permission denied"
    case .fileWriteOutOfSpace: "no space left"
    default: "the system refuses"
    }
  }
}
