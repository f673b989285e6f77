// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// Counts units that are done, from any thread.
///
/// A class, because threads share it.
final class ProgressCounter: Sendable {
  private let done = Mutex(0)
  private let report: @Sendable (Int) -> Void

  /// Makes a counter that passes each new count to `report`, in order.
  init(_ report: @escaping @Sendable (Int) -> Void) { self.report = report }

  /// One more is done.
  func advance() {
    done.withLock { count in
      count += 1
      report(count)
    }
  }
}
