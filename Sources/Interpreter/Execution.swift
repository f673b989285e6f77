// SPDX-License-Identifier: Apache-2.0

import IR

extension Machine {
  /// Executes until no more than `depth` functions are active.
  mutating func run(above depth: Int) throws(Stop) {
    while frames.count > depth {
      let function = frames[frames.count - 1].function
      guard let body = module.functions.rows[function].body else {
        throw Stop.trap("'\(name(ofFunction: function))' has no body")
      }
      try runFrame(body)
    }
  }

  /// Executes the innermost function until it calls another or returns.
  private mutating func runFrame(_ body: Body) throws(Stop) {
    let top = frames.count - 1
    var next = frames[top].next
    while true {
      let end = frames[top].end
      while next < end {
        try spend()
        let instruction = body.instructions.rows[next]
        origin = instruction.origin
        if case .call(let call) = instruction.operation {
          frames[top].next = next + 1
          if try begin(body.calls[call], body, as: instruction) { return }
          finishCall(ValueID(next), instruction)
        } else {
          let value = try evaluate(instruction, body, frames[top])
          registers[frames[top].registers + next] = value
          observe(ValueID(next), value)
        }
        next += 1
      }
      try spend()
      let block = body.blocks[frames[top].block]
      origin = block.origin
      guard let target = try successor(block.terminator, body) else { return }
      next = enter(target, body)
    }
  }

  private mutating func spend() throws(Stop) {
    guard fuel > 0 else { throw Stop.outOfFuel }
    fuel -= 1
  }

  private mutating func observe(_ instruction: ValueID, _ value: UInt64) {
    let frame = frames[frames.count - 1]
    observer.didExecute(
      ExecutionStep(
        function: FunctionID(frame.function), activation: frame.activation,
        instruction: instruction, value: value), memory: memory)
  }

  /// Stores what a call yielded, and lets the observer see it.
  mutating func finishCall(_ id: ValueID, _ instruction: Instruction) {
    let value = scalar(instruction.type).canonical(returned)
    registers[frames[frames.count - 1].registers + Int(id.index)] = value
    observe(id, value)
  }

  /// Moves the innermost function to the start of a block; yields its first instruction.
  @discardableResult
  mutating func enter(_ target: BlockID, _ body: Body) -> Int {
    let top = frames.count - 1
    let indices = body.blocks[target].instructions.indices
    frames[top].block = target
    frames[top].next = indices.lowerBound
    frames[top].end = indices.upperBound
    return indices.lowerBound
  }

  func register(_ id: ValueID, _ frame: Frame) -> UInt64 {
    registers[frame.registers + Int(id.index)]
  }

  func scalar(of id: ValueID, _ body: Body) -> Scalar {
    scalar(body.instructions[id].type)
  }

  // MARK: Block ends

  /// The block to go on in; `nil` when the function returned.
  private mutating func successor(
    _ terminator: Terminator, _ body: Body
  ) throws(Stop) -> BlockID? {
    let frame = frames[frames.count - 1]
    switch terminator {
    case .jump(let target): return target
    case .branch(let condition, let then, let otherwise):
      let holds = isTrue(register(condition, frame), as: scalar(of: condition, body))
      return holds ? then : otherwise
    case .switch(let id): return target(of: body.switches[id], body, frame)
    case .indirect(let value, let targets):
      return try target(ofJumpTo: register(value, frame), targets, body, frame)
    case .returnVoid:
      try leave(returning: nil)
      return nil
    case .returnValue(let value):
      try leave(returning: register(value, frame))
      return nil
    case .unreachable: throw Stop.trap("reaches what is said to be unreachable")
    }
  }

  private func target(of row: Switch, _ body: Body, _ frame: Frame) -> BlockID {
    let value = register(row.value, frame)
    let scalar = scalar(of: row.value, body)
    for index in row.cases.indices {
      let candidate = body.cases[index]
      let low = scalar.canonical(UInt64(bitPattern: candidate.low))
      let high = scalar.canonical(UInt64(bitPattern: candidate.high))
      let holds =
        scalar.shape == .signed
        ? (Int64(bitPattern: low) <= Int64(bitPattern: value)
          && Int64(bitPattern: value) <= Int64(bitPattern: high))
        : low <= value && value <= high
      if holds { return candidate.target }
    }
    return row.defaultTarget
  }

  private func target(
    ofJumpTo value: UInt64, _ targets: Slice, _ body: Body, _ frame: Frame
  ) throws(Stop) -> BlockID {
    guard let (object, offset) = memory.object(at: value), object.kind == .label,
      object.owner == UInt32(frame.function)
    else { throw Stop.trap("jumps to what is no label of this function") }
    let block = BlockID(offset)
    guard targets.indices.contains(where: { body.blockLists[$0] == block }) else {
      throw Stop.trap("jumps to a label that is not among the targets of the jump")
    }
    return block
  }

  // MARK: Instructions

  private mutating func evaluate(
    _ instruction: Instruction, _ body: Body, _ frame: Frame
  ) throws(Stop) -> UInt64 {
    switch instruction.operation {
    case .constant(let value):
      return scalar(instruction.type).canonical(UInt64(bitPattern: value))
    case .pointerSize(let type): return module.types[type].size
    case .floating(let bits):
      return scalar(instruction.type).rounded(Double(bitPattern: bits))
    case .literal(let id): return literalAddresses[Int(id.index)]
    case .local(let id): return try address(of: id, frame)
    case .global(let id): return globalAddresses[Int(id.index)]
    case .function(let id): return functionAddresses[Int(id.index)]
    case .block(let id): return labelAddress(frame.function, id)
    case .resultAddress: return frame.result
    case .field(let base, let id):
      let field = module.fields[id]
      let offset = field.bitWidth == nil ? field.byteOffset : 0
      return register(base, frame) &+ offset
    case .element(let base, let index, let stride):
      let bytes = UInt64(bitPattern: Int64(stride))
      return register(base, frame) &+ register(index, frame) &* bytes
    case .dynamicElement(let base, let index, let stride):
      return register(base, frame) &+ register(index, frame) &* register(stride, frame)
    case .binary(let operation, let left, let right):
      return try apply(
        operation, register(left, frame), register(right, frame), as: scalar(instruction.type))
    case .unary(let operation, let value):
      return try apply(operation, register(value, frame), as: scalar(instruction.type))
    case .compare(let comparison, let left, let right):
      let result = try holds(
        comparison, register(left, frame), register(right, frame), as: scalar(of: left, body))
      return result ? 1 : 0
    case .cast(let kind, let value):
      return try convert(
        kind, register(value, frame), from: scalar(of: value, body),
        to: scalar(instruction.type))
    case .pointerDifference(let left, let right, let stride):
      return try difference(register(left, frame), register(right, frame), stride)
    default:
      return try execute(instruction, body, frame)
    }
  }

  /// The instructions that read or change memory.
  private mutating func execute(
    _ instruction: Instruction, _ body: Body, _ frame: Frame
  ) throws(Stop) -> UInt64 {
    switch instruction.operation {
    case .load(let address, _):
      return try memory.load(register(address, frame), as: scalar(instruction.type))
    case .store(let address, let value, _):
      try memory.store(
        register(address, frame), register(value, frame), as: scalar(instruction.type))
    case .loadBits(let base, let id):
      return try loadBits(register(base, frame), id)
    case .storeBits(let base, let id, let value):
      let field = module.fields[id]
      try memory.storeBits(
        register(base, frame), bit: field.bitOffset, width: field.bitWidth ?? 0,
        register(value, frame))
    case .copy(let destination, let source, let bytes):
      try copyObject(register(destination, frame), register(source, frame), Int(bytes))
    case .zero(let address, let bytes):
      try memory.fill(register(address, frame), 0, Int(bytes))
    case .declare(let id): try declare(id, frame)
    case .declareArray(let id, let bytes): try declare(id, register(bytes, frame), frame)
    case .endScope(let id): endScope(id, frame)
    default: return try executeRare(instruction, frame)
    }
    return 0
  }

  private mutating func executeRare(
    _ instruction: Instruction, _ frame: Frame
  ) throws(Stop) -> UInt64 {
    switch instruction.operation {
    case .vaStart(let list): try startVariadic(register(list, frame), frame)
    case .vaArgument(let list):
      return try nextVariadic(register(list, frame), as: instruction.type).bits
    case .vaEnd(let list): try endVariadic(register(list, frame))
    case .vaCopy(let destination, let source):
      try memory.store(register(destination, frame), 8, memory.load(register(source, frame), 8))
    case .assembly: throw Stop.trap("meets inline assembly")
    case .unknown(let cause, _):
      throw Stop.trap("meets '\(module.symbols[cause])', which the lowering does not model")
    default: throw Stop.trap("meets an instruction that the interpreter does not know")
    }
    return 0
  }

  private func difference(
    _ left: Address, _ right: Address, _ stride: UInt32
  ) throws(Stop) -> UInt64 {
    guard left >> 32 == right >> 32 else {
      throw Stop.trap("subtracts pointers into different objects")
    }
    let bytes = Int64(bitPattern: left &- right)
    guard stride != 0, bytes % Int64(stride) == 0 else {
      throw Stop.trap("subtracts pointers \(bytes) bytes apart in elements of \(stride) bytes")
    }
    return UInt64(bitPattern: bytes / Int64(stride))
  }

  private func loadBits(_ base: Address, _ id: FieldID) throws(Stop) -> UInt64 {
    let field = module.fields[id]
    let width = field.bitWidth ?? 0
    let bits = try memory.loadBits(base, bit: field.bitOffset, width: width)
    return scalar(field.type).shape == .signed ? Scalar.signExtended(bits, from: width) : bits
  }

  private mutating func copyObject(
    _ destination: Address, _ source: Address, _ count: Int
  ) throws(Stop) {
    let distance = Int64(bitPattern: destination &- source).magnitude
    guard distance == 0 || distance >= UInt64(count) else {
      throw Stop.trap("copies \(count) bytes between objects that overlap")
    }
    try memory.move(to: destination, from: source, count)
  }

  // MARK: Lifetimes

  private mutating func address(of id: LocalID, _ frame: Frame) throws(Stop) -> Address {
    let address = localAddresses[frame.locals + Int(id.index)]
    if address != 0 { return address }
    // A jump past the declaration, or a temporary: the object lives all the same (C11 6.2.4p6).
    return try makeLocal(id, frame)
  }

  /// Gives a local a new object, whose bytes hold no value.
  @discardableResult
  mutating func makeLocal(_ id: LocalID, _ frame: Frame) throws(Stop) -> Address {
    let layout = layouts[frame.function]
    let index = Int(id.index)
    let base = frame.base + layout.offsets[index]
    guard let body = module.functions.rows[frame.function].body else { return 0 }
    let size = Int(module.types[body.locals[id].type].size)
    memory.forget(base, size)
    let address = try memory.makeObject(
      .local, size: size, owner: UInt32(frame.function), part: id.index, base: base)
    localAddresses[frame.locals + index] = address
    return address
  }

  /// A jump back in the block reaches the declaration again: the object stays, its value does not
  /// (C11 6.2.4p6).
  private mutating func declare(_ id: LocalID, _ frame: Frame) throws(Stop) {
    let address = localAddresses[frame.locals + Int(id.index)]
    guard let (object, _) = memory.object(at: address) else {
      try makeLocal(id, frame)
      return
    }
    memory.forget(object.base, Int(object.size))
  }

  private mutating func declare(
    _ id: LocalID, _ bytes: UInt64, _ frame: Frame
  ) throws(Stop) {
    endScope(id, frame)
    guard bytes > 0, bytes <= UInt64(Memory.stackSize) else {
      throw Stop.trap("declares an array of \(Int64(bitPattern: bytes)) bytes")
    }
    let base = try memory.takeStack(Int(bytes))
    memory.forget(base, Int(bytes))
    localAddresses[frame.locals + Int(id.index)] = try memory.makeObject(
      .local, size: Int(bytes), owner: UInt32(frame.function), part: id.index, base: base)
  }

  private mutating func endScope(_ id: LocalID, _ frame: Frame) {
    let index = frame.locals + Int(id.index)
    let address = localAddresses[index]
    if address == 0 { return }
    memory.endLocal(address, frameEnd: frame.base + layouts[frame.function].size)
    localAddresses[index] = 0
  }
}
