// SPDX-License-Identifier: Apache-2.0

import Dispatch
import Findings
import Foundation
import Synchronization

/// The time that a whole run may take; what is not done by then is not known.
///
/// The parser and the analysis cannot be asked to stop in the middle, so the run ends from outside, with
/// what was kept by then.
final class TimeBudget: Sendable {
  /// What is known when the time ends.
  struct Progress: Sendable {
    /// The reports that were written.
    var finished: [Report] = []
    /// What is known of the change that is being judged; nil where nothing is.
    var partial: Report?
  }

  private struct State {
    var timer: (any DispatchSourceTimer)?
    var seconds: Int?
    var progress = Progress()
  }

  private let state = Mutex(State())
  private let finish: @Sendable (_ seconds: Int, Progress) -> Void

  /// Makes a budget; `finish` ends the process when it is used up.
  init(finish: @escaping @Sendable (_ seconds: Int, Progress) -> Void) { self.finish = finish }

  /// Starts the time, once.
  func start(seconds: Int) {
    state.withLock { state in
      guard state.timer == nil else { return }
      // Not the default queue: its few threads can all be busy with units.
      let queue = DispatchQueue(label: "budget", qos: .userInteractive)
      let source = DispatchSource.makeTimerSource(queue: queue)
      source.schedule(deadline: .now() + .seconds(seconds))
      source.setEventHandler { [weak self] in self?.end() }
      source.resume()
      state.timer = source
      state.seconds = seconds
    }
  }

  /// Why something is open when the time ends; nil where it is not bounded.
  var reason: String? { state.withLock { $0.seconds.map(Self.reason) } }

  /// Why something is open after so many seconds.
  static func reason(seconds: Int) -> String {
    "not done within \(seconds) seconds; give more with --budget or limits.budget"
  }

  /// Keeps what is known of a change that is being judged.
  func keep(_ partial: Report) { state.withLock { $0.progress.partial = partial } }

  /// Writes a report that is whole; the time does not end meanwhile.
  func finish(
    _ report: Report, write: (Report) throws(CommandFailure) -> Void
  ) throws(CommandFailure) {
    let failure = state.withLock { state -> CommandFailure? in
      do throws(CommandFailure) {
        try write(report)
        state.progress.finished.append(report)
        state.progress.partial = nil
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  /// Ends the time: the run is done.
  func cancel() {
    state.withLock { state in
      state.timer?.cancel()
      state.seconds = nil
    }
  }

  private func end() {
    state.withLock { state in
      guard let seconds = state.seconds else { return }
      finish(seconds, state.progress)
    }
  }
}
