// SPDX-License-Identifier: Apache-2.0

// Locks that the function takes and gives back. A lock is known by its place: the same object at the same
// offset. On a single path it is held, free again, or unknown; in joined states a fact says that some path
// makes it so. A lock that the function did not see taken is its caller's.

import IR

/// What a lock is.
enum LockKey: BitwiseCopyable, Hashable, Comparable, Sendable {
  case place(Region, Int64)
  /// One without an address, by its row in the machine's names.
  case named(Int32)

  private var rank: (Int, UInt32, Int64) {
    switch self {
    case .place(let region, let offset): (0, region.index, offset)
    case .named(let row): (1, UInt32(row), 0)
    }
  }

  static func < (left: LockKey, right: LockKey) -> Bool { left.rank < right.rank }
}

/// What is known of a lock that the function takes or gives back.
struct LockFact: BitwiseCopyable, Hashable, Sendable {
  enum Status: UInt8, BitwiseCopyable, Hashable, Sendable {
    case held
    case free
    /// Held or free, as the path decides; never on a single path.
    case either
    /// What unseen code has made of it since it was free.
    case unknown
  }

  var key: LockKey
  var mode: LockMode
  var status: Status
  /// The call that made it so.
  var cause: ValueID
  /// Whether the first that the function did to it was to take it.
  var startsFree: Bool
  /// The result that says whether it was taken, while no condition has asked.
  var pending: Symbol?
  /// Whether it is held where that result is zero, else where it is not.
  var isHeldIfZero = false
}

/// What can be wrong with a lock.
public enum LockMistake: UInt8, Codable, Sendable, Hashable {
  /// It is still held where the function returns.
  case left
  /// It is taken while it is held.
  case twice
  /// It is given back although it was given back before.
  case unlockedTwice
}

extension State {
  /// What is known of a lock.
  func lock(_ key: LockKey) -> LockFact? {
    locks.isEmpty ? nil : locks.first { $0.key == key }
  }

  /// Replaces what is known of a lock; past 16 locks nothing new.
  mutating func setLock(_ fact: LockFact) {
    locks.removeAll { $0.key == fact.key }
    guard locks.count < 16 else { return }
    let index = locks.firstIndex { fact.key < $0.key } ?? locks.count
    locks.insert(fact, at: index)
  }

  /// Forgets whether locks are held.
  mutating func doubtLocks() {
    for index in locks.indices {
      locks[index].status = .unknown
      locks[index].pending = nil
    }
  }

  /// Forgets the locks in an object.
  mutating func forgetLocks(in region: Region) {
    if locks.isEmpty { return }
    locks.removeAll { if case .place(region, _) = $0.key { true } else { false } }
  }
}

extension Machine {
  // MARK: Transfer

  /// Which lock a clause speaks of in a call; `nil` where that is not known.
  private mutating func key(_ place: LockPlace, _ arguments: [ValueID]) -> LockKey? {
    switch place {
    case .named: return namedKey(place)
    case .argument(let index):
      guard index >= 0, index < arguments.count else { return nil }
      return key(registers[Int(arguments[index].index)])
    }
  }

  /// The lock that a word stands for.
  mutating func namedKey(_ place: LockPlace) -> LockKey? {
    guard case .named(let name) = place else { return nil }
    if let row = lockNames.firstIndex(of: name) { return .named(Int32(row)) }
    lockNames.append(name)
    return .named(Int32(lockNames.count - 1))
  }

  func key(_ address: AbstractValue) -> LockKey? {
    guard case .pointer(let region, let offset, _, _) = address, offset.isConstant,
      !isChoice(region)
    else { return nil }
    return .place(region, offset.constant)
  }

  /// A call takes a lock.
  mutating func lock(
    _ place: LockPlace, _ mode: LockMode, _ condition: LockResult, _ arguments: [ValueID],
    at value: ValueID, _ result: AbstractValue, _ state: inout State
  ) {
    shake(&state)
    guard let key = key(place, arguments) else {
      state.holdsUnplaced = true
      return
    }
    var fact = LockFact(
      key: key, mode: mode, status: .held, cause: value, startsFree: !isCallersLock(at: value))
    if condition != .always {
      guard let symbol = result.form?.singleTerm?.symbol else {
        state.locks.removeAll { $0.key == key }
        return
      }
      fact.pending = symbol
      fact.isHeldIfZero = condition == .zero
    } else {
      checkTwice(key, mode, at: value, state)
    }
    take(fact, &state)
  }

  /// Notes that a lock is taken, which it needs to be free for.
  func take(_ fact: LockFact, _ state: inout State) {
    var fact = fact
    if let known = state.lock(fact.key) {
      fact.startsFree = known.startsFree
      // Whoever asks only, and gets it not, changes nothing.
      if fact.pending != nil, settled(known, state).status != .free { return }
    }
    state.setLock(fact)
  }

  /// A call gives a lock back.
  mutating func unlock(
    _ place: LockPlace, _ mode: LockMode, _ arguments: [ValueID], at value: ValueID,
    _ state: inout State
  ) {
    guard let key = key(place, arguments) else {
      // It may be any of them.
      unlockingCalls.insert(value)
      if !state.holdsUnplaced, givesCallersLock(value) { givesUnknown = true }
      state.holdsUnplaced = false
      return state.doubtLocks()
    }
    giveBack(key, mode, at: value, &state)
  }

  mutating func giveBack(
    _ key: LockKey, _ mode: LockMode, at value: ValueID, _ state: inout State
  ) {
    let known = state.lock(key).map { settled($0, state) }
    if mode == .exclusive { checkUnlocked(known, at: value, state) }
    unlocked.insert(key)
    if known == nil, !state.locks.isEmpty {
      // Another way may lead to a lock that is held.
      unlockingCalls.insert(value)
      state.doubtLocks()
    }
    state.setLock(
      LockFact(
        key: key, mode: mode, status: .free, cause: value,
        startsFree: known?.startsFree ?? false))
  }

  /// Whoever waits for a lock finds that others have written what is shared.
  mutating func shake(_ state: inout State) {
    noteHavoc()
    state.isShaken = true
    let before = state
    func isNumber(_ cell: Cell) -> Bool {
      if case .number = cell.value { universe[cell.region].isShared } else { false }
    }
    if before.cells.contains(where: isNumber) { state.cells.removeAll(where: isNumber) }
  }

  /// Unseen code may take what is free, and gives back what its name says; what it does to a lock that it is
  /// handed is not known.
  mutating func forgetLocks(
    calling name: String, _ arguments: [ValueID], at call: ValueID, _ state: inout State
  ) {
    if state.locks.isEmpty { return }
    for index in state.locks.indices where state.locks[index].status == .free {
      state.locks[index].status = .unknown
    }
    for argument in arguments {
      guard let key = key(registers[Int(argument.index)]), var known = state.lock(key),
        model(of: known.cause) != nil, isLockItself(argument, takenBy: known.cause),
        !name.contains("assert"), !name.contains("is_")
      else { continue }
      known.status = .unknown
      known.pending = nil
      unlocked.insert(key)
      state.setLock(known)
    }
    let words = ["unlock", "release", "put", "done", "finish", "end", "exit", "drop", "complete"]
    let text = name.lowercased()
    if words.contains(where: { text.contains($0) }) {
      unlockingCalls.insert(call)
      state.doubtLocks()
    }
  }

  /// Whether an argument is the address of a lock, and not of an object that starts with one: its type is that
  /// with which the lock was taken.
  func isLockItself(_ argument: ValueID, takenBy cause: ValueID) -> Bool {
    guard case .call(let id) = operation(cause) else { return false }
    let pointee = pointedTo(by: argument)
    return pointee != nil
      && body.values(body.calls[id].arguments).contains { pointedTo(by: $0) == pointee }
  }

  private func pointedTo(by value: ValueID) -> TypeID? {
    guard case .pointer(let pointee) = type(of: uncast(value)).kind else { return nil }
    return pointee
  }

  /// Whether a pointer leads to an object whose lock the path holds: it is not null.
  func isLocked(_ pointer: ValueID, _ state: State) -> Bool {
    guard mode == .replay, !state.locks.isEmpty,
      case .pointer(let region, _, _, _) = registers[Int(pointer.index)]
    else { return false }
    return state.locks.contains { fact in
      if case .place(region, _) = fact.key {
        fact.status == .held && fact.pending == nil
      } else {
        false
      }
    }
  }

  /// A fact as far as the conditions that were passed decide it.
  func settled(_ fact: LockFact, _ state: State) -> LockFact {
    guard let symbol = fact.pending else { return fact }
    let known = self.fact(symbol, state).interval
    let isZero = known == Interval(0)
    guard isZero || !known.contains(Interval(0)) else { return fact }
    var result = fact
    result.pending = nil
    result.status = isZero == fact.isHeldIfZero ? .held : .free
    return result
  }

  /// Takes over the facts of two paths.
  func joinLocks(_ left: State, _ right: State, _ result: inout State) {
    if left.locks.isEmpty && right.locks.isEmpty { return }
    for fact in left.locks {
      let known = settled(fact, left)
      guard let other = right.lock(fact.key).map({ settled($0, right) }) else {
        result.setLock(either(known))
        continue
      }
      if known.status == other.status, known.pending == other.pending {
        var merged = known
        merged.startsFree = known.startsFree && other.startsFree
        result.setLock(merged)
      } else {
        var merged = either(mayBeHeld(known) ? known : mayBeHeld(other) ? other : known)
        merged.startsFree = known.startsFree && other.startsFree
        result.setLock(merged)
      }
    }
    for fact in right.locks where left.lock(fact.key) == nil {
      result.setLock(either(settled(fact, right)))
    }
  }

  private func either(_ fact: LockFact) -> LockFact {
    var result = fact
    if fact.status == .unknown { return fact }
    result.status = .either
    result.pending = nil
    return result
  }

  /// What a turn of a loop leaves of locks, for a path that enters it later.
  func leaveLocks(of back: State, _ state: inout State) {
    if state.locks == back.locks { return }
    let entry = state
    state.locks.removeAll { fact in
      back.lock(fact.key).map { settled($0, back) } != settled(fact, entry)
    }
    for fact in back.locks {
      let known = settled(fact, back)
      if known.status != .either, known.pending == nil { state.setLock(known) }
    }
  }

  // MARK: Uses

  private func mayBeHeld(_ fact: LockFact) -> Bool {
    fact.status == .held || fact.status == .either
  }

  /// A lock is taken: nobody who holds it already comes past that.
  mutating func checkTwice(
    _ key: LockKey, _ lockMode: LockMode, callee: [Step] = [], at value: ValueID, _ state: State
  ) {
    guard let known = state.lock(key).map({ settled($0, state) }), mayBeHeld(known),
      known.pending == nil, known.startsFree, known.cause != value,
      known.mode == .exclusive || lockMode == .exclusive
    else { return }
    if self.mode == .replay, decidesByBranch(known, state, inCallees: true) { return }
    report(.twice, known, at: value, end: -1, callee: callee, isAssured: isOwnCode(known), state)
    // Nothing follows on this path.
    if self.mode == .replay { isDead = true }
  }

  /// A lock is given back.
  private mutating func checkUnlocked(_ known: LockFact?, at value: ValueID, _ state: State) {
    guard let known, known.status == .free || known.status == .either, known.pending == nil,
      known.cause != value
    else {
      return
    }
    report(
      .unlockedTwice, known, at: value, end: -1, callee: [], isAssured: isOwnCode(known), state)
  }

  /// Whether the code around the current position did it, and not a callee whose code stands there.
  private func isOwnCode(_ known: LockFact) -> Bool {
    guard inlined != nil else { return true }
    return frame(at: Int(positions[Int(known.cause.index)])) == frame(at: position)
  }

  /// Looks at the locks that the function leaves held where it returns, though it gives them back
  /// elsewhere.
  mutating func checkLocks(_ result: AbstractValue, _ state: State) {
    for fact in state.locks {
      let known = settled(fact, state)
      guard mayBeHeld(known), known.startsFree, known.pending == nil else { continue }
      if mode == .explore {
        report(.left, known, at: known.cause, end: position, callee: [], isAssured: false, state)
        continue
      }
      if losesState(known.cause) {
        report(
          .left, known, at: known.cause, end: position, callee: [], isAssured: true,
          isStateLost: true, state)
        continue
      }
      guard unlocked.contains(known.key) || isGivenBackElsewhere(known),
        let isAssured = isLeft(known, result, state)
      else { continue }
      report(
        .left, known, at: known.cause, end: position, callee: [], isAssured: isAssured, state)
    }
  }

  private mutating func report(
    _ mistake: LockMistake, _ known: LockFact, at value: ValueID, end: Int, callee: [Step],
    isAssured: Bool, isStateLost: Bool = false, _ state: State
  ) {
    let place = mistake != .left && model(of: value) != nil ? value : known.cause
    let name = lockName(place, known.key)
    let verb = mistake == .unlockedTwice ? "gives back" : "takes"
    let cause = calleeName(known.cause)
    let observation = LockObservation(
      mistake: mistake, object: name, callee: calleeName(value), cause: cause,
      isAssured: isAssured, isStateLost: isStateLost)
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: 0, kind: .lock(mistake),
          via: [Int(positions[Int(known.cause.index)])], end: Int32(end)),
        observation: .lock(observation), isDefinite: true, goal: nil, boundary: .none, cause: nil,
        region: nil,
        calleeSteps: [
          Step(
            location: module.location(of: body.instructions[known.cause].origin),
            message: "'\(cause)' \(verb) \(name.isEmpty ? "the lock" : "'\(name)'")")
        ] + callee))
  }

  /// The lock as the program writes it in a call.
  private func lockName(_ call: ValueID, _ key: LockKey) -> String {
    if case .named(let row) = key { return lockNames[Int(row)] }
    guard case .call(let id) = operation(call) else { return "" }
    for argument in body.values(body.calls[id].arguments) where type(of: argument).isPointer {
      let text = module.text(of: body.instructions[argument].origin)
      guard let open = text.firstIndex(of: "(") else { return text }
      // A macro around the call: its first argument.
      return String(text[text.index(after: open)...].prefix { $0 != "," && $0 != ")" })
    }
    return ""
  }

  // MARK: Returns

  /// What a result says of how the function went.
  private enum Outcome {
    case error
    case success
    case unknown
  }

  private func outcome(_ result: AbstractValue, isVoid: Bool, _ state: State) -> Outcome {
    if isVoid { return .unknown }
    switch result {
    case .pointer(let region, _, _, _) where state.error(of: region) != nil:
      if isError(region, state) { return .error }
      return errorResult(result, state) ? .unknown : .success
    case .number(let form):
      let known = bounds(form, state).interval
      if isPointerResult { return known.high <= 0 ? .error : .success }
      if known.high < 0 { return .error }
      return known.low >= 0 ? .success : .unknown
    case .pointer(_, _, _, let mayBeNull): return mayBeNull ? .unknown : .success
    case .unknown, .floating, .function: return .unknown
    }
  }

  private var isPointerResult: Bool {
    let signature = module.signatures[module.functions[function].signature]
    return module.types[signature.result].isPointer
  }

  /// Whether a lock that is held at a return was forgotten there; `nil` where the function is one that
  /// takes it for its caller.
  private mutating func isLeft(
    _ known: LockFact, _ result: AbstractValue, _ state: State
  ) -> Bool? {
    let isVoid: Bool
    if case .returnVoid = body.blocks[flow.order[position]].terminator {
      isVoid = true
    } else {
      isVoid = false
    }
    var others: [Outcome] = []
    for (place, exit) in exits.enumerated() where place != position {
      guard let exit, let fact = exit.lock(known.key).map({ settled($0, exit) }),
        fact.status != .held
      else { continue }
      others.append(outcome(exit.locals[slotCount], isVoid: isVoid, exit))
    }
    if isCallersLock(at: known.cause, on: state) || decidesAlike(known, state)
      || decidesByBranch(known, state)
    {
      return nil
    }
    let takes = isNamedForTaking
    switch outcome(result, isVoid: isVoid, state) {
    case .error: return takes && holdsAtEveryEnd ? nil : true
    case .success:
      if others.allSatisfy({ $0 == .error }) || takes { return nil }
      return others.contains(.success)
    case .unknown:
      if takes { return nil }
      if !isVoid, others.isEmpty, let exit = exits[position],
        exit.lock(known.key).map({ settled($0, exit).status }) == .held
      {
        // Nothing comes out without it.
        return nil
      }
      return isVoid || others.isEmpty || others.contains(.unknown)
    }
  }

  /// Whether the function's name says that it takes something.
  private var isNamedForTaking: Bool {
    let name = module.symbols[module.functions[function].name].lowercased()
    let parts = ["lock", "begin", "start", "acquire", "enter", "get"]
    if parts.contains(where: { name.contains($0) }) { return true }
    let words: Set<Substring> = ["down", "hold", "grab"]
    return name.split(separator: "_").contains { words.contains($0) }
  }

  /// Whether all ways out may hold a lock, one or another: which of them, the result says.
  private var holdsAtEveryEnd: Bool {
    exits.allSatisfy { exit in
      guard let exit else { return true }
      return exit.holdsUnplaced || exit.locks.contains { mayBeHeld(settled($0, exit)) }
    }
  }

  /// Whether a call that gives back something unknown may mean this lock.
  private mutating func isGivenBackElsewhere(_ known: LockFact) -> Bool {
    unlockingCalls.contains { mayGiveBack($0, takenBy: known.cause) }
  }

  /// Whether what a call saved, to be restored when the lock is given back, is in a local of the function that
  /// nothing reads.
  private func losesState(_ call: ValueID) -> Bool {
    guard model(of: call)?.savesState == true else { return false }
    var holders: Set<LocalID> = []
    for row in body.instructions.rows {
      switch row.operation {
      case .store(let address, let stored, _) where stripped(stored) == call:
        guard case .local(let local) = operation(address), !body.locals[local].isAddressTaken else {
          return false
        }
        holders.insert(local)
      case .cast(_, call): break
      default:
        var isUsed = false
        row.operation.forEachOperand(in: body) { if stripped($0) == call { isUsed = true } }
        if isUsed { return false }
      }
    }
    guard !holders.isEmpty else { return false }
    // Where something reads it, other ways out give the lock back.
    return !body.instructions.rows.contains { row in
      if case .load(let address, _) = row.operation, case .local(let local) = operation(address) {
        holders.contains(local)
      } else {
        false
      }
    }
  }

  /// Whether a condition that leaves out giving the lock back stands on the way to taking it as well:
  /// `if (shared) lock(); … if (shared) unlock();`.
  private mutating func decidesAlike(_ known: LockFact, _ state: State) -> Bool {
    let cause = Int(positions[Int(known.cause.index)])
    var givers: Set<Int> = []
    for (row, instruction) in body.instructions.rows.enumerated() where positions[row] >= 0 {
      guard case .call = instruction.operation, givesBack(ValueID(row)) else { continue }
      givers.insert(Int(positions[row]))
    }
    let skipped = skips(of: givers, from: cause, state)
    var before: Set<String> = []
    for block in state.trail {
      if Int(block.position) == cause { break }
      if block.isOpen {
        before.insert(module.text(of: body.blocks[flow.order[Int(block.position)]].origin))
      }
    }
    return skipped.contains { place in
      let text = module.text(of: body.blocks[flow.order[place]].origin)
      return !text.isEmpty && before.contains(text)
    }
  }

  /// Whether a call may give a lock back.
  private func givesBack(_ call: ValueID) -> Bool {
    if let model = model(of: call) {
      return model.effects.contains { if case .unlock = $0 { true } else { false } }
    }
    return calleeName(call).contains("unlock")
  }
}
