// SPDX-License-Identifier: Apache-2.0

import Findings

/// The report for people: findings as clang prints diagnostics, then verdict and coverage.
func renderText(_ report: Report, options: RenderOptions) -> String {
  var text = TextWriter(colour: options.colour)
  let shown = report.findings.filter {
    options.showAll || ($0.finding.tier == .a && $0.novelty == .new)
  }
  for finding in shown { text.write(finding, isGate: report.command == "gate") }
  text.writeSummary(of: report, options: options)
  return text.output
}

/// A finding with its path, as text without colours.
func renderFinding(_ finding: ReportedFinding) -> String {
  var text = TextWriter(colour: false)
  text.write(finding, isGate: false)
  return text.output
}

/// The path up to the finding; a last step at its own place would only say it again.
func steps(of finding: Finding) -> ArraySlice<Event> {
  finding.events.last?.location == finding.location
    ? finding.events.dropLast() : finding.events[...]
}

/// Colours of the words, as clang uses them.
private enum Style: String {
  case bold = "\u{1B}[1m"
  case error = "\u{1B}[1;31m"
  case warning = "\u{1B}[1;35m"
  case note = "\u{1B}[1;36m"
  case good = "\u{1B}[1;32m"
  case plain = "\u{1B}[0m"
}

/// Digits of a fingerprint that people have to type.
let shortFingerprint = 12

private struct TextWriter {
  let colour: Bool
  var output = ""

  mutating func write(_ reported: ReportedFinding, isGate: Bool) {
    let finding = reported.finding
    let isError = level(of: reported) == .error
    writeHead(
      finding.location, label: isError ? "error: " : "warning: ", isError ? .error : .warning,
      message: finding.message + remarks(on: reported) + " [\(finding.rule)]")
    for (index, event) in steps(of: finding).enumerated() {
      writeHead(event.location, label: "note: ", .note, message: "\(index + 1): \(event.message)")
    }
    if !finding.witness.isEmpty {
      writeHint(
        "with: ", finding.witness.map { "\($0.name) = \($0.value)" }.joined(separator: ", "))
    }
    if !finding.hint.isEmpty { writeHint("fix: ", finding.hint) }
    if isGate, reported.isBlocking {
      writeHint("why: ", "prgate why \(reported.fingerprint.prefix(shortFingerprint))")
    }
  }

  private func remarks(on reported: ReportedFinding) -> String {
    (reported.finding.tier == .a ? "" : " (tier \(reported.finding.tier.rawValue))")
      + configurationRemark(on: reported.finding) + noveltyRemark(on: reported)
  }

  private func noveltyRemark(on reported: ReportedFinding) -> String {
    switch reported.novelty {
    case .new: ""
    case .unchanged: " (unchanged)"
    case .uncompared: " (not compared with the base)"
    }
  }

  /// A diagnostic line with its source line and marks.
  private mutating func writeHead(
    _ location: Location, label: String, _ style: Style, message: String
  ) {
    let point = location.point
    let place = "\(visible(path: location.path)):\(point.line):\(point.column): "
    let words = visible(message)
    output += styled(place, .bold) + styled(label, style)
    output += (style == .note ? words : styled(words, .bold)) + "\n"
    guard let snippet = SourceSnippet(location) else { return }
    let number = String(location.start.line)
    let gutter = String(repeating: " ", count: max(0, 5 - number.utf8.count)) + number + " | "
    output += gutter + withoutLogCommands(snippet.text) + "\n"
    output += String(repeating: " ", count: gutter.utf8.count - 3) + " | "
    output += styled(snippet.marks, .good) + "\n"
  }

  private mutating func writeHint(_ label: String, _ words: String) {
    output += "  " + styled(label, .note) + visible(words) + "\n"
  }

  mutating func writeSummary(of report: Report, options: RenderOptions) {
    if !output.isEmpty { output += "\n" }
    let hidden = report.findings.count { $0.finding.tier == .b && $0.novelty != .unchanged }
    if !options.showAll && hidden > 0 {
      output += "\(counted(hidden, "likely finding")) of tier B not shown; --all shows them\n"
    }
    for note in report.notes { output += "note: " + visible(note) + "\n" }
    for line in reviewLines(report) { output += line + "\n" }
    let style: Style =
      switch report.verdict {
      case .pass: .good
      case .fail: .error
      case .incomplete: .warning
      }
    output += styled(report.verdict.rawValue, style) + ": " + verdictInWords(report) + "\n"
    for line in totalsLines(report)
      + ledgerLines(report, showsAll: options.showAll)
    { output += line + "\n" }
  }

  private func styled(_ text: String, _ style: Style) -> String {
    colour ? style.rawValue + text + Style.plain.rawValue : text
  }
}

/// What the verdict rests on, in one line.
func verdictInWords(_ report: Report) -> String {
  if report.ledger.isEmpty && report.findings.isEmpty && report.fixed.isEmpty
    && report.suppressed.isEmpty
    && report.verdict == .pass
  {
    return "nothing to check" + comparedCommits(report)
  }
  let isGate = report.command != "check"
  let kind = isGate ? "new finding" : "finding"
  let new = report.findings.filter { $0.novelty == .new && $0.finding.tier == .a }
  let blocking = new.count { $0.isBlocking }
  var parts: [String] = []
  if blocking > 0 {
    parts.append(counted(blocking, kind) + (blocking == 1 ? " blocks" : " block"))
  } else if report.verdict == .incomplete {
    parts.append("nothing known blocks, but not all that is needed was analysed")
    if report.acceptsIncomplete { parts.append("ACCEPTED: on-incomplete is 'warn'") }
  } else {
    parts.append("no \(kind) blocks")
  }
  if new.count > blocking { parts.append(counted(new.count - blocking, "warning")) }
  if isGate {
    let unchanged = report.findings.count { $0.novelty == .unchanged && $0.finding.tier == .a }
    if unchanged > 0 { parts.append("\(unchanged) unchanged") }
    let fixed = report.fixed.count { $0.finding.tier == .a }
    if fixed > 0 { parts.append("\(fixed) fixed") }
  }
  if !report.suppressed.isEmpty { parts.append("\(report.suppressed.count) suppressed") }
  return parts.joined(separator: ", ") + comparedCommits(report)
}

/// How the findings of both sides, tier B among them, add up; nothing where there are none, and for
/// `check`, which compares nothing.
func totalsLines(_ report: Report) -> [String] {
  let counts = report.counts
  guard report.command != "check", counts.head > 0 || counts.base ?? 0 > 0 else { return [] }
  func count(_ novelty: Novelty) -> Int { report.findings.count { $0.novelty == novelty } }
  var head =
    "all findings, likely ones too: "
    + "head \(counts.head) = \(count(.new)) new + \(count(.unchanged)) unchanged"
  if count(.uncompared) > 0 { head += " + \(count(.uncompared)) not compared" }
  let base = counts.base.map {
    ", base \($0) = \(report.fixed.count) fixed + \(count(.unchanged)) unchanged"
  }
  return [head + (base ?? "")]
}

/// The commits that were compared, as `git show` takes them; empty for `check`.
private func comparedCommits(_ report: Report) -> String {
  guard !report.head.isEmpty, !report.base.isEmpty else { return "" }
  return " (\(report.head.prefix(12)) against \(report.base.prefix(12)))"
}

/// What a reviewer has to know of the change beside its findings: what it takes away from the gate.
func reviewLines(_ report: Report) -> [String] {
  let suppressions = report.addedSuppressions.map { suppression in
    let place = suppression.location
    let until = suppression.until.isEmpty ? "" : " (until \(suppression.until))"
    return "suppression added: \(visible(path: place.path)):\(place.start.line): "
      + visible("\(suppression.rule): \(suppression.reason)\(until)")
  }
  let policy = report.policyChanges.map { change in
    let before = change.before.isEmpty ? "(none)" : change.before
    let after = change.after.isEmpty ? "(none)" : change.after
    return "policy change: "
      + visible("\(change.subject): \(before) -> \(after)")
      + remark(on: change.effect)
  }
  return suppressions + policy
}

/// When a difference of the policy counts: what is looser must not help the change that brings it.
private func remark(on effect: PolicyChange.Effect) -> String {
  switch effect {
  case .tightens: " (tightens the gate, at once)"
  case .loosens: " (loosens the gate, after the merge)"
  case .neutral: " (after the merge)"
  }
}

/// The coverage ledger in lines: what was not analysed, what was not understood, and the count.
///
/// Many units that lack the same share a line, unless `showsAll` asks for each: a header that is not there
/// is missed by hundreds, and what to do about it is said once. The first few are named.
func ledgerLines(_ report: Report, showsAll: Bool = true) -> [String] {
  var gaps: [(line: String, others: [(path: String, line: String)])] = []
  var known: [String: Int] = [:]
  for entry in report.ledger {
    guard case .incomplete(let reason) = entry.coverage else { continue }
    let cause = withoutPlace(reason)
    // What a compiler says begins with its place, mostly in the unit itself.
    let place = reason.hasPrefix(entry.path + ":") ? "" : visible(path: entry.path) + ": "
    let line = "not analysed: " + place + visible(reason)
    if !showsAll, let index = known[cause] {
      gaps[index].others.append((entry.path, line))
      continue
    }
    known[cause] = gaps.count
    gaps.append((line, []))
  }
  var lines: [String] = []
  for (line, others) in gaps {
    lines.append(line)
    // A few lines more are no flood, and each is whole.
    guard others.count > 3 else {
      lines += others.map(\.line)
      continue
    }
    let names = others.prefix(3).map { visible(path: $0.path) }.joined(separator: ", ")
    lines.append(
      "not analysed: … and \(others.count) more units, as above: \(names), …; --all names them")
  }
  let unknown = report.ledger.reduce(0) { $0 + $1.functionsWithUnknowns }
  if unknown > 0 {
    let all = report.ledger.reduce(0) { $0 + $1.functions }
    let causes = unknownCounts(report.ledger).map { "\(visible($0.cause)) \($0.count)" }
    lines.append(
      "not understood in \(unknown) of \(counted(all, "function")): "
        + causes.joined(separator: ", "))
  }
  let units = report.units
  lines.append("analysed \(units.analysed)/\(units.needed) units")
  return lines
}

/// A reason without the file and the line that it begins with, and without the count of further errors.
private func withoutPlace(_ reason: String) -> String {
  var rest = reason[...]
  // "file:line: ": what comes before the first blank ends with a number between colons.
  if let blank = rest.firstIndex(of: " "), rest[..<blank].hasSuffix(":"),
    rest[..<blank].dropLast().reversed().prefix(while: { $0 != ":" }).allSatisfy(\.isNumber)
  {
    rest = rest[rest.index(after: blank)...]
  }
  guard let start = rest.firstRange(of: " (and "), let end = rest.firstRange(of: " more); ") else {
    return String(rest)
  }
  return start.upperBound < end.lowerBound
    ? String(rest[..<start.lowerBound] + "; " + rest[end.upperBound...]) : String(rest)
}

/// The unknown constructs of all units by cause, sorted by cause.
private func unknownCounts(_ ledger: [LedgerEntry]) -> [UnknownCount] {
  var sums: [String: Int] = [:]
  for count in ledger.flatMap(\.unknowns) { sums[count.cause, default: 0] += count.count }
  return sums.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    .map { UnknownCount(cause: $0.key, count: $0.value) }
}
