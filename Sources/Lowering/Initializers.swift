// SPDX-License-Identifier: Apache-2.0

import Clang
import IR

/// A step from an object to a part of it.
enum PathStep: Hashable {
  case field(FieldID)
  case index(UInt64)
}

/// A part of an object and the expression that initialises it.
struct InitializerLeaf {
  var path: ContiguousArray<PathStep>
  /// Offset from the start of the object in bytes; for a bit-field that of its record.
  var offset: UInt64
  var type: TypeID
  var node: Cursor
}

/// The elements of a braced list as C11 6.7.9 hands them out.
struct InitializerItems {
  var nodes: ContiguousArray<Cursor>
  var position = 0
  /// Designators of the item at `position` that have been followed.
  var followed = 0

  var current: Cursor? { position < nodes.count ? nodes[position] : nil }

  mutating func advance() {
    position += 1
    followed = 0
  }
}

/// A part of an object of which the parts are being initialised.
struct InitializedPart {
  var type: TypeID
  var offset: UInt64
  var path: ContiguousArray<PathStep>
}

/// Initialisers: braced lists become leaves, which become stores or the cells of a static object.
///
/// libclang shows lists as written, so the walk of C11 6.7.9 over designators and elided braces is
/// done here.
extension Lowerer {
  /// The leaves of the list at `node` for an object of `type`.
  mutating func leaves(of node: Cursor, _ type: TypeID) -> ContiguousArray<InitializerLeaf> {
    var leaves: ContiguousArray<InitializerLeaf> = []
    var items = InitializerItems(nodes: unit.children(of: node))
    let whole = InitializedPart(type: type, offset: 0, path: [])
    fill(whole, &items, isBraced: true, &leaves)
    return leaves
  }

  /// Initialises the parts of an aggregate from items; without braces of its own it takes only as many
  /// as it has parts.
  private mutating func fill(
    _ part: InitializedPart, _ items: inout InitializerItems, isBraced: Bool,
    _ leaves: inout ContiguousArray<InitializerLeaf>
  ) {
    switch module.types[part.type].kind {
    case .array(let element, let count):
      fillArray(part, element, count, &items, isBraced: isBraced, &leaves)
    case .unboundedArray(let element):
      fillArray(part, element, .max, &items, isBraced: isBraced, &leaves)
    case .record(let record):
      complete(record)
      fillRecord(part, record, &items, isBraced: isBraced, &leaves)
    default:
      fillPart(part, &items, &leaves)
    }
  }

  private mutating func fillArray(
    _ part: InitializedPart, _ element: TypeID, _ count: UInt64, _ items: inout InitializerItems,
    isBraced: Bool, _ leaves: inout ContiguousArray<InitializerLeaf>
  ) {
    // `char a[] = {"text"}`
    if isBraced, let only = items.current, items.nodes.count == 1, isText(only, for: element) {
      leaves.append(
        InitializerLeaf(path: part.path, offset: part.offset, type: part.type, node: only))
      items.advance()
      return
    }
    var index: UInt64 = 0
    var isFirst = true
    while let item = items.current {
      var last = index
      if let designators = designators(of: item, items.followed), !designators.isEmpty {
        guard isBraced || (isFirst && items.followed > 0) else { return }
        guard let bounds = arrayDesignator(designators, element) else {
          items.advance()
          continue
        }
        index = bounds.first
        last = bounds.last
        items.followed += bounds.used
      } else if isDesignated(item), !isBraced, !isFirst || items.followed == 0 {
        return
      }
      guard index < count else {
        if isBraced { items.advance() }
        if !isBraced { return }
        continue
      }
      isFirst = false
      fillElements(part, element, index...last, &items, &leaves)
      index = last + 1
      if !isBraced, index >= count { return }
    }
  }

  /// Initialises elements `range`, all from one item.
  private mutating func fillElements(
    _ part: InitializedPart, _ element: TypeID, _ range: ClosedRange<UInt64>,
    _ items: inout InitializerItems, _ leaves: inout ContiguousArray<InitializerLeaf>
  ) {
    let start = items
    let size = module.types[element].size
    // Ranges are written for tables of bytes; a longer one than this is not a program's own.
    for index in range.prefix(1 << 16) {
      items = start
      let inner = InitializedPart(
        type: element, offset: part.offset &+ index &* size, path: part.path + [.index(index)])
      fillPart(inner, &items, &leaves)
    }
  }

  private mutating func fillRecord(
    _ part: InitializedPart, _ record: RecordID, _ items: inout InitializerItems, isBraced: Bool,
    _ leaves: inout ContiguousArray<InitializerLeaf>
  ) {
    let row = module.records[record]
    var position = row.fields.indices.lowerBound
    var isFirst = true
    while let item = items.current {
      if let designators = designators(of: item, items.followed), !designators.isEmpty {
        guard isBraced || (isFirst && items.followed > 0) else { return }
        guard unit.kind(of: designators[0]) == .memberReference,
          let declaration = unit.referenced(by: designators[0]), let field = field(declaration),
          module.fields[field].record == record
        else {
          items.advance()
          continue
        }
        position = Int(field.index)
        items.followed += 1
      } else if isDesignated(item), !isBraced, !isFirst || items.followed == 0 {
        return
      }
      while position < row.fields.indices.upperBound, isUnnamedBits(FieldID(position)) {
        position += 1
      }
      guard position < row.fields.indices.upperBound else {
        if !isBraced { return }
        items.advance()
        continue
      }
      isFirst = false
      fillField(part, FieldID(position), &items, &leaves)
      position = row.isUnion ? row.fields.indices.upperBound : position + 1
      if !isBraced, position >= row.fields.indices.upperBound { return }
    }
  }

  private mutating func fillField(
    _ part: InitializedPart, _ id: FieldID, _ items: inout InitializerItems,
    _ leaves: inout ContiguousArray<InitializerLeaf>
  ) {
    let field = module.fields[id]
    let offset = field.bitWidth == nil ? part.offset + field.byteOffset : part.offset
    fillPart(
      InitializedPart(type: field.type, offset: offset, path: part.path + [.field(id)]), &items,
      &leaves)
  }

  private func isUnnamedBits(_ id: FieldID) -> Bool {
    let field = module.fields[id]
    return field.name == SymbolTable.empty && field.bitWidth != nil
  }

  /// Initialises one part from the item at hand.
  private mutating func fillPart(
    _ part: InitializedPart, _ items: inout InitializerItems,
    _ leaves: inout ContiguousArray<InitializerLeaf>
  ) {
    guard let item = items.current else { return }
    if let designators = designators(of: item, items.followed), !designators.isEmpty {
      fill(part, &items, isBraced: false, &leaves)
      return
    }
    let value = initialValue(of: item)
    if unit.kind(of: value) == .initializerList {
      fillBraced(part, value, &leaves)
      items.advance()
      return
    }
    let type = module.types[part.type]
    let takesWhole =
      !type.isAggregate || self.type(of: value) == part.type && !isArray(type)
      || isText(value, forArray: type)
    if takesWhole {
      leaves.append(
        InitializerLeaf(path: part.path, offset: part.offset, type: part.type, node: value))
      items.advance()
    } else {
      // Elided braces: the item belongs to the first part that is not an aggregate itself.
      let before = items.position
      fill(part, &items, isBraced: false, &leaves)
      if items.position == before { items.advance() }
    }
  }

  private mutating func fillBraced(
    _ part: InitializedPart, _ list: Cursor, _ leaves: inout ContiguousArray<InitializerLeaf>
  ) {
    var inner = InitializerItems(nodes: unit.children(of: list))
    if module.types[part.type].isAggregate {
      fill(part, &inner, isBraced: true, &leaves)
    } else {
      fillPart(part, &inner, &leaves)
    }
  }

  private func isArray(_ type: Type) -> Bool {
    switch type.kind {
    case .array, .unboundedArray: true
    default: false
    }
  }

  // MARK: Designators

  /// Whether an item of a list has designators: libclang shows it as an expression of type `void`.
  private mutating func isDesignated(_ item: Cursor) -> Bool {
    unit.kind(of: item) == .unexposedExpression && isVoid(item)
  }

  /// The designators of an item that are left to follow; `nil` where it has none.
  private mutating func designators(
    of item: Cursor, _ followed: Int
  ) -> ContiguousArray<Cursor>? {
    guard isDesignated(item) else { return nil }
    return ContiguousArray(unit.children(of: item).dropLast().dropFirst(followed))
  }

  private mutating func initialValue(of item: Cursor) -> Cursor {
    guard isDesignated(item) else { return item }
    return unit.children(of: item).last ?? item
  }

  /// The elements that `[i]` or `[i ... j]` designates, and the number of nodes that it takes.
  ///
  /// Both have one node for each bound, so a second one is the end of a range where the element is not
  /// an array.
  private mutating func arrayDesignator(
    _ designators: ContiguousArray<Cursor>, _ element: TypeID
  ) -> (first: UInt64, last: UInt64, used: Int)? {
    guard case .integer(let first) = unit.evaluate(designators[0]), first >= 0 else { return nil }
    if designators.count > 1, unit.kind(of: designators[1]) != .memberReference,
      !isArray(module.types[element]) || isRange(designators[0], designators[1]),
      case .integer(let last) = unit.evaluate(designators[1]), last >= first
    {
      return (UInt64(first), UInt64(last), 2)
    }
    return (UInt64(first), UInt64(first), 1)
  }

  /// Whether `...` and no bracket stands between two designators.
  private mutating func isRange(_ first: Cursor, _ second: Cursor) -> Bool {
    guard let start = unit.extent(of: first), let end = unit.extent(of: second),
      start.end.file == end.start.file, start.end.offset <= end.start.offset
    else { return false }
    return unit.withContents(of: start.end.file) { text in
      for index in Int(start.end.offset)..<min(Int(end.start.offset), text.count)
      where text[index] == UInt8(ascii: "]") {
        return false
      }
      return true
    }
  }

  // MARK: Strings

  /// The string literal at an expression, if it is nothing else.
  mutating func textNode(_ node: Cursor) -> Cursor? {
    switch unit.kind(of: node) {
    case .stringLiteral: return node
    case .parenthesis, .unexposedExpression:
      guard let child = onlyChild(node), unit.end(of: child) == unit.end(of: node),
        isArray(typeRow(of: node))
      else { return nil }
      return textNode(child)
    case .initializerList:
      guard let child = onlyChild(node), unit.end(of: child) == unit.end(of: node) else {
        return nil
      }
      return textNode(child)
    default: return nil
    }
  }

  private mutating func isText(_ node: Cursor, for element: TypeID) -> Bool {
    guard module.types[element].isInteger, !isDesignated(node) else { return false }
    return textNode(node) != nil
  }

  private mutating func isText(_ node: Cursor, forArray type: Type) -> Bool {
    switch type.kind {
    case .array(let element, _), .unboundedArray(let element): isText(node, for: element)
    default: false
    }
  }

  // MARK: Automatic objects

  /// The value of a scalar's initialiser, which may stand in braces.
  mutating func scalarInitializer(_ node: Cursor, _ type: TypeID) -> ValueID {
    guard unit.kind(of: node) == .initializerList else {
      return convert(value(node), to: type, origin(node))
    }
    if let child = onlyChild(node) { return scalarInitializer(child, type) }
    return zero(type, origin(node))
  }

  /// Initialises the object of aggregate type at `target`.
  mutating func initialize(
    _ target: ValueID, _ type: TypeID, _ node: Cursor, _ place: OriginID
  ) {
    if let text = textNode(node), isArray(module.types[type]) {
      copyText(text, to: target, type, isCleared: false, origin(node))
      return
    }
    guard unit.kind(of: node) == .initializerList else {
      lower(node, into: target, type, isFresh: true)
      return
    }
    let leaves = leaves(of: node, type)
    let isCleared = !coversWhole(leaves, type)
    if isCleared {
      let bytes = UInt32(clamping: module.types[type].size)
      if bytes > 0 { run(.zero(address: target, bytes: bytes), origin(node)) }
    }
    var addresses: [(step: PathStep, address: ValueID)] = []
    for leaf in leaves { initialize(leaf, of: target, isCleared: isCleared, &addresses) }
  }

  private mutating func initialize(
    _ leaf: InitializerLeaf, of target: ValueID, isCleared: Bool,
    _ addresses: inout [(step: PathStep, address: ValueID)]
  ) {
    let place = origin(leaf.node)
    let isAggregate = module.types[leaf.type].isAggregate
    let value = isAggregate ? nil : scalarInitializer(leaf.node, leaf.type)
    var common = 0
    while common < addresses.count, common < leaf.path.count,
      addresses[common].step == leaf.path[common]
    {
      common += 1
    }
    // A branch inside an initialiser leaves the addresses before it good: they dominate it.
    addresses.removeSubrange(common...)
    for step in leaf.path[common...] {
      let base = addresses.last?.address ?? target
      if case .field(let field) = step, module.fields[field].bitWidth != nil {
        if let value {
          _ = emit(
            .storeBits(base: base, field: field, value: value), leaf.type, place)
        }
        return
      }
      addresses.append((step, part(step, of: base, place)))
    }
    let address = addresses.last?.address ?? target
    if let value {
      store(value, to: address, place)
    } else if let text = textNode(leaf.node), isArray(module.types[leaf.type]) {
      copyText(text, to: address, leaf.type, isCleared: isCleared, place)
    } else {
      lower(leaf.node, into: address, leaf.type, isFresh: true)
    }
  }

  private mutating func part(_ step: PathStep, of base: ValueID, _ place: OriginID) -> ValueID {
    switch step {
    case .field(let field):
      return emit(
        .field(base: base, field: field), pointer(to: module.fields[field].type), place)
    case .index(let index):
      var element = basic.character
      if case .pointer(let pointee) = module.types[code.instruction(base).type].kind {
        switch module.types[pointee].kind {
        case .array(let type, _), .unboundedArray(let type): element = type
        default: break
        }
      }
      let type = pointer(to: element)
      let first = emit(.cast(.decay, base), type, place)
      let number = constant(Int64(clamping: index), basic.long, place)
      let stride = Int32(clamping: module.types[element].size)
      return emit(.element(base: first, index: number, stride: stride), type, place)
    }
  }

  /// Copies a literal into an array and fills the rest with zeros.
  private mutating func copyText(
    _ text: Cursor, to target: ValueID, _ type: TypeID, isCleared: Bool, _ place: OriginID
  ) {
    let literal = stringLiteral(text)
    let size = module.types[type].size
    let length = UInt64(module.literals[literal].bytes.count)
    if size > length, !isCleared {
      run(.zero(address: target, bytes: UInt32(clamping: size)), place)
    }
    let elementSize = UInt64(module.literals[literal].elementSize)
    let element = module.types[type].kind
    var elementType = basic.character
    if case .array(let inner, _) = element { elementType = inner }
    let array = array(of: elementType, count: length / max(1, elementSize))
    let source = emit(.literal(literal), pointer(to: array), place)
    run(
      .copy(destination: target, source: source, bytes: UInt32(clamping: min(size, length))), place)
  }

  /// Whether every scalar of the type has a leaf, so that no zeros need to come first.
  private func coversWhole(_ leaves: ContiguousArray<InitializerLeaf>, _ type: TypeID) -> Bool {
    var covered: UInt64 = 0
    for leaf in leaves {
      if case .field(let field) = leaf.path.last, let width = module.fields[field].bitWidth {
        covered &+= UInt64(width)
      } else {
        covered &+= valueBits(leaf.type)
      }
    }
    return covered >= valueBits(type)
  }

  /// The bits of a type that are not padding.
  private func valueBits(_ type: TypeID) -> UInt64 {
    switch module.types[type].kind {
    case .array(let element, let count): return valueBits(element) &* count
    case .record(let record):
      let row = module.records[record]
      // Only one member of a union is initialised; the bytes that it leaves are zeros.
      if row.isUnion { return row.size &* 8 }
      return row.fields.indices.reduce(0) { sum, index in
        let field = module.fields[FieldID(index)]
        if let width = field.bitWidth {
          return field.name == SymbolTable.empty ? sum : sum &+ UInt64(width)
        }
        return sum &+ valueBits(field.type)
      }
    default: return module.types[type].size &* 8
    }
  }
}
