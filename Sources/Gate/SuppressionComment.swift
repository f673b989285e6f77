// SPDX-License-Identifier: Apache-2.0

public import Findings

/// A comment of the judged code that contains `prgate:`, before it is understood.
public struct SuppressionComment: Hashable, Sendable {
  /// The comment from `prgate:` on; its `sourceLine` is the line as it stands in the file.
  public var location: Location
  /// The line that it speaks of: its own where code stands before it, else the next with code; 0 where
  /// there is none.
  public var target: Int
  /// The text from `prgate:` on, without the comment's delimiters.
  public var text: String

  /// Makes a comment.
  public init(location: Location, target: Int, text: String) {
    self.location = location
    self.target = target
    self.text = text
  }
}

/// What a comment says.
struct SuppressionText: Hashable {
  /// How far it reaches.
  enum Form: String, Hashable {
    case line = "allow"
    case file = "allow-file"
    case begin = "allow-begin"
    case end = "allow-end"
  }

  /// Why a comment says nothing.
  struct Invalid: Error, Hashable {
    var reason: String
  }

  var form: Form
  var rule: String
  /// "" for `allow-end` only.
  var reason: String
  var until: Day?

  /// Reads the one form: `prgate:allow(rule) reason until=YYYY-MM-DD`.
  init(_ text: String, ruleIDs: Set<String>) throws(Invalid) {
    let rest = text.dropFirst("prgate:".count)
    let word = rest.prefix { $0 == "-" || ($0.isASCII && $0.isLetter) }
    guard let form = Form(rawValue: String(word)) else {
      throw Invalid(reason: Self.unknownForm(String(word)))
    }
    self.form = form
    let afterWord = rest.dropFirst(word.count)
    guard afterWord.hasPrefix("("), let close = afterWord.firstIndex(of: ")") else {
      throw Invalid(
        reason: "'prgate:\(word)' names no rule; write 'prgate:\(word)(rule-id) reason'")
    }
    rule = String(afterWord[afterWord.index(after: afterWord.startIndex)..<close])
    guard ruleIDs.contains(rule) else {
      let guess = nearestName(to: rule, in: ruleIDs.sorted()).map { " (did you mean '\($0)'?)" }
      let hint = rule.contains(",") ? "; write one comment for each" : guess ?? ""
      throw Invalid(reason: "there is no rule '\(rule)'\(hint)")
    }
    let words = afterWord[afterWord.index(after: close)...].split(whereSeparator: \.isWhitespace)
      .filter { !$0.allSatisfy { $0 == "*" } }
    let ends = words.filter { $0.hasPrefix("until=") }
    if let end = ends.first {
      until = Day(end.dropFirst("until=".count))
      guard ends.count == 1, until != nil else {
        throw Invalid(reason: "'\(end)' is no single day; write until=YYYY-MM-DD")
      }
    }
    reason = words.filter { !$0.hasPrefix("until=") }.joined(separator: " ")
    if reason.contains("prgate:") {
      throw Invalid(reason: "a comment holds one suppression; write one comment for each")
    }
    guard form == .end || reason.contains(where: \.isLetter) else {
      throw Invalid(
        reason: "a suppression without a reason takes nothing away; write why after ')'")
    }
  }

  private static func unknownForm(_ word: String) -> String {
    let forms = ["allow", "allow-file", "allow-begin", "allow-end"]
    let guess = nearestName(to: word, in: forms).map { " (did you mean 'prgate:\($0)'?)" } ?? ""
    return "there is no 'prgate:\(word)'\(guess); write 'prgate:allow(rule-id) reason'"
  }
}
