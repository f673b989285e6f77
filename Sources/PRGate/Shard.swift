// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// One of several parts of a program's work, such as 2/4.
struct Shard: Hashable, Sendable {
  /// Which one, from 1.
  var number: Int
  /// How many there are.
  var count: Int

  /// Whether the unit at a position of the program is its own.
  ///
  /// Neighbours in a database are alike in size, so that they are dealt out in turns.
  func contains(_ position: Int) -> Bool { position % count == number - 1 }
}

extension Shard: ExpressibleByArgument {
  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let number = Int(parts[0]), let count = Int(parts[1]),
      (1...10_000).contains(count), (1...count).contains(number)
    else { return nil }
    self.init(number: number, count: count)
  }

  var defaultValueDescription: String { "\(number)/\(count)" }
}

/// What a shard did.
struct ShardWork: Hashable, Sendable {
  /// Units of its own.
  var units: Int
  /// Those that cannot be read; the last run says why.
  var unreadable: Int
  /// Those that were not kept.
  var parsed: Int
  /// Units of the program.
  var program: Int
  /// Those that it had.
  var available: Int
  /// Functions that it analysed.
  var looked: Int

  /// One line for people.
  func text(_ shard: Shard) -> String {
    "shard \(shard.number)/\(shard.count): \(units) of \(program) units, \(parsed) parsed, "
      + "\(available) known; \(looked) functions analysed"
  }
}
