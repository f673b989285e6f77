// SPDX-License-Identifier: Apache-2.0

// What a function does with the strings of its arguments, as callers see it.

import IR

extension Machine {
  /// Notes that the string at a parameter, as the caller left it, is used.
  mutating func noteStringUse(_ address: ValueID, _ state: State) {
    guard mode == .explore,
      case .pointer(let region, .zero, .none, _) = registers[Int(address.index)],
      case .parameter(let local) = universe[region].kind, state.isPristine(region)
    else { return }
    let use = StringUse(local: local, position: position)
    if !stringUses.contains(use) { stringUses.append(use) }
  }

  /// Adds what callers learn about strings.
  func summariseText(_ exit: State, _ made: Set<Region>, _ summary: inout Summary) {
    summary.formats = formatParameters
    for local in Set(stringUses.map(\.local)) where isAlwaysUsed(local) {
      summary.requiredStrings |= bit(of: local)
    }
    for fact in exit.strings where fact.base == 0 {
      guard isVisible(fact.region) || made.contains(fact.region),
        let object = object(of: fact.region)
      else { continue }
      var length: LinearForm?
      if case .terminated(let known)? = fact.string {
        describe(known, exit, &summary)
        length = known
      }
      guard length != nil || fact.external != nil else { continue }
      summary.strings.append(
        SummaryString(
          object: object, length: length, width: fact.width,
          isExternal: fact.external != nil))
    }
  }

  /// Judges what the callee does with the strings of its arguments.
  mutating func judgeText(
    _ summary: Summary, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) {
    guard summary.formats | summary.requiredStrings != 0 else { return }
    for (index, argument) in arguments.prefix(63).enumerated() {
      let bit = UInt64(1) << UInt64(index)
      if summary.formats & bit != 0 { useFormat(argument, at: value, argument: index, &state) }
      if summary.requiredStrings & bit != 0 {
        useString(argument, at: value, argument: index, &state)
      }
    }
  }

  /// Whether every way to a return uses the string at a parameter, unless the parameter is `NULL`.
  private func isAlwaysUsed(_ local: LocalID) -> Bool {
    var isSeen = [Bool](repeating: false, count: flow.order.count)
    for use in stringUses where use.local == local { isSeen[use.position] = true }
    if isSeen[0] { return true }
    isSeen[0] = true
    var open = [0]
    while let next = open.popLast() {
      let block = body.blocks[flow.order[next]]
      switch block.terminator {
      case .returnVoid, .returnValue: return false
      default: break
      }
      let skipped = nullTarget(of: block, local)
      for target in flow.successors[next] where !isSeen[target] && target != skipped {
        isSeen[target] = true
        open.append(target)
      }
    }
    return true
  }

  /// Where a block goes when a parameter is `NULL`, if that is what it tests.
  private func nullTarget(of block: Block, _ local: LocalID) -> Int? {
    guard case .branch(let condition, let then, let otherwise) = block.terminator else {
      return nil
    }
    switch operation(condition) {
    case .compare(.equal, let left, let right) where isTest(left, right, of: local):
      return flow.position[Int(then.index)]
    case .compare(.notEqual, let left, let right) where isTest(left, right, of: local):
      return flow.position[Int(otherwise.index)]
    default:
      return isLoad(condition, of: local) ? flow.position[Int(otherwise.index)] : nil
    }
  }

  private func isTest(_ left: ValueID, _ right: ValueID, of local: LocalID) -> Bool {
    func isNull(_ value: ValueID) -> Bool {
      switch operation(value) {
      case .constant(0): true
      case .cast(_, let operand): isNull(operand)
      default: false
      }
    }
    return (isLoad(left, of: local) && isNull(right)) || (isLoad(right, of: local) && isNull(left))
  }

  private func isLoad(_ value: ValueID, of local: LocalID) -> Bool {
    switch operation(value) {
    case .load(let address, _):
      if case .local(local) = operation(address) { return true }
      return false
    case .cast(_, let operand): return isLoad(operand, of: local)
    default: return false
    }
  }
}

/// A place where the string at a parameter is used.
struct StringUse: Hashable, Sendable {
  var local: LocalID
  var position: Int
}
