// SPDX-License-Identifier: Apache-2.0

public import Findings

/// A change in terms of findings: what it brings, what it leaves, what it repairs.
///
/// Head findings are the new and the unchanged ones; base findings are the fixed and the unchanged
/// ones. Every finding of the base stands for at most one of the head.
public struct FindingsDiff: Hashable, Sendable {
  /// The findings of the head in report order, with their novelty.
  public var findings: [ReportedFinding]
  /// The findings of the base that have no counterpart at the head, in report order.
  public var fixed: [ReportedFinding]

  /// Compares the findings of two commits.
  ///
  /// Matching goes from the strictest key to the loosest: the same file and function, the same file
  /// under its new name, and the same statement moved to another function of its file or with its
  /// function to another file. A statement whose file and function both differ is new: a repaired
  /// flaw must not hide an equal one elsewhere. A finding that was only likely at the base hides
  /// none that the head argues with a witness.
  ///
  /// - Parameters:
  ///   - head: findings at the commit that is judged.
  ///   - base: findings at the commit that it is compared with.
  ///   - renames: new path of each file that the change renames, by its old path.
  ///   - policy: what blocks.
  ///   - lineHash: GitHub's hash of the line of a place at the head.
  public init(
    head: [Finding], base: [Finding], renames: [String: String] = [:], policy: Policy = .builtIn,
    lineHash: (Location) -> String = { _ in "" }
  ) {
    var findings = reported(head, policy: policy, lineHash: lineHash)
    var fixed = reported(base, policy: policy)
    let headIdentities = findings.map { Identity($0.finding) }
    let baseIdentities = fixed.map { Identity($0.finding) }
    let renamed = fixed.map { entry in
      Identity(entry.finding, path: renames[entry.finding.location.path])
    }
    var matching = Matching(
      head: findings.map(\.finding.tier), base: fixed.map(\.finding.tier))
    matching.match(headIdentities, baseIdentities)
    matching.match(headIdentities, renamed)
    matching.match(headIdentities.map(\.withoutPath), renamed.map(\.withoutPath))
    matching.match(headIdentities.map(\.withoutFunction), renamed.map(\.withoutFunction))

    for index in findings.indices where matching.isMatched[index] {
      findings[index].novelty = .unchanged
      findings[index].isBlocking = false
    }
    let baseCount = fixed.count
    for index in fixed.indices { fixed[index].isBlocking = false }
    fixed = fixed.indices.filter { !matching.isConsumed[$0] }.map { fixed[$0] }
    self.findings = findings
    self.fixed = fixed
    let unchanged = findings.count { $0.novelty == .unchanged }
    precondition(fixed.count + unchanged == baseCount, "a base finding was matched twice")
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

/// Pairs of head and base findings, made pass by pass; each takes part in one pair at most.
private struct Matching {
  private let headTiers: [Tier]
  private let baseTiers: [Tier]
  /// Head findings that have a counterpart.
  private(set) var isMatched: [Bool]
  /// Base findings that are one.
  private(set) var isConsumed: [Bool]

  init(head: [Tier], base: [Tier]) {
    headTiers = head
    baseTiers = base
    isMatched = Array(repeating: false, count: head.count)
    isConsumed = Array(repeating: false, count: base.count)
  }

  /// Pairs what is left over and has equal keys, in report order.
  ///
  /// Head findings are served weakest tier last, and take the weakest counterpart that is at least as
  /// strong as they are, so that pairs are as many as they can be.
  mutating func match(_ headKeys: [Identity], _ baseKeys: [Identity]) {
    var candidates: [Identity: [Int]] = [:]
    for index in baseKeys.indices where !isConsumed[index] {
      candidates[baseKeys[index], default: []].append(index)
    }
    for tier in Tier.allCases {
      for index in headKeys.indices where !isMatched[index] && headTiers[index] == tier {
        guard let rest = candidates[headKeys[index]],
          let chosen = rest.filter({ !isConsumed[$0] && baseTiers[$0] <= tier })
            .max(by: { (baseTiers[$0], -$0) < (baseTiers[$1], -$1) })
        else { continue }
        isMatched[index] = true
        isConsumed[chosen] = true
      }
    }
  }
}
