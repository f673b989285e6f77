// SPDX-License-Identifier: Apache-2.0

extension ByteWriter {
  /// Writes the code of a function.
  mutating func write(_ body: Body) {
    for count in [
      body.locals.count, body.blocks.count, body.instructions.count, body.operands.count,
      body.calls.count, body.switches.count, body.cases.count, body.blockLists.count,
    ] { self.count(count) }
    number(body.parameterCount)
    handle(body.end)
    for row in body.locals.rows { write(row) }
    writeBlocks(of: body)
    writeInstructions(of: body)
    var last = 0
    for value in body.operands {
      handle(value, from: last)
      last = value.position
    }
    writeCalls(of: body)
    writeSwitches(of: body)
    for block in body.blockLists { handle(block) }
  }

  private mutating func write(_ row: Local) {
    handle(row.name)
    handle(row.type)
    byte((row.isParameter ? 1 : 0) | (row.isAddressTaken ? 2 : 0))
    handle(row.origin)
  }

  private mutating func writeBlocks(of body: Body) {
    var nextInstruction = 0
    var nextTarget = 0
    for (index, row) in body.blocks.rows.enumerated() {
      slice(row.instructions, after: &nextInstruction)
      handle(row.origin)
      switch row.terminator {
      case .jump(let target):
        byte(TerminatorTag.jump.rawValue)
        handle(target, from: index)
      case .branch(let condition, let then, let otherwise):
        byte(TerminatorTag.branch.rawValue)
        handle(condition, from: nextInstruction)
        handle(then, from: index)
        handle(otherwise, from: index)
      case .switch(let id):
        byte(TerminatorTag.switch.rawValue)
        handle(id)
      case .indirect(let value, let targets):
        byte(TerminatorTag.indirect.rawValue)
        handle(value, from: nextInstruction)
        slice(targets, after: &nextTarget)
      case .returnVoid: byte(TerminatorTag.returnVoid.rawValue)
      case .returnValue(let value):
        byte(TerminatorTag.returnValue.rawValue)
        handle(value, from: nextInstruction)
      case .unreachable: byte(TerminatorTag.unreachable.rawValue)
      }
    }
  }

  private mutating func writeInstructions(of body: Body) {
    var origin = 0
    var nextOperand = 0
    for (index, row) in body.instructions.rows.enumerated() {
      write(row.operation, at: index, nextOperand: &nextOperand)
      handle(row.type)
      handle(row.origin, from: origin)
      origin = row.origin.position
    }
  }

  mutating func write(_ operation: Operation, at index: Int, nextOperand: inout Int) {
    switch operation {
    case .constant(let value):
      tag(.constant)
      signed(value)
    case .pointerSize(let type):
      tag(.pointerSize)
      handle(type)
    case .floating(let bits):
      tag(.floating)
      fixed(bits)
    case .literal(let id): write(.literal, id)
    case .local(let id): write(.local, id)
    case .global(let id): write(.global, id)
    case .function(let id): write(.function, id)
    case .block(let id): write(.block, id)
    case .resultAddress: tag(.resultAddress)
    case .field(let base, let field):
      write(.field, index, base)
      handle(field)
    case .element(let base, let position, let stride):
      write(.element, index, base, position)
      signed(Int64(stride))
    case .dynamicElement(let base, let position, let stride):
      write(.dynamicElement, index, base, position, stride)
    case .load(let address, let isVolatile):
      write(isVolatile ? .volatileLoad : .load, index, address)
    case .store(let address, let value, let isVolatile):
      write(isVolatile ? .volatileStore : .store, index, address, value)
    case .loadBits(let base, let field):
      write(.loadBits, index, base)
      handle(field)
    case .storeBits(let base, let field, let value):
      write(.storeBits, index, base, value)
      handle(field)
    case .copy(let destination, let source, let bytes):
      write(.copy, index, destination, source)
      number(bytes)
    case .zero(let address, let bytes):
      write(.zero, index, address)
      number(bytes)
    case .declare(let local): write(.declare, local)
    case .declareArray(let local, let bytes):
      write(.declareArray, index, bytes)
      handle(local)
    case .endScope(let local): write(.endScope, local)
    case .binary(let operation, let left, let right):
      write(.binary, index, left, right)
      byte(operation.rawValue)
    case .unary(let operation, let value):
      write(.unary, index, value)
      byte(operation.rawValue)
    case .compare(let comparison, let left, let right):
      write(.compare, index, left, right)
      byte(comparison.rawValue)
    case .cast(let kind, let value):
      write(.cast, index, value)
      byte(kind.rawValue)
    case .pointerDifference(let left, let right, let stride):
      write(.pointerDifference, index, left, right)
      number(stride)
    case .call(let call): write(.call, call)
    case .vaStart(let list): write(.vaStart, index, list)
    case .vaArgument(let list): write(.vaArgument, index, list)
    case .vaEnd(let list): write(.vaEnd, index, list)
    case .vaCopy(let destination, let source): write(.vaCopy, index, destination, source)
    case .assembly(let operands):
      tag(.assembly)
      slice(operands, after: &nextOperand)
    case .unknown(let cause, let operands):
      write(.unknown, cause)
      slice(operands, after: &nextOperand)
    }
  }

  private mutating func tag(_ tag: OperationTag) { byte(tag.rawValue) }

  private mutating func write<Row>(_ tag: OperationTag, _ id: Handle<Row>) {
    self.tag(tag)
    handle(id)
  }

  private mutating func write(_ tag: OperationTag, _ index: Int, _ value: ValueID) {
    self.tag(tag)
    handle(value, from: index)
  }

  private mutating func write(
    _ tag: OperationTag, _ index: Int, _ first: ValueID, _ second: ValueID
  ) {
    write(tag, index, first)
    handle(second, from: index)
  }

  private mutating func write(
    _ tag: OperationTag, _ index: Int, _ first: ValueID, _ second: ValueID, _ third: ValueID
  ) {
    write(tag, index, first, second)
    handle(third, from: index)
  }

  private mutating func writeCalls(of body: Body) {
    var nextOperand = 0
    for row in body.calls.rows {
      let hasObject = row.resultObject != nil
      switch row.callee {
      case .function(let function):
        byte((hasObject ? CalleeTag.functionIntoObject : .function).rawValue)
        handle(function)
      case .indirect(let value):
        byte((hasObject ? CalleeTag.indirectIntoObject : .indirect).rawValue)
        handle(value)
      }
      handle(row.signature)
      slice(row.arguments, after: &nextOperand)
      if let object = row.resultObject { handle(object) }
    }
  }

  private mutating func writeSwitches(of body: Body) {
    var nextCase = 0
    for row in body.switches.rows {
      handle(row.value)
      slice(row.cases, after: &nextCase)
      handle(row.defaultTarget)
    }
    var value: Int64 = 0
    for row in body.cases {
      signed(row.low &- value)
      signed(row.high &- row.low)
      handle(row.target)
      value = row.high
    }
  }
}
