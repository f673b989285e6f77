// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Clang
import Foundation
import IR
import Interpreter
import Lowering

/// `dev interpret`: runs a C program through the lowering and the interpreter.
struct InterpretCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "interpret",
    abstract: "Lower a C program, run its IR, print what it prints and exit as it exits.",
    discussion: """
      A step that C leaves undefined, or that is not modelled, ends the run with a line on standard \
      error and status 125; an endless run ends with status 124, abort with 134. The program sees \
      no files but those of --directory, which are written back when it has ended.
      """)

  @Argument(help: "The C file, or the first of them.")
  var file: String

  @Option(
    name: .customLong("unit"), parsing: .singleValue,
    help: "Another C file of the program; give it once for each.")
  var units: [String] = []

  @Option(
    name: .customLong("argument"), parsing: .unconditionalSingleValue,
    help: "An argument for the program; give it once for each.")
  var programArguments: [String] = []

  @Option(help: "The program's name for itself, else the first file.")
  var name: String?

  @Option(help: "A folder: the files in it are the files that the program sees.")
  var directory: String?

  @Option(help: "A file that the program reads as its standard input.")
  var input: String?

  @Option(help: "Instructions that the program may execute.")
  var fuel = 500_000_000

  @Flag(help: "Let new objects be zero; else it is an error to read them.")
  var zero = false

  @Flag(help: "Check the invariants of the IR first, and print what breaks them.")
  var validate = false

  @Argument(parsing: .postTerminator, help: "Flags for the C compiler, after '--'.")
  var flags: [String] = []

  func run() throws {
    let module = try lowered()
    if validate {
      for problem in module.validate() { print(problem) }
    }
    let files = try directory.map { try read(folder: $0) } ?? [:]
    let bytes = try input.map { ContiguousArray(try Data(contentsOf: URL(filePath: $0))) }
    let run = interpret(
      module,
      options: InterpreterOptions(
        arguments: [name ?? file] + programArguments, input: bytes ?? [], files: files,
        startsZeroed: zero, fuel: fuel))
    FileHandle.standardOutput.write(Data(run.output))
    FileHandle.standardError.write(Data(run.errorOutput))
    if let directory { try write(run.files, over: files, folder: directory) }
    try finish(run.outcome)
  }

  /// The program as one module.
  private func lowered() throws -> Module {
    var modules: [Module] = []
    for source in [file] + units {
      let unit = try Lowering.lower(
        path: source, arguments: flags + ["-w", "-resource-dir=\(try resourceDirectory())"],
        options: LoweringOptions(root: FileManager.default.currentDirectoryPath))
      if let error = unit.errors.first {
        throw failure("\(error.path):\(error.line): \(error.message)", 125)
      }
      modules.append(unit.module)
    }
    if modules.count == 1 { return modules[0] }
    do {
      return try link(modules)
    } catch {
      throw failure("\(error)", 125)
    }
  }

  // MARK: Files

  private func read(folder: String) throws -> [String: ContiguousArray<UInt8>] {
    var files: [String: ContiguousArray<UInt8>] = [:]
    let root = URL(filePath: folder)
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
      let file = root.appending(path: name)
      let isRegular = try file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile
      if isRegular == true { files[name] = ContiguousArray(try Data(contentsOf: file)) }
    }
    return files
  }

  /// Makes the folder hold what the program left; names that lead out of it are refused.
  private func write(
    _ files: [String: ContiguousArray<UInt8>], over old: [String: ContiguousArray<UInt8>],
    folder: String
  ) throws {
    let root = URL(filePath: folder)
    for name in old.keys.sorted() where files[name] == nil {
      try FileManager.default.removeItem(at: root.appending(path: name))
    }
    for (name, bytes) in files.sorted(by: { $0.key < $1.key }) where old[name] != bytes {
      guard !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
        throw failure("the program writes '\(name)', which is outside of its folder", 125)
      }
      try Data(bytes).write(to: root.appending(path: name))
    }
  }

  private func finish(_ outcome: Outcome) throws {
    switch outcome {
    case .exited(0): return
    case .exited(let status): throw ExitCode(Int32(status))
    case .aborted: throw ExitCode(134)
    case .outOfFuel: throw failure("'\(file)' ran out of fuel; raise --fuel", 124)
    case .trapped(let trap): throw failure(trap.description, 125)
    }
  }

  private func failure(_ message: String, _ status: Int32) -> ExitCode {
    FileHandle.standardError.write(Data("\(message)\n".utf8))
    return ExitCode(status)
  }
}
