// SPDX-License-Identifier: Apache-2.0

import Clang
import Foundation
import IR
import Interpreter
import Lowering
import Testing

/// The lowering against the compiler on small random programs; `bench/csmith` runs many large ones.
@Suite(.enabled(if: Csmith.isInstalled, "csmith is missing (packages csmith and libcsmith-dev)"))
struct CsmithTests {
  @Test(arguments: Csmith.seeds)
  func interpretedAsCompiled(_ seed: Int) throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "prgate-csmith-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "program.c").path
    // It leaves a file where it runs.
    let generation = try run(
      [Csmith.program, "--seed", "\(seed)", "--output", file] + Csmith.size, in: folder)
    try #require(generation.status == 0, "csmith fails")
    let flags = ["-w", "-I\(Csmith.headers)"]
    let compiled = try runCompiled([file], flags: flags)
    let lowered = try Lowering.lower(
      path: file, arguments: flags + ["-resource-dir=\(try resourceDirectory())"],
      options: LoweringOptions(root: folder.path))
    try #require(lowered.errors.isEmpty, "\(lowered.errors)")
    #expect(lowered.module.validate() == [])
    let run = interpret(
      lowered.module, options: InterpreterOptions(arguments: [file], fuel: 20_000_000))
    #expect(String(decoding: run.output, as: UTF8.self) == compiled.output)
    #expect(run.outcome == .exited(compiled.status))
  }
}

/// The generator of random C programs without undefined behaviour.
enum Csmith {
  /// Seeds of programs that end soon, which 15 does not; another version of csmith makes other
  /// programs of them.
  static let seeds = (1...41).filter { $0 != 15 }

  /// Keeps the programs small: the interpreter of a debug build is slow.
  static let size = [
    "--max-funcs", "3", "--max-block-depth", "3", "--max-block-size", "3",
    "--max-expr-complexity", "6",
  ]

  static let program = "/usr/bin/csmith"

  static let headers = "/usr/include/csmith"

  static var isInstalled: Bool {
    FileManager.default.isExecutableFile(atPath: program)
      && FileManager.default.fileExists(atPath: "\(headers)/csmith.h")
  }
}
