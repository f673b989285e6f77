// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// What CI services run: the scripts of the jobs that `prgate init` writes, and the step of `action.yml`,
/// each as its service would run it for a change, and for the main branch.
@Suite struct ServiceTests {
  private let sandbox: Sandbox

  /// A repository whose branch `topic` brings a flaw, and the cache that the main branch has kept.
  init() throws {
    sandbox = try Sandbox()
    try sandbox.makeRepository()
    #expect(try sandbox.prgate("check", in: "repo").status == 0)
    try sandbox.git("checkout", "--quiet", "-b", "topic", in: "repo")
    try sandbox.write(flaw, to: "repo/src/other.c")
    try sandbox.commit("a flaw")
    try sandbox.write("/*\n", to: "repo/.git/info/exclude")
  }

  /// Every file of the cache with its content, but for those in which SQLite's readers find each other.
  private func cache() throws -> [String: Data] {
    let root = sandbox.path("cache")
    let found = FileManager.default.enumerator(atPath: root)
    let names = (found?.allObjects as? [String] ?? []).filter { name in
      !name.hasSuffix("-shm")
        && (try? FileManager.default.attributesOfItem(atPath: root + "/" + name)[.type])
          as? FileAttributeType == .typeRegular
    }
    return try Dictionary(
      uniqueKeysWithValues: names.map { name in
        (name, try Data(contentsOf: URL(fileURLWithPath: root + "/" + name)))
      }
    ).filter { !($0.key.hasSuffix("-wal") && $0.value.isEmpty) }
  }

  private func text(_ name: String) throws -> String {
    try String(contentsOfFile: sandbox.path(name), encoding: .utf8)
  }

  /// The lines of a file between two others, without the indentation of the first.
  private func lines(_ file: String, from first: String, to last: String) throws -> [String] {
    let all = try text(file).components(separatedBy: "\n")
    let start = try #require(all.firstIndex(of: first)) + 1
    let end = try #require(all[start...].firstIndex(of: last))
    let indent = all[start].prefix { $0 == " " }.count
    return all[start..<end].map { String($0.dropFirst(indent)) }
  }

  private func runScript(_ lines: [String]) throws -> Outcome {
    try sandbox.run(
      "/usr/bin/env", ["bash", "-e", "-c", lines.joined(separator: "\n")],
      in: sandbox.path("repo"))
  }

  /// Asserts that the run kept nothing where it must not, and something where it may.
  private func checkCache(
    isChange: Bool, _ run: () throws -> Outcome
  ) throws -> Outcome {
    let before = try cache()
    try #require(before.keys.contains { $0.hasSuffix("units.sqlite") })
    let outcome = try run()
    let after = try cache()
    #expect((after == before) == isChange, "\(after.keys.sorted())")
    return outcome
  }

  @Test("The action of GitHub", arguments: ["pull_request", "merge_group", "push"])
  func gitHub(event: String) throws {
    for name in ["action", "environment.sh"] {
      try sandbox.write(
        try String(contentsOfFile: Sandbox.package + "/.ci/" + name, encoding: .utf8),
        to: "action/.ci/" + name)
    }
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("action/prgate"), withDestinationPath: Sandbox.prgate)
    let base = try sandbox.git("rev-parse", "HEAD^1", in: "repo")
    sandbox.environment.merge(
      [
        "PRGATE_EVENT": event, "PRGATE_QUEUE_BASE": base, "PRGATE_BEFORE": base,
        "PRGATE_SARIF": "prgate.sarif",
      ]
    ) { $1 }
    let outcome = try checkCache(isChange: event != "push") {
      try sandbox.run(
        "/usr/bin/env", ["bash", sandbox.path("action/.ci/action")], in: sandbox.path("repo"))
    }
    #expect(outcome.status == 1, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("::error file=src/other.c,line=5"))
    #expect(try text("repo/prgate.sarif").contains("\"off-by-one-read\""))
  }

  @Test("The job of GitLab", arguments: [true, false])
  func gitLab(isChange: Bool) throws {
    #expect(try sandbox.prgate("init", "--ci", "gitlab", in: "repo").status == 0)
    let file = "repo/.gitlab/prgate.yml"
    let rule =
      isChange
      ? "    - if: $CI_PIPELINE_SOURCE == \"merge_request_event\""
      : "    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"
    let variables = try lines(
      file, from: rule,
      to: isChange ? "    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH" : "  variables:")
    #expect(variables.contains("  PRGATE_CACHE: " + (isChange ? "pull" : "pull-push")))
    let options = try #require(variables.first { $0.contains("PRGATE_OPTIONS: ") })
    sandbox.environment["PRGATE_OPTIONS"] = options.split(separator: " ").last
      .map { $0 == "\"\"" ? "" : String($0) }
    try FileManager.default.createDirectory(
      atPath: sandbox.path("repo/.prgate-tool"), withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("repo/.prgate-tool/prgate"), withDestinationPath: Sandbox.prgate)
    let base = try sandbox.git("rev-parse", "HEAD^1", in: "repo")
    sandbox.environment[isChange ? "CI_MERGE_REQUEST_DIFF_BASE_SHA" : "CI_COMMIT_BEFORE_SHA"] = base
    // Items of a list, of which one goes on in the next line.
    let script = try lines(file, from: "  script:", to: "  artifacts:")
      .map { $0.hasPrefix("- ") ? "\n" + $0.dropFirst(2) : $0.hasPrefix("#") ? "" : $0 }
      .joined()
    let outcome = try checkCache(isChange: isChange) { try runScript([script]) }
    #expect(outcome.status == 1, "\(script)\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("src/other.c:5"))
    #expect(try text("repo/gl-code-quality-report.json").contains("off-by-one-read"))
    #expect(try text("repo/prgate.json").contains("\"verdict\": \"FAIL\""))
    #expect(try text("repo/prgate.xml").contains("<failure"))
  }

  @Test("The job of Azure Pipelines", arguments: ["PullRequest", "IndividualCI"])
  func azure(reason: String) throws {
    #expect(try sandbox.prgate("init", "--ci", "azure", in: "repo").status == 0)
    // The runs of the sandbox and those of the job share the directory.
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("prgate-cache"), withDestinationPath: sandbox.path("cache/prgate"))
    try FileManager.default.createDirectory(
      atPath: sandbox.path("agent/prgate"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: sandbox.path("agent/prgate/prgate"), withDestinationPath: Sandbox.prgate)
    sandbox.environment.merge(
      [
        "AGENT_TEMPDIRECTORY": sandbox.path("agent"), "PIPELINE_WORKSPACE": sandbox.directory,
        "BUILD_REASON": reason, "BUILD_ARTIFACTSTAGINGDIRECTORY": sandbox.path("home"),
      ]
    ) { $1 }
    let steps = try lines(
      "repo/azure-pipelines-prgate.yml", from: "    displayName: cache",
      to: "    displayName: gate")
    #expect(steps.first == "- bash: |")
    let outcome = try checkCache(isChange: reason == "PullRequest") {
      try runScript(Array(steps.dropFirst()))
    }
    #expect(outcome.status == 1, "\(outcome.output)\(outcome.errors)")
    #expect(outcome.output.contains("##vso[task.logissue type=error;sourcepath=src/other.c"))
    for name in ["sarif", "xml", "md"] {
      #expect(FileManager.default.fileExists(atPath: sandbox.path("home/prgate." + name)))
    }
  }

  @Test("The script for Gerrit sends the review and the verdict")
  func gerrit() throws {
    #expect(try sandbox.prgate("init", "--ci", "gerrit", in: "repo").status == 0)
    let bin = sandbox.path("bin")
    try sandbox.write("#!/bin/sh\necho \"$*\" >'\(sandbox.path("ssh"))'\ncat\n", to: "bin/ssh")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: bin + "/ssh")
    try FileManager.default.createSymbolicLink(
      atPath: bin + "/prgate", withDestinationPath: Sandbox.prgate)
    let head = try sandbox.git("rev-parse", "HEAD", in: "repo")
    sandbox.environment.merge(
      [
        "PATH": bin + ":" + (sandbox.environment["PATH"] ?? ""), "GERRIT_HOST": "review",
        "GERRIT_USER": "ci", "GERRIT_PATCHSET_REVISION": head, "GERRIT_BRANCH": "main",
      ]
    ) { $1 }
    // The recipe makes the database anew; here it is there.
    let script = try text("repo/ci/prgate-gerrit").components(separatedBy: "\n")
    let start = try #require(script.firstIndex(of: "review=$(mktemp)"))
    let outcome = try runScript(["set +e"] + script[start...])
    #expect(outcome.status == 1, "\(outcome.output)\(outcome.errors)")
    #expect(try text("ssh") == "-p 29418 ci@review gerrit review --json \(head)\n")
    #expect(outcome.output.contains("\"Verified\": -1"), "\(outcome.output)")
  }
}
