// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Rules

/// What came of one case.
struct JulietOutcome {
  /// A finding of the right kind in a function with the defect.
  var isDetected = false
  /// One of that kind in a repaired function.
  var isFalse = false
  /// A finding of memory safety in a repaired function.
  var isNoisy = false

  /// Detected, and silent on the repairs.
  var isClean: Bool { isDetected && !isFalse }

  /// Scores the findings in the files of a case.
  init(_ item: JulietCase, _ findings: [CheckReport.Finding]) {
    for finding in findings {
      guard let isBad = item.isBad(finding.function) else { continue }
      let numbers = Self.weaknesses[finding.rule] ?? []
      let isAnswer = !numbers.isDisjoint(with: item.answers)
      if isBad {
        isDetected = isDetected || isAnswer
      } else {
        isFalse = isFalse || isAnswer
        isNoisy = isNoisy || !numbers.isDisjoint(with: JulietWeakness.noise)
      }
    }
  }

  private static let weaknesses = Dictionary(
    uniqueKeysWithValues: Rule.all.map { ($0.info.id, Set($0.info.cwe)) })
}

/// Tables of outcomes as Markdown.
struct JulietScore {
  private struct Count {
    var cases = 0
    var clean = 0
    var detected = 0
    var mistaken = 0
    var noisy = 0

    mutating func add(_ outcome: JulietOutcome) {
      cases += 1
      if outcome.isClean { clean += 1 }
      if outcome.isDetected { detected += 1 }
      if outcome.isFalse { mistaken += 1 }
      if outcome.isNoisy { noisy += 1 }
    }

    var row: String {
      let shares = [clean, detected, mistaken, noisy].map { share($0) }
      return "\(cases) | " + shares.joined(separator: " | ")
    }

    private func share(_ part: Int) -> String {
      (100 * Double(part) / Double(max(cases, 1))).formatted(.number.precision(.fractionLength(1)))
    }
  }

  private var byWeakness: [Int: Count] = [:]
  private var byVariant: [String: Count] = [:]
  private var total = Count()
  /// Cases that are not clean, with what is wrong.
  private(set) var misses: [String] = []

  mutating func add(_ item: JulietCase, _ outcome: JulietOutcome) {
    total.add(outcome)
    byWeakness[item.cwe, default: Count()].add(outcome)
    byVariant[item.variant, default: Count()].add(outcome)
    if outcome.isFalse {
      misses.append("false \(item.id)")
    } else if !outcome.isDetected {
      misses.append("missed \(item.id)")
    }
  }

  var report: String {
    let columns = "cases | clean % | detected % | FP % | noise % |\n|---|--:|--:|--:|--:|--:|"
    var lines = ["| weakness | \(columns)"]
    for (cwe, count) in byWeakness.sorted(by: { $0.key < $1.key }) {
      lines.append("| CWE-\(cwe) | \(count.row) |")
    }
    lines += ["| all | \(total.row) |", "", "| flow variant | \(columns)"]
    for (variant, count) in byVariant.sorted(by: { $0.key < $1.key }) {
      lines.append("| \(variant) | \(count.row) |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
