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
  /// Constructs that the analysis does not understand, by cause, sorted.
  public var unknowns: [String: Int]

  /// The result of a function in which nothing was seen.
  init(_ function: FunctionID) {
    self.function = function
    observations = []
    isComplete = true
    steps = 0
    undecided = 0
    unknowns = [:]
  }
}

/// What the analysis of one module yields, a result for each function with a body, in their order.
public struct ModuleResult: Sendable, Hashable {
  /// The results.
  public var functions: [FunctionResult]
}

/// What a reader takes for one defect.
enum Defect: Hashable {
  case own(Candidate)
  /// All accesses of one callee to one object.
  case inCallee(ValueID, object: String, isWrite: Bool)

  init(_ violation: Violation) {
    if case .access(let access) = violation.observation, access.isInCallee {
      self = .inCallee(
        violation.candidate.value, object: access.object, isWrite: access.isWrite)
    } else {
      self.init(violation.candidate)
    }
  }

  init(_ candidate: Candidate) {
    var candidate = candidate
    candidate.via = []
    // A resource that several returns lose is one defect.
    // So is an index that several conditions check.
    if candidate.kind == .leak || candidate.kind == .lateCheck { candidate.end = -1 }
    self = .own(candidate)
  }
}

extension Machine {
  /// Whether a violation outside a callee rests on what the callee's summary says.
  fileprivate func isOnWord(_ violation: Violation) -> Bool {
    guard violation.calleeSteps.isEmpty, violation.candidate.kind != .lateCheck else {
      return false
    }
    if violation.boundary.index > 1, case .foreign = universe[violation.boundary].place {
      return true
    }
    guard let goal = violation.goal?.form else { return false }
    return (0..<goal.count).contains { index in
      if case .foreign = universe[goal[index].symbol].kind { true } else { false }
    }
  }
}

/// Looks at one function for the first time.
func analyse(
  _ key: FunctionKey, in module: Module, models: [FunctionModel?], entry: EntryContract?,
  facts: Facts, fuel: Int, isStored: Bool
) -> Outcome {
  var result = FunctionResult(key.function)
  guard let body = module.functions[key.function].body, body.blocks.count > 0 else {
    return Outcome(result: result, isStored: isStored)
  }
  result.unknowns = unknowns(in: body, of: module)
  var machine = Machine(
    module: module, moduleIndex: key.module, function: key.function, body: body, models: models,
    facts: facts, fuel: fuel)
  machine.entry = entry
  var summary: Summary?
  var onWord: [ValueID] = []
  if let exploration = machine.explore() {
    summary = machine.summarise(key.module)
    if summary?.nullResult == .answered, body.instructions.count <= 200 {
      summary?.nonNullUnlessZero = nonNullUnlessZero(&machine, fuel: fuel / 4)
    }
    var confirmed: Set<Defect> = []
    for candidate in machine.candidates.joined() {
      if candidate.end >= 0, confirmed.contains(Defect(candidate)) { continue }
      machine.fuel = max(fuel / 4, 1000)
      if let confirmation = machine.replay(candidate, exploration) {
        guard confirmed.insert(Defect(confirmation.violation)).inserted else { continue }
        if machine.isOnWord(confirmation.violation) { onWord.append(candidate.value) }
        result.observations.append(machine.observation(confirmation))
      } else {
        result.undecided += 1
      }
    }
    result.observations += machine.pathlessConcerns()
    for candidate in machine.openCandidates.joined().prefix(24) {
      machine.fuel = max(fuel / 16, 1000)
      guard let confirmation = machine.replay(candidate, exploration) else { continue }
      if var known = summary {
        machine.addObligation(confirmation, to: &known)
        summary = known
      }
    }
  } else {
    result.isComplete = false
  }
  result.steps = machine.steps
  return Outcome(
    result: result, summary: summary, targets: machine.indirectTargets, onWord: onWord,
    facts: machine.facts, isStored: isStored)
}

/// The parameters of which each alone, where it is not zero, rules out that a function answers null: it is
/// looked at again as if the parameter were not.
private func nonNullUnlessZero(_ machine: inout Machine, fuel: Int) -> UInt64 {
  var result: UInt64 = 0
  for index in 0..<min(Int(machine.body.parameterCount), 4) where machine.slots[index] >= 0 {
    var again = Machine(
      module: machine.module, moduleIndex: machine.moduleIndex, function: machine.function,
      body: machine.body, models: machine.models, facts: machine.facts, fuel: fuel)
    again.assumedNonZero = LocalID(index)
    let exploration = again.explore()
    machine.facts.add(again.facts)
    guard exploration != nil, let exit = again.exitState(), again.nullResult(exit) != .answered
    else { continue }
    result |= 1 << UInt64(index)
  }
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
