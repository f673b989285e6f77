// SPDX-License-Identifier: Apache-2.0

import Clang
import IR

/// The parts of a `for` statement.
struct ForParts {
  var start: Cursor?
  var condition: Cursor?
  var step: Cursor?
  var body: Cursor
}

/// Statements.
extension Lowerer {
  mutating func lowerStatement(_ node: Cursor) {
    let kind = unit.kind(of: node)
    switch kind {
    case .compound: lowerCompound(node)
    case .declarationStatement: lowerDeclarationStatement(node)
    case .if: lowerIf(node)
    case .while: lowerWhile(node)
    case .do: lowerDo(node)
    case .for: lowerFor(node)
    case .switch: lowerSwitch(node)
    case .caseLabel: lowerCase(node)
    case .defaultLabel: lowerDefault(node)
    case .label: lowerLabel(node)
    case .goto: lowerGoto(node)
    case .indirectGoto: lowerIndirectGoto(node)
    case .break: lowerJump(node, code.breakTargets.last)
    case .continue: lowerJump(node, code.continueTargets.last)
    case .return: lowerReturn(node)
    case .assembly, .microsoftAssembly: lowerAssembly(node)
    case .null: break
    case .unexposedStatement:
      // A statement with attributes.
      for child in unit.children(of: node) { lowerStatement(child) }
    default:
      if kind.isExpression {
        beginStatement(node)
        effect(node)
      } else if kind.isStatement {
        beginStatement(node)
        _ = unknown("statement", basic.void, origin(node))
      }
    }
  }

  private mutating func lowerCompound(_ node: Cursor) {
    openScope(node)
    for child in unit.children(of: node) { lowerStatement(child) }
    let end = code.open == nil ? nowhere : originOfEnd(node)
    closeScope(end)
  }

  // MARK: Branches

  private mutating func lowerIf(_ node: Cursor) {
    let children = unit.children(of: node)
    guard children.count >= 2 else { return }
    let then = code.newBlock()
    let end = code.newBlock()
    let otherwise = children.count > 2 ? code.newBlock() : end
    beginStatement(children[0])
    condition(children[0], then: then, otherwise: otherwise)
    let place = origin(children[0])
    code.startIfReached(then, place)
    lowerStatement(children[1])
    code.jump(to: end, place)
    if children.count > 2 {
      code.startIfReached(otherwise, place)
      lowerStatement(children[2])
      code.jump(to: end, place)
    }
    code.startIfReached(end, place)
  }

  private mutating func lowerWhile(_ node: Cursor) {
    let children = unit.children(of: node)
    guard children.count == 2 else { return }
    let (head, body, end) = (code.newBlock(), code.newBlock(), code.newBlock())
    let place = origin(children[0])
    code.start(head, place)
    beginStatement(children[0])
    condition(children[0], then: body, otherwise: end)
    code.startIfReached(body, place)
    loopBody(children[1], continueTo: head, breakTo: end)
    code.jump(to: head, place)
    code.startIfReached(end, place)
  }

  private mutating func lowerDo(_ node: Cursor) {
    let children = unit.children(of: node)
    guard children.count == 2 else { return }
    let (body, test, end) = (code.newBlock(), code.newBlock(), code.newBlock())
    let place = origin(children[1])
    code.start(body, place)
    loopBody(children[0], continueTo: test, breakTo: end)
    code.startIfReached(test, place)
    if code.open != nil {
      beginStatement(children[1])
      condition(children[1], then: body, otherwise: end)
    }
    code.startIfReached(end, place)
  }

  private mutating func lowerFor(_ node: Cursor) {
    guard let parts = forParts(node) else {
      _ = unknown("for-parts", basic.void, origin(node))
      return
    }
    openScope(node)
    if let start = parts.start { lowerStatement(start) }
    let (head, body) = (code.newBlock(), code.newBlock())
    let (step, end) = (code.newBlock(), code.newBlock())
    let place = origin(parts.condition ?? node)
    code.start(head, place)
    if let test = parts.condition {
      beginStatement(test)
      condition(test, then: body, otherwise: end)
    }
    code.startIfReached(body, place)
    loopBody(parts.body, continueTo: step, breakTo: end)
    code.startIfReached(step, place)
    if let part = parts.step, code.open != nil {
      beginStatement(part)
      effect(part)
    }
    code.jump(to: head, place)
    code.startIfReached(end, place)
    closeScope(place)
  }

  private mutating func loopBody(
    _ body: Cursor, continueTo next: BlockID, breakTo end: BlockID
  ) {
    let depth = code.scopes.count
    code.continueTargets.append(JumpTarget(block: next, depth: depth))
    code.breakTargets.append(JumpTarget(block: end, depth: depth))
    lowerStatement(body)
    code.breakTargets.removeLast()
    code.continueTargets.removeLast()
  }

  // MARK: The parts of `for`

  /// libclang leaves out parts of a `for` that are missing, so where fewer than four are there, the
  /// printed function tells which.
  mutating func forParts(_ node: Cursor) -> ForParts? {
    let children = unit.children(of: node)
    guard let body = children.last else { return nil }
    switch children.count {
    case 1: return ForParts(body: body)
    case 4:
      return ForParts(
        start: children[0], condition: children[1], step: children[2], body: body)
    case 2, 3:
      if !code.hasForParts { readForParts() }
      return code.forParts[node]
    default: return nil
    }
  }

  private mutating func readForParts() {
    code.hasForParts = true
    let headers = printedFunction().forHeaders
    let loops = nodesInPrintedOrder(.for)
    guard headers.count == loops.count else { return }
    for (loop, header) in zip(loops, headers) {
      let children = unit.children(of: loop)
      guard let body = children.last,
        children.count == 1 + (header.hasStart ? 1 : 0) + (header.hasCondition ? 1 : 0)
          + (header.hasStep ? 1 : 0)
      else { continue }
      var rest = children[...]
      var parts = ForParts(body: body)
      if header.hasStart { parts.start = rest.popFirst() }
      if header.hasCondition { parts.condition = rest.popFirst() }
      if header.hasStep { parts.step = rest.popFirst() }
      code.forParts[loop] = parts
    }
  }

  // MARK: Switch

  private mutating func lowerSwitch(_ node: Cursor) {
    let children = unit.children(of: node)
    guard children.count == 2 else { return }
    beginStatement(children[0])
    let value = self.value(children[0])
    let place = origin(children[0])
    declareBeforeCases(children[1])
    guard let dispatch = code.open else { return }
    code.terminate(.unreachable, place)
    let end = code.newBlock()
    code.switches.append(OpenSwitch(type: code.instruction(value).type))
    code.breakTargets.append(JumpTarget(block: end, depth: code.scopes.count))
    lowerStatement(children[1])
    code.breakTargets.removeLast()
    code.jump(to: end, place)
    let row = code.switches.removeLast()
    let start = UInt32(code.body.cases.count)
    code.body.cases.append(contentsOf: row.cases)
    let id = code.body.switches.append(
      Switch(
        value: value, cases: Slice(start: start, count: UInt32(row.cases.count)),
        defaultTarget: row.defaultTarget ?? end))
    code.body.blocks[dispatch].terminator = .switch(id)
    if row.defaultTarget == nil { code.markTarget(end) }
    code.startIfReached(end, place)
  }

  /// Variables between the brace of a `switch` and its first label live although their declaration is
  /// never reached.
  private mutating func declareBeforeCases(_ body: Cursor) {
    guard unit.kind(of: body) == .compound else { return }
    for child in unit.children(of: body) {
      guard unit.kind(of: child) == .declarationStatement else { return }
      for variable in unit.children(of: child)
      where unit.kind(of: variable) == .variableDeclaration && !unit.isStatic(variable)
        && !unit.isExtern(variable)
      {
        let name = unit.spelling(of: variable)
        let origin = originOfName(variable, name: name)
        let local = newLocal(type(of: variable), name: module.symbols.intern(name), origin)
        code.locals[unit.entity(variable)] = local.index
        run(.declare(local), origin)
      }
    }
  }

  private mutating func lowerCase(_ node: Cursor) {
    let children = unit.children(of: node)
    guard let body = children.last, !code.switches.isEmpty else { return }
    let block = code.newBlock()
    let place = origin(children[0])
    code.start(block, place)
    let type = code.switches[code.switches.count - 1].type
    let low = caseValue(children[0], type)
    let high = children.count > 2 ? caseValue(children[1], type) : low
    if let low, let high {
      code.switches[code.switches.count - 1].cases.append(
        SwitchCase(low: low, high: high, target: block))
    } else {
      _ = unknown("case-label", basic.void, place)
    }
    lowerStatement(body)
  }

  private func caseValue(_ node: Cursor, _ type: TypeID) -> Int64? {
    guard case .integer(let value) = unit.evaluate(node) else { return nil }
    return normalized(value, type)
  }

  private mutating func lowerDefault(_ node: Cursor) {
    let block = code.newBlock()
    code.start(block, origin(node))
    if !code.switches.isEmpty {
      code.switches[code.switches.count - 1].defaultTarget = block
    }
    for child in unit.children(of: node) { lowerStatement(child) }
  }

  // MARK: Jumps

  private mutating func lowerLabel(_ node: Cursor) {
    code.start(code.label(unit.entity(node)), origin(node))
    for child in unit.children(of: node) { lowerStatement(child) }
  }

  private mutating func lowerGoto(_ node: Cursor) {
    beginStatement(node)
    let place = origin(node)
    guard let reference = unit.child(0, of: node), let label = unit.referenced(by: reference) else {
      _ = unknown("goto", basic.void, place)
      code.terminate(.unreachable, place)
      return
    }
    let entity = unit.entity(label)
    if let target = code.labelNodes[entity] {
      let depth =
        code.scopes.lastIndex { $0.nodes.contains(target.index) }.map { $0 + 1 } ?? 0
      leaveScopes(from: depth, place)
    }
    code.jump(to: code.label(entity), place)
  }

  private mutating func lowerIndirectGoto(_ node: Cursor) {
    beginStatement(node)
    let place = origin(node)
    guard let target = unit.child(0, of: node) else { return }
    let value = self.value(target)
    let start = UInt32(code.body.blockLists.count)
    code.body.blockLists.append(contentsOf: code.addressedLabels)
    let targets = Slice(start: start, count: UInt32(code.addressedLabels.count))
    code.terminate(.indirect(value, targets: targets), place)
  }

  private mutating func lowerJump(_ node: Cursor, _ target: JumpTarget?) {
    beginStatement(node)
    let place = origin(node)
    guard let target else { return }
    leaveScopes(from: target.depth, place)
    code.jump(to: target.block, place)
  }

  private mutating func lowerReturn(_ node: Cursor) {
    beginStatement(node)
    let place = origin(node)
    guard let result = unit.child(0, of: node) else {
      leaveScopes(from: 0, place)
      code.terminate(.returnVoid, place)
      return
    }
    if code.returnsAggregate {
      let target = emit(.resultAddress, pointer(to: code.resultType), place)
      lower(result, into: target, code.resultType, isFresh: true)
      leaveScopes(from: 0, place)
      code.terminate(.returnVoid, place)
    } else if module.types[code.resultType].kind == .void {
      effect(result)
      leaveScopes(from: 0, place)
      code.terminate(.returnVoid, place)
    } else {
      let value = convert(self.value(result), to: code.resultType, place)
      leaveScopes(from: 0, place)
      code.terminate(.returnValue(value), place)
    }
  }
}
