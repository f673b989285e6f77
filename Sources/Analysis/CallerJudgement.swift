// SPDX-License-Identifier: Apache-2.0

// What argues nothing where a callee's code stands in the place of a call: a callee serves many callers,
// and what it tests or thinks need not hold for this one.

import IR

extension Machine {
  /// Whether what argues a violation counts where it is.
  ///
  /// A callee that tests a pointer or a number, or answers null, says nothing of what its callers pass
  /// and get: who calls it may know better.
  func isOfCaller(
    _ confirmation: Confirmation, _ here: Int, _ inlined: InlinedBody
  ) -> Bool {
    func isAround(_ other: Int, _ inner: Int) -> Bool { inlined.isFrame(other, around: inner) }
    let violation = confirmation.violation
    switch violation.candidate.kind {
    case .null(.tested(let position)): return isAround(frame(at: Int(position)), here)
    case .null(.assigned(let value)):
      return isAround(Int(inlined.frames[Int(value.index)]), here)
    default: break
    }
    let boundary = violation.boundary
    if boundary.index > 1, universe[boundary].kind == .guardCondition,
      !isAround(frame(at: universe[boundary].position), here)
    {
      return false
    }
    if case .access = violation.observation,
      confirmation.state.contentTests.contains(where: {
        $0.region == violation.region && !isAround($0.frame, here)
      })
    {
      return false
    }
    return !isSizeTested(confirmation, inlined)
      && !isLatent(confirmation, here, inlined)
  }

  /// Whether a callee accesses a caller's object on a condition that the caller does not decide.
  ///
  /// That is the content of memory, or what other code answers. Such an access need not happen in any
  /// call.
  private func isLatent(
    _ confirmation: Confirmation, _ here: Int, _ inlined: InlinedBody
  ) -> Bool {
    guard case .access = confirmation.violation.observation,
      let owner = confirmation.violation.region.flatMap({ frame(of: $0, inlined) }),
      owner != here, inlined.isFrame(owner, around: here)
    else { return false }
    let state = confirmation.state
    let goal = confirmation.violation.goal?.form ?? .zero
    return state.trail.contains { block in
      let place = Int(block.position)
      let decider = frame(at: place)
      guard block.isOpen, inlined.isFrame(decider, around: here),
        !inlined.isFrame(decider, around: owner)
      else { return false }
      let conditions = state.conditions.filter {
        $0.boundary.index > 1 && universe[$0.boundary].position == place
      }
      if conditions.isEmpty { return !asksLibrary(at: place) }
      return conditions.contains { condition in
        (0..<condition.form.count).contains { index in
          let symbol = condition.form[index].symbol
          if case .counter = universe[symbol].kind { return false }
          return goal.coefficient(of: symbol) == 0 && fact(symbol, state).input.isNone
        }
      }
    }
  }

  /// The frame that an object belongs to; `nil` for one that every frame can name.
  private func frame(of region: Region, _ inlined: InlinedBody) -> Int? {
    switch universe[region].kind {
    case .local(let local): Int(inlined.localFrames[Int(local.index)])
    case .heap(let call), .opaque(let call), .made(let call, _):
      Int(inlined.frames[Int(call.index)])
    case .literal, .parameter, .entry: 0
    case .global, .foreign, .choice: nil
    }
  }

  /// Whether a callee tests what the size of a caller's object is made of.
  private func isSizeTested(
    _ confirmation: Confirmation, _ inlined: InlinedBody
  ) -> Bool {
    guard case .access = confirmation.violation.observation,
      let region = confirmation.violation.region,
      case .heap(let call) = universe[region].kind,
      let size = universe[region].size, !size.isConstant
    else { return false }
    // A test that leaves an object without a byte is there for that case.
    if bounds(size, confirmation.state).interval == Interval(0) { return true }
    let maker = Int(inlined.frames[Int(call.index)])
    var parts = (0..<size.count).map { size[$0].symbol }
    var next = 0
    while next < parts.count {
      parts += universe.operands(of: parts[next]).filter { !parts.contains($0) }
      next += 1
    }
    return confirmation.state.conditions.contains { condition in
      guard condition.boundary.index > 1 else { return false }
      let tester = frame(at: universe[condition.boundary].position)
      return tester > 0 && !inlined.isFrame(tester, around: maker)
        && parts.contains { condition.form.coefficient(of: $0) != 0 }
    }
  }
}
