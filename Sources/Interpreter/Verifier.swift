// SPDX-License-Identifier: Apache-2.0

// What `Sources/IR` promises and a wrong lowering breaks: handles in range, operands defined before
// they are used, and types that agree. The check is of one function at a time; an operand of another
// block must come from a block that dominates it.

import Findings
public import IR

/// The ways in which a module breaks the contract of the IR, one line each, in the order of the
/// module's functions.
public func verify(_ module: Module) -> [String] {
  var problems: [String] = []
  for index in module.functions.rows.indices {
    guard let body = module.functions.rows[index].body else { continue }
    var verifier = BodyVerifier(module: module, body: body)
    verifier.verify(module.functions.rows[index])
    let name = module.symbols[module.functions.rows[index].name]
    problems += verifier.problems.map { "\(name): \($0)" }
  }
  return problems
}

/// The check of one function.
private struct BodyVerifier {
  let module: Module
  let body: Body
  let scalars: ContiguousArray<Scalar>
  var problems: [String] = []
  /// The block of each instruction.
  private var blockOf: ContiguousArray<Int> = []
  /// The immediate dominator of each block, itself for the entry, -1 where it is unreachable.
  private var dominators: ContiguousArray<Int> = []
  private var current = 0

  init(module: Module, body: Body) {
    self.module = module
    self.body = body
    scalars = ContiguousArray(
      module.types.rows.map { Scalar($0, pointerSize: module.pointerSize) })
  }

  mutating func verify(_ function: Function) {
    guard body.blocks.count > 0 else {
      problems.append("has no blocks")
      return
    }
    assignBlocks()
    guard problems.isEmpty, targetsAreInRange() else { return }
    dominators = immediateDominators(of: body)
    let signature = module.signatures[function.signature]
    if !signature.parameters.isEmpty, signature.parameters.count != Int(body.parameterCount) {
      report("has \(body.parameterCount) parameters, its type \(signature.parameters.count)")
    }
    for (index, block) in body.blocks.rows.enumerated() where dominators[index] >= 0 {
      for instruction in block.instructions.indices {
        current = instruction
        verify(body.instructions.rows[instruction])
      }
      current = block.instructions.indices.upperBound
      verify(block, index, signature)
    }
  }

  private mutating func report(_ message: String) {
    let row = min(current, body.instructions.count - 1)
    var place = ""
    if row >= 0 {
      let origin = body.instructions.rows[row].origin
      place = " (line \(module.location(of: origin).start.line): \(module.text(of: origin)))"
    }
    problems.append("%\(current) \(message)\(place)")
  }

  /// Every instruction belongs to one block.
  private mutating func assignBlocks() {
    blockOf = ContiguousArray(repeating: -1, count: body.instructions.count)
    for (index, block) in body.blocks.rows.enumerated() {
      for instruction in block.instructions.indices {
        guard instruction < blockOf.count else {
          problems.append("block \(index) reaches past the instructions")
          return
        }
        if blockOf[instruction] >= 0 {
          problems.append("%\(instruction) lies in blocks \(blockOf[instruction]) and \(index)")
        }
        blockOf[instruction] = index
      }
    }
  }

  private mutating func targetsAreInRange() -> Bool {
    for index in body.blocks.rows.indices {
      body.forEachSuccessor(of: BlockID(index)) { target in
        if Int(target.index) >= body.blocks.count {
          problems.append("block \(index) leads to block \(target.index), which is not there")
        }
      }
    }
    return problems.isEmpty
  }

  // MARK: Operands

  private func type(_ id: ValueID) -> Type { module.types[body.instructions[id].type] }

  private func scalar(_ id: ValueID) -> Scalar {
    scalars[Int(body.instructions[id].type.index)]
  }

  /// Whether a value is there and defined where it is used.
  private mutating func uses(_ id: ValueID) -> Bool {
    let definition = Int(id.index)
    guard definition < body.instructions.count, blockOf[definition] >= 0 else {
      report("uses %\(definition), which is in no block")
      return false
    }
    let block =
      current < blockOf.count && blockOf[current] >= 0
      ? blockOf[current] : blockOf[max(0, current - 1)]
    return isDefined(definition, in: block)
  }

  private mutating func isDefined(_ definition: Int, in block: Int) -> Bool {
    if blockOf[definition] == block {
      if definition < current { return true }
    } else if dominates(blockOf[definition], block) {
      return true
    }
    report("uses %\(definition) where it need not be defined")
    return false
  }

  private func dominates(_ upper: Int, _ lower: Int) -> Bool {
    var block = lower
    while block >= 0, block != upper, dominators[block] != block { block = dominators[block] }
    return block == upper
  }

  private mutating func expect(_ id: ValueID, _ shape: Scalar.Shape, _ role: String) {
    guard uses(id) else { return }
    if scalar(id).shape != shape { report("takes a '\(name(id))' as \(role)") }
  }

  private func name(_ id: ValueID) -> String { module.symbols[type(id).name] }

  private func name(_ type: TypeID) -> String { module.symbols[module.types[type].name] }

  // MARK: Instructions

  private mutating func verify(_ instruction: Instruction) {
    let own = scalars[Int(instruction.type.index)]
    switch instruction.operation {
    case .constant:
      if !own.isInteger, own.shape != .pointer {
        report("is a constant '\(name(instruction.type))'")
      }
    case .floating:
      if own.shape != .floating { report("is a floating '\(name(instruction.type))'") }
    case .literal, .local, .global, .function, .block, .resultAddress:
      if own.shape != .pointer { report("is an address of type '\(name(instruction.type))'") }
    case .field(let base, let id): verify(field: id, base, own)
    case .element(let base, let index, _): verify(element: base, index, own)
    case .dynamicElement(let base, let index, let stride):
      verify(element: base, index, own)
      if uses(stride), !scalar(stride).isInteger { report("has a stride that is no integer") }
    case .load(let address, _):
      expect(address, .pointer, "address")
      if !own.isScalar { report("loads a '\(name(instruction.type))'") }
    case .store(let address, let value, _):
      expect(address, .pointer, "address")
      if uses(value), scalar(value) != own || !own.isScalar {
        report("stores a '\(name(value))' as '\(name(instruction.type))'")
      }
    case .binary(let operation, let left, let right):
      verify(operation, left, right, instruction)
    case .unary(_, let value):
      if uses(value), scalar(value) != own { report("applies to '\(name(value))'") }
    case .compare(_, let left, let right):
      guard uses(left), uses(right) else { return }
      if scalar(left) != scalar(right) { report("compares '\(name(left))' with '\(name(right))'") }
      if !own.isInteger { report("yields '\(name(instruction.type))'") }
    case .cast(let kind, let value):
      if uses(value), !isPossible(kind, from: scalar(value), to: own) {
        report("casts '\(name(value))' to '\(name(instruction.type))' by \(kind)")
      }
    default: verifyRest(instruction, own)
    }
  }

  private mutating func verifyRest(_ instruction: Instruction, _ own: Scalar) {
    switch instruction.operation {
    case .loadBits(let base, let id):
      verify(bits: id, base, own)
    case .storeBits(let base, let id, let value):
      verify(bits: id, base, own)
      if uses(value), scalar(value) != scalars[Int(module.fields[id].type.index)] {
        report("stores a '\(name(value))' in a field of '\(name(module.fields[id].type))'")
      }
    case .copy(let destination, let source, _):
      expect(destination, .pointer, "destination")
      expect(source, .pointer, "source")
    case .zero(let address, _): expect(address, .pointer, "address")
    case .declare(let id), .endScope(let id), .declareArray(let id, _):
      if Int(id.index) >= body.locals.count { report("names a local that is not there") }
      if case .declareArray(_, let bytes) = instruction.operation, uses(bytes),
        !scalar(bytes).isInteger
      {
        report("takes '\(name(bytes))' as a size")
      }
    case .pointerDifference(let left, let right, let stride):
      expect(left, .pointer, "pointer")
      expect(right, .pointer, "pointer")
      if stride == 0 { report("has stride 0") }
      if !own.isInteger { report("yields '\(name(instruction.type))'") }
    case .call(let id): verify(body.calls[id], instruction)
    case .vaStart(let list), .vaArgument(let list), .vaEnd(let list):
      expect(list, .pointer, "list")
    case .vaCopy(let destination, let source):
      expect(destination, .pointer, "list")
      expect(source, .pointer, "list")
    case .assembly(let operands), .unknown(_, let operands):
      for operand in body.values(operands) { _ = uses(operand) }
    default: break
    }
  }

  private mutating func verify(field id: FieldID, _ base: ValueID, _ own: Scalar) {
    expect(base, .pointer, "record")
    if own.shape != .pointer { report("is the address of a field but no pointer") }
    guard uses(base), case .pointer(let pointee) = type(base).kind,
      case .record(let record) = module.types[pointee].kind
    else {
      report("takes a field of '\(name(base))'")
      return
    }
    if module.fields[id].record != record { report("takes a field of another record") }
  }

  private mutating func verify(element base: ValueID, _ index: ValueID, _ own: Scalar) {
    expect(base, .pointer, "base")
    if uses(index), !scalar(index).isInteger { report("has the index '\(name(index))'") }
    if own.shape != .pointer { report("is an element's address but no pointer") }
  }

  private mutating func verify(bits id: FieldID, _ base: ValueID, _ own: Scalar) {
    expect(base, .pointer, "record")
    if module.fields[id].bitWidth == nil { report("works on a field that is no bit-field") }
    if own != scalars[Int(module.fields[id].type.index)] {
      report("has not the type of its field, '\(name(module.fields[id].type))'")
    }
  }

  private mutating func verify(
    _ operation: BinaryOperator, _ left: ValueID, _ right: ValueID, _ instruction: Instruction
  ) {
    guard uses(left), uses(right) else { return }
    let own = scalars[Int(instruction.type.index)]
    let isShift = operation == .shiftLeft || operation == .shiftRight
    let agrees = isShift ? scalar(right).isInteger : scalar(right) == own
    if scalar(left) != own || !agrees || own.shape == .pointer {
      report(
        "computes '\(name(instruction.type))' from '\(name(left))' \(operation) '\(name(right))'")
    }
  }

  private func isPossible(_ kind: CastKind, from source: Scalar, to target: Scalar) -> Bool {
    let bothIntegers = source.isInteger && target.isInteger
    return switch kind {
    case .truncate: bothIntegers && target.width < source.width && target.shape != .bool
    case .signExtend: bothIntegers && target.width > source.width && source.shape == .signed
    case .zeroExtend: bothIntegers && target.width > source.width && source.shape != .signed
    case .reinterpret:
      bothIntegers && target.width == source.width
    case .toBool: source.isScalar && target.shape == .bool
    case .integerToFloating: source.isInteger && target.shape == .floating
    case .floatingToInteger:
      source.shape == .floating && target.isInteger && target.shape != .bool
    case .floatingToFloating:
      source.shape == .floating && target.shape == .floating && source.width != target.width
    case .pointerToInteger:
      source.shape == .pointer && target.isInteger && target.shape != .bool
    case .integerToPointer: source.isInteger && target.shape == .pointer
    case .pointerCast, .decay: source.shape == .pointer && target.shape == .pointer
    }
  }

  private mutating func verify(_ call: Call, _ instruction: Instruction) {
    if case .indirect(let value) = call.callee { expect(value, .pointer, "function") }
    let signature = module.signatures[call.signature]
    let arguments = Array(body.values(call.arguments))
    if arguments.count < signature.parameters.count
      || (arguments.count > signature.parameters.count && !signature.isVariadic)
    {
      report("passes \(arguments.count) arguments for \(signature.parameters.count)")
    }
    for (argument, parameter) in zip(arguments, signature.parameters) where uses(argument) {
      let wanted = scalars[Int(parameter.index)]
      let agrees =
        wanted.shape == .aggregate ? scalar(argument).shape == .pointer : scalar(argument) == wanted
      if !agrees { report("passes '\(name(argument))' for '\(name(parameter))'") }
    }
    verifyPromotions(arguments.dropFirst(signature.parameters.count))
    let result = scalars[Int(signature.result.index)]
    if (result.shape == .aggregate) != (call.resultObject != nil) {
      let with = call.resultObject == nil ? "without" : "with"
      report("returns '\(name(signature.result))' \(with) a place")
    }
    if let place = call.resultObject { expect(place, .pointer, "place of the result") }
    let own = scalars[Int(instruction.type.index)]
    if result.isScalar, own != result {
      report("has type '\(name(instruction.type))', the function '\(name(signature.result))'")
    }
  }

  /// C11 6.5.2.2p6: what has no parameter is at least an `int` or a `double`.
  private mutating func verifyPromotions(_ arguments: ArraySlice<ValueID>) {
    for argument in arguments where uses(argument) {
      let scalar = scalar(argument)
      let isNarrow = scalar.isInteger ? scalar.width < 32 : scalar.width == 32
      if scalar.isScalar, scalar.shape != .pointer, isNarrow {
        report("passes '\(name(argument))' without promotion")
      }
    }
  }

  // MARK: Block ends

  private mutating func verify(_ block: Block, _ index: Int, _ signature: Signature) {
    let result = scalars[Int(signature.result.index)]
    switch block.terminator {
    case .branch(let condition, _, _):
      if use(condition, in: index), !scalar(condition).isScalar {
        report("branches on '\(name(condition))'")
      }
    case .switch(let id):
      let row = body.switches[id]
      if use(row.value, in: index), !scalar(row.value).isInteger {
        report("switches on '\(name(row.value))'")
      }
      for place in row.cases.indices where body.cases[place].low > body.cases[place].high {
        report("has an empty case range")
      }
    case .indirect(let value, _):
      if use(value, in: index), scalar(value).shape != .pointer {
        report("jumps to '\(name(value))'")
      }
    case .returnValue(let value):
      if use(value, in: index), scalar(value) != result {
        report("returns '\(name(value))' as '\(name(signature.result))'")
      }
    case .returnVoid, .jump, .unreachable: break
    }
  }

  /// `uses` at the end of a block, which may be empty.
  private mutating func use(_ id: ValueID, in block: Int) -> Bool {
    let definition = Int(id.index)
    guard definition < body.instructions.count, blockOf[definition] >= 0 else {
      report("uses %\(definition), which is in no block")
      return false
    }
    return blockOf[definition] == block || isDefined(definition, in: block)
  }
}

/// The immediate dominators by the method of Cooper, Harvey and Kennedy ("A Simple, Fast Dominance
/// Algorithm", 2001).
private func immediateDominators(of body: Body) -> ContiguousArray<Int> {
  let count = body.blocks.count
  let order = reversePostorder(of: body)
  var position = ContiguousArray(repeating: -1, count: count)
  for (index, block) in order.enumerated() { position[block] = index }
  var predecessors = ContiguousArray<ContiguousArray<Int>>(repeating: [], count: count)
  for block in order {
    body.forEachSuccessor(of: BlockID(block)) { predecessors[Int($0.index)].append(block) }
  }
  var dominators = ContiguousArray(repeating: -1, count: count)
  dominators[0] = 0
  func meet(_ left: Int, _ right: Int) -> Int {
    var (left, right) = (left, right)
    while left != right {
      while position[left] > position[right] { left = dominators[left] }
      while position[right] > position[left] { right = dominators[right] }
    }
    return left
  }
  var hasChanged = true
  while hasChanged {
    hasChanged = false
    for block in order.dropFirst() {
      let known = predecessors[block].filter { dominators[$0] >= 0 }
      guard let first = known.first else { continue }
      let dominator = known.dropFirst().reduce(first, meet)
      if dominators[block] != dominator {
        dominators[block] = dominator
        hasChanged = true
      }
    }
  }
  return dominators
}

/// The reachable blocks, each before its successors but for back edges.
private func reversePostorder(of body: Body) -> [Int] {
  var isSeen = ContiguousArray(repeating: false, count: body.blocks.count)
  var order: [Int] = []
  var stack: [(block: Int, pending: [Int])] = []
  func visit(_ block: Int) {
    isSeen[block] = true
    var pending: [Int] = []
    body.forEachSuccessor(of: BlockID(block)) { pending.append(Int($0.index)) }
    stack.append((block, pending))
  }
  visit(0)
  while var top = stack.popLast() {
    guard let next = top.pending.popLast() else {
      order.append(top.block)
      continue
    }
    stack.append(top)
    if !isSeen[next] { visit(next) }
  }
  return order.reversed()
}
