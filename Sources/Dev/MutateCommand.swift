// SPDX-License-Identifier: Apache-2.0

import Analysis
import ArgumentParser
import Findings
import Foundation
import IR
import Lowering
import Models
import Rules

/// `dev mutate`: which mistakes are found that are made in correct code.
struct MutateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mutate",
    abstract: "Make small mistakes in a program, one at a time; count those that are found.",
    discussion: """
      All units are one program. Found: the function with the mistake, or one that calls it, has a \
      finding that it did not have. Elsewhere: another function has a new one of tier A. A command \
      given by --confirm gets the file and its mutant, and exits with 1 where the mistake is real: \
      where it shows when the program runs.
      """)

  @Argument(help: "A directory that holds a compile_commands.json.", completion: .directory)
  var database: String

  @Option(help: "Mistakes of each kind.")
  var count = 25

  @Option(help: "Only units whose path contains one of these, with commas between.")
  var only = ""

  @Option(help: "Only mistakes of one kind, such as 'shortAllocation'.")
  var kind: String?

  @Option(help: "A command that runs the program with a mutant.", completion: .file())
  var confirm: String?

  @Flag(help: "Print a line for each mistake.")
  var list = false

  func run() throws {
    let parts = only.split(separator: ",").map(String.init)
    let all = try DatabaseUnit.all(of: database)
    let units = Array(
      Dictionary(grouping: all, by: \.file).values.compactMap(\.first)
        .filter { $0.refusal == nil }
        .filter { unit in parts.isEmpty || parts.contains { unit.path.contains($0) } }
        .sorted { $0.path < $1.path })
    let root = URL(filePath: database).standardizedFileURL.resolvingSymlinksInPath().path
    let (count, confirm) = (count, confirm)
    let kinds = MutationOperator.allCases.filter { kind == nil || "\($0)" == kind }
    guard !kinds.isEmpty else {
      let names = MutationOperator.allCases.map { "\($0)" }.joined(separator: ", ")
      throw ValidationError("there is no mistake '\(kind ?? "")'; there are \(names)")
    }
    let result = onDeepStack {
      MutationRun(units, root: root, count: count, kinds: kinds, confirm: confirm)
    }
    guard let result else { throw ExitCode.failure }
    if list { for line in result.lines { print(line) } }
    print(result.report, terminator: "")
  }
}

/// What came of the mistakes.
struct MutationRun: Sendable {
  private struct Count: Sendable {
    var mutants = 0
    var found = 0
    var foundInA = 0
    var confirmed = 0
    var confirmedFound = 0
    var elsewhere = 0
  }

  private var counts: [MutationOperator: Count] = [:]
  private(set) var lines: [String] = []
  private let isConfirmed: Bool

  init(
    _ units: [DatabaseUnit], root: String, count: Int, kinds: [MutationOperator], confirm: String?
  ) {
    isConfirmed = confirm != nil
    var modules: [Module] = []
    var places: [(unit: Int, mutant: Mutant)] = []
    var texts: [ContiguousArray<UInt8>] = []
    var kept: [DatabaseUnit] = []
    for unit in units {
      let options = LoweringOptions(root: root)
      guard
        let lowered = try? lower(path: unit.file, arguments: unit.arguments, options: options),
        let search = MutationSearch(path: unit.file, arguments: unit.arguments)
      else { continue }
      for mutant in search.mutants { places.append((modules.count, mutant)) }
      texts.append(search.text)
      modules.append(lowered.module)
      kept.append(unit)
    }
    let before = Self.findings(modules)
    for kind in kinds {
      let ofKind = places.filter { $0.mutant.kind == kind }
      // Spread evenly over the program.
      let step = max(1, ofKind.count / max(count, 1))
      for place in stride(from: 0, to: ofKind.count, by: step).prefix(count).map({ ofKind[$0] }) {
        try? judge(
          place.mutant, place.unit, kept, modules, texts[place.unit], before, root: root,
          confirm: confirm)
      }
    }
  }

  private mutating func judge(
    _ mutant: Mutant, _ number: Int, _ units: [DatabaseUnit], _ modules: [Module],
    _ text: ContiguousArray<UInt8>, _ before: Set<Key>, root: String, confirm: String?
  ) throws {
    let unit = units[number]
    let original = URL(filePath: unit.file)
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "prgate-mutant-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let copy = folder.appending(path: original.lastPathComponent)
    var changed = text
    changed.replaceSubrange(mutant.range, with: mutant.text.utf8)
    try Data(changed).write(to: copy)
    let lowered = try lower(
      path: copy.path,
      arguments: unit.arguments + ["-iquote", original.deletingLastPathComponent().path],
      options: LoweringOptions(root: root))
    guard lowered.errors.isEmpty else { return }
    var all = modules
    all[number] = lowered.module
    let new = Self.findings(all).subtracting(before)
    let callers = Self.callers(of: mutant.function, in: all).union([mutant.function])
    let own = new.filter { callers.contains($0.function) }
    let isReal = try confirm.map { try Self.shows($0, original.path, copy.path) } ?? false
    var count = counts[mutant.kind] ?? Count()
    count.mutants += 1
    if !own.isEmpty { count.found += 1 }
    if own.contains(where: { $0.tier == .a }) { count.foundInA += 1 }
    if isReal { count.confirmed += 1 }
    if isReal, !own.isEmpty { count.confirmedFound += 1 }
    if new.contains(where: { $0.tier == .a && !callers.contains($0.function) }) {
      count.elsewhere += 1
    }
    counts[mutant.kind] = count
    let line = text[..<mutant.range.lowerBound].count { $0 == UInt8(ascii: "\n") } + 1
    lines.append(
      "\(own.isEmpty ? "missed" : "found") \(isReal ? "real " : "")\(mutant.kind) "
        + "\(unit.path):\(line) \(mutant.function): \(mutant.text) "
        + new.map { "\($0.rule) \($0.tier.rawValue) in \($0.function)" }.sorted()
        .joined(separator: ", "))
  }

  private struct Key: Hashable {
    var rule: String
    var tier: Tier
    var function: String
    var statement: UInt64
  }

  private static func findings(_ modules: [Module]) -> Set<Key> {
    let found = Rules.check(modules, models: .standard, options: AnalysisOptions()).findings
    return Set(
      found.map {
        Key(rule: $0.rule, tier: $0.tier, function: $0.function, statement: $0.statementHash)
      })
  }

  /// Functions that call a function, by name.
  private static func callers(of name: String, in modules: [Module]) -> Set<String> {
    var found: Set<String> = []
    for module in modules {
      for function in module.functions.rows {
        guard let body = function.body else { continue }
        let calls = body.calls.rows.contains {
          guard case .function(let callee) = $0.callee else { return false }
          return module.symbols[module.functions[callee].name] == name
        }
        if calls { found.insert(module.symbols[function.name]) }
      }
    }
    return found
  }

  /// Whether the program misbehaves with the mutant.
  private static func shows(_ command: String, _ file: String, _ mutant: String) throws -> Bool {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [command, file, mutant]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus == 1
  }

  /// The table.
  var report: String {
    var rows = [
      "| mistake | made | found | in tier A |" + (isConfirmed ? " real | real and found |" : "")
        + " new elsewhere |",
      "|---|" + String(repeating: "--:|", count: isConfirmed ? 6 : 4),
    ]
    for kind in MutationOperator.allCases {
      guard let count = counts[kind] else { continue }
      let real = isConfirmed ? " \(count.confirmed) | \(count.confirmedFound) |" : ""
      rows.append(
        "| \(kind.rawValue) | \(count.mutants) | \(count.found) | \(count.foundInA) |\(real) "
          + "\(count.elsewhere) |")
    }
    return rows.joined(separator: "\n") + "\n"
  }
}
