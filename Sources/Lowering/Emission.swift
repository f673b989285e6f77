// SPDX-License-Identifier: Apache-2.0

import Clang
import IR

/// Instructions that are more than a row: constants, conversions, loads and stores.
extension Lowerer {
  mutating func emit(_ operation: Operation, _ type: TypeID, _ origin: OriginID) -> ValueID {
    code.emit(operation, type, origin)
  }

  @discardableResult
  mutating func run(_ operation: Operation, _ origin: OriginID) -> ValueID {
    code.emit(operation, basic.void, origin)
  }

  mutating func constant(_ value: Int64, _ type: TypeID, _ origin: OriginID) -> ValueID {
    emit(.constant(normalized(value, type)), type, origin)
  }

  /// The form in which a constant of the type is stored: sign or zero above its width.
  func normalized(_ value: Int64, _ type: TypeID) -> Int64 {
    switch module.types[type].kind {
    case .bool: return value == 0 ? 0 : 1
    case .integer(let width, let isSigned) where width < 64:
      let shift = Int64(64 - width)
      if isSigned { return (value << shift) >> shift }
      return Int64(bitPattern: (UInt64(bitPattern: value) << UInt64(shift)) >> UInt64(shift))
    default: return value
    }
  }

  /// What stands for the value of an expression of type `void`.
  mutating func nothing(_ origin: OriginID) -> ValueID {
    emit(.constant(0), basic.void, origin)
  }

  /// A zero of a scalar type.
  mutating func zero(_ type: TypeID, _ origin: OriginID) -> ValueID {
    if case .floating = module.types[type].kind { return emit(.floating(0), type, origin) }
    return emit(.constant(0), type, origin)
  }

  mutating func newLocal(_ type: TypeID, name: SymbolID, _ origin: OriginID) -> LocalID {
    code.body.locals.append(
      Local(name: name, type: type, isParameter: false, isAddressTaken: false, origin: origin))
  }

  mutating func temporary(_ type: TypeID, _ origin: OriginID) -> LocalID {
    newLocal(type, name: SymbolTable.empty, origin)
  }

  mutating func address(of local: LocalID, _ origin: OriginID) -> ValueID {
    let type = pointer(to: code.body.locals[local].type)
    return emit(.local(local), type, origin)
  }

  mutating func load(
    _ address: ValueID, _ type: TypeID, isVolatile: Bool = false, _ origin: OriginID
  ) -> ValueID {
    emit(.load(address, isVolatile: isVolatile), type, origin)
  }

  mutating func store(
    _ value: ValueID, to address: ValueID, isVolatile: Bool = false, _ origin: OriginID
  ) {
    let type = code.instruction(value).type
    _ = emit(.store(address: address, value: value, isVolatile: isVolatile), type, origin)
  }

  mutating func load(local: LocalID, _ origin: OriginID) -> ValueID {
    let type = code.body.locals[local].type
    return load(address(of: local, origin), type, origin)
  }

  mutating func store(_ value: ValueID, to local: LocalID, _ origin: OriginID) {
    store(value, to: address(of: local, origin), origin)
  }

  mutating func read(_ place: Place, _ type: TypeID, isVolatile: Bool, _ origin: OriginID)
    -> ValueID
  {
    switch place {
    case .address(let address): load(address, type, isVolatile: isVolatile, origin)
    case .bits(let base, let field): emit(.loadBits(base: base, field: field), type, origin)
    }
  }

  mutating func write(_ value: ValueID, to place: Place, isVolatile: Bool, _ origin: OriginID) {
    switch place {
    case .address(let address): store(value, to: address, isVolatile: isVolatile, origin)
    case .bits(let base, let field):
      let type = code.instruction(value).type
      _ = emit(.storeBits(base: base, field: field, value: value), type, origin)
    }
  }

  mutating func copy(_ type: TypeID, from source: ValueID, to target: ValueID, _ origin: OriginID) {
    let bytes = UInt32(clamping: module.types[type].size)
    if bytes > 0 { run(.copy(destination: target, source: source, bytes: bytes), origin) }
  }

  mutating func unknown(
    _ cause: String, _ type: TypeID, operands: some Sequence<ValueID>, _ origin: OriginID
  ) -> ValueID {
    let symbol = module.symbols.intern(cause)
    let list = code.list(operands)
    return emit(.unknown(cause: symbol, operands: list), type, origin)
  }

  mutating func unknown(_ cause: String, _ type: TypeID, _ origin: OriginID) -> ValueID {
    unknown(cause, type, operands: EmptyCollection(), origin)
  }

  // MARK: Conversions

  /// The value converted to `type` as by assignment or a cast (C11 6.3).
  mutating func convert(_ value: ValueID, to type: TypeID, _ origin: OriginID) -> ValueID {
    let source = code.instruction(value).type
    if source == type { return value }
    let (from, to) = (module.types[source], module.types[type])
    if let number = code.constant(value), let folded = fold(number, from, to, type, origin) {
      return folded
    }
    if case .floating(let bits) = code.instruction(value).operation, case .floating = to.kind,
      to.size >= from.size
    {
      return emit(.floating(bits: bits), type, origin)
    }
    guard let kind = castKind(from, to) else {
      return unknown("conversion", type, operands: CollectionOfOne(value), origin)
    }
    return emit(.cast(kind, value), type, origin)
  }

  private mutating func fold(
    _ number: Int64, _ from: Type, _ to: Type, _ type: TypeID, _ origin: OriginID
  ) -> ValueID? {
    if from.width > 64 || to.width > 64 { return nil }
    switch to.kind {
    case .bool, .integer: return constant(number, type, origin)
    case .pointer:
      // The address of wide pointers is their integer value, cut or extended.
      return constant(number, type, origin)
    case .floating where from.isInteger:
      let isUnsigned = !from.isSigned
      let value = isUnsigned ? Double(UInt64(bitPattern: number)) : Double(number)
      return to.size >= 8 ? emit(.floating(value), type, origin) : nil
    default: return nil
    }
  }

  /// How a scalar of one type becomes one of another; `nil` where there is no such conversion.
  func castKind(_ from: Type, _ to: Type) -> CastKind? {
    switch (from.kind, to.kind) {
    case (.unmodelled, _), (_, .unmodelled), (_, .void), (.void, _): nil
    case (.bool, .bool): nil
    case (.bool, .integer): .zeroExtend
    case (.integer, .bool), (.floating, .bool), (.pointer, .bool): .toBool
    case (.integer(let fromWidth, let isSigned), .integer(let toWidth, _)):
      if fromWidth > toWidth {
        .truncate
      } else if fromWidth == toWidth {
        .reinterpret
      } else {
        isSigned ? .signExtend : .zeroExtend
      }
    case (.integer, .floating), (.bool, .floating): .integerToFloating
    case (.floating, .integer): .floatingToInteger
    case (.floating, .floating): .floatingToFloating
    case (.pointer, .integer): .pointerToInteger
    case (.integer, .pointer), (.bool, .pointer): .integerToPointer
    case (.pointer, .pointer): .pointerCast
    default: nil
    }
  }

  // MARK: Operators

  mutating func binary(
    _ operation: BinaryOperator, _ left: ValueID, _ right: ValueID, _ type: TypeID,
    _ origin: OriginID
  ) -> ValueID {
    if let first = code.constant(left), let second = code.constant(right),
      let value = folded(operation, first, second, module.types[type])
    {
      return constant(value, type, origin)
    }
    return emit(.binary(operation, left, right), type, origin)
  }

  /// The result of an operation on constants, where C defines it and no bit is lost.
  private func folded(
    _ operation: BinaryOperator, _ left: Int64, _ right: Int64, _ type: Type
  ) -> Int64? {
    guard type.isInteger, type.width <= 64 else { return nil }
    if type.width == 64, !type.isSigned { return foldedUnsigned(operation, left, right) }
    let result: (partialValue: Int64, overflow: Bool)
    switch operation {
    case .add: result = left.addingReportingOverflow(right)
    case .subtract: result = left.subtractingReportingOverflow(right)
    case .multiply: result = left.multipliedReportingOverflow(by: right)
    case .divide: result = left.dividedReportingOverflow(by: right)
    case .remainder: result = left.remainderReportingOverflow(dividingBy: right)
    case .shiftLeft:
      guard left >= 0, (0..<Int64(type.width)) ~= right else { return nil }
      result = (left << right, (left << right) >> right != left)
    case .shiftRight:
      guard left >= 0, (0..<Int64(type.width)) ~= right else { return nil }
      result = (left >> right, false)
    case .and: result = (left & right, false)
    case .or: result = (left | right, false)
    case .xor: result = (left ^ right, false)
    }
    if result.overflow { return nil }
    let bits = type.width
    let value = result.partialValue
    if type.isSigned {
      let limit = Int64.max >> Int64(64 - bits)
      return value >= -limit - 1 && value <= limit ? value : nil
    }
    return value & (Int64(1) << Int64(bits) - 1)
  }

  private func foldedUnsigned(
    _ operation: BinaryOperator, _ left: Int64, _ right: Int64
  ) -> Int64? {
    let (first, second) = (UInt64(bitPattern: left), UInt64(bitPattern: right))
    switch operation {
    case .add: return Int64(bitPattern: first &+ second)
    case .subtract: return Int64(bitPattern: first &- second)
    case .multiply: return Int64(bitPattern: first &* second)
    case .divide: return second == 0 ? nil : Int64(bitPattern: first / second)
    case .remainder: return second == 0 ? nil : Int64(bitPattern: first % second)
    case .shiftLeft: return second < 64 ? Int64(bitPattern: first << second) : nil
    case .shiftRight: return second < 64 ? Int64(bitPattern: first >> second) : nil
    case .and: return left & right
    case .or: return left | right
    case .xor: return left ^ right
    }
  }

  mutating func compare(
    _ relation: Comparison, _ left: ValueID, _ right: ValueID, _ type: TypeID, _ origin: OriginID
  ) -> ValueID {
    let operandType = module.types[code.instruction(left).type]
    if let first = code.constantOrSize(left, module.pointerSize),
      let second = code.constantOrSize(right, module.pointerSize), operandType.width <= 64,
      operandType.isInteger
    {
      let isUnsigned = !operandType.isSigned
      let isLess =
        isUnsigned ? UInt64(bitPattern: first) < UInt64(bitPattern: second) : first < second
      let holds =
        switch relation {
        case .equal: first == second
        case .notEqual: first != second
        case .less: isLess
        case .lessOrEqual: isLess || first == second
        case .greater: !isLess && first != second
        case .greaterOrEqual: !isLess
        }
      return constant(holds ? 1 : 0, type, origin)
    }
    return emit(.compare(relation, left, right), type, origin)
  }

  /// `base` moved by `index` elements of `element`.
  mutating func moved(
    _ base: ValueID, by index: ValueID, of element: ClangType, isBackward: Bool = false,
    _ type: TypeID, _ origin: OriginID
  ) -> ValueID {
    if let size = arraySize(of: element, origin) {
      var stride = convert(size, to: basic.long, origin)
      if isBackward { stride = emit(.unary(.negate, stride), basic.long, origin) }
      return emit(.dynamicElement(base: base, index: index, stride: stride), type, origin)
    }
    let bytes = Int64(clamping: stride(of: element))
    if let stride = Int32(exactly: isBackward ? -bytes : bytes) {
      return emit(.element(base: base, index: index, stride: stride), type, origin)
    }
    let stride = constant(isBackward ? -bytes : bytes, basic.long, origin)
    return emit(.dynamicElement(base: base, index: index, stride: stride), type, origin)
  }

  /// Bytes from one element to the next; 1 for `void` and functions, as GNU C has it.
  mutating func stride(of element: ClangType) -> UInt64 {
    let row = module.types[type(element)]
    switch row.kind {
    case .void, .function: return 1
    default: return row.size
    }
  }

  /// The size in bytes of a VLA type, as a value; `nil` for a type of constant size.
  mutating func arraySize(of type: ClangType, _ origin: OriginID) -> ValueID? {
    if code.arraySizes.isEmpty { return nil }
    let plain = unit.unqualified(type)
    guard let local = code.arraySizes[plain] else { return nil }
    return load(local: local, origin)
  }
}
