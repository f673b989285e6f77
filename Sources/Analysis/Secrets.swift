// SPDX-License-Identifier: Apache-2.0

// Secrets: compared by functions that stop at the first difference, predictable, written into the
// program. Which bytes are a secret is known from the functions that take or make them, else guessed
// from names.

import IR

extension Machine {
  /// Asks whether a comparison is one of secrets for equality.
  mutating func checkComparison(
    _ left: ValueID, _ right: ValueID, at value: ValueID, _ state: State
  ) {
    guard !isOrdering(value) else { return }
    let operands = [left, right]
    guard !operands.contains(where: { literalText(registers[Int($0.index)]) != nil }) else {
      return
    }
    let byName = operands.first { SecretWords.isProof(ownName(of: $0)) }
    if mode == .explore {
      guard byName != nil || knowsSecrets() else { return }
      return raise(.comparison, byName ?? left, 0, at: value, state)
    }
    for operand in operands {
      guard let maker = secretMaker(of: operand, before: value, state) else { continue }
      let name = calleeName(maker)
      return raise(.comparison, operand, 0, at: value, state, cause: maker) { $0.source = name }
    }
    guard let byName else { return }
    raise(.comparison, byName, 0, at: value, state) { $0.isAssured = false }
  }

  /// Whether the answer of a comparison is asked for an order.
  private func isOrdering(_ value: ValueID) -> Bool {
    body.instructions.rows.contains { row in
      guard case .compare(let op, let left, let right) = row.operation,
        left == value || right == value
      else { return false }
      switch op {
      case .equal, .notEqual: return false
      default: return true
      }
    }
  }

  /// Whether the function calls anything that makes secrets.
  private func knowsSecrets() -> Bool {
    body.calls.rows.contains { call in
      guard case .function(let target) = call.callee else { return false }
      return models[Int(target.index)]?.concerns.contains {
        switch $0 {
        case .authenticates, .secretResult: true
        default: false
        }
      } ?? false
    }
  }

  /// The call that made the secret that an address leads to.
  private func secretMaker(
    of address: ValueID, before value: ValueID, _ state: State
  ) -> ValueID? {
    guard case .pointer(let region, _, _, _) = registers[Int(address.index)] else { return nil }
    return passed(before: value, state) { call, concern in
      switch concern {
      case .secretResult:
        guard case .pointer(region, _, _, _) = registers[Int(call.value.index)] else { return nil }
        return call.value
      case .authenticates(let index):
        guard index < call.arguments.count,
          case .pointer(region, _, _, _) = registers[Int(call.arguments[index].index)]
        else { return nil }
        return call.value
      default: return nil
      }
    }
  }

  // MARK: What needs no path

  /// What is questionable in the function whatever path is taken.
  ///
  /// It is read off the code after the exploration.
  func pathlessConcerns() -> [Observation] {
    var found: [Observation] = []
    for row in body.instructions.rows.indices where positions[row] >= 0 {
      let value = ValueID(row)
      if case .store(let address, let stored, _) = operation(value) {
        literalSecret(address, stored, at: value, &found)
      }
      guard let call = passedCall(value), let model = models[Int(call.target.index)] else {
        continue
      }
      for concern in model.concerns {
        switch concern {
        case .clears(let index): lostClear(call, index, &found)
        case .random: weakRandom(call, &found)
        case .secret(let index): literalArgument(call, index, &found)
        case .compares(let left, let right): literalComparison(call, left, right, &found)
        default: continue
        }
      }
    }
    return found
  }

  func add(
    _ observation: ConcernObservation, at value: ValueID, steps: [Step] = [],
    to found: inout [Observation]
  ) {
    found.append(
      Observation(
        kind: .concern(observation), judgement: .proven, function: function,
        origin: body.instructions[value].origin, steps: steps, witness: []))
  }

  /// The name of what an address or a value is taken from: the last member, else the variable.
  func ownName(of value: ValueID) -> String {
    switch operation(value) {
    case .local(let local): module.symbols[body.locals[local].name]
    case .global(let global): module.symbols[module.globals[global].name]
    case .field(let base, let field):
      module.fields[field].name.index == 0 || module.symbols[module.fields[field].name].isEmpty
        ? ownName(of: base) : module.symbols[module.fields[field].name]
    case .element(let base, _, _), .dynamicElement(let base, _, _): ownName(of: base)
    case .cast(_, let operand), .load(let operand, _): ownName(of: operand)
    default: ""
    }
  }

  // MARK: Predictable numbers

  private func weakRandom(_ call: PassedCall, _ found: inout [Observation]) {
    guard let name = sensitiveTarget(of: call.value, depth: 4) else { return }
    var observation = ConcernObservation(
      kind: .weakRandom, callee: calleeName(call.value), expression: name)
    observation.isAssured = false
    add(observation, at: call.value, to: &found)
  }

  /// The name of a secret that a number becomes.
  private func sensitiveTarget(of value: ValueID, depth: Int) -> String? {
    guard depth > 0 else { return nil }
    for row in body.instructions.rows.indices where positions[row] >= 0 {
      let user = ValueID(row)
      switch operation(user) {
      case .cast(_, value), .unary(_, value):
        if let name = sensitiveTarget(of: user, depth: depth) { return name }
      case .binary(_, let left, let right) where left == value || right == value:
        if let name = sensitiveTarget(of: user, depth: depth) { return name }
      case .store(let address, value, _):
        let name = ownName(of: address)
        if SecretWords.isSensitive(name) { return name }
        guard case .local(let local) = operation(address) else { continue }
        for other in body.instructions.rows.indices where positions[other] >= 0 && other != row {
          guard case .load(let place, _) = operation(ValueID(other)),
            case .local(local) = operation(place)
          else { continue }
          if let name = sensitiveTarget(of: ValueID(other), depth: depth - 1) { return name }
        }
      default: continue
      }
    }
    return body.blocks.rows.lazy.compactMap { block -> String? in
      guard case .returnValue(value) = block.terminator else { return nil }
      let name = module.symbols[module.functions[function].name]
      return SecretWords.isSensitive(name) ? name : nil
    }.first
  }

  // MARK: Secrets in the text of the program

  private func literalSecret(
    _ address: ValueID, _ stored: ValueID, at value: ValueID, _ found: inout [Observation]
  ) {
    guard let text = literal(stored) else { return }
    let name = ownName(of: address)
    guard SecretWords.isStoredSecret(name), isLikelySecret(text) else { return }
    var observation = ConcernObservation(kind: .literalSecret, callee: "", expression: name)
    observation.isAssured = false
    add(observation, at: value, to: &found)
  }

  private func literalArgument(
    _ call: PassedCall, _ index: Int, _ found: inout [Observation]
  ) {
    guard index < call.arguments.count, let text = literal(call.arguments[index]), !text.isEmpty
    else { return }
    let observation = ConcernObservation(
      kind: .literalSecret, callee: calleeName(call.value),
      expression: module.text(of: body.instructions[call.arguments[index]].origin))
    add(observation, at: call.value, to: &found)
  }

  private func literalComparison(
    _ call: PassedCall, _ left: Int, _ right: Int, _ found: inout [Observation]
  ) {
    guard max(left, right) < call.arguments.count, isTaken(call.value) else { return }
    for (literal, other) in [(left, right), (right, left)] {
      let name = ownName(of: call.arguments[other])
      guard let text = self.literal(call.arguments[literal]), SecretWords.isStoredSecret(name),
        isLikelySecret(text)
      else { continue }
      var observation = ConcernObservation(
        kind: .literalSecret, callee: calleeName(call.value), expression: name)
      observation.isAssured = false
      add(observation, at: call.value, to: &found)
    }
  }

  /// The characters of a literal that a value is the address of.
  private func literal(_ value: ValueID) -> [UInt8]? {
    switch operation(value) {
    case .cast(_, let operand): return literal(operand)
    case .literal(let id) where module.literals[id].elementSize == 1:
      return Array(module.literals[id].bytes.prefix { $0 != 0 })
    default: return nil
    }
  }
}

/// Whether a text can be a secret: no prompt, option, format, path, placeholder or name of a field.
func isLikelySecret(_ text: [UInt8]) -> Bool {
  guard text.count >= 4, Set(text).count > 2 else { return false }
  let odd = text.contains { $0 <= 0x20 || $0 >= 0x7F || "%<>/[]{}|,".utf8.contains($0) }
  guard !odd, let last = text.last, let first = text.first, !":=?.".utf8.contains(last),
    !"-$".utf8.contains(first)
  else { return false }
  let words = SecretWords.words(of: String(decoding: text, as: UTF8.self))
  let plain: Set<String> = [
    "password", "passwd", "passphrase", "pass", "secret", "key", "pwd", "user", "username", "login",
    "token", "none", "null", "true", "false", "unknown", "default", "required", "plain", "prompt",
    "stdin", "file", "anonymous", "guest", "auth", "credential", "credentials", "invalid", "empty",
  ]
  // A text of such words only is the name of a field or a choice.
  let hasDigit = text.contains { (0x30...0x39).contains($0) }
  return hasDigit || !words.allSatisfy { plain.contains($0) }
}
