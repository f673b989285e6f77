// SPDX-License-Identifier: Apache-2.0

public import Findings

/// The one function that decides.
///
/// A finding that blocks is a fact whatever else was not analysed; without one, anything that was
/// needed and not analysed whole leaves the answer open.
public func verdict(findings: [ReportedFinding], ledger: [LedgerEntry]) -> Verdict {
  if findings.contains(where: \.isBlocking) { return .fail }
  return ledger.allSatisfy(\.isAnalysed) ? .pass : .incomplete
}

/// One verdict for several: a failure outweighs an open answer, which outweighs a pass.
public func verdict(of verdicts: some Sequence<Verdict>) -> Verdict {
  var combined = Verdict.pass
  for verdict in verdicts {
    switch verdict {
    case .fail: return .fail
    case .incomplete: combined = .incomplete
    case .pass: break
    }
  }
  return combined
}

/// The ledger of a run, sorted by path: an entry for each unit that was needed, and one for each
/// changed C file that no unit stands for.
public func ledger(units: [LedgerEntry], uncovered: [LedgerEntry]) -> [LedgerEntry] {
  (units + uncovered).enumerated().sorted { left, right in
    left.element.path == right.element.path
      ? left.offset < right.offset
      : left.element.path.utf8.lexicographicallyPrecedes(right.element.path.utf8)
  }.map(\.element)
}
