// SPDX-License-Identifier: Apache-2.0

import Clang
import IR

/// The code of a function: parameters, scopes, declarations.
extension Lowerer {
  mutating func lowerBody(of id: FunctionID, definition: Cursor) {
    // The same definition may come in under several handles; an expanded copy is made for this one.
    let tree = unit.expand(definition)
    guard let block = unit.children(of: tree).last(where: { unit.kind(of: $0) == .compound }) else {
      return
    }
    code = FunctionCode(
      function: id, name: module.symbols[module.functions[id].name],
      nodes: tree.index..<unit.end(of: tree).index)
    code.resultType = module.signatures[module.functions[id].signature].result
    code.returnsAggregate = module.types[code.resultType].isAggregate
    collectLabels(tree)
    if overlapsError(tree) { module.functions[id].attributes.insert(.hasErrors) }
    let start = origin(block)
    code.start(code.newBlock(), start)
    lowerParameters(tree)
    lowerStatement(block)
    endFunction(block)
    finishBody(of: id)
  }

  private mutating func finishBody(of id: FunctionID) {
    let renamed = code.finish()
    for (global, cell) in code.labelCells {
      if case .label(let function, let block) = module.globals[global].initializer?[cell].value {
        module.globals[global].initializer?[cell].value = .label(
          function, renamed[Int(block.index)] ?? block)
      }
    }
    module.functions[id].body = code.body
    code = FunctionCode()
  }

  /// Notes where labels are and which of them have their address taken.
  private mutating func collectLabels(_ tree: Cursor) {
    var node = tree
    let end = unit.end(of: tree)
    while node < end {
      if unit.kind(of: node) == .label { code.labelNodes[unit.entity(node)] = node }
      if unit.kind(of: node) == .addressOfLabel, let label = labelBlock(node),
        !code.addressedLabels.contains(label)
      {
        code.addressedLabels.append(label)
      }
      node = Cursor(index: node.index + 1)
    }
  }

  /// The block of the label that a `goto` or `&&` names.
  mutating func labelBlock(_ node: Cursor) -> BlockID? {
    guard let reference = unit.child(0, of: node), let label = unit.referenced(by: reference) else {
      return nil
    }
    return code.label(unit.entity(label))
  }

  private mutating func overlapsError(_ tree: Cursor) -> Bool {
    guard !errorPlaces.isEmpty, let extent = unit.extent(of: tree) else { return false }
    return errorPlaces.contains { place in
      place.file == extent.start.file && place.offset >= extent.start.offset
        && place.offset <= extent.end.offset
    }
  }

  private mutating func lowerParameters(_ tree: Cursor) {
    unit.adjustParameters(of: tree)
    let declarations = unit.parameters(ofFunction: tree)
    let signature = module.signatures[module.functions[code.function].signature]
    var narrowed: [(entity: EntityID, parameter: LocalID, type: TypeID)] = []
    for declaration in declarations {
      let name = unit.spelling(of: declaration)
      let origin = originOfName(declaration, name: name)
      let type = self.type(of: declaration)
      // A parameter of an old-style definition gets its argument promoted (C11 6.5.2.2p6).
      let position = code.body.locals.count
      let isPromoted =
        position < signature.parameters.count && isArithmetic(type)
        && isArithmetic(signature.parameters[position])
      let passed = isPromoted ? signature.parameters[position] : type
      let local = code.body.locals.append(
        Local(
          name: module.symbols.intern(name), type: passed, isParameter: true,
          isAddressTaken: false, origin: origin))
      code.locals[unit.entity(declaration)] = local.index
      if passed != type { narrowed.append((unit.entity(declaration), local, type)) }
    }
    code.body.parameterCount = UInt32(declarations.count)
    for (entity, parameter, type) in narrowed {
      let row = code.body.locals[parameter]
      let local = newLocal(type, name: row.name, row.origin)
      code.locals[entity] = local.index
      let value = load(local: parameter, row.origin)
      store(convert(value, to: type, row.origin), to: local, row.origin)
    }
    for declaration in declarations {
      lowerArrayBounds(declaration)
      lowerOuterBound(declaration)
    }
  }

  /// The bound of an array parameter that its adjustment drops is still evaluated.
  private mutating func lowerOuterBound(_ parameter: Cursor) {
    let bounds = unit.children(of: parameter).filter { unit.kind(of: $0).isExpression }
    let type = unit.unqualified(unit.type(of: parameter))
    guard let bound = bounds.last, hasEffects(bound), unit.kind(of: type) == .pointer else {
      return
    }
    var element = unit.unqualified(unit.pointee(of: type))
    var innerBounds = 0
    while unit.kind(of: element) == .constantArray || unit.kind(of: element) == .variableArray {
      innerBounds += 1
      element = unit.unqualified(unit.element(of: element))
    }
    if bounds.count > innerBounds { effect(bound) }
  }

  /// Whether something happens when an expression is evaluated.
  private func hasEffects(_ node: Cursor) -> Bool {
    (node.index..<unit.end(of: node).index).contains { index in
      let part = Cursor(index: index)
      switch unit.kind(of: part) {
      case .call, .compoundAssignment: return true
      case .binaryOperator: return unit.binaryOperator(of: part) == .assign
      case .unaryOperator:
        let changes: [ClangUnaryOperator] = [
          .preIncrement, .preDecrement, .postIncrement, .postDecrement,
        ]
        return changes.contains(unit.unaryOperator(of: part))
      default: return false
      }
    }
  }

  private func isArithmetic(_ type: TypeID) -> Bool {
    if case .floating = module.types[type].kind { return true }
    return module.types[type].isInteger
  }

  private mutating func endFunction(_ block: Cursor) {
    code.statement = StatementID(index: 0)
    let end = originOfEnd(block)
    code.body.end = end
    guard code.open != nil else { return }
    if code.name == "main", module.types[code.resultType].isInteger {
      // C11 5.1.2.2.3: reaching the brace of main returns 0.
      let value = constant(0, code.resultType, end)
      code.terminate(.returnValue(value), end)
    } else {
      code.terminate(.returnVoid, end)
    }
  }

  // MARK: Scopes

  mutating func openScope(_ node: Cursor) {
    code.scopes.append(Scope(nodes: node.index..<unit.end(of: node).index))
  }

  mutating func closeScope(_ origin: OriginID) {
    leaveScopes(from: code.scopes.count - 1, origin)
    code.scopes.removeLast()
  }

  /// Ends the lifetimes of what the scopes from `depth` on have declared, innermost first.
  mutating func leaveScopes(from depth: Int, _ origin: OriginID) {
    guard code.open != nil else { return }
    for index in (depth..<max(depth, code.scopes.count)).reversed() {
      for scoped in code.scopes[index].locals.reversed() {
        if let cleanup = scoped.cleanup { callCleanup(cleanup, scoped.local, origin) }
        run(.endScope(scoped.local), origin)
      }
    }
  }

  private mutating func callCleanup(
    _ function: FunctionID, _ local: LocalID, _ origin: OriginID
  ) {
    let argument = address(of: local, origin)
    let signature = module.functions[function].signature
    let target = module.signatures[signature].parameters.first
    let value = target.map { convert(argument, to: $0, origin) } ?? argument
    let call = Call(
      callee: .function(function), signature: signature,
      arguments: code.list(CollectionOfOne(value)))
    run(.call(code.body.calls.append(call)), origin)
  }

  // MARK: Local declarations

  mutating func lowerDeclarationStatement(_ node: Cursor) {
    for child in unit.children(of: node) {
      switch unit.kind(of: child) {
      case .variableDeclaration: lowerVariable(child)
      case .typedefDeclaration: lowerArrayBounds(child)
      default: break
      }
    }
  }

  private mutating func lowerVariable(_ node: Cursor) {
    if unit.isExtern(node) {
      _ = global(node)
      return
    }
    if unit.isStatic(node) {
      _ = staticLocal(node)
      return
    }
    beginStatement(node)
    let origin = declareLocal(node)
    guard let local = code.locals[unit.entity(node)].map({ LocalID(index: $0) }),
      let value = initializerNode(of: node)
    else {
      return
    }
    let row = code.body.locals[local].type
    if module.types[row].isAggregate {
      let target = address(of: local, origin)
      initialize(target, row, value, origin)
    } else {
      let value = scalarInitializer(value, row)
      store(value, to: local, origin)
    }
  }

  /// Begins the lifetime of a variable; returns the origin of its name.
  @discardableResult
  mutating func declareLocal(_ node: Cursor) -> OriginID {
    let entity = unit.entity(node)
    if let local = code.locals[entity].map({ LocalID(index: $0) }) {
      // Declared before the labels of its `switch`.
      let origin = code.body.locals[local].origin
      run(.declare(local), origin)
      if !code.scopes.isEmpty {
        code.scopes[code.scopes.count - 1].locals.append(ScopedLocal(local: local))
      }
      return origin
    }
    let name = unit.spelling(of: node)
    let origin = originOfName(node, name: name)
    let clangType = unit.type(of: node)
    let local = newLocal(type(clangType), name: module.symbols.intern(name), origin)
    code.locals[entity] = local.index
    lowerArrayBounds(node)
    if unit.kind(of: unit.unqualified(clangType)) == .variableArray {
      let bytes =
        arraySize(of: clangType, origin) ?? unknown("array-size", basic.unsignedLong, origin)
      run(.declareArray(local, bytes: bytes), origin)
    } else {
      run(.declare(local), origin)
    }
    if !code.scopes.isEmpty {
      code.scopes[code.scopes.count - 1].locals.append(
        ScopedLocal(local: local, cleanup: cleanupFunction(node)))
    }
    return origin
  }

  /// The function of `__attribute__((cleanup))`, where the variable has one.
  private mutating func cleanupFunction(_ node: Cursor) -> FunctionID? {
    guard unit.children(of: node).contains(where: { unit.kind(of: $0) == .unexposedAttribute }),
      let name = DeclarationAttributes(unit.terseDeclaration(node)).cleanup
    else { return nil }
    if let known = module.symbols.find(name).flatMap({ functionsByName[$0] }) { return known }
    return functionNamed(name)
  }

  /// The function that is declared under a name at file scope.
  private mutating func functionNamed(_ name: String) -> FunctionID? {
    for node in unit.fileScopeDeclarations().reversed()
    where unit.kind(of: node) == .functionDeclaration && unit.spelling(of: node) == name {
      return function(node)
    }
    return nil
  }

  /// The initialiser of a variable, as a node of the function's tree.
  private mutating func initializerNode(of variable: Cursor) -> Cursor? {
    guard let value = unit.initializer(of: variable) else { return nil }
    return unit.children(of: variable).last { unit.isSame($0, value) }
  }

  /// Evaluates the bounds of the VLA types in a declaration and keeps their sizes in temporaries.
  mutating func lowerArrayBounds(_ node: Cursor) {
    var types: [ClangType] = []
    var type = unit.unqualified(unit.type(of: node))
    walk: while true {
      switch unit.kind(of: type) {
      case .pointer: type = unit.unqualified(unit.pointee(of: type))
      case .variableArray, .constantArray, .incompleteArray:
        types.append(type)
        type = unit.unqualified(unit.element(of: type))
      default: break walk
      }
    }
    guard types.contains(where: { unit.kind(of: $0) == .variableArray }) else { return }
    let value = unit.initializer(of: node)
    var bounds = unit.children(of: node).filter { child in
      unit.kind(of: child).isExpression && !(value.map { unit.isSame(child, $0) } ?? false)
    }
    let place = origin(node)
    // The tree has the innermost bound first.
    for type in types.reversed() where unit.kind(of: type) != .incompleteArray {
      let bound = bounds.isEmpty ? nil : bounds.removeFirst()
      guard unit.kind(of: type) == .variableArray, code.arraySizes[type] == nil else { continue }
      let count =
        bound.map { convert(self.value($0), to: basic.unsignedLong, origin($0)) }
        ?? unknown("array-size", basic.unsignedLong, place)
      let element = unit.element(of: type)
      let stride =
        arraySize(of: element, place)
        ?? constant(Int64(clamping: stride(of: element)), basic.unsignedLong, place)
      let size = binary(.multiply, count, stride, basic.unsignedLong, place)
      let local = temporary(basic.unsignedLong, place)
      store(size, to: local, place)
      code.arraySizes[type] = local
    }
  }
}
