// SPDX-License-Identifier: Apache-2.0

import Analysis
import Foundation
@testable import Models
import Testing

/// What a clause of a kernel model promises is shown by a line of `fixtures/models/clauses-*.c`.
///
/// The lines are written by hand and not made from the table: a clause that changes or gets lost
/// makes the line's finding go, or its good twin speak.
@Suite struct ClauseTests {
  /// A kind of clause: the fixture of that name, and the functions that it leaves out.
  struct Kind: CustomTestStringConvertible, Sendable {
    var fixture: String
    /// Operands of assembly, what makes one block of another, and what has no partner.
    var others: Set<String> = []
    var has: @Sendable (FunctionModel) -> Bool

    var testDescription: String { fixture }

    init(
      _ fixture: String, but others: Set<String> = [],
      has: @escaping @Sendable (FunctionModel) -> Bool
    ) {
      (self.fixture, self.others, self.has) = (fixture, others, has)
    }
  }

  private static let assembly: Set = [
    "__get_user", "__get_user_nocheck", "__put_user", "__put_user_nocheck",
  ]

  static let kinds = [
    Kind("locks") { model in
      model.effects.contains {
        switch $0 {
        case .lock, .unlock: true
        default: false
        }
      }
    },
    Kind(
      "owned",
      but: ["krealloc", "krealloc_array", "kvasprintf", "build_skb"]
    ) { model in
      model.acquires != nil && model.acquires != .managed && !model.mayBeError
    },
    Kind("released", but: ["release_firmware"]) { model in
      model.effects.contains {
        switch $0 {
        case .release, .put: true
        default: false
        }
      }
    },
    Kind("errors") { $0.mayBeError },
    Kind("user", but: assembly) { model in
      model.effects.contains {
        switch $0 {
        case .user, .fetch: true
        default: false
        }
      }
    },
    Kind("leaks") { $0.reachesUser },
    Kind("taints", but: ["__get_user", "__get_user_nocheck"]) { model in
      model.effects.contains {
        switch $0 {
        case .external, .externalText: true
        default: false
        }
      }
    },
    Kind("reveals") { model in
      model.effects.contains {
        if case .reveal = $0 { true } else { false }
      }
    },
    Kind("writes") { model in
      model.effects.contains {
        if case .write(_, .constant) = $0 { true } else { false }
      }
    },
    Kind("attributes") { model in
      model.effects.contains {
        if case .attributes = $0 { true } else { false }
      }
    },
    Kind("keeps", but: ["build_skb"]) { model in
      model.effects.contains {
        if case .keep = $0 { true } else { false }
      }
    },
  ]

  @Test(arguments: kinds) func aLineShowsEachFunctionThatHasTheClause(_ kind: Kind) throws {
    let fixture = Fixture(name: "models/clauses-\(kind.fixture).bad.c")
    let words = Set(
      try String(contentsOfFile: fixture.path, encoding: .utf8).split(separator: "\n")
        .filter { $0.contains("// expect: ") }
        .flatMap { $0.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init) })
    let names = try Set(
      ModelTests.kernelTables.flatMap { try parseModels($0) }.filter(kind.has).map(\.name))
    #expect(names.count > 5)
    #expect(names.subtracting(words).subtracting(kind.others).sorted() == [])
    #expect(kind.others.subtracting(names).union(kind.others.intersection(words)).sorted() == [])
  }
}
