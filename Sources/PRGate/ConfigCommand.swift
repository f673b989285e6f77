// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Findings
import Foundation
import Gate

/// `prgate config`: the policy of the project.
struct ConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config", abstract: "Show, check and compare the policy (.prgate.yml).",
    subcommands: [Show.self, Verify.self, Diff.self, Schema.self])

  /// `prgate config show`.
  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the policy in force in the work tree: the level of every rule, and the rest."
    )

    @OptionGroup var day: DayOption

    func run() throws {
      let policy = try PolicyFile.ofWorkTree(WorkingPlace.current.root)
      let origin = policy == nil ? "there is no \(PolicyFile.name)" : "from \(PolicyFile.name)"
      try StandardStreams.write("# \(origin)\n" + Self.text(policy ?? .builtIn, on: day.day))
    }

    /// The policy as a file that says everything.
    private static func text(_ policy: Policy, on day: Day) -> String {
      let current = policy.inEffect(on: day)
      var text = "version: \(PolicySchema.version)\n"
      if let base = policy.base { text += "base: \(base)\n" }
      text += "rules:\n"
      for rule in RuleSet.all {
        let level = current.level(of: rule).rawValue
        let later = policy.rules[rule.id].flatMap { setting in
          setting.since.flatMap { day < $0 ? "  # \(setting.level.rawValue) since \($0)" : nil }
        }
        let isDefault = policy.rules[rule.id] == nil
        text += "  \(rule.id): \(level)" + (later ?? (isDefault ? "  # default" : "")) + "\n"
      }
      text +=
        "paths:\n  exclude: [" + policy.excluded.map { quoted($0.text) }.joined(separator: ", ")
      text += "]\n  generated: \(!policy.excludesGenerated)\n"
      text += "  vendored: \(!policy.excludesVendored)\n"
      if let action = policy.onIncomplete {
        text += "gate:\n  on-incomplete: \(action.rawValue)\n"
      }
      text += "suppressions:\n  require-until: \(policy.requiresUntil)\n"
      if let days = policy.maximumSuppressionDays { text += "  max-days: \(days)\n" }
      if let path = policy.compilationDatabase { text += "compilation-database: \(quoted(path))\n" }
      let limits = [
        ("timeout", policy.timeout), ("budget", policy.budget),
        ("configurations", policy.configurations),
      ]
      .compactMap { name, value in value.map { "  \(name): \($0)\n" } }
      if !limits.isEmpty { text += "limits:\n" + limits.joined() }
      if !policy.models.isEmpty {
        text += "models: [" + policy.models.map(quoted).joined(separator: ", ") + "]\n"
      }
      return text
    }

    private static func quoted(_ text: String) -> String {
      "'" + text.replacingOccurrences(of: "'", with: "''") + "'"
    }
  }

  /// `prgate config verify`.
  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a policy; an unknown key or a wrong value ends with status 2.")

    @Argument(
      help: "The file; .prgate.yml of this repository by default.", completion: .file())
    var file: String?

    func run() throws {
      let place = WorkingPlace.current
      let path =
        file.map { Paths.absolute($0, in: place.directory) }
        ?? place.root + "/" + PolicyFile.name
      let name = file ?? PolicyFile.name
      guard let content = FileManager.default.contents(atPath: path) else {
        throw CommandFailure.usage("\(name): there is no such file; 'prgate init' writes one")
      }
      _ = try PolicyFile.read(content, place: name)
      try StandardStreams.write("\(name): ok\n")
    }
  }

  /// `prgate config diff`.
  struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print what the policy of HEAD changes, setting by setting.")

    @Option(
      help: ArgumentHelp(
        "Compare with the common ancestor with REV; the main branch of origin by default.",
        valueName: "REV"))
    var base: String?

    func run() async throws {
      let directory = FileManager.default.currentDirectoryPath
      let repository = try await GitRepository.open(around: directory)
      let range = try await GateRangeResolver(repository: repository, mayFetch: false)
        .range(base: base, head: "HEAD")
      let governing = try await GatePolicy(of: range, in: repository, isRatchet: false)
      let lines = governing.notes + governing.changes.map(\.line)
      let text = lines.isEmpty ? "the policy does not change\n" : lines.map { $0 + "\n" }.joined()
      try StandardStreams.write(text)
    }
  }

  /// `prgate config schema`.
  struct Schema: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the JSON schema of .prgate.yml, for editors.")

    func run() throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let schema = PolicySchema.jsonSchema(rules: RuleSet.all.map(\.id))
      try StandardStreams.write(String(decoding: try encoder.encode(schema), as: UTF8.self) + "\n")
    }
  }
}

extension PolicyChange {
  /// One line for people.
  var line: String {
    let before = before.isEmpty ? "(nothing)" : before
    let after = after.isEmpty ? "(nothing)" : after
    let remark = effect == .loosens ? " (loosens: in force after the merge)" : ""
    return "\(subject): \(before) -> \(after)" + (effect == .tightens ? " (tightens)" : remark)
  }
}
