// SPDX-License-Identifier: Apache-2.0

import Findings

/// Rows of a table that are written; the summary of a step on GitHub has room for 1 MiB.
private let mostRows = 100
/// Findings whose whole argument is written.
private let mostArguments = 20

/// The report for a pull request or the summary of a job, in GitHub's dialect of Markdown.
///
/// Nothing that comes from the judged code is read as Markdown or HTML: paths and code stand in code
/// spans, sentences are escaped, and arguments stand in fenced blocks with a fence of their own length.
func renderMarkdown(_ report: Report, options: RenderOptions) -> String {
  let shown = shownFindings(of: report, options)
  var sections = ["## prgate: \(report.verdict.rawValue)\n\n\(escaped(verdictInWords(report)))\n"]
  if !shown.isEmpty { sections.append(findingsTable(shown)) }
  let arguments = shown.filter(\.isBlocking).prefix(mostArguments).map(renderFinding)
  if !arguments.isEmpty {
    sections.append(
      "<details><summary>The arguments</summary>\n\n"
        + fenced(arguments.joined(separator: "\n")) + "\n</details>\n")
  }
  sections += [notAnalysed(report), suppressions(report), policy(report), notes(report)]
  sections += (totalsLines(report) + ledgerLines(report).suffix(1)).map { escaped($0) + "\n" }
  return sections.filter { !$0.isEmpty }.joined(separator: "\n")
}

private func findingsTable(_ findings: [ReportedFinding]) -> String {
  let rows = findings.map { reported in
    let finding = reported.finding
    let place = "\(finding.location.path):\(finding.location.point.line)"
    let word = reported.isBlocking ? "**blocks**" : level(of: reported).rawValue
    return [word, code(finding.rule), code(place), escaped(wholeMessage(of: finding))]
  }
  return table(["", "rule", "where", "what"], rows, noun: "finding")
}

private func notAnalysed(_ report: Report) -> String {
  let rows = gaps(of: report).map { [code($0.path), escaped($0.reason)] }
  return rows.isEmpty ? "" : "### Not analysed\n\n" + table(["file", "why"], rows, noun: "file")
}

private func suppressions(_ report: Report) -> String {
  guard !report.addedSuppressions.isEmpty else { return "" }
  let rows = report.addedSuppressions.map { suppression in
    [
      code("\(suppression.location.path):\(suppression.location.start.line)"),
      code(suppression.rule), escaped(suppression.reason), escaped(suppression.until),
    ]
  }
  return "### Suppressions that this change adds\n\n"
    + table(["where", "rule", "reason", "until"], rows, noun: "suppression")
}

private func policy(_ report: Report) -> String {
  guard !report.policyChanges.isEmpty else { return "" }
  let rows = report.policyChanges.map { change in
    [code(change.subject), code(change.before), code(change.after), change.effect.rawValue]
  }
  return "### What this change does to the policy after its merge\n\n"
    + table(["key", "now", "then", ""], rows, noun: "key")
}

private func notes(_ report: Report) -> String {
  report.notes.map { "- \(escaped($0))\n" }.joined()
}

private func table(_ head: [String], _ rows: [[String]], noun: String) -> String {
  var text = "| \(head.joined(separator: " | ")) |\n|\(head.map { _ in "---|" }.joined())\n"
  for row in rows.prefix(mostRows) { text += "| \(row.joined(separator: " | ")) |\n" }
  let rest = rows.count - mostRows
  return rest > 0 ? text + "\n\(counted(rest, "more " + noun)), see the log\n" : text
}

/// A code span, also inside a table; "" for nothing.
private func code(_ text: String) -> String {
  let shown = visible(text)
  guard !shown.isEmpty else { return "" }
  let fence = String(repeating: "`", count: longestRun(of: "`", in: shown) + 1)
  // A table takes the backslash before a bar away, even in a code span.
  let words = shown.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
  let isPadded = words.hasPrefix("`") || words.hasSuffix("`")
  return isPadded ? "\(fence) \(words) \(fence)" : fence + words + fence
}

/// A block of lines that are visible already, behind a fence that none of them can close.
private func fenced(_ text: String) -> String {
  let fence = String(repeating: "`", count: max(3, longestRun(of: "`", in: text) + 1))
  return "\(fence)text\n\(text)\(fence)\n"
}

private func longestRun(of scalar: Unicode.Scalar, in text: String) -> Int {
  var longest = 0
  var run = 0
  for each in text.unicodeScalars {
    run = each == scalar ? run + 1 : 0
    longest = max(longest, run)
  }
  return longest
}

/// A sentence without markup, references to people and issues, or links.
private func escaped(_ text: String) -> String {
  var result = ""
  var previous: Unicode.Scalar?
  for scalar in visible(text).unicodeScalars {
    // GitHub looks for people, issues and addresses in the text itself; a comment splits them.
    if previous == "@" || previous == "#" || (previous == ":" && scalar == "/") {
      result += "<!-- -->"
    }
    switch scalar {
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "&": result += "&amp;"
    case "\\", "`", "*", "_", "[", "]", "|", "~", "!", "$": result += "\\\(scalar)"
    default: result.unicodeScalars.append(scalar)
    }
    previous = scalar
  }
  return result
}
