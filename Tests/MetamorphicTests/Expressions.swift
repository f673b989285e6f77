// SPDX-License-Identifier: Apache-2.0

import Clang

// Expressions, and names that several nodes share.

extension Rewriter {
  mutating func indexAsPointer(_ node: Cursor, _ range: Range<Int>) {
    guard let (base, index) = operands(of: node), isNew(range) else { return }
    insert("(*((", at: range.lowerBound)
    replace(base.upperBound..<index.lowerBound, by: ") + (")
    replace(index.upperBound..<range.upperBound, by: ")))")
  }

  mutating func swapComparison(_ node: Cursor, _ range: Range<Int>) {
    let mirrored: [ClangBinaryOperator: String] = [
      .less: ">", .greater: "<", .lessOrEqual: ">=", .greaterOrEqual: "<=", .equal: "==",
      .notEqual: "!=",
    ]
    guard let new = mirrored[unit.binaryOperator(of: node)], let (left, right) = operands(of: node),
      // One within another would be moved as it was.
      !edits.contains(where: { $0.range.overlaps(range) }), isNew(range)
    else { return }
    replaceAsWritten(range, by: "(\(source(right))) \(new) (\(source(left)))")
  }

  mutating func negateComparison(_ node: Cursor, _ range: Range<Int>) {
    let opposite: [ClangBinaryOperator: String] = [
      .less: ">=", .greater: "<=", .lessOrEqual: ">", .greaterOrEqual: "<", .equal: "!=",
      .notEqual: "==",
    ]
    guard let new = opposite[unit.binaryOperator(of: node)], let (left, right) = operands(of: node)
    else { return }
    // Neither holds for what is not a number.
    for child in unit.children(of: node) {
      let type = unit.type(of: child)
      let name = unit.spelling(of: unit.canonical(type))
      if name.contains("double") || name.contains("float") { return }
    }
    guard isNew(range) else { return }
    insert("!(", at: range.lowerBound)
    replace(left.upperBound..<right.lowerBound, by: " \(new) ")
    insert(")", at: range.upperBound, isClosing: true)
  }

  mutating func expandAssignment(_ node: Cursor, _ range: Range<Int>) {
    guard let (target, value) = operands(of: node) else { return }
    let name = source(target)
    let sign = source(target.upperBound..<value.lowerBound).filter { !$0.isWhitespace }
    guard name.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" }), sign.last == "=",
      !sign.contains("("), isNew(range)
    else { return }
    replace(target.upperBound..<value.lowerBound, by: " = \(name) \(sign.dropLast()) (")
    insert(")", at: range.upperBound, isClosing: true)
  }

  mutating func arrowAsStar(_ node: Cursor, _ range: Range<Int>) {
    guard let base = unit.children(of: node).first, let baseRange = self.range(of: base) else {
      return
    }
    let arrow = skipBlanks(baseRange.upperBound)
    guard has("->", at: arrow), isNew(range) else { return }
    insert("(*(", at: range.lowerBound)
    replace(baseRange.upperBound..<arrow + 2, by: ")).")
  }

  private mutating func operands(of node: Cursor) -> (left: Range<Int>, right: Range<Int>)? {
    let children = unit.children(of: node)
    guard children.count == 2, let left = range(of: children[0]),
      let right = range(of: children[1]),
      left.upperBound <= right.lowerBound
    else { return nil }
    return (left, right)
  }

  // MARK: Names

  mutating func renameVariables() {
    var places: [EntityID: [Range<Int>]] = [:]
    var hidden: Set<EntityID> = []
    for function in definitions {
      note(function, in: function, &places, &hidden)
    }
    let ranges = Set(places.filter { !hidden.contains($0.key) }.flatMap(\.value))
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      replace(range, by: source(range) + "_renamed")
    }
  }

  /// Collects where locals and parameters are named, and which of them macros name.
  private mutating func note(
    _ node: Cursor, in function: Cursor, _ places: inout [EntityID: [Range<Int>]],
    _ hidden: inout Set<EntityID>
  ) {
    switch unit.kind(of: node) {
    case .variableDeclaration, .parameterDeclaration:
      let name = unit.spelling(of: node)
      if !name.isEmpty { note(node, node, name, &places, &hidden) }
    case .declarationReference:
      let name = unit.spelling(of: node)
      if let target = unit.referenced(by: node), places[unit.entity(target)] != nil {
        note(node, target, name, &places, &hidden)
      }
    default: break
    }
    for child in unit.children(of: node) { note(child, in: function, &places, &hidden) }
  }

  private mutating func note(
    _ node: Cursor, _ target: Cursor, _ name: String, _ places: inout [EntityID: [Range<Int>]],
    _ hidden: inout Set<EntityID>
  ) {
    let entity = unit.entity(target)
    guard let place = unit.location(of: node), place.file == main, has(name, at: Int(place.offset))
    else {
      places[entity, default: []] += []
      hidden.insert(entity)
      return
    }
    let start = Int(place.offset)
    places[entity, default: []].append(start..<start + name.utf8.count)
  }

  mutating func addParameters() {
    var uses = FunctionUses()
    for function in definitions {
      let parameters = unit.parameters(ofFunction: function)
      let type = unit.type(of: function)
      guard let last = parameters.last, let range = range(of: last), !unit.isVariadic(type),
        unit.spelling(of: function) != "main"
      else { continue }
      uses.ends[unit.entity(unit.canonical(function)), default: []].append(range.upperBound)
    }
    for declaration in unit.fileScopeDeclarations() {
      if unit.kind(of: declaration) == .variableDeclaration {
        count(unit.expand(declaration), &uses)
      }
      guard unit.kind(of: declaration) == .functionDeclaration, !unit.isDefinition(declaration)
      else { continue }
      let entity = unit.entity(unit.canonical(declaration))
      guard uses.ends[entity] != nil else { continue }
      let last = unit.parameters(ofFunction: unit.expand(declaration)).last
      if let range = last.flatMap({ self.range(of: $0) }) {
        uses.ends[entity]?.append(range.upperBound)
      } else {
        uses.ends[entity] = nil
      }
    }
    for function in definitions { count(function, &uses) }
    for (entity, ends) in uses.ends where uses.mentions[entity] == uses.calls[entity]?.count {
      for end in ends { insert(", int idle_", at: end, isClosing: true) }
      for end in uses.calls[entity] ?? [] { insert(", 0", at: end, isClosing: true) }
    }
  }

  private mutating func count(_ node: Cursor, _ uses: inout FunctionUses) {
    switch unit.kind(of: node) {
    case .declarationReference:
      if let target = unit.referenced(by: node) {
        uses.mentions[unit.entity(unit.canonical(target)), default: 0] += 1
      }
    case .call:
      let children = unit.children(of: node)
      if let callee = unit.referenced(by: node), children.count > 1,
        let end = range(of: children[children.count - 1])?.upperBound
      {
        uses.calls[unit.entity(unit.canonical(callee)), default: []].append(end)
      }
    default: break
    }
    for child in unit.children(of: node) { count(child, &uses) }
  }
}

/// Where functions of the file are declared and called.
private struct FunctionUses {
  /// After the last parameter of each declaration.
  var ends: [EntityID: [Int]] = [:]
  var mentions: [EntityID: Int] = [:]
  /// After the last argument of each call.
  var calls: [EntityID: [Int]] = [:]
}
