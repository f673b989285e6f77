// SPDX-License-Identifier: Apache-2.0

public import Analysis
public import Findings
public import IR

/// The outcome of analysing a program: one module, or several that form one program.
public struct CheckResult: Sendable {
  /// Findings of tier A and B in report order.
  public var findings: [Finding]
  /// For each finding the modules that show it, by index in the order of the modules.
  public var origins: [[Int]]
  /// One ledger entry for each module, in the order of the modules; of those that nobody asked for they say
  /// nothing.
  public var ledger: [LedgerEntry]
  /// Steps that the analysis took.
  public var steps: Int
  /// For each module what later runs should keep; nil where they have it.
  public var kept: [ContiguousArray<UInt8>?] = []
  /// Functions.
  public var functions = 0
  /// Functions that this run looked at, because nothing of earlier ones held.
  public var looked = 0
  /// Those of them that came to what was kept already.
  public var needless = 0

  /// Makes an outcome.
  public init(findings: [Finding], origins: [[Int]], ledger: [LedgerEntry], steps: Int) {
    self.findings = findings
    self.origins = origins
    self.ledger = ledger
    self.steps = steps
  }
}

/// Analyses modules as one program and asks every rule.
///
/// A deterministic function of its arguments. A finding that several units see, as in a header, is
/// reported once.
public func check(
  _ modules: [Module], models: ModelTable, options: AnalysisOptions,
  runner: some StepRunner = SequentialSteps()
) -> CheckResult {
  let units = modules.enumerated().map { ProgramUnit($1, number: $0) }
  return check(units, models: models, options: options, isStored: false, runner: runner)
}

/// Analyses units as one program, with what earlier runs kept, and asks every rule.
///
/// What is found does not depend on what was kept.
///
/// - Parameters:
///   - units: the program.
///   - models: what is known of functions without code.
///   - options: the same as those of the runs that kept something.
///   - isStored: whether later runs should keep something.
///   - runner: carries the steps out.
/// - Returns: the outcome.
public func check(
  _ units: [ProgramUnit], models: ModelTable, options: AnalysisOptions, isStored: Bool,
  runner: some StepRunner
) -> CheckResult {
  let analysed = analyse(
    units, models: models, options: options, isStored: isStored, runner: runner)
  guard analysed.modules.count == units.count else {
    return CheckResult(findings: [], origins: [], ledger: [], steps: 0)
  }
  let reports = runner.run(needs: units.map { _ in [] }) { (number: Int, _: [UnitReport]) in
    UnitReport(
      of: units[number], analysed.modules[number], models: models, isStored: isStored)
  }
  var result = joined(reports)
  result.kept = zip(units, zip(analysed.kept, reports)).map { unit, parts in
    let (kept, report) = parts
    guard let new = report.new else {
      return kept.map { kept in
        report.known.map { UnitResults.bytes(kept, with: $0) } ?? kept
      }
    }
    return kept.map { UnitResults.bytes($0, with: new) } ?? unit.results.first?.bytes(with: new)
  }
  result.functions = analysed.functions
  result.looked = analysed.looked
  result.needless = analysed.needless
  return result
}

/// What the rules say of a unit.
private struct UnitReport: Sendable {
  /// What is kept of it.
  struct Content: Codable, Sendable {
    var path = ""
    var findings: [Finding] = []
    var functions = 0
    var functionsWithUnknowns = 0
    var unknowns: [UnknownCount] = []
    var steps = 0
  }

  private(set) var content = Content()
  /// What an earlier run kept, where it holds.
  private(set) var known: UnitResults.Report?
  /// What later runs should keep.
  private(set) var new: UnitResults.Report?

  init(of unit: ProgramUnit, _ result: ModuleResult, models: ModelTable, isStored: Bool) {
    guard unit.isWanted else { return }
    let digest = isStored ? result.digest : .zero
    if isStored {
      for case .some(let report) in unit.results.map(\.report) where report.result == digest {
        guard let content = StoredRecord.value(Content.self, of: report.bytes) else { continue }
        self.content = content
        known = report
        return
      }
    }
    guard let module = unit.code.value?.module else { return }
    content = Content(module, result, models: models)
    guard isStored else { return }
    new = UnitResults.Report(
      result: digest, bytes: ArraySlice(StoredRecord.bytes(of: content)))
  }

  var entry: LedgerEntry {
    LedgerEntry(
      path: content.path, coverage: .analysed, functions: content.functions,
      functionsWithUnknowns: content.functionsWithUnknowns, unknowns: content.unknowns)
  }
}

extension UnitReport.Content {
  init(_ module: Module, _ result: ModuleResult, models: ModelTable) {
    path = module.files[module.mainFile].path
    for function in result.functions {
      let pass = Pass(module: module, result: function)
      for rule in Rule.all { rule.check(pass, &findings) }
      steps += function.steps
    }
    findings += declarationFindings(module, models: models)
    functions = result.functions.count
    var counts: [String: Int] = [:]
    for function in result.functions {
      for (cause, count) in function.unknowns { counts[cause, default: 0] += count }
      if !function.isComplete { counts["out-of-budget", default: 0] += 1 }
      if !function.unknowns.isEmpty || !function.isComplete { functionsWithUnknowns += 1 }
    }
    unknowns = counts.sorted { $0.key < $1.key }.map {
      UnknownCount(cause: $0.key, count: $0.value)
    }
  }
}

/// What the rules say of a program.
private func joined(_ reports: [UnitReport]) -> CheckResult {
  var found: [(finding: Finding, module: Int)] = []
  for (index, report) in reports.enumerated() {
    found += report.content.findings.map { ($0, index) }
  }
  found.sort { Finding.isOrderedBefore($0.finding, $1.finding) }
  var findings: [Finding] = []
  var origins: [[Int]] = []
  for (finding, module) in found {
    if finding != findings.last {
      findings.append(finding)
      origins.append([])
    }
    if origins[origins.count - 1].last != module { origins[origins.count - 1].append(module) }
  }
  return CheckResult(
    findings: findings, origins: origins, ledger: reports.map(\.entry),
    steps: reports.reduce(0) { $0 + $1.content.steps })
}

/// What the rules find in the initialisers of a module's variables.
func declarationFindings(_ module: Module, models: ModelTable) -> [Finding] {
  declarationConcerns(in: module, models: models).flatMap { concern in
    Rule.all.compactMap { $0.checkDeclaration?(concern, module) }
  }
}
