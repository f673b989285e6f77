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
  let units: [ProgramUnit]
  /// Their code, in one array that all looks share.
  private let code: [LazyModule]
  /// Models by function, for each module.
  let models: [Lazy<[FunctionModel?]>]
  let entries: [Lazy<[FunctionID: EntryContract]>]
  let steps: [AnalysisStep]
  let outcomes: [Outcome]
  let fuel: Int
  private let summaries: [FunctionKey: StoredSummary]
  let first: FirstLooks

  /// What is seen, and where.
  struct Place: Hashable, Sendable {
    var module: Int
    var origin: OriginID
    var kind: Int
  }

  /// What is seen in a function.
  struct Located: Hashable, Sendable {
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
    /// What the first look found on the word of a summary, and no path confirms, or one puts better.
    var refuted: [Place] = []
    var steps = 0
    /// What the look learnt from outside.
    var facts: [Fact] = []
    /// Whether an earlier run kept it.
    var isKept = false
    /// Whether what was kept could not be read.
    var isDamaged = false
  }

  init(
    program: Program, units: [ProgramUnit], models: [Lazy<[FunctionModel?]>],
    entries: [Lazy<[FunctionID: EntryContract]>], steps: [AnalysisStep], outcomes: [Outcome],
    fuel: Int
  ) {
    self.program = program
    self.units = units
    code = units.map(\.code)
    self.models = models
    self.entries = entries
    self.steps = steps
    self.outcomes = outcomes
    self.fuel = fuel
    first = FirstLooks(steps, outcomes)
    var summaries: [FunctionKey: StoredSummary] = [:]
    for (step, outcome) in zip(steps, outcomes) { summaries[step.key] = outcome.summary }
    self.summaries = summaries
  }

  /// Looks at the function of a step.
  func look(at number: Int) -> Result {
    let key = steps[number].key
    if let kept = kept(number) { return kept }
    var result = Result()
    guard outcomes[number].result.isComplete else { return result }
    guard let module = code[key.module].value?.module else {
      result.isDamaged = true
      return result
    }
    guard let body = module.functions[key.function].body, body.instructions.count <= 1500 else {
      return result
    }
    var importer = ModuleImporter(code, of: module, position: key.module)
    var asked = AskedFacts()
    guard let inlined = inlined(body, number, &importer, &asked) else {
      result.facts = asked.facts
      return result
    }
    var machine = self.machine(key, importer, inlined)
    if let exploration = machine.explore() {
      replay(exploration, number, importer, inlined, &machine, &asked, &result)
    }
    if asked.isAboutPlaces || speaksOfPlaces(result, key.module, inlined) {
      for call in inlined.calls where call.callee.module != key.module {
        asked.add(Question(kind: .place, call.callee)) { placeDigest(call.callee) }
      }
    }
    result.steps = machine.steps
    result.isDamaged = machine.facts.isDamaged
    result.facts = machine.facts.recorded + asked.facts
    return result
  }

  /// What was kept of the look, where all that it learnt is as it was.
  private func kept(_ number: Int) -> Result? {
    let key = steps[number].key
    for results in units[key.module].results {
      if let stored = results.functions[key.function.index],
        stored.firstDigest == outcomes[number].firstDigest,
        stored.isComplete == outcomes[number].result.isComplete,
        stored.lookFacts.allSatisfy({ answer($0.question, for: key.module) == $0.answer })
      {
        return result(of: stored, in: results)
      }
    }
    return nil
  }

  /// Whether what a look found holds only while the code of other units stands where it does.
  private func speaksOfPlaces(
    _ result: Result, _ module: Int, _ inlined: InlinedBody
  ) -> Bool {
    let others = inlined.calls.map(\.callee).filter { $0.module != module }
    guard !others.isEmpty else { return false }
    if result.found.contains(where: { $0.function.module != module || $0.origin != nil }) {
      return true
    }
    let paths = Set(others.compactMap { path(of: $0) })
    return result.found.contains { located in
      let text = String(
        decoding: RecordEncoder.bytes(of: located.observation), as: UTF8.self)
      return paths.contains { text.contains($0) }
    }
  }

  /// The file in which the code of a function stands.
  private func path(of key: FunctionKey) -> String? {
    guard let module = code[key.module].value?.module,
      let block = module.functions[key.function].body?.blocks.rows.first
    else { return nil }
    return module.files[module.origins[block.origin].file].path
  }

  /// Whether what a look came to was kept of the same code already, though something that it had asked is
  /// answered differently now.
  func isNeedless(_ key: FunctionKey, _ outcome: Outcome, _ look: Result) -> Bool {
    guard outcome.kept == nil || !look.isKept else { return false }
    return units[key.module].results.contains { results in
      guard let stored = results.functions[key.function.index] else { return false }
      let known = result(of: stored, in: results)
      return stored.firstDigest == outcome.firstDigest
        && stored.summary?.digest == outcome.summary?.digest
        && stored.isComplete == outcome.result.isComplete && known.found == look.found
        && known.refuted == look.refuted
    }
  }

  private func result(of stored: StoredFunction, in results: UnitResults) -> Result {
    var result = Result()
    result.steps = stored.lookSteps
    result.facts = stored.lookFacts
    result.isKept = true
    guard !stored.look.isEmpty else { return result }
    guard let look = try? RecordDecoder.value(StoredLook.self, of: stored.look) else {
      result.isDamaged = true
      return result
    }
    func place(_ spot: StoredLook.Spot) -> Place? {
      guard results.units.indices.contains(spot.unit), results.units[spot.unit] >= 0 else {
        result.isDamaged = true
        return nil
      }
      return Place(module: results.units[spot.unit], origin: spot.origin, kind: spot.kind)
    }
    for found in look.found {
      guard results.units.indices.contains(found.unit), results.units[found.unit] >= 0 else {
        result.isDamaged = true
        continue
      }
      result.found.append(
        Located(
          function: FunctionKey(module: results.units[found.unit], function: found.function),
          observation: found.observation, origin: found.origin.flatMap { place($0) }))
    }
    result.refuted = look.refuted.compactMap { place($0) }
    return result
  }

  /// The answer to a question of a second look; nil where it is about something that is not there.
  private func answer(_ question: Question, for asker: Int) -> Digest? {
    switch question.kind {
    case .summary:
      guard let key = program.definition(of: question) else { return nil }
      return key.flatMap { summaries[$0]?.digest } ?? .zero
    case .code:
      guard let key = program.definition(of: question) else { return nil }
      return codeDigest(key, for: asker)
    case .place:
      guard let key = program.definition(of: question) else { return nil }
      return key.map(placeDigest) ?? .zero
    case .judged, .lost: return Digest(first.isThere(question))
    case .seen: return first.kinds(at: question.unit, OriginID(index: question.row))
    default: return program.answer(question)
    }
  }

  /// The code that a call of a function runs, where it may stand in the place of the call.
  private func code(_ key: FunctionKey) -> Body? {
    guard isInlined(key) else { return nil }
    return code[key.module].value?.module.functions[key.function].body
  }

  private func isInlined(_ key: FunctionKey) -> Bool {
    summaries[key] != nil && program.size(of: key) <= Linkage.mostInlined
  }

  /// What tells the code of a function that `asker` has in the place of a call from any other; 0 where it has none.
  private func codeDigest(_ key: FunctionKey?, for asker: Int) -> Digest {
    guard let key, isInlined(key) else { return .zero }
    // What is kept of a unit is kept for its code.
    if key.module == asker { return Digest(true) }
    let code = program.code(of: key)
    return code == .zero ? placeDigest(key) : code
  }

  /// What tells the place of a function's code, and all rows of its unit, from any other.
  private func placeDigest(_ key: FunctionKey) -> Digest {
    let sink = RecordSink()
    sink.put(units[key.module].name)
    sink.put(units[key.module].digest)
    sink.put(UInt64(key.function.index))
    return Digest(of: sink.bytes)
  }

  /// The code of a step's function with that of small callees; `nil` where there are none.
  private func inlined(
    _ body: Body, _ number: Int, _ importer: inout ModuleImporter, _ asked: inout AskedFacts
  ) -> InlinedBody? {
    let key = steps[number].key
    let targets = outcomes[number].indirectTargets
    let limit = body.instructions.count + 400
    return importer.inlining(
      body, of: key.function,
      resolve: { value, named in
        var named = named
        if named == nil, case .some(.some(let target)) = targets[value] {
          named = FunctionKey(module: key.module, function: target)
        }
        guard let named else { return nil }
        let callee = program.definition(of: named.function, in: named.module)
        asked.add(Question(kind: .code, named)) { codeDigest(callee, for: key.module) }
        guard let callee, let code = code(callee) else { return nil }
        return (callee, code)
      },
      accept: { candidate in
        candidate.depth <= 5
          && candidate.size + candidate.body.instructions.count <= limit
      })
  }

  /// Looks for a path to each candidate.
  private func replay(
    _ exploration: Exploration, _ number: Int, _ importer: ModuleImporter, _ inlined: InlinedBody,
    _ machine: inout Machine, _ asked: inout AskedFacts, _ result: inout Result
  ) {
    var leaks: Set<ValueID> = []
    var doubted = Set(outcomes[number].onWord)
    for candidate in machine.candidates.joined() {
      let frame = Int(inlined.frames[Int(candidate.value.index)])
      if candidate.end >= 0, !isNew(candidate, frame, machine, &asked) { continue }
      let place = machine.module.location(of: machine.body.instructions[candidate.value].origin)
      if frame > 0 {
        if inlined.calls[frame - 1].callee.module != steps[number].key.module {
          asked.isAboutPlaces = true
        }
        if asked.isThere(.judged, place, first) { continue }
      }
      if candidate.kind == .leak, leaks.contains(candidate.value) { continue }
      machine.fuel = max(fuel / 8, 1000)
      let confirmation = machine.replay(candidate, exploration)
      // A search that was given up refutes nothing.
      let isDoubted = doubted.contains(candidate.value)
      if confirmation != nil || machine.fuel < 0 { doubted.remove(candidate.value) }
      guard let confirmation else { continue }
      if candidate.kind == .leak { leaks.insert(candidate.value) }
      guard machine.isOfCaller(confirmation, frame, inlined),
        let located = located(confirmation, frame, number, importer, inlined, machine, &asked)
      else { continue }
      if frame == 0, isDoubted {
        // The path says more than the callee's word does: its finding takes the place of the first one.
        result.refuted.append(located.place)
      } else if frame > 0, case .access(let access) = located.observation.kind, !access.isTrailing,
        let known = first.trailing[number][place]
      {
        result.refuted.append(known)
      } else if isSeenAtCall(located.observation.kind, frame, inlined, importer, &asked) {
        continue
      }
      result.found.append(located)
    }
    for value in doubted.sorted() {
      let origin = machine.body.instructions[value].origin
      let module = steps[number].key.module
      for kind in asked.kinds(at: module, origin, first) {
        result.refuted.append(Place(module: module, origin: origin, kind: kind))
      }
    }
  }

  /// A confirmed violation, in the module that its place belongs to.
  private func located(
    _ confirmation: Confirmation, _ frame: Int, _ number: Int, _ importer: ModuleImporter,
    _ inlined: InlinedBody, _ machine: Machine, _ asked: inout AskedFacts
  ) -> Located? {
    var observation = machine.observation(confirmation)
    observation.steps += calls(to: frame, inlined, importer.module)
    if frame > 0, case .access(var access) = observation.kind {
      access.isHandedOn = true
      observation.kind = .access(access)
    }
    let home = self.home(of: frame, inlined, &asked)
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
  private func isNew(
    _ candidate: Candidate, _ frame: Int, _ machine: Machine, _ asked: inout AskedFacts
  ) -> Bool {
    guard candidate.kind == .leak, frame == 0, !machine.calleesGiveBack.contains(candidate.value)
    else { return false }
    let cause = machine.body.instructions[candidate.value].origin
    return !asked.isThere(.lost, machine.module.location(of: cause), first)
  }

  private func machine(
    _ key: FunctionKey, _ importer: ModuleImporter, _ inlined: InlinedBody
  ) -> Machine {
    let imported = importer.importedFunctions
    let imports = Facts.Imports(
      ownFunctions: units[key.module].linkage.functions.count, functions: imported,
      globals: importer.importedGlobals)
    let facts = Facts(
      program: program, summaries: summaries, module: key.module, imports: imports)
    var machine = Machine(
      module: importer.module, moduleIndex: key.module, function: key.function,
      body: inlined.body,
      models: models[key.module].value
        + imported.map { models[$0.module].value[Int($0.function.index)] },
      facts: facts, fuel: fuel)
    machine.inlined = inlined
    machine.entry = entries[key.module].value[key.function]
    return machine
  }

  /// Whether the first look found the same at one of the calls that lead to a frame.
  private func isSeenAtCall(
    _ kind: Observation.Kind, _ frame: Int, _ inlined: InlinedBody, _ importer: ModuleImporter,
    _ asked: inout AskedFacts
  ) -> Bool {
    var around = frame
    while around > 0 {
      let source = importer.source(of: inlined.calls[around - 1].origin)
      if source.module != importer.position { asked.isAboutPlaces = true }
      if asked.kinds(at: source.module, source.origin, first).contains(kind.discriminator) {
        return true
      }
      around = inlined.calls[around - 1].parent
    }
    return false
  }

  /// The frame that a defect is reported in: one whose function has no other callers.
  ///
  /// What goes wrong in a function that many call is for the caller to answer that brings it about.
  private func home(of frame: Int, _ inlined: InlinedBody, _ asked: inout AskedFacts) -> Int {
    var home = frame
    while home > 0 {
      let callee = inlined.calls[home - 1].callee
      let isShared = program.callCount(of: callee) > 1
      asked.add(Question(kind: .shared, callee)) { Digest(isShared) }
      guard isShared else { break }
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

  private func name(of function: FunctionKey) -> String { program.name(of: function) }

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
  var discriminator: Int {
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
    case .userPointer: -49
    case .doubleFetch: -48
    case .errorPointer: -50
    case .revealed: -51
    case .lock(let lock): -40 - Int(lock.mistake.rawValue)
    case .unchecked(let number): -16 - Int(number.role.rawValue)
    case .concern(let concern): -64 - Int(concern.kind.rawValue)
    case .size(let size): 10 + Int(size.defect.rawValue)
    }
  }
}
