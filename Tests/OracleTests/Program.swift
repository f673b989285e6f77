// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// A C program of `fixtures/oracle`: a file, or a folder of units.
struct Program: Sendable, CustomTestStringConvertible {
  let name: String

  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let folder = root.appending(path: "fixtures/oracle")

  /// All programs by name.
  static let all: [Program] = names(in: folder).filter { !$0.hasSuffix(".md") }.map {
    Program(name: $0)
  }

  private static func names(in folder: URL) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
  }

  /// The paths of its C files.
  var sources: [String] {
    let path = Self.folder.appending(path: name)
    if name.hasSuffix(".c") { return [path.path] }
    return Self.names(in: path).filter { $0.hasSuffix(".c") }.map { path.appending(path: $0).path }
  }

  var testDescription: String { name }
}

/// The C compiler: of the LLVM that libclang comes from, else one on the path.
let compiler: String = {
  let environment = ProcessInfo.processInfo.environment
  let prefix = environment["LIBCLANG_PREFIX"] ?? "/usr/lib/llvm-19"
  let path = (environment["PATH"] ?? "/usr/bin").split(separator: ":").map(String.init)
  let candidates =
    ["\(prefix)/bin/clang"]
    + ["clang-19", "clang", "cc"].flatMap { name in path.map { "\($0)/\(name)" } }
  return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? "cc"
}()

/// What came of a program.
struct ProgramRun {
  var output: String
  var status: UInt8
  /// The files that it left, by name.
  var files: [String: ContiguousArray<UInt8>]
}

/// Compiles C files and runs the program in a folder of its own.
func runCompiled(_ sources: [String], flags: [String]) throws -> ProgramRun {
  let folder = FileManager.default.temporaryDirectory
    .appending(path: "prgate-oracle-\(UUID().uuidString)")
  let work = folder.appending(path: "work")
  try FileManager.default.createDirectory(at: work, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let binary = folder.appending(path: "program").path
  let compilation = try run([compiler, "-O0"] + flags + ["-o", binary] + sources + ["-lm"])
  guard compilation.status == 0 else {
    throw CompilationFailure(description: "'\(sources[0])' does not compile")
  }
  let end = try run([binary], in: work)
  var files: [String: ContiguousArray<UInt8>] = [:]
  for name in try FileManager.default.contentsOfDirectory(atPath: work.path) {
    files[name] = ContiguousArray(try Data(contentsOf: work.appending(path: name)))
  }
  return ProgramRun(output: end.output, status: end.status, files: files)
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
