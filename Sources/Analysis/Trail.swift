// SPDX-License-Identifier: Apache-2.0

// The blocks of a replayed path, and how much of it is a matter of choice: a defect that needs a
// certain outcome of a condition which nobody relates to it is worth less than one that every way on
// from its cause meets.

import IR

/// A block on a replayed path.
struct TrailBlock: BitwiseCopyable, Hashable, Sendable {
  /// Position in the order of blocks.
  var position: Int32
  /// Whether the path could have left the block another way too.
  var isOpen = false
  /// Whether the block calls unseen code.
  var callsUnseen = false
}

/// How a path leads from a cause to its effect.
struct Passage: Hashable, Sendable {
  /// Conditions on the way that decide whether the effect is reached.
  var guards = 0
  /// Those of them that look at memory, which the rest of the program may keep in step with the cause.
  var memoryGuards = 0
  /// Conditions on the way that decide other things.
  var choices = 0
  /// Whether unseen code is called that the other outcomes of the cause do not call: it may not come
  /// back.
  var callsUnseen = false
}

extension Machine {
  /// How the path in `state` leads from the block at `cause` to the current position.
  ///
  /// `isDecision` tells that the end of the block is the cause, and not a condition on the way.
  mutating func passage(
    from cause: Int, isDecision: Bool, _ state: State
  ) -> Passage {
    let order = postDominators()
    var result = Passage()
    guard let start = state.trail.lastIndex(where: { Int($0.position) == cause }) else {
      return result
    }
    for block in state.trail[start...] {
      let place = Int(block.position)
      if place == position { break }
      let isCause = isDecision && place == cause
      if block.isOpen, !isCause, flow.loopAtHead[place] < 0 {
        if order.passes(position, from: place) { result.choices += 1 } else { result.guards += 1 }
      }
      if block.callsUnseen, !isCause, !order.passes(place, from: cause) {
        result.callsUnseen = true
      }
    }
    if !isDecision { result.memoryGuards = memoryGuards(state.trail[start...], order) }
    if isDecision, state.trail.last?.callsUnseen == true, !order.passes(position, from: cause) {
      result.callsUnseen = true
    }
    return result
  }

  private func memoryGuards(_ trail: ArraySlice<TrailBlock>, _ order: PostDominance) -> Int {
    trail.count { block in
      let place = Int(block.position)
      guard block.isOpen, place != position, !order.passes(position, from: place),
        case .branch(let condition, _, _) = body.blocks[flow.order[place]].terminator
      else { return false }
      return readsMemory(condition)
    }
  }

  /// Whether a condition is computed from what memory holds, and not from locals and calls alone.
  private func readsMemory(_ value: ValueID) -> Bool {
    switch operation(value) {
    case .load(let address, _):
      if case .local = operation(address) { return false }
      if case .pointer(let region, _, _, _) = registers[Int(address.index)] {
        switch universe[region].kind {
        case .local, .heap, .made: return false
        default: break
        }
      }
      return true
    case .loadBits: return true
    case .cast(_, let operand), .unary(_, let operand): return readsMemory(operand)
    case .compare(_, let left, let right), .binary(_, let left, let right):
      return readsMemory(left) || readsMemory(right)
    default: return false
    }
  }
}
