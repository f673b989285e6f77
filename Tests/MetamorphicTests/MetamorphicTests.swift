// SPDX-License-Identifier: Apache-2.0

import Analysis
import Clang
import Findings
import Foundation
import Lowering
import Models
import Rules
import Testing

/// The same program, written differently, has the same findings.
@Suite struct MetamorphicTests {
  /// A part of the fixtures for each rewrite, another one for each; `METAMORPHIC=all` takes all.
  @Test(arguments: Rewrite.allCases) func theVerdictStays(_ rewrite: Rewrite) throws {
    let every = ProcessInfo.processInfo.environment["METAMORPHIC"] == "all" ? 1 : 24
    let first = Rewrite.allCases.firstIndex(of: rewrite) ?? 0
    // A sample, and then the rest until there is something to rewrite.
    let sample = (0..<every).flatMap { offset in
      Self.fixtures.enumerated()
        .filter { ($0.offset + first) % every == offset }
        .map { (name: $0.element, isFirst: offset == 0) }
    }
    var kept = 0
    var changed = 0
    for (name, isFirst) in sample {
      if !isFirst, kept + changed > 0 { break }
      guard let difference = try Self.difference(rewrite, name) else { continue }
      let isKnown = Self.known[rewrite.rawValue]?.contains(name) ?? false
      if difference.isEmpty { kept += 1 } else { changed += 1 }
      if every == 1, !difference.isEmpty {
        print("changed \(rewrite.rawValue) \(name): \(difference)")
      }
      #expect(
        difference.isEmpty != isKnown,
        "\(rewrite) of \(name): \(difference.isEmpty ? "known to change, but it does not" : difference)"
      )
    }
    #expect(kept > 0, "\(rewrite) rewrites nothing")
    if every == 1 { print("| \(rewrite.rawValue) | \(kept) | \(changed) |") }
  }

  /// What a rewrite changes in the findings of a fixture; nil where there is nothing to rewrite.
  private static func difference(_ rewrite: Rewrite, _ name: String) throws -> String? {
    let path = folder.appending(path: name).path()
    let arguments = try arguments()
    guard var rewriter = Rewriter(path: path, arguments: arguments),
      let rewritten = rewriter.apply(rewrite)
    else { return nil }
    let place = FileManager.default.temporaryDirectory.appending(
      path: "prgate-\(ProcessInfo.processInfo.processIdentifier)-\(rewrite.rawValue)")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: place) }
    let copy = place.appending(path: URL(filePath: name).lastPathComponent).path()
    try rewritten.write(toFile: copy, atomically: false, encoding: .utf8)
    let before = try findings(path, rewrite)
    let after = try findings(copy, rewrite)
    if after.errors.isEmpty {
      let lost = subtract(after.keys, from: before.keys).map { "lost \($0)" }
      let new = subtract(before.keys, from: after.keys).map { "new \($0)" }
      return (lost + new).joined(separator: ", ")
    }
    return "does not compile: \(after.errors)"
  }

  private static func subtract(_ some: [String], from all: [String]) -> [String] {
    var left = all
    for key in some { if let index = left.firstIndex(of: key) { left.remove(at: index) } }
    return left
  }

  private static func findings(
    _ path: String, _ rewrite: Rewrite
  ) throws -> (keys: [String], errors: String) {
    let unit = try lower(
      path: path, arguments: arguments(), options: LoweringOptions(root: folder.path()))
    let found = Rules.check([unit.module], models: .standard, options: AnalysisOptions()).findings
    let judged = found.filter {
      rewrite != .renamedVariables || !byName.contains($0.rule) || $0.tier == .a
    }
    return (
      judged.map {
        "\($0.rule) \($0.tier.rawValue)" + (rewrite.keepsPlaces ? " \($0.location.start.line)" : "")
      },
      unit.errors.map { "\($0.line): \($0.message)" }.joined(separator: "; ")
    )
  }

  /// Rules whose likely findings go by names, and say so: a variable that is called otherwise is another one.
  private static let byName: Set<String> = [
    "hard-coded-secret", "secret-compare", "secret-not-cleared", "weak-random",
  ]

  private static func arguments() throws -> [String] {
    [
      "-std=gnu11", "-w", "-resource-dir", try resourceDirectory(),
      "-I", folder.appending(path: "include").path(),
    ]
  }

  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "fixtures")

  /// All fixtures of rules and of the engine, sorted.
  private static let fixtures: [String] = {
    let files = FileManager.default.enumerator(atPath: folder.path())
    return (files?.compactMap { $0 as? String } ?? [])
      .filter { $0.hasSuffix(".bad.c") || $0.hasSuffix(".good.c") }
      .filter { !$0.hasPrefix("cross-file/") && !$0.hasPrefix("members/") }.sorted()
  }()

  /// Rewrites that change what is found today, with the fixtures: each is a fault of the analysis.
  ///
  /// A body in a helper: its only caller hands on what strangers pass, and counts as one that may know
  /// better; and that a parameter rules null out is not handed on. A result in a local: why it may be null
  /// ends with the local's scope. What a helper takes twice is judged by its summary, and what it makes of a
  /// weak number not at all. A function that a `cleanup` attribute names must have one parameter: that is
  /// the rewriter's fault.
  private static let known: [String: Set<String>] = [
    "bodyInHelper": [
      "null-dereference/zero-size.bad.c", "off-by-one-read/believed.bad.c",
      "tainted-size/entry-store.bad.c", "unbalanced-lock/twice.bad.c",
      "unchecked-index/example.bad.c",
      "unchecked-index/own-structure.bad.c", "unchecked-length/parameters.bad.c",
      "weak-random/result.bad.c",
    ],
    "unusedParameter": ["unbalanced-lock/flag.good.c"],
    "returnThroughLocal": [
      "engine/known/flagged.bad.c", "engine/known/flagged.good.c",
      "null-dereference/zero-size.bad.c",
    ],
  ]
}
