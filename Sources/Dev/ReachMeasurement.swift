// SPDX-License-Identifier: Apache-2.0

import Clang
import Findings
import Foundation
import Glibc
import IR
import Lowering

/// What the front end understands of a program, and what it costs beside libclang's parse.
///
/// Times are processor time of this process, in microseconds.
struct ReachMeasurement: Sendable {
  /// Functions, those among them with an unknown, and how often each cause occurs.
  private struct Count: Sendable {
    var functions = 0
    var withUnknown = 0
    var causes: [String: (functions: Int, places: Int)] = [:]

    /// Adds a function with the causes of its unknowns.
    mutating func add(_ unknowns: [String: Int]) {
      functions += 1
      if !unknowns.isEmpty { withUnknown += 1 }
      for (cause, places) in unknowns {
        let known = causes[cause] ?? (0, 0)
        causes[cause] = (known.functions + 1, known.places + places)
      }
    }
  }

  /// The cost of a unit.
  private struct Cost: Sendable {
    var path: String
    var lines: Int
    var parsing: Int
    var lowering: Int

    var ratio: Double { Double(lowering) / Double(max(parsing, 1)) }
  }

  /// Units that give no module, or a broken one.
  private(set) var failures: [String] = []
  /// The place of each unknown.
  private(set) var places: [String] = []
  private var units = 0
  private var withErrors = 0
  private var inMainFiles = Count()
  private var inHeaders = Count()
  private var headerFunctions: Set<String> = []
  private var globals = 0
  private var globalsWithUnknown = 0
  private var costs: [Cost] = []
  private var droppedFlags: [String: Int] = [:]

  /// Parses and lowers a unit.
  mutating func add(_ unit: DatabaseUnit, root: String, isVerbose: Bool) {
    units += 1
    if isVerbose { FileHandle.standardError.write(Data("\(unit.path)\n".utf8)) }
    for flag in unit.droppedFlags + unit.unknownFlags { droppedFlags[flag, default: 0] += 1 }
    if let refusal = unit.refusal { return failures.append("\(unit.path): \(refusal)") }
    do {
      let start = clock()
      let parsed = try TranslationUnit(path: unit.file, arguments: unit.arguments)
      let middle = clock()
      let lowered = lower(
        parsed, arguments: unit.arguments, options: LoweringOptions(root: root))
      let end = clock()
      let module = lowered.module
      costs.append(
        Cost(
          path: unit.path, lines: module.files[module.mainFile].lineStarts.count - 1,
          parsing: middle - start, lowering: end - middle))
      if let error = lowered.errors.first {
        withErrors += 1
        failures.append("\(error.path):\(error.line): \(error.message)")
      }
      if let problem = module.validate().first {
        failures.append("\(unit.path): not valid: \(problem)")
      }
      count(module)
    } catch {
      failures.append("\(unit.path): \(error)")
    }
  }

  private mutating func count(_ module: Module) {
    for function in module.functions.rows {
      guard let body = function.body else { continue }
      let isInMainFile = module.origins[function.origin].file == module.mainFile
      if isInMainFile {
        inMainFiles.add(unknowns(in: body, of: function, in: module))
      } else if headerFunctions.insert(module.symbols[function.usr]).inserted {
        inHeaders.add(unknowns(in: body, of: function, in: module))
      }
    }
    for global in module.globals.rows {
      guard let cells = global.initializer else { continue }
      globals += 1
      guard let cell = cells.first(where: { $0.value == .unknown }) else { continue }
      globalsWithUnknown += 1
      let place = module.location(of: global.origin)
      places.append(
        "\(place.path):\(place.start.line): initialiser of '\(module.symbols[global.name])' "
          + "at byte \(cell.offset)")
    }
  }

  /// The causes of the unknowns in a body, whose places are noted.
  private mutating func unknowns(
    in body: Body, of function: Function, in module: Module
  ) -> [String: Int] {
    var found: [String: Int] = [:]
    for instruction in body.instructions.rows {
      guard case .unknown(let symbol, _) = instruction.operation else { continue }
      let cause = module.symbols[symbol]
      found[cause, default: 0] += 1
      let place = module.location(of: instruction.origin)
      places.append(
        "\(place.path):\(place.start.line): \(cause) in '\(module.symbols[function.name])': "
          + module.text(of: instruction.origin))
    }
    return found
  }

  // MARK: The table

  /// The figures, one to a line.
  var report: String {
    var lines = [
      "  units                         \(units), with errors \(withErrors)",
      "  functions in main files       \(row(inMainFiles))",
    ]
    lines += causes(inMainFiles)
    lines.append("  functions in headers          \(row(inHeaders))")
    lines += causes(inHeaders)
    lines.append(
      "  initialised variables         \(globals), with an unknown \(globalsWithUnknown)")
    lines.append("  lowering / parse, all units   \(ratio(costs))")
    let middling = costs.filter { (3000..<5001).contains($0.lines) }
    if !middling.isEmpty { lines.append("  of 3000 to 5000 lines         \(ratio(middling))") }
    let flags = droppedFlags.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
      .map { "\($0.key) (\($0.value))" }
    if !flags.isEmpty {
      lines.append("  dropped flags                 " + flags.joined(separator: " "))
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func row(_ count: Count) -> String {
    let share = 100 * Double(count.withUnknown) / Double(max(count.functions, 1))
    return "\(count.functions), with an unknown \(count.withUnknown) "
      + "(\(share.formatted(.number.precision(.fractionLength(2)))) %)"
  }

  private func causes(_ count: Count) -> [String] {
    count.causes.sorted { ($1.value.functions, $0.key) < ($0.value.functions, $1.key) }.map {
      "    \($0.key.padding(toLength: 28, withPad: " ", startingAt: 0))"
        + "\($0.value.functions) functions, \($0.value.places) places"
    }
  }

  /// The ratio of the sums, and those of the median and the dearest unit.
  private func ratio(_ costs: [Cost]) -> String {
    guard !costs.isEmpty else { return "-" }
    let parsing = costs.map(\.parsing).reduce(0, +)
    let lowering = costs.map(\.lowering).reduce(0, +)
    let sorted = costs.sorted { $0.ratio < $1.ratio }
    let dearest = sorted[sorted.count - 1]
    let sum = Double(lowering) / Double(max(parsing, 1))
    let (each, beside) = (lowering / costs.count / 1000, parsing / costs.count / 1000)
    let milliseconds = "\(each) beside \(beside) ms a unit"
    return "\(short(sum)) (\(milliseconds)), median \(short(sorted[sorted.count / 2].ratio)), "
      + "most \(short(dearest.ratio)) (\(dearest.path))"
  }

  private func short(_ number: Double) -> String {
    number.formatted(.number.precision(.fractionLength(3)))
  }
}
