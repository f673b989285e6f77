// SPDX-License-Identifier: Apache-2.0

// A function that asks the same of memory twice means that the answer stays: `if (n > 8) p = malloc(n); …
// if (n > 8) free(p);`. Unseen code between them may change what is asked, to the letter; a path that rests on
// that argues with something that nobody has written. Only what the function itself changes, or what it calls
// because of the first answer, can give another one.

import IR

extension Machine {
  /// Whether a path that left the test at the end of a block the other way before can leave it to `target`.
  mutating func canRepeat(_ place: Int, to target: Int, _ state: State) -> Bool {
    guard
      case .branch(let condition, let then, let otherwise) =
        body.blocks[flow.order[place]].terminator, then != otherwise
    else { return true }
    var reads: [ValueID] = []
    guard collectReads(condition, &reads), reads.contains(where: { isInMemory($0) }) else {
      return true
    }
    let trail = state.trail
    for index in trail.indices.dropLast().reversed() {
      let earlier = Int(trail[index].position)
      guard earlier != place,
        case .branch(let other, let first, _) = body.blocks[flow.order[earlier]].terminator,
        isSameTest(other, condition)
      else { continue }
      let next = Int(trail[index + 1].position)
      let wasTrue = next == flow.position[Int(first.index)]
      let isTrue = target == flow.position[Int(then.index)]
      if wasTrue == isTrue { return true }
      return isChanged(reads, trail[(index + 1)...], from: earlier, to: next)
    }
    return true
  }

  /// Whether a load reads what others than the function's own statements may write.
  private func isInMemory(_ read: ValueID) -> Bool {
    guard case .load(let address, _) = operation(read), case .local(let local) = operation(address)
    else { return true }
    return slots[Int(local.index)] < 0
  }

  /// The loads that a condition is made of; answers whether these are all that it is made of.
  private func collectReads(_ value: ValueID, _ reads: inout [ValueID]) -> Bool {
    switch operation(value) {
    case .constant, .local, .global, .pointerSize: return true
    case .load(let address, _):
      reads.append(value)
      return collectReads(address, &reads)
    case .loadBits(let base, _):
      reads.append(value)
      return collectReads(base, &reads)
    case .field(let base, _): return collectReads(base, &reads)
    case .cast(_, let operand), .unary(_, let operand): return collectReads(operand, &reads)
    case .element(let left, let right, _), .binary(_, let left, let right),
      .compare(_, let left, let right):
      return collectReads(left, &reads) && collectReads(right, &reads)
    default: return false
    }
  }

  /// Whether two conditions are written alike.
  private func isSameTest(_ first: ValueID, _ second: ValueID) -> Bool {
    let (first, second) = (stripped(first), stripped(second))
    switch (operation(first), operation(second)) {
    case (.compare(let op, let a, let b), .compare(let other, let c, let d)):
      return op == other && isSameTest(a, c) && isSameTest(b, d)
    case (.binary(let op, let a, let b), .binary(let other, let c, let d)):
      return op == other && isSameTest(a, c) && isSameTest(b, d)
    case (.unary(let op, let a), .unary(let other, let b)): return op == other && isSameTest(a, b)
    case (.loadBits(let a, let field), .loadBits(let b, let other)):
      return field == other && isSame(a, b)
    default: return isSame(first, second)
    }
  }

  /// Whether the function changes what was read, or calls something because of the answer that may.
  private mutating func isChanged(
    _ reads: [ValueID], _ trail: ArraySlice<TrailBlock>, from test: Int, to taken: Int
  ) -> Bool {
    let order = postDominators()
    // Where both sides meet nothing is done because of the answer.
    let isBranch = flow.predecessors[taken].count == 1
    for block in trail {
      let place = Int(block.position)
      let loop = flow.loopAtHead[place]
      let places = loop >= 0 ? flow.loops[loop].start..<flow.loops[loop].end : place..<place + 1
      let isBecause =
        isBranch && flow.dominates(taken, place) && !order.passes(place, from: test)
      for position in places {
        for row in body.blocks[flow.order[position]].instructions.indices
        where changes(body.instructions.rows[row].operation, reads, isBecause: isBecause) {
          return true
        }
      }
    }
    return false
  }

  private func changes(_ operation: Operation, _ reads: [ValueID], isBecause: Bool) -> Bool {
    switch operation {
    case .store(let address, _, _):
      return reads.contains { read in
        if case .load(let place, _) = self.operation(read) { isSame(place, address) } else { false }
      }
    case .storeBits(let base, let field, _):
      return reads.contains { read in
        if case .loadBits(let other, let known) = self.operation(read) {
          field == known && isSame(base, other)
        } else {
          false
        }
      }
    case .copy(let target, _, _), .zero(let target, _):
      return reads.contains { isWithin($0, target) }
    case .call(let id):
      let call = body.calls[id]
      var isModelled = false
      if case .function(let function) = call.callee, let model = models[Int(function.index)] {
        isModelled = !model.isUnseen
      }
      // A library function writes where it says so; other code may change what it is handed, and what is asked
      // is whether it is called for that.
      guard isModelled || isBecause else { return false }
      if isBecause, !isModelled,
        reads.contains(where: { if case .global = self.operation(root($0)) { true } else { false } }
        )
      {
        return true
      }
      return body.values(call.arguments).contains { argument in
        type(of: argument).isPointer && reads.contains { isWithin($0, stripped(argument)) }
      }
    case .assembly, .unknown: return isBecause
    default: return false
    }
  }

  /// Whether what is read lies in the object at an address, as it is written.
  private func isWithin(_ read: ValueID, _ address: ValueID) -> Bool {
    let wanted = stripped(address)
    var place: ValueID
    switch operation(read) {
    case .load(let address, _): place = stripped(address)
    case .loadBits(let base, _): place = stripped(base)
    default: return false
    }
    while true {
      if isSame(place, wanted) { return true }
      switch operation(place) {
      case .field(let base, _), .element(let base, _, _): place = stripped(base)
      default: return false
      }
    }
  }

  /// The address that an expression begins with.
  private func root(_ value: ValueID) -> ValueID {
    var place = stripped(value)
    while true {
      switch operation(place) {
      case .load(let address, _), .loadBits(let address, _): place = stripped(address)
      case .field(let base, _), .element(let base, _, _): place = stripped(base)
      default: return place
      }
    }
  }
}
