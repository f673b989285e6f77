// SPDX-License-Identifier: Apache-2.0

import Clang
import IR

/// Functions and variables of static storage duration.
extension Lowerer {
  mutating func lowerFileScope() {
    let declarations = unit.fileScopeDeclarations()
    var definitions: [(isFunction: Bool, node: Cursor)] = []
    for node in declarations {
      switch unit.kind(of: node) {
      case .variableDeclaration:
        let canonical = unit.canonical(node)
        globalDeclarations[unit.entity(canonical), default: []].append(node)
        if unit.isInMainFile(node) { definitions.append((false, node)) }
      case .functionDeclaration where unit.isInMainFile(node) || mayBeExternalDefinition(node):
        // The dearest question comes last.
        if unit.isDefinition(node) { definitions.append((true, node)) }
      default: break
      }
    }
    for (isFunction, node) in definitions {
      if isFunction {
        let id = function(node)
        if module.functions[id].body == nil { lowerBody(of: id, definition: node) }
      } else {
        _ = global(node)
      }
      lowerPendingBodies()
    }
  }

  /// Whether a function outside the main file belongs to this unit all the same if it is defined: a
  /// `.c` file or a template header was included.
  private mutating func mayBeExternalDefinition(_ node: Cursor) -> Bool {
    !unit.isInSystemHeader(node) && !unit.isInline(node) && !unit.isInternal(node)
  }

  private mutating func lowerPendingBodies() {
    while let (id, definition) = pendingBodies.popLast() {
      if module.functions[id].body == nil { lowerBody(of: id, definition: definition) }
    }
  }

  // MARK: Functions

  /// The row of a function; its inline definition in a header is put on the list.
  mutating func function(_ declaration: Cursor) -> FunctionID {
    let entity = unit.entity(declaration)
    if let known = functionIDs[entity] { return FunctionID(index: known) }
    let canonical = unit.canonical(declaration)
    let canonicalEntity = unit.entity(canonical)
    if let known = functionIDs[canonicalEntity] {
      functionIDs[entity] = known
      return FunctionID(index: known)
    }
    let id = addFunction(declaration, canonical: canonical)
    functionIDs[entity] = id.index
    functionIDs[canonicalEntity] = id.index
    return id
  }

  private mutating func addFunction(_ declaration: Cursor, canonical: Cursor) -> FunctionID {
    let name = unit.spelling(of: declaration)
    let symbol = module.symbols.intern(name)
    let isInternal = unit.isInternal(canonical)
    if !isInternal, let known = functionsByName[symbol] { return known }
    let definition = unit.definition(of: declaration)
    let shown = definition ?? declaration
    var row = Function(
      name: symbol, usr: module.symbols.intern(functionUSR(shown, name, isInternal: isInternal)),
      signature: signature(unit.type(of: shown)), attributes: [],
      origin: originOfName(shown, name: name))
    if isInternal { row.attributes.insert(.isStatic) }
    if unit.isInline(shown) { row.attributes.insert(.isInline) }
    if unit.isInSystemHeader(canonical) { row.attributes.insert(.inSystemHeader) }
    var seen: [Cursor] = []
    for node in [canonical, declaration, shown]
    where !seen.contains(where: { unit.isSame($0, node) }) {
      seen.append(node)
      if unit.hasAttributes(node) {
        DeclarationAttributes(unit.terseDeclaration(node)).apply(to: &row)
      }
      // This attribute belongs to the type, which the short form of a declaration leaves out.
      if neverReturns(unit.type(of: node)) { row.attributes.insert(.noReturn) }
    }
    if neverReturning.contains(name) { row.attributes.insert(.noReturn) }
    let id = module.functions.append(row)
    if !isInternal { functionsByName[symbol] = id }
    if let definition, isLoweredOnDemand(definition, isInternal: isInternal) {
      pendingBodies.append((id, definition))
    }
    return id
  }

  /// Whether a definition in a header is lowered where it is used.
  ///
  /// A GNU `extern inline` of a system header is the library's function in other clothes (fortified
  /// wrappers), so the library's model is the better description.
  private mutating func isLoweredOnDemand(_ definition: Cursor, isInternal: Bool) -> Bool {
    if unit.isInMainFile(definition) { return false }
    if isInternal { return true }
    return unit.isInline(definition) && !unit.isInSystemHeader(definition)
  }

  private mutating func functionUSR(_ node: Cursor, _ name: String, isInternal: Bool) -> String {
    isInternal ? "c:\(pathOfFile(node))@F@\(name)" : "c:@F@\(name)"
  }

  /// Whether a function type has the attribute `noreturn`.
  mutating func neverReturns(_ type: ClangType) -> Bool {
    let canonical = unit.canonical(type)
    if let known = noReturnTypes[canonical] { return known }
    let answer = hasNoReturn(typeSpelling: unit.spelling(of: canonical))
    noReturnTypes[canonical] = answer
    return answer
  }

  /// The path of a declaration's file, which tells equal names of internal linkage apart.
  private mutating func pathOfFile(_ node: Cursor) -> String {
    guard let place = unit.location(of: node) else { return "" }
    return module.files[fileID(place.file)].path
  }

  /// The row of a library function that may not be declared in the unit.
  mutating func libraryFunction(_ name: String, signature: SignatureID) -> FunctionID {
    let symbol = module.symbols.intern(name)
    if let known = functionsByName[symbol] { return known }
    var row = Function(
      name: symbol, usr: module.symbols.intern("c:@F@\(name)"), signature: signature,
      attributes: .inSystemHeader, origin: nowhere)
    if neverReturning.contains(name) { row.attributes.insert(.noReturn) }
    let id = module.functions.append(row)
    functionsByName[symbol] = id
    return id
  }

  // MARK: Variables

  /// The row of a variable of static storage duration at file scope, or of a block-scope `extern`.
  mutating func global(_ declaration: Cursor) -> GlobalID {
    let entity = unit.entity(declaration)
    if let known = globalIDs[entity] { return GlobalID(index: known) }
    let canonical = unit.canonical(declaration)
    let canonicalEntity = unit.entity(canonical)
    if let known = globalIDs[canonicalEntity] {
      globalIDs[entity] = known
      return GlobalID(index: known)
    }
    let name = unit.spelling(of: declaration)
    let isInternal = unit.isInternal(canonical)
    let usr = isInternal ? "c:\(pathOfFile(declaration))@\(name)" : "c:@\(name)"
    let declarations = globalDeclarations[canonicalEntity] ?? [declaration]
    let definition = defining(declarations)
    let shown = definition ?? declarations.last ?? declaration
    if let target = aliasTarget(declarations), type(of: target) == type(of: shown) {
      let id = global(target)
      globalIDs[entity] = id.index
      globalIDs[canonicalEntity] = id.index
      return id
    }
    let id = addGlobal(shown, name: name, usr: usr, isStatic: isInternal)
    globalIDs[entity] = id.index
    globalIDs[canonicalEntity] = id.index
    if let definition { define(id, definition) }
    return id
  }

  /// The variable for which the attribute `alias` makes these declarations another name.
  private mutating func aliasTarget(_ declarations: [Cursor]) -> Cursor? {
    guard let name = declarations.compactMap({ alias(of: $0) }).first else { return nil }
    let rows = globalDeclarations.values.filter { rows in
      rows.first.map { unit.spelling(of: $0) } == name
    }
    guard rows.count == 1, let target = defining(rows[0]), alias(of: target) == nil else {
      return nil
    }
    return target
  }

  private mutating func alias(of declaration: Cursor) -> String? {
    guard unit.hasAttributes(declaration), unit.initializer(of: declaration) == nil,
      !unit.isInSystemHeader(declaration)
    else { return nil }
    return DeclarationAttributes(unit.terseDeclaration(declaration)).alias
  }

  /// The declaration with an initialiser, else a tentative definition (C11 6.9.2).
  private mutating func defining(_ declarations: [Cursor]) -> Cursor? {
    var tentative: Cursor?
    for declaration in declarations {
      if unit.initializer(of: declaration) != nil { return declaration }
      if !unit.isExtern(declaration) { tentative = declaration }
    }
    return tentative
  }

  /// The row of a `static` variable of the function at hand.
  mutating func staticLocal(_ declaration: Cursor) -> GlobalID {
    let entity = unit.entity(declaration)
    if let known = globalIDs[entity] { return GlobalID(index: known) }
    let name = unit.spelling(of: declaration)
    var usr = "\(module.symbols[module.functions[code.function].usr])@\(name)"
    let earlier = staticLocalCounts[usr, default: 0]
    staticLocalCounts[usr] = earlier + 1
    if earlier > 0 { usr += "#\(earlier)" }
    let id = addGlobal(declaration, name: name, usr: usr, isStatic: true)
    globalIDs[entity] = id.index
    define(id, declaration)
    return id
  }

  private mutating func addGlobal(
    _ declaration: Cursor, name: String, usr: String, isStatic: Bool
  ) -> GlobalID {
    let clangType = unit.type(of: declaration)
    return module.globals.append(
      Global(
        name: module.symbols.intern(name), usr: module.symbols.intern(usr), type: type(clangType),
        isStatic: isStatic, isConst: isConst(clangType),
        isVolatile: isVolatile(clangType) || unit.isThreadLocal(declaration), isDefinition: false,
        initializer: nil, origin: originOfName(declaration, name: name)))
  }

  private mutating func define(_ id: GlobalID, _ declaration: Cursor) {
    module.globals[id].isDefinition = true
    module.globals[id].initializer = []
    guard let value = unit.initializer(of: declaration) else { return }
    let saved = code.statement
    let tree = unit.expand(value)
    module.globals[id].initializer = initializerCells(tree, module.globals[id].type, of: id)
    code.statement = saved
  }

  /// Whether an object of the type never changes: `const` itself or in its elements.
  private mutating func isConst(_ type: ClangType) -> Bool {
    var type = unit.canonical(type)
    while true {
      if unit.isConst(type) { return true }
      switch unit.kind(of: type) {
      case .constantArray, .incompleteArray, .variableArray:
        type = unit.canonical(unit.element(of: type))
      default: return false
      }
    }
  }

  /// Whether reads of the type may see writes from elsewhere.
  mutating func isVolatile(_ type: ClangType) -> Bool {
    if Int(type.index) < volatileTypes.count, let known = volatileTypes[Int(type.index)] {
      return known
    }
    let answer = hasVolatileObjects(type)
    while volatileTypes.count <= Int(type.index) { volatileTypes.append(nil) }
    volatileTypes[Int(type.index)] = answer
    return answer
  }

  private mutating func hasVolatileObjects(_ type: ClangType) -> Bool {
    let canonical = unit.canonical(type)
    if unit.isVolatile(canonical) { return true }
    switch unit.kind(of: canonical) {
    case .atomic: return true
    case .constantArray, .incompleteArray, .variableArray:
      return isVolatile(unit.element(of: canonical))
    default: return false
    }
  }

  // MARK: Literals

  mutating func literal(_ literal: Literal) -> LiteralID {
    if let known = literalIDs[literal] { return known }
    let id = module.literals.append(literal)
    literalIDs[literal] = id
    return id
  }
}

/// Library functions that do not return, whether or not their declaration says so.
private let neverReturning: Set<String> = [
  "abort", "exit", "_exit", "_Exit", "quick_exit", "longjmp", "_longjmp", "siglongjmp",
  "__builtin_trap", "__builtin_unreachable", "__assert_fail", "__stack_chk_fail",
]
