// SPDX-License-Identifier: Apache-2.0

// Which blocks every way to a return passes: what an outcome of a test does not decide.

import IR

/// The post-dominators of a function's blocks, with the returns as the only ends.
///
/// Calls that never come back and endless loops lead nowhere, so nothing that follows a test depends
/// on them.
struct PostDominance: Sendable {
  /// Immediate post-dominator by position; `end` for the blocks that a return follows.
  private var next: [Int]
  private let end: Int

  init(_ flow: ControlFlow, _ body: Body) {
    end = flow.order.count
    next = Array(repeating: -1, count: end + 1)
    let ranks = Self.ranks(flow, body)
    next[end] = end
    let ascending = (0..<end).filter { ranks[$0] >= 0 }.sorted { ranks[$0] > ranks[$1] }
    var changed = true
    while changed {
      changed = false
      for position in ascending {
        var meet = Self.isReturn(position, flow, body) ? end : -1
        for target in flow.successors[position] where next[target] >= 0 {
          meet = meet < 0 ? target : common(meet, target, ranks)
        }
        if meet >= 0, meet != next[position] {
          next[position] = meet
          changed = true
        }
      }
    }
  }

  /// Whether every way from `position` to a return passes `other`.
  func passes(_ other: Int, from position: Int) -> Bool {
    var current = position
    while current != other {
      guard current >= 0, current != end else { return false }
      current = next[current]
    }
    return true
  }

  /// Where all ways on from a block meet first; `nil` where that is behind a return.
  func meet(of position: Int) -> Int? {
    next[position] >= 0 && next[position] != end ? next[position] : nil
  }

  private func common(_ left: Int, _ right: Int, _ ranks: [Int]) -> Int {
    var left = left
    var right = right
    while left != right {
      // The end has the highest rank.
      if left != end, right == end || ranks[left] < ranks[right] {
        left = next[left]
      } else {
        right = next[right]
      }
    }
    return left
  }

  private static func isReturn(_ position: Int, _ flow: ControlFlow, _ body: Body) -> Bool {
    switch body.blocks[flow.order[position]].terminator {
    case .returnVoid, .returnValue: true
    default: false
    }
  }

  /// A post-order of the blocks that reach a return, over the reversed edges; -1 for the others.
  private static func ranks(_ flow: ControlFlow, _ body: Body) -> [Int] {
    var ranks = [Int](repeating: -1, count: flow.order.count)
    var isSeen = [Bool](repeating: false, count: flow.order.count)
    var counter = 0
    for root in flow.order.indices where isReturn(root, flow, body) && !isSeen[root] {
      isSeen[root] = true
      var stack = [(position: root, next: 0)]
      while let top = stack.last {
        let sources = flow.predecessors[top.position]
        if top.next == sources.count {
          ranks[top.position] = counter
          counter += 1
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].next += 1
        let source = sources[top.next]
        if !isSeen[source] {
          isSeen[source] = true
          stack.append((source, 0))
        }
      }
    }
    return ranks
  }
}

extension Machine {
  /// The post-dominators of the function's blocks.
  mutating func postDominators() -> PostDominance {
    let known = postDominance ?? PostDominance(flow, body)
    postDominance = known
    return known
  }
}
