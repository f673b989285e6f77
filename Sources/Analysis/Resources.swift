// SPDX-License-Identifier: Apache-2.0

// What has to be given back: memory, streams and descriptors that the function got, who holds them, and
// what was closed. On a single path a resource is live until it is released or somebody else may know of
// it; what is stored in memory of the function's own is as lost as that memory. In joined states a fact
// says that some path makes it so.

import IR

/// A resource: an object, or the number that stands for a descriptor.
enum ResourceKey: BitwiseCopyable, Hashable, Comparable, Sendable {
  case object(Region)
  case number(Symbol)

  private var rank: (Int, UInt32) {
    switch self {
    case .object(let region): (0, region.index)
    case .number(let symbol): (1, symbol.index)
    }
  }

  static func < (left: ResourceKey, right: ResourceKey) -> Bool { left.rank < right.rank }
}

/// A resource that the function got.
struct Acquisition: BitwiseCopyable, Hashable, Sendable {
  var key: ResourceKey
  /// The call that got it.
  var cause: ValueID
  var family: ResourceFamily
  /// Whether it may have to be given back here.
  var isLive = true
  /// Whether somebody else may know of it.
  var isShared = false
  /// Whether the function put it in memory.
  var isStored = false
  /// The call that was to resize it, until a condition tells whether that has failed.
  var resizedBy: ValueID?
  /// Whether it is still there because a call that was to resize it has failed.
  var survivedResize = false
}

/// A descriptor that was closed.
struct Closing: BitwiseCopyable, Hashable, Sendable {
  var number: Symbol
  /// The call that closed it.
  var cause: ValueID
  /// Whether it happened on every path; on a single path always.
  var isCertain: Bool
}

extension State {
  /// What the function got, if it is this.
  func acquisition(of key: ResourceKey) -> Acquisition? {
    acquired.isEmpty ? nil : acquired.first { $0.key == key }
  }

  /// Notes what the function got; past 32 resources nothing new.
  mutating func acquire(_ acquisition: Acquisition) {
    acquired.removeAll { $0.key == acquisition.key }
    guard acquired.count < 32 else { return }
    let index = acquired.firstIndex { acquisition.key < $0.key } ?? acquired.count
    acquired.insert(acquisition, at: index)
  }

  /// Forgets a resource: it was given back, or there is none.
  mutating func dropAcquired(_ key: ResourceKey) {
    if !acquired.isEmpty { acquired.removeAll { $0.key == key } }
  }

  /// Notes something about a resource of the function.
  mutating func mark(_ key: ResourceKey, _ change: (inout Acquisition) -> Void) {
    guard let index = acquired.firstIndex(where: { $0.key == key }) else { return }
    change(&acquired[index])
  }

  /// A symbol gets a new meaning.
  mutating func retireResources(_ symbol: Symbol) {
    dropAcquired(.number(symbol))
    if !closed.isEmpty { closed.removeAll { $0.number == symbol } }
  }

  /// Notes that a descriptor is closed.
  mutating func close(_ closing: Closing) {
    closed.removeAll { $0.number == closing.number }
    guard closed.count < 32 else { return }
    let index = closed.firstIndex { closing.number < $0.number } ?? closed.count
    closed.insert(closing, at: index)
  }

  /// Takes over the facts of two paths.
  mutating func joinResources(_ left: State, _ right: State) {
    acquired = left.acquired
    if left.acquired != right.acquired {
      for other in right.acquired {
        if let known = acquisition(of: other.key) {
          var merged = known
          merged.isLive = known.isLive || other.isLive
          merged.isShared = known.isShared || other.isShared
          merged.isStored = known.isStored || other.isStored
          if known.resizedBy != other.resizedBy { merged.resizedBy = nil }
          merged.survivedResize = known.survivedResize || other.survivedResize
          acquire(merged)
        } else {
          acquire(other)
        }
      }
    }
    closed = left.closed
    if left.closed != right.closed {
      for index in closed.indices
      where !right.closed.contains(where: { $0.number == closed[index].number && $0.isCertain }) {
        closed[index].isCertain = false
      }
      for other in right.closed where !left.closed.contains(where: { $0.number == other.number }) {
        var merged = other
        merged.isCertain = false
        close(merged)
      }
    }
  }
}

extension Machine {
  // MARK: Getting

  /// A model says that its result has to be given back.
  func acquire(
    _ result: AbstractValue, _ family: ResourceFamily, by call: ValueID, _ state: inout State
  ) {
    switch result {
    case .pointer(let region, .zero, _, _):
      switch universe[region].kind {
      case .heap, .made:
        state.acquire(Acquisition(key: .object(region), cause: call, family: family))
      default: break
      }
    case .number(let form):
      guard let term = form.singleTerm, form == LinearForm(term.symbol) else { return }
      state.acquire(Acquisition(key: .number(term.symbol), cause: call, family: family))
    default: break
    }
  }

  /// Whether the family's resources are objects that a pointer leads to, and nothing but a release ends.
  func isObject(_ family: ResourceFamily) -> Bool {
    switch family {
    case .memory, .virtual, .either, .coherent, .managed, .counted: true
    case .stream, .pipe, .directory, .library: true
    case .descriptor, .mapping, .addresses: false
    }
  }

  /// Whether a call's result is memory of the calling function's frame.
  func isFrameMemory(_ call: ValueID) -> Bool {
    if case .stack? = model(of: call)?.result { return true }
    return false
  }

  /// Whether nobody but the function knows of the object at an address, or knew of it before its end.
  func isOnlyHolder(of address: AbstractValue, _ state: State) -> Bool {
    guard case .pointer(let region, _, _, _) = address else { return false }
    if state.release(of: region) != nil { return true }
    return state.acquisition(of: .object(region)).map { $0.isLive && !$0.isShared } ?? false
  }

  // MARK: Handing on

  /// Somebody else may know of what a value stands for, and of all that can be reached from it.
  mutating func share(_ value: AbstractValue, _ state: inout State) {
    var seen: Set<Region> = []
    share(value, &seen, &state)
  }

  private mutating func share(
    _ value: AbstractValue, _ seen: inout Set<Region>, _ state: inout State
  ) {
    switch value {
    case .pointer(let region, _, _, _):
      guard seen.insert(region).inserted else { return }
      switch universe[region].kind {
      case .choice(let alternatives):
        for alternative in alternatives {
          share(
            .pointer(alternative.region, offset: .zero, inside: .none, mayBeNull: false), &seen,
            &state)
        }
      case .opaque:
        noteShared(.object(region))
        shareLost(&state)
      default: shareKey(.object(region), &state)
      }
      if state.acquired.isEmpty { return }
      for cell in state.cells where cell.region == region { share(cell.value, &seen, &state) }
    case .number(let form):
      for index in 0..<form.count {
        shareKey(.number(form[index].symbol), &state)
        switch universe[form[index].symbol].kind {
        // A number that was converted is the same to whoever gets it, and so is an address as a number.
        case .image(let image): share(.number(image.source), &seen, &state)
        case .value(let made):
          if case .cast(.pointerToInteger, let pointer) = operation(made) {
            share(registers[Int(pointer.index)], &seen, &state)
          }
        default: break
        }
      }
    case .unknown: shareLost(&state)
    case .function, .floating: break
    }
  }

  /// A pointer of unknown target may lead to whatever was lost.
  private mutating func shareLost(_ state: inout State) {
    if state.acquired.isEmpty { return }
    for region in state.lost { shareKey(.object(region), &state) }
  }

  private mutating func shareKey(_ key: ResourceKey, _ state: inout State) {
    noteShared(key)
    state.mark(key) { $0.isShared = true }
  }

  /// A loop gave a local another value.
  mutating func shareOverwritten(
    _ before: AbstractValue, _ after: AbstractValue, _ state: inout State
  ) {
    if state.acquired.isEmpty { return }
    if case .pointer(let region, _, _, _) = before, case .pointer(region, _, _, _) = after {
      return
    }
    if before != after { share(before, &state) }
  }

  /// The parameter whose value at entry a symbol is.
  func isOwnNumber(_ symbol: Symbol) -> LocalID? {
    if case .parameter(let local) = universe[symbol].kind { return local }
    return nil
  }

  /// Notes it for the loops around the current position, and for callers.
  mutating func noteShared(_ key: ResourceKey) {
    guard mode == .explore else { return }
    switch key {
    case .number(let symbol):
      if let local = isOwnNumber(symbol) {
        sharedNumbers |= bit(of: local)
      } else if case .entry = universe[symbol].kind {
        sharesUnnamed = true
      }
    case .object(let region):
      switch universe[region].kind {
      case .parameter, .entry: sharedInputs.insert(region)
      case .opaque: sharesUnnamed = true
      default: break
      }
    }
    noteInLoops(key)
  }

  private mutating func noteInLoops(_ key: ResourceKey) {
    guard mode == .explore else { return }
    var loop = flow.innermostLoop[position]
    while loop >= 0 {
      loopShares[loop].insert(key)
      loop = flow.loops[loop].parent ?? -1
    }
  }

  /// A value is stored: in the function's own memory it is still the function's to give back.
  mutating func noteStored(
    _ content: AbstractValue, in place: AbstractValue, _ state: inout State
  ) {
    if case .pointer(let region, let offset, _, _) = place, offset.isConstant,
      isHolder(region, state)
    {
      switch content {
      case .pointer(let target, _, _, _):
        if isOwn(target) {
          state.mark(.object(target)) { $0.isStored = true }
        } else if case .local = universe[region].kind {
          break
        } else {
          share(content, &state)
        }
      case .number(let form):
        for index in 0..<form.count {
          state.mark(.number(form[index].symbol)) { $0.isStored = true }
        }
        if case .local = universe[region].kind { break }
        share(content, &state)
      case .unknown, .function, .floating: break
      }
      return
    }
    if mode == .explore, case .pointer(let target, _, _, _) = content,
      let known = state.acquisition(of: .object(target))
    {
      givenBack.insert(known.cause)
    }
    share(content, &state)
  }

  /// Whether the function made an object.
  private func isOwn(_ region: Region) -> Bool {
    switch universe[region].kind {
    case .heap, .made: true
    default: false
    }
  }

  /// Whether what is stored in a region is known until the function ends.
  private func isHolder(_ region: Region, _ state: State) -> Bool {
    switch universe[region].kind {
    case .local: !state.isEscaped(region)
    case .parameter, .entry: true
    case .heap, .made:
      state.acquisition(of: .object(region)).map { $0.isLive && !$0.isShared } ?? false
    default: false
    }
  }

  // MARK: Giving back

  /// The function gives a resource back.
  mutating func giveBack(_ key: ResourceKey, _ state: inout State) {
    if mode == .explore, let known = state.acquisition(of: key) {
      givenBack.insert(known.cause)
      if frame(at: position) > 0 { calleesGiveBack.insert(known.cause) }
    }
    state.dropAcquired(key)
  }

  /// Closes a descriptor; a second time is a defect.
  mutating func close(
    _ descriptor: ValueID, at value: ValueID, argument: Int, _ state: inout State
  ) {
    guard let form = form(descriptor), let term = form.singleTerm, form == LinearForm(term.symbol)
    else { return share(registers[Int(descriptor.index)], &state) }
    close(
      term.symbol, name: module.text(of: body.instructions[descriptor].origin), at: value,
      argument: argument, &state)
  }

  mutating func close(
    _ symbol: Symbol, name: String, at value: ValueID, argument: Int, _ state: inout State
  ) {
    if let before = state.closed.first(where: { $0.number == symbol }), before.cause != value {
      let observation = ReleasedObservation(
        object: name, isRelease: true, callee: calleeName(value), cause: calleeName(before.cause),
        family: .descriptor)
      report(
        Violation(
          candidate: Candidate(
            value: value, argument: argument, kind: .afterRelease,
            via: [Int(positions[Int(before.cause.index)])]),
          observation: .released(observation), isDefinite: true, goal: nil, boundary: .none,
          cause: before.cause, region: nil))
    }
    noteInLoops(.number(symbol))
    giveBack(.number(symbol), &state)
    if case .entry = universe[symbol].kind, mode == .explore { sharesUnnamed = true }
    state.close(Closing(number: symbol, cause: value, isCertain: true))
  }
}
