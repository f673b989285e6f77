// SPDX-License-Identifier: Apache-2.0

// User memory that one path fetches twice: another thread of the user's may write it in between, so what
// the first copy was checked for, or sized by, need not hold for the second (Wang et al., "How
// Double-Fetch Situations turn into Double-Fetch Vulnerabilities", USENIX Security 2017).

import IR

/// A place in the user's memory: in what a pointer leads to, or at an address that is a number.
struct UserPlace: BitwiseCopyable, Hashable, Sendable {
  /// The region; the one at index 0 where the address is a number.
  var region: Region
  /// Bytes from its start, or the address.
  var address: LinearForm

  /// Bytes from `other` to here, where they are a constant.
  func distance(from other: UserPlace) -> Int64? {
    guard region == other.region, let distance = address.subtracting(other.address),
      distance.isConstant
    else { return nil }
    return distance.constant
  }
}

/// Bytes of an object that a call copied from the user's memory.
struct FetchedBytes: BitwiseCopyable, Hashable, Sendable {
  /// Where the user has them.
  var place: UserPlace
  /// The copy.
  var target: Region
  var low: Int64
  /// After the last byte; `Int64.max` where the end is not known.
  var high: Int64
  /// The call.
  var cause: ValueID
}

/// A number that was read from such a copy.
struct FetchedNumber: BitwiseCopyable, Hashable, Sendable {
  var place: UserPlace
  /// Bytes.
  var size: Int64
  var symbol: Symbol
  /// The call that fetched it.
  var cause: ValueID
  /// What the path decided by it.
  var decision = FetchDecision.none
  /// Where it did.
  var decidedAt = OriginID(0)
}

/// What a path decided by a fetched number, the strongest last.
enum FetchDecision: UInt8, BitwiseCopyable, Hashable, Sendable {
  case none, equality, bound, size
}

/// Bytes of a second copy, of which the path decided something by the first.
struct RefetchedBytes: BitwiseCopyable, Hashable, Sendable {
  var region: Region
  var low: Int64
  /// After the last byte.
  var high: Int64
  /// What they hold, once they were read.
  var symbol: Symbol?
  /// The call that fetched them first.
  var first: ValueID
  var second: ValueID
  var decision: FetchDecision
  var decidedAt: OriginID

  /// Whether both speak of the same copies of the same bytes.
  func isSame(as other: RefetchedBytes) -> Bool {
    (region, low, high, first, second)
      == (other.region, other.low, other.high, other.first, other.second)
  }
}

/// What a path fetched from the user's memory, in the order in which it did.
struct UserFetches: Hashable, Sendable {
  var bytes: ContiguousArray<FetchedBytes> = []
  var numbers: ContiguousArray<FetchedNumber> = []
  var again: ContiguousArray<RefetchedBytes> = []

  /// Forgets copies that are written.
  mutating func forget(_ region: Region, from low: Int64, to high: Int64) {
    if !again.isEmpty { again.removeAll { $0.region == region && $0.low < high && low < $0.high } }
    if !bytes.isEmpty { bytes.removeAll { $0.target == region && $0.low < high && low < $0.high } }
  }

  /// Forgets what is written in terms of a symbol.
  mutating func retire(_ symbol: Symbol) {
    func uses(_ place: UserPlace) -> Bool { place.address.coefficient(of: symbol) != 0 }
    bytes.removeAll { uses($0.place) }
    numbers.removeAll { $0.symbol == symbol || uses($0.place) }
    for index in again.indices where again[index].symbol == symbol { again[index].symbol = nil }
  }

  /// Takes over what another path fetched; past 24 of a kind nothing new, which only loses findings.
  mutating func join(_ other: UserFetches) {
    if self == other { return }
    for row in other.bytes where bytes.count < 24 && !bytes.contains(row) { bytes.append(row) }
    for row in other.numbers {
      let index = numbers.firstIndex {
        ($0.place, $0.symbol, $0.cause) == (row.place, row.symbol, row.cause)
      }
      if let index {
        if numbers[index].decision.rawValue < row.decision.rawValue { numbers[index] = row }
      } else if numbers.count < 24 {
        numbers.append(row)
      }
    }
    for row in other.again { note(row) }
  }

  /// Notes bytes of a second copy.
  mutating func note(_ row: RefetchedBytes) {
    guard let index = again.firstIndex(where: { $0.isSame(as: row) }) else {
      if again.count < 24 { again.append(row) }
      return
    }
    if again[index].symbol != row.symbol { again[index].symbol = nil }
    if again[index].decision.rawValue < row.decision.rawValue {
      again[index].decision = row.decision
      again[index].decidedAt = row.decidedAt
    }
  }
}

extension FunctionModel {
  /// The arguments that say how many bytes the function touches or makes, ascending.
  fileprivate var sizeArguments: [Int] {
    var found: Set<Int> = []
    for effect in effects {
      switch effect {
      case .write(_, let size), .read(_, let size), .output(_, let size), .copy(_, _, let size),
        .fill(_, _, let size), .copyBounded(_, _, let size), .external(_, let size),
        .fetch(_, _, let size):
        found.formUnion(size.arguments)
      default: break
      }
    }
    switch result {
    case .memory(let size, _), .filled(let size), .stack(let size), .resized(_, let size):
      found.formUnion(size.arguments)
    default: break
    }
    return found.sorted()
  }
}

extension Machine {
  /// Whether the function has two calls that fetch what the user has.
  var callsTwoFetches: Bool {
    var count = 0
    for call in body.calls.rows {
      guard case .function(let target) = call.callee, let model = models[Int(target.index)] else {
        continue
      }
      if model.effects.contains(where: { if case .fetch = $0 { true } else { false } }) {
        count += 1
      }
    }
    return count > 1
  }

  // MARK: Fetching

  /// Where a pointer to the user's memory leads; `nil` where nothing is known of it.
  private func userPlace(_ pointer: ValueID) -> UserPlace? {
    switch registers[Int(pointer.index)] {
    case .pointer(let region, let offset, _, _):
      guard !isChoice(region) else { return nil }
      if case .opaque(let maker) = universe[region].kind,
        case .cast(.integerToPointer, let number) = operation(maker),
        let address = form(number).flatMap({ $0.adding(offset) })
      {
        return UserPlace(region: Region(index: 0), address: address)
      }
      return UserPlace(region: region, address: offset)
    case .number(let form) where !form.isConstant:
      return UserPlace(region: Region(index: 0), address: form)
    default: return nil
    }
  }

  /// A call copied bytes of the user's to where `target` leads.
  mutating func noteFetch(
    from source: ValueID, to target: AbstractValue, _ length: LinearForm?, at value: ValueID,
    _ state: inout State
  ) {
    guard fetchesTwice, let place = userPlace(source),
      case .pointer(let region, let offset, _, _) = target, offset.isConstant, !isChoice(region)
    else { return }
    let most = length.map { Int64(clamping: bounds($0, state).interval.high) } ?? .max
    let low = offset.constant
    state.fetches.forget(region, from: low, to: low.addingSaturating(most))
    if let length { decideFetched(size: length, at: value, &state) }
    for number in state.fetches.numbers where number.cause != value && number.decision != .none {
      guard let distance = number.place.distance(from: place), distance >= 0,
        distance.addingSaturating(number.size) <= most
      else { continue }
      let start = low.addingSaturating(distance)
      state.fetches.note(
        RefetchedBytes(
          region: region, low: start, high: start.addingSaturating(number.size), symbol: nil,
          first: number.cause, second: value, decision: number.decision,
          decidedAt: number.decidedAt))
    }
    if state.fetches.bytes.count < 24 {
      state.fetches.bytes.append(
        FetchedBytes(
          place: place, target: region, low: low, high: low.addingSaturating(most), cause: value))
    }
  }

  /// A number was read from a copy of the user's bytes.
  func noteFetched(
    _ region: Region, _ offset: Int64, _ size: Int64, _ content: AbstractValue,
    _ state: inout State
  ) {
    guard let term = content.form?.singleTerm, term.coefficient == 1 else { return }
    let end = offset.addingSaturating(size)
    for index in state.fetches.again.indices {
      let bytes = state.fetches.again[index]
      if bytes.region == region, bytes.low < end, offset < bytes.high {
        state.fetches.again[index].symbol = term.symbol
      }
    }
    for bytes in state.fetches.bytes
    where bytes.target == region && bytes.low <= offset && end <= bytes.high {
      guard state.fetches.numbers.count < 24,
        let address = bytes.place.address.adding(constant: offset - bytes.low)
      else { continue }
      state.fetches.numbers.append(
        FetchedNumber(
          place: UserPlace(region: bytes.place.region, address: address), size: size,
          symbol: term.symbol, cause: bytes.cause))
    }
  }

  // MARK: Deciding

  /// Whether a form is made of a symbol, directly or not.
  private func mentions(_ form: LinearForm, _ symbol: Symbol) -> Bool {
    func isMade(_ other: Symbol, _ depth: Int) -> Bool {
      other == symbol
        || (depth < 4 && universe.operands(of: other).contains { isMade($0, depth + 1) })
    }
    return (0..<form.count).contains { isMade(form[$0].symbol, 0) }
  }

  /// A condition holds two sides against each other: it decides something by a first copy, and judges a
  /// second one again.
  func decideFetched(
    _ op: Comparison, _ left: LinearForm?, _ right: LinearForm?, _ origin: OriginID,
    _ kind: Boundary.Kind, _ state: inout State
  ) {
    let isOrder = op != .equal && op != .notEqual
    // A loop that counts to its bound uses it; one that waits for a value judges it.
    if isOrder, kind == .loopCondition, [left, right].contains(where: { isCounted($0) }) { return }
    for (side, other) in [(left, right), (right, left)] {
      guard let side, !side.isConstant else { continue }
      state.fetches.again.removeAll { bytes in bytes.symbol.map { mentions(side, $0) } ?? false }
      // Who asks for zero, or for a sign, bounds nothing.
      decide(side, by: isOrder && other != .zero ? .bound : .equality, at: origin, &state)
    }
  }

  /// So many bytes are asked for.
  func decideFetched(size: LinearForm, at value: ValueID, _ state: inout State) {
    decide(size, by: .size, at: body.instructions[value].origin, &state)
  }

  private func decide(
    _ form: LinearForm, by decision: FetchDecision, at origin: OriginID, _ state: inout State
  ) {
    for index in state.fetches.numbers.indices {
      let number = state.fetches.numbers[index]
      if number.decision.rawValue < decision.rawValue, mentions(form, number.symbol) {
        state.fetches.numbers[index].decision = decision
        state.fetches.numbers[index].decidedAt = origin
      }
    }
  }

  // MARK: Using

  /// Whether an address is that of an object of the function's own, which nobody keeps.
  func isOwnObject(_ address: ValueID) -> Bool {
    if case .pointer(let region, _, _, _) = registers[Int(address.index)],
      case .local = universe[region].kind
    {
      return true
    }
    return false
  }

  /// A number is used; one of a second copy that nobody judged again is reported.
  mutating func useFetched(
    _ number: ValueID, as use: DoubleFetchObservation.Use, at value: ValueID, argument: Int,
    _ state: inout State
  ) {
    guard let form = form(number), !form.isConstant,
      let bytes = state.fetches.again.first(where: { bytes in
        bytes.symbol.map { mentions(form, $0) } ?? false
      })
    else { return }
    reportDoubleFetch(bytes, number, use, at: value, argument: argument, state)
    state.fetches.again.removeAll { $0.symbol == bytes.symbol }
  }

  /// The condition of a loop.
  mutating func useFetched(
    bound op: Comparison, _ left: ValueID, _ right: ValueID, at value: ValueID,
    _ state: inout State
  ) {
    if op == .equal || op == .notEqual { return }
    if isCounted(form(left)) {
      useFetched(right, as: .loopBound, at: value, argument: 1, &state)
    }
    if isCounted(form(right)) {
      useFetched(left, as: .loopBound, at: value, argument: 0, &state)
    }
  }

  private func isCounted(_ form: LinearForm?) -> Bool { form.map { isCounted($0) } ?? false }

  /// A function whose model is known gets arguments: sizes, and objects whose bytes it compares.
  mutating func useFetched(
    _ model: FunctionModel, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) {
    for index in model.sizeArguments where index < arguments.count {
      if let size = form(arguments[index]) {
        switch model.result {
        case .memory, .resized: decideFetched(size: size, at: value, &state)
        default: break
        }
      }
      useFetched(arguments[index], as: .size, at: value, argument: index, &state)
    }
    for case .read(let index, _) in model.effects where index >= 0 && index < arguments.count {
      if case .pointer(let region, _, _, _) = registers[Int(arguments[index].index)] {
        state.fetches.again.removeAll { $0.region == region }
      }
    }
  }

  /// A function of the program's, or an unseen one, gets arguments: what it does with a second copy is
  /// not followed, and it may judge it.
  mutating func useFetched(
    passing arguments: [ValueID], at value: ValueID, _ state: inout State
  ) {
    for (index, argument) in arguments.enumerated() where !state.fetches.again.isEmpty {
      useFetched(argument, as: .argument, at: value, argument: index, &state)
      guard case .pointer(let region, let offset, _, _) = registers[Int(argument.index)],
        let bytes = state.fetches.again.first(where: {
          $0.region == region && offset.isConstant && offset.constant <= $0.low
            && $0.low < offset.constant.addingSaturating(reach(of: argument))
        })
      else { continue }
      reportDoubleFetch(bytes, argument, .object, at: value, argument: index, state)
      state.fetches.again.removeAll { $0.region == region }
    }
  }

  /// Bytes that a pointer of this type may be used for; any number where its type says none.
  private func reach(of pointer: ValueID) -> Int64 {
    guard let pointee = pointee(uncast(pointer)), module.types[pointee].size > 1 else {
      return .max
    }
    // A last member may go on behind the type.
    if case .record(let record) = module.types[pointee].kind,
      let last = module.records[record].fields.indices.last
    {
      switch module.types[module.fields.rows[last].type].kind {
      case .unboundedArray, .array: return .max
      default: break
      }
    }
    return Int64(clamping: module.types[pointee].size)
  }

  private mutating func reportDoubleFetch(
    _ bytes: RefetchedBytes, _ used: ValueID, _ use: DoubleFetchObservation.Use,
    at value: ValueID, argument: Int, _ state: State
  ) {
    let written = stripped(used)
    let (first, second) = (calleeName(bytes.first), calleeName(bytes.second))
    let decision: DoubleFetchObservation.Decision =
      switch bytes.decision {
      case .none, .equality: .equality
      case .bound: .bound
      case .size: .size
      }
    let observation = DoubleFetchObservation(
      object: module.text(of: body.instructions[written].origin), fetcher: second,
      callee: calleeName(value), decision: decision, use: use)
    func step(_ origin: OriginID, _ message: String) -> Step {
      Step(location: module.location(of: origin), message: message)
    }
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: argument, kind: .doubleFetch,
          via: [bytes.first, bytes.second].map { Int(positions[Int($0.index)]) }),
        observation: .doubleFetch(observation), isDefinite: true, goal: nil, boundary: .none,
        cause: nil, region: nil,
        calleeSteps: [
          step(body.instructions[bytes.first].origin, "'\(first)' fetches it from the user"),
          step(
            bytes.decidedAt,
            decision == .size
              ? "its value decides how much memory is meant" : "its value is checked"),
          step(
            body.instructions[bytes.second].origin,
            "'\(second)' fetches it again; the user may have changed it"),
        ]))
  }
}
