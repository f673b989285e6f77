// SPDX-License-Identifier: Apache-2.0

public import IR

/// What the analysis of one function yields.
public struct FunctionResult: Sendable, Hashable {
  /// The function.
  public var function: FunctionID
  /// What was seen, in the order of the code.
  public var observations: [Observation]
  /// Whether the budget sufficed; if not, nothing of the function is reported.
  public var isComplete: Bool
  /// Steps taken, replays included.
  public var steps: Int
  /// Candidates that no single path confirmed.
  public var undecided: Int
  /// Questions about the rest of the program, with their answers.
  public var facts: [RecordedFact]
  /// Constructs that the analysis does not understand, by cause, sorted.
  public var unknowns: [String: Int]
}

/// What the analysis of one module yields, a result for each function with a body, in their order.
public struct ModuleResult: Sendable, Hashable {
  /// The results.
  public var functions: [FunctionResult]
}

/// Analyses modules as one program.
///
/// Deterministic: the result depends on the arguments alone. Reads nothing, cannot fail.
public func analyse(
  _ modules: [Module], models: ModelTable, options: AnalysisOptions
) -> [ModuleResult] {
  let program = Program(modules, isWhole: options.isWholeProgram)
  return modules.map { module in
    let known = module.functions.rows.map { function in
      models[module.symbols[function.name]]
    }
    var results: [FunctionResult] = []
    for id in module.functions.ids {
      guard let body = module.functions[id].body else { continue }
      results.append(
        analyse(id, body, in: module, models: known, program: program, fuel: options.fuel))
    }
    return ModuleResult(functions: results)
  }
}

private func analyse(
  _ id: FunctionID, _ body: Body, in module: Module, models: [FunctionModel?], program: Program,
  fuel: Int
) -> FunctionResult {
  var result = FunctionResult(
    function: id, observations: [], isComplete: true, steps: 0, undecided: 0, facts: [],
    unknowns: unknowns(in: body, of: module))
  guard body.blocks.count > 0 else { return result }
  var machine = Machine(
    module: module, function: id, body: body, models: models, program: program, fuel: fuel)
  let exploration = machine.explore()
  if let exploration {
    for candidate in machine.candidates.joined() {
      machine.fuel = max(fuel / 4, 1000)
      if let confirmation = machine.replay(candidate, exploration) {
        result.observations.append(machine.observation(confirmation))
      } else {
        result.undecided += 1
      }
    }
  } else {
    result.isComplete = false
  }
  result.steps = machine.steps
  result.facts = machine.facts.recorded
  return result
}

private func unknowns(in body: Body, of module: Module) -> [String: Int] {
  var counts: [String: Int] = [:]
  for instruction in body.instructions.rows {
    if case .unknown(let cause, _) = instruction.operation {
      counts[module.symbols[cause], default: 0] += 1
    }
  }
  return counts
}
