// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Foundation
import Synchronization

/// The time that a whole run may take; what is not done by then is not known.
///
/// The parser and the analysis cannot be asked to stop in the middle, so the run ends from outside: what
/// it has found by then is not said, and never counts as a pass of its own.
final class TimeBudget: Sendable {
  private let timer = Mutex<(any DispatchSourceTimer)?>(nil)
  private let finish: @Sendable (_ seconds: Int) -> Void

  /// Makes a budget; `finish` ends the process when it is used up.
  init(finish: @escaping @Sendable (_ seconds: Int) -> Void) { self.finish = finish }

  /// Starts the time, once.
  func start(seconds: Int) {
    timer.withLock { timer in
      guard timer == nil else { return }
      // Not the default queue: its few threads can all be busy with units.
      let queue = DispatchQueue(label: "budget", qos: .userInteractive)
      let source = DispatchSource.makeTimerSource(queue: queue)
      source.schedule(deadline: .now() + .seconds(seconds))
      source.setEventHandler { [finish] in finish(seconds) }
      source.resume()
      timer = source
    }
  }

  /// Ends the time: the run is done.
  func cancel() { timer.withLock { $0?.cancel() } }
}
