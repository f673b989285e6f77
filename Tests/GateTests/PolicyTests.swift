// SPDX-License-Identifier: Apache-2.0

import Findings
import Gate
import Testing

@Suite struct PolicyReadingTests {
  private let ids = ["double-free", "off-by-one-read"]

  private func mapping(_ members: (String, ConfigurationNode)...) -> ConfigurationNode {
    .mapping(
      members.enumerated().map { line, member in
        ConfigurationMember(key: member.0, line: line + 1, value: member.1)
      }, line: 1)
  }

  private func text(_ text: String) -> ConfigurationNode { .scalar(text, line: 1) }

  private func read(_ members: (String, ConfigurationNode)...) throws(PolicyError) -> Policy {
    let all =
      [ConfigurationMember(key: "version", line: 1, value: text("1"))]
      + members.map { ConfigurationMember(key: $0.0, line: 2, value: $0.1) }
    return try Policy(reading: .mapping(all, line: 1), ruleIDs: ids)
  }

  @Test("Every key")
  func everything() throws {
    let policy = try read(
      ("base", text("origin/main")),
      (
        "rules",
        mapping(
          ("double-free", text("warn")),
          ("off-by-one-read", mapping(("level", text("block")), ("since", text("2027-01-01")))))
      ),
      (
        "paths",
        mapping(
          ("exclude", .list([text("third_party/")], line: 3)), ("generated", text("true")),
          ("vendored", text("false")))
      ), ("gate", mapping(("on-incomplete", text("fail")))),
      ("suppressions", mapping(("max-days", text("90")), ("require-until", text("true")))),
      ("compilation-database", text("build")),
      ("limits", mapping(("timeout", text("30")), ("budget", text("300")))),
      ("models", .list([text("models/own.yml")], line: 9)))
    #expect(policy.base == "origin/main")
    #expect(policy.rules["double-free"] == RuleSetting(.warn))
    let day = try #require(Day("2027-01-01"))
    #expect(policy.rules["off-by-one-read"] == RuleSetting(.block, since: day))
    #expect(policy.excludes("third_party/zlib/inflate.c"))
    #expect(!policy.excludesGenerated)
    #expect(policy.excludesVendored)
    #expect(policy.onIncomplete == .fail)
    #expect(policy.maximumSuppressionDays == 90)
    #expect(policy.requiresUntil)
    #expect(policy.compilationDatabase == "build")
    #expect(policy.timeout == 30)
    #expect(policy.budget == 300)
    #expect(policy.models == ["models/own.yml"])
  }

  @Test("An unknown key is an error with the nearest name")
  func unknown() {
    let cases: [(String, ConfigurationNode, String)] = [
      ("rulez", text("x"), "unknown key 'rulez' (did you mean 'rules'?)"),
      ("include", text("/etc/passwd"), "unknown key 'include'"),
      ("gate", mapping(("on_incomplete", text("warn"))), "(did you mean 'on-incomplete'?)"),
      ("rules", mapping(("duoble-free", text("off"))), "(did you mean 'double-free'?)"),
    ]
    for (key, value, message) in cases {
      do {
        _ = try read((key, value))
        Issue.record("\(key) was accepted")
      } catch {
        #expect(error.reason.contains(message), "\(error.reason)")
      }
    }
  }

  @Test("A value of another kind is an error")
  func wrongValues() {
    let cases: [(String, ConfigurationNode)] = [
      ("rules", text("off")), ("rules", mapping(("double-free", text("never")))),
      ("rules", mapping(("double-free", mapping(("since", text("2027-01-01")))))),
      ("rules", mapping(("double-free", mapping(("level", text("off")), ("since", text("now")))))),
      ("paths", mapping(("exclude", text("*")))), ("paths", mapping(("generated", text("yes")))),
      ("limits", mapping(("timeout", text("0")))), ("limits", mapping(("timeout", text("soon")))),
      ("models", .list([text("/etc/x")], line: 1)), ("models", .list([text("a/../../x")], line: 1)),
      ("compilation-database", text("../outside")), ("version", text("2")),
      ("gate", mapping(("on-incomplete", text("pass")))), ("base", mapping()),
    ]
    for (key, value) in cases {
      #expect(throws: PolicyError.self, "\(key): \(value)") { _ = try read((key, value)) }
    }
    #expect(throws: PolicyError.self) { _ = try Policy(reading: text("x"), ruleIDs: ids) }
    #expect(throws: PolicyError.self) { _ = try Policy(reading: mapping(), ruleIDs: ids) }
  }

  @Test("A level with a day is the next looser one until then")
  func since() throws {
    let day = try #require(Day("2027-01-01"))
    let policy = Policy(rules: ["double-free": RuleSetting(.block, since: day)])
    let early = policy.inEffect(on: Day(number: day.number - 1))
    #expect(early.level(of: finding("double-free")) == .warn)
    #expect(policy.inEffect(on: day).level(of: finding("double-free")) == .block)
  }
}

/// A change can make the policy that judges it stricter, and never looser.
@Suite struct PolicyChangeTests {
  private func info(_ id: String, _ severity: Severity = .error) -> RuleInfo {
    RuleInfo(
      id: id, summary: "", severity: severity, cwe: [], precision: .high, securitySeverity: "",
      since: "", why: "", fix: "", limits: "")
  }

  private var infos: [RuleInfo] { [info("double-free"), info("memory-leak", .warning)] }

  @Test("Levels: looser waits for the merge, stricter holds at once")
  func levels() {
    let base = Policy(levels: ["memory-leak": .warn])
    let head = Policy(levels: ["double-free": .off, "memory-leak": .block])
    let judge = base.tightened(by: head, rules: infos)
    #expect(judge.level(of: finding("double-free")) == .block)
    #expect(judge.level(of: finding("memory-leak", severity: .warning)) == .block)
    let changes = base.changes(to: head, rules: infos)
    #expect(changes.map(\.subject) == ["rules.double-free", "rules.memory-leak"])
    #expect(changes.map(\.before) == ["block", "warn"])
    #expect(changes.map(\.after) == ["off", "block"])
    #expect(changes.map(\.effect) == [.loosens, .tightens])
  }

  @Test("To name a default level is no change; to remove the file is one")
  func defaults() {
    let named = Policy(levels: ["double-free": .block])
    #expect(Policy.builtIn.changes(to: named, rules: infos).isEmpty)
    let strict = Policy(levels: ["memory-leak": .block])
    #expect(strict.changes(to: .builtIn, rules: infos).map(\.effect) == [.loosens])
    let judge = strict.tightened(by: .builtIn, rules: infos)
    #expect(judge.level(of: finding("memory-leak", severity: .warning)) == .block)
  }

  @Test("A later day is looser")
  func since() throws {
    let early = try #require(Day("2027-01-01"))
    let late = try #require(Day("2028-01-01"))
    let base = Policy(rules: ["double-free": RuleSetting(.block, since: early)])
    let head = Policy(rules: ["double-free": RuleSetting(.block, since: late)])
    #expect(base.changes(to: head, rules: infos).map(\.effect) == [.loosens])
    #expect(base.tightened(by: head, rules: infos) == base)
    #expect(head.tightened(by: base, rules: infos).rules == base.rules)
  }

  @Test("Exclusions, open answers and terms of suppressions")
  func rest() {
    var base = Policy.builtIn
    base.excluded = [PathPattern("third_party/")]
    base.onIncomplete = .fail
    var head = Policy.builtIn
    head.excluded = [PathPattern("third_party/"), PathPattern("src/")]
    head.onIncomplete = .warn
    head.requiresUntil = true
    head.excludesVendored = false
    let judge = base.tightened(by: head, rules: infos)
    #expect(judge.excluded == base.excluded)
    #expect(judge.onIncomplete == .fail)
    #expect(judge.requiresUntil)
    #expect(!judge.excludesVendored)
    let effects = Dictionary(
      uniqueKeysWithValues: base.changes(to: head, rules: infos).map { ($0.subject, $0.effect) })
    #expect(
      effects == [
        "paths.exclude": .loosens, "paths.vendored": .tightens, "gate.on-incomplete": .loosens,
        "suppressions.require-until": .tightens,
      ])
    #expect(Policy.builtIn.tightened(by: base, rules: infos).excluded.isEmpty)
  }
}

@Suite struct PathPatternTests {
  @Test(
    "What matches",
    arguments: [
      ("third_party/", "third_party/a/b.c"), ("third_party", "src/third_party/b.c"),
      ("*.gen.c", "src/x.gen.c"), ("src/*.c", "src/a.c"), ("src/**/x.c", "src/x.c"),
      ("src/**/x.c", "src/a/b/x.c"), ("**/gen/**", "a/gen/b/c.c"), ("/src", "src/a.c"),
      ("src/?.c", "src/a.c"), ("s*c/a*.c", "src/abc.c"), ("**", "a.c"),
    ])
  func matches(pattern: String, path: String) {
    #expect(PathPattern(pattern).matches(path))
  }

  @Test(
    "What does not",
    arguments: [
      ("third_party/x", "src/third_party/x/b.c"), ("*.gen.c", "src/x.c"), ("src/*.c", "src/a/b.c"),
      ("/src", "a/src/b.c"), ("src/?.c", "src/ab.c"), ("a", "b"), ("", "a.c"), ("/", "a.c"),
    ])
  func doesNotMatch(pattern: String, path: String) {
    #expect(!PathPattern(pattern).matches(path))
  }

  @Test("No pattern takes long")
  func hostile() {
    let stars = String(repeating: "*a", count: 200) + "b"
    #expect(!PathPattern(stars).matches(String(repeating: "a", count: 4000)))
    let directories = String(repeating: "**/", count: 200) + "b"
    #expect(!PathPattern(directories).matches(String(repeating: "a/", count: 400) + "c"))
  }
}

@Suite struct BaselineTests {
  private func entries(_ findings: [Finding]) -> Baseline { Baseline(of: reported(findings)) }

  @Test("Each entry stands for one finding: a second equal one is new")
  func onePerEntry() {
    let baseline = entries([finding(line: 10)])
    var diff = FindingsDiff(head: [finding(line: 10), finding(line: 11)], base: nil)
    let rest = diff.apply(baseline) { _ in true }
    #expect(rest.isEmpty)
    #expect(diff.findings.count == 1)
    #expect(diff.findings[0].isBlocking)
    #expect(diff.suppressed.map(\.suppression.kind) == [.baseline])
  }

  @Test("A rename and a move keep the entry; another file and function do not")
  func moves() {
    let baseline = entries([finding(path: "a.c", function: "f")])
    for (path, function, isKnown) in [
      ("b.c", "f", true), ("a.c", "g", true), ("b.c", "g", false),
    ] {
      var diff = FindingsDiff(head: [finding(path: path, function: function)], base: nil)
      _ = diff.apply(baseline) { _ in true }
      #expect(diff.findings.isEmpty == isKnown, "\(path) \(function)")
    }
    var renamed = FindingsDiff(head: [finding(path: "b.c", function: "g")], base: nil)
    _ = renamed.apply(baseline, renames: ["a.c": "b.c"]) { _ in true }
    #expect(renamed.findings.isEmpty)
  }

  @Test("What the base knows uses up its entries, so that a baseline hides no swap")
  func consumed() {
    let old = finding(line: 10)
    var diff = FindingsDiff(head: [old, finding(line: 11)], base: [old])
    _ = diff.apply(entries([old])) { _ in true }
    #expect(diff.findings.map(\.novelty) == [.unchanged, .new])
  }

  @Test("An entry that stands for nothing is given back")
  func stale() {
    var diff = FindingsDiff(head: [], base: nil)
    #expect(diff.apply(entries([finding()])) { _ in true }.count == 1)
  }

  @Test("Lines that a merge left twice are one entry, and their order means nothing")
  func merged() throws {
    let own = entries([finding(path: "a.c"), finding(path: "b.c")]).entries
    let merged = try #require(Baseline(own.reversed() + own))
    #expect(merged.entries == own)
  }

  @Test("What is likely only is no part of it")
  func tiers() { #expect(entries([finding(tier: .b)]).entries.isEmpty) }
}
