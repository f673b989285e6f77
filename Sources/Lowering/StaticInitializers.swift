// SPDX-License-Identifier: Apache-2.0

import Clang
import IR

/// Initialisers of static objects: constants and addresses.
extension Lowerer {
  /// The cells of the initialiser at `node` for an object of `type`, by ascending offset.
  mutating func initializerCells(
    _ node: Cursor, _ type: TypeID, of global: GlobalID
  ) -> ContiguousArray<InitializerCell> {
    var leaves: ContiguousArray<InitializerLeaf>
    if unit.kind(of: node) == .initializerList, textNode(node) == nil || !isArrayType(type) {
      leaves = module.types[type].isAggregate ? self.leaves(of: node, type) : []
      if leaves.isEmpty, let child = onlyChild(node), !module.types[type].isAggregate {
        return initializerCells(child, type, of: global)
      }
    } else {
      leaves = [InitializerLeaf(path: [], offset: 0, type: type, node: node)]
    }
    var cells: ContiguousArray<InitializerCell> = []
    for leaf in leaves {
      if case .record = module.types[leaf.type].kind {
        appendNested(leaf, of: global, to: &cells)
        continue
      }
      var bits: FieldID?
      if case .field(let field) = leaf.path.last, module.fields[field].bitWidth != nil {
        bits = field
      }
      let value = staticValue(leaf.node, leaf.type)
      // A later initialiser of the same part replaces an earlier one (C11 6.7.9p19).
      if leaf.offset <= (cells.last?.offset ?? 0),
        let same = cells.lastIndex(where: { $0.offset == leaf.offset && $0.bitField == bits })
      {
        cells[same] = InitializerCell(
          offset: leaf.offset, type: leaf.type, value: value, bitField: bits)
      } else {
        cells.append(
          InitializerCell(offset: leaf.offset, type: leaf.type, value: value, bitField: bits))
      }
    }
    // Equal offsets (bit-fields) keep their order: the sort is made stable by the position.
    let sorted = cells.enumerated().sorted {
      ($0.element.offset, $0.offset) < ($1.element.offset, $1.offset)
    }
    let result = ContiguousArray(sorted.map(\.element))
    for (index, cell) in result.enumerated() {
      if case .label = cell.value { code.labelCells.append((global, index)) }
    }
    return result
  }

  private func isArrayType(_ type: TypeID) -> Bool {
    switch module.types[type].kind {
    case .array, .unboundedArray: true
    default: false
    }
  }

  /// A part of record type that is initialised by a compound literal (a GNU extension).
  private mutating func appendNested(
    _ leaf: InitializerLeaf, of global: GlobalID, to cells: inout ContiguousArray<InitializerCell>
  ) {
    guard let list = literalList(leaf.node) else {
      cells.append(InitializerCell(offset: leaf.offset, type: leaf.type, value: .unknown))
      return
    }
    for var cell in initializerCells(list, leaf.type, of: global) {
      cell.offset += leaf.offset
      cells.append(cell)
    }
  }

  /// The list of the compound literal at a node.
  private mutating func literalList(_ node: Cursor) -> Cursor? {
    switch unit.kind(of: node) {
    case .compoundLiteral:
      return unit.children(of: node).last { unit.kind(of: $0) == .initializerList }
    case .parenthesis, .unexposedExpression:
      return unit.children(of: node).last.flatMap { literalList($0) }
    default: return nil
    }
  }

  private mutating func staticValue(_ node: Cursor, _ type: TypeID) -> InitializerValue {
    let row = module.types[type]
    if let text = textNode(node), isArrayType(type) { return .bytes(stringLiteral(text)) }
    if unit.kind(of: node) == .initializerList {
      guard let child = onlyChild(node) else { return .integer(0) }
      return staticValue(child, type)
    }
    switch row.kind {
    case .bool, .integer:
      if case .integer(let value) = unit.evaluate(node) {
        return .integer(normalized(value, type))
      }
      if case .floating(let value) = unit.evaluate(node), let integer = Int64(exactly: value) {
        return .integer(normalized(integer, type))
      }
    case .floating:
      switch unit.evaluate(node) {
      case .floating(let value): return .floating(value)
      case .integer(let value): return .floating(Double(value))
      case nil: break
      }
    default: break
    }
    return staticAddress(node)?.value ?? .unknown
  }

  // MARK: Addresses

  /// What an address constant is relative to.
  private enum StaticBase {
    case none
    case global(GlobalID)
    case literal(LiteralID)
    case function(FunctionID)
    case label(FunctionID, BlockID)
  }

  /// An address constant (C11 6.6p9).
  private struct StaticAddress {
    var base: StaticBase
    var offset: Int64 = 0

    var value: InitializerValue {
      switch base {
      case .none: .integer(offset)
      case .global(let id): .global(id, offset: offset)
      case .literal(let id): .literal(id, offset: offset)
      case .function(let id): .function(id)
      case .label(let function, let block): .label(function, block)
      }
    }
  }

  /// The address constant that an expression of pointer type is.
  private mutating func staticAddress(_ node: Cursor) -> StaticAddress? {
    switch unit.kind(of: node) {
    case .parenthesis: return onlyChild(node).flatMap { staticAddress($0) }
    case .integerLiteral, .characterLiteral, .sizeOrAlignment: return staticInteger(node)
    case .stringLiteral, .compoundLiteral: return staticObject(node)
    case .declarationReference:
      // A value of pointer type cannot be read here; only functions and arrays stand for addresses.
      switch typeRow(of: node).kind {
      case .array, .unboundedArray, .function: return staticObject(node)
      default: return staticInteger(node)
      }
    case .addressOfLabel:
      return labelBlock(node).map { StaticAddress(base: .label(code.function, $0)) }
    case .unaryOperator:
      guard let child = onlyChild(node) else { return nil }
      if unit.unaryOperator(of: node) == .addressOf { return staticObject(child) }
      if unit.unaryOperator(of: node) == .extension { return staticAddress(child) }
      return staticInteger(node)
    case .unexposedExpression, .explicitCast:
      if let child = castOperand(node) { return staticCast(child) }
      if let choice = chosen(node) { return staticAddress(choice) }
      return staticInteger(node)
    case .binaryOperator: return staticSum(node) ?? staticInteger(node)
    case .conditional:
      let children = unit.children(of: node)
      guard children.count == 3, case .integer(let test) = unit.evaluate(children[0]) else {
        return nil
      }
      return staticAddress(children[test != 0 ? 1 : 2])
    default: return staticInteger(node)
    }
  }

  private mutating func staticCast(_ child: Cursor) -> StaticAddress? {
    switch typeRow(of: child).kind {
    case .array, .unboundedArray, .function: staticObject(child)
    default: staticAddress(child)
    }
  }

  private func staticInteger(_ node: Cursor) -> StaticAddress? {
    guard case .integer(let value) = unit.evaluate(node) else { return nil }
    return StaticAddress(base: .none, offset: value)
  }

  private mutating func staticSum(_ node: Cursor) -> StaticAddress? {
    let children = unit.children(of: node)
    guard children.count == 2 else { return nil }
    let operation = unit.binaryOperator(of: node)
    guard operation == .add || operation == .subtract else { return nil }
    let isLeft = typeRow(of: children[0]).isPointer
    let isRight = typeRow(of: children[1]).isPointer
    guard isLeft != isRight else { return nil }
    let pointer = isLeft ? children[0] : children[1]
    guard var address = staticAddress(pointer),
      case .integer(let index) = unit.evaluate(isLeft ? children[1] : children[0])
    else { return nil }
    let element = unit.pointee(of: unit.unqualified(unit.type(of: pointer)))
    let distance = index.multipliedReportingOverflow(by: Int64(clamping: stride(of: element)))
    guard !distance.overflow else { return nil }
    address.offset &+= operation == .add ? distance.partialValue : 0 &- distance.partialValue
    return address
  }

  /// The address of the object that an lvalue designates.
  private mutating func staticObject(_ node: Cursor) -> StaticAddress? {
    switch unit.kind(of: node) {
    case .parenthesis: return onlyChild(node).flatMap { staticObject($0) }
    case .stringLiteral: return StaticAddress(base: .literal(stringLiteral(node)))
    case .compoundLiteral: return staticLiteralObject(node)
    case .declarationReference: return staticVariable(node)
    case .memberExpression: return staticMember(node)
    case .subscript_: return staticElement(node)
    case .unaryOperator:
      guard let child = onlyChild(node) else { return nil }
      if unit.unaryOperator(of: node) == .dereference { return staticAddress(child) }
      return unit.unaryOperator(of: node) == .extension ? staticObject(child) : nil
    case .unexposedExpression:
      guard let child = onlyChild(node), unit.end(of: child) == unit.end(of: node) else {
        return nil
      }
      return staticObject(child)
    default: return nil
    }
  }

  private mutating func staticVariable(_ node: Cursor) -> StaticAddress? {
    guard let declaration = unit.referenced(by: node) else { return nil }
    switch unit.kind(of: declaration) {
    case .functionDeclaration: return StaticAddress(base: .function(function(declaration)))
    case .variableDeclaration:
      if let known = globalIDs[unit.entity(declaration)] {
        return StaticAddress(base: .global(GlobalID(index: known)))
      }
      let isAtFileScope = globalDeclarations[unit.entity(unit.canonical(declaration))] != nil
      if isAtFileScope || unit.isExtern(declaration) {
        return StaticAddress(base: .global(global(declaration)))
      }
      guard unit.isStatic(declaration) else { return nil }
      return StaticAddress(base: .global(staticLocal(declaration)))
    default: return nil
    }
  }

  private mutating func staticMember(_ node: Cursor) -> StaticAddress? {
    guard let base = unit.children(of: node).first(where: { unit.kind(of: $0).isExpression }) else {
      return nil
    }
    let baseType = typeRow(of: base)
    guard let declaration = unit.referenced(by: node), let field = field(declaration) else {
      return nil
    }
    var record = baseType.kind
    let object: StaticAddress?
    if case .pointer(let pointee) = baseType.kind {
      record = module.types[pointee].kind
      object = staticAddress(base)
    } else {
      object = staticObject(base)
    }
    guard var address = object, case .record(let outer) = record,
      let path = path(from: outer, to: field)
    else { return nil }
    for step in path + [field] { address.offset += Int64(module.fields[step].byteOffset) }
    return address
  }

  private mutating func staticElement(_ node: Cursor) -> StaticAddress? {
    let children = unit.children(of: node)
    guard children.count == 2, var address = staticAddress(children[0]),
      case .integer(let index) = unit.evaluate(children[1])
    else { return nil }
    address.offset &+= index &* Int64(clamping: typeRow(of: node).size)
    return address
  }

  /// A compound literal at file scope is a variable without a name.
  private mutating func staticLiteralObject(_ node: Cursor) -> StaticAddress? {
    guard let list = unit.children(of: node).last(where: { unit.kind(of: $0).isExpression }) else {
      return nil
    }
    let clangType = unit.type(of: node)
    let type = self.type(clangType)
    let id = module.globals.append(
      Global(
        name: SymbolTable.empty, usr: SymbolTable.empty, type: type, isStatic: true,
        isConst: unit.isConst(unit.canonical(clangType)), isVolatile: isVolatile(clangType),
        isDefinition: true, initializer: [], origin: origin(node)))
    module.globals[id].initializer = initializerCells(list, type, of: id)
    return StaticAddress(base: .global(id))
  }
}
