// SPDX-License-Identifier: Apache-2.0

import Clang
import IR

/// Expressions.
///
/// libclang shows implicit casts only as `UnexposedExpr`: what one does follows from its own type and
/// its child's. `value` of an lvalue expression reads it, so the cast from lvalue to value needs no
/// sign of its own.
extension Lowerer {
  /// The scalar value of an expression.
  mutating func value(_ node: Cursor) -> ValueID {
    switch unit.kind(of: node) {
    case .parenthesis: return onlyChild(node).map { self.value($0) } ?? unmodelled(node)
    case .integerLiteral, .characterLiteral, .floatingLiteral: return constantExpression(node)
    case .declarationReference: return reference(node)
    case .memberExpression, .subscript_: return readLvalue(node)
    case .stringLiteral, .compoundLiteral: return readLvalue(node)
    case .unaryOperator: return unary(node)
    case .binaryOperator: return binary(node)
    case .compoundAssignment: return compoundAssignment(node, isUsed: true)
    case .conditional: return conditional(node)
    case .explicitCast: return explicitCast(node)
    case .unexposedExpression: return unexposed(node)
    case .call: return call(node)
    case .sizeOrAlignment: return sizeOrAlignment(node)
    case .statementExpression: return statementExpression(node)
    case .genericSelection:
      return selected(node).map { self.value($0) } ?? unmodelled(node, cause: "generic-selection")
    case .addressOfLabel:
      guard let label = labelBlock(node) else { return unmodelled(node) }
      code.markTarget(label)
      return emit(.block(label), type(of: node), origin(node))
    default: return unmodelled(node)
    }
  }

  /// Evaluates an expression for its effects.
  mutating func effect(_ node: Cursor) {
    switch unit.kind(of: node) {
    case .parenthesis:
      if let child = onlyChild(node) { effect(child) }
    case .binaryOperator:
      switch unit.binaryOperator(of: node) {
      case .assign: _ = assignment(node, isUsed: false)
      case .comma:
        for child in unit.children(of: node) { effect(child) }
      case .logicalAnd, .logicalOr:
        let end = code.newBlock()
        logicalEffect(node, end)
      default: _ = value(node)
      }
    case .compoundAssignment: _ = compoundAssignment(node, isUsed: false)
    case .unaryOperator:
      switch unit.unaryOperator(of: node) {
      case .preIncrement, .preDecrement, .postIncrement, .postDecrement:
        _ = increment(node, isUsed: false)
      case .extension:
        if let child = onlyChild(node) { effect(child) }
      default: valueOrAggregate(node)
      }
    case .explicitCast:
      if isVoid(node), let child = unit.children(of: node).last {
        effect(child)
      } else {
        valueOrAggregate(node)
      }
    case .unexposedExpression:
      if isVoid(node), let child = castOperand(node) {
        effect(child)
      } else if isVoid(node), isBinaryConditional(node) {
        effect(unit.children(of: node)[3])
      } else {
        valueOrAggregate(node)
      }
    case .conditional where isVoid(node): conditionalEffect(node)
    case .statementExpression where isVoid(node):
      if let block = onlyChild(node) { lowerStatement(block) }
    default: valueOrAggregate(node)
    }
  }

  private mutating func valueOrAggregate(_ node: Cursor) {
    let type = typeRow(of: node)
    if type.isAggregate {
      _ = aggregate(node)
    } else if case .function = type.kind {
      // A function's name as a statement does nothing.
    } else {
      _ = value(node)
    }
  }

  /// An operand of something that is not modelled: the address of an object, else a value.
  mutating func operand(_ node: Cursor) -> ValueID {
    switch unit.kind(of: node) {
    case .parenthesis:
      if let child = onlyChild(node) { return operand(child) }
    case .declarationReference:
      let type = typeRow(of: node)
      if !isEnumConstant(node), type.isAggregate || !isFunction(type) { return address(node) }
    case .memberExpression, .subscript_, .stringLiteral, .compoundLiteral: return address(node)
    case .unaryOperator where unit.unaryOperator(of: node) == .dereference: return address(node)
    default: break
    }
    return typeRow(of: node).isAggregate ? aggregate(node) : value(node)
  }

  /// An expression that is not modelled: its operands are evaluated, its value is unknown.
  mutating func unmodelled(_ node: Cursor, cause: String = "expression") -> ValueID {
    var operands: [ValueID] = []
    for child in unit.children(of: node)
    where unit.kind(of: child).isExpression && unit.kind(of: child) != .initializerList {
      if typeRow(of: child).kind == .void {
        effect(child)
      } else {
        operands.append(operand(child))
      }
    }
    return unknown(cause, type(of: node), operands: operands, origin(node))
  }

  func onlyChild(_ node: Cursor) -> Cursor? { unit.child(0, of: node) }

  mutating func isVoid(_ node: Cursor) -> Bool {
    typeRow(of: node).kind == .void
  }

  private func isFunction(_ type: Type) -> Bool {
    if case .function = type.kind { true } else { false }
  }

  // MARK: Constants and names

  mutating func constantExpression(_ node: Cursor) -> ValueID {
    constantValue(node) ?? unmodelled(node, cause: "constant")
  }

  /// The value of a constant scalar expression of arithmetic type.
  mutating func constantValue(_ node: Cursor) -> ValueID? {
    let type = self.type(of: node)
    if let value = unit.writtenInteger(node), module.types[type].isInteger,
      module.types[type].width <= 64
    {
      return constant(value, type, origin(node))
    }
    switch (unit.evaluate(node), module.types[type].kind) {
    case (.integer(let value), .integer), (.integer(let value), .bool):
      if module.types[type].width > 64 { return nil }
      return constant(value, type, origin(node))
    case (.floating(let value), .floating): return emit(.floating(value), type, origin(node))
    default: return nil
    }
  }

  private mutating func isEnumConstant(_ node: Cursor) -> Bool {
    guard let declaration = unit.referenced(by: node) else { return false }
    return unit.kind(of: declaration) == .enumConstantDeclaration
  }

  private mutating func reference(_ node: Cursor) -> ValueID {
    guard let declaration = unit.referenced(by: node) else { return unmodelled(node) }
    switch unit.kind(of: declaration) {
    case .enumConstantDeclaration:
      return constant(unit.enumConstantValue(of: declaration), type(of: node), origin(node))
    case .functionDeclaration:
      let id = function(declaration)
      let type = functionType(module.functions[id].signature)
      return emit(.function(id), pointer(to: type), origin(node))
    default: return readLvalue(node)
    }
  }

  private mutating func readLvalue(_ node: Cursor) -> ValueID {
    let clangType = unit.type(of: node)
    let place = lvalue(node)
    return read(place, type(clangType), isVolatile: isVolatile(clangType), origin(node))
  }

  private mutating func sizeOrAlignment(_ node: Cursor) -> ValueID {
    if let operand = unit.children(of: node).last(where: { unit.kind(of: $0).isExpression }),
      case let measured = type(of: operand), module.types[measured].isPointer,
      firstWord(of: node) == "sizeof"
    {
      return emit(.pointerSize(of: measured), type(of: node), origin(node))
    }
    if let value = constantValue(node) { return value }
    let place = origin(node)
    let type = self.type(of: node)
    guard firstWord(of: node) == "sizeof" else {
      return unmodelled(node, cause: "size-of-array-type")
    }
    if let name = onlyChild(node), unit.kind(of: name) == .typeReference,
      unit.end(of: name) == unit.end(of: node),
      let size = arraySize(of: unit.type(of: name), place)
    {
      return convert(size, to: type, place)
    }
    guard
      let child = unit.children(of: node).last(where: { unit.kind(of: $0).isExpression })
    else { return unmodelled(node, cause: "size-of-array-type") }
    let operand = unit.unqualified(unit.type(of: child))
    if let size = arraySize(of: operand, place) { return convert(size, to: type, place) }
    switch typeRow(of: child).kind {
    // GNU C counts one byte for these; the operand is not evaluated.
    case .void, .function: return constant(1, type, place)
    default: break
    }
    // libclang is not asked where the operand has a list or statements inside; it is not evaluated.
    if !unit.canEvaluate(node), let size = unit.size(of: operand) {
      return constant(Int64(clamping: size), type, place)
    }
    if let size = writtenElementSize(node) {
      // `sizeof (type[bound])`: the bound, which is evaluated, is the operand that is shown.
      let count = convert(value(child), to: type, place)
      let bytes = constant(Int64(clamping: size), type, place)
      return binary(.multiply, count, bytes, type, place)
    }
    return unmodelled(node, cause: "size-of-array-type")
  }

  /// The size of the element in `sizeof (element[bound])`, where it is a builtin type or a named one.
  private mutating func writtenElementSize(_ node: Cursor) -> UInt64? {
    guard let extent = unit.extent(of: node) else { return nil }
    let text = unit.withContents(of: extent.spelling.file) { text in
      let start = Int(extent.spelling.offset)
      return String(
        decoding: (start..<min(start + 200, text.count)).map { text[$0] }, as: UTF8.self)
    }
    let parts = text.split(separator: "[", omittingEmptySubsequences: false)
    guard let open = parts[0].firstIndex(of: "("), parts.count > 1,
      let close = parts[1].firstIndex(of: "]"),
      parts[1][close...].dropFirst().first(where: { $0 != " " }) == ")"
    else { return nil }
    let element = parts[0][parts[0].index(after: open)...]
    if element.contains("*") { return UInt64(module.pointerSize) }
    if let name = unit.children(of: node).first(where: { unit.kind(of: $0) == .typeReference }) {
      return typeRow(of: name).size
    }
    let words = element.split(separator: " ")
    let isLong = words.contains("long")
    if words.contains("char") || words.contains("_Bool") { return 1 }
    if words.contains("short") { return 2 }
    if words.contains("double") { return isLong ? 16 : 8 }
    if isLong { return words.filter { $0 == "long" }.count > 1 ? 8 : UInt64(module.pointerSize) }
    let isInteger = ["int", "unsigned", "signed", "float"].contains { words.contains($0[...]) }
    return isInteger ? 4 : nil
  }

  // MARK: Lvalues

  /// The address of the object that an lvalue designates.
  mutating func address(_ node: Cursor) -> ValueID {
    switch lvalue(node) {
    case .address(let address): return address
    case .bits(let base, _): return base
    }
  }

  /// The object or bit-field that an lvalue designates.
  mutating func lvalue(_ node: Cursor) -> Place {
    switch unit.kind(of: node) {
    case .parenthesis:
      if let child = onlyChild(node) { return lvalue(child) }
    case .declarationReference: return .address(variableAddress(node))
    case .memberExpression: return member(node)
    case .subscript_: return .address(subscriptAddress(node))
    case .unaryOperator:
      guard let child = onlyChild(node) else { break }
      switch unit.unaryOperator(of: node) {
      case .dereference:
        let pointer = value(child)
        return .address(converted(pointer, toPointerTo: node))
      case .extension: return lvalue(child)
      default: break
      }
    case .stringLiteral:
      let literal = stringLiteral(node)
      return .address(emit(.literal(literal), pointer(to: type(of: node)), origin(node)))
    case .compoundLiteral: return .address(compoundLiteral(node))
    case .genericSelection:
      if let choice = selected(node) { return lvalue(choice) }
    case .unexposedExpression:
      if let child = castOperand(node), type(of: node) == type(of: child) { return lvalue(child) }
      if unit.children(of: node).count == 3, let choice = chosen(node) { return lvalue(choice) }
    default: break
    }
    if typeRow(of: node).isAggregate { return .address(aggregate(node)) }
    if case .function = typeRow(of: node).kind { return .address(value(node)) }
    return .address(
      unknown("lvalue", pointer(to: type(of: node)), operands: [], origin(node)))
  }

  private mutating func converted(_ pointer: ValueID, toPointerTo node: Cursor) -> ValueID {
    let wanted = self.pointer(to: type(of: node))
    return convert(pointer, to: wanted, origin(node))
  }

  private mutating func variableAddress(_ node: Cursor) -> ValueID {
    let place = origin(node)
    guard let declaration = unit.referenced(by: node) else {
      return unknown("declaration", pointer(to: type(of: node)), place)
    }
    switch unit.kind(of: declaration) {
    case .functionDeclaration: return reference(node)
    case .variableDeclaration, .parameterDeclaration:
      if let local = code.locals[unit.entity(declaration)] {
        return address(of: LocalID(index: local), place)
      }
      if unit.kind(of: declaration) == .parameterDeclaration
        || (!unit.isStatic(declaration) && !unit.isExtern(declaration)
          && unit.isInternal(declaration) && globalDeclarationsIsEmpty(declaration))
      {
        return unknown("declaration", pointer(to: type(of: node)), place)
      }
      let id =
        globalIDs[unit.entity(declaration)].map { GlobalID(index: $0) }
        ?? (isBlockScopeStatic(declaration) ? staticLocal(declaration) : global(declaration))
      return emit(.global(id), pointer(to: module.globals[id].type), place)
    default:
      return unknown("declaration", pointer(to: type(of: node)), place)
    }
  }

  private mutating func globalDeclarationsIsEmpty(_ declaration: Cursor) -> Bool {
    globalDeclarations[unit.entity(unit.canonical(declaration))] == nil
  }

  private mutating func isBlockScopeStatic(_ declaration: Cursor) -> Bool {
    unit.isStatic(declaration) && globalDeclarationsIsEmpty(declaration)
  }

  private mutating func member(_ node: Cursor) -> Place {
    let place = origin(node)
    guard let base = unit.firstExpression(in: node) else {
      return .address(unknown("member", pointer(to: type(of: node)), place))
    }
    // The type comes first: it brings the rows of its members.
    let isArrow = typeRow(of: base).isPointer
    guard let declaration = unit.referenced(by: node), let field = field(declaration) else {
      return .address(
        unknown("member", pointer(to: type(of: node)), operands: [operand(base)], place))
    }
    var record = isArrow ? value(base) : address(base)
    guard case .pointer(let pointee) = module.types[code.instruction(record).type].kind,
      case .record(let outer) = module.types[pointee].kind,
      let path = path(from: outer, to: field)
    else {
      return .address(
        unknown("member", pointer(to: type(of: node)), operands: [record], place))
    }
    for step in path {
      record = emit(
        .field(base: record, field: step), pointer(to: module.fields[step].type), place)
    }
    if module.fields[field].bitWidth != nil { return .bits(base: record, field: field) }
    return .address(
      emit(.field(base: record, field: field), pointer(to: module.fields[field].type), place))
  }

  /// The unnamed members that lead from a record to the one that declares `field`.
  mutating func path(from outer: RecordID, to field: FieldID) -> [FieldID]? {
    let inner = module.fields[field].record
    if outer == inner { return [] }
    complete(outer)
    for index in module.records[outer].fields.indices {
      let member = FieldID(index)
      guard module.fields[member].name == SymbolTable.empty,
        case .record(let record) = module.types[module.fields[member].type].kind
      else { continue }
      if let rest = path(from: record, to: field) { return [member] + rest }
    }
    return nil
  }

  private mutating func subscriptAddress(_ node: Cursor) -> ValueID {
    let children = unit.children(of: node)
    let place = origin(node)
    guard children.count == 2 else {
      return unknown("subscript", pointer(to: type(of: node)), place)
    }
    let first = value(children[0])
    let second = value(children[1])
    let isSwapped = !module.types[code.instruction(first).type].isPointer
    let base = isSwapped ? second : first
    let index = isSwapped ? first : second
    guard module.types[code.instruction(base).type].isPointer else {
      return unknown("subscript", pointer(to: type(of: node)), operands: [base, index], place)
    }
    let clangType = unit.type(of: node)
    return moved(base, by: index, of: clangType, pointer(to: type(clangType)), place)
  }

  private mutating func compoundLiteral(_ node: Cursor) -> ValueID {
    let type = self.type(of: node)
    let place = origin(node)
    let local = temporary(type, place)
    run(.declare(local), place)
    if !code.scopes.isEmpty {
      code.scopes[code.scopes.count - 1].locals.append(ScopedLocal(local: local))
    }
    let target = address(of: local, place)
    if let list = unit.children(of: node).last(where: { unit.kind(of: $0).isExpression }) {
      if module.types[type].isAggregate {
        initialize(target, type, list, place)
      } else {
        store(scalarInitializer(list, type), to: target, place)
      }
    }
    return target
  }

  // MARK: Aggregates

  /// The address of an object that holds the value of an expression of aggregate type.
  mutating func aggregate(_ node: Cursor) -> ValueID {
    let type = self.type(of: node)
    let place = origin(node)
    switch unit.kind(of: node) {
    case .parenthesis:
      if let child = onlyChild(node) { return aggregate(child) }
    case .declarationReference, .memberExpression, .subscript_, .stringLiteral, .compoundLiteral:
      return address(node)
    case .unaryOperator: return address(node)
    case .binaryOperator:
      let children = unit.children(of: node)
      switch unit.binaryOperator(of: node) {
      case .assign where children.count == 2: return aggregateAssignment(children, type, place)
      case .comma where children.count == 2:
        effect(children[0])
        return aggregate(children[1])
      default: break
      }
    case .genericSelection:
      if let choice = selected(node) { return aggregate(choice) }
    case .unexposedExpression, .explicitCast:
      if let child = castOperand(node), self.type(of: child) == type { return aggregate(child) }
      if unit.children(of: node).count == 3, let choice = chosen(node) { return aggregate(choice) }
    default: break
    }
    switch unit.kind(of: node) {
    case .genericSelection, .binaryOperator:
      return unknown("aggregate", pointer(to: type), place)
    default: break
    }
    let local = temporary(type, place)
    run(.declare(local), place)
    let target = address(of: local, place)
    lower(node, into: target, type, isFresh: true)
    return target
  }

  private mutating func aggregateAssignment(
    _ children: ContiguousArray<Cursor>, _ type: TypeID, _ place: OriginID
  ) -> ValueID {
    let target = address(children[0])
    lower(children[1], into: target, type, isFresh: false)
    return target
  }

  /// Evaluates an expression of aggregate type into the object at `target`.
  ///
  /// Only a fresh object, which nothing can point to yet, is given to a called function to fill.
  mutating func lower(_ node: Cursor, into target: ValueID, _ type: TypeID, isFresh: Bool) {
    let place = origin(node)
    switch unit.kind(of: node) {
    case .parenthesis:
      if let child = onlyChild(node) { lower(child, into: target, type, isFresh: isFresh) }
    case .call where isFresh: call(node, into: target)
    case .initializerList: initialize(target, type, node, place)
    case .conditional: conditionalAggregate(node, into: target, type, isFresh: isFresh)
    case .statementExpression:
      statementExpression(node, into: target, type, isFresh: isFresh)
    case .unexposedExpression where isVariadicArgument(node):
      let list = unit.children(of: node).last.map { vaList($0) }
      _ = unknown(
        "va-arg-aggregate", basic.void, operands: [list, target].compactMap { $0 }, place)
    case .unexposedExpression, .explicitCast:
      let expressions = unit.children(of: node).filter { unit.kind(of: $0).isExpression }
      if let child = castOperand(node), self.type(of: child) == type {
        lower(child, into: target, type, isFresh: isFresh)
      } else if expressions.count == 3, let choice = chosen(node) {
        lower(choice, into: target, type, isFresh: isFresh)
      } else if let child = castOperand(node), let member = unionMember(of: type, for: child) {
        lower(child, intoUnion: target, type, member, place)
      } else {
        var operands = [target]
        for child in expressions { operands.append(operand(child)) }
        _ = unknown("aggregate", basic.void, operands: operands, place)
      }
    case .declarationReference, .memberExpression, .subscript_, .stringLiteral, .compoundLiteral,
      .unaryOperator, .binaryOperator, .genericSelection, .call:
      copy(type, from: aggregate(node), to: target, place)
    default:
      _ = unknown("aggregate", basic.void, operands: CollectionOfOne(target), place)
    }
  }

  /// The member that a cast of an expression to a union type gives its value to (GNU C).
  private mutating func unionMember(of type: TypeID, for child: Cursor) -> FieldID? {
    let wanted = self.type(of: child)
    guard case .record(let id) = module.types[type].kind, module.records[id].isUnion else {
      return nil
    }
    return module.records[id].fields.indices.map { FieldID($0) }
      .first { module.fields[$0].type == wanted && module.fields[$0].bitWidth == nil }
  }

  /// Evaluates an expression into a member of the union at `target`.
  private mutating func lower(
    _ child: Cursor, intoUnion target: ValueID, _ type: TypeID, _ field: FieldID, _ place: OriginID
  ) {
    let memberType = module.fields[field].type
    // The value may read the union that is assigned.
    let source = module.types[memberType].isAggregate ? aggregate(child) : value(child)
    let bytes = module.types[type].size
    if module.types[memberType].size < bytes {
      run(.zero(address: target, bytes: UInt32(clamping: bytes)), place)
    }
    let member = emit(.field(base: target, field: field), pointer(to: memberType), place)
    if module.types[memberType].isAggregate {
      copy(memberType, from: source, to: member, place)
    } else {
      store(source, to: member, isVolatile: false, place)
    }
  }

  // MARK: Choices

  /// The chosen branch of `__builtin_choose_expr`.
  mutating func chosen(_ node: Cursor) -> Cursor? {
    let children = unit.children(of: node)
    guard children.count == 3, firstWord(of: node) == "__builtin_choose_expr" else { return nil }
    if case .integer(let condition) = unit.evaluate(children[0]) {
      return children[condition != 0 ? 1 : 2]
    }
    // libclang is not asked of what has statements inside, though they are not evaluated.
    guard code.open != nil else { return nil }
    let value = value(children[0])
    guard let condition = code.constant(value) else { return nil }
    return children[condition != 0 ? 1 : 2]
  }

  // MARK: Casts

  private mutating func explicitCast(_ node: Cursor) -> ValueID {
    guard let child = unit.lastExpression(in: node) else { return unmodelled(node) }
    return cast(child, to: type(of: node), node)
  }

  mutating func cast(_ child: Cursor, to type: TypeID, _ node: Cursor) -> ValueID {
    let place = origin(node)
    let source = typeRow(of: child)
    if module.types[type].kind == .void {
      effect(child)
      return nothing(place)
    }
    switch source.kind {
    case .array, .unboundedArray:
      guard case .pointer = module.types[type].kind else { return unmodelled(node, cause: "cast") }
      let element = elementType(source)
      let first = emit(.cast(.decay, address(child)), pointer(to: element), place)
      return convert(first, to: type, place)
    case .function: return convert(value(child), to: type, place)
    case .record, .void: return unmodelled(node, cause: "cast")
    default: return convert(value(child), to: type, place)
    }
  }

  private func elementType(_ type: Type) -> TypeID {
    switch type.kind {
    case .array(let element, _), .unboundedArray(let element): element
    default: basic.character
    }
  }

  /// An expression without a cursor kind of its own: most often an implicit cast.
  private mutating func unexposed(_ node: Cursor) -> ValueID {
    if let child = castOperand(node) { return cast(child, to: type(of: node), node) }
    let children = unit.children(of: node)
    let expressions = children.filter { unit.kind(of: $0).isExpression }
    if isVariadicArgument(node) {
      return emit(
        .vaArgument(vaList(expressions[expressions.count - 1])), type(of: node), origin(node))
    }
    if isBinaryConditional(node) { return binaryConditional(node) }
    if let value = constantValue(node) { return value }
    let word = firstWord(of: node)
    if word == "__builtin_choose_expr", let choice = chosen(node) { return value(choice) }
    if word == "__builtin_offsetof", let offset = dynamicOffset(node) { return offset }
    if word.hasPrefix("__atomic_") || word.hasPrefix("__c11_atomic_") {
      return atomic(node, word, children)
    }
    return unmodelled(node, cause: "unexposed-expression")
  }

  /// `offsetof` with an index that is no constant.
  private mutating func dynamicOffset(_ node: Cursor) -> ValueID? {
    let children = unit.children(of: node)
    // `offsetof(typeof(*p), …)` shows the operand, which is not evaluated.
    guard let first = children.first, case let kind = unit.kind(of: first),
      kind == .typeReference || kind.isExpression
    else { return nil }
    var type = self.type(of: first)
    let place = origin(node)
    var offset = constant(0, basic.unsignedLong, place)
    for child in children.dropFirst() {
      let step: ValueID
      switch module.types[type].kind {
      case .record(let outer) where unit.kind(of: child) == .memberReference:
        guard let declaration = unit.referenced(by: child), let field = field(declaration),
          let path = path(from: outer, to: field)
        else { return nil }
        let bytes = (path + [field]).reduce(0) { $0 + module.fields[$1].byteOffset }
        step = constant(Int64(clamping: bytes), basic.unsignedLong, place)
        type = module.fields[field].type
      case .array(let element, _), .unboundedArray(let element):
        guard unit.kind(of: child).isExpression else { return nil }
        let index = convert(value(child), to: basic.unsignedLong, place)
        let size = constant(
          Int64(clamping: module.types[element].size), basic.unsignedLong, place)
        step = binary(.multiply, index, size, basic.unsignedLong, place)
        type = element
      default: return nil
      }
      offset = binary(.add, offset, step, basic.unsignedLong, place)
    }
    return convert(offset, to: self.type(of: node), place)
  }

  /// The operand of a cast, implicit or written.
  mutating func castOperand(_ node: Cursor) -> Cursor? {
    if unit.kind(of: node) == .explicitCast {
      return unit.lastExpression(in: node)
    }
    return unit.implicitCastOperand(node)
  }

  /// Whether the node is `va_arg`.
  private mutating func isVariadicArgument(_ node: Cursor) -> Bool {
    // In `va_arg(list, typeof(x))` the operand, which is not evaluated, comes first.
    let expressions = unit.children(of: node).filter { unit.kind(of: $0).isExpression }
    guard let last = expressions.last, expressions.count <= 2, castOperand(node) == nil else {
      return false
    }
    // The type may be new: it has to be in the tables before they are read.
    let list = type(of: last)
    let name = module.symbols[module.types[list].name]
    let isList = name.contains("__va_list") || name == "char *" || name == "void *"
    return isList && firstWord(of: node).contains("va_arg")
  }

  /// The address of the `va_list` that an argument of the `va_` functions designates.
  mutating func vaList(_ node: Cursor) -> ValueID {
    typeRow(of: node).isPointer ? value(node) : address(node)
  }
}
