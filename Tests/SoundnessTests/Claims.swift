// SPDX-License-Identifier: Apache-2.0

import IR
import Models

@testable import Analysis

/// What the analysis claims of a program that is one module, by function; `nil` where it claims
/// nothing: no body, or out of budget.
///
/// The same walk as `analyse`, without the search for findings.
func claims(about module: Module) -> [Recording?] {
  let program = Program([module], isWhole: true, models: .standard)
  let models = module.functions.rows.map { ModelTable.standard[module.symbols[$0.name]] }
  var summaries: [FunctionKey: StoredSummary] = [:]
  var result = [Recording?](repeating: nil, count: module.functions.count)
  for step in program.steps() {
    let key = step.key
    guard let body = module.functions[key.function].body, body.blocks.count > 0 else { continue }
    var machine = Machine(
      module: module, moduleIndex: 0, function: key.function, body: body, models: models,
      facts: Facts(program: program, summaries: summaries, module: 0),
      fuel: AnalysisOptions().fuel)
    machine.recording = Recording(body)
    guard machine.explore() != nil else { continue }
    summaries[key] = StoredSummary(machine.summarise(0), isStored: false)
    result[Int(key.function.index)] = machine.recording
  }
  return result
}
