// SPDX-License-Identifier: Apache-2.0

import Analysis
import Clang
import Foundation
import Glibc
import IR
import Lowering
import Models

/// What the analysis of a program takes, beside libclang's parse.
///
/// Times are processor time of this process, in microseconds.
struct AnalysisMeasurement: Sendable {
  /// Units that give no module.
  private(set) var failures: [String] = []
  private var units = 0
  private var functions = 0
  private var outOfBudget: [String] = []
  private var instructions = 0
  private var steps = 0
  /// For each function, how often its instructions were executed on average.
  private var turns: [Double] = []
  private var parsing = 0
  private var lowering = 0
  private var analysing = 0

  /// Reads and analyses the units as one program.
  init(_ list: [DatabaseUnit], root: String) {
    var modules: [Module] = []
    for unit in list where unit.refusal == nil {
      do {
        let start = clock()
        let parsed = try TranslationUnit(path: unit.file, arguments: unit.arguments)
        let middle = clock()
        let lowered = lower(parsed, arguments: unit.arguments, options: LoweringOptions(root: root))
        lowering += clock() - middle
        parsing += middle - start
        modules.append(lowered.module)
      } catch {
        failures.append("\(unit.path): \(error)")
      }
    }
    units = modules.count
    let start = clock()
    let results = analyse(modules, models: .standard, options: AnalysisOptions())
    analysing = clock() - start
    for (module, result) in zip(modules, results) {
      for function in result.functions { add(function, of: module) }
    }
  }

  private mutating func add(_ result: FunctionResult, of module: Module) {
    guard let body = module.functions[result.function].body else { return }
    functions += 1
    instructions += body.instructions.count
    steps += result.steps
    if body.instructions.count > 0 {
      turns.append(Double(result.steps) / Double(body.instructions.count))
    }
    if !result.isComplete {
      outOfBudget.append(module.symbols[module.functions[result.function].name])
    }
  }

  // MARK: The table

  /// A row for each program.
  static func table(_ rows: [(name: String, measurement: AnalysisMeasurement)]) -> String {
    var lines = [
      "| program | units | functions | out of budget | instructions | steps | steps/instruction, mean"
        + " | 99 % | parse s | lower s | analyse s | analyse/parse | Msteps/s |",
      "|---|" + String(repeating: "--:|", count: 12),
    ]
    for row in rows { lines.append("| \(row.name) | \(row.measurement.cells) |") }
    if rows.count > 1 {
      let sum = rows.dropFirst().reduce(rows[0].measurement) { $0.adding($1.measurement) }
      lines.append("| all | \(sum.cells) |")
    }
    return lines.joined(separator: "\n")
  }

  private func adding(_ other: AnalysisMeasurement) -> AnalysisMeasurement {
    var sum = self
    sum.units += other.units
    sum.functions += other.functions
    sum.outOfBudget += other.outOfBudget
    sum.instructions += other.instructions
    sum.steps += other.steps
    sum.turns += other.turns
    sum.parsing += other.parsing
    sum.lowering += other.lowering
    sum.analysing += other.analysing
    return sum
  }

  private var cells: String {
    let sorted = turns.sorted()
    let high = sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * 99 / 100)]
    let mean = turns.reduce(0, +) / Double(max(turns.count, 1))
    let share = 100 * Double(outOfBudget.count) / Double(max(functions, 1))
    let seconds = [parsing, lowering, analysing].map { short(Double($0) / 1e6) }
    let figures =
      [
        "\(units)", "\(functions)", "\(outOfBudget.count) (\(short(share)) %)", "\(instructions)",
        "\(steps)", short(mean), short(high),
      ] + seconds + [
        short(Double(analysing) / Double(max(parsing, 1))),
        short(Double(steps) / Double(max(analysing, 1))),
      ]
    return figures.joined(separator: " | ")
  }

  private func short(_ number: Double) -> String {
    number.formatted(.number.precision(.fractionLength(2)))
  }
}
