// SPDX-License-Identifier: Apache-2.0

import Clang
import Foundation
import IR
import Interpreter
import Lowering
import Testing

/// Code with calls inlined runs as it did before.
@Suite struct InliningTests {
  @Test(arguments: Program.all)
  func runsAsBefore(_ program: Program) throws {
    var modules: [Module] = []
    for source in program.sources {
      modules.append(try lowered(source))
    }
    let options = InterpreterOptions(arguments: [program.name], fuel: 20_000_000)
    let before = interpret(modules.count == 1 ? modules[0] : try link(modules), options: options)
    var inlined: [Module] = []
    for position in modules.indices {
      inlined.append(inlineAll(modules, position))
    }
    for (module, source) in zip(inlined, program.sources) {
      let problems = module.validate()
      #expect(problems.isEmpty, "\(source):\n\(problems.joined(separator: "\n"))")
    }
    let after = interpret(inlined.count == 1 ? inlined[0] : try link(inlined), options: options)
    #expect(after.output == before.output)
    #expect(after.outcome == before.outcome)
    #expect(after.files == before.files)
  }

  @Test func somethingIsInlined() throws {
    var count = 0
    for program in Program.all where program.sources.count == 1 {
      let module = try lowered(program.sources[0])
      let result = inlineAll([module], 0)
      for (before, after) in zip(module.functions.rows, result.functions.rows)
      where before.body != after.body {
        count += 1
      }
    }
    #expect(count > 100)
  }

  private func lowered(_ source: String) throws -> Module {
    let unit = try Lowering.lower(
      path: source, arguments: ["-w", "-resource-dir=\(try resourceDirectory())"],
      options: LoweringOptions(root: Program.root.path))
    try #require(unit.errors.isEmpty, "\(unit.errors)")
    return unit.module
  }

  /// The module with calls in all bodies inlined, of other modules where nothing of internal linkage
  /// would get a second copy.
  private func inlineAll(_ modules: [Module], _ position: Int) -> Module {
    var importer = ModuleImporter(modules, position: position)
    var bodies: [(FunctionID, Body)] = []
    for id in modules[position].functions.ids {
      guard let body = modules[position].functions[id].body else { continue }
      let result = importer.inlining(
        body, of: id,
        resolve: { _, named in named.flatMap { definition(of: $0, modules) } },
        accept: { $0.depth <= 3 && $0.size < 3000 && $0.body.instructions.count < 400 })
      if let result {
        #expect(result.frames.count == result.body.instructions.count)
        bodies.append((id, result.body))
      }
    }
    var module = importer.module
    for (id, body) in bodies { module.functions[id].body = body }
    // The program has each variable once.
    for id in importer.importedGlobals.values { module.globals[id].initializer = nil }
    return module
  }

  private func definition(
    of function: FunctionKey, _ modules: [Module]
  ) -> (FunctionKey, Body)? {
    let row = modules[function.module].functions[function.function]
    if let body = row.body { return (function, body) }
    if row.attributes.contains(.isStatic) { return nil }
    let name = modules[function.module].symbols[row.usr]
    for (index, module) in modules.enumerated() {
      for id in module.functions.ids {
        guard module.symbols[module.functions[id].usr] == name,
          let body = module.functions[id].body,
          !namesStatics(body, module)
        else { continue }
        return (FunctionKey(module: index, function: id), body)
      }
    }
    return nil
  }

  private func namesStatics(_ body: Body, _ module: Module) -> Bool {
    body.instructions.rows.contains { row in
      switch row.operation {
      case .global(let id): module.globals[id].isStatic
      case .function(let id): module.functions[id].attributes.contains(.isStatic)
      case .call(let call):
        if case .function(let id) = body.calls[call].callee {
          module.functions[id].attributes.contains(.isStatic)
        } else {
          false
        }
      default: false
      }
    }
  }
}
