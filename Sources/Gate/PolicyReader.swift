// SPDX-License-Identifier: Apache-2.0

/// A value of a configuration file, with its place, whatever the file's format is.
public indirect enum ConfigurationNode: Hashable, Sendable {
  /// One value as it is written, without quotes.
  case scalar(String, line: Int)
  /// Several values.
  case list([ConfigurationNode], line: Int)
  /// Values by key, in the order of the file.
  case mapping([ConfigurationMember], line: Int)

  /// The line, from 1.
  var line: Int {
    switch self {
    case .scalar(_, let line), .list(_, let line), .mapping(_, let line): line
    }
  }
}

/// A key with its value.
public struct ConfigurationMember: Hashable, Sendable {
  /// The key.
  public var key: String
  /// The line of the key, from 1.
  public var line: Int
  /// The value.
  public var value: ConfigurationNode

  /// Makes a member.
  public init(key: String, line: Int, value: ConfigurationNode) {
    self.key = key
    self.line = line
    self.value = value
  }
}

/// What is wrong in a policy.
public struct PolicyError: Error, Hashable, Sendable {
  /// The line, from 1.
  public var line: Int
  /// What is wrong and the next step, in one line.
  public var reason: String

  /// Makes an error.
  public init(line: Int, reason: String) {
    self.line = line
    self.reason = reason
  }
}

extension Policy {
  /// Reads a policy.
  ///
  /// - Parameters:
  ///   - document: the file's value.
  ///   - ruleIDs: the rules that it may name.
  /// - Throws: the first thing that is wrong; nothing is skipped or guessed.
  public init(
    reading document: ConfigurationNode, ruleIDs: [String]
  ) throws(PolicyError) {
    self.init()
    let reader = PolicyReader(ruleIDs: ruleIDs)
    let values = try reader.members(of: document, PolicySchema.settings, path: "")
    guard values["version"] != nil else {
      throw PolicyError(line: 1, reason: "'version: \(PolicySchema.version)' is missing; add it")
    }
    base = values["base"]?.text
    rules = values["rules"].map(reader.settings) ?? [:]
    excluded = values["paths.exclude"]?.texts.map { PathPattern($0) } ?? []
    excludesGenerated = values["paths.generated"]?.text != "true"
    excludesVendored = values["paths.vendored"]?.text != "true"
    onIncomplete = values["gate.on-incomplete"]?.text.flatMap { IncompleteAction(rawValue: $0) }
    judgesReachedOnly = values["gate.program"]?.text == "reached"
    maximumSuppressionDays = values["suppressions.max-days"]?.text.flatMap { Int($0) }
    requiresUntil = values["suppressions.require-until"]?.text == "true"
    compilationDatabase = values["compilation-database"]?.text
    timeout = values["limits.timeout"]?.text.flatMap { Int($0) }
    budget = values["limits.budget"]?.text.flatMap { Int($0) }
    configurations = values["limits.configurations"]?.text.flatMap { Int($0) }
    models = values["models"]?.texts ?? []
  }
}

extension ConfigurationNode {
  /// The text of a scalar.
  fileprivate var text: String? {
    guard case .scalar(let text, _) = self else { return nil }
    return text
  }

  /// The texts of a list of scalars.
  fileprivate var texts: [String] {
    guard case .list(let elements, _) = self else { return [] }
    return elements.compactMap(\.text)
  }
}

/// Checks values against the schema.
private struct PolicyReader {
  let ruleIDs: [String]

  /// The values of a mapping by dotted key, with those of groups; all of them are of their kinds.
  func members(
    of node: ConfigurationNode, _ settings: [Setting], path: String
  ) throws(PolicyError) -> [String: ConfigurationNode] {
    guard case .mapping(let members, _) = node else {
      throw wrong(node, path, "settings by key")
    }
    var values: [String: ConfigurationNode] = [:]
    for member in members {
      guard let setting = settings.first(where: { $0.key == member.key }) else {
        throw unknown(member, among: settings.map(\.key), "key")
      }
      let name = path.isEmpty ? member.key : path + "." + member.key
      if case .group(let inner) = setting.kind {
        values.merge(try self.members(of: member.value, inner, path: name)) { $1 }
      } else {
        try check(member.value, setting.kind, path: name)
        values[name] = member.value
      }
    }
    return values
  }

  private func check(
    _ node: ConfigurationNode, _ kind: SettingKind, path: String
  ) throws(PolicyError) {
    switch (kind, node) {
    case (.text, .scalar(let text, _)) where !text.isEmpty: return
    case (.path, .scalar(let text, _)) where Self.isInside(text): return
    case (.path, .scalar): throw wrong(node, path, "a path in the repository")
    case (.number(let range), .scalar(let text, _)):
      guard let number = Int(text), range.contains(number) else {
        throw wrong(node, path, "a whole number from \(range.lowerBound) to \(range.upperBound)")
      }
    case (.truth, .scalar(let text, _)) where text == "true" || text == "false": return
    case (.truth, _): throw wrong(node, path, "true or false")
    case (.choice(let words), .scalar(let text, _)) where words.contains(text): return
    case (.choice(let words), _): throw wrong(node, path, words.joined(separator: " or "))
    case (.list(let element), .list(let nodes, _)):
      for node in nodes { try check(node, element, path: path) }
    case (.list, _): throw wrong(node, path, "a list")
    case (.rules, _): try checkRules(node, path: path)
    default: throw wrong(node, path, "one value")
    }
  }

  private func checkRules(_ node: ConfigurationNode, path: String) throws(PolicyError) {
    guard case .mapping(let members, _) = node else { throw wrong(node, path, "rules by id") }
    for member in members {
      guard ruleIDs.contains(member.key) else { throw unknown(member, among: ruleIDs, "rule") }
      let name = path + "." + member.key
      if case .mapping(let parts, _) = member.value {
        let day = Setting("since", .text, "")
        let settings = [Setting("level", .choice(PolicySchema.levelNames), ""), day]
        let values = try self.members(of: member.value, settings, path: name)
        guard parts.contains(where: { $0.key == "level" }) else {
          throw wrong(member.value, name, "a level")
        }
        if let since = values[name + ".since"], since.text.flatMap({ Day($0) }) == nil {
          throw wrong(since, name + ".since", "a day such as 2027-03-01")
        }
      } else {
        try check(member.value, .choice(PolicySchema.levelNames), path: name)
      }
    }
  }

  /// The settings of rules, which have been checked.
  func settings(_ node: ConfigurationNode) -> [String: RuleSetting] {
    guard case .mapping(let members, _) = node else { return [:] }
    var settings: [String: RuleSetting] = [:]
    for member in members {
      var texts = ["level": member.value.text]
      if case .mapping(let parts, _) = member.value {
        for part in parts { texts[part.key] = part.value.text }
      }
      guard let level = (texts["level"] ?? nil).flatMap({ Level(rawValue: $0) }) else { continue }
      settings[member.key] = RuleSetting(level, since: (texts["since"] ?? nil).flatMap { Day($0) })
    }
    return settings
  }

  private static func isInside(_ path: String) -> Bool {
    !path.isEmpty && !path.hasPrefix("/") && !path.split(separator: "/").contains("..")
  }

  private func wrong(
    _ node: ConfigurationNode, _ path: String, _ expected: String
  ) -> PolicyError {
    let name = path.isEmpty ? "the file" : "'\(path)'"
    return PolicyError(line: node.line, reason: "\(name) needs \(expected)")
  }

  private func unknown(
    _ member: ConfigurationMember, among names: [String], _ noun: String
  ) -> PolicyError {
    let guess = nearestName(to: member.key, in: names).map { " (did you mean '\($0)'?)" } ?? ""
    let list = noun == "rule" ? "prgate rules" : "prgate config schema"
    return PolicyError(
      line: member.line, reason: "unknown \(noun) '\(member.key)'\(guess); '\(list)' lists them")
  }
}
