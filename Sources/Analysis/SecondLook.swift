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
  let table: ModelTable
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
    program: Program, modules: [Module], models: [[FunctionModel?]], table: ModelTable,
    steps: [AnalysisStep], outcomes: [Outcome], fuel: Int
  ) {
    self.program = program
    self.modules = modules
    self.models = models
    self.table = table
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
    let limit = body.instructions.count + 400
    let inlined = importer.inlining(
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
    guard let inlined else { return result }
    var machine = self.machine(key, importer, inlined)
    defer { result.steps = machine.steps }
    guard let exploration = machine.explore() else { return result }
    var leaks: Set<ValueID> = []
    var doubted = Set(onWord[number])
    for candidate in machine.candidates.joined() {
      let row = Int(candidate.value.index)
      let frame = Int(inlined.frames[row])
      if candidate.end >= 0, !isNew(candidate, frame, machine) { continue }
      let origin = machine.body.instructions.rows[row].origin
      if frame > 0, judged.contains(machine.module.location(of: origin)) { continue }
      machine.fuel = max(fuel / 8, 1000)
      if candidate.kind == .leak, leaks.contains(candidate.value) { continue }
      guard let confirmation = machine.replay(candidate, exploration) else { continue }
      if candidate.kind == .leak { leaks.insert(candidate.value) }
      doubted.remove(candidate.value)
      guard isOfCaller(confirmation, frame, inlined, machine) else { continue }
      var observation = machine.observation(confirmation)
      observation.steps += calls(to: frame, inlined, importer.module)
      let home = self.home(of: frame, inlined)
      var moved: Place?
      if home != frame {
        let source = importer.source(of: observation.origin)
        moved = Place(
          module: source.module, origin: source.origin, kind: observation.kind.discriminator)
        move(&observation, to: home, from: frame, inlined, importer)
      }
      var function = key
      if home > 0 { function = inlined.calls[home - 1].callee }
      observation.function = function.function
      if frame > 0, case .access(var access) = observation.kind {
        access.isHandedOn = true
        observation.kind = .access(access)
      }
      let source = importer.source(of: observation.origin)
      observation.origin = source.origin
      guard function.module == source.module else { continue }
      if frame > 0, case .access(let access) = observation.kind, !access.isTrailing,
        let place = trailing[number][machine.module.location(of: origin)]
      {
        result.refuted.append(place)
      } else if isSeenAtCall(observation.kind, frame, inlined, importer) {
        continue
      }
      result.found.append(
        Located(function: function, observation: observation, origin: moved))
    }
    if machine.fuel >= 0 {
      for value in doubted.sorted() {
        result.refuted += places(of: body.instructions[value].origin, key)
      }
    }
    return result
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

  /// Whether what argues a violation counts where it is.
  ///
  /// A callee that tests a pointer or a number, or answers null, says nothing of what its callers pass
  /// and get: who calls it may know better.
  private func isOfCaller(
    _ confirmation: Confirmation, _ frame: Int, _ inlined: InlinedBody, _ machine: Machine
  ) -> Bool {
    func isAround(_ other: Int, _ inner: Int) -> Bool { inlined.isFrame(other, around: inner) }
    let violation = confirmation.violation
    switch violation.candidate.kind {
    case .null(.tested(let position)): return isAround(machine.frame(at: Int(position)), frame)
    case .null(.assigned(let value)):
      return isAround(Int(inlined.frames[Int(value.index)]), frame)
    default: break
    }
    let boundary = violation.boundary
    if boundary.index > 1, machine.universe[boundary].kind == .guardCondition,
      !isAround(machine.frame(at: machine.universe[boundary].position), frame)
    {
      return false
    }
    if case .access = violation.observation,
      confirmation.state.contentTests.contains(where: {
        $0.region == violation.region && !isAround($0.frame, frame)
      })
    {
      return false
    }
    return !isSizeTested(confirmation, inlined, machine)
      && !isLatent(confirmation, frame, inlined, machine)
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

  /// Whether a callee accesses a caller's object on a condition that the caller does not decide.
  ///
  /// That is the content of memory, or what other code answers. Such an access need not happen in any
  /// call.
  private func isLatent(
    _ confirmation: Confirmation, _ frame: Int, _ inlined: InlinedBody, _ machine: Machine
  ) -> Bool {
    guard case .access = confirmation.violation.observation,
      let owner = confirmation.violation.region.flatMap({ self.frame(of: $0, inlined, machine) }),
      owner != frame, inlined.isFrame(owner, around: frame)
    else { return false }
    let state = confirmation.state
    let goal = confirmation.violation.goal?.form ?? .zero
    return state.trail.contains { block in
      let place = Int(block.position)
      let decider = machine.frame(at: place)
      guard block.isOpen, inlined.isFrame(decider, around: frame),
        !inlined.isFrame(decider, around: owner)
      else { return false }
      let conditions = state.conditions.filter {
        $0.boundary.index > 1 && machine.universe[$0.boundary].position == place
      }
      if conditions.isEmpty { return !machine.asksLibrary(at: place) }
      return conditions.contains { condition in
        (0..<condition.form.count).contains { index in
          let symbol = condition.form[index].symbol
          if case .counter = machine.universe[symbol].kind { return false }
          return goal.coefficient(of: symbol) == 0 && machine.fact(symbol, state).input.isNone
        }
      }
    }
  }

  /// The frame that an object belongs to; `nil` for one that every frame can name.
  private func frame(of region: Region, _ inlined: InlinedBody, _ machine: Machine) -> Int? {
    switch machine.universe[region].kind {
    case .local(let local): Int(inlined.localFrames[Int(local.index)])
    case .heap(let call), .opaque(let call), .made(let call, _):
      Int(inlined.frames[Int(call.index)])
    case .literal, .parameter, .entry: 0
    case .global, .foreign, .choice: nil
    }
  }

  /// Whether a callee tests what the size of a caller's object is made of.
  private func isSizeTested(
    _ confirmation: Confirmation, _ inlined: InlinedBody, _ machine: Machine
  ) -> Bool {
    guard case .access = confirmation.violation.observation,
      let region = confirmation.violation.region,
      case .heap(let call) = machine.universe[region].kind,
      let size = machine.universe[region].size, !size.isConstant
    else { return false }
    // A test that leaves an object without a byte is there for that case.
    if machine.bounds(size, confirmation.state).interval == Interval(0) { return true }
    let maker = Int(inlined.frames[Int(call.index)])
    var parts = (0..<size.count).map { size[$0].symbol }
    var next = 0
    while next < parts.count {
      parts += machine.universe.operands(of: parts[next]).filter { !parts.contains($0) }
      next += 1
    }
    return confirmation.state.conditions.contains { condition in
      guard condition.boundary.index > 1 else { return false }
      let tester = machine.frame(at: machine.universe[condition.boundary].position)
      return tester > 0 && !inlined.isFrame(tester, around: maker)
        && parts.contains { condition.form.coefficient(of: $0) != 0 }
    }
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
    case .unterminated: 2
    case .released(let use): use.isRelease ? 3 : 4
    case .unsafeCall: 5
    case .bound: 6
    case .format: 7
    case .uninitialised: 8
    case .null: 9
    case .size(let size): 10 + Int(size.defect.rawValue)
    }
  }
}
