// SPDX-License-Identifier: Apache-2.0

extension Module {
  /// Breaches of the invariants that `Body` and `Instruction` state, in words; empty for a module that
  /// keeps them.
  ///
  /// For tests and developers: a breach is a bug of the lowering and never a property of the C code.
  public func validate() -> [String] {
    var problems: [String] = []
    for id in functions.ids {
      guard let body = functions[id].body else { continue }
      let name = symbols[functions[id].name]
      var validator = Validator(module: self, body: body, function: functions[id])
      validator.run()
      problems.append(contentsOf: validator.problems.map { "\(name): \($0)" })
    }
    return problems
  }
}

/// Checks one body.
private struct Validator {
  let module: Module
  let body: Body
  let function: Function
  var problems: [String] = []
  /// The block of each instruction.
  var blockOf: ContiguousArray<UInt32> = []
  var immediateDominator: ContiguousArray<UInt32> = []
  var isReachable: ContiguousArray<Bool> = []
  var postorder: ContiguousArray<UInt32> = []

  init(module: Module, body: Body, function: Function) {
    self.module = module
    self.body = body
    self.function = function
  }

  mutating func fail(_ id: ValueID, _ text: String) { problems.append("%\(id.index): \(text)") }

  mutating func run() {
    guard body.blocks.count > 0 else {
      problems.append("no entry block")
      return
    }
    guard assignBlocks(), checkTargets() else { return }
    findDominators()
    for block in body.blocks.ids { check(block) }
  }

  /// Finds the block of each instruction; every instruction must be in exactly one.
  private mutating func assignBlocks() -> Bool {
    blockOf = ContiguousArray(repeating: .max, count: body.instructions.count)
    for block in body.blocks.ids {
      for index in body.blocks[block].instructions.indices {
        guard index < blockOf.count, blockOf[index] == .max else {
          problems.append("b\(block.index): instruction \(index) is in two blocks or in none")
          return false
        }
        blockOf[index] = block.index
      }
    }
    if let stray = blockOf.firstIndex(of: .max) {
      problems.append("%\(stray) is in no block")
      return false
    }
    return true
  }

  private mutating func checkTargets() -> Bool {
    var isGood = true
    for block in body.blocks.ids {
      body.forEachSuccessor(of: block) { target in
        if Int(target.index) >= body.blocks.count { isGood = false }
      }
    }
    if !isGood { problems.append("a jump leads to a block that does not exist") }
    return isGood
  }

  // MARK: Dominance

  /// Immediate dominators by Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm".
  private mutating func findDominators() {
    let count = body.blocks.count
    isReachable = ContiguousArray(repeating: false, count: count)
    var order = ContiguousArray<Int>(repeating: -1, count: count)
    var stack: [(block: UInt32, isDone: Bool)] = [(0, false)]
    while let (block, isDone) = stack.popLast() {
      if isDone {
        order[Int(block)] = postorder.count
        postorder.append(block)
        continue
      }
      if isReachable[Int(block)] { continue }
      isReachable[Int(block)] = true
      stack.append((block, true))
      body.forEachSuccessor(of: BlockID(index: block)) { target in
        if !isReachable[Int(target.index)] { stack.append((target.index, false)) }
      }
    }
    var predecessors = ContiguousArray<ContiguousArray<UInt32>>(repeating: [], count: count)
    for block in postorder {
      body.forEachSuccessor(of: BlockID(index: block)) { target in
        predecessors[Int(target.index)].append(block)
      }
    }
    immediateDominator = ContiguousArray(repeating: .max, count: count)
    immediateDominator[0] = 0
    var isChanged = true
    while isChanged {
      isChanged = false
      for block in postorder.reversed() where block != 0 {
        var dominator = UInt32.max
        for other in predecessors[Int(block)] where immediateDominator[Int(other)] != .max {
          dominator = dominator == .max ? other : meet(dominator, other, order)
        }
        if immediateDominator[Int(block)] != dominator {
          immediateDominator[Int(block)] = dominator
          isChanged = true
        }
      }
    }
  }

  private func meet(_ left: UInt32, _ right: UInt32, _ order: ContiguousArray<Int>) -> UInt32 {
    var (first, second) = (left, right)
    while first != second {
      while order[Int(first)] < order[Int(second)] { first = immediateDominator[Int(first)] }
      while order[Int(second)] < order[Int(first)] { second = immediateDominator[Int(second)] }
    }
    return first
  }

  private func dominates(_ block: UInt32, _ other: UInt32) -> Bool {
    var node = other
    while node != block {
      if node == 0 || immediateDominator[Int(node)] == .max { return false }
      node = immediateDominator[Int(node)]
    }
    return true
  }

  private func isVisible(_ value: ValueID, at position: Int, in block: UInt32) -> Bool {
    guard Int(value.index) < body.instructions.count else { return false }
    let home = blockOf[Int(value.index)]
    if home == block { return Int(value.index) < position }
    return !isReachable[Int(block)] || dominates(home, block)
  }

  // MARK: Instructions

  private mutating func check(_ block: BlockID) {
    let row = body.blocks[block]
    for index in row.instructions.indices {
      let id = ValueID(index)
      var isGood = true
      body.forEachOperand(of: id) { operand in
        if !isVisible(operand, at: index, in: block.index) { isGood = false }
      }
      if isGood { checkTypes(id) } else { fail(id, "uses a value that does not dominate it") }
    }
    let end = row.instructions.indices.upperBound
    var isGood = true
    body.forEachOperand(ofTerminator: block) { operand in
      if !isVisible(operand, at: end, in: block.index) { isGood = false }
    }
    if !isGood { problems.append("b\(block.index): ends with a value that does not dominate it") }
    checkTerminator(row.terminator, block)
  }

  private func type(_ value: ValueID) -> Type { module.types[body.instructions[value].type] }

  private func isScalar(_ type: Type) -> Bool {
    switch type.kind {
    case .bool, .integer, .floating, .pointer: true
    default: false
    }
  }

  private func pointee(_ value: ValueID) -> TypeID? {
    if case .pointer(let pointee) = type(value).kind { pointee } else { nil }
  }

  private mutating func require(_ condition: Bool, _ id: ValueID, _ text: String) {
    if !condition { fail(id, text) }
  }

  private mutating func checkTypes(_ id: ValueID) {
    let row = body.instructions[id]
    let own = module.types[row.type]
    switch row.operation {
    case .constant(let value): checkConstant(value, own, id)
    case .pointerSize(let type):
      require(own.isInteger && module.types[type].isPointer, id, "a size of no pointer")
    case .floating:
      if case .floating = own.kind { break }
      fail(id, "a floating constant of another type")
    case .literal, .local, .global, .function, .block, .resultAddress:
      require(own.isPointer, id, "an address that is no pointer")
    case .field(let base, let field), .loadBits(let base, let field):
      checkMember(base, field, id)
    case .storeBits(let base, let field, let value):
      checkMember(base, field, id)
      require(body.instructions[value].type == row.type, id, "stores a value of another type")
    case .element(let base, let index, _):
      require(type(base).isPointer && own.isPointer, id, "an element of no pointer")
      require(type(index).isInteger, id, "an index that is no integer")
    case .dynamicElement(let base, let index, let stride):
      require(type(base).isPointer && own.isPointer, id, "an element of no pointer")
      require(type(index).isInteger && type(stride).isInteger, id, "an index that is no integer")
    case .load(let address, _):
      require(pointee(address) == row.type, id, "loads through a pointer to another type")
      require(isScalar(own) || own.kind == .unmodelled, id, "loads no scalar")
    case .store(let address, let value, _):
      require(pointee(address) == row.type, id, "stores through a pointer to another type")
      require(body.instructions[value].type == row.type, id, "stores a value of another type")
    case .copy(let destination, let source, _):
      require(type(destination).isPointer && type(source).isPointer, id, "copies no objects")
    case .zero(let address, _): require(type(address).isPointer, id, "clears no object")
    default: checkValueTypes(id)
    }
  }

  private mutating func checkValueTypes(_ id: ValueID) {
    let row = body.instructions[id]
    let own = module.types[row.type]
    switch row.operation {
    case .binary(let operation, let left, let right):
      require(body.instructions[left].type == row.type, id, "a left operand of another type")
      let isShift = operation == .shiftLeft || operation == .shiftRight
      let isEqual = body.instructions[right].type == row.type
      require(isShift ? type(right).isInteger : isEqual, id, "a right operand of another type")
    case .unary(_, let value):
      require(body.instructions[value].type == row.type, id, "an operand of another type")
    case .compare(_, let left, let right):
      require(
        body.instructions[left].type == body.instructions[right].type, id,
        "compares different types")
      require(own.isInteger, id, "a comparison that is no integer")
    case .cast(let kind, let value): checkCast(kind, type(value), own, id)
    case .pointerDifference(let left, let right, let stride):
      require(type(left).isPointer && type(right).isPointer, id, "a distance of no pointers")
      require(stride > 0 && own.isInteger, id, "a distance without a stride")
    case .call(let call): checkCall(body.calls[call], id)
    case .vaStart(let list), .vaEnd(let list), .vaArgument(let list):
      require(type(list).isPointer, id, "a va_list that is no address")
    default: break
    }
  }

  private mutating func checkConstant(_ value: Int64, _ type: Type, _ id: ValueID) {
    switch type.kind {
    case .integer(let width, let isSigned) where width < 64:
      let limit = Int64(1) << Int64(isSigned ? width - 1 : width)
      require(
        value < limit && value >= (isSigned ? -limit : 0), id, "a constant beyond its type")
    case .bool: require(value == 0 || value == 1, id, "a constant beyond its type")
    case .integer, .pointer, .void: break
    default: fail(id, "an integer constant of another type")
    }
  }

  private mutating func checkMember(_ base: ValueID, _ field: FieldID, _ id: ValueID) {
    guard let record = pointee(base), case .record(let row) = module.types[record].kind else {
      fail(id, "a member of no record")
      return
    }
    require(module.fields[field].record == row, id, "a member of another record")
  }

  private mutating func checkCast(_ kind: CastKind, _ from: Type, _ to: Type, _ id: ValueID) {
    let isGood =
      switch kind {
      case .truncate: from.isInteger && to.isInteger && from.width > to.width
      case .signExtend: from.isSigned && to.isInteger && from.width < to.width
      case .zeroExtend: from.isInteger && !from.isSigned && to.isInteger && from.width < to.width
      case .reinterpret: from.isInteger && to.isInteger && from.width == to.width
      case .toBool: to.kind == .bool
      case .integerToFloating: from.isInteger && to.width == 0 && isScalar(to)
      case .floatingToInteger: from.width == 0 && isScalar(from) && to.isInteger
      case .floatingToFloating: from.width == 0 && to.width == 0
      case .pointerToInteger: from.isPointer && to.isInteger
      case .integerToPointer: from.isInteger && to.isPointer
      case .pointerCast, .decay: from.isPointer && to.isPointer
      }
    require(isGood, id, "a cast \(kind) that its types do not allow")
  }

  private mutating func checkCall(_ call: Call, _ id: ValueID) {
    let signature = module.signatures[call.signature]
    let result = module.types[signature.result]
    require(
      result.isAggregate == (call.resultObject != nil), id,
      "an aggregate result without an object, or an object without one")
    if !signature.isVariadic {
      require(
        call.arguments.count == signature.parameters.count, id,
        "\(call.arguments.count) arguments for \(signature.parameters.count) parameters")
    }
    for (argument, parameter) in zip(body.values(call.arguments), signature.parameters) {
      let own = module.types[parameter]
      let isEqual =
        own.isAggregate
        ? pointee(argument) == parameter : body.instructions[argument].type == parameter
      require(isEqual, id, "an argument of another type than its parameter")
    }
  }

  private mutating func checkTerminator(_ terminator: Terminator, _ block: BlockID) {
    switch terminator {
    case .branch(let condition, _, _):
      if !isScalar(type(condition)), type(condition).kind != .unmodelled {
        problems.append("b\(block.index): branches on no scalar")
      }
    case .switch(let id):
      if !type(body.switches[id].value).isInteger {
        problems.append("b\(block.index): switches on no integer")
      }
    case .returnValue(let value):
      if body.instructions[value].type != module.signatures[function.signature].result {
        problems.append("b\(block.index): returns another type")
      }
    case .jump, .indirect, .returnVoid, .unreachable: break
    }
  }
}
