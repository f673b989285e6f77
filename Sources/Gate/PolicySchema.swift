// SPDX-License-Identifier: Apache-2.0

/// What a setting of `.prgate.yml` may hold.
public indirect enum SettingKind: Hashable, Sendable {
  /// Any text.
  case text
  /// A path relative to the root.
  case path
  /// A whole number in a range.
  case number(ClosedRange<Int>)
  /// `true` or `false`.
  case truth
  /// One of some words.
  case choice([String])
  /// A list of values of one kind.
  case list(SettingKind)
  /// Rule ids, each with a level, or with `level` and `since`.
  case rules
  /// Settings of their own.
  case group([Setting])
}

/// A key of `.prgate.yml`.
public struct Setting: Hashable, Sendable {
  /// The key.
  public var key: String
  /// What it may hold.
  public var kind: SettingKind
  /// What it does, one line for people.
  public var summary: String

  init(_ key: String, _ kind: SettingKind, _ summary: String) {
    self.key = key
    self.kind = kind
    self.summary = summary
  }
}

/// The form of `.prgate.yml`: what the reader accepts, and what the published JSON schema says.
public enum PolicySchema {
  /// The only version there is.
  public static let version = 1

  /// The keys at the top, in the order in which people should read them.
  public static let settings: [Setting] = [
    Setting("version", .number(version...version), "The version of this format; required."),
    Setting(
      "base", .text,
      "The branch that changes go to, such as origin/main; the main branch of origin by default."),
    Setting(
      "rules", .rules,
      """
      A level for each rule that should not have its default one: block, warn or off. With 'since', \
      the level holds from that day on and the next looser one until then.
      """),
    Setting(
      "paths",
      .group([
        Setting(
          "exclude", .list(.text),
          "Files in which nothing is judged, as patterns with the meaning of .gitignore."),
        Setting(
          "generated", .truth,
          "Whether to judge files with git's attribute linguist-generated; false by default."),
        Setting(
          "vendored", .truth,
          "Whether to judge files with git's attribute linguist-vendored; false by default."),
      ]), "What is judged."),
    Setting(
      "gate",
      .group([
        Setting(
          "on-incomplete", .choice(["fail", "warn"]),
          """
          How a run ends in which something needed was not analysed. 'fail' also forbids \
          --on-incomplete=warn.
          """),
        Setting(
          "program", .choice(["all", "reached"]),
          """
          What is analysed together: all of the compilation database, so that a change is judged at its \
          callers in other files too, or only what the change reaches through files that are read; all \
          by default.
          """),
      ]), "How the gate decides."),
    Setting(
      "suppressions",
      .group([
        Setting(
          "max-days", .number(1...3650),
          "The most days that a suppression may hold: 'until' must not be later."),
        Setting(
          "require-until", .truth,
          "Whether every suppression needs 'until'; false by default."),
      ]), "What comments must have to take findings away."),
    Setting(
      "compilation-database", .path,
      "compile_commands.json, or the directory that holds it; searched for by default."),
    Setting(
      "limits",
      .group([
        Setting("timeout", .number(1...86_400), "Seconds of processor time for each unit."),
        Setting(
          "budget", .number(1...604_800),
          "Seconds for a whole run of the gate; what is not done by then makes it incomplete."),
        Setting(
          "configurations", .number(1...64),
          "Configurations of a file that are analysed, in the order of the database; 4 by default."),
      ]), "Bounds of a run."),
    Setting(
      "models", .list(.path), "Files with models of functions that the project does not define."),
  ]

  /// The published JSON schema (draft 2020-12), as a tree of plain values; `rules` are the ids that the
  /// policy may name.
  public static func jsonSchema(rules: [String]) -> SchemaNode {
    var top = object(settings, rules: rules)
    top["$schema"] = .text("https://json-schema.org/draft/2020-12/schema")
    top["title"] = .text("The policy of prgate: .prgate.yml")
    top["required"] = .list([.text("version")])
    return .object(top)
  }

  private static func object(_ settings: [Setting], rules: [String]) -> [String: SchemaNode] {
    var properties: [String: SchemaNode] = [:]
    for setting in settings {
      var node = schema(of: setting.kind, rules: rules)
      node["description"] = .text(setting.summary)
      properties[setting.key] = .object(node)
    }
    return [
      "type": .text("object"), "additionalProperties": .truth(false),
      "properties": .object(properties),
    ]
  }

  private static func schema(of kind: SettingKind, rules: [String]) -> [String: SchemaNode] {
    switch kind {
    case .text, .path: return ["type": .text("string"), "minLength": .number(1)]
    case .number(let range):
      return [
        "type": .text("integer"), "minimum": .number(range.lowerBound),
        "maximum": .number(range.upperBound),
      ]
    case .truth: return ["type": .text("boolean")]
    case .choice(let words): return ["enum": .list(words.map { .text($0) })]
    case .list(let element):
      return ["type": .text("array"), "items": .object(schema(of: element, rules: rules))]
    case .group(let settings): return object(settings, rules: rules)
    case .rules:
      let level: SchemaNode = .object(["enum": .list(levelNames.map { .text($0) })])
      let day: SchemaNode = .object(["type": .text("string"), "format": .text("date")])
      let setting: SchemaNode = .object([
        "type": .text("object"), "additionalProperties": .truth(false),
        "required": .list([.text("level")]),
        "properties": .object(["level": level, "since": day]),
      ])
      let either: SchemaNode = .object(["oneOf": .list([level, setting])])
      return [
        "type": .text("object"), "additionalProperties": .truth(false),
        "properties": .object(Dictionary(uniqueKeysWithValues: rules.map { ($0, either) })),
      ]
    }
  }

  static let levelNames = ["block", "warn", "off"]
}

/// A value of the JSON schema.
public indirect enum SchemaNode: Hashable, Sendable, Encodable {
  case text(String)
  case number(Int)
  case truth(Bool)
  case list([SchemaNode])
  case object([String: SchemaNode])

  /// Writes the value itself, without the name of its case.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .number(let number): try container.encode(number)
    case .truth(let truth): try container.encode(truth)
    case .list(let list): try container.encode(list)
    case .object(let members): try container.encode(members)
    }
  }
}
