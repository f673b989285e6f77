// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Synchronization

/// A unit of a compilation database as `prgate dump units` prints it.
struct DatabaseUnit: Decodable, Sendable {
  /// The path as reports name it.
  var path: String
  /// The absolute path of the main file.
  var file: String
  /// The arguments for the parser.
  var arguments: [String]
  /// Why it must not be parsed; nil where it may.
  var refusal: String?
  /// Flags that were dropped because only the build's compiler knows them.
  var droppedFlags: [String]
  /// Flags that were dropped because nobody knows them.
  var unknownFlags: [String]

  /// The units of the database in `directory`, with the flags that `prgate` would use.
  ///
  /// The program of the same build is asked, so that measurements and real runs read code alike.
  static func all(of directory: String) throws -> [DatabaseUnit] {
    let result = try SiblingProgram().run(["dump", "units", "-p", "."], in: directory)
    guard result.status == 0 else {
      throw ValidationError("'prgate dump units -p .' fails in '\(directory)'")
    }
    return try JSONDecoder().decode([DatabaseUnit].self, from: result.output)
  }
}

/// The result of `body`, which runs on a thread with a stack as deep as that of a worker.
func onDeepStack<Result: Sendable>(_ body: @escaping @Sendable () -> Result) -> Result? {
  let result = Mutex<Result?>(nil)
  let done = DispatchSemaphore(value: 0)
  let thread = Thread {
    let value = body()
    result.withLock { $0 = value }
    done.signal()
  }
  thread.stackSize = 64 << 20
  thread.start()
  done.wait()
  return result.withLock { $0 }
}
