// SPDX-License-Identifier: Apache-2.0

public import Findings

/// What the judgement of suppressions rests on, beside the comments.
public struct SuppressionTerms: Sendable {
  /// The rules that a comment may name.
  public var ruleIDs: Set<String>
  /// The policy that judges.
  public var policy: Policy
  /// The day on which `until` is judged.
  public var today: Day
  /// Days before its end from which on a suppression is said to expire soon.
  public static let notice = 14

  /// Makes terms.
  public init(ruleIDs: Set<String>, policy: Policy, today: Day) {
    self.ruleIDs = ruleIDs
    self.policy = policy
    self.today = today
  }
}

/// The suppressions of a program: which findings they take away, and what is wrong with them.
public struct Suppressions: Sendable {
  /// A suppression with its reach.
  struct Entry: Sendable {
    var suppression: Suppression
    var comment: SuppressionComment
    /// The lines of the file that it covers.
    var lines: ClosedRange<Int>
    var isInForce: Bool
  }

  /// By path, in the order of their lines.
  private(set) var entries: [String: [Entry]] = [:]
  /// What is wrong with comments, whatever the findings are.
  public private(set) var problems: [Finding] = []

  /// Reads comments; the same one may come several times, from units that read the same file.
  public init(_ comments: [SuppressionComment], terms: SuppressionTerms) {
    var files: [String: Set<SuppressionComment>] = [:]
    for comment in comments { files[comment.location.path, default: []].insert(comment) }
    for (_, comments) in files.sorted(by: { $0.key < $1.key }) {
      add(comments.sorted { $0.location.start < $1.location.start }, terms)
    }
  }

  /// The suppressions in force and those that have expired, by place.
  public var all: [Suppression] {
    entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      .flatMap { $0.value.map(\.suppression) }
  }

  /// Comments that wait for their `allow-end`, by rule.
  private typealias Open = [String: (comment: SuppressionComment, text: SuppressionText)]

  private mutating func add(
    _ comments: [SuppressionComment], _ terms: SuppressionTerms
  ) {
    var open = Open()
    for comment in comments {
      do throws(SuppressionText.Invalid) {
        try add(comment, open: &open, terms)
      } catch {
        report(error.reason, comment, GateRule.invalidSuppression)
      }
    }
    for (rule, start) in open.sorted(by: { $0.key < $1.key }) {
      let reason = "no 'allow-end(\(rule))' follows, so it takes nothing away"
      report(reason, start.comment, GateRule.invalidSuppression)
    }
  }

  private mutating func add(
    _ comment: SuppressionComment, open: inout Open, _ terms: SuppressionTerms
  ) throws(SuppressionText.Invalid) {
    let text = try SuppressionText(comment.text, ruleIDs: terms.ruleIDs)
    switch text.form {
    case .line:
      guard comment.target > 0 else { throw .init(reason: "no line of code follows it") }
      try add(comment, text, comment.target...comment.target, terms)
    case .file: try add(comment, text, 1...Int.max, terms)
    case .begin:
      guard open[text.rule] == nil else {
        throw .init(reason: "'allow-begin(\(text.rule))' is open already")
      }
      open[text.rule] = (comment, text)
    case .end:
      guard let start = open.removeValue(forKey: text.rule) else {
        throw .init(reason: "no 'allow-begin(\(text.rule))' stands before it")
      }
      let first = start.comment.location.start.line
      let lines = first...max(first, comment.location.start.line)
      do throws(SuppressionText.Invalid) {
        try add(start.comment, start.text, lines, terms)
      } catch {
        report(error.reason, start.comment, GateRule.invalidSuppression)
      }
    }
  }

  private mutating func add(
    _ comment: SuppressionComment, _ text: SuppressionText, _ lines: ClosedRange<Int>,
    _ terms: SuppressionTerms
  ) throws(SuppressionText.Invalid) {
    if text.until == nil, terms.policy.requiresUntil || terms.policy.maximumSuppressionDays != nil {
      throw .init(reason: "the policy asks for a last day; add until=YYYY-MM-DD")
    }
    if let until = text.until, let days = terms.policy.maximumSuppressionDays,
      until.number > terms.today.number + days
    {
      throw .init(
        reason: "until=\(until) is more than the \(days) days away that the policy allows")
    }
    let isInForce = text.until.map { terms.today <= $0 } ?? true
    let suppression = Suppression(
      kind: .inSource, rule: text.rule, location: comment.location, reason: text.reason,
      until: text.until?.description ?? "")
    entries[comment.location.path, default: []].append(
      Entry(suppression: suppression, comment: comment, lines: lines, isInForce: isInForce))
    guard let until = text.until else { return }
    if !isInForce {
      report("'\(text.rule)' was allowed until \(until)", comment, GateRule.expiredSuppression)
    } else if until.number - terms.today.number < SuppressionTerms.notice {
      report("'\(text.rule)' is allowed until \(until) only", comment, GateRule.expiredSuppression)
    }
  }

  private mutating func report(
    _ message: String, _ comment: SuppressionComment, _ rule: RuleInfo
  ) {
    problems.append(gateFinding(rule, message, at: comment.location, text: comment.text))
  }

  /// The suppression that takes a finding away; nil where none does.
  ///
  /// It may stand where the finding is shown or, for what a macro makes, where the macro is defined.
  func entry(for finding: Finding) -> Entry? {
    var places = [
      (finding.location.path, finding.location.point.line),
      (finding.location.path, finding.location.start.line),
    ]
    if let spelling = finding.location.spelling { places.append((spelling.path, spelling.line)) }
    for (path, line) in places {
      let entry = entries[path]?.first {
        $0.isInForce && $0.suppression.rule == finding.rule && $0.lines.contains(line)
      }
      if let entry { return entry }
    }
    return nil
  }

  /// What takes a finding away; nil where nothing does.
  public func suppression(of finding: Finding) -> Suppression? {
    entry(for: finding)?.suppression
  }

  /// Findings split by whether a comment takes them away.
  public func apply(to findings: [Finding]) -> SuppressedFindings {
    var result = SuppressedFindings()
    var used: Set<SuppressionComment> = []
    for finding in findings {
      if let entry = entry(for: finding) {
        used.insert(entry.comment)
        result.suppressed.append((finding, entry.suppression))
      } else {
        result.rest.append(finding)
      }
    }
    result.unused = entries.values.flatMap(\.self).filter { !used.contains($0.comment) }
    return result
  }
}

/// Findings after suppressions have been applied.
public struct SuppressedFindings: Sendable {
  /// Those that stay.
  public var rest: [Finding] = []
  /// Those that are taken away, with what does it.
  public var suppressed: [(finding: Finding, suppression: Suppression)] = []
  /// Suppressions that took nothing away, in no order that means anything.
  var unused: [Suppressions.Entry] = []

  init() {}

  /// Findings about suppressions in force that took nothing away, although the code that they speak
  /// of was analysed.
  ///
  /// - Parameters:
  ///   - rules: the rules that were asked.
  ///   - isAnalysed: whether code on some of the lines of a file was analysed, in all units that have
  ///     it.
  /// - Returns: the findings in report order.
  public func unusedSuppressions(
    rules: Set<String>, isAnalysed: (_ path: String, _ lines: ClosedRange<Int>) -> Bool
  ) -> [Finding] {
    unused.filter { entry in
      entry.isInForce && rules.contains(entry.suppression.rule)
        && isAnalysed(entry.suppression.location.path, entry.lines)
    }.map { entry in
      gateFinding(
        GateRule.unusedSuppression, "nothing here needs '\(entry.suppression.rule)' to be allowed",
        at: entry.suppression.location, text: entry.comment.text, hint: "remove the comment")
    }.sorted(by: Finding.isOrderedBefore)
  }
}

extension Suppressions {
  /// The suppressions that this program has and `base` has not: what a change adds.
  ///
  /// A comment that moved within its file, or with it, is not added; one with another reason or day is.
  public func added(
    since base: Suppressions, renames: [String: String]
  ) -> [Suppression] {
    struct Identity: Hashable {
      var path: String
      var rule: String
      var reason: String
      var until: String
      var isLine: Bool
      init(_ entry: Entry, renames: [String: String]) {
        let own = entry.suppression
        path = renames[own.location.path] ?? own.location.path
        (rule, reason, until) = (own.rule, own.reason, own.until)
        isLine = entry.lines.count == 1
      }
    }
    var known: [Identity: Int] = [:]
    for entry in base.entries.values.flatMap(\.self) {
      known[Identity(entry, renames: renames), default: 0] += 1
    }
    let own = entries.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      .flatMap(\.value)
    return own.filter { entry in
      let identity = Identity(entry, renames: [:])
      guard let count = known[identity], count > 0 else { return true }
      known[identity] = count - 1
      return false
    }.map { entry in
      var suppression = entry.suppression
      suppression.isAdded = true
      return suppression
    }
  }

  /// Findings about suppressions that a change adds, for policies that give them a level.
  public static func findings(aboutAdded added: [Suppression]) -> [Finding] {
    added.map { suppression in
      gateFinding(
        GateRule.addedSuppression,
        "'\(suppression.rule)' is allowed because: \(suppression.reason)",
        at: suppression.location, text: suppression.rule + " " + suppression.reason)
    }
  }
}

/// A finding of the gate itself; its identity is the text that it is about.
func gateFinding(
  _ rule: RuleInfo, _ message: String, at location: Location, text: String, hint: String = ""
) -> Finding {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
  return Finding(
    rule: rule.id, tier: .a, severity: rule.severity, message: message, location: location,
    function: "", functionUSR: "", statementHash: hash, hint: hint)
}
