// SPDX-License-Identifier: Apache-2.0

// The analysis of a program: every function for the first time, callees first, then every function again with
// the code of small callees, then what both saw, once each. What an earlier run kept of a function is
// taken where all that it learnt from outside is as it was, so that the result never depends on what was kept.

public import IR

/// A unit of a program.
public struct ProgramUnit: Sendable {
  /// Its code: read only where some function of it has to be looked at, or something was found there.
  public var code: LazyModule
  /// What the other units may ask of it.
  public var linkage: Linkage
  /// What tells it from the other units of the program, the same in every run.
  public var name: Digest
  /// What tells its code from any other.
  public var digest: Digest
  /// What earlier runs kept of it, for this code; the first that holds counts.
  public var results: [UnitResults]
  /// Whether its functions are asked for; else they serve those that are.
  public var isWanted = true

  /// Makes a unit.
  public init(
    code: LazyModule, linkage: Linkage, name: Digest, digest: Digest, results: [UnitResults] = []
  ) {
    self.code = code
    self.linkage = linkage
    self.name = name
    self.digest = digest
    self.results = results
  }

  /// Makes a unit whose code is there, and of which nothing is kept; `number` tells it from others.
  public init(_ module: Module, number: Int) {
    self.init(
      code: LazyModule(SharedModule(module)), linkage: Linkage(of: module),
      name: Digest(high: 0, low: UInt64(number)), digest: .zero)
  }

  /// Whether somebody needed the code, and it could not be read.
  public var isUnreadable: Bool { code.isLost }
}

/// What the analysis of a program yields.
public struct ProgramResult: Sendable {
  /// For each unit its functions.
  public var modules: [ModuleResult]
  /// For each unit what later runs should keep; nil where they have it.
  public var kept: [ContiguousArray<UInt8>?]
  /// Functions.
  public var functions = 0
  /// Functions that were looked at, because nothing was kept of them or something else was answered.
  public var looked = 0
  /// Those of them of which a kept result, of the same code, came out again: something that they asked was
  /// answered differently, and made no difference.
  public var needless = 0
}

/// Analyses modules as one program.
///
/// Deterministic: the result depends on the arguments alone, and not on the runner. Reads nothing,
/// cannot fail.
public func analyse(
  _ modules: [Module], models: ModelTable, options: AnalysisOptions,
  runner: some StepRunner = SequentialSteps()
) -> [ModuleResult] {
  let units = modules.enumerated().map { ProgramUnit($1, number: $0) }
  return analyse(units, models: models, options: options, isStored: false, runner: runner).modules
}

/// Analyses units as one program, with what earlier runs kept.
///
/// The result is that of an analysis from the start, but for what is counted. Where the code of a unit
/// that was needed could not be read (`ProgramUnit.isUnreadable`), it means nothing.
///
/// - Parameters:
///   - units: the program.
///   - models: what is known of functions without code.
///   - options: the same as those of the runs that kept something.
///   - isStored: whether later runs should keep something.
///   - runner: carries the steps out.
/// - Returns: what the analysis yields.
public func analyse(
  _ units: [ProgramUnit], models: ModelTable, options: AnalysisOptions, isStored: Bool,
  runner: some StepRunner
) -> ProgramResult {
  let run = ProgramRun(units, models: models, options: options, isStored: isStored)
  if let result = run.result(runner) { return result }
  // Something that was kept could not be read: it is as if nothing were there.
  let fresh = units.map { unit in
    var unit = unit
    unit.results = []
    return unit
  }
  let again = ProgramRun(fresh, models: models, options: options, isStored: isStored)
  return again.result(runner) ?? ProgramResult(modules: [], kept: [])
}

/// One analysis of a program.
private struct ProgramRun: Sendable {
  let units: [ProgramUnit]
  let program: Program
  /// Models by function, for each module.
  let models: [Lazy<[FunctionModel?]>]
  /// What is promised of functions' arguments, for each module.
  let entries: [Lazy<[FunctionID: EntryContract]>]
  let steps: [AnalysisStep]
  let fuel: Int
  let isStored: Bool
  /// For each step, whether a unit that is asked for needs it.
  let isNeeded: [Bool]

  init(_ units: [ProgramUnit], models: ModelTable, options: AnalysisOptions, isStored: Bool) {
    self.units = units
    program = Program(
      units.map(\.linkage), code: units.map(\.code), isWhole: options.isWholeProgram,
      models: models)
    self.models = units.map { unit in Lazy { unit.linkage.functions.map { models[$0.name] } } }
    entries = units.map { unit in Lazy { unit.code.value?.module.entries(models) ?? [:] } }
    steps = program.steps()
    fuel = options.fuel
    self.isStored = isStored
    var isNeeded = steps.map { units[$0.key.module].isWanted }
    for (number, step) in steps.enumerated().reversed() where isNeeded[number] {
      for need in step.needs { isNeeded[need] = true }
    }
    self.isNeeded = isNeeded
  }

  /// What the run yields; nil where something that was kept could not be read.
  func result(_ runner: some StepRunner) -> ProgramResult? {
    let outcomes = runner.run(needs: steps.map(\.needs)) {
      (number: Int, earlier: [Outcome]) -> Outcome in
      carryOut(number, earlier)
    }
    if outcomes.contains(where: \.isDamaged) { return nil }
    var results = units.map {
      [FunctionResult?](repeating: nil, count: $0.linkage.functions.count)
    }
    for (step, outcome) in zip(steps, outcomes) {
      let row = Int(step.key.function.index)
      let before = results[step.key.module][row]?.steps ?? 0
      results[step.key.module][row] = outcome.result
      results[step.key.module][row]?.steps += before
    }
    let final = zip(steps, outcomes).filter { !$0.0.isPreliminary }
    let again = SecondLook(
      program: program, units: units, models: models, entries: entries, steps: final.map(\.0),
      outcomes: final.map(\.1), fuel: fuel)
    let looks = runner.run(needs: final.map { _ in [] }) {
      (number: Int, _: [SecondLook.Result]) -> SecondLook.Result in
      guard units[final[number].0.key.module].isWanted else { return SecondLook.Result() }
      return again.look(at: number)
    }
    if looks.contains(where: \.isDamaged) { return nil }
    again.merge(looks, into: &results)
    var result = ProgramResult(
      modules: results.map { ModuleResult(functions: $0.compactMap { $0 }) },
      kept: Array(repeating: nil, count: units.count))
    result.functions = final.count
    result.looked = zip(final, looks).count { entry, look in
      units[entry.0.key.module].isWanted && (entry.1.kept == nil || !look.isKept)
    }
    result.needless = zip(final, looks).count { entry, look in
      units[entry.0.key.module].isWanted && again.isNeedless(entry.0.key, entry.1, look)
    }
    if isStored { result.kept = kept(final, looks, runner) }
    return result
  }

  /// One step: what was kept of it, if that still holds, else the look.
  private func carryOut(_ number: Int, _ earlier: [Outcome]) -> Outcome {
    let step = steps[number]
    guard isNeeded[number] else {
      return Outcome(result: FunctionResult(step.key.function), isStored: false)
    }
    let module = step.key.module
    var outcomes: [Int: Outcome] = [:]
    for (need, outcome) in zip(step.needs, earlier) { outcomes[need] = outcome }
    var summaries: [FunctionKey: StoredSummary] = [:]
    for need in step.needs where !steps[need].isPreliminary {
      summaries[steps[need].key] = outcomes[need]?.summary
    }
    if let kept = kept(step, outcomes, summaries) { return kept }
    guard let code = units[module].code.value else {
      var lost = Outcome(result: FunctionResult(step.key.function), isStored: false)
      lost.isDamaged = true
      return lost
    }
    if var settled = step.assume(&summaries, outcomes, steps, units) {
      settled.facts = facts(of: step, outcomes, and: [])
      return settled
    }
    let facts = Facts(program: program, summaries: summaries, module: module)
    var outcome = analyse(
      step.key, in: code.module, models: models[module].value,
      entry: entries[module].value[step.key.function], facts: facts, fuel: fuel,
      isStored: isStored)
    if case .verdict = step.round {
      outcome.facts = self.facts(of: step, outcomes, and: outcome.facts)
    }
    return outcome
  }

  // MARK: What was kept

  /// What an earlier run kept of a step, where all that it learnt is as it was.
  private func kept(
    _ step: AnalysisStep, _ outcomes: [Int: Outcome], _ summaries: [FunctionKey: StoredSummary]
  ) -> Outcome? {
    switch step.round {
    case .only:
      return stored(step.key, summaries, []).map { Outcome($0, of: step.key.function) }
    case .guess(let members):
      // All of a component hold, or none.
      guard let own = stored(step.key, summaries, members),
        members.allSatisfy({ stored($0, summaries, members) != nil })
      else { return nil }
      return Outcome(own, of: step.key.function, isPlaceholder: true)
    case .confirmation(let guesses):
      guard let own = outcomes[guess(of: step, among: guesses)]?.kept else { return nil }
      return Outcome(own, of: step.key.function, isPlaceholder: true)
    case .verdict(let guesses, _, _):
      guard let own = outcomes[guess(of: step, among: guesses)]?.kept else { return nil }
      return Outcome(own, of: step.key.function)
    }
  }

  /// The step that guesses for the function of another one.
  private func guess(of step: AnalysisStep, among guesses: [Int]) -> Int {
    guesses.first { steps[$0].key == step.key } ?? guesses[0]
  }

  /// The first of what earlier runs kept of a function that holds.
  private func stored(
    _ key: FunctionKey, _ summaries: [FunctionKey: StoredSummary], _ members: [FunctionKey]
  ) -> StoredFunction? {
    for results in units[key.module].results {
      if let function = results.functions[key.function.index],
        holds(function.facts, summaries, members)
      {
        return function
      }
    }
    return nil
  }

  private func holds(
    _ facts: [Fact], _ summaries: [FunctionKey: StoredSummary], _ members: [FunctionKey]
  ) -> Bool {
    facts.allSatisfy { fact in
      switch fact.question.kind {
      case .summary:
        guard let key = program.definition(of: fact.question) else { return false }
        return (key.flatMap { summaries[$0]?.digest } ?? .zero) == fact.answer
      case .component: return componentDigest(members) == fact.answer
      default: return program.answer(fact.question) == fact.answer
      }
    }
  }

  /// What a recursive function learnt: what all rounds of all members asked, but of each other.
  private func facts(
    of step: AnalysisStep, _ outcomes: [Int: Outcome], and own: [Fact]
  ) -> [Fact] {
    guard isStored, case .verdict(let guesses, let confirmations, _) = step.round else {
      return own
    }
    let members = guesses.map { steps[$0].key }
    var seen: Set<Question> = []
    var facts: [Fact] = []
    for fact in (guesses + confirmations).flatMap({ outcomes[$0]?.facts ?? [] }) + own {
      if fact.question.kind == .summary,
        let key = program.definition(of: fact.question) ?? nil, members.contains(key)
      {
        continue
      }
      if seen.insert(fact.question).inserted { facts.append(fact) }
    }
    facts.append(
      Fact(
        question: Question(kind: .component, step.key), answer: componentDigest(members)))
    return facts
  }

  private func componentDigest(_ members: [FunctionKey]) -> Digest {
    let sink = RecordSink()
    for member in members {
      sink.put(units[member.module].name)
      sink.put(units[member.module].digest)
      sink.put(UInt64(member.function.index))
    }
    return Digest(of: sink.bytes)
  }

  /// What later runs should keep of each unit in which something was looked at.
  private func kept(
    _ final: [(AnalysisStep, Outcome)], _ looks: [SecondLook.Result], _ runner: some StepRunner
  ) -> [ContiguousArray<UInt8>?] {
    var members = [[Int]](repeating: [], count: units.count)
    for (number, entry) in final.enumerated() { members[entry.0.key.module].append(number) }
    let parts = members
    let names = units.map(\.name)
    return runner.run(needs: units.map { _ in [] }) { (unit: Int, _: [ContiguousArray<UInt8>?]) in
      guard units[unit].isWanted else { return nil }
      let isKept = parts[unit].allSatisfy { final[$0].1.kept != nil && looks[$0].isKept }
      if isKept, !units[unit].results.isEmpty { return nil }
      var writer = UnitResultsWriter(of: unit, names: names) { program.usr($0) }
      for number in parts[unit] {
        let (step, outcome) = final[number]
        let look = looks[number]
        var function = StoredFunction()
        function.facts = outcome.facts
        function.isComplete = outcome.result.isComplete
        function.steps = outcome.result.steps
        function.undecided = outcome.result.undecided
        function.first = outcome.first
        function.firstDigest = outcome.firstDigest
        function.summary = outcome.summary
        function.lookFacts = look.facts
        function.lookSteps = look.steps
        function.look = look.stored { writer.row(of: $0) }
        writer.add(function, row: step.key.function.index)
      }
      return writer.bytes()
    }
  }
}
