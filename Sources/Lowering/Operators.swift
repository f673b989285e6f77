// SPDX-License-Identifier: Apache-2.0

import Clang
import IR

/// Operators and control flow inside expressions.
extension Lowerer {
  // MARK: Unary

  mutating func unary(_ node: Cursor) -> ValueID {
    guard let child = onlyChild(node) else { return unmodelled(node) }
    let type = self.type(of: node)
    let place = origin(node)
    switch unit.unaryOperator(of: node) {
    case .postIncrement, .postDecrement, .preIncrement, .preDecrement:
      return increment(node, isUsed: true)
    case .addressOf: return convert(address(child), to: type, place)
    case .dereference:
      if case .function = module.types[type].kind { return value(child) }
      let clangType = unit.type(of: node)
      let place = lvalue(node)
      return read(place, type, isVolatile: isVolatile(clangType), origin(node))
    case .plus, .extension: return convert(value(child), to: type, place)
    case .minus:
      let operand = value(child)
      if let number = code.constant(operand), module.types[type].isInteger,
        module.types[type].width <= 64,
        normalized(0 &- number, type) == 0 &- number || !isSigned(type)
      {
        return constant(0 &- number, type, place)
      }
      if case .floating(let bits) = code.instruction(operand).operation {
        return emit(.floating(-Double(bitPattern: bits)), type, place)
      }
      return emit(.unary(.negate, operand), type, place)
    case .complement:
      let operand = value(child)
      if let number = code.constant(operand), module.types[type].width <= 64 {
        return constant(~number, type, place)
      }
      return emit(.unary(.complement, operand), type, place)
    case .not:
      let operand = value(child)
      let zero = zero(code.instruction(operand).type, place)
      return compare(.equal, operand, zero, type, place)
    case .real, .imaginary, .coroutine, .invalid: return unmodelled(node, cause: "complex")
    }
  }

  private func isSigned(_ type: TypeID) -> Bool { module.types[type].isSigned }

  /// `++` and `--`.
  mutating func increment(_ node: Cursor, isUsed: Bool) -> ValueID {
    guard let child = onlyChild(node) else { return unmodelled(node) }
    let operation = unit.unaryOperator(of: node)
    let isDown = operation == .preDecrement || operation == .postDecrement
    let isPostfix = operation == .postIncrement || operation == .postDecrement
    let clangType = unit.type(of: child)
    let type = self.type(clangType)
    let origin = origin(node)
    let place = lvalue(child)
    let isVolatile = isVolatile(clangType)
    let old = read(place, type, isVolatile: isVolatile, origin)
    let new: ValueID
    if case .pointer = module.types[type].kind {
      let step = constant(1, basic.int, origin)
      let element = unit.pointee(of: unit.unqualified(clangType))
      new = moved(old, by: step, of: element, isBackward: isDown, type, origin)
    } else {
      let computation = promotedType(type, place)
      let one =
        module.types[computation].isInteger
        ? constant(1, computation, origin) : emit(.floating(1), computation, origin)
      let operand = convert(old, to: computation, origin)
      let sum = binary(isDown ? .subtract : .add, operand, one, computation, origin)
      new = convert(sum, to: type, origin)
    }
    write(new, to: place, isVolatile: isVolatile, origin)
    if isPostfix { return old }
    return isUsed ? written(new, place, type, origin) : new
  }

  /// The type after the integer promotions; a narrow bit-field becomes `int` whatever its type.
  private func promotedType(_ type: TypeID, _ place: Place) -> TypeID {
    if case .bits(_, let field) = place, let width = module.fields[field].bitWidth {
      if width < 32 { return basic.int }
    }
    return promoted(type)
  }

  /// The value of an assignment: what the object holds afterwards.
  private mutating func written(
    _ value: ValueID, _ place: Place, _ type: TypeID, _ origin: OriginID
  ) -> ValueID {
    if case .bits(let base, let field) = place {
      return emit(.loadBits(base: base, field: field), type, origin)
    }
    return value
  }

  // MARK: Binary

  mutating func binary(_ node: Cursor) -> ValueID {
    let children = unit.children(of: node)
    guard children.count == 2 else { return unmodelled(node) }
    let operation = unit.binaryOperator(of: node)
    switch operation {
    case .assign: return assignment(node, isUsed: true)
    case .comma:
      effect(children[0])
      return value(children[1])
    case .logicalAnd, .logicalOr: return logicalValue(node)
    default: break
    }
    let left = value(children[0])
    let right = value(children[1])
    let type = self.type(of: node)
    let place = origin(node)
    if module.types[code.instruction(left).type].kind == .unmodelled
      || module.types[code.instruction(right).type].kind == .unmodelled
    {
      return unknown("operator", type, operands: [left, right], place)
    }
    if let relation = comparison(operation) {
      let other = convert(right, to: code.instruction(left).type, place)
      return compare(relation, left, other, type, place)
    }
    guard let arithmetic = arithmetic(operation) else { return unmodelled(node) }
    let isLeftPointer = module.types[code.instruction(left).type].isPointer
    let isRightPointer = module.types[code.instruction(right).type].isPointer
    if isLeftPointer, isRightPointer {
      return difference(left, right, children[0], type, place)
    }
    if isLeftPointer || isRightPointer {
      let element = unit.pointee(of: unit.unqualified(unit.type(of: node)))
      return moved(
        isLeftPointer ? left : right, by: isLeftPointer ? right : left, of: element,
        isBackward: arithmetic == .subtract, type, place)
    }
    return binary(arithmetic, left, right, type, place)
  }

  private mutating func difference(
    _ left: ValueID, _ right: ValueID, _ pointer: Cursor, _ type: TypeID, _ place: OriginID
  ) -> ValueID {
    let element = unit.pointee(of: unit.unqualified(unit.type(of: pointer)))
    if let size = arraySize(of: element, place) {
      let bytePointer = self.pointer(to: basic.character)
      let bytes = emit(
        .pointerDifference(
          convert(left, to: bytePointer, place), convert(right, to: bytePointer, place), stride: 1),
        type, place)
      return binary(.divide, bytes, convert(size, to: type, place), type, place)
    }
    let stride = UInt32(clamping: max(1, stride(of: element)))
    return emit(.pointerDifference(left, right, stride: stride), type, place)
  }

  func comparison(_ operation: ClangBinaryOperator) -> Comparison? {
    switch operation {
    case .equal: .equal
    case .notEqual: .notEqual
    case .less: .less
    case .lessOrEqual: .lessOrEqual
    case .greater: .greater
    case .greaterOrEqual: .greaterOrEqual
    default: nil
    }
  }

  func arithmetic(_ operation: ClangBinaryOperator) -> BinaryOperator? {
    switch operation {
    case .multiply, .multiplyAssign: .multiply
    case .divide, .divideAssign: .divide
    case .remainder, .remainderAssign: .remainder
    case .add, .addAssign: .add
    case .subtract, .subtractAssign: .subtract
    case .shiftLeft, .shiftLeftAssign: .shiftLeft
    case .shiftRight, .shiftRightAssign: .shiftRight
    case .and, .andAssign: .and
    case .xor, .xorAssign: .xor
    case .or, .orAssign: .or
    default: nil
    }
  }

  // MARK: Assignment

  /// `left = right`; the right side first, as clang generates it.
  mutating func assignment(_ node: Cursor, isUsed: Bool) -> ValueID {
    let children = unit.children(of: node)
    let clangType = unit.type(of: children[0])
    let type = self.type(clangType)
    if module.types[type].isAggregate { return aggregate(node) }
    let right = convert(value(children[1]), to: type, origin(children[1]))
    let place = lvalue(children[0])
    let origin = origin(node)
    write(right, to: place, isVolatile: isVolatile(clangType), origin)
    return isUsed ? written(right, place, type, origin) : right
  }

  /// `left op= right`, computed in the common type of both (C11 6.5.16.2).
  mutating func compoundAssignment(_ node: Cursor, isUsed: Bool) -> ValueID {
    let children = unit.children(of: node)
    guard children.count == 2, let operation = arithmetic(unit.binaryOperator(of: node)) else {
      return unmodelled(node)
    }
    let clangType = unit.type(of: children[0])
    let type = self.type(clangType)
    let right = value(children[1])
    let place = lvalue(children[0])
    let origin = origin(node)
    let isVolatile = isVolatile(clangType)
    let old = read(place, type, isVolatile: isVolatile, origin)
    let new: ValueID
    if case .pointer = module.types[type].kind {
      let element = unit.pointee(of: unit.unqualified(clangType))
      new = moved(
        old, by: right, of: element, isBackward: operation == .subtract, type, origin)
    } else {
      let isShift = operation == .shiftLeft || operation == .shiftRight
      let leftType = promotedType(type, place)
      let computation = isShift ? leftType : common(leftType, code.instruction(right).type)
      let operand = convert(old, to: computation, origin)
      let other = isShift ? right : convert(right, to: computation, origin)
      let result = binary(operation, operand, other, computation, origin)
      new = convert(result, to: type, origin)
    }
    write(new, to: place, isVolatile: isVolatile, origin)
    return isUsed ? written(new, place, type, origin) : new
  }

  // MARK: Conditions

  /// Branches on an expression: `&&`, `||`, `!` and parentheses become jumps.
  mutating func condition(_ node: Cursor, then: BlockID, otherwise: BlockID) {
    switch unit.kind(of: node) {
    case .parenthesis:
      if let child = onlyChild(node) {
        return condition(child, then: then, otherwise: otherwise)
      }
    case .unaryOperator:
      guard let child = onlyChild(node) else { break }
      switch unit.unaryOperator(of: node) {
      case .not: return condition(child, then: otherwise, otherwise: then)
      case .extension: return condition(child, then: then, otherwise: otherwise)
      default: break
      }
    case .binaryOperator:
      let children = unit.children(of: node)
      guard children.count == 2 else { break }
      switch unit.binaryOperator(of: node) {
      case .logicalAnd:
        let next = code.newBlock()
        condition(children[0], then: next, otherwise: otherwise)
        code.startIfReached(next, origin(children[1]))
        if code.open != nil { condition(children[1], then: then, otherwise: otherwise) }
        return
      case .logicalOr:
        let next = code.newBlock()
        condition(children[0], then: then, otherwise: next)
        code.startIfReached(next, origin(children[1]))
        if code.open != nil { condition(children[1], then: then, otherwise: otherwise) }
        return
      case .comma:
        effect(children[0])
        return condition(children[1], then: then, otherwise: otherwise)
      default: break
      }
    case .unexposedExpression, .explicitCast:
      if let child = testedOperand(node) {
        return condition(child, then: then, otherwise: otherwise)
      }
    case .call:
      if let argument = expectedArgument(node) {
        return condition(argument, then: then, otherwise: otherwise)
      }
    default: break
    }
    let value = self.value(node)
    let place = origin(node)
    if let number = code.constant(value) {
      code.jump(to: number != 0 ? then : otherwise, place)
    } else {
      code.terminate(.branch(condition: value, then: then, otherwise: otherwise), place)
    }
  }

  /// The operand of a cast that changes no zero into another number or back.
  private mutating func testedOperand(_ node: Cursor) -> Cursor? {
    guard let child = castOperand(node) else { return nil }
    let (from, to) = (typeRow(of: child), typeRow(of: node))
    guard from.isInteger, to.isInteger, to.width >= from.width || to.kind == .bool else {
      return nil
    }
    // The cast of a name or member is its read; the read belongs to the name.
    switch unit.kind(of: child) {
    case .parenthesis, .unaryOperator, .binaryOperator, .unexposedExpression, .explicitCast, .call:
      return child
    default: return nil
    }
  }

  /// The first argument of a call of `__builtin_expect`.
  mutating func expectedArgument(_ node: Cursor) -> Cursor? {
    let children = unit.children(of: node)
    guard children.count >= 3, let callee = calledFunction(children[0]),
      module.symbols[module.functions[callee].name].hasPrefix("__builtin_expect")
    else { return nil }
    return children[1]
  }

  private mutating func logicalValue(_ node: Cursor) -> ValueID {
    let type = self.type(of: node)
    let place = origin(node)
    let (yes, no, end) = (code.newBlock(), code.newBlock(), code.newBlock())
    let local = temporary(type, place)
    condition(node, then: yes, otherwise: no)
    for (block, number) in [(yes, Int64(1)), (no, 0)] {
      code.startIfReached(block, place)
      guard code.open != nil else { continue }
      let value = constant(number, type, place)
      store(value, to: local, place)
      code.jump(to: end, place)
    }
    code.startIfReached(end, place)
    return load(local: local, place)
  }

  /// `a && b` or `a || b` as a statement.
  mutating func logicalEffect(_ node: Cursor, _ end: BlockID) {
    let children = unit.children(of: node)
    let next = code.newBlock()
    let isAnd = unit.binaryOperator(of: node) == .logicalAnd
    condition(children[0], then: isAnd ? next : end, otherwise: isAnd ? end : next)
    let place = origin(node)
    code.startIfReached(next, place)
    if code.open != nil { effect(children[1]) }
    code.startIfReached(end, place)
  }

  // MARK: Conditional operator

  mutating func conditional(_ node: Cursor) -> ValueID {
    let type = self.type(of: node)
    if module.types[type].kind == .void {
      conditionalEffect(node)
      return nothing(origin(node))
    }
    let place = origin(node)
    let local = temporary(type, place)
    branches(node) { lowerer, branch in
      let value = lowerer.convert(lowerer.value(branch), to: type, lowerer.origin(branch))
      lowerer.store(value, to: local, lowerer.origin(branch))
    }
    return load(local: local, place)
  }

  mutating func conditionalEffect(_ node: Cursor) {
    branches(node) { lowerer, branch in lowerer.effect(branch) }
  }

  mutating func conditionalAggregate(
    _ node: Cursor, into target: ValueID, _ type: TypeID, isFresh: Bool
  ) {
    branches(node) { lowerer, branch in
      lowerer.lower(branch, into: target, type, isFresh: isFresh)
    }
  }

  /// Lowers the two branches of `?:` with `lower`; one that a constant rules out is left out.
  private mutating func branches(
    _ node: Cursor, _ lower: (inout Lowerer, Cursor) -> Void
  ) {
    let children = unit.children(of: node)
    guard children.count == 3 else { return }
    let (then, otherwise, end) = (code.newBlock(), code.newBlock(), code.newBlock())
    condition(children[0], then: then, otherwise: otherwise)
    for (block, branch) in [(then, children[1]), (otherwise, children[2])] {
      code.startIfReached(block, origin(branch))
      guard code.open != nil else { continue }
      lower(&self, branch)
      code.jump(to: end, origin(branch))
    }
    code.startIfReached(end, origin(node))
  }

  /// Whether the node is GNU `x ?: y`: four children of which three are `x`.
  func isBinaryConditional(_ node: Cursor) -> Bool {
    guard unit.kind(of: node) == .unexposedExpression, let first = unit.child(0, of: node),
      let second = unit.child(1, of: node), let last = unit.child(3, of: node),
      unit.end(of: last) == unit.end(of: node)
    else { return false }
    return unit.isSame(first, second)
  }

  mutating func binaryConditional(_ node: Cursor) -> ValueID {
    let children = unit.children(of: node)
    let type = self.type(of: node)
    let place = origin(node)
    let (then, otherwise, end) = (code.newBlock(), code.newBlock(), code.newBlock())
    let first = value(children[0])
    let local = temporary(type, place)
    if let number = code.constant(first) {
      code.jump(to: number != 0 ? then : otherwise, place)
    } else {
      code.terminate(.branch(condition: first, then: then, otherwise: otherwise), place)
    }
    code.startIfReached(then, place)
    if code.open != nil {
      store(convert(first, to: type, place), to: local, place)
      code.jump(to: end, place)
    }
    code.startIfReached(otherwise, place)
    if code.open != nil {
      store(convert(value(children[3]), to: type, place), to: local, place)
      code.jump(to: end, place)
    }
    code.startIfReached(end, place)
    return load(local: local, place)
  }

  // MARK: Statement expressions

  mutating func statementExpression(_ node: Cursor) -> ValueID {
    let type = self.type(of: node)
    let place = origin(node)
    if module.types[type].kind == .void {
      if let block = onlyChild(node) { lowerStatement(block) }
      return nothing(place)
    }
    var result: ValueID?
    statements(node) { lowerer, last in result = lowerer.value(last) }
    return result.map { convert($0, to: type, place) }
      ?? unknown("statement-expression", type, place)
  }

  mutating func statementExpression(
    _ node: Cursor, into target: ValueID, _ type: TypeID, isFresh: Bool
  ) {
    statements(node) { lowerer, last in
      lowerer.lower(last, into: target, type, isFresh: isFresh)
    }
  }

  /// Lowers the statements of a statement expression; `lowerLast` the expression that is its value.
  private mutating func statements(
    _ node: Cursor, _ lowerLast: (inout Lowerer, Cursor) -> Void
  ) {
    guard let block = onlyChild(node) else { return }
    let saved = code.statement
    openScope(block)
    let children = unit.children(of: block)
    for child in children.dropLast() { lowerStatement(child) }
    if var last = children.last {
      while unit.kind(of: last) == .label || unit.kind(of: last) == .unexposedStatement {
        if unit.kind(of: last) == .label {
          code.start(code.label(unit.entity(last)), origin(last))
        }
        guard let inner = unit.children(of: last).last else { break }
        last = inner
      }
      if unit.kind(of: last).isExpression {
        lowerLast(&self, last)
      } else {
        lowerStatement(last)
      }
    }
    code.statement = saved
    closeScope(origin(block))
  }
}
