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
      error and status 125; an endless run ends with status 124, abort with 134.
      """)

  @Argument(help: "The C file; it holds the whole program.")
  var file: String

  @Option(help: "Instructions that the program may execute.")
  var fuel = 500_000_000

  @Flag(help: "Check the invariants of the IR first, and print what breaks them.")
  var validate = false

  @Argument(parsing: .postTerminator, help: "Flags for the C compiler, after '--'.")
  var flags: [String] = []

  func run() throws {
    let lowered = try Lowering.lower(
      path: file, arguments: flags + ["-w", "-resource-dir=\(try resourceDirectory())"],
      options: LoweringOptions(root: FileManager.default.currentDirectoryPath))
    if let error = lowered.errors.first {
      throw failure("\(error.path):\(error.line): \(error.message)", 125)
    }
    if validate {
      for problem in lowered.module.validate() { print(problem) }
    }
    let run = interpret(
      lowered.module, options: InterpreterOptions(arguments: [file], fuel: fuel))
    FileHandle.standardOutput.write(Data(run.output))
    FileHandle.standardError.write(Data(run.errorOutput))
    try finish(run.outcome)
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
