// SPDX-License-Identifier: Apache-2.0

public import Findings

/// All that is known of one finding, for who asks why it is there.
public struct FindingArgument: Hashable, Sendable {
  /// The finding.
  public var finding: ReportedFinding
  /// What takes it away; nil where nothing does.
  public var suppression: Suppression?
  /// Its rule; nil where this version does not have it.
  public var rule: RuleInfo?
  /// The command that found it: `check` or `gate`.
  public var command: String
  /// The commit that was judged; "" for `check`.
  public var head: String
  /// The commit that it was compared with; "" where there is none.
  public var base: String

  /// Makes an argument.
  public init(
    finding: ReportedFinding, suppression: Suppression?, rule: RuleInfo?, command: String,
    head: String, base: String
  ) {
    self.finding = finding
    self.suppression = suppression
    self.rule = rule
    self.command = command
    self.head = head
    self.base = base
  }
}

/// The argument as text: the finding with its path, then why it counts, how it is known again and what
/// to do about it.
public func renderArgument(_ argument: FindingArgument) -> String {
  var text = renderFinding(argument.finding) + "\n"
  text += section("why it counts", reasons(argument))
  text += section("how it is known again", identity(argument.finding))
  text += section("what to do", steps(argument))
  return text
}

private func section(_ title: String, _ lines: [String]) -> String {
  title + "\n" + lines.map { "  " + $0 + "\n" }.joined()
}

private func reasons(_ argument: FindingArgument) -> [String] {
  let finding = argument.finding.finding
  var lines: [String] = []
  if let rule = argument.rule {
    let weaknesses = rule.cwe.map { "CWE-\($0)" }.joined(separator: ", ")
    lines.append("rule     \(rule.id)" + (weaknesses.isEmpty ? "" : " (\(weaknesses))"))
    lines.append("         \(rule.summary)")
  } else {
    lines.append("rule     \(visible(finding.rule)), which this version of prgate does not have")
  }
  lines.append("tier     " + tierInWords(finding.tier))
  if !finding.function.isEmpty { lines.append("function " + visible(finding.function)) }
  if argument.command == "gate" { lines.append("change   " + novelty(argument)) }
  if let suppression = argument.suppression {
    lines.append("verdict  suppressed: \(visible(suppression.reason))")
  } else {
    lines.append("verdict  " + verdict(argument.finding))
  }
  return lines
}

private func tierInWords(_ tier: Tier) -> String {
  switch tier {
  case .a: "A: with these values the path is taken, a replay confirmed it"
  case .b: "B: likely, but not argued with values; never blocks"
  case .c: "C: statistics; never blocks"
  }
}

private func novelty(_ argument: FindingArgument) -> String {
  let head = argument.head.prefix(shortFingerprint)
  guard !argument.base.isEmpty else { return "\(head), compared with nothing: all is new" }
  let base = argument.base.prefix(shortFingerprint)
  return switch argument.finding.novelty {
  case .new: "new in \(head): absent at its base \(base)"
  case .unchanged: "old: at \(head) and at its base \(base)"
  case .uncompared: "in \(head); its base \(base) was not analysed, because nothing could block"
  }
}

private func verdict(_ reported: ReportedFinding) -> String {
  if reported.isBlocking { return "blocks: the level of the rule is 'block'" }
  if reported.novelty == .unchanged { return "does not block: it is not new" }
  return reported.finding.tier == .a
    ? "does not block: the level of the rule is 'warn'" : "does not block: tier A only may"
}

private func identity(_ reported: ReportedFinding) -> [String] {
  [
    "prgate/v1: rule, file, function, tokens of the statement, count of equals",
    "  \(reported.fingerprint)",
    "prgate/moved/v1: the same without file and function, for code that moves",
    "  \(reported.movedFingerprint)",
    "lines, columns, blanks, comments and messages are not part of either",
  ]
}

private func steps(_ argument: FindingArgument) -> [String] {
  let finding = argument.finding.finding
  var lines: [String] = []
  if !finding.hint.isEmpty { lines.append("repair   " + visible(finding.hint)) }
  lines.append("learn    prgate explain \(visible(finding.rule))")
  if argument.suppression == nil {
    lines.append(
      "disagree write on line \(finding.location.point.line) or above it; reviewers will see it:")
    lines.append("         /* prgate:allow(\(visible(finding.rule))) the reason */")
  }
  if !argument.head.isEmpty, !argument.base.isEmpty {
    let base = argument.base.prefix(shortFingerprint)
    let head = argument.head.prefix(shortFingerprint)
    lines.append("again    prgate gate --base \(base) --head \(head)")
  } else {
    lines.append("again    prgate check \(visible(finding.location.path))")
  }
  return lines
}
