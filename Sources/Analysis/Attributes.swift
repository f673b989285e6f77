// SPDX-License-Identifier: Apache-2.0

// Messages of attributes, as netlink's: a table of pointers, each to an attribute that a user chose or null. A
// policy, itself a table, says what was checked before: how long an attribute is, and between which bounds the
// number in it lies. What the policy leaves open the user chooses. Where it cannot be read, what comes of it is
// only likely. As elsewhere the analysis knows layouts and no names.

import IR

/// How attributes and their policies are laid out.
public struct AttributeFormat: Hashable, Sendable {
  /// What is checked of an attribute of one kind.
  public struct Kind: Hashable, Sendable {
    /// Bytes of the number in it; 0 where it holds something else.
    public var width: Int64
    /// Whether the number is as the machine stores it, so that the bounds of the policy are its own.
    public var isNative: Bool
    /// Whether the number has a sign.
    public var isSigned: Bool
    /// Bytes that it has at least, where the policy says no length.
    public var least: Int64
    /// Bytes that it has at most.
    public var most: Int64
    /// What the length in the policy means.
    public var length: Length

    /// The numbers of its type.
    var range: Interval {
      let count = Int128(1) << Int128(8 * width)
      return isSigned ? Interval(-count / 2, count / 2 - 1) : Interval(0, count - 1)
    }

    /// Makes a kind.
    public init(
      width: Int64 = 0, isNative: Bool = true, isSigned: Bool = false, least: Int64 = 0,
      most: Int64 = .max, length: Length = .unused
    ) {
      self.width = width
      self.isNative = isNative
      self.isSigned = isSigned
      self.least = least
      self.most = most
      self.length = length
    }
  }

  /// What the length in a policy means.
  public enum Length: Hashable, Sendable {
    /// Nothing.
    case unused
    /// So many bytes at least.
    case least
    /// So many bytes at most.
    case most
    /// So many bytes at most, and a terminator.
    case text
  }

  /// Bytes of the length at the start of an attribute, which counts its header.
  public var lengthSize: Int64
  /// Bytes of an attribute's header.
  public var header: Int64
  /// The members of a row of a policy: the kind, how its number is checked, the length, the bounds.
  public var type, validation, length, low, high: String
  /// The member of the first row that says from which attribute on those without a kind are refused.
  public var strictFrom: String
  /// The member of a table of functions that leads to its policy.
  public var policy: String
  /// The kinds by their numbers; of others nothing is known.
  public var kinds: [Int64: Kind]

  /// Makes a format.
  public init(
    lengthSize: Int64, header: Int64, type: String, validation: String, length: String, low: String,
    high: String, strictFrom: String, policy: String, kinds: [Int64: Kind]
  ) {
    self.lengthSize = lengthSize
    self.header = header
    self.type = type
    self.validation = validation
    self.length = length
    self.low = low
    self.high = high
    self.strictFrom = strictFrom
    self.policy = policy
    self.kinds = kinds
  }
}

/// A policy, as far as it is known.
enum AttributePolicy: Hashable, Sendable {
  /// Attributes were checked, and how is not known.
  case unknown
  /// A table of this module; whether attributes without a kind were refused.
  case table(GlobalID, isStrict: Bool)
}

/// An attribute that a table leads to.
struct AttributePlace: Hashable, Sendable {
  /// The table.
  var table: Region
  /// Where the pointer stands in it.
  var offset: Int64
}

/// What a policy says of an attribute.
struct AttributeCheck {
  /// Bytes without the header.
  var least: Int64
  var most: Int64
  /// Bytes of the number in it; 0 without one.
  var width: Int64 = 0
  /// The number's bounds, and whether the policy has some.
  var range = Interval(0)
  var isBounded = false
  /// Whether what it holds was checked in a way that is not understood.
  var isChecked = false
}

extension Machine {
  /// A table of attributes is filled anew: what was known of those of the last message goes.
  mutating func fillAttributes(
    _ target: ValueID, _ policy: ValueID, isStrict: Bool, by call: ValueID, _ state: inout State
  ) {
    guard case .pointer(let table, let offset, _, _) = registers[Int(target.index)],
      offset == .zero, !isChoice(table)
    else { return }
    let old = attributes.filter { $0.key.table == table }.map(\.value).sorted()
    for region in old { forget(region, &state) }
    attributeTables[table] = .unknown
    // Who gives no policy, or does not ask whether the message keeps to it, parses it for the second time.
    if case .pointer(let region, .zero, _, _) = registers[Int(policy.index)],
      case .global(let global) = universe[region].kind, isAsked(call)
    {
      attributeTables[table] = .table(global, isStrict: isStrict)
    }
  }

  /// Whether anything is done with what a call answers.
  private mutating func isAsked(_ call: ValueID) -> Bool {
    if let known = askedParses[call] { return known }
    var isAsked = body.blocks.rows.contains { block in
      switch block.terminator {
      case .branch(call, _, _), .returnValue(call): true
      default: false
      }
    }
    for row in body.instructions.rows where !isAsked {
      row.operation.forEachOperand(in: body) { if $0 == call { isAsked = true } }
    }
    askedParses[call] = isAsked
    return isAsked
  }

  /// A function that gets an attribute, its number, or the table may check it: from there on nothing is
  /// argued by the bounds that the policy leaves.
  mutating func handAttributes(_ call: Call, _ state: inout State) {
    if case .function(let target) = call.callee {
      let function = module.functions[target]
      if let model = models[Int(target.index)], !model.isUnseen,
        function.body == nil || model.isInstead
      {
        return
      }
      // The functions of headers only read.
      if function.body != nil, function.attributes.contains(.isStatic),
        module.origins[function.origin].file != module.mainFile
      {
        return
      }
    }
    for argument in body.values(call.arguments) {
      switch registers[Int(argument.index)] {
      case .number(let form):
        for index in 0..<form.count {
          let symbol = form[index].symbol
          if attributeNumbers.values.contains(symbol) { takeReasons(from: symbol, &state) }
        }
      case .pointer(let region, _, _, _):
        let tables = attributeHolders.filter { $0.key.table == region }.map(\.value) + [region]
        for table in tables where attributeTables[table] != nil {
          attributeTables[table] = .unknown
          for (place, attribute) in attributes where place.table == table {
            takeReasons(from: attribute, &state)
          }
        }
        if attributes.values.contains(region) { takeReasons(from: region, &state) }
      default: break
      }
    }
  }

  private func takeReasons(from attribute: Region, _ state: inout State) {
    for (place, symbol) in attributeNumbers where place.table == attribute {
      takeReasons(from: symbol, &state)
    }
    state.removeInputs(in: attribute, from: 0, to: .max)
  }

  private func takeReasons(from symbol: Symbol, _ state: inout State) {
    var known = fact(symbol, state)
    known.lowBoundary = .none
    known.highBoundary = .none
    setFact(symbol, known, &state)
  }

  /// An attribute of the last message is no longer there.
  private mutating func forget(_ attribute: Region, _ state: inout State) {
    noteWrite(to: attribute)
    renew(attribute, &state)
    let numbers = attributeNumbers.filter { $0.key.table == attribute }.map(\.value)
    for symbol in numbers.sorted(by: { $0.index < $1.index }) {
      define(symbol, SymbolFact(interval: universe[symbol].range), &state)
    }
    // The next message may have numbers of other widths in the same places.
    attributeNumbers = attributeNumbers.filter { $0.key.table != attribute }
  }

  /// The attribute that a place of a known table leads to; `nil` for other places.
  mutating func loadAttribute(
    _ table: Region, _ offset: Int64, at value: ValueID, _ state: inout State
  ) -> AbstractValue? {
    if let pinned = attributeHolders[AttributePlace(table: table, offset: offset)] {
      return .pointer(pinned, offset: .zero, inside: .none, mayBeNull: false)
    }
    guard let policy = attributeTables[table], type(of: value).isPointer, offset >= 0,
      let format = facts.program.attributeFormat
    else { return nil }
    let place = AttributePlace(table: table, offset: offset)
    let region: Region
    if let known = attributes[place] {
      region = known
    } else {
      region = universe.region(ofPartAt: value)
      attributes[place] = region
    }
    let row = offset / Int64(module.pointerSize)
    if let check = check(ofRow: row, policy, format) {
      assume(check, policy, of: region, format, at: value, &state)
    }
    return .pointer(region, offset: .zero, inside: .none, mayBeNull: true)
  }

  /// What holds of an attribute that is there; `nil` where it cannot be there.
  private mutating func check(
    ofRow row: Int64, _ policy: AttributePolicy, _ format: AttributeFormat
  ) -> AttributeCheck? {
    let most = (Int64(1) << (8 * format.lengthSize)) - 1 - format.header
    switch policy {
    case .unknown: return AttributeCheck(least: 0, most: most)
    case .table(let global, let isStrict):
      guard let rows = PolicyRows(global, module, format), row < rows.count,
        facts.isConstant(global, in: module)
      else { return nil }
      func value(_ member: PolicyRows.Member?, of row: Int64) -> Int64? {
        guard let member else { return 0 }
        return facts.initialValue(
          of: global, at: UInt64(row) * rows.stride + member.offset, size: member.size, in: module)
      }
      guard let type = value(rows.type, of: row), let kind = format.kinds[type],
        let length = value(rows.length, of: row), let validation = value(rows.validation, of: row)
      else { return nil }
      if type == 0 {
        guard !isStrict, let strict = value(rows.strictFrom, of: 0) else { return nil }
        if strict > 0, row >= strict { return nil }
      }
      var check = AttributeCheck(least: kind.least, most: min(kind.most, most))
      check.width = kind.width
      check.range = kind.range
      switch kind.length {
      case .unused: break
      case .least: if length > 0 { check.least = min(length, most) }
      case .most: if length > 0 { check.most = min(length, most) }
      case .text: if length > 0 { check.most = min(length + 1, most) }
      }
      if validation != 0 {
        limit(&check, kind, validation, value(rows.low, of: row), value(rows.high, of: row))
      }
      return check.least <= check.most ? check : nil
    }
  }

  /// Bounds a number, or a length, by what a policy says of it besides.
  ///
  /// Which of the bounds count changed its number with the kernel, but for the first way: both do. Of the others
  /// one that is zero does not.
  private func limit(
    _ check: inout AttributeCheck, _ kind: AttributeFormat.Kind, _ validation: Int64,
    _ low: Int64?, _ high: Int64?
  ) {
    guard let low, let high, low != 0 || high != 0, kind.isNative,
      high == 0 && validation != 1 || low <= high
    else {
      check.isChecked = true
      return
    }
    let isHigh = high != 0 || validation == 1
    let isLow = low != 0 || validation == 1
    if kind.width == 0 {
      if isLow { check.least = max(check.least, low) }
      if isHigh { check.most = min(check.most, high) }
      return
    }
    check.isBounded = true
    check.range = Interval(
      isLow ? Int128(low) : check.range.low, isHigh ? Int128(high) : check.range.high
    ).intersection(check.range)
    if check.range.isEmpty { check.isChecked = true }
  }

  /// Notes what a user chose of an attribute; what is known of it already stays.
  private mutating func assume(
    _ check: AttributeCheck, _ policy: AttributePolicy, of attribute: Region,
    _ format: AttributeFormat, at value: ValueID, _ state: inout State
  ) {
    let boundary = attributeBoundary(policy == .unknown ? .believed : .input, at: value)
    let checked = attributeBoundary(.policy, at: value)
    let lengths = Interval(0, (Int128(1) << Int128(8 * format.lengthSize)) - 1)
    let size = number(attribute, 0, format.lengthSize, lengths)
    let isNew = fact(size, state).input.isNone
    if isNew {
      // Where it was checked in a way that is not known, its bounds are no reason.
      let known =
        policy == .unknown
        ? SymbolFact(interval: lengths, input: boundary)
        : SymbolFact(
          interval: Interval(
            Int128(format.header + check.least), Int128(format.header + check.most)),
          lowBoundary: checked, highBoundary: checked, input: boundary)
      setFact(size, known, &state)
    }
    if policy != .unknown { universe[attribute].size = LinearForm(size) }
    state.keepCell(
      in: attribute, at: 0, size: UInt32(format.lengthSize), .number(LinearForm(size)))
    if check.width > 0, !check.isChecked {
      let content = number(attribute, format.header, check.width, check.range)
      if fact(content, state).input.isNone {
        let reason = check.isBounded ? checked : boundary
        setFact(
          content,
          SymbolFact(
            interval: check.range, lowBoundary: reason, highBoundary: reason, input: boundary),
          &state)
      }
      state.keepCell(
        in: attribute, at: format.header, size: UInt32(check.width),
        .number(LinearForm(content)))
    }
    if isNew, !check.isChecked, !check.isBounded {
      state.addInput(
        InputRange(region: attribute, low: format.header, high: .max, boundary: boundary))
    }
  }

  /// The number that a place of an attribute holds.
  private mutating func number(
    _ attribute: Region, _ offset: Int64, _ size: Int64, _ range: Interval
  ) -> Symbol {
    let place = AttributePlace(table: attribute, offset: offset)
    if let known = attributeNumbers[place] { return known }
    let symbol = universe.symbol(
      of: EntryPlace(
        region: attribute, offset: offset, size: UInt32(size), kind: .number(range)), range: range)
    attributeNumbers[place] = symbol
    return symbol
  }

  private mutating func attributeBoundary(
    _ kind: Boundary.Kind, at value: ValueID
  ) -> BoundaryID {
    universe.id(
      of: Boundary(
        kind: kind, place: .own(body.instructions[value].origin), position: position, isTaken: true,
        left: nil, right: nil))
  }
}

extension Machine {
  /// Whether an object is an attribute that ends before what is read of it.
  func isShort(_ region: Region, _ excess: Int128) -> Bool {
    excess > 0 && attributes.values.contains(region)
  }
}

/// Where a policy's table has its members.
private struct PolicyRows {
  struct Member {
    var offset: UInt64
    var size: UInt64
  }

  var stride: UInt64
  var count: Int64
  var type, validation, length, low, high, strictFrom: Member?

  init?(_ global: GlobalID, _ module: Module, _ format: AttributeFormat) {
    guard case .array(let element, let count) = module.types[module.globals[global].type].kind,
      case .record(let record) = module.types[element].kind
    else { return nil }
    stride = module.types[element].size
    self.count = Int64(clamping: count)
    var found: [String: Member] = [:]
    func walk(_ record: RecordID, _ base: UInt64) {
      for row in module.records[record].fields.indices {
        let field = module.fields.rows[row]
        let name = module.symbols[field.name]
        let offset = base + field.byteOffset
        if name.isEmpty, case .record(let inner) = module.types[field.type].kind {
          walk(inner, offset)
        } else if field.bitWidth == nil {
          found[name] = Member(offset: offset, size: module.types[field.type].size)
        }
      }
    }
    walk(record, 0)
    guard let type = found[format.type], let length = found[format.length] else { return nil }
    self.type = type
    self.length = length
    (validation, strictFrom) = (found[format.validation], found[format.strictFrom])
    (low, high) = (found[format.low], found[format.high])
    if validation != nil, low == nil || high == nil { return nil }
  }
}

extension Module {
  /// The policy of messages that reach a function by way of these tables.
  func policy(
    _ origins: [EntryOrigin], _ lax: LaxMember?, unless others: [String], _ format: AttributeFormat
  ) -> AttributePolicy {
    let found = Set(origins.map { policy($0, lax, unless: others, format) })
    return found.count == 1 ? found.first ?? .unknown : .unknown
  }

  private func policy(
    _ origin: EntryOrigin, _ lax: LaxMember?, unless others: [String], _ format: AttributeFormat
  ) -> AttributePolicy {
    let places = [origin] + holders(of: origin.global)
    let isChecked = places.contains { place in others.contains { pointer($0, place) != nil } }
    if isChecked { return .unknown }
    var policy: GlobalID?
    for place in places {
      guard case .global(let global, 0)? = pointer(format.policy, place) else { continue }
      // That of the function's own row comes before those of what leads to it.
      if place == origin {
        policy = global
        break
      }
      if let policy, policy != global { return .unknown }
      policy = global
    }
    guard let policy else { return .unknown }
    var isStrict = false
    if let lax, let field = field(lax.name, of: origin.record) {
      let row = fields[field]
      guard
        let bits = Program.cell(
          of: globals[origin.global], in: self, offset: origin.offset + row.byteOffset,
          size: types[row.type].size)
      else { return .unknown }
      isStrict = bits & lax.bit == 0
    }
    return .table(policy, isStrict: isStrict)
  }

  /// The structures in initialised variables that lead to a variable.
  private func holders(of target: GlobalID) -> [EntryOrigin] {
    var result: [EntryOrigin] = []
    for id in globals.ids {
      for cell in globals[id].initializer ?? [] {
        guard case .global(target, _) = cell.value,
          let field = fields(of: globals[id].type, at: cell.offset).last
        else { continue }
        let row = fields[field]
        result.append(
          EntryOrigin(global: id, record: row.record, offset: cell.offset &- row.byteOffset))
      }
    }
    return result
  }

  private func field(_ name: String, of record: RecordID) -> FieldID? {
    records[record].fields.indices.first { symbols[fields.rows[$0].name] == name }.map {
      FieldID($0)
    }
  }

  /// What a member of a structure points to from the start; `nil` where that is nothing.
  private func pointer(_ name: String, _ place: EntryOrigin) -> InitializerValue? {
    guard let field = field(name, of: place.record), types[fields[field].type].isPointer else {
      return nil
    }
    let offset = place.offset + fields[field].byteOffset
    let cell = globals[place.global].initializer?.last { $0.offset == offset }
    switch cell?.value {
    case .global?, .function?: return cell?.value
    default: return nil
    }
  }
}
