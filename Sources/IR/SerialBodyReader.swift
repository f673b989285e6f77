// SPDX-License-Identifier: Apache-2.0

extension ModuleReader {
  /// Reads the code of a function.
  mutating func body() throws(ModuleFormatError) -> Body {
    var sizes = BodyCounts()
    sizes.locals = try input.count()
    sizes.blocks = try input.count()
    sizes.instructions = try input.count()
    sizes.operands = try input.count()
    sizes.calls = try input.count()
    sizes.switches = try input.count()
    sizes.cases = try input.count()
    sizes.blockLists = try input.count()
    // Block 0 is the entry.
    try input.require(sizes.blocks > 0)
    let parameterCount = try input.number(as: UInt32.self)
    var body = Body(end: try origin())
    body.parameterCount = parameterCount
    body.locals.rows = try rows(sizes.locals) { (reader, index) throws(ModuleFormatError) in
      try reader.local(isParameter: index < parameterCount)
    }
    try input.require(parameterCount <= sizes.locals)
    try readBlocks(of: &body, sizes)
    try readInstructions(of: &body, sizes)
    var last = 0
    body.operands = try rows(sizes.operands) { (reader, _) throws(ModuleFormatError) in
      let value: ValueID = try reader.input.handle(from: last, below: sizes.instructions)
      last = value.position
      return value
    }
    try readCalls(of: &body, sizes)
    try readSwitches(of: &body, sizes)
    body.blockLists = try rows(sizes.blockLists) { (reader, _) throws(ModuleFormatError) in
      try reader.input.handle(below: sizes.blocks)
    }
    try input.require(body.isPartitioned() && body.listsAreSeparate() && body.valuesAreFinite())
    return body
  }

  private mutating func local(isParameter: Bool) throws(ModuleFormatError) -> Local {
    let name = try symbol()
    let type = try type()
    let flags = try input.byte()
    try input.require(flags < 4, .tag)
    try input.require((flags & 1 != 0) == isParameter)
    return Local(
      name: name, type: type, isParameter: isParameter, isAddressTaken: flags & 2 != 0,
      origin: try origin())
  }

  // MARK: Blocks

  private mutating func readBlocks(
    of body: inout Body, _ sizes: BodyCounts
  ) throws(ModuleFormatError) {
    var nextInstruction = 0
    var nextTarget = 0
    body.blocks.rows = try rows(sizes.blocks) { (reader, index) throws(ModuleFormatError) in
      let instructions = try reader.input.slice(
        after: &nextInstruction, within: sizes.instructions)
      let origin = try reader.origin()
      let tag: TerminatorTag = try reader.input.tag()
      func value() throws(ModuleFormatError) -> ValueID {
        try reader.input.handle(from: nextInstruction, below: sizes.instructions)
      }
      func block() throws(ModuleFormatError) -> BlockID {
        try reader.input.handle(from: index, below: sizes.blocks)
      }
      let terminator: Terminator
      switch tag {
      case .jump: terminator = .jump(try block())
      case .branch:
        terminator = .branch(condition: try value(), then: try block(), otherwise: try block())
      case .switch: terminator = .switch(try reader.input.handle(below: sizes.switches))
      case .indirect:
        let value = try value()
        let targets = try reader.input.slice(after: &nextTarget, within: sizes.blockLists)
        terminator = .indirect(value, targets: targets)
      case .returnVoid: terminator = .returnVoid
      case .returnValue: terminator = .returnValue(try value())
      case .unreachable: terminator = .unreachable
      }
      return Block(instructions: instructions, terminator: terminator, origin: origin)
    }
  }

  private mutating func readSwitches(
    of body: inout Body, _ sizes: BodyCounts
  ) throws(ModuleFormatError) {
    var nextCase = 0
    body.switches.rows = try rows(sizes.switches) { (reader, _) throws(ModuleFormatError) in
      Switch(
        value: try reader.input.handle(below: sizes.instructions),
        cases: try reader.input.slice(after: &nextCase, within: sizes.cases),
        defaultTarget: try reader.input.handle(below: sizes.blocks))
    }
    var value: Int64 = 0
    body.cases = try rows(sizes.cases) { (reader, _) throws(ModuleFormatError) in
      let low = value &+ (try reader.input.signed())
      value = low &+ (try reader.input.signed())
      return SwitchCase(
        low: low, high: value, target: try reader.input.handle(below: sizes.blocks))
    }
  }

  // MARK: Instructions

  private mutating func readInstructions(
    of body: inout Body, _ sizes: BodyCounts
  ) throws(ModuleFormatError) {
    var place = 0
    var nextOperand = 0
    body.instructions.rows = try rows(sizes.instructions) {
      (reader, index) throws(ModuleFormatError) in
      let operation = try reader.operation(at: index, sizes, nextOperand: &nextOperand)
      let type = try reader.type()
      let origin: OriginID = try reader.input.handle(from: place, below: reader.counts.origins)
      place = origin.position
      return Instruction(operation: operation, type: type, origin: origin)
    }
  }

  private mutating func operation(
    at index: Int, _ sizes: BodyCounts, nextOperand: inout Int
  ) throws(ModuleFormatError) -> Operation {
    let tag: OperationTag = try input.tag()
    func value(_ input: inout ByteReader) throws(ModuleFormatError) -> ValueID {
      try input.handle(from: index, below: sizes.instructions)
    }
    switch tag {
    case .constant: return .constant(try input.signed())
    case .pointerSize: return .pointerSize(of: try type())
    case .floating: return .floating(bits: try input.word())
    case .literal: return .literal(try literal())
    case .local: return .local(try input.handle(below: sizes.locals))
    case .global: return .global(try global())
    case .function: return .function(try function())
    case .block: return .block(try input.handle(below: sizes.blocks))
    case .resultAddress: return .resultAddress
    case .field: return .field(base: try value(&input), field: try field())
    case .element:
      return .element(
        base: try value(&input), index: try value(&input),
        stride: try input.signed(as: Int32.self))
    case .dynamicElement:
      return .dynamicElement(
        base: try value(&input), index: try value(&input), stride: try value(&input))
    case .load: return .load(try value(&input), isVolatile: false)
    case .volatileLoad: return .load(try value(&input), isVolatile: true)
    case .store:
      return .store(address: try value(&input), value: try value(&input), isVolatile: false)
    case .volatileStore:
      return .store(address: try value(&input), value: try value(&input), isVolatile: true)
    case .loadBits: return .loadBits(base: try value(&input), field: try field())
    case .storeBits:
      let base = try value(&input)
      let value = try value(&input)
      return .storeBits(base: base, field: try field(), value: value)
    case .copy:
      return .copy(
        destination: try value(&input), source: try value(&input),
        bytes: try input.number(as: UInt32.self))
    case .zero:
      return .zero(address: try value(&input), bytes: try input.number(as: UInt32.self))
    case .declare: return .declare(try input.handle(below: sizes.locals))
    case .declareArray:
      let bytes = try value(&input)
      return .declareArray(try input.handle(below: sizes.locals), bytes: bytes)
    case .endScope: return .endScope(try input.handle(below: sizes.locals))
    case .binary:
      let (left, right) = (try value(&input), try value(&input))
      return .binary(try input.tag(), left, right)
    case .unary:
      let value = try value(&input)
      return .unary(try input.tag(), value)
    case .compare:
      let (left, right) = (try value(&input), try value(&input))
      return .compare(try input.tag(), left, right)
    case .cast:
      let value = try value(&input)
      return .cast(try input.tag(), value)
    case .pointerDifference:
      let (left, right) = (try value(&input), try value(&input))
      let stride = try input.number(as: UInt32.self)
      try input.require(stride > 0)
      return .pointerDifference(left, right, stride: stride)
    case .call: return .call(try input.handle(below: sizes.calls))
    case .vaStart: return .vaStart(try value(&input))
    case .vaArgument: return .vaArgument(try value(&input))
    case .vaEnd: return .vaEnd(try value(&input))
    case .vaCopy: return .vaCopy(destination: try value(&input), source: try value(&input))
    case .assembly:
      return .assembly(operands: try input.slice(after: &nextOperand, within: sizes.operands))
    case .unknown:
      return .unknown(
        cause: try symbol(),
        operands: try input.slice(after: &nextOperand, within: sizes.operands))
    }
  }

  private mutating func readCalls(
    of body: inout Body, _ sizes: BodyCounts
  ) throws(ModuleFormatError) {
    var nextOperand = 0
    body.calls.rows = try rows(sizes.calls) { (reader, _) throws(ModuleFormatError) in
      let tag: CalleeTag = try reader.input.tag()
      let callee: Callee
      switch tag {
      case .function, .functionIntoObject: callee = .function(try reader.function())
      case .indirect, .indirectIntoObject:
        callee = .indirect(try reader.input.handle(below: sizes.instructions))
      }
      var row = Call(
        callee: callee, signature: try reader.signature(),
        arguments: try reader.input.slice(after: &nextOperand, within: sizes.operands))
      if tag == .functionIntoObject || tag == .indirectIntoObject {
        row.resultObject = try reader.input.handle(below: sizes.instructions)
      }
      return row
    }
  }
}
