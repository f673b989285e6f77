// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// `dev new-rule ID`: writes what a rule consists of, so that what is left is to think.
struct NewRuleCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "new-rule",
    abstract: "Write the file of a rule, its line in the registry, and fixtures that fail.")

  @Argument(help: "The rule's id: words with hyphens that read well after 'allow'.")
  var id: String

  func validate() throws {
    guard id.wholeMatch(of: /[a-z]+(-[a-z]+)*/) != nil else {
      throw ValidationError("'\(id)' is no id: lower-case words with hyphens, as 'use-after-free'")
    }
  }

  func run() throws {
    let checkout = try Checkout.current()
    let name = RuleName(id: id)
    guard !checkout.exists(name.path) else { throw ValidationError("\(name.path) exists") }
    guard let registry = checkout.text(Self.registry),
      let extended = Self.adding(name.member, to: registry)
    else {
      throw ValidationError("\(Self.registry) holds no list 'all' of rules, one to a line")
    }
    let files = [
      name.path: ruleTemplate(name), Self.registry: extended,
      "fixtures/\(id)/example.bad.c": badTemplate(id),
      "fixtures/\(id)/example.good.c": goodTemplate,
    ]
    for (path, text) in files.sorted(by: { $0.key < $1.key }) {
      try checkout.write(text, to: path)
      print(path)
    }
  }

  private static let registry = "Sources/Rules/Rule.swift"

  /// The registry with one more line, sorted by id; nil where the list is not found.
  static func adding(_ member: String, to registry: String) -> String? {
    var lines = registry.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    guard let start = lines.firstIndex(where: { $0.contains("let all: [Rule] = [") }),
      let end = lines[start...].firstIndex(where: { $0.trimmingCharacters(in: .whitespaces) == "]" }
      )
    else { return nil }
    let line = "    \(member),"
    let position = lines[(start + 1)..<end].firstIndex { $0 > line } ?? end
    lines.insert(line, at: position)
    return lines.joined(separator: "\n")
  }
}

/// The names of a rule in Swift.
struct RuleName {
  /// The id in kebab case.
  var id: String

  /// `UseAfterFree`.
  var type: String {
    id.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }
  /// `useAfterFree`.
  var member: String { type.prefix(1).lowercased() + type.dropFirst() }
  /// The file.
  var path: String { "Sources/Rules/\(type).swift" }
}

private func ruleTemplate(_ name: RuleName) -> String {
  """
  // SPDX-License-Identifier: Apache-2.0

  import Analysis
  import Findings

  extension Rule {
    /// See `info.summary`.
    public static let \(name.member) = Rule(
      info: \(name.member)Info,
      check: { pass, findings in
        // Turn the observations of `pass.result` that the rule speaks of into findings.
      })
  }

  private let \(name.member)Info = RuleInfo(
    id: "\(name.id)", summary: "", severity: .error, cwe: [], precision: .medium,
    securitySeverity: "", since: "",
    why: \"""
      \""",
    fix: \"""
      \""",
    limits: \"""
      \""")

  """
}

private func badTemplate(_ id: String) -> String {
  """
  // The flaw, in a few lines; the good twin differs in nothing but its repair.
  int example(int value)
  {
    return value;  // expect: \(id)
  }

  """
}

private let goodTemplate = """
  // The same, repaired; every rule is silent here.
  int example(int value)
  {
    return value;
  }

  """
