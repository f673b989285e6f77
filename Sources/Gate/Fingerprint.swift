// SPDX-License-Identifier: Apache-2.0

public import Findings

/// The identity of a finding: what survives edits around it.
///
/// Lines, columns, white space, comments and the text of the message are not part of it. Findings
/// with equal identities are told apart by their occurrence index in report order.
struct Identity: Hashable {
  /// The rule.
  var rule: String
  /// The path of the file; "" in the identity of code that moved.
  var path: String
  /// The function without its file; "" in the identity of code that moved.
  var function: String
  /// Hash of the normalised tokens of the statement.
  var statementHash: UInt64

  /// Makes an identity of its parts.
  init(rule: String, path: String, function: String, statementHash: UInt64) {
    self.rule = rule
    self.path = path
    self.function = function
    self.statementHash = statementHash
  }

  /// Takes the identity of a finding.
  init(_ finding: Finding) {
    self.init(
      rule: finding.rule, path: finding.location.path,
      function: functionIdentity(finding.functionUSR), statementHash: finding.statementHash)
  }

  /// The same place without its file and function.
  var moved: Identity {
    var copy = self
    copy.path = ""
    copy.function = ""
    return copy
  }

  /// SHA-256 of the fields, each ended by a zero byte, after the name of the scheme.
  func digest(scheme: String, occurrence: Int) -> String {
    var hash = SHA256()
    hash.update(field: scheme)
    hash.update(field: rule)
    if scheme == fingerprintScheme {
      hash.update(field: path)
      hash.update(field: function)
    }
    hash.update(field: String(statementHash, radix: 16))
    hash.update(field: String(occurrence))
    return SHA256.hexadecimal(hash.finalize())
  }
}

/// The key of our fingerprints in SARIF's `partialFingerprints`.
public let fingerprintScheme = "prgate/v1"

/// The key of the fingerprints without path and function, for code that moved.
public let movedFingerprintScheme = "prgate/moved/v1"

/// The part of a function's USR that does not name its file.
///
/// clang writes the base name of the file into the USR of a function with internal linkage
/// (`c:lease.c@F@parse`); the path is a field of its own, so that a file that is renamed, or a
/// function that becomes `static`, keeps its findings.
func functionIdentity(_ usr: String) -> String {
  let marker = Array("@F@".utf8)
  let bytes = Array(usr.utf8)
  guard bytes.count >= marker.count else { return usr }
  for start in 0...(bytes.count - marker.count)
  where bytes[start..<start + marker.count].elementsEqual(marker) {
    return String(decoding: bytes[start...], as: UTF8.self)
  }
  return usr
}

/// Findings in report order, each place once.
///
/// A header is read by many units and a file may have several configurations: the same rule at the
/// same place of the same function is one finding, and the best argued one stands for it.
public func distinct(_ findings: [Finding]) -> [Finding] {
  let ordered = findings.sorted { left, right in
    left.tier == right.tier ? Finding.isOrderedBefore(left, right) : left.tier < right.tier
  }
  var seen: Set<FindingPlace> = []
  return ordered.filter { seen.insert($0.place).inserted }.sorted(by: Finding.isOrderedBefore)
}

/// The findings of a run that compares with nothing: all are new.
///
/// - Parameters:
///   - findings: what the rules found, in any order, with repetitions.
///   - policy: what blocks.
///   - lineHash: GitHub's hash of the line on which a place starts, see `LineHashes`; "" where the
///     file's text is not at hand.
/// - Returns: the distinct findings in report order, with fingerprints unique among them.
public func reported(
  _ findings: [Finding], policy: Policy = .builtIn, lineHash: (Location) -> String = { _ in "" }
) -> [ReportedFinding] {
  var occurrences: [Identity: Int] = [:]
  return distinct(findings).map { finding in
    let identity = Identity(finding)
    return ReportedFinding(
      finding: finding,
      fingerprint: identity.digest(
        scheme: fingerprintScheme, occurrence: next(of: identity, in: &occurrences)),
      movedFingerprint: identity.moved.digest(
        scheme: movedFingerprintScheme, occurrence: next(of: identity.moved, in: &occurrences)),
      novelty: .new, isBlocking: policy.blocks(finding), lineHash: lineHash(finding.location))
  }
}

/// How often `identity` was asked for before.
private func next(of identity: Identity, in occurrences: inout [Identity: Int]) -> Int {
  let count = occurrences[identity, default: 0]
  occurrences[identity] = count + 1
  return count
}
