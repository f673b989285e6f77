// SPDX-License-Identifier: Apache-2.0

// The blocks of a replayed path, and how much of it is a matter of choice: a defect that needs a
// certain outcome of a condition which nobody relates to it is worth less than one that every way on
// from its cause meets.

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
    let order = postDominance ?? PostDominance(flow, body)
    postDominance = order
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
    if isDecision, state.trail.last?.callsUnseen == true, !order.passes(position, from: cause) {
      result.callsUnseen = true
    }
    return result
  }
}
