// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Testing

@testable import Reporting

/// Text of the judged code that tries to become something else, in every format.
@Suite struct InjectionTests {
  /// Strings that mean something to a terminal, a CI service or a document.
  static let attacks = [
    "::error file=x::y", "\n::add-mask::secret", "\r::stop-commands::x",
    "##vso[task.complete result=Succeeded;]",
    "##[error]x", "]]>", "]]]]>", "</failure></testcase>", "<!--", "\u{1B}[2J\u{1B}]0;title\u{7}",
    "\u{202E}evil\u{2066}",
    "\u{0}", "\u{85}\u{2028}\u{2029}", "a\nb.c", "%0A::error::x", "`````\n# heading", "| cell |",
    "[link](http://example.org)",
    "<img src=x onerror=alert(1)>", "@everyone #1 http://example.org", "\",\"verdict\":\"PASS",
    "\u{FFFE}\u{FFFF}", "\u{9B}31m",
    "\\", "'\"&<>;]", "\u{FEFF}x\u{200B}y\u{AD}",
    String(decoding: [0x61, 0xFF, 0xC3, 0x28, 0x62], as: UTF8.self),
  ]

  /// A report that has `attack` wherever the judged code decides on the text.
  static func report(_ attack: String) -> Report {
    var finding = Sample.finding
    finding.message = attack
    finding.function = attack
    finding.location.path = attack
    finding.location.sourceLine = attack
    finding.events[0].message = attack
    finding.events[0].location.path = attack
    finding.events[0].location.sourceLine = attack
    finding.witness[0] = Assignment(name: attack, value: attack)
    finding.hint = attack
    finding.configurations = [attack]
    var suppressed = Sample.suppressed
    suppressed.finding.finding = finding
    suppressed.suppression.reason = attack
    suppressed.suppression.location.path = attack
    var report = Sample.report(
      [Sample.reported(finding)], command: "gate", fixed: [Sample.reported(finding)],
      ledger: [LedgerEntry(path: attack, coverage: .incomplete(reason: attack))], notes: [attack])
    report.suppressed = [suppressed]
    report.addedSuppressions = [suppressed.suppression]
    report.policyChanges = [
      PolicyChange(subject: attack, before: attack, after: attack, effect: .neutral)
    ]
    report.changedLines = [ChangedLines(path: attack, lines: [1...99])]
    return report
  }

  @Test(arguments: Format.allCases, attacks)
  func nothingInvisibleIsWritten(_ format: Format, _ attack: String) {
    let output = render(Self.report(attack), as: format, options: RenderOptions(showAll: true))
    for scalar in output.unicodeScalars where scalar != "\n" {
      // A tab of a source line is text in SARIF's snippets, and escaped there.
      #expect(!isInvisible(scalar), "U+\(String(scalar.value, radix: 16)) in \(format)")
    }
  }

  /// A log command is one that starts a line, or for Azure stands anywhere.
  @Test(
    arguments: Format.allCases.filter { $0 != .github && $0 != .azure }, attacks)
  func noLogCommandIsWritten(_ format: Format, _ attack: String) {
    let output = render(Self.report(attack), as: format, options: RenderOptions(showAll: true))
    #expect(!output.contains("##vso"))
    #expect(!output.contains("##["))
    for line in output.split(separator: "\n") {
      #expect(!line.drop { $0 == " " }.hasPrefix("::"))
    }
  }

  @Test(arguments: attacks)
  func gitHubRunsOurCommandsOnly(_ attack: String) {
    let output = render(Self.report(attack), as: .github, options: RenderOptions(showAll: true))
    var token: Substring?
    for line in output.split(separator: "\n") {
      if let end = token {
        if line == "::\(end)::" { token = nil }
      } else if line.hasPrefix("::stop-commands::prgate-") {
        token = line.dropFirst("::stop-commands::".count)
      } else {
        #expect(line.hasPrefix("::error ") || line.hasPrefix("::warning "))
        // The properties end at the first `::` behind the name; a path cannot bring it forward.
        let properties = line.dropFirst(2).prefix { $0 != ":" }
        #expect(properties.contains("title="), "\(line)")
        let names = properties.drop { $0 != " " }.dropFirst().split(separator: ",")
          .map { String($0.prefix { $0 != "=" }) }
        let known = ["file", "line", "endLine", "col", "endColumn", "title"]
        #expect(names.allSatisfy(known.contains), "\(line)")
      }
    }
    #expect(token == nil)
  }

  @Test(arguments: attacks)
  func azureRunsOurCommandsOnly(_ attack: String) {
    let output = render(Self.report(attack), as: .azure, options: RenderOptions(showAll: true))
    for line in output.split(separator: "\n") {
      let commands = line.components(separatedBy: "##").count - 1
      let isOurs =
        line.hasPrefix("##vso[task.logissue type=")
        || line.hasPrefix("##vso[task.complete result=Failed;]")
      #expect(commands == (isOurs ? 1 : 0), "\(line)")
      // The properties end at the first `]`, each at the first `;`: text of the judged code has neither.
      let properties = line.drop { $0 != " " }.dropFirst().prefix { $0 != "]" }
      let names = properties.split(separator: ";").map { $0.prefix { $0 != "=" } }
      let known = ["type", "sourcepath", "linenumber", "columnnumber", "code", "result"]
      #expect(!isOurs || names.allSatisfy { known.contains(String($0)) }, "\(line)")
    }
  }

  @Test(arguments: [Format.json, .sarif, .sarifAudit, .gitlab, .rdjson, .gerrit], attacks)
  func jsonStaysJSON(_ format: Format, _ attack: String) throws {
    let output = render(Self.report(attack), as: format, options: RenderOptions(showAll: true))
    _ = try JSONSerialization.jsonObject(with: Data(output.utf8))
    if format == .json {
      let value = try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any]
      #expect(value?["verdict"] as? String == "FAIL")
      #expect((value?["notes"] as? [String])?.first == attack)
    }
  }

  @Test(arguments: [Format.junit, .checkstyle], attacks)
  func xmlStaysXML(_ format: Format, _ attack: String) throws {
    let output = render(Self.report(attack), as: format, options: RenderOptions(showAll: true))
    // Outside of tags and sections there are blanks only, and sections end where ours do.
    var rest = Substring(output)
    var depth = 0
    while let open = rest.firstIndex(of: "<") {
      #expect(!rest[..<open].contains { !$0.isWhitespace })
      rest = rest[open...]
      if rest.hasPrefix("<![CDATA[") {
        let end = try #require(rest.range(of: "]]>"))
        rest = rest[end.upperBound...]
        continue
      }
      let close = try #require(rest.firstIndex(of: ">"))
      let tag = rest[rest.index(after: open)..<close]
      if tag.hasPrefix("/") {
        depth -= 1
      } else if !tag.hasPrefix("?"), !tag.hasSuffix("/") {
        depth += 1
      }
      let names = ["?xml", "testsuite", "testcase", "failure", "error", "skipped", "system-out"]
      let known = names + ["checkstyle", "file"]
      #expect(known.contains(where: { tag.drop { $0 == "/" }.hasPrefix($0) }), "\(tag)")
      rest = rest[rest.index(after: close)...]
    }
    #expect(depth == 0)
  }

  @Test(arguments: attacks)
  func markdownStaysText(_ attack: String) {
    let output = render(Self.report(attack), as: .markdown, options: RenderOptions(showAll: true))
    let ours = ["<details>", "</details>", "<summary>", "</summary>", "<!-- -->"]
    // What stands in code spans and fenced blocks is not markup.
    var plain = ""
    var fence: String?
    for line in output.split(separator: "\n", omittingEmptySubsequences: false) {
      let ticks = String(line.prefix { $0 == "`" })
      if let end = fence {
        if line == end { fence = nil }
      } else if ticks.utf8.count >= 3, line == ticks + "text" {
        fence = ticks
      } else {
        plain += withoutCodeSpans(line) + "\n"
      }
    }
    #expect(fence == nil)
    #expect(!plain.contains("http://"))
    #expect(!plain.replacingOccurrences(of: "\\]", with: "").contains("]("))
    for tag in ours { plain = plain.replacingOccurrences(of: tag, with: "") }
    #expect(!plain.contains("<"))
    for line in plain.split(separator: "\n") where line.hasPrefix("#") {
      #expect(line.hasPrefix("## prgate: ") || line.hasPrefix("### "))
    }
  }

  /// The line without its code spans, as CommonMark pairs runs of backticks of equal length.
  private func withoutCodeSpans(_ line: Substring) -> String {
    var result = ""
    var rest = line
    while let tick = rest.firstIndex(of: "`") {
      let isEscaped = tick > rest.startIndex && rest[rest.index(before: tick)] == "\\"
      result += rest[..<tick]
      let run = rest[tick...].prefix { $0 == "`" }
      rest = rest[run.endIndex...]
      if isEscaped { continue }
      var search = rest
      while let next = search.firstIndex(of: "`") {
        let other = search[next...].prefix { $0 == "`" }
        search = search[other.endIndex...]
        if other.count == run.count {
          rest = search
          break
        }
      }
    }
    return result + rest
  }
}
