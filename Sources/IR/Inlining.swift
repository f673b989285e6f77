// SPDX-License-Identifier: Apache-2.0

// The body of a function with the bodies of functions that it calls put in the place of the calls, so
// that an analysis of one function sees what passes between several.

/// A function whose code stands in the body of another.
public struct InlinedCall: Hashable, Sendable {
  /// The function.
  public var callee: FunctionKey
  /// The call in the source, an origin of the importer's module.
  public var origin: OriginID
  /// The frame of the call; 0 is the function itself.
  public var parent: Int
  /// Calls around it.
  public var depth: Int
}

/// A body in whose place of calls the callees' code stands.
public struct InlinedBody: Sendable {
  /// The code.
  public internal(set) var body: Body
  /// The calls whose code was put in, from frame 1 on.
  public internal(set) var calls: [InlinedCall] = []
  /// The frame of each instruction; 0 is the function itself.
  public internal(set) var frames: ContiguousArray<UInt32>
  /// The frame of each local.
  public internal(set) var localFrames: ContiguousArray<UInt32>

  /// Whether a frame is `inner` or one of the frames around it.
  public func isFrame(_ frame: Int, around inner: Int) -> Bool {
    var current = inner
    while current > 0, current != frame { current = calls[current - 1].parent }
    return current == frame
  }
}

/// A call that can be inlined.
public struct InlineCandidate: Sendable {
  /// Whom it goes to, where the body lies.
  public var callee: FunctionKey
  /// The body.
  public var body: Body
  /// Calls around it.
  public var depth: Int
  /// Instructions so far.
  public var size: Int
}

extension ModuleImporter {
  /// The body with calls inlined; `nil` where there are none.
  ///
  /// What the result needs of other modules is imported.
  ///
  /// - Parameters:
  ///   - body: the code of a function of the importer's own module.
  ///   - function: that function.
  ///   - resolve: whom a call goes to and its code, by the call and the function that it names;
  ///     `nil` where that is not known or has no code.
  ///   - accept: whether a call is worth it.
  /// - Returns: the body and where its parts come from.
  public mutating func inlining(
    _ body: Body, of function: FunctionID,
    resolve: (ValueID, FunctionKey?) -> (FunctionKey, Body)?,
    accept: (InlineCandidate) -> Bool
  ) -> InlinedBody? {
    var inliner = Inliner(
      result: InlinedBody(
        body: body, frames: ContiguousArray(repeating: 0, count: body.instructions.count),
        localFrames: ContiguousArray(repeating: 0, count: body.locals.count)),
      stack: [[FunctionKey(module: position, function: function)]])
    var next = 0
    while next < inliner.result.body.blocks.count {
      inliner.scan(BlockID(next), &self, resolve: resolve, accept: accept)
      next += 1
    }
    return inliner.result.calls.isEmpty ? nil : inliner.result
  }
}

private struct Inliner {
  var result: InlinedBody
  /// The functions around each frame, that of the frame last.
  var stack: [[FunctionKey]]

  /// Inlines the first call of a block that can be; the rest of the block becomes a block of its own.
  mutating func scan(
    _ block: BlockID, _ importer: inout ModuleImporter,
    resolve: (ValueID, FunctionKey?) -> (FunctionKey, Body)?,
    accept: (InlineCandidate) -> Bool
  ) {
    for row in result.body.blocks[block].instructions.indices {
      guard case .call(let id) = result.body.instructions.rows[row].operation else { continue }
      let call = result.body.calls[id]
      let frame = Int(result.frames[row])
      var named: FunctionKey?
      if case .function(let function) = call.callee { named = importer.source(of: function) }
      guard let (callee, body) = resolve(ValueID(row), named),
        !stack[frame].contains(callee), canInline(call, body, callee.module, importer),
        accept(
          InlineCandidate(
            callee: callee, body: body, depth: stack[frame].count,
            size: result.body.instructions.count))
      else { continue }
      put(callee, body, at: row, call, in: block, &importer)
      return
    }
  }

  /// Whether the call hands over exactly what the callee takes.
  private func canInline(
    _ call: Call, _ callee: Body, _ source: Int, _ importer: ModuleImporter
  ) -> Bool {
    guard call.arguments.count == callee.parameterCount, callee.blocks.count > 0 else {
      return false
    }
    for (index, operand) in call.arguments.indices.enumerated() {
      let argument = result.body.instructions[result.body.operands[operand]].type
      if !importer.agrees(argument, with: callee.locals.rows[index].type, from: source) {
        return false
      }
    }
    for block in callee.blocks.rows {
      if case .indirect = block.terminator { return false }
    }
    return !callee.instructions.rows.contains { row in
      switch row.operation {
      case .block, .vaStart: true
      default: false
      }
    }
  }

  private mutating func append(
    _ operation: Operation, _ type: TypeID, _ origin: OriginID, frame: Int
  ) -> ValueID {
    result.frames.append(UInt32(frame))
    return result.body.instructions.append(
      Instruction(operation: operation, type: type, origin: origin))
  }

  private mutating func put(
    _ callee: FunctionKey, _ body: Body, at row: Int, _ call: Call, in block: BlockID,
    _ importer: inout ModuleImporter
  ) {
    let parent = Int(result.frames[row])
    let instruction = result.body.instructions.rows[row]
    result.calls.append(
      InlinedCall(
        callee: callee, origin: instruction.origin, parent: parent, depth: stack[parent].count))
    let frame = result.calls.count
    stack.append(stack[parent] + [callee])
    let void = importer.voidType()
    var clone = BodyClone(
      firstLocal: result.body.locals.count, firstBlock: result.body.blocks.count + 2,
      source: callee.module)
    for var local in body.locals.rows {
      local.name = importer.symbol(local.name, from: callee.module)
      local.type = importer.type(local.type, from: callee.module)
      local.origin = importer.origin(local.origin, from: callee.module)
      local.isParameter = false
      _ = result.body.locals.append(local)
      result.localFrames.append(UInt32(frame))
    }
    let isVoid = importer.module.types[instruction.type].kind == .void
    let holder = result.body.locals.append(
      Local(
        name: SymbolTable.empty, type: isVoid ? importer.intType() : instruction.type,
        isParameter: false, isAddressTaken: false, origin: instruction.origin))
    result.localFrames.append(UInt32(parent))

    // The way in: parameters take their arguments.
    let start = result.body.instructions.count
    let holderType = importer.pointer(to: result.body.locals[holder].type)
    let address = append(.local(holder), holderType, instruction.origin, frame: parent)
    for index in 0..<Int(body.parameterCount) {
      let local = LocalID(clone.firstLocal + index)
      let type = result.body.locals[local].type
      let argument = result.body.operands[call.arguments.indices.lowerBound + index]
      _ = append(.declare(local), void, instruction.origin, frame: parent)
      let place = append(
        .local(local), importer.pointer(to: type), instruction.origin, frame: parent)
      if importer.module.types[type].isAggregate {
        let bytes = UInt32(clamping: importer.module.types[type].size)
        _ = append(
          .copy(destination: place, source: argument, bytes: bytes), void, instruction.origin,
          frame: parent)
      } else {
        _ = append(
          .store(address: place, value: argument, isVolatile: false), type, instruction.origin,
          frame: parent)
      }
    }
    let old = result.body.blocks[block]
    let way = result.body.blocks.append(
      Block(
        instructions: Slice(
          start: UInt32(start), count: UInt32(result.body.instructions.count - start)),
        terminator: .jump(BlockID(clone.firstBlock)), origin: instruction.origin))
    // The rest of the block; the call's row yields what the callee left.
    let rest = result.body.blocks.append(
      Block(
        instructions: Slice(
          start: UInt32(row), count: old.instructions.start + old.instructions.count - UInt32(row)),
        terminator: old.terminator, origin: old.origin))
    result.body.blocks[block].instructions.count = UInt32(row) - old.instructions.start
    result.body.blocks[block].terminator = .jump(way)
    result.body.instructions.rows[row].operation =
      isVoid ? .endScope(holder) : .load(address, isVolatile: false)

    clone.resultObject = call.resultObject
    clone.result = isVoid ? nil : (address, instruction.type)
    clone.exit = rest
    clone.frame = frame
    append(body, &clone, &importer)
  }

  /// Appends the blocks of a callee.
  private mutating func append(
    _ body: Body, _ clone: inout BodyClone, _ importer: inout ModuleImporter
  ) {
    let void = importer.voidType()
    clone.values = Array(repeating: ValueID(0), count: body.instructions.count)
    // Where rows will be: a use may stand before its definition in the order of blocks.
    var row = result.body.instructions.count
    for block in body.blocks.rows {
      let storeBefore = resultRow(block, body, clone)
      for index in block.instructions.indices {
        if index == storeBefore { row += 1 }
        clone.values[index] = ValueID(row)
        if case .resultAddress = body.instructions.rows[index].operation,
          let object = clone.resultObject
        {
          clone.values[index] = object
        }
        row += 1
      }
      if storeBefore == block.instructions.indices.upperBound { row += 1 }
      row += returnRows(block.terminator, body)
    }
    for block in body.blocks.rows {
      let start = result.body.instructions.count
      let storeBefore = resultRow(block, body, clone)
      for index in block.instructions.indices {
        if index == storeBefore { storeResult(block, &clone, &importer) }
        let instruction = body.instructions.rows[index]
        let operation = moved(instruction.operation, body, clone, &importer)
        _ = append(
          operation, importer.type(instruction.type, from: clone.source),
          importer.origin(instruction.origin, from: clone.source), frame: clone.frame)
      }
      if storeBefore == block.instructions.indices.upperBound {
        storeResult(block, &clone, &importer)
      }
      let origin = importer.origin(block.origin, from: clone.source)
      let terminator: Terminator
      switch block.terminator {
      case .jump(let target): terminator = .jump(clone[target])
      case .branch(let condition, let then, let otherwise):
        terminator = .branch(
          condition: clone[condition], then: clone[then], otherwise: clone[otherwise])
      case .switch(let id): terminator = .switch(moved(body.switches[id], body, clone))
      case .indirect, .unreachable: terminator = .unreachable
      case .returnVoid, .returnValue:
        leave(body, clone, void, origin)
        terminator = .jump(clone.exit)
      }
      _ = result.body.blocks.append(
        Block(
          instructions: Slice(
            start: UInt32(start), count: UInt32(result.body.instructions.count - start)),
          terminator: terminator, origin: origin))
    }
  }

  /// The row of the callee before which a block stores the result; `nil` where it yields none.
  ///
  /// What is known of a variable that is returned ends with its scope.
  private func resultRow(_ block: Block, _ body: Body, _ clone: BodyClone) -> Int? {
    guard clone.result != nil, case .returnValue = block.terminator else { return nil }
    var row = block.instructions.indices.upperBound
    while row > block.instructions.indices.lowerBound,
      case .endScope = body.instructions.rows[row - 1].operation
    {
      row -= 1
    }
    return row
  }

  private mutating func storeResult(
    _ block: Block, _ clone: inout BodyClone, _ importer: inout ModuleImporter
  ) {
    guard let (address, type) = clone.result, case .returnValue(let value) = block.terminator else {
      return
    }
    _ = append(
      .store(address: address, value: clone[value], isVolatile: false), type,
      importer.origin(block.origin, from: clone.source), frame: clone.frame)
  }

  /// Rows that end scopes at a return.
  private func returnRows(_ terminator: Terminator, _ body: Body) -> Int {
    switch terminator {
    case .returnValue, .returnVoid: body.locals.rows.count { $0.isAddressTaken }
    default: 0
    }
  }

  /// Ends the lifetime of the callee's locals (C11 6.2.4p6).
  private mutating func leave(
    _ body: Body, _ clone: BodyClone, _ void: TypeID, _ origin: OriginID
  ) {
    for (index, local) in body.locals.rows.enumerated() where local.isAddressTaken {
      _ = append(
        .endScope(LocalID(clone.firstLocal + index)), void, origin, frame: clone.frame)
    }
  }

  private mutating func moved(_ row: Switch, _ body: Body, _ clone: BodyClone) -> SwitchID {
    let start = result.body.cases.count
    for index in row.cases.indices {
      var label = body.cases[index]
      label.target = clone[label.target]
      result.body.cases.append(label)
    }
    return result.body.switches.append(
      Switch(
        value: clone[row.value],
        cases: Slice(start: UInt32(start), count: row.cases.count),
        defaultTarget: clone[row.defaultTarget]))
  }

  private mutating func moved(_ slice: Slice, _ body: Body, _ clone: BodyClone) -> Slice {
    let start = result.body.operands.count
    for index in slice.indices { result.body.operands.append(clone[body.operands[index]]) }
    return Slice(start: UInt32(start), count: slice.count)
  }

  private mutating func moved(
    _ operation: Operation, _ body: Body, _ clone: BodyClone, _ importer: inout ModuleImporter
  ) -> Operation {
    let imported = importer.operation(operation, from: clone.source)
    switch imported {
    case .constant, .floating, .block, .pointerSize, .literal, .global, .function: return imported
    case .resultAddress:
      // Its uses lead to the caller's object; nothing uses the row itself.
      return .constant(0)
    case .local(let id): return .local(clone[id])
    case .field(let base, let id): return .field(base: clone[base], field: id)
    case .element(let base, let index, let stride):
      return .element(base: clone[base], index: clone[index], stride: stride)
    case .dynamicElement(let base, let index, let stride):
      return .dynamicElement(base: clone[base], index: clone[index], stride: clone[stride])
    case .load(let address, let isVolatile): return .load(clone[address], isVolatile: isVolatile)
    case .store(let address, let value, let isVolatile):
      return .store(address: clone[address], value: clone[value], isVolatile: isVolatile)
    case .loadBits(let base, let id): return .loadBits(base: clone[base], field: id)
    case .storeBits(let base, let id, let value):
      return .storeBits(base: clone[base], field: id, value: clone[value])
    case .copy(let destination, let source, let bytes):
      return .copy(destination: clone[destination], source: clone[source], bytes: bytes)
    case .zero(let address, let bytes): return .zero(address: clone[address], bytes: bytes)
    case .declare(let id): return .declare(clone[id])
    case .declareArray(let id, let bytes): return .declareArray(clone[id], bytes: clone[bytes])
    case .endScope(let id): return .endScope(clone[id])
    case .binary(let op, let left, let right): return .binary(op, clone[left], clone[right])
    case .unary(let op, let value): return .unary(op, clone[value])
    case .compare(let op, let left, let right): return .compare(op, clone[left], clone[right])
    case .cast(let kind, let value): return .cast(kind, clone[value])
    case .pointerDifference(let left, let right, let stride):
      return .pointerDifference(clone[left], clone[right], stride: stride)
    case .call(let id): return .call(moved(body.calls[id], body, clone, &importer))
    case .vaStart(let list): return .vaStart(clone[list])
    case .vaArgument(let list): return .vaArgument(clone[list])
    case .vaEnd(let list): return .vaEnd(clone[list])
    case .vaCopy(let destination, let source):
      return .vaCopy(destination: clone[destination], source: clone[source])
    case .assembly(let operands): return .assembly(operands: moved(operands, body, clone))
    case .unknown(let cause, let operands):
      return .unknown(cause: cause, operands: moved(operands, body, clone))
    }
  }

  private mutating func moved(
    _ call: Call, _ body: Body, _ clone: BodyClone, _ importer: inout ModuleImporter
  ) -> CallID {
    let callee: Callee =
      switch call.callee {
      case .function(let id): .function(importer.function(id, from: clone.source))
      case .indirect(let value): .indirect(clone[value])
      }
    let arguments = moved(call.arguments, body, clone)
    return result.body.calls.append(
      Call(
        callee: callee, signature: importer.signature(call.signature, from: clone.source),
        arguments: arguments, resultObject: call.resultObject.map { clone[$0] }))
  }
}

/// Where the rows of a callee's body go.
private struct BodyClone {
  let firstLocal: Int
  let firstBlock: Int
  /// Position of the callee's module.
  let source: Int
  var values: [ValueID] = []
  /// Where the result is stored, and its type.
  var result: (address: ValueID, type: TypeID)?
  var resultObject: ValueID?
  /// Where returns lead.
  var exit = BlockID(0)
  var frame = 0

  init(firstLocal: Int, firstBlock: Int, source: Int) {
    self.firstLocal = firstLocal
    self.firstBlock = firstBlock
    self.source = source
  }

  subscript(value: ValueID) -> ValueID { values[Int(value.index)] }
  subscript(local: LocalID) -> LocalID { LocalID(Int(local.index) + firstLocal) }
  subscript(block: BlockID) -> BlockID { BlockID(Int(block.index) + firstBlock) }
}
