// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A C program of `fixtures/oracle`.
struct Program: Sendable, CustomTestStringConvertible {
  let name: String

  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let folder = root.appending(path: "fixtures/oracle")

  /// All programs by name.
  static let all: [Program] = {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.filter { $0.hasSuffix(".c") }.sorted().map { Program(name: $0) }
  }()

  var path: String { Self.folder.appending(path: name).path }

  var testDescription: String { name }
}

/// The C compiler: of the LLVM that libclang comes from, else one on the path.
private let compiler: String = {
  let environment = ProcessInfo.processInfo.environment
  let prefix = environment["LIBCLANG_PREFIX"] ?? "/usr/lib/llvm-19"
  let path = (environment["PATH"] ?? "/usr/bin").split(separator: ":").map(String.init)
  let candidates =
    ["\(prefix)/bin/clang"]
    + ["clang-19", "clang", "cc"].flatMap { name in path.map { "\($0)/\(name)" } }
  return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "cc"
}()

/// What a C file prints and returns when it is compiled.
func runCompiled(_ file: String, flags: [String]) throws -> (output: String, status: UInt8) {
  let folder = FileManager.default.temporaryDirectory
    .appending(path: "prgate-oracle-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let binary = folder.appending(path: "program").path
  let compilation = try run([compiler, "-O0"] + flags + ["-o", binary, file, "-lm"])
  guard compilation.status == 0 else {
    throw CompilationFailure(description: "'\(file)' does not compile")
  }
  return try run([binary])
}

/// Runs a command to its end; a signal is 128 and its number, as in the shell.
///
/// What takes longer than `seconds` is killed and is a failure: an endless program must not hang the
/// whole run of tests.
func run(
  _ command: [String], in folder: URL? = nil, seconds: Int = 60
) throws -> (output: String, status: UInt8) {
  let process = Process()
  process.executableURL = URL(filePath: command[0])
  process.arguments = Array(command.dropFirst())
  if let folder { process.currentDirectoryURL = folder }
  let output = Pipe()
  process.standardOutput = output
  process.standardError = FileHandle.nullDevice
  try process.run()
  let child = process.processIdentifier
  let end = DispatchWorkItem { kill(child, SIGKILL) }
  DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(seconds), execute: end)
  let data = output.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  end.cancel()
  if process.terminationReason == .uncaughtSignal, process.terminationStatus == SIGKILL {
    throw TimeLimit(description: "'\(command[0])' was killed, after \(seconds) s at the latest")
  }
  let signal: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
  return (
    String(decoding: data, as: UTF8.self),
    UInt8(truncatingIfNeeded: process.terminationStatus + signal)
  )
}

/// A program of ours that the compiler refuses.
struct CompilationFailure: Error, CustomStringConvertible {
  let description: String
}

/// A program that ran longer than it was given.
struct TimeLimit: Error, CustomStringConvertible {
  let description: String
}
