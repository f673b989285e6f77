// SPDX-License-Identifier: Apache-2.0

// A summary says little of values that several of the callee's paths leave, and nothing of questions
// other than accesses that only a caller can answer. So a function is looked at a second time with
// the code of small callees in the place of the calls: what passes between them is then a path like
// any other, and the rules need to know nothing of it.

import Findings
import IR

/// The second look at the functions of a program.
struct SecondLook: Sendable {
  let program: Program
  let modules: [Module]
  /// Models by function, for each module.
  let models: [[FunctionModel?]]
  let steps: [AnalysisStep]
  let fuel: Int
  private let summaries: [FunctionKey: Summary]
  private let targets: [[ValueID: FunctionID?]]
  private let isComplete: [Bool]
  private let onWord: [[ValueID]]
  /// What the first look found, by place.
  let seen: Set<Place>
  /// Where callees make accesses that the first look judged at calls.
  private let judged: Set<Location>
  /// Calls that get what the first look saw lost.
  private let lost: Set<Location>
  /// The same of members that a payload may follow, as far as the callee knows, by step: what the
  /// caller knows of the object decides.
  private let trailing: [[Location: Place]]

  /// What is seen, and where.
  struct Place: Hashable, Sendable {
    var module: Int
    var origin: OriginID
    var kind: Int
  }

  /// What is seen in a function.
  struct Located: Sendable {
    var function: FunctionKey
    var observation: Observation
    /// Where it happens, where that is another place.
    var origin: Place?

    var place: Place {
      Place(
        module: function.module, origin: observation.origin, kind: observation.kind.discriminator)
    }
  }

  /// What a second look yields.
  struct Result: Sendable {
    var found: [Located] = []
    /// What the first look found on the word of a summary, and no path confirms.
    var refuted: [Place] = []
    var steps = 0
  }

  init(
    program: Program, modules: [Module], models: [[FunctionModel?]],
    steps: [AnalysisStep], outcomes: [Outcome], fuel: Int
  ) {
    self.program = program
    self.modules = modules
    self.models = models
    self.steps = steps
    self.fuel = fuel
    var summaries: [FunctionKey: Summary] = [:]
    var seen: Set<Place> = []
    var judged: Set<Location> = []
    var lost: Set<Location> = []
    var trailing: [[Location: Place]] = []
    for (step, outcome) in zip(steps, outcomes) {
      summaries[step.key] = outcome.summary
      var open: [Location: Place] = [:]
      for observation in outcome.result.observations {
        let place = Located(function: step.key, observation: observation).place
        seen.insert(place)
        if case .leak = observation.kind, let cause = observation.steps.first {
          lost.insert(cause.location)
        }
        guard case .access(let access) = observation.kind, access.isInCallee else { continue }
        if access.isTrailing, let last = observation.steps.last {
          open[last.location] = place
        } else {
          for step in observation.steps { judged.insert(step.location) }
        }
      }
      trailing.append(open)
    }
    self.trailing = trailing
    self.lost = lost
    self.summaries = summaries
    self.seen = seen
    self.judged = judged
    targets = outcomes.map(\.indirectTargets)
    isComplete = outcomes.map(\.result.isComplete)
    onWord = outcomes.map(\.onWord)
  }

  /// Looks at the function of a step.
  func look(at number: Int) -> Result {
    let key = steps[number].key
    var result = Result()
    guard isComplete[number], let body = modules[key.module].functions[key.function].body,
      body.instructions.count <= 1500
    else { return result }
    var importer = ModuleImporter(modules, position: key.module)
    guard let inlined = inlined(body, number, &importer) else { return result }
    var machine = self.machine(key, importer, inlined)
    if let exploration = machine.explore() {
      replay(exploration, number, importer, inlined, &machine, &result)
    }
    result.steps = machine.steps
    return result
  }

  /// The code of a step's function with that of small callees; `nil` where there are none.
  private func inlined(
    _ body: Body, _ number: Int, _ importer: inout ModuleImporter
  ) -> InlinedBody? {
    let key = steps[number].key
    let limit = body.instructions.count + 400
    return importer.inlining(
      body, of: key.function,
      resolve: { value, named in
        var named = named
        if named == nil, case .some(.some(let target)) = targets[number][value] {
          named = FunctionKey(module: key.module, function: target)
        }
        guard let named, let callee = program.definition(of: named.function, in: named.module),
          summaries[callee] != nil,
          let code = modules[callee.module].functions[callee.function].body
        else { return nil }
        return (callee, code)
      },
      accept: { candidate in
        candidate.depth <= 5 && candidate.body.instructions.count <= 150
          && candidate.size + candidate.body.instructions.count <= limit
      })
  }

  /// Looks for a path to each candidate.
  private func replay(
    _ exploration: Exploration, _ number: Int, _ importer: ModuleImporter, _ inlined: InlinedBody,
    _ machine: inout Machine, _ result: inout Result
  ) {
    var leaks: Set<ValueID> = []
    var doubted = Set(onWord[number])
    for candidate in machine.candidates.joined() {
      let frame = Int(inlined.frames[Int(candidate.value.index)])
      if candidate.end >= 0, !isNew(candidate, frame, machine) { continue }
      let place = machine.module.location(of: machine.body.instructions[candidate.value].origin)
      if frame > 0, judged.contains(place) { continue }
      if candidate.kind == .leak, leaks.contains(candidate.value) { continue }
      machine.fuel = max(fuel / 8, 1000)
      let confirmation = machine.replay(candidate, exploration)
      // A search that was given up refutes nothing.
      if confirmation != nil || machine.fuel < 0 { doubted.remove(candidate.value) }
      guard let confirmation else { continue }
      if candidate.kind == .leak { leaks.insert(candidate.value) }
      guard machine.isOfCaller(confirmation, frame, inlined),
        let located = located(confirmation, frame, number, importer, inlined, machine)
      else { continue }
      if frame > 0, case .access(let access) = located.observation.kind, !access.isTrailing,
        let known = trailing[number][place]
      {
        result.refuted.append(known)
      } else if isSeenAtCall(located.observation.kind, frame, inlined, importer) {
        continue
      }
      result.found.append(located)
    }
    for value in doubted.sorted() {
      result.refuted += places(of: machine.body.instructions[value].origin, steps[number].key)
    }
  }

  /// A confirmed violation, in the module that its place belongs to.
  private func located(
    _ confirmation: Confirmation, _ frame: Int, _ number: Int, _ importer: ModuleImporter,
    _ inlined: InlinedBody, _ machine: Machine
  ) -> Located? {
    var observation = machine.observation(confirmation)
    observation.steps += calls(to: frame, inlined, importer.module)
    if frame > 0, case .access(var access) = observation.kind {
      access.isHandedOn = true
      observation.kind = .access(access)
    }
    let home = self.home(of: frame, inlined)
    var moved: Place?
    if home != frame {
      let source = importer.source(of: observation.origin)
      moved = Place(
        module: source.module, origin: source.origin, kind: observation.kind.discriminator)
      move(&observation, to: home, from: frame, inlined, importer)
    }
    let function = home > 0 ? inlined.calls[home - 1].callee : steps[number].key
    let source = importer.source(of: observation.origin)
    guard function.module == source.module else { return nil }
    observation.function = function.function
    observation.origin = source.origin
    return Located(function: function, observation: observation, origin: moved)
  }

  /// Whether something that is left behind at the end of the function is its own, and not known.
  ///
  /// What a callee gets or declares was looked at there, and at the calls. A callee that gives something
  /// back knows when, as where it counts references.
  private func isNew(_ candidate: Candidate, _ frame: Int, _ machine: Machine) -> Bool {
    guard candidate.kind == .leak, frame == 0, !machine.calleesGiveBack.contains(candidate.value)
    else { return false }
    let cause = machine.body.instructions[candidate.value].origin
    return !lost.contains(machine.module.location(of: cause))
  }

  /// What the first look found at an origin.
  private func places(of origin: OriginID, _ key: FunctionKey) -> [Place] {
    seen.filter { $0.module == key.module && $0.origin == origin }
  }

  private func machine(
    _ key: FunctionKey, _ importer: ModuleImporter, _ inlined: InlinedBody
  ) -> Machine {
    let imported = importer.importedFunctions
    let imports = Facts.Imports(
      ownFunctions: modules[key.module].functions.count, functions: imported,
      globals: importer.importedGlobals)
    let facts = Facts(
      program: program, summaries: summaries, module: key.module, imports: imports)
    var machine = Machine(
      module: importer.module, moduleIndex: key.module, function: key.function,
      body: inlined.body,
      models: models[key.module] + imported.map { models[$0.module][Int($0.function.index)] },
      facts: facts, fuel: fuel)
    machine.inlined = inlined
    return machine
  }

  /// Whether the first look found the same at one of the calls that lead to a frame.
  private func isSeenAtCall(
    _ kind: Observation.Kind, _ frame: Int, _ inlined: InlinedBody, _ importer: ModuleImporter
  ) -> Bool {
    var around = frame
    while around > 0 {
      let source = importer.source(of: inlined.calls[around - 1].origin)
      if seen.contains(
        Place(module: source.module, origin: source.origin, kind: kind.discriminator))
      {
        return true
      }
      around = inlined.calls[around - 1].parent
    }
    return false
  }

  /// The frame that a defect is reported in: one whose function has no other callers.
  ///
  /// What goes wrong in a function that many call is for the caller to answer that brings it about.
  private func home(of frame: Int, _ inlined: InlinedBody) -> Int {
    var home = frame
    while home > 0, program.callCount(of: inlined.calls[home - 1].callee) > 1 {
      home = inlined.calls[home - 1].parent
    }
    return home
  }

  /// Reports at the call in a frame what happens in a frame inside it.
  private func move(
    _ observation: inout Observation, to home: Int, from frame: Int, _ inlined: InlinedBody,
    _ importer: ModuleImporter
  ) {
    var entered = frame
    while inlined.calls[entered - 1].parent != home { entered = inlined.calls[entered - 1].parent }
    let name = self.name(of: inlined.calls[frame - 1].callee)
    observation.steps.append(
      Step(
        location: importer.module.location(of: observation.origin),
        message: "'\(name)' does it here"))
    observation.origin = inlined.calls[entered - 1].origin
    observation.callee = self.name(of: inlined.calls[entered - 1].callee)
  }

  private func name(of function: FunctionKey) -> String {
    let module = modules[function.module]
    return module.symbols[module.functions[function.function].name]
  }

  /// The calls that lead to a frame, outermost first.
  private func calls(to frame: Int, _ inlined: InlinedBody, _ module: Module) -> [Step] {
    var steps: [Step] = []
    var around = frame
    while around > 0 {
      let call = inlined.calls[around - 1]
      let name = self.name(of: call.callee)
      steps.insert(
        Step(location: module.location(of: call.origin), message: "calls '\(name)'"), at: 0)
      around = call.parent
    }
    return Array(steps.suffix(4))
  }
}

extension Observation.Kind {
  /// The same for what a reader takes for the same kind of defect.
  fileprivate var discriminator: Int {
    switch self {
    case .access(let access): access.isWrite ? 0 : 1
    case .invalidRelease: -1
    case .leak: -2
    case .escape: -3
    case .lateCheck: -4
    case .measuredPointer: -5
    case .shortAllocation: -6
    case .unterminated: 2
    case .released(let use): use.isRelease ? 3 : 4
    case .unsafeCall: 5
    case .bound: 6
    case .format: 7
    case .uninitialised: 8
    case .null: 9
    case .unchecked(let number): -16 - Int(number.role.rawValue)
    case .size(let size): 10 + Int(size.defect.rawValue)
    }
  }
}
