// SPDX-License-Identifier: Apache-2.0

// The steps and values that argue a confirmed violation, in the words of the source.

import IR

extension Machine {
  /// What a confirmation amounts to.
  func observation(_ confirmation: Confirmation) -> Observation {
    let violation = confirmation.violation
    let judgement: Judgement =
      confirmation.isUnsolved ? .possible : violation.isDefinite ? .proven : .witnessed
    let end = violation.candidate.end
    let origin =
      end >= 0 && violation.candidate.kind != .lateCheck
      ? body.blocks[flow.order[Int(end)]].origin
      : body.instructions[violation.candidate.value].origin
    return Observation(
      kind: violation.observation, judgement: judgement, function: function, origin: origin,
      steps: steps(confirmation), witness: witness(confirmation),
      isThroughMember: confirmation.state.passedMember)
  }

  private func steps(_ confirmation: Confirmation) -> [Step] {
    var steps: [Step] = []
    let violation = confirmation.violation
    if let region = violation.region, let declaration = declaration(region) {
      steps.append(declaration)
    }
    if violation.boundary.index > 1 { steps.append(boundaryStep(confirmation)) }
    if let cause = violation.cause { steps.append(causeStep(cause, violation.observation)) }
    steps.append(contentsOf: violation.calleeSteps.prefix(5))
    return steps
  }

  private func declaration(_ region: Region) -> Step? {
    let origin: OriginID
    let name: String
    switch universe[region].kind {
    case .local(let local):
      origin = body.locals[local].origin
      name = module.symbols[body.locals[local].name]
    case .global(let global):
      origin = module.globals[global].origin
      name = module.symbols[module.globals[global].name]
    case .heap(let call):
      guard let size = universe[region].size, size.isConstant else { return nil }
      return Step(
        location: module.location(of: body.instructions[call].origin),
        message: "'\(calleeName(call))' allocates \(bytes(size.constant))")
    default: return nil
    }
    guard let size = universe[region].size, size.isConstant, !name.isEmpty else { return nil }
    return Step(
      location: module.location(of: origin), message: "'\(name)' holds \(bytes(size.constant))")
  }

  private func boundaryStep(_ confirmation: Confirmation) -> Step {
    let boundary = universe[confirmation.violation.boundary]
    let text = text(of: boundary)
    let subject = [boundary.left, boundary.right].compactMap { $0 }.compactMap {
      named($0, confirmation)
    }.first
    var name = subject?.name ?? ""
    var value = subject?.value
    if let own = confirmation.violation.subject {
      name = own.name
      value = confirmation.assignment?.value(of: own.form)
    }
    if name.isEmpty { name = "the value" } else { name = "'\(name)'" }
    let reach = value.map { "\(name) can be \($0)" } ?? "\(name) can reach its bound"
    let message: String
    switch boundary.kind {
    case .loopCondition where leavesLoop(boundary):
      message = "the loop ends when '\(text)' \(boundary.isTaken ? "holds" : "fails"), so \(reach)"
    case .loopCondition:
      message = "the loop runs \(boundary.isTaken ? "while" : "until") '\(text)', so \(reach)"
    case .guardCondition:
      message = boundary.isTaken ? "'\(text)' holds, so \(reach)" : "'\(text)' fails, so \(reach)"
    case .formatted:
      message =
        value.map { "'\(text)' returns \($0) where it would have needed that much room" }
        ?? "'\(text)' returns what it would have needed"
    case .model:
      message = value.map { "'\(text)' can return \($0)" } ?? "'\(text)' can return its limit"
    case .policy:
      message = "the policy lets '\(text)' be so, and \(reach)"
    case .input, .believed:
      message = "'\(text)' can supply any value, so \(reach)"
    case .constant: message = "'\(text)'"
    }
    return Step(location: location(of: boundary), message: message)
  }

  /// Whether a loop is left on the side of its condition that a boundary is about.
  func leavesLoop(_ boundary: Boundary) -> Bool {
    guard case .own = boundary.place else { return !boundary.isTaken }
    return leavesLoop(at: boundary.position, isTrue: boundary.isTaken)
  }

  private func causeStep(_ cause: ValueID, _ observation: Observation.Kind) -> Step {
    let name = calleeName(cause)
    let isText =
      switch observation {
      case .format, .unsafeCall: true
      default: false
      }
    if isText {
      return Step(
        location: module.location(of: body.instructions[cause].origin),
        message: "'\(name)' brings text from outside")
    }
    if case .concern(let concern) = observation {
      let message: String
      switch concern.kind {
      case .staleCheck: message = "'\(name)' looks at the file by its name"
      case .comparison: message = "'\(name)' makes the secret"
      default: message = "'\(name)' brings text from outside"
      }
      return Step(
        location: module.location(of: body.instructions[cause].origin), message: message)
    }
    if case .released(let use) = observation {
      return Step(
        location: module.location(of: body.instructions[cause].origin),
        message: "'\(name)' releases '\(use.object)'")
    }
    var target = ""
    if case .store(let address, _, _) = operation(cause) {
      return Step(
        location: module.location(of: body.instructions[cause].origin),
        message: "each iteration writes '\(module.text(of: body.instructions[address].origin))', "
          + "and never a terminator")
    }
    if case .call(let call) = operation(cause),
      let first = body.values(body.calls[call].arguments).first
    {
      target = module.text(of: body.instructions[first].origin)
    }
    let subject = name.isEmpty ? "this copy" : "'\(name)'"
    return Step(
      location: module.location(of: body.instructions[cause].origin),
      message: "\(subject) can fill '\(target)' and leave it without a terminator")
  }

  private func bytes(_ count: Int64) -> String { count == 1 ? "1 byte" : "\(count) bytes" }

  private func witness(_ confirmation: Confirmation) -> [WitnessValue] {
    let violation = confirmation.violation
    var values: [WitnessValue] = []
    func add(_ value: ValueID) {
      guard let known = named(value, confirmation),
        !values.contains(where: { $0.name == known.name })
      else { return }
      values.append(known)
    }
    if let subject = violation.subject,
      let known = confirmation.assignment?.value(of: subject.form)
    {
      values.append(WitnessValue(name: subject.name, value: known))
    }
    if violation.boundary.index > 1 {
      let boundary = universe[violation.boundary]
      for side in [boundary.left, boundary.right] { side.map(add) }
    }
    switch operation(violation.candidate.value) {
    case .load(let address, _), .store(let address, _, _): addIndices(of: address, add)
    case .call(let call):
      for argument in body.values(body.calls[call].arguments)
      where type(of: argument).isInteger && violation.goal != nil {
        add(argument)
      }
    default: break
    }
    if let cause = violation.cause, let value = fillWitness(cause) { values.append(value) }
    if values.isEmpty { values = attributeWitness(confirmation) }
    if let count = countWitness(confirmation),
      !values.contains(where: { $0.name.hasSuffix(count.name) })
    {
      values.insert(count, at: 0)
    }
    return values
  }

  /// What the member holds that counts the elements of the array.
  private func countWitness(_ confirmation: Confirmation) -> WitnessValue? {
    guard case .access(let access) = confirmation.violation.observation, !access.counter.isEmpty,
      let goal = confirmation.violation.goal?.form,
      let index = (0..<goal.count).first(where: { goal[$0].coefficient < 0 }),
      let value = confirmation.assignment?.value(of: LinearForm(goal[index].symbol))
    else { return nil }
    return WitnessValue(name: access.counter, value: value)
  }

  /// A value that the witness decides, by its source text; a pointer by its distance in elements.
  private func named(_ value: ValueID, _ confirmation: Confirmation) -> WitnessValue? {
    guard let assignment = confirmation.assignment else { return nil }
    let text = module.text(of: body.instructions[value].origin)
    guard !text.isEmpty else { return nil }
    switch registers[Int(value.index)] {
    case .number(let form):
      guard !form.isConstant, let known = assignment.value(of: form) else { return nil }
      return WitnessValue(name: text, value: known)
    case .pointer(let region, let offset, let inside, _):
      let name = objectName(value, region, inside)
      guard !offset.isConstant, !name.isEmpty, name != text, let pointee = pointee(value),
        let distance = offset.subtracting(inside == .none ? .zero : universe[inside].base),
        let bytes = assignment.value(of: distance)
      else { return nil }
      let size = Int128(max(module.types[pointee].size, 1))
      return WitnessValue(name: "\(text) - \(name)", value: bytes / size)
    default: return nil
    }
  }

  /// The lengths of attributes, or the numbers in them, that show it.
  private func attributeWitness(_ confirmation: Confirmation) -> [WitnessValue] {
    guard let assignment = confirmation.assignment, let goal = confirmation.violation.goal?.form
    else { return [] }
    var values: [WitnessValue] = []
    for (place, symbol) in attributeNumbers.sorted(by: { $0.value.index < $1.value.index })
    where goal.coefficient(of: symbol) != 0 {
      guard case .opaque(let maker) = universe[place.table].kind,
        let known = assignment.value(of: LinearForm(symbol))
      else { continue }
      let text = module.text(of: body.instructions[maker].origin)
      values.append(
        WitnessValue(name: place.offset == 0 ? "length of \(text)" : text, value: known))
    }
    return values
  }

  private func addIndices(of address: ValueID, _ add: (ValueID) -> Void) {
    switch operation(address) {
    case .element(let base, let index, _):
      addIndices(of: base, add)
      add(index)
    case .field(let base, _), .cast(_, let base): addIndices(of: base, add)
    default: break
    }
  }

  /// The length of the source that makes a bounded copy leave out the terminator.
  private func fillWitness(_ cause: ValueID) -> WitnessValue? {
    guard case .call(let call) = operation(cause) else { return nil }
    let arguments = Array(body.values(body.calls[call].arguments))
    guard let model = model(of: cause) else { return nil }
    for case .copyBounded(_, let source, .argument(let count)) in model.effects
    where source < arguments.count && count < arguments.count {
      guard let limit = form(arguments[count]), limit.isConstant else { return nil }
      let text = module.text(of: body.instructions[arguments[source]].origin)
      return WitnessValue(name: "strlen(\(text))", value: Int128(limit.constant))
    }
    return nil
  }
}
