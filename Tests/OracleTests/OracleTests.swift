// SPDX-License-Identifier: Apache-2.0

import Clang
import Foundation
import IR
import Interpreter
import Lowering
import Testing

/// The lowering against the compiler: a program's IR prints what the compiled program prints.
@Suite struct OracleTests {
  @Test func thereAreEnoughPrograms() throws {
    #expect(Program.all.count >= 150)
  }

  @Test(arguments: Program.all)
  func interpretedAsCompiled(_ program: Program) throws {
    let compiled = try runCompiled(program.sources, flags: ["-w"])
    let module = try lowered(program.sources)
    let problems = module.validate()
    #expect(problems.isEmpty, "the IR breaks its contract:\n\(problems.joined(separator: "\n"))")
    let run = interpret(
      module, options: InterpreterOptions(arguments: [program.name], fuel: 20_000_000))
    let output = String(decoding: run.output, as: UTF8.self)
    #expect(
      output == compiled.output,
      "\(difference(compiled.output, output))\nthe interpreter ended with \(text(run.outcome))")
    #expect(run.outcome == .exited(compiled.status), "\(text(run.outcome))")
    #expect(run.files == compiled.files, "the files that the program leaves differ")
  }

  @Test func clashingUnitsAreNotLinked() throws {
    let table = try #require(Program.all.first { $0.name == "linked_units" }).sources
    let module = try lowered([table[0]])
    #expect(throws: LinkError(description: "'main' is defined twice")) {
      try link([module, module])
    }
  }

  private func lowered(_ sources: [String]) throws -> Module {
    var modules: [Module] = []
    for source in sources {
      let unit = try Lowering.lower(
        path: source, arguments: ["-w", "-resource-dir=\(try resourceDirectory())"],
        options: LoweringOptions(root: Program.root.path))
      try #require(unit.errors.isEmpty, "\(unit.errors)")
      modules.append(unit.module)
    }
    return modules.count == 1 ? modules[0] : try link(modules)
  }

  private func text(_ outcome: Outcome) -> String {
    if case .trapped(let trap) = outcome { trap.description } else { "\(outcome)" }
  }

  /// The first line on which two texts part, with two lines before it.
  private func difference(_ compiled: String, _ interpreted: String) -> String {
    let left = compiled.split(separator: "\n", omittingEmptySubsequences: false)
    let right = interpreted.split(separator: "\n", omittingEmptySubsequences: false)
    let line = zip(left, right).prefix { $0 == $1 }.count
    let context = left[max(0, line - 2)..<line].map { "  \($0)\n" }.joined()
    let expected = line < left.count ? "- \(left[line])" : "- (end)"
    let found = line < right.count ? "+ \(right[line])" : "+ (end)"
    return "line \(line + 1):\n\(context)\(expected)\n\(found)"
  }
}
