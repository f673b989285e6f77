// SPDX-License-Identifier: Apache-2.0

// What a unit stores in members of structs: functions that are called through them, and numbers. Joined over a
// program that is all there is, a member's functions are whom a call through it can go to, and its numbers are
// the values that it can have.
//
// Taken for granted: pointers to functions are not made of bytes, and a member is not written through another
// type. What numbers that come as bytes can be (files, sockets, other types) is not known, so a struct that is
// handed to somebody as bytes has no known numbers.

import IR

/// What a unit does with a member of a struct.
struct FieldUse: Hashable, Sendable {
  /// The struct's tag and size, the member's name and place: the same type in all units (C11 6.2.7p1).
  var key = ""
  /// Functions that are stored in it, ascending rows.
  var functions: ContiguousArray<UInt32> = []
  /// The numbers that are stored in it; none where the unit stores none.
  var values: ClosedRange<Int64>?
  /// Whether something else is stored in it, or may be.
  var isOpen = false
}

/// A struct that a function gets.
struct HandedRecord: Hashable, Comparable, Sendable {
  /// Its row in `FieldUses.records`.
  var record: UInt32
  /// The function, a row of the unit.
  var function: UInt32
  /// The argument; `result` where the function gives it.
  var argument: UInt32

  static let result = UInt32.max

  static func < (left: HandedRecord, right: HandedRecord) -> Bool {
    (left.record, left.function, left.argument) < (right.record, right.function, right.argument)
  }
}

/// The members that a unit uses in ways that count, and the structs whose numbers others may write.
struct FieldUses: Hashable, Sendable {
  var fields: ContiguousArray<FieldUse> = []
  /// Tag and size of structs, see the lists below.
  var records: ContiguousArray<String> = []
  /// Structs whose numbers are not known, rows of `records`, ascending.
  var open: ContiguousArray<UInt32> = []
  /// Structs that functions get or give of which the unit has no code: not known where the program has none
  /// either, and nothing says that the function writes nothing.
  var handed: ContiguousArray<HandedRecord> = []
  /// The same as bytes: not known where the program has the function's code either.
  var bytes: ContiguousArray<HandedRecord> = []
  /// Structs in variables that the unit does not define: rows of `records`, each before that of its variable.
  var outside: ContiguousArray<UInt32> = []
  /// For each function of the unit, by its row, the rows of `fields` that it calls through, ascending.
  var calls: [UInt32: ContiguousArray<UInt32>] = [:]

  /// Tag and size of the struct that a member's key names.
  static func record(ofKey key: String) -> String {
    String(key.prefix { $0 != "|" })
  }
}

extension FieldUses {
  /// Reads a module.
  init(of module: Module) {
    var collector = FieldUseCollector(module)
    collector.collect()
    self = collector.uses()
  }
}

extension Module {
  /// What tells a member of a struct from all others; nil for members of unions and of structs without a
  /// name, and for bit-fields.
  func key(of id: FieldID) -> String? {
    let field = fields[id]
    let record = records[field.record]
    guard !record.isUnion, record.name != SymbolTable.empty, field.bitWidth == nil,
      field.name != SymbolTable.empty, record.size > 0
    else { return nil }
    return "\(symbols[record.name]) \(record.size)|\(symbols[field.name]) \(field.byteOffset)"
  }

  /// Tag and size of a struct; nil without a name.
  func key(of id: RecordID) -> String? {
    let record = records[id]
    guard record.name != SymbolTable.empty, record.size > 0 else { return nil }
    return "\(symbols[record.name]) \(record.size)"
  }
}

/// One pass over a unit.
private struct FieldUseCollector {
  private let module: Module
  private var rows: [FieldID: FieldUse] = [:]
  private var openRecords: Set<RecordID> = []
  private var handed: Set<Handed> = []
  private var bytes: Set<Handed> = []
  private var outside: Set<Handed> = []
  private var calls: [UInt32: Set<FieldID>] = [:]

  private struct Handed: Hashable {
    var record: RecordID
    var row: UInt32
    var argument: UInt32 = 0
  }

  init(_ module: Module) { self.module = module }

  mutating func collect() {
    for id in module.globals.ids {
      let variable = module.globals[id]
      initialise(variable)
      guard !variable.isDefinition, let record = record(inside: variable.type) else { continue }
      for record in inner(record) { outside.insert(Handed(record: record, row: id.index)) }
    }
    for id in module.functions.ids {
      guard let body = module.functions[id].body else { continue }
      scan(body, of: id)
    }
  }

  func uses() -> FieldUses {
    var uses = FieldUses()
    var numbers: [FieldID: UInt32] = [:]
    var known: [String: UInt32] = [:]
    for (id, use) in rows.sorted(by: { $0.key < $1.key }) {
      if let number = known[use.key] {
        // The same type twice, as in an imported header.
        uses.fields[Int(number)].join(use)
        numbers[id] = number
        continue
      }
      known[use.key] = UInt32(uses.fields.count)
      numbers[id] = UInt32(uses.fields.count)
      uses.fields.append(use)
    }
    for index in uses.fields.indices {
      uses.fields[index].functions = ContiguousArray(Set(uses.fields[index].functions).sorted())
    }
    let named = openRecords.union((handed.union(bytes).union(outside)).map(\.record))
    uses.records = ContiguousArray(Set(named.compactMap { module.key(of: $0) }).sorted())
    let places = Dictionary(uniqueKeysWithValues: zip(uses.records, uses.records.indices))
    func row(_ record: RecordID) -> UInt32? {
      module.key(of: record).flatMap { places[$0] }.map { UInt32($0) }
    }
    func table(_ handed: Set<Handed>) -> ContiguousArray<HandedRecord> {
      let found = handed.compactMap { entry in
        row(entry.record).map {
          HandedRecord(record: $0, function: entry.row, argument: entry.argument)
        }
      }
      return ContiguousArray(Set(found).sorted())
    }
    uses.open = ContiguousArray(Set(openRecords.compactMap { row($0) }).sorted())
    uses.handed = table(handed)
    uses.bytes = table(bytes)
    uses.outside = ContiguousArray(table(outside).flatMap { [$0.record, $0.function] })
    for (function, fields) in calls {
      uses.calls[function] = ContiguousArray(Set(fields.compactMap { numbers[$0] }).sorted())
    }
    return uses
  }

  // MARK: Stores

  private func isFunctionPointer(_ type: TypeID) -> Bool {
    guard case .pointer(let pointee) = module.types[type].kind,
      case .function = module.types[pointee].kind
    else { return false }
    return true
  }

  private mutating func change(_ id: FieldID, _ body: (inout FieldUse) -> Void) {
    if rows[id] == nil {
      guard let key = module.key(of: id) else { return }
      rows[id] = FieldUse(key: key)
    }
    if var use = rows[id] {
      body(&use)
      rows[id] = use
    }
  }

  private mutating func open(_ id: FieldID) { change(id) { $0.isOpen = true } }

  private mutating func initialise(_ variable: Global) {
    for cell in variable.initializer ?? [] {
      guard cell.bitField == nil, let id = leaf(of: variable.type, at: cell.offset) else {
        continue
      }
      let type = module.types[module.fields[id].type]
      switch cell.value {
      case .function(let function) where type.isPointer:
        change(id) { $0.functions.append(function.index) }
      case .integer(0) where type.isPointer: break
      case .integer(let value) where type.isInteger: change(id) { $0.add(value...value) }
      case .integer, .unknown, .function: open(id)
      case .global, .literal, .bytes, .label, .floating:
        if type.isInteger || isFunctionPointer(module.fields[id].type) { open(id) }
      }
    }
  }

  /// The member at an offset of an object, through structs and arrays inside.
  private func leaf(of type: TypeID, at offset: UInt64) -> FieldID? {
    let path = module.fields(of: type, at: offset)
    guard let id = path.last else { return nil }
    let isOfUnion = path.contains { module.records[module.fields[$0].record].isUnion }
    switch module.types[module.fields[id].type].kind {
    // An element of an array member is no member.
    case .record, .array, .unboundedArray: return nil
    default: return isOfUnion ? nil : id
    }
  }

  // MARK: Code

  private mutating func scan(_ body: Body, of function: FunctionID) {
    /// Addresses that have lost their type, and the struct that they lead to.
    var suspects: [ValueID: RecordID] = [:]
    /// Whether the value is the address of a member that matters.
    var address = [FieldID?](repeating: nil, count: body.instructions.count)
    for (index, row) in body.instructions.rows.enumerated() {
      switch row.operation {
      case .field(_, let id):
        let type = module.types[module.fields[id].type]
        if type.isInteger || isFunctionPointer(module.fields[id].type) { address[index] = id }
      case .store(let place, let value, _):
        if let id = address[Int(place.index)] { store(value, in: id, body) }
        escape(value, address)
      case .load, .compare, .loadBits: break
      case .copy(let destination, let source, _):
        if record(at: destination, body) != record(at: source, body) {
          openNumbers(at: destination, body)
        }
      case .zero(let place, _):
        if let id = address[Int(place.index)] { change(id) { $0.add(0...0) } }
      case .cast(.pointerCast, let base):
        escape(base, address)
        if let record = cast(ValueID(index), from: base, body) ?? suspects[base] {
          suspects[ValueID(index)] = record
        }
      case .call(let call):
        hand(body.calls[call], body)
        for argument in body.values(body.calls[call].arguments) { escape(argument, address) }
        if case .indirect(let target) = body.calls[call].callee, let id = body.member(of: target) {
          change(id) { _ in }
          calls[function.index, default: []].insert(id)
        }
      default: row.operation.forEachOperand(in: body) { escape($0, address) }
      }
    }
    for block in body.blocks.rows {
      guard case .returnValue(let value) = block.terminator else { continue }
      escape(value, address)
      if let record = suspects.removeValue(forKey: value) { open(numbersOf: record) }
    }
    if !suspects.isEmpty { judge(suspects, body) }
  }

  /// Somebody else has the address of the member.
  private mutating func escape(_ value: ValueID, _ address: [FieldID?]) {
    if let id = address[Int(value.index)] { open(id) }
  }

  private mutating func store(_ value: ValueID, in id: FieldID, _ body: Body) {
    if isFunctionPointer(module.fields[id].type) {
      switch body.instructions[body.withoutCasts(value)].operation {
      case .function(let function): change(id) { $0.functions.append(function.index) }
      case .constant(0): change(id) { _ in }
      case .load(let place, _) where isMember(place, id, body): break
      default: open(id)
      }
      return
    }
    if let range = range(of: value, storedIn: id, body) {
      change(id) { use in
        if let range = range.values { use.add(range) }
      }
    } else {
      open(id)
    }
  }

  /// Whether an address is that of the member, in whatever object.
  private func isMember(_ place: ValueID, _ id: FieldID, _ body: Body) -> Bool {
    guard case .field(_, let other) = body.instructions[place].operation else { return false }
    return other == id
  }

  private struct Stored {
    /// None where what is stored comes from the member itself.
    var values: ClosedRange<Int64>?
  }

  /// The values that an expression can have whatever the state is; nil where that is not known.
  private func range(of value: ValueID, storedIn id: FieldID, _ body: Body) -> Stored? {
    let row = body.instructions[value]
    let type = module.types[row.type]
    switch row.operation {
    case .constant(let constant): return Stored(values: constant...constant)
    case .compare: return Stored(values: 0...1)
    case .binary(.and, let left, let right):
      for side in [left, right] {
        if case .constant(let mask) = body.instructions[side].operation, mask >= 0 {
          return Stored(values: 0...mask)
        }
      }
      return nil
    case .binary(.remainder, _, let right):
      guard !type.isSigned, case .constant(let divisor) = body.instructions[right].operation,
        divisor > 0
      else { return nil }
      return Stored(values: 0...(divisor - 1))
    case .load(let place, _) where isMember(place, id, body): return Stored()
    case .cast(.toBool, _): return Stored(values: 0...1)
    case .cast(let kind, let inner)
    where [.zeroExtend, .signExtend, .truncate, .reinterpret].contains(kind):
      guard let known = range(of: inner, storedIn: id, body) else { return nil }
      guard let values = known.values else { return known }
      guard type.isInteger, type.width <= 64,
        type.range.contains(Interval(Int128(values.lowerBound), Int128(values.upperBound)))
      else { return nil }
      return known
    default: return nil
    }
  }

  // MARK: Bytes

  private func record(at address: ValueID, _ body: Body) -> RecordID? {
    record(module.types[body.instructions[address].type])
  }

  private func record(_ type: Type) -> RecordID? {
    guard case .pointer(let pointee) = type.kind else { return nil }
    var element = pointee
    while case .array(let inner, _) = module.types[element].kind { element = inner }
    guard case .record(let record) = module.types[element].kind else { return nil }
    return record
  }

  /// Whether a type is one of single bytes.
  private func isBytes(_ type: TypeID) -> Bool {
    guard case .pointer(let pointee) = module.types[type].kind else { return false }
    return module.types[pointee].isInteger && module.types[pointee].size == 1
  }

  /// A conversion of an address; the struct that may be written through it as bytes.
  private mutating func cast(_ value: ValueID, from base: ValueID, _ body: Body) -> RecordID? {
    let to = record(module.types[body.instructions[value].type])
    let from = record(at: base, body)
    guard to != from else { return nil }
    // A buffer that is read as a struct has come from somewhere.
    if let to, from != nil || isBytes(body.instructions[base].type) { open(numbersOf: to) }
    guard let from else { return nil }
    guard to != nil else { return from }
    open(numbersOf: from)
    return nil
  }

  private mutating func openNumbers(at address: ValueID, _ body: Body) {
    if let record = record(at: address, body) { open(numbersOf: record) }
  }

  /// The numbers of a struct, and of those inside it, may be anything.
  private mutating func open(numbersOf record: RecordID) {
    guard !openRecords.contains(record) else { return }
    openRecords.formUnion(inner(record))
  }

  /// A struct and those inside it.
  private func inner(_ record: RecordID) -> [RecordID] {
    var found = [record]
    var next = 0
    while next < found.count {
      for index in module.records[found[next]].fields.indices {
        guard let inner = self.record(inside: module.fields[FieldID(index)].type),
          !found.contains(inner)
        else { continue }
        found.append(inner)
      }
      next += 1
    }
    return found
  }

  /// The struct that an object of a type is or has as elements.
  private func record(inside type: TypeID) -> RecordID? {
    var type = type
    while true {
      switch module.types[type].kind {
      case .array(let element, _), .unboundedArray(let element): type = element
      case .record(let record): return record
      default: return nil
      }
    }
  }

  /// Structs whose address a call passes or returns.
  private mutating func hand(_ call: Call, _ body: Body) {
    var found: [(record: RecordID, argument: UInt32)] = []
    for (index, argument) in body.values(call.arguments).enumerated() {
      guard let record = record(at: argument, body) else { continue }
      found += inner(record).map { ($0, UInt32(index)) }
    }
    if let record = record(module.types[module.signatures[call.signature].result]) {
      found += inner(record).map { ($0, HandedRecord.result) }
    }
    guard case .function(let callee) = call.callee else {
      return found.forEach { open(numbersOf: $0.record) }
    }
    guard module.functions[callee].body == nil else { return }
    for (record, argument) in found {
      handed.insert(Handed(record: record, row: callee.index, argument: argument))
    }
  }

  /// Opens the structs that somebody may write as bytes: more is done with their addresses than that they are
  /// compared, read, set to zero, or handed to a function.
  private mutating func judge(_ suspects: [ValueID: RecordID], _ body: Body) {
    for (index, row) in body.instructions.rows.enumerated() {
      var used: [ValueID] = []
      row.operation.forEachOperand(in: body) { if suspects[$0] != nil { used.append($0) } }
      for value in used {
        guard let record = suspects[value] else { continue }
        switch row.operation {
        case .compare, .load: continue
        case .cast(.pointerCast, _) where suspects[ValueID(index)] != nil: continue
        case .call(let call): hand(value, record, in: body.calls[call], body)
        default: open(numbersOf: record)
        }
      }
    }
  }

  private mutating func hand(_ value: ValueID, _ record: RecordID, in call: Call, _ body: Body) {
    guard case .function(let callee) = call.callee else { return open(numbersOf: record) }
    let arguments = Array(body.values(call.arguments))
    let signature = module.signatures[module.functions[callee].signature]
    // What gets nothing else and gives nothing back ends the object's life.
    if arguments.count == 1, case .void = module.types[signature.result].kind { return }
    if module.symbols[module.functions[callee].name] == "memset", arguments.count == 3,
      case .constant(0) = body.instructions[body.withoutCasts(arguments[1])].operation
    {
      return
    }
    for (index, argument) in arguments.enumerated() where argument == value {
      for record in inner(record) {
        bytes.insert(Handed(record: record, row: callee.index, argument: UInt32(index)))
      }
    }
  }
}

extension FieldUse {
  fileprivate mutating func add(_ range: ClosedRange<Int64>) {
    guard let known = values else {
      values = range
      return
    }
    values =
      min(known.lowerBound, range.lowerBound)...max(known.upperBound, range.upperBound)
  }

  /// Takes over what another unit does with the same member, but for its functions.
  mutating func join(_ other: FieldUse) {
    isOpen = isOpen || other.isOpen
    if let range = other.values { add(range) }
    functions += other.functions
  }
}

extension Body {
  /// A value before conversions that keep its bits or its number.
  func withoutCasts(_ value: ValueID) -> ValueID {
    var value = value
    while case .cast(let kind, let inner) = instructions[value].operation,
      [.pointerCast, .zeroExtend, .signExtend, .truncate, .reinterpret].contains(kind)
    {
      value = inner
    }
    return value
  }

  /// The member of a struct that a value was read from.
  func member(of value: ValueID) -> FieldID? {
    guard case .load(let place, _) = instructions[withoutCasts(value)].operation,
      case .field(_, let field) = instructions[place].operation
    else { return nil }
    return field
  }
}
