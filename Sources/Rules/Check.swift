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
  /// One ledger entry for each module, in the order of the modules.
  public var ledger: [LedgerEntry]
  /// Steps that the analysis took.
  public var steps: Int
  /// For each module what later runs should keep; nil where they have it.
  public var kept: [ContiguousArray<UInt8>?] = []
  /// Functions.
  public var functions = 0
  /// Functions that this run looked at, because nothing of earlier ones held.
  public var looked = 0

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
  let units = modules.enumerated().map { index, module in
    ProgramUnit(
      module: module, name: Digest(high: 0, low: UInt64(index)), digest: .zero)
  }
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
  var result = check(units.map(\.module), analysed.modules, models: models)
  result.kept = analysed.kept
  result.functions = analysed.functions
  result.looked = analysed.looked
  return result
}

private func check(
  _ modules: [Module], _ results: [ModuleResult], models: ModelTable
) -> CheckResult {
  var found: [(finding: Finding, module: Int)] = []
  var ledger: [LedgerEntry] = []
  var steps = 0
  for (index, (module, result)) in zip(modules, results).enumerated() {
    var findings: [Finding] = []
    for function in result.functions {
      let pass = Pass(module: module, result: function)
      for rule in Rule.all { rule.check(pass, &findings) }
      steps += function.steps
    }
    findings += declarationFindings(module, models: models)
    found += findings.map { ($0, index) }
    ledger.append(entry(module, result))
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
  return CheckResult(findings: findings, origins: origins, ledger: ledger, steps: steps)
}

/// What the rules find in the initialisers of a module's variables.
func declarationFindings(_ module: Module, models: ModelTable) -> [Finding] {
  declarationConcerns(in: module, models: models).flatMap { concern in
    Rule.all.compactMap { $0.checkDeclaration?(concern, module) }
  }
}

private func entry(_ module: Module, _ result: ModuleResult) -> LedgerEntry {
  var counts: [String: Int] = [:]
  var affected = 0
  for function in result.functions {
    for (cause, count) in function.unknowns { counts[cause, default: 0] += count }
    if !function.isComplete { counts["out-of-budget", default: 0] += 1 }
    if !function.unknowns.isEmpty || !function.isComplete { affected += 1 }
  }
  return LedgerEntry(
    path: module.files[module.mainFile].path, coverage: .analysed,
    functions: result.functions.count, functionsWithUnknowns: affected,
    unknowns: counts.sorted { $0.key < $1.key }.map {
      UnknownCount(cause: $0.key, count: $0.value)
    })
}
