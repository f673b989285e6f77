// SPDX-License-Identifier: Apache-2.0

extension Operation {
  /// Calls `visit` with every value that the operation uses, in order.
  public func forEachOperand(in body: Body, _ visit: (ValueID) -> Void) {
    switch self {
    case .constant, .pointerSize, .floating, .literal, .local, .global, .function, .block,
      .resultAddress, .declare, .endScope:
      break
    case .field(let base, _), .loadBits(let base, _): visit(base)
    case .element(let base, let index, _):
      visit(base)
      visit(index)
    case .dynamicElement(let base, let index, let stride):
      visit(base)
      visit(index)
      visit(stride)
    case .load(let address, _), .zero(let address, _): visit(address)
    case .store(let address, let value, _), .storeBits(let address, _, let value):
      visit(address)
      visit(value)
    case .copy(let destination, let source, _), .vaCopy(let destination, let source):
      visit(destination)
      visit(source)
    case .declareArray(_, let bytes): visit(bytes)
    case .binary(_, let left, let right), .compare(_, let left, let right),
      .pointerDifference(let left, let right, _):
      visit(left)
      visit(right)
    case .unary(_, let operand), .cast(_, let operand): visit(operand)
    case .call(let call): body.calls[call].forEachOperand(in: body, visit)
    case .vaStart(let list), .vaArgument(let list), .vaEnd(let list): visit(list)
    case .assembly(let operands), .unknown(_, let operands):
      for index in operands.indices { visit(body.operands[index]) }
    }
  }
}

extension Call {
  /// Calls `visit` with the callee's address, the arguments and the result's object.
  public func forEachOperand(in body: Body, _ visit: (ValueID) -> Void) {
    if case .indirect(let address) = callee { visit(address) }
    for index in arguments.indices { visit(body.operands[index]) }
    if let resultObject { visit(resultObject) }
  }
}

extension Body {
  /// Calls `visit` with each value that an instruction uses, in the order of its operands.
  public func forEachOperand(of id: ValueID, _ visit: (ValueID) -> Void) {
    instructions[id].operation.forEachOperand(in: self, visit)
  }

  /// Calls `visit` with each value that the end of a block uses.
  public func forEachOperand(ofTerminator block: BlockID, _ visit: (ValueID) -> Void) {
    switch blocks[block].terminator {
    case .branch(let condition, _, _): visit(condition)
    case .switch(let id): visit(switches[id].value)
    case .indirect(let value, _): visit(value)
    case .returnValue(let value): visit(value)
    case .jump, .returnVoid, .unreachable: break
    }
  }
}
