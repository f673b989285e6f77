// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// The program; each subcommand has a file of its own.
@main
struct PRGate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prgate",
    abstract: "A merge gate for C: blocks changes with defects that it can argue with values.",
    discussion: """
      Exit status: 0 pass, 1 blocked, 2 usage or environment, 3 incomplete, 4 internal error. \
      'prgate explain exit N' says more.
      """,
    version: Version.text,
    subcommands: subcommands)

  private static let subcommands: [any ParsableCommand.Type] = [
    CheckCommand.self, GateCommand.self, HookCommand.self, InitCommand.self, DoctorCommand.self,
    BaselineCommand.self, SuppressionsCommand.self, ConfigCommand.self, WhyCommand.self,
    DiffCommand.self, RulesCommand.self, ExplainCommand.self, DumpCommand.self, CacheCommand.self,
    MergeCommand.self,
    CompletionsCommand.self, WorkerCommand.self,
  ]

  static func main() async {
    let interrupt = Interrupt.watch()
    let status = await run(Array(CommandLine.arguments.dropFirst()))
    interrupt.cancel()
    OutputFile.finishAndExit(status)
  }

  /// The flags for the C compiler that follow the first `--`, which argument-parser must not read.
  ///
  /// Nil without `--`, which is not the same as `--` with nothing behind it.
  @TaskLocal static var compilerFlags: [String]?

  /// Runs the program; an error that reached `@main` would trap, so none does.
  private static func run(_ arguments: [String]) async -> ExitStatus {
    let parts = arguments.split(separator: "--", maxSplits: 1, omittingEmptySubsequences: false)
    let own = parts.first.map { Array($0) } ?? []
    let flags = parts.count > 1 ? Array(parts[1]) : nil
    return await $compilerFlags.withValue(flags) { await runCommand(own) }
  }

  private static func runCommand(_ arguments: [String]) async -> ExitStatus {
    do {
      var command = try parseAsRoot(arguments)
      guard compilerFlags == nil || command is any TakesCompilerFlags else {
        throw ValidationError("this command takes no compiler flags after '--'")
      }
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
      return .pass
    } catch let failure as CommandFailure {
      return report(failure)
    } catch let code as ExitCode {
      return ExitStatus(rawValue: code.rawValue) ?? .internalError
    } catch {
      return report(error, of: arguments)
    }
  }

  private static func report(_ failure: CommandFailure) -> ExitStatus {
    StandardStreams.writeError("prgate: error: \(failure.message)")
    return failure.status
  }

  /// What argument-parser throws: help that was asked for, or a usage error; else a defect of ours.
  private static func report(_ error: any Error, of arguments: [String]) -> ExitStatus {
    switch exitCode(for: error) {
    case .success:
      return show(fullMessage(for: error) + "\n")
    case .validationFailure:
      return report(.usage(usageMessage(for: error, of: arguments)))
    default:
      return report(CommandFailure(status: .internalError, message: "\(error); please report it"))
    }
  }

  private static func show(_ text: String) -> ExitStatus {
    do {
      try StandardStreams.write(text)
      return .pass
    } catch {
      return report(error)
    }
  }

  private static func usageMessage(for error: any Error, of arguments: [String]) -> String {
    let text = message(for: error).split(separator: "\n").joined(separator: " ")
    let command = subcommands.first { $0.configuration.commandName == arguments.first }
    let name = command?.configuration.commandName.map { "prgate " + $0 } ?? "prgate"
    return "\(text.loweringFirstLetter); see '\(name) --help'"
  }
}

extension String {
  /// The text as it follows a colon: with a small letter, without a full stop.
  fileprivate var loweringFirstLetter: String {
    let text = hasSuffix(".") ? String(dropLast()) : self
    return text.prefix(1).lowercased() + text.dropFirst()
  }
}
