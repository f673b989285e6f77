// SPDX-License-Identifier: Apache-2.0

// A secret is overwritten, and nobody can read the memory before it ends: then the compiler may leave
// the writing out (C11 5.1.2.3p4). That is a fact of the code behind the call; which bytes are a secret
// is known from the functions that take or make them, else guessed from names.

import Findings
import IR

/// What an address is taken from, in the words of the code: a local, then loads and members.
private struct AddressPath: Hashable {
  enum Part: Hashable {
    case local(LocalID)
    case load
    case field(FieldID)
  }

  var parts: [Part]

  /// Whether the memory is that of a local itself.
  var local: LocalID? {
    if parts.count == 1, case .local(let local) = parts[0] { return local }
    return nil
  }
}

extension Machine {
  /// Asks whether the compiler may leave out that a secret is cleared.
  func lostClear(_ call: PassedCall, _ index: Int, _ found: inout [Observation]) {
    guard index < call.arguments.count, let path = addressPath(of: call.arguments[index]),
      endsUnread(path, behind: call.value)
    else { return }
    let subject = call.arguments[index]
    let maker = secretUse(of: path)
    guard maker != nil || isSecretByName(subject) else { return }
    var observation = ConcernObservation(
      kind: .lostClear, callee: calleeName(call.value),
      expression: module.text(of: body.instructions[subject].origin))
    observation.isAssured = maker != nil
    var steps: [Step] = []
    if let maker {
      observation.source = calleeName(maker)
      steps.append(
        Step(
          location: module.location(of: body.instructions[maker].origin),
          message: "'\(calleeName(maker))' takes or leaves a secret there"))
    }
    add(observation, at: call.value, steps: steps, to: &found)
  }

  private func isSecretByName(_ subject: ValueID) -> Bool {
    if SecretWords.isSensitive(ownName(of: subject)) { return true }
    guard let pointee = pointee(subject), case .record(let record) = module.types[pointee].kind
    else { return false }
    return SecretWords.isSensitive(module.symbols[module.records[record].name])
  }

  /// A call that takes or leaves a secret where a path leads.
  private func secretUse(of path: AddressPath) -> ValueID? {
    for row in body.instructions.rows.indices {
      guard let call = passedCall(ValueID(row)), let model = models[Int(call.target.index)] else {
        continue
      }
      for concern in model.concerns {
        switch concern {
        case .secret(let index), .authenticates(let index):
          if index < call.arguments.count, addressPath(of: call.arguments[index]) == path {
            return call.value
          }
        default: continue
        }
      }
    }
    return nil
  }

  /// What an address is taken from; members and elements of it count as the whole.
  private func addressPath(of address: ValueID) -> AddressPath? {
    switch operation(address) {
    case .cast(_, let operand), .element(let operand, _, _), .dynamicElement(let operand, _, _),
      .field(let operand, _):
      return addressPath(of: operand)
    case .local(let local): return AddressPath(parts: [.local(local)])
    case .load(let place, false):
      guard type(of: address).isPointer, var inner = namedPlace(of: place) else { return nil }
      inner.parts.append(.load)
      return inner
    default: return nil
    }
  }

  /// The very place that an address names.
  private func namedPlace(of address: ValueID) -> AddressPath? {
    switch operation(address) {
    case .local(let local): return AddressPath(parts: [.local(local)])
    case .cast(_, let operand): return namedPlace(of: operand)
    case .field(let base, let field):
      guard var inner = namedPlace(of: base) else { return nil }
      inner.parts.append(.field(field))
      return inner
    case .load: return addressPath(of: address)
    default: return nil
    }
  }

  // MARK: What follows

  private enum Fate {
    case goesOn
    case ends
    case isRead
  }

  /// Whether on every way from a call the memory of a path ends before anybody reads it.
  private func endsUnread(_ path: AddressPath, behind call: ValueID) -> Bool {
    if let local = path.local {
      guard module.types[body.locals[local].type].isAggregate, !body.locals[local].isParameter
      else {
        return false
      }
    }
    let isKnown = path.local.map { escapes($0) } ?? false
    var isSeen = [Bool](repeating: false, count: flow.order.count)
    let start = Int(positions[Int(call.index)])
    var open: [(position: Int, after: Int)] = [(start, Int(call.index))]
    var ends = false
    while let (position, after) = open.popLast() {
      let block = body.blocks[flow.order[position]]
      var fate = Fate.goesOn
      for row in block.instructions.indices where row > after {
        fate = self.fate(of: path, at: ValueID(row), isKnown: isKnown)
        if fate != .goesOn { break }
      }
      if fate == .isRead { return false }
      if fate == .ends {
        ends = true
        continue
      }
      switch block.terminator {
      case .returnVoid, .returnValue:
        guard path.local != nil else { return false }
        ends = true
      case .unreachable: continue
      default: break
      }
      for next in flow.successors[position] where !isSeen[next] {
        isSeen[next] = true
        open.append((next, -1))
      }
    }
    return ends
  }

  /// What becomes of the memory of a path at an instruction.
  private func fate(of path: AddressPath, at value: ValueID, isKnown: Bool) -> Fate {
    switch operation(value) {
    case .load(let address, _), .loadBits(let address, _):
      return addressPath(of: address) == path && !isPlace(address, of: path) ? .isRead : .goesOn
    case .copy(_, let source, _): return addressPath(of: source) == path ? .isRead : .goesOn
    case .store(let address, let stored, _):
      if addressPath(of: stored) == path, type(of: stored).isPointer { return .isRead }
      return path.local == nil && isPlace(address, of: path) ? .isRead : .goesOn
    case .declare(let local), .endScope(let local):
      guard case .local(local)? = path.parts.first else { return .goesOn }
      return path.local != nil ? .ends : .isRead
    case .assembly, .unknown: return .isRead
    case .call(let id): return fate(of: path, body.calls[id], at: value, isKnown: isKnown)
    default: return .goesOn
    }
  }

  /// Whether an address is that of the pointer through which a path leads.
  private func isPlace(_ address: ValueID, of path: AddressPath) -> Bool {
    guard path.parts.last == .load, let place = namedPlace(of: address) else { return false }
    return place.parts == Array(path.parts.dropLast())
  }

  private func fate(
    of path: AddressPath, _ call: Call, at value: ValueID, isKnown: Bool
  ) -> Fate {
    let arguments = Array(body.values(call.arguments))
    let model = self.model(of: value)
    let taken = arguments.indices.filter { addressPath(of: arguments[$0]) == path }
    if path.local == nil {
      for case .release(let index, .memory) in model?.effects ?? [] where taken.contains(index) {
        return .ends
      }
    }
    for case .clears(let index) in concerns(of: value) where taken == [index] { return .goesOn }
    if !taken.isEmpty { return .isRead }
    if path.local != nil, !isKnown { return .goesOn }
    // Who has learnt the address may read it: only functions of memory and strings do not.
    guard let model else { return .isRead }
    let isPure = model.effects.allSatisfy { effect in
      switch effect {
      case .release, .fill, .write, .read, .string, .boundedString, .copy: true
      default: false
      }
    }
    return isPure ? .goesOn : .isRead
  }

  private func concerns(of call: ValueID) -> [Concern] {
    guard let target = passedCall(call)?.target else { return [] }
    return models[Int(target.index)]?.concerns ?? []
  }

  /// Whether code that is not seen can have learnt the address of a local.
  private func escapes(_ local: LocalID) -> Bool {
    let path = AddressPath(parts: [.local(local)])
    return body.instructions.rows.indices.contains { row in
      let value = ValueID(row)
      switch operation(value) {
      case .store(_, let stored, _):
        return type(of: stored).isPointer && addressPath(of: stored) == path
      case .call(let id):
        guard model(of: value) == nil else { return false }
        return body.values(body.calls[id].arguments).contains { addressPath(of: $0) == path }
      default: return false
      }
    }
  }
}
