// SPDX-License-Identifier: Apache-2.0

import Findings

/// One side of a comparison: findings, or entries that stand for findings.
struct MatchingSide {
  /// What each one is.
  var identities: [Identity]
  /// How well each one is argued.
  var tiers: [Tier]
  /// Those that have a counterpart.
  var isMatched: [Bool]

  init(identities: [Identity], tiers: [Tier]) {
    self.identities = identities
    self.tiers = tiers
    isMatched = Array(repeating: false, count: identities.count)
  }

  init(_ findings: [ReportedFinding]) {
    self.init(
      identities: findings.map { Identity($0.finding) }, tiers: findings.map(\.finding.tier))
  }
}

/// Pairs of old and new findings; each takes part in one pair at most.
struct Matching {
  /// The findings that are judged.
  var new: MatchingSide
  /// Those that they are compared with.
  var old: MatchingSide
  /// New path of each file that was renamed, by its old path.
  let renames: [String: String]

  /// Pairs what is left over of the chosen ones, from the strictest key to the loosest: the same file
  /// and function, the same file under its new name, the same function in another file, and the same
  /// file in another function.
  mutating func match(
    new isNew: (Int) -> Bool = { _ in true }, old isOld: (Int) -> Bool = { _ in true }
  ) {
    let renamed = old.identities.map { identity in
      var copy = identity
      copy.path = renames[identity.path] ?? identity.path
      return copy
    }
    match(new.identities, old.identities, isNew, isOld)
    match(new.identities, renamed, isNew, isOld)
    match(new.identities.map(\.withoutPath), renamed.map(\.withoutPath), isNew, isOld)
    match(new.identities.map(\.withoutFunction), renamed.map(\.withoutFunction), isNew, isOld)
  }

  /// Pairs what has equal keys, in report order.
  ///
  /// New findings are served weakest tier last, and take the weakest counterpart that is at least as
  /// strong as they are, so that pairs are as many as they can be.
  private mutating func match(
    _ newKeys: [Identity], _ oldKeys: [Identity], _ isNew: (Int) -> Bool, _ isOld: (Int) -> Bool
  ) {
    var candidates: [Identity: [Int]] = [:]
    for index in oldKeys.indices where !old.isMatched[index] && isOld(index) {
      candidates[oldKeys[index], default: []].append(index)
    }
    for tier in Tier.allCases {
      for index in newKeys.indices
      where !new.isMatched[index] && new.tiers[index] == tier && isNew(index) {
        guard let rest = candidates[newKeys[index]],
          let chosen = rest.filter({ !old.isMatched[$0] && old.tiers[$0] <= tier })
            .max(by: { (old.tiers[$0], -$0) < (old.tiers[$1], -$1) })
        else { continue }
        new.isMatched[index] = true
        old.isMatched[chosen] = true
      }
    }
  }
}

extension Identity {
  /// The same statement of the same function, in any file.
  fileprivate var withoutPath: Identity {
    var copy = self
    copy.path = ""
    return copy
  }

  /// The same statement of the same file, in any function.
  fileprivate var withoutFunction: Identity {
    var copy = self
    copy.function = ""
    return copy
  }
}
