// SPDX-License-Identifier: Apache-2.0

import Clang
import Foundation
import IR
import Interpreter
import Lowering
import Testing

@testable import Analysis

/// The facts of the analysis against runs: every value that an instruction yields lies in what the
/// analysis says of it, and every way from block to block is one that it takes.
@Suite struct SoundnessTests {
  @Test func thereAreEnoughPrograms() {
    #expect(Sample.own.count >= 40)
  }

  @Test(arguments: Sample.own)
  func factsHoldInPrograms(_ sample: Sample) throws {
    try expectFactsHold(in: sample, fuel: 250_000)
  }

  /// Some seeds, or those that `bench/soundness` asks for.
  @Test(.enabled(if: Generator.path != nil), arguments: Generator.seeds)
  func factsHoldInGeneratedPrograms(_ seed: Int) throws {
    let generator = try #require(Generator.path)
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "prgate-soundness-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "seed\(seed).c").path
    try Generator.run(generator, seed: seed, to: file)
    try expectFactsHold(
      in: Sample(path: file, flags: ["-I\(Generator.headers)"]), fuel: 100_000)
  }

  @Test func wrongClaimsAreRefuted() throws {
    let sample = try #require(Sample.own.first { $0.path.hasSuffix("/loops.c") })
    let module = try sample.lowered()
    func failures(_ damage: (inout Recording) -> Void) -> [String] {
      let damaged = claims(about: module).map { recording in
        recording.map { known in
          var known = known
          damage(&known)
          return known
        }
      }
      return check(module, damaged, sample, fuel: 10_000).failures
    }
    #expect(failures { _ in }.isEmpty)
    #expect(!failures { $0.claims = $0.claims.map { _ in nil } }.isEmpty)
    #expect(!failures { $0.claims = $0.claims.map { _ in .number(Interval(77)) } }.isEmpty)
    let wrongTexts = failures { recording in
      recording.texts = recording.claims.map { claim in
        guard case .pointer = claim else { return [] }
        return [Recording.Text(distance: 0, width: 1, length: Interval(77))]
      }
    }
    #expect(!wrongTexts.isEmpty)
    #expect(!failures { $0.successors = $0.successors.map { _ in [] } }.isEmpty)
  }

  private func expectFactsHold(in sample: Sample, fuel: Int) throws {
    let module = try sample.lowered()
    let checker = check(module, claims(about: module), sample, fuel: fuel)
    for failure in checker.failures { Issue.record("\(failure)") }
    #expect(checker.values > 0)
  }

  private func check(
    _ module: Module, _ claims: [Recording?], _ sample: Sample, fuel: Int
  ) -> ClaimChecker {
    var checker = ClaimChecker(module, claims)
    _ = interpret(
      module, options: InterpreterOptions(arguments: [sample.testDescription], fuel: fuel),
      observer: &checker)
    return checker
  }
}

/// A C program that is one file.
struct Sample: Sendable, CustomTestStringConvertible {
  var path: String
  var flags: [String] = []

  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// The programs of `fixtures/oracle` by name.
  static let own: [Sample] = {
    let folder = root.appending(path: "fixtures/oracle")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".c") }.sorted()
      .map { Sample(path: folder.appending(path: $0).path) }
  }()

  var testDescription: String { URL(filePath: path).lastPathComponent }

  func lowered() throws -> Module {
    let unit = try Lowering.lower(
      path: path, arguments: flags + ["-w", "-resource-dir=\(try resourceDirectory())"],
      options: LoweringOptions(root: Self.root.path))
    try #require(unit.errors.isEmpty, "\(unit.errors)")
    return unit.module
  }
}

/// csmith, which makes random programs without undefined behaviour (Yang et al., "Finding and
/// understanding bugs in C compilers", 2011), where it is installed.
enum Generator {
  static let headers = "/usr/include/csmith"

  /// The seeds of the programs, from `SOUNDNESS_SEEDS=FIRST-LAST` where that is set.
  static let seeds: [Int] = {
    let wanted = (ProcessInfo.processInfo.environment["SOUNDNESS_SEEDS"] ?? "").split(
      separator: "-")
    guard wanted.count == 2, let first = Int(wanted[0]), let last = Int(wanted[1]), first <= last
    else { return [11, 19, 24, 28, 37] }
    return Array(first...last)
  }()

  static let path: String? = {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    let candidates = folders.map { "\($0)/csmith" }
    guard FileManager.default.fileExists(atPath: "\(headers)/csmith.h") else { return nil }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  static func run(_ path: String, seed: Int, to file: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = ["--seed", "\(seed)", "--max-funcs", "4", "--output", file]
    // It leaves a file where it runs.
    process.currentDirectoryURL = URL(filePath: file).deletingLastPathComponent()
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "csmith failed with seed \(seed)")
  }
}
