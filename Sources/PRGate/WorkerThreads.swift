// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization

/// Threads with a stack that is deep enough for the parser and the analysis.
///
/// Swift's own thread pool has 512 KiB stacks; a chain of ten thousand `else if` needs more.
enum WorkerThreads {
  /// Bytes of stack for each thread.
  static let stackSize = 64 << 20

  /// `body` of every item, `count` items at a time; the results are in the order of the items.
  static func map<Item: Sendable, Result: Sendable>(
    _ items: [Item], count: Int, _ body: @escaping @Sendable (Item) -> Result
  ) async -> [Result] {
    guard !items.isEmpty else { return [] }
    let queue = Queue<Result>(count: items.count)
    return await withCheckedContinuation { continuation in
      for _ in 0..<max(1, min(count, items.count)) {
        let thread = Thread {
          while let index = queue.next() {
            if let results = queue.finish(index, with: body(items[index])) {
              continuation.resume(returning: results)
            }
          }
        }
        thread.stackSize = stackSize
        thread.start()
      }
    }
  }

  /// `body` on one such thread.
  static func run<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
      let thread = Thread { continuation.resume(returning: body()) }
      thread.stackSize = stackSize
      thread.start()
    }
  }
}

/// The items that wait and the results that are there.
///
/// A class, because threads share it; the lock guards all of it.
private final class Queue<Result: Sendable>: Sendable {
  private struct State {
    var next = 0
    var missing: Int
    var results: [Result?]
  }

  private let count: Int
  private let state: Mutex<State>

  init(count: Int) {
    self.count = count
    state = Mutex(State(missing: count, results: Array(repeating: nil, count: count)))
  }

  /// The next item to work on; nil when all are taken.
  func next() -> Int? {
    state.withLock { state in
      guard state.next < count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }

  /// Stores a result; all results when it was the last one.
  func finish(_ index: Int, with result: Result) -> [Result]? {
    state.withLock { state in
      state.results[index] = result
      state.missing -= 1
      return state.missing == 0 ? state.results.compactMap(\.self) : nil
    }
  }
}
