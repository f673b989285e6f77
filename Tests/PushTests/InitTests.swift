// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// `prgate init`: what it writes, and what it leaves alone.
@Suite struct InitTests {
  private func text(_ name: String, _ sandbox: Sandbox) throws -> String {
    try String(contentsOfFile: sandbox.path(name), encoding: .utf8)
  }

  private func repository() throws -> Sandbox {
    let sandbox = try Sandbox()
    try sandbox.makeRepository()
    return sandbox
  }

  @Test(arguments: ["github", "gitlab", "azure", "gerrit"])
  func aSecondRunChangesNothing(_ service: String) throws {
    let sandbox = try repository()
    let first = try sandbox.prgate("init", "--ci", service, "--owner", "@a/b", in: "repo")
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.output.contains("new: .prgate.yml\n"))
    let files = try sandbox.git("status", "--short", "--untracked-files=all", in: "repo")
    let second = try sandbox.prgate("init", "--ci", service, "--owner", "@a/b", in: "repo")
    #expect(second.status == 0)
    #expect(!second.output.contains("new: "))
    #expect(try sandbox.git("status", "--short", "--untracked-files=all", in: "repo") == files)
  }

  @Test func nothingThatIsThereIsReplacedWithoutLeave() throws {
    let sandbox = try repository()
    try sandbox.write("version: 1\n", to: "repo/.prgate.yml")
    let outcome = try sandbox.prgate("init", "--ci", "github", in: "repo")
    #expect(outcome.status == 2)
    #expect(outcome.errors.contains(".prgate.yml: already there and different"))
    #expect(outcome.errors.contains("--force"))
    #expect(try text("repo/.prgate.yml", sandbox) == "version: 1\n")
    #expect(!FileManager.default.fileExists(atPath: sandbox.path("repo/.github")))

    let forced = try sandbox.prgate("init", "--ci", "github", "--force", in: "repo")
    #expect(forced.status == 0)
    #expect(forced.output.contains("replaced: .prgate.yml\n"))
    #expect(try text("repo/.prgate.yml", sandbox).contains("base: origin/main\n"))
  }

  @Test func ownersAreAddedToThoseThatAreThere() throws {
    let sandbox = try repository()
    try sandbox.write("* @everybody\n", to: "repo/CODEOWNERS")
    let outcome = try sandbox.prgate("init", "--ci", "github", "--owner", "@a/b", in: "repo")
    #expect(outcome.status == 0)
    let owners = try text("repo/CODEOWNERS", sandbox)
    #expect(owners.hasPrefix("* @everybody\n\n/.prgate.yml @a/b\n"))
    #expect(owners.contains("/.github/workflows/prgate.yml @a/b\n"))
    #expect(owners.contains("/.prgate-baseline.jsonl @a/b\n"))
  }

  @Test func theWorkflowReportsForEveryChange() throws {
    let sandbox = try repository()
    _ = try sandbox.prgate("init", "--ci", "github", in: "repo")
    let workflow = try text("repo/.github/workflows/prgate.yml", sandbox)
    // A required check with a path filter never reports on other changes, and blocks them for ever.
    #expect(!workflow.contains("paths:"))
    #expect(!workflow.contains("pull_request_target"))
    #expect(workflow.contains("\n  pull_request:\n  merge_group:\n  push:\n"))
    #expect(workflow.contains("fetch-depth: 0"))
    #expect(workflow.contains("actions/cache/restore@"))
    #expect(
      workflow.contains(
        "if: always() && github.event_name == 'push'\n        uses: actions/cache/save@"))
    #expect(workflow.contains("if: always()\n        # Not the gate"))
  }

  @Test(arguments: [[], ["--report-only"]])
  func thePolicyIsWellFormed(_ arguments: [String]) throws {
    let sandbox = try repository()
    let outcome = try sandbox.run(Sandbox.prgate, ["init"] + arguments, in: sandbox.path("repo"))
    #expect(outcome.status == 0, "\(outcome.errors)")
    let verified = try sandbox.prgate("config", "verify", in: "repo")
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
    #expect(try sandbox.prgate("doctor", in: "repo").output.contains("ok   policy:   .prgate.yml"))
    try sandbox.write("version: 1\nrulez: {}\n", to: "repo/.prgate.yml")
    let broken = try sandbox.prgate("doctor", in: "repo")
    #expect(broken.status == 2)
    #expect(broken.output.contains("FAIL policy:   .prgate.yml:2"), "\(broken.output)")
  }

  @Test func lookingFirstLetsEveryRuleWarn() throws {
    let sandbox = try repository()
    _ = try sandbox.prgate("init", "--report-only", in: "repo")
    #expect(try text("repo/.prgate.yml", sandbox).contains("\n  off-by-one-read: warn\n"))
  }

  @Test(arguments: ["@a; rm -rf /", "@a\n* @b", "nobody", "@"])
  func ownersAreChecked(_ owner: String) throws {
    let sandbox = try repository()
    let outcome = try sandbox.prgate("init", "--ci", "github", "--owner", owner, in: "repo")
    #expect(outcome.status == 2)
    #expect(!FileManager.default.fileExists(atPath: sandbox.path("repo/.prgate.yml")))
  }

  /// The program that knows the schemas of the services; `.ci/run` installs it.
  private static let validator: String? = {
    guard let python = ProcessInfo.processInfo.environment["PRGATE_VALIDATORS"] else { return nil }
    let program = URL(filePath: python).deletingLastPathComponent().appending(
      path: "check-jsonschema")
    return FileManager.default.isExecutableFile(atPath: program.path) ? program.path : nil
  }()

  @Test(
    .enabled(if: validator != nil, "check-jsonschema is absent; .ci/run installs it"),
    arguments: [
      ("github", "github-workflows", ".github/workflows/prgate.yml"),
      ("gitlab", "gitlab-ci", ".gitlab/prgate.yml"),
      ("gitlab", "gitlab-ci", ".gitlab-ci.yml"),
      ("azure", "azure-pipelines", "azure-pipelines-prgate.yml"),
    ])
  func jobsFollowTheSchemaOfTheirService(
    _ service: String, _ schema: String, _ file: String
  ) throws {
    let sandbox = try repository()
    _ = try sandbox.prgate("init", "--ci", service, in: "repo")
    let transform = schema == "github-workflows" ? [] : ["--data-transform", schema]
    let outcome = try sandbox.run(
      try #require(Self.validator),
      ["--regex-variant", "python", "--builtin-schema", "vendor." + schema] + transform + [file],
      in: sandbox.path("repo"))
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
  }

  /// The jobs of docs/shards.md, in the order of the text.
  @Test(
    .enabled(if: validator != nil, "check-jsonschema is absent; .ci/run installs it"),
    arguments: [(0, "gitlab-ci", ".gitlab-ci.yml"), (1, "github-workflows", "shards.yml")])
  func jobsOfTheShardsFollowTheSchemaOfTheirService(
    _ number: Int, _ schema: String, _ file: String
  ) throws {
    let page = try String(contentsOfFile: Sandbox.package + "/docs/shards.md", encoding: .utf8)
    let blocks = page.components(separatedBy: "```yaml\n").dropFirst()
    #expect(blocks.count == 2)
    let block = try #require(blocks.dropFirst(number).first)
    let sandbox = try Sandbox()
    try (block.components(separatedBy: "```").first ?? "").write(
      toFile: sandbox.path(file), atomically: true, encoding: .utf8)
    let transform = schema == "github-workflows" ? [] : ["--data-transform", schema]
    let outcome = try sandbox.run(
      try #require(Self.validator),
      ["--regex-variant", "python", "--builtin-schema", "vendor." + schema] + transform + [file],
      in: sandbox.directory)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
  }

  @Test(.enabled(if: validator != nil, "check-jsonschema is absent; .ci/run installs it"))
  func theActionFollowsItsSchema() throws {
    let sandbox = try Sandbox()
    let outcome = try sandbox.run(
      try #require(Self.validator),
      ["--builtin-schema", "vendor.github-actions", Sandbox.package + "/action.yml"],
      in: sandbox.directory)
    #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
  }
}
