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
      All units are one program, or each is one with --alone. Found: the function with the mistake, \
      or one that calls it, has a finding that it did not have; one that its changed statement had \
      before is not new. Elsewhere: another function has a new one, of tier A or any. A command \
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

  @Flag(help: "Each unit is a program of its own.")
  var alone = false

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
    let (count, confirm, alone) = (count, confirm, alone)
    let kinds = MutationOperator.allCases.filter { kind == nil || "\($0)" == kind }
    guard !kinds.isEmpty else {
      let names = MutationOperator.allCases.map { "\($0)" }.joined(separator: ", ")
      throw ValidationError("there is no mistake '\(kind ?? "")'; there are \(names)")
    }
    let result = onDeepStack {
      MutationRun(
        units, root: root, count: count, kinds: kinds, isAlone: alone, confirm: confirm)
    }
    guard let result else { throw ExitCode.failure }
    if list { for line in result.lines { print(line) } }
    print(result.report, terminator: "")
  }
}

/// What came of the mistakes.
struct MutationRun: Sendable {
  private struct Count: Sendable {
    var places = 0
    var mutants = 0
    var broken = 0
    var found = 0
    var foundInA = 0
    var confirmed = 0
    var confirmedFound = 0
    var elsewhere = 0
    var elsewhereInA = 0
  }

  /// A unit before anything is changed.
  private struct Original {
    var unit: DatabaseUnit
    var module: Module
    var text: ContiguousArray<UInt8>
  }

  private var counts: [MutationOperator: Count] = [:]
  private(set) var lines: [String] = []
  private let isAlone: Bool
  private let isConfirmed: Bool
  private var originals: [Original] = []

  init(
    _ units: [DatabaseUnit], root: String, count: Int, kinds: [MutationOperator], isAlone: Bool,
    confirm: String?
  ) {
    self.isAlone = isAlone
    isConfirmed = confirm != nil
    var places: [(unit: Int, mutant: Mutant)] = []
    for unit in units {
      let options = LoweringOptions(root: root)
      guard
        let lowered = try? lower(path: unit.file, arguments: unit.arguments, options: options),
        let search = MutationSearch(path: unit.file, arguments: unit.arguments)
      else { continue }
      for mutant in search.mutants where kinds.contains(mutant.kind) {
        places.append((originals.count, mutant))
      }
      originals.append(Original(unit: unit, module: lowered.module, text: search.text))
    }
    let program = isAlone ? [] : Self.findings(originals.map(\.module))
    for kind in kinds {
      let ofKind = places.filter { $0.mutant.kind == kind }
      counts[kind, default: Count()].places = ofKind.count
      for place in MutationOperator.spread(ofKind, count) {
        let before =
          isAlone ? Self.findings([originals[place.unit].module]) : program
        try? judge(place.mutant, place.unit, before, root: root, confirm: confirm)
      }
    }
  }

  private mutating func judge(
    _ mutant: Mutant, _ number: Int, _ before: [Finding], root: String, confirm: String?
  ) throws {
    let (unit, text) = (originals[number].unit, originals[number].text)
    let original = URL(filePath: unit.file)
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "prgate-mutant-\(ProcessInfo.processInfo.processIdentifier)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let copy = folder.appending(path: original.lastPathComponent)
    var changed = text
    changed.replaceSubrange(mutant.range, with: mutant.text.utf8)
    try Data(changed).write(to: copy)
    var count = counts[mutant.kind] ?? Count()
    defer { counts[mutant.kind] = count }
    let line = text[..<mutant.range.lowerBound].count { $0 == UInt8(ascii: "\n") } + 1
    let place = "\(mutant.kind) \(unit.path):\(line) \(mutant.function): \(mutant.text)"
    let lowered = try? lower(
      path: copy.path,
      arguments: unit.arguments + ["-iquote", original.deletingLastPathComponent().path],
      options: LoweringOptions(root: root))
    guard let lowered, lowered.errors.isEmpty else {
      count.broken += 1
      lines.append("broken \(place)")
      return
    }
    var program = originals.map(\.module)
    program[number] = lowered.module
    if isAlone { program = [lowered.module] }
    let home = originals[number].module.files[originals[number].module.mainFile].path
    let after = Self.findings(program).map { finding in
      var finding = finding
      if finding.location.path == copy.path { finding.location.path = home }
      return finding
    }
    let new = MutationFinding.new(in: after, since: before)
    let callers = Self.callers(of: mutant.function, in: program, from: isAlone ? 0 : number)
    let own = new.filter { callers.contains($0.function) }
    let isReal = try confirm.map { try Self.shows($0, original.path, copy.path) } ?? false
    count.mutants += 1
    if !own.isEmpty { count.found += 1 }
    if own.contains(where: { $0.tier == .a }) { count.foundInA += 1 }
    if isReal { count.confirmed += 1 }
    if isReal, !own.isEmpty { count.confirmedFound += 1 }
    let others = new.filter { !callers.contains($0.function) }
    if !others.isEmpty { count.elsewhere += 1 }
    if others.contains(where: { $0.tier == .a }) { count.elsewhereInA += 1 }
    lines.append(
      "\(own.isEmpty ? "missed" : "found") \(isReal ? "real " : "")\(place) "
        + new.map { "\($0.rule) \($0.tier.rawValue) in \($0.function)" }.sorted()
        .joined(separator: ", "))
  }

  private static func findings(_ modules: [Module]) -> [Finding] {
    Rules.check(modules, models: .standard, options: AnalysisOptions()).findings
  }

  /// A function and those that call it: names, where the name means that function.
  private static func callers(
    of name: String, in modules: [Module], from home: Int
  ) -> Set<String> {
    var found: Set<String> = [name]
    let isStatic = modules[home].functions.rows.contains {
      modules[home].symbols[$0.name] == name && $0.attributes.contains(.isStatic)
    }
    for (number, module) in modules.enumerated() where !isStatic || number == home {
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
      "| mistake | places | made | not C | found | in tier A |"
        + (isConfirmed ? " real | real and found |" : "") + " new elsewhere | of tier A |",
      "|---|" + String(repeating: "--:|", count: isConfirmed ? 9 : 7),
    ]
    for kind in MutationOperator.allCases {
      guard let count = counts[kind], count.places > 0 else { continue }
      let real = isConfirmed ? " \(count.confirmed) | \(count.confirmedFound) |" : ""
      rows.append(
        "| \(kind.rawValue) | \(count.places) | \(count.mutants) | \(count.broken) | \(count.found) "
          + "| \(count.foundInA) |\(real) \(count.elsewhere) | \(count.elsewhereInA) |")
    }
    return rows.joined(separator: "\n") + "\n"
  }
}

/// What mistakes bring about.
enum MutationFinding {
  /// Findings that are new.
  ///
  /// A finding whose statement a mistake has changed comes again with another statement: it takes the place of
  /// one of the same rule in the same function that is gone.
  static func new(in after: [Finding], since before: [Finding]) -> [Finding] {
    struct Key: Hashable {
      var rule: String
      var tier: Tier
      var path: String
      var function: String
      var statement: UInt64?
    }
    func key(_ finding: Finding, isWhole: Bool) -> Key {
      Key(
        rule: finding.rule, tier: finding.tier, path: finding.location.path,
        function: finding.function, statement: isWhole ? finding.statementHash : nil)
    }
    var known: [Key: Int] = [:]
    for finding in before { known[key(finding, isWhole: true), default: 0] += 1 }
    var left: [Finding] = []
    for finding in after {
      let exact = key(finding, isWhole: true)
      if let count = known[exact], count > 0 {
        known[exact] = count - 1
      } else {
        left.append(finding)
      }
    }
    var gone: [Key: Int] = [:]
    for (var key, count) in known where count > 0 {
      key.statement = nil
      gone[key, default: 0] += count
    }
    return left.filter { finding in
      let rough = key(finding, isWhole: false)
      guard let count = gone[rough], count > 0 else { return true }
      gone[rough] = count - 1
      return false
    }
  }
}
