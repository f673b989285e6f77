// SPDX-License-Identifier: Apache-2.0

import IR

// Loops that look for an element of a table of the program's own, and what follows them. That the table
// has such an element is often kept elsewhere: its last element matches everything, or a count of the free
// ones was asked before.

extension Machine {
  /// Whether a bound is that of a loop that looks into objects of static storage duration and does nothing
  /// else, and the current place is reached from another end of the loop as well.
  func isBehindSearch(_ boundary: BoundaryID) -> Bool {
    guard boundary.index > 1 else { return false }
    let row = universe[boundary]
    guard row.kind == .loopCondition, case .own = row.place,
      case let loop = flow.innermostLoop[row.position], loop >= 0, !flow.contains(loop, position)
    else { return false }
    let blocks = flow.loops[loop].start..<flow.loops[loop].end
    let ends = blocks.filter { $0 != row.position }.flatMap { index in
      flow.successors[index].filter { !flow.contains(loop, $0) }
    }
    return leads(from: ends, around: loop) && looksOnly(blocks)
  }

  /// Whether the current place is reached without the loop.
  private func leads(from starts: [Int], around loop: Int) -> Bool {
    var seen = Set(starts)
    var open = starts
    while let next = open.popLast() {
      if next == position { return true }
      for target in flow.successors[next]
      where !flow.contains(loop, target) && seen.insert(target).inserted { open.append(target) }
    }
    return false
  }

  /// Whether blocks write nothing but locals, and read a variable of static storage duration.
  private func looksOnly(_ blocks: Range<Int>) -> Bool {
    var readsStatic = false
    for index in blocks {
      for row in body.blocks[flow.order[index]].instructions.indices {
        switch body.instructions.rows[row].operation {
        case .store(let address, _, _):
          guard case .local = operation(address) else { return false }
        case .load(let address, _):
          if isStatic(address) { readsStatic = true }
        case .loadBits(let base, _):
          if isStatic(base) { readsStatic = true }
        case .call, .copy, .zero, .storeBits, .assembly, .unknown: return false
        default: break
        }
      }
    }
    return readsStatic
  }

  /// Whether an address lies in a variable of static storage duration, by the expression alone.
  private func isStatic(_ address: ValueID) -> Bool {
    switch operation(address) {
    case .global: true
    case .field(let base, _), .element(let base, _, _), .cast(_, let base),
      .dynamicElement(let base, _, _):
      isStatic(base)
    default: false
    }
  }
}
