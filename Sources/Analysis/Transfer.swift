// SPDX-License-Identifier: Apache-2.0

// What each instruction does to the state.

import IR

extension Machine {
  /// Executes the instructions of the block at the current position, up to `last` where it is given.
  mutating func executeBlock(_ state: inout State, upTo last: ValueID? = nil) {
    let block = body.blocks[flow.order[position]]
    isDead = false
    for row in block.instructions.indices {
      steps += 1
      fuel -= 1
      if fuel < 0 { return }
      let value = ValueID(row)
      registers[row] = execute(value, body.instructions.rows[row], &state)
      if recording != nil { record(row, state) }
      if value == last || isDead { return }
    }
  }

  private mutating func execute(
    _ value: ValueID, _ instruction: Instruction, _ state: inout State
  ) -> AbstractValue {
    switch instruction.operation {
    case .constant(let constant):
      let type = type(of: value)
      if type.isInteger, type.width == 64, !type.isSigned, constant < 0 {
        let exact = Int128(UInt64(bitPattern: constant))
        return unknownNumber(value, Interval(exact), &state, low: .constant, high: .constant)
      }
      if type.isInteger || constant == 0 { return .constant(constant) }
      return .unknown
    case .pointerSize: return .constant(Int64(module.pointerSize))
    case .floating(let bits): return floatingConstant(bits, at: value, &state)
    case .block, .resultAddress: return .unknown
    case .literal(let literal):
      let size = Int64(module.literals[literal].bytes.count)
      let region = universe.region(of: literal, size: LinearForm(constant: size))
      return .pointer(region, offset: .zero, inside: .none, mayBeNull: false)
    case .local(let local): return address(of: local)
    case .global(let global):
      return .pointer(region(of: global), offset: .zero, inside: .none, mayBeNull: false)
    case .function(let function): return .function(function)
    case .field(let base, let field):
      return member(registers[Int(base.index)], field, at: value, &state)
    case .element(let base, let index, let stride):
      if !state.fetches.again.isEmpty {
        useFetched(index, as: .index, at: value, argument: 1, &state)
      }
      return element(
        base, index, stride: LinearForm(constant: Int64(stride)), at: value, &state)
    case .dynamicElement(let base, let index, let stride):
      return element(base, index, stride: form(stride), at: value, &state)
    case .load(let address, let isVolatile):
      return load(address, isVolatile: isVolatile, at: value, &state)
    case .store(let address, let stored, _):
      store(address, stored, at: value, &state)
      return .unknown
    case .loadBits(let base, let field):
      return loadBits(base, field, at: value, &state)
    case .storeBits(let base, let field, _):
      clobberBits(base, field, &state)
      return .unknown
    case .copy(let destination, let source, let bytes):
      copyObject(to: destination, from: source, bytes: Int64(bytes), at: value, &state)
      return .unknown
    case .zero(let address, let bytes):
      let size = LinearForm(constant: Int64(bytes))
      access(address, size, isWrite: true, at: value, argument: 0, state)
      zeroFill(registers[Int(address.index)], size, type: pointee(address), at: value, &state)
      return .unknown
    case .declare(let local):
      declare(local, &state)
      noteDeclaration(local, at: value, &state)
      return .unknown
    case .endScope(let local):
      // Who kept its address still has it, for better or worse.
      if slots[Int(local.index)] >= 0 {
        declare(local, &state)
      } else {
        let region = region(of: local)
        endHolder(region, &state)
        state.forget(region)
      }
      return .unknown
    case .declareArray(let local, let bytes):
      let region = universe.region(of: local, size: nil)
      universe[region].size = form(bytes)
      state.forget(region)
      return .unknown
    case .binary(let op, let left, let right): return binary(op, left, right, at: value, &state)
    case .unary(let op, let operand): return unary(op, operand, at: value, &state)
    case .compare(let op, let left, let right):
      if flow.innermostLoop[position] >= 0, conditionKind(at: position) == .loopCondition {
        checkLoopBound(value, op, left, right, state)
        if !state.fetches.again.isEmpty { useFetched(bound: op, left, right, at: value, &state) }
      }
      switch decide(op, left, right, state) {
      case true?: return .constant(1)
      case false?: return .constant(0)
      case nil:
        let result = unknownNumber(value, Interval(0, 1), &state)
        if !state.errors.isEmpty { noteErrorTest(op, left, right, result, &state) }
        return result
      }
    case .cast(let kind, let operand): return cast(kind, operand, at: value, &state)
    case .pointerDifference(let left, let right, let stride):
      return pointerDifference(left, right, stride: stride, at: value, &state)
    case .call(let call): return self.call(body.calls[call], at: value, &state)
    case .vaStart(let list), .vaEnd(let list):
      clobber(list, &state)
      return .unknown
    case .vaArgument(let list):
      clobber(list, &state)
      return unknownValue(value, &state)
    case .vaCopy(let destination, _):
      clobber(destination, &state)
      return .unknown
    case .assembly(let operands), .unknown(_, let operands):
      for index in operands.indices { handOver(body.operands[index], &state) }
      return unknownValue(value, &state)
    }
  }

  /// The type that a pointer value points to.
  func pointee(_ value: ValueID) -> TypeID? {
    if case .cast(.pointerCast, let operand) = operation(value) { return pointee(operand) }
    if case .pointer(let pointee) = type(of: value).kind { return pointee }
    return nil
  }

  private mutating func address(of local: LocalID) -> AbstractValue {
    if slots[Int(local.index)] >= 0 { return .unknown }
    return .pointer(region(of: local), offset: .zero, inside: .none, mayBeNull: false)
  }

  mutating func region(of local: LocalID) -> Region {
    universe.region(of: local, size: constantSize(of: body.locals[local].type))
  }

  mutating func region(of global: GlobalID) -> Region {
    let type = module.globals[global].type
    return universe.region(of: global, size: endsFlexibly(type) ? nil : constantSize(of: type))
  }

  /// Whether an object can be larger than its type: an initialiser may fill a flexible array member.
  private func endsFlexibly(_ id: TypeID) -> Bool {
    guard case .record(let record) = module.types[id].kind,
      let last = module.records[record].fields.indices.last
    else { return false }
    switch module.types[module.fields.rows[last].type].kind {
    case .unboundedArray, .array(_, 0): return true
    default: return false
    }
  }

  /// The size of a type in bytes; `nil` where an object of it has one of its own.
  private func constantSize(of id: TypeID) -> LinearForm? {
    let type = module.types[id]
    if case .unboundedArray = type.kind { return nil }
    guard type.size > 0 else { return nil }
    return Int64(exactly: type.size).map { LinearForm(constant: $0) }
  }

  private mutating func member(
    _ base: AbstractValue, _ field: FieldID, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let row = module.fields[field]
    let distance = Int64(clamping: row.bitWidth == nil ? row.byteOffset : 0)
    switch base {
    case .pointer(let region, let offset, let inside, _):
      guard let moved = offset.adding(constant: distance) else { return .unknown }
      return .pointer(region, offset: moved, inside: inside, mayBeNull: false)
    case .number(let form) where form.isConstant:
      return form.adding(constant: distance).map { .number($0) } ?? .unknown
    default: return unknownValue(value, &state)
    }
  }

  private mutating func declare(_ local: LocalID, _ state: inout State) {
    let slot = slots[Int(local.index)]
    if slot >= 0 {
      state.locals[slot] = .unknown
      state.setNull(.slot(Int32(slot)), to: [])
      state.initialise(.slot(Int32(slot)))
    } else {
      renew(region(of: local), &state)
    }
  }

  // MARK: Ends of blocks

  /// The states on the edges out of the current block, by successor position; infeasible ones are
  /// left out.
  mutating func leave(_ state: State) -> [(target: Int, state: State)] {
    if isDead { return [] }
    let block = body.blocks[flow.order[position]]
    switch block.terminator {
    case .jump(let target):
      var edge = state
      leaveFills(to: flow.position[Int(target.index)], &edge)
      return [(flow.position[Int(target.index)], edge)]
    case .branch(let condition, let then, let otherwise):
      let kind = conditionKind(at: position)
      var edges: [(target: Int, state: State)] = []
      for (target, isTrue) in [(then, true), (otherwise, false)] {
        var edge = state
        if assume(condition, isTrue, kind, block.origin, &edge) {
          leaveFills(to: flow.position[Int(target.index)], &edge)
          edges.append((flow.position[Int(target.index)], edge))
        }
      }
      return edges
    case .switch(let id): return leaveSwitch(body.switches[id], block.origin, state)
    case .indirect(_, let targets):
      return targets.indices.map {
        (flow.position[Int(body.blockLists[$0].index)], state)
      }
    case .returnVoid, .returnValue, .unreachable: return []
    }
  }

  /// Whether a condition keeps the loop around it running, or is a plain test.
  func conditionKind(at position: Int) -> Boundary.Kind {
    let loop = flow.innermostLoop[position]
    guard loop >= 0, flow.successors[position].contains(where: { !flow.contains(loop, $0) }) else {
      return .guardCondition
    }
    return .loopCondition
  }

  /// Whether an outcome of the condition at a position leaves the innermost loop around it.
  func leavesLoop(at position: Int, isTrue: Bool) -> Bool {
    let loop = flow.innermostLoop[position]
    guard loop >= 0,
      case .branch(_, let then, let otherwise) = body.blocks[flow.order[position]].terminator
    else { return false }
    return !flow.contains(loop, flow.position[Int((isTrue ? then : otherwise).index)])
  }

  private mutating func leaveSwitch(
    _ row: Switch, _ origin: OriginID, _ state: State
  ) -> [(target: Int, state: State)] {
    var edges: [(target: Int, state: State)] = []
    let known = form(row.value)
    var state = state
    if !state.fetches.numbers.isEmpty {
      decideFetched(.equal, known, nil, origin, .guardCondition, &state)
    }
    let boundary = universe.id(
      of: Boundary(
        kind: .guardCondition, place: .own(origin), position: position, isTaken: true,
        left: row.value,
        right: nil))
    for index in row.cases.indices {
      let label = body.cases[index]
      var edge = state
      if let known, let low = number(label.low, row), let high = number(label.high, row) {
        let above = known.subtracting(high)
        let below = low.subtracting(known)
        if let above, !assumeAtMostZero(above, boundary, &edge) { continue }
        if let below, !assumeAtMostZero(below, boundary, &edge) { continue }
      }
      edges.append((flow.position[Int(label.target.index)], edge))
    }
    var rest = state
    if let known {
      for index in row.cases.indices where body.cases[index].low == body.cases[index].high {
        guard let label = number(body.cases[index].low, row), let form = known.subtracting(label)
        else { continue }
        if !assumeNotZero(form, boundary, &rest) { return edges }
      }
    }
    edges.append((flow.position[Int(row.defaultTarget.index)], rest))
    return edges
  }

  /// The value of a label; `nil` where it does not fit a form.
  private func number(_ label: Int64, _ row: Switch) -> LinearForm? {
    let type = type(of: row.value)
    if label < 0, type.width == 64, !type.isSigned { return nil }
    return LinearForm(constant: label)
  }
}
