// SPDX-License-Identifier: Apache-2.0

// Calls that take and give back locks, as the code writes them. A function that gives its caller's lock back for
// a while takes one with another address afterwards, as far as the analysis can tell: other code ran in between,
// and may have written the pointer that leads to it. But it writes the lock in the same way.

import IR

/// How an expression leads to an address: from where, and at which bytes each pointer on the way stands.
struct AccessPath: Hashable, Sendable {
  enum Root: Hashable, Sendable {
    case local(LocalID)
    case global(GlobalID)
    case value(ValueID)
  }

  var root: Root
  /// The last is where the address itself leads to.
  var offsets: [Int64] = [0]

  mutating func move(by bytes: Int64) {
    offsets[offsets.count - 1] = offsets[offsets.count - 1].addingSaturating(bytes)
  }
}

/// What a call does to a lock that it names.
struct LockCall: Sendable {
  var call: ValueID
  var path: AccessPath
  var takes: Bool
}

extension Machine {
  /// The calls of the function that take or give back locks with an address.
  mutating func knownLockCalls() -> [LockCall] {
    if let lockCalls { return lockCalls }
    storedOnce = findStoredOnce()
    var found: [LockCall] = []
    for row in body.instructions.rows.indices where positions[row] >= 0 {
      guard case .call(let id) = body.instructions.rows[row].operation else { continue }
      findLockCalls(ValueID(row), body.calls[id], &found)
    }
    lockCalls = found
    return found
  }

  private mutating func findLockCalls(_ value: ValueID, _ call: Call, _ found: inout [LockCall]) {
    let arguments = Array(body.values(call.arguments))
    func add(_ path: AccessPath, takes: Bool) {
      found.append(LockCall(call: value, path: path, takes: takes))
    }
    guard case .function(let target) = call.callee else { return }
    if let summary = facts.summary(of: target, in: module) {
      for row in summary.locks {
        guard row.effect != .borrows, var path = path(of: row.object, arguments) else { continue }
        path.move(by: row.offset)
        add(path, takes: row.effect == .takes)
      }
    } else if let model = models[Int(target.index)], !model.isUnseen {
      for effect in model.effects {
        switch effect {
        case .lock(.argument(let index), _, _) where index >= 0 && index < arguments.count:
          add(path(to: arguments[index]), takes: true)
        case .unlock(.argument(let index), _) where index >= 0 && index < arguments.count:
          add(path(to: arguments[index]), takes: false)
        default: break
        }
      }
    } else if module.symbols[module.functions[target].name].contains("unlock") {
      for argument in arguments where type(of: argument).isPointer {
        add(path(to: argument), takes: false)
      }
    }
  }

  /// The way to a callee's object from here; `nil` where no argument leads to it.
  private func path(of object: InputObject?, _ arguments: [ValueID]) -> AccessPath? {
    switch object {
    case .argument(let index)?: return index < arguments.count ? path(to: arguments[index]) : nil
    case .pointee(let holder, let offset)?:
      guard var path = path(of: holder, arguments) else { return nil }
      path.move(by: offset)
      path.offsets.append(0)
      return path
    case .copy?, .global?, .made?, nil: return nil
    }
  }

  /// The way that an expression for an address goes.
  func path(to address: ValueID, depth: Int = 0) -> AccessPath {
    let address = stripped(address)
    guard depth < 16 else { return AccessPath(root: .value(address)) }
    switch operation(address) {
    case .local(let local): return AccessPath(root: .local(local))
    case .global(let global): return AccessPath(root: .global(global))
    case .field(let base, let field):
      var path = path(to: base, depth: depth + 1)
      path.move(by: Int64(clamping: module.fields[field].byteOffset))
      return path
    case .element(let base, let index, let stride):
      guard case .constant(let index) = operation(stripped(index)) else { break }
      var path = path(to: base, depth: depth + 1)
      let (bytes, overflows) = Int64(clamping: index).multipliedReportingOverflow(by: Int64(stride))
      if overflows { break }
      path.move(by: bytes)
      return path
    case .load(let place, _):
      if case .local(let local) = operation(place), let stored = storedOnce[local] {
        return path(to: stored, depth: depth + 1)
      }
      var path = path(to: place, depth: depth + 1)
      path.offsets.append(0)
      return path
    default: break
    }
    return AccessPath(root: .value(address))
  }

  /// What is stored in locals that one store writes, and nothing else.
  private func findStoredOnce() -> [LocalID: ValueID] {
    var stored: [LocalID: ValueID?] = [:]
    for row in body.instructions.rows {
      guard case .store(let address, let value, _) = row.operation,
        case .local(let local) = operation(address)
      else { continue }
      stored[local] = stored[local] == nil ? .some(value) : .some(nil)
    }
    return stored.compactMapValues { $0 }.filter { local, _ in
      local.index >= body.parameterCount && slots[Int(local.index)] >= 0
    }
  }

  /// Whether two ways are written alike.
  func isAlike(_ first: AccessPath, _ second: AccessPath) -> Bool {
    first.offsets == second.offsets && isSameRoot(first.root, second.root)
  }

  func isSameRoot(_ first: AccessPath.Root, _ second: AccessPath.Root) -> Bool {
    guard case .value(let one) = first, case .value(let other) = second else {
      return first == second
    }
    if isSame(one, other) { return true }
    let text = module.text(of: body.instructions[one].origin)
    return !text.isEmpty && text == module.text(of: body.instructions[other].origin)
  }

  /// How a call writes the lock that it takes.
  mutating func lockPath(of call: ValueID) -> AccessPath? {
    knownLockCalls().first { $0.call == call && $0.takes }?.path
  }

  // MARK: Order

  /// Whether a call that takes a lock comes behind one that gives back a lock written alike, which nothing in the
  /// function has taken before: both are about the caller's.
  mutating func isCallersLock(at call: ValueID) -> Bool {
    if let known = callersLocks[call] { return known }
    var result = false
    if let path = lockPath(of: call) {
      result = knownLockCalls().contains { giver in
        !giver.takes && comesBefore(giver.call, call) && isAlike(giver.path, path)
          && !isTaken(before: giver)
      }
    }
    callersLocks[call] = result
    return result
  }

  /// Whether a lock that is written alike may have been taken before a call gives it back.
  private mutating func isTaken(before giver: LockCall) -> Bool {
    knownLockCalls().contains { other in
      other.takes && comesBefore(other.call, giver.call) && isAlike(other.path, giver.path)
    }
  }

  /// Whether a call gives back what the function has not taken before, as it is written.
  mutating func givesCallersLock(_ call: ValueID) -> Bool {
    let givers = knownLockCalls().filter { $0.call == call && !$0.takes }
    return givers.allSatisfy { !isTaken(before: $0) }
  }

  /// Whether a path over forward edges leads from one call to another.
  private mutating func comesBefore(_ first: ValueID, _ second: ValueID) -> Bool {
    let (from, to) = (Int(positions[Int(first.index)]), Int(positions[Int(second.index)]))
    if from == to { return first.index < second.index }
    guard from < to else { return false }
    if let known = lockReach[from] { return known[to] }
    let reached = reach(from: from)
    lockReach[from] = reached
    return reached[to]
  }

  /// Whether the path gives back a lock that is written like the one that a call takes, before it takes one.
  mutating func isCallersLock(at call: ValueID, on state: State) -> Bool {
    guard let path = lockPath(of: call) else { return false }
    let calls = knownLockCalls().filter { isAlike($0.path, path) }
    for block in state.trail {
      if let first = calls.first(where: {
        Int(positions[Int($0.call.index)]) == Int(block.position)
      }) {
        return !first.takes
      }
    }
    return false
  }

  /// Whether a call that gives back something unknown may mean the lock that another call takes.
  mutating func mayGiveBack(_ call: ValueID, takenBy cause: ValueID) -> Bool {
    guard let path = lockPath(of: cause) else { return false }
    if knownLockCalls().contains(where: { $0.call == call && !$0.takes && isAlike($0.path, path) })
    {
      return true
    }
    guard case .call(let id) = operation(call) else { return false }
    let isUnlock = calleeName(call).lowercased().contains("unlock")
    for argument in body.values(body.calls[id].arguments) where type(of: argument).isPointer {
      let given = self.path(to: argument)
      if isAlike(given, path), isLockItself(argument, takenBy: cause) { return true }
      // `group_unlock(group)` gives back `group->lock`.
      if isUnlock, given.offsets.dropLast() == path.offsets.dropLast(),
        isSameRoot(given.root, path.root)
      {
        return true
      }
    }
    return false
  }

  // MARK: Guards

  /// Whether the path passes a branch of which the other side gives the lock back at once, and both meet.
  ///
  /// `if (locked) unlock();` decides whether the lock is held, and the code knows why.
  ///
  /// With `inCallees` only branches of helpers count, whose code stands in the body.
  mutating func decidesByBranch(
    _ known: LockFact, _ state: State, inCallees: Bool = false
  ) -> Bool {
    if inCallees, inlined == nil { return false }
    guard let path = lockPath(of: known.cause) else { return false }
    let cause = Int(positions[Int(known.cause.index)])
    let givers = knownLockCalls().filter { call in
      !call.takes && (isAlike(call.path, path) || call.path.offsets.last == path.offsets.last)
    }
    if givers.isEmpty { return false }
    let start = state.trail.lastIndex { Int($0.position) == cause } ?? 0
    let way = state.trail[start...]
    for (block, next) in zip(way, way.dropFirst()) where block.isOpen {
      let place = Int(block.position)
      if inCallees, frame(at: place) == frame(at: cause) { continue }
      for side in flow.successors[place] where side > place && side != Int(next.position) {
        if givers.contains(where: { isGivenBack(by: $0.call, onSide: side, of: place, state) }) {
          return true
        }
      }
    }
    return false
  }

  /// Whether one side of a branch gives a lock back before it does anything else, and meets the other behind that.
  private mutating func isGivenBack(
    by call: ValueID, onSide side: Int, of place: Int, _ state: State
  ) -> Bool {
    let order = postDominators()
    let giver = Int(positions[Int(call.index)])
    guard giver >= side, order.passes(giver, from: side), !order.passes(giver, from: place),
      let meet = order.meet(of: place), giver < meet
    else { return false }
    let own = frame(at: place)
    for position in side...giver where order.passes(position, from: side) || position == side {
      for row in body.blocks[flow.order[position]].instructions.indices {
        let value = ValueID(row)
        if value == call { return true }
        guard case .call = operation(value) else { continue }
        let frame = Int(inlined?.frames[row] ?? 0)
        // The way into a helper whose code stands there.
        if let inlined, frame != own,
          inlined.isFrame(frame, around: Int(inlined.frames[Int(call.index)]))
        {
          continue
        }
        if !knownLockCalls().contains(where: { $0.call == value }) { return false }
      }
    }
    return false
  }
}
