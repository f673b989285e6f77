// SPDX-License-Identifier: Apache-2.0

// What the exploration claims of every instruction, kept on request only, so that a test can hold the
// claims against runs of the program.

import IR

/// What the stable states of one function say.
struct Recording: Sendable {
  /// What is claimed of an instruction's value.
  enum Claim: Hashable, Sendable {
    /// Nothing.
    case anything
    /// Its mathematical value lies in an interval.
    case number(Interval)
    /// It points into a region, or is null where that is allowed; the offset is in bytes.
    case pointer(RegionInfo.Kind, offset: Interval, mayBeNull: Bool)
    /// It is the address of a function.
    case function(FunctionID)
  }

  /// A string in the array that a pointer points into.
  struct Text: Hashable, Sendable {
    /// From the pointer to the start of the array, in bytes.
    var distance: Int64
    /// Bytes of an element.
    var width: Int64
    /// Elements before the terminator.
    var length: Interval
  }

  /// By instruction; `nil` where the exploration does not reach it.
  var claims: [Claim?]

  /// The strings that a pointer's region is claimed to hold, by the instruction that yields it.
  var texts: [[Text]]

  /// Where each block may go, by block.
  var successors: [[BlockID]]

  init(_ body: Body) {
    claims = Array(repeating: nil, count: body.instructions.count)
    texts = Array(repeating: [], count: body.instructions.count)
    successors = Array(repeating: [], count: body.blocks.count)
  }

  /// Forgets the claims of earlier passes over a block.
  mutating func clear(_ block: BlockID, _ rows: Range<Int>) {
    for row in rows {
      claims[row] = nil
      texts[row] = []
    }
    successors[Int(block.index)] = []
  }

  /// Notes that a block may go on in another.
  mutating func note(_ block: BlockID, goesTo target: BlockID) {
    successors[Int(block.index)].append(target)
  }

  fileprivate mutating func note(_ claim: Claim, _ texts: [Text], _ row: Int) {
    claims[row] = claim
    self.texts[row] = texts
  }
}

extension Machine {
  /// Keeps what the state says of an instruction that was just executed, where that is asked for.
  mutating func record(_ row: Int, _ state: State) {
    guard recording != nil, mode == .explore else { return }
    let claim = claim(registers[row], state)
    let texts = texts(registers[row], state)
    recording?.note(claim, texts, row)
  }

  private func texts(_ value: AbstractValue, _ state: State) -> [Recording.Text] {
    guard case .pointer(let region, let offset, _, _) = value, offset.isConstant else { return [] }
    return state.strings.compactMap { fact in
      guard fact.region == region, case .terminated(let length)? = fact.string else { return nil }
      return Recording.Text(
        distance: fact.base - offset.constant, width: fact.width,
        length: bounds(length, state).interval)
    }
  }

  private func claim(_ value: AbstractValue, _ state: State) -> Recording.Claim {
    switch value {
    case .unknown, .floating: .anything
    case .number(let form): .number(bounds(form, state).interval)
    case .pointer(let region, let offset, _, let mayBeNull):
      .pointer(
        universe[region].kind, offset: bounds(offset, state).interval, mayBeNull: mayBeNull)
    case .function(let function): .function(function)
    }
  }
}
