// SPDX-License-Identifier: Apache-2.0

// Functions that only code unseen calls, by way of a table of functions or of a registration: what that code
// promises of the arguments. As with models, the analysis knows kinds of promises and no table by name.

import IR

/// A size of what a parameter points to.
public enum EntrySize: Hashable, Sendable {
  /// So many bytes.
  case constant(Int64)
  /// As many bytes as a parameter says, and some more.
  case parameter(Int, plus: Int64)
}

/// What is promised of the arguments of a function; parameters are numbered from 0.
public enum EntryClause: Hashable, Sendable {
  /// A parameter is not null.
  case present(Int)
  /// A parameter, a pointer or a number, is an address that the user chose.
  case user(Int)
  /// The user chooses a number, within its type and these bounds.
  case chosen(Int, low: Int64, high: Int64)
  /// The same of a number in a member of what a parameter points to.
  case chosenMember(Int, String, low: Int64, high: Int64)
  /// A parameter points to a place in a file that the user chooses, unless the unit calls one of these
  /// functions.
  case position(Int, unless: [String])
  /// A number lies within these bounds.
  case range(Int, low: Int64, high: Int64)
  /// What a parameter points to has so many bytes.
  case room(Int, EntrySize)
  /// It has as many bytes as the machine's pages.
  case page(Int)
  /// What a parameter points to comes from outside.
  case outside(Int)
  /// What a member of it points to does.
  case outsideMember(Int, String)
  /// What a parameter points to is a string.
  case text(Int)
  /// A parameter, or a member of what it points to, is a table of attributes; the member of the table of
  /// functions that says, by a bit, that those without a kind are not refused; members of that table, or of what
  /// leads to it, whose functions may have checked more.
  case attributes(Int, member: String?, lax: LaxMember?, unless: [String])
}

/// A bit of a member.
public struct LaxMember: Hashable, Sendable {
  /// The member.
  public var name: String
  /// The bit's value.
  public var bit: Int64

  /// Makes one.
  public init(name: String, bit: Int64) { (self.name, self.bit) = (name, bit) }
}

/// Where a table of functions has a function.
struct EntryOrigin: Hashable, Sendable {
  /// The variable.
  var global: GlobalID
  /// The structure with the function, by the offset of that in the variable.
  var record: RecordID
  var offset: UInt64
}

/// What is promised of a function's arguments, and by whom.
public struct EntryContract: Hashable, Sendable {
  /// The table and its member, or the function that it is handed to.
  public var name: String
  /// The promises.
  public var clauses: [EntryClause]
  /// The constant tables that have the function, where it is a contract about messages.
  var origins: [EntryOrigin] = []

  /// The table and its member, or the function, as findings name it.
  var table: String { String(name.prefix { $0 != "#" }) }
}

extension Module {
  /// The functions of a module that are stored in members, or handed to functions, for which the table of
  /// models has a contract; of several the first counts.
  func entries(_ models: ModelTable) -> [FunctionID: EntryContract] {
    var found: [FunctionID: EntryContract] = [:]
    if models.entries.isEmpty { return found }
    func note(_ function: FunctionID, _ name: String, _ origin: EntryOrigin? = nil) {
      if let known = found[function] {
        if let origin, known.name == name, !known.origins.isEmpty {
          found[function]?.origins.append(origin)
        }
        return
      }
      guard functions[function].body != nil, let clauses = models.entries[name] else { return }
      found[function] = EntryContract(name: name, clauses: clauses)
      let isOfMessage = clauses.contains { if case .attributes = $0 { true } else { false } }
      if isOfMessage, let origin { found[function]?.origins = [origin] }
    }
    for id in globals.ids {
      let global = globals[id]
      for cell in global.initializer ?? [] {
        guard case .function(let function) = cell.value,
          let field = fields(of: global.type, at: cell.offset).last
        else { continue }
        let row = fields[field]
        let name = symbols[row.name]
        if name.isEmpty { continue }
        note(
          function, "\(symbols[records[row.record].name]).\(name)",
          EntryOrigin(
            global: id, record: row.record, offset: cell.offset &- row.byteOffset))
      }
    }
    for body in functions.rows.lazy.compactMap(\.body) {
      for row in body.instructions.rows {
        switch row.operation {
        case .store(let address, let value, _):
          guard let function = body.function(value),
            case .field(_, let field) = body.instructions[address].operation
          else { continue }
          let record = symbols[records[fields[field].record].name]
          note(function, "\(record).\(symbols[fields[field].name])")
        case .call(let call):
          guard case .function(let callee) = body.calls[call].callee else { continue }
          for (index, argument) in body.values(body.calls[call].arguments).enumerated() {
            guard let function = body.function(argument) else { continue }
            note(function, "\(symbols[functions[callee].name])#\(index)")
          }
        default: break
        }
      }
    }
    return found
  }

  /// Whether some function of the module calls one of these by name.
  func calls(_ names: [String]) -> Bool {
    functions.rows.lazy.compactMap(\.body).contains { body in
      body.calls.rows.contains { call in
        guard case .function(let callee) = call.callee else { return false }
        return names.contains(symbols[functions[callee].name])
      }
    }
  }
}

extension Body {
  /// The function whose address a value is.
  fileprivate func function(_ value: ValueID) -> FunctionID? {
    switch instructions[value].operation {
    case .function(let function): function
    case .cast(.pointerCast, let inner), .cast(.decay, let inner): function(inner)
    default: nil
    }
  }
}

extension Machine {
  /// Whether a parameter is promised to be an address of the user's.
  var isGivenUserPointers: Bool {
    entry?.clauses.contains { if case .user = $0 { true } else { false } } ?? false
  }

  /// Notes what is promised of the arguments.
  mutating func assumeEntry(_ state: inout State) {
    guard let entry else { return }
    for clause in entry.clauses { assume(clause, entry, &state) }
  }

  private mutating func assume(
    _ clause: EntryClause, _ entry: EntryContract, _ state: inout State
  ) {
    switch clause {
    case .present(let index):
      guard let (slot, region) = pointerParameter(index) else { return }
      state.locals[slot] = .pointer(region, offset: .zero, inside: .none, mayBeNull: false)
      state.setNull(.slot(Int32(slot)), to: [])
    case .user(let index):
      if let (_, region) = pointerParameter(index) {
        state.note(
          UserPointerFact(region: region, cause: ValueID(0), isUsers: true, isPromised: true))
      } else if let symbol = numberParameter(index) {
        userNumbers.insert(symbol)
      }
    case .chosen(let index, let low, let high):
      guard let symbol = numberParameter(index) else { return }
      let boundary = outside(entry)
      choose(symbol, Interval(Int128(low), Int128(high)), by: boundary, &state)
    case .range(let index, let low, let high):
      guard let symbol = numberParameter(index) else { return }
      let bounds = universe[symbol].range.intersection(Interval(Int128(low), Int128(high)))
      setFact(symbol, SymbolFact(interval: bounds), &state)
    case .chosenMember(let index, let name, let low, let high):
      guard let (_, region) = pointerParameter(index), let field = member(name, of: index) else {
        return
      }
      let boundary = outside(entry)
      choose(
        region, Int64(clamping: field.byteOffset), module.types[field.type],
        Interval(Int128(low), Int128(high)), by: boundary, &state)
    case .position(let index, let names):
      guard let (_, region) = pointerParameter(index), let type = pointee(ofParameter: index),
        !module.calls(names)
      else { return }
      let boundary = outside(entry)
      choose(region, 0, module.types[type], Self.filePositions, by: boundary, &state)
    case .room(let index, .constant(let count)):
      limit(index, to: LinearForm(constant: count))
    case .room(let index, .parameter(let other, let more)):
      guard let symbol = numberParameter(other) else { return }
      limit(index, to: LinearForm(symbol).adding(constant: more))
    case .page(let index): limit(index, to: LinearForm(constant: pageSize))
    case .outside(let index):
      guard let (_, region) = pointerParameter(index) else { return }
      state.addInput(InputRange(region: region, low: 0, high: .max, boundary: outside(entry)))
    case .outsideMember(let index, let name):
      guard let (_, holder) = pointerParameter(index), let field = member(name, of: index) else {
        return
      }
      let place = EntryPlace(
        region: holder, offset: Int64(clamping: field.byteOffset),
        size: UInt32(module.pointerSize), kind: .pointer)
      state.addInput(
        InputRange(
          region: universe.region(of: place), low: 0, high: .max, boundary: outside(entry)))
    case .attributes(let index, let name, let lax, let others):
      guard let (_, holder) = pointerParameter(index), let format = facts.program.attributeFormat
      else { return }
      let policy = module.policy(entry.origins, lax, unless: others, format)
      guard let name else {
        attributeTables[holder] = policy
        return
      }
      guard let field = member(name, of: index) else { return }
      let offset = Int64(clamping: field.byteOffset)
      let table = universe.region(
        of: EntryPlace(
          region: holder, offset: offset, size: UInt32(module.pointerSize), kind: .pointer))
      attributeHolders[AttributePlace(table: holder, offset: offset)] = table
      attributeTables[table] = policy
    case .text(let index):
      guard let (_, region) = pointerParameter(index),
        let place = stringPlace(region, .none, .zero)
      else { return }
      setString(
        place, .terminated(length: unknownLength(place, width: 1, &state)), zeroFrom: nil, &state)
    }
  }

  /// Places in a file: with what a read or write transfers at most, the sum stays a place.
  private static let filePositions = Interval(0, Int128(Int64.max) - (1 << 31))

  /// The size of the machine's pages: 4096 bytes, or the larger one that the function mentions.
  private var pageSize: Int64 {
    for row in body.instructions.rows {
      if case .constant(let value) = row.operation, value == 16_384 || value == 65_536 {
        return value
      }
    }
    return 4096
  }

  /// The condition under which the caller hands over what somebody outside chose.
  private mutating func outside(_ entry: EntryContract) -> BoundaryID {
    let origin = module.functions[function].origin
    let place = universe.id(
      of: ForeignPlace(text: entry.table, location: module.location(of: origin)))
    return universe.id(
      of: Boundary(
        kind: .input, place: .entry(place), position: 0, isTaken: true, left: nil, right: nil))
  }

  private func choose(
    _ symbol: Symbol, _ bounds: Interval, by boundary: BoundaryID, _ state: inout State
  ) {
    let bounds = universe[symbol].range.intersection(bounds)
    if bounds.isEmpty { return }
    setFact(
      symbol,
      SymbolFact(
        interval: bounds, lowBoundary: boundary, highBoundary: boundary, input: boundary), &state)
  }

  /// A number in memory that the function finds at its start.
  private mutating func choose(
    _ region: Region, _ offset: Int64, _ type: Type, _ bounds: Interval, by boundary: BoundaryID,
    _ state: inout State
  ) {
    guard type.isInteger, type.width <= 64 else { return }
    let place = EntryPlace(
      region: region, offset: offset, size: UInt32(clamping: type.size), kind: .number(type.range))
    let symbol = universe.symbol(of: place, range: type.range)
    choose(symbol, bounds, by: boundary, &state)
  }

  private mutating func limit(_ index: Int, to size: LinearForm?) {
    guard let size, let (_, region) = pointerParameter(index) else { return }
    universe[region].size = size
    sizedInputs.insert(region)
  }

  // MARK: Parameters

  private func slot(ofParameter index: Int) -> Int? {
    guard index >= 0, index < Int(body.parameterCount), slots[index] >= 0 else { return nil }
    return slots[index]
  }

  private mutating func pointerParameter(_ index: Int) -> (slot: Int, region: Region)? {
    guard let slot = slot(ofParameter: index),
      module.types[body.locals[LocalID(index)].type].isPointer
    else { return nil }
    return (slot, universe.region(ofParameter: LocalID(index)))
  }

  private mutating func numberParameter(_ index: Int) -> Symbol? {
    guard slot(ofParameter: index) != nil else { return nil }
    let type = module.types[body.locals[LocalID(index)].type]
    guard type.isInteger, type.width <= 64 else { return nil }
    return universe.symbol(ofParameter: LocalID(index), range: type.range)
  }

  private func pointee(ofParameter index: Int) -> TypeID? {
    guard case .pointer(let type) = module.types[body.locals[LocalID(index)].type].kind else {
      return nil
    }
    return type
  }

  private func member(_ name: String, of index: Int) -> Field? {
    guard let type = pointee(ofParameter: index), case .record(let record) = module.types[type].kind
    else { return nil }
    for row in module.records[record].fields.indices
    where module.symbols[module.fields.rows[row].name] == name
      && module.fields.rows[row].bitWidth == nil
    {
      return module.fields.rows[row]
    }
    return nil
  }
}
