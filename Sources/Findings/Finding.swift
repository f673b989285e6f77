// SPDX-License-Identifier: Apache-2.0

/// How bad a defect of a rule is; what blocks is the gate's policy.
public enum Severity: String, Hashable, Codable, Sendable, CaseIterable {
  case error, warning, note
}

/// How well a finding is argued.
public enum Tier: String, Hashable, Comparable, Codable, Sendable, CaseIterable {
  /// Proven, or argued with a witness that a replay on one path confirmed: may block.
  case a = "A"
  /// Likely.
  case b = "B"
  /// Statistics.
  case c = "C"

  /// Orders the strongest first.
  public static func < (left: Tier, right: Tier) -> Bool { left.rawValue < right.rawValue }
}

/// How often findings of a rule are right, in the words of SARIF viewers.
public enum Precision: String, Hashable, Sendable {
  case veryHigh = "very-high"
  case high, medium, low
}

/// What a rule is, for people and for reports.
public struct RuleInfo: Hashable, Sendable {
  /// The kebab-case name, which reads well after "allow".
  public var id: String
  /// One line, lower case, without a full stop.
  public var summary: String
  /// The severity that the rule proposes.
  public var severity: Severity
  /// Numbers of the Common Weakness Enumeration, the most exact first.
  public var cwe: [Int]
  /// How often it is right.
  public var precision: Precision
  /// A CVSS-like score as GitHub reads it, from 0.1 to 10.
  public var securitySeverity: String
  /// The first release that has it.
  public var since: String
  /// Why it matters, with the source where there is one, in Markdown.
  public var why: String
  /// How to repair it, in Markdown.
  public var fix: String
  /// What the rule does not see, and when it is silent on purpose, in Markdown.
  public var limits: String

  /// Makes the description of a rule.
  public init(
    id: String, summary: String, severity: Severity, cwe: [Int], precision: Precision,
    securitySeverity: String, since: String, why: String, fix: String, limits: String
  ) {
    self.id = id
    self.summary = summary
    self.severity = severity
    self.cwe = cwe
    self.precision = precision
    self.securitySeverity = securitySeverity
    self.since = since
    self.why = why
    self.fix = fix
    self.limits = limits
  }
}

/// A step of the path that argues a finding.
public struct Event: Hashable, Codable, Sendable {
  /// Where it happens.
  public var location: Location
  /// What happens, lower case, without a full stop.
  public var message: String

  /// Makes an event.
  public init(location: Location, message: String) {
    self.location = location
    self.message = message
  }
}

/// A value of a witness: with these values the program runs into the defect.
public struct Assignment: Hashable, Codable, Sendable {
  /// The expression as written in C.
  public var name: String
  /// Its value in decimal.
  public var value: String

  /// Makes an assignment.
  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

/// A defect that a rule found.
public struct Finding: Hashable, Codable, Sendable {
  /// The rule.
  public var rule: String
  /// How well it is argued.
  public var tier: Tier
  /// The severity that the rule proposes.
  public var severity: Severity
  /// What is wrong, with values, lower case, without a full stop.
  public var message: String
  /// Where it happens.
  public var location: Location
  /// The name of the function around it; empty outside functions.
  public var function: String
  /// The unified symbol resolution of that function; empty outside functions.
  public var functionUSR: String
  /// Hash of the normalised tokens of the statement around it.
  public var statementHash: UInt64
  /// The path that argues it, in the order of execution, eight steps at most.
  public var events: [Event]
  /// The values that make it happen.
  public var witness: [Assignment]
  /// How to repair it, in one line; empty where nothing is certain.
  public var hint: String
  /// The configurations that show it, by the flags that tell them apart, where a file is compiled in
  /// several and not all of them do; else empty.
  public var configurations: [String] = []

  /// Makes a finding.
  public init(
    rule: String, tier: Tier, severity: Severity, message: String, location: Location,
    function: String, functionUSR: String, statementHash: UInt64, events: [Event] = [],
    witness: [Assignment] = [], hint: String = ""
  ) {
    self.rule = rule
    self.tier = tier
    self.severity = severity
    self.message = message
    self.location = location
    self.function = function
    self.functionUSR = functionUSR
    self.statementHash = statementHash
    self.events = events
    self.witness = witness
    self.hint = hint
  }

  /// Whether `left` comes before `right` in every report: by place, then rule, then text.
  public static func isOrderedBefore(_ left: Finding, _ right: Finding) -> Bool {
    if left.location.path != right.location.path {
      return left.location.path.utf8.lexicographicallyPrecedes(right.location.path.utf8)
    }
    if left.location.start != right.location.start {
      return left.location.start < right.location.start
    }
    if left.rule != right.rule { return left.rule.utf8.lexicographicallyPrecedes(right.rule.utf8) }
    if left.message != right.message {
      return left.message.utf8.lexicographicallyPrecedes(right.message.utf8)
    }
    return left.functionUSR.utf8.lexicographicallyPrecedes(right.functionUSR.utf8)
  }
}

/// Where a finding of a rule is, whatever it says: units and configurations that show the same one
/// agree in it.
public struct FindingPlace: Hashable, Sendable {
  private let rule: String
  private let path: String
  private let start: Position
  private let end: Position
  private let functionUSR: String

  fileprivate init(_ finding: Finding) {
    rule = finding.rule
    path = finding.location.path
    start = finding.location.start
    end = finding.location.end
    functionUSR = finding.functionUSR
  }
}

extension Finding {
  /// Its place.
  public var place: FindingPlace { FindingPlace(self) }
}
