// SPDX-License-Identifier: Apache-2.0

import Analysis
import Foundation
import Synchronization

/// Carries out the steps of the analysis on several threads.
struct ThreadedSteps: StepRunner {
  /// Threads at a time.
  var count: Int

  func run<Outcome: Sendable>(
    needs: [[Int]], _ body: @escaping @Sendable (Int, [Outcome]) -> Outcome
  ) -> [Outcome] {
    let threads = min(count, needs.count)
    guard threads > 1 else { return SequentialSteps().run(needs: needs, body) }
    let schedule = StepSchedule<Outcome>(needs: needs, threads: threads)
    let done = DispatchSemaphore(value: 0)
    for _ in 0..<threads {
      let thread = Thread {
        while let (number, earlier) = schedule.next() {
          schedule.finish(number, with: body(number, earlier))
        }
        done.signal()
      }
      thread.stackSize = WorkerThreads.stackSize
      thread.start()
    }
    for _ in 0..<threads { done.wait() }
    return schedule.outcomes
  }
}

/// The steps that can begin and the outcomes that are there.
///
/// A class, because threads share it; the lock guards what changes.
private final class StepSchedule<Outcome: Sendable>: Sendable {
  private struct State {
    /// Steps that can begin; the last one is next.
    var ready: [Int]
    /// For each step, how many of those that it needs are missing.
    var missing: [Int]
    var left: Int
    var outcomes: [Outcome?]
  }

  private let needs: [[Int]]
  private let threads: Int
  /// For each step, those that need it.
  private let dependents: [[Int]]
  private let state: Mutex<State>
  /// Counts the steps that can begin, and at the end the threads that can go.
  private let filled: DispatchSemaphore

  init(needs: [[Int]], threads: Int) {
    self.needs = needs
    self.threads = threads
    var dependents = [[Int]](repeating: [], count: needs.count)
    for (number, earlier) in needs.enumerated() {
      for need in earlier { dependents[need].append(number) }
    }
    self.dependents = dependents
    let ready = needs.indices.reversed().filter { needs[$0].isEmpty }
    filled = DispatchSemaphore(value: 0)
    state = Mutex(
      State(
        ready: ready, missing: needs.map(\.count), left: needs.count,
        outcomes: Array(repeating: nil, count: needs.count)))
    for _ in ready { filled.signal() }
  }

  /// Waits for a step that can begin; nil when all are done.
  func next() -> (number: Int, earlier: [Outcome])? {
    filled.wait()
    return state.withLock { state in
      guard let number = state.ready.popLast() else { return nil }
      return (number, needs[number].compactMap { state.outcomes[$0] })
    }
  }

  /// Keeps an outcome, and lets those steps begin that waited for it only.
  func finish(_ number: Int, with outcome: Outcome) {
    let signals = state.withLock { state in
      state.outcomes[number] = outcome
      state.left -= 1
      if state.left == 0 { return threads }
      var count = 0
      for dependent in dependents[number].reversed() {
        state.missing[dependent] -= 1
        guard state.missing[dependent] == 0 else { continue }
        state.ready.append(dependent)
        count += 1
      }
      return count
    }
    for _ in 0..<signals { filled.signal() }
  }

  /// The outcomes of all steps in their order, when all are there.
  var outcomes: [Outcome] { state.withLock { $0.outcomes.compactMap(\.self) } }
}
