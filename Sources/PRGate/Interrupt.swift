// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation

/// Ctrl-C: the run ends at once with its own status and leaves no half-written file.
enum Interrupt {
  /// Starts to watch; keep the result for as long as it should.
  static func watch() -> any DispatchSourceSignal {
    // Not the default queue: its few threads can all be busy with units, and the signal would wait.
    let queue = DispatchQueue(label: "interrupt", qos: .userInteractive)
    let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: queue)
    source.setEventHandler {
      StandardStreams.endProgress()
      GateCache.removeScratch()
      OutputFile.finishAndExit(.interrupted)
    }
    // On Linux the source brings a signal handler of its own; `SIG_IGN` here would race with it.
    source.resume()
    return source
  }
}
