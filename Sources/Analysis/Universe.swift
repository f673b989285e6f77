// SPDX-License-Identifier: Apache-2.0

// The names that states of one function are written in: symbols, regions, arrays inside regions and
// boundaries. The tables only grow, so states of different points can be compared by index.

import Findings
import IR

/// Why the program can really reach a bound: the heart of the argument for a finding.
struct Boundary: Hashable, Sendable {
  enum Kind: Hashable, Codable, Sendable {
    /// A constant in the program.
    case constant
    /// A condition of the function itself.
    case guardCondition
    /// The condition that keeps a loop running.
    case loopCondition
    /// What a library function promises.
    case model
    /// Somebody outside chooses the value: a file, a peer, the user.
    case input
    /// What a call of the snprintf family would have needed.
    case formatted
    /// A check that somebody else made of what a user sent.
    case policy
    /// Somebody outside chooses the value, unless code that is not seen has checked it.
    case believed
  }

  /// Where a boundary is written.
  enum Place: Hashable, Sendable {
    /// In the function itself: the condition, or the call.
    case own(OriginID)
    /// In a callee: a row of `Universe.foreignPlaces`.
    case foreign(Int)
    /// In what is promised of the function's arguments: a row of the same.
    case entry(Int)
  }

  var kind: Kind
  var place: Place
  /// Where it is decided.
  var position: Int
  /// The side of the condition that holds; of an input, whether it is bytes and not lines of text.
  var isTaken: Bool
  /// The operands of the comparison, for the witness.
  var left: ValueID?
  var right: ValueID?
}

/// A boundary in the universe; 0 is none.
struct BoundaryID: BitwiseCopyable, Hashable, Comparable, Codable, Sendable {
  var index: UInt32

  static let none = BoundaryID(index: 0)
  /// A constant in the program text.
  static let constant = BoundaryID(index: 1)

  var isNone: Bool { index == 0 }

  static func < (left: BoundaryID, right: BoundaryID) -> Bool { left.index < right.index }
}

/// What a symbol stands for.
struct SymbolInfo: Sendable {
  enum Kind: Hashable, Sendable {
    /// The value of an instruction, unknown or not linear.
    case value(ValueID)
    /// The number of iterations of a loop that have ended.
    case counter(loop: Int)
    /// A value that differs between paths.
    ///
    /// One that a loop moves by other amounts than one is not steady: it may jump over the value that
    /// a condition admits.
    case merge(position: Int, isSteady: Bool)
    /// The value of a parameter at entry.
    case parameter(LocalID)
    /// The length of the string at a place.
    case length(Region, Int64)
    /// The bytes from where a parameter points to the end of its object.
    case parameterSize(LocalID)
    /// The value of an operation that is not linear, by the instruction that made it first.
    case derived(ValueID)
    /// What a conversion or a function makes of a number, where that may differ from it.
    case image(Image)
    /// The bytes from where a pointer that a place held at entry leads to the end of its object.
    case entrySize(EntryPlace)
    /// A number that a place of shared memory held at entry.
    case entry(EntryPlace)
    /// A symbol of a callee, by the call.
    case foreign(ValueID)
  }

  var kind: Kind
  /// What it can be before anything is known.
  var range: Interval
}

/// What a region is.
struct RegionInfo: Sendable {
  enum Kind: Hashable, Sendable {
    case local(LocalID)
    case global(GlobalID)
    case literal(LiteralID)
    /// A variable of static storage duration that this module does not declare, by its USR.
    case foreign(String)
    /// Memory from an allocator, by the call.
    case heap(ValueID)
    /// Memory that a callee made and stored somewhere, by the call and the callee's region.
    case made(ValueID, Region)
    /// What a parameter points to.
    case parameter(LocalID)
    /// What a pointer of unknown origin points to, by the instruction that yields the pointer.
    case opaque(ValueID)
    /// What a pointer points to that a place of shared memory held at entry.
    case entry(EntryPlace)
    /// One of several objects, in the order of their regions: the path decides which.
    ///
    /// Nothing is known of what it holds.
    case choice([Alternative])
  }

  var kind: Kind
  /// Its size in bytes, where it is known.
  var size: LinearForm?
  /// Whether code unseen can reach it from the start.
  var isShared: Bool
}

/// One of the objects that a pointer may lead to.
struct Alternative: BitwiseCopyable, Hashable, Sendable {
  var region: Region
  /// The array that bounds the pointer there.
  var inside: SubObject
}

/// An array inside a region.
struct SubObjectInfo: Hashable, Sendable {
  var region: Region
  /// Where it starts in the region.
  var base: LinearForm
  /// Its size in bytes; 0 where a member counts its elements.
  var size: Int64
  /// The member that it is.
  var field: FieldID
  /// The member that counts its elements.
  var counter: Counter?

  /// A member that counts the elements of an array, in the region of the array.
  struct Counter: BitwiseCopyable, Hashable, Sendable {
    /// Bytes from the start of the region.
    var offset: Int64
    /// Its type, of an integer.
    var type: TypeID
    /// Bytes of an element.
    var stride: Int64
  }
}

/// A merge of values at a program point, by the place that is merged.
struct MergeKey: Hashable, Sendable {
  enum Place: Hashable, Sendable {
    case local(Int)
    case cell(Region, Int64)
    case length(Region, Int64)
  }

  var position: Int
  var isLoopMerge: Bool
  var place: Place
}

/// A condition of a callee, as a caller's finding shows it.
struct ForeignPlace: Hashable, Codable, Sendable {
  var text: String
  var location: Location
}

/// A number made of another one.
struct Image: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    /// The number modulo 2ⁿ, in the range of the type.
    case conversion
    /// The number without its sign.
    case magnitude
  }

  var kind: Kind
  var source: LinearForm
  /// The instruction that made it first.
  var maker: ValueID
  /// The type that holds it.
  var type: TypeID
}

/// An operation that is not linear, by its operands.
struct DerivedKey: Hashable, Sendable {
  enum Operation: Hashable, Sendable {
    case binary(BinaryOperator)
    case image(Image.Kind)
  }

  var operation: Operation
  var left: LinearForm
  var right: LinearForm
  var type: TypeID
}

/// A scalar in shared memory, as it was when the function was entered.
struct EntryPlace: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case pointer
    /// An integer of a type with this range.
    case number(Interval)
  }

  var region: Region
  var offset: Int64
  /// Bytes.
  var size: UInt32
  var kind: Kind
}

/// The tables of one function's analysis.
struct Universe: Sendable {
  private(set) var symbols: ContiguousArray<SymbolInfo> = []
  private(set) var boundaries: ContiguousArray<Boundary> = []
  var regions: ContiguousArray<RegionInfo> = []
  private(set) var subObjects: ContiguousArray<SubObjectInfo> = []
  private(set) var foreignPlaces: ContiguousArray<ForeignPlace> = []
  private var valueSymbols: [UInt32]
  private var valueRegions: [UInt32]
  private var localRegions: [UInt32]
  private var parameterRegions: [LocalID: Region] = [:]
  private var globalRegions: [GlobalID: Region] = [:]
  private var literalRegions: [LiteralID: Region] = [:]
  private var mergeSymbols: [MergeKey: Symbol] = [:]
  private var counters: [Int: Symbol] = [:]
  private var parameters: [LocalID: Symbol] = [:]
  private var lengths: [StringPlace: Symbol] = [:]
  private var subObjectIDs: [SubObjectInfo: SubObject] = [:]
  private var boundaryIDs: [Boundary: BoundaryID] = [:]
  private var derivedSymbols: [DerivedKey: Symbol] = [:]
  /// By the index of a symbol what operations make of it, each once; as long as some symbol needs it.
  private var derivedFrom: ContiguousArray<[Symbol]> = []
  private var operands: [Symbol: [Symbol]] = [:]
  private var entryRegions: [EntryPlace: Region] = [:]
  private var entrySymbols: [EntryPlace: Symbol] = [:]
  private var foreignGlobals: [String: Region] = [:]
  private var madeRegions: [MadeKey: Region] = [:]
  private var choices: [[Alternative]: Region] = [:]
  private var foreignPlaceIDs: [ForeignPlace: Int] = [:]
  private var foreignSymbols: [ForeignKey: Symbol] = [:]

  private struct MadeKey: Hashable {
    var call: ValueID
    var region: Region
  }

  private struct ForeignKey: Hashable {
    var call: ValueID
    var symbol: Symbol
  }

  private struct StringPlace: Hashable {
    var region: Region
    var base: Int64
  }

  init(body: Body) {
    valueSymbols = Array(repeating: 0, count: body.instructions.count)
    valueRegions = Array(repeating: 0, count: body.instructions.count)
    localRegions = Array(repeating: 0, count: body.locals.count)
    let nowhere = Boundary(
      kind: .constant, place: .own(OriginID(0)), position: 0, isTaken: true, left: nil, right: nil)
    boundaries = [nowhere, nowhere]
    subObjects = [
      SubObjectInfo(region: Region(index: 0), base: .zero, size: 0, field: FieldID(0))
    ]
    regions = [RegionInfo(kind: .opaque(ValueID(0)), size: nil, isShared: true)]
  }

  subscript(symbol: Symbol) -> SymbolInfo { symbols[Int(symbol.index)] }
  subscript(region: Region) -> RegionInfo {
    get { regions[Int(region.index)] }
    set { regions[Int(region.index)] = newValue }
  }
  subscript(boundary: BoundaryID) -> Boundary { boundaries[Int(boundary.index)] }
  subscript(subObject: SubObject) -> SubObjectInfo { subObjects[Int(subObject.index)] }

  // MARK: Symbols

  private mutating func make(_ kind: SymbolInfo.Kind, _ range: Interval) -> Symbol {
    symbols.append(SymbolInfo(kind: kind, range: range))
    return Symbol(index: UInt32(symbols.count - 1))
  }

  /// The symbol of an instruction's value.
  mutating func symbol(of value: ValueID, range: Interval) -> Symbol {
    let known = valueSymbols[Int(value.index)]
    if known != 0 { return Symbol(index: known - 1) }
    let symbol = make(.value(value), range)
    valueSymbols[Int(value.index)] = symbol.index + 1
    return symbol
  }

  /// The symbol of a merge.
  mutating func symbol(of key: MergeKey, range: Interval, isSteady: Bool) -> Symbol {
    if let known = mergeSymbols[key] { return known }
    let symbol = make(.merge(position: key.position, isSteady: isSteady), range)
    mergeSymbols[key] = symbol
    return symbol
  }

  /// The counter of a loop.
  mutating func counter(of loop: Int) -> Symbol {
    if let known = counters[loop] { return known }
    let symbol = make(.counter(loop: loop), Interval(0, 1 << 64))
    counters[loop] = symbol
    return symbol
  }

  /// The counter of a loop that was entered.
  func knownCounter(of loop: Int) -> Symbol? { counters[loop] }

  /// The value of a parameter at entry.
  mutating func symbol(ofParameter local: LocalID, range: Interval) -> Symbol {
    if let known = parameters[local] { return known }
    let symbol = make(.parameter(local), range)
    parameters[local] = symbol
    return symbol
  }

  /// The length of the string at a place, as it is first asked for.
  mutating func length(of region: Region, _ base: Int64) -> Symbol {
    let place = StringPlace(region: region, base: base)
    if let known = lengths[place] { return known }
    let symbol = make(.length(region, base), Interval(0, 1 << 62))
    lengths[place] = symbol
    return symbol
  }

  // MARK: Regions

  private mutating func make(_ info: RegionInfo) -> Region {
    regions.append(info)
    return Region(index: UInt32(regions.count - 1))
  }

  /// The region of a local variable.
  mutating func region(of local: LocalID, size: LinearForm?) -> Region {
    let known = localRegions[Int(local.index)]
    if known != 0 { return Region(index: known) }
    let region = make(RegionInfo(kind: .local(local), size: size, isShared: false))
    localRegions[Int(local.index)] = region.index
    return region
  }

  /// The region of a local variable, where it was asked for.
  func knownRegion(of local: LocalID) -> Region? {
    let known = localRegions[Int(local.index)]
    return known == 0 ? nil : Region(index: known)
  }

  /// The region that an instruction allocates or that its value points to.
  mutating func region(of value: ValueID, isHeap: Bool, size: LinearForm?) -> Region {
    let known = valueRegions[Int(value.index)]
    if known != 0 {
      regions[Int(known)].size = size
      return Region(index: known)
    }
    let region = make(
      RegionInfo(kind: isHeap ? .heap(value) : .opaque(value), size: size, isShared: !isHeap))
    valueRegions[Int(value.index)] = region.index
    return region
  }

  /// A new region that an instruction was the first to lead to.
  mutating func region(ofPartAt value: ValueID) -> Region {
    make(RegionInfo(kind: .opaque(value), size: nil, isShared: true))
  }

  /// What a symbol of a callee is in this call of it.
  mutating func symbol(of foreign: Symbol, at call: ValueID, range: Interval) -> Symbol {
    let key = ForeignKey(call: call, symbol: foreign)
    if let known = foreignSymbols[key] { return known }
    let symbol = make(.foreign(call), range)
    foreignSymbols[key] = symbol
    return symbol
  }

  /// The row of a condition of a callee.
  mutating func id(of place: ForeignPlace) -> Int {
    if let known = foreignPlaceIDs[place] { return known }
    foreignPlaces.append(place)
    foreignPlaceIDs[place] = foreignPlaces.count - 1
    return foreignPlaces.count - 1
  }

  /// The region that a parameter points to; its size is a symbol that callers know.
  mutating func region(ofParameter local: LocalID) -> Region {
    if let known = parameterRegions[local] { return known }
    let size = make(.parameterSize(local), Interval(0, 1 << 62))
    let region = make(
      RegionInfo(kind: .parameter(local), size: LinearForm(size), isShared: true))
    parameterRegions[local] = region
    return region
  }

  /// The region of a variable of static storage duration.
  mutating func region(of global: GlobalID, size: LinearForm?) -> Region {
    if let known = globalRegions[global] { return known }
    let region = make(RegionInfo(kind: .global(global), size: size, isShared: true))
    globalRegions[global] = region
    return region
  }

  /// The region of a variable that the module does not declare.
  mutating func region(ofForeign usr: String, size: LinearForm?) -> Region {
    if let known = foreignGlobals[usr] { return known }
    let region = make(RegionInfo(kind: .foreign(usr), size: size, isShared: true))
    foreignGlobals[usr] = region
    return region
  }

  /// The region of memory that a callee made.
  mutating func region(of made: Region, at call: ValueID, size: LinearForm?) -> Region {
    let key = MadeKey(call: call, region: made)
    if let known = madeRegions[key] {
      regions[Int(known.index)].size = size
      return known
    }
    let region = make(RegionInfo(kind: .made(call, made), size: size, isShared: false))
    madeRegions[key] = region
    return region
  }

  /// The region of a string literal.
  mutating func region(of literal: LiteralID, size: LinearForm?) -> Region {
    if let known = literalRegions[literal] { return known }
    let region = make(RegionInfo(kind: .literal(literal), size: size, isShared: false))
    literalRegions[literal] = region
    return region
  }

  /// The array `info`.
  mutating func subObject(_ info: SubObjectInfo) -> SubObject {
    if let known = subObjectIDs[info] { return known }
    subObjects.append(info)
    let id = SubObject(index: UInt32(subObjects.count - 1))
    subObjectIDs[info] = id
    return id
  }

  /// The array of a fixed size that bounds a pointer; nil where none does.
  func fixedArray(_ inside: SubObject) -> SubObjectInfo? {
    inside == .none || self[inside].counter != nil ? nil : self[inside]
  }

  /// The value of an operation on these operands, where one was asked for before.
  func knownSymbol(of key: DerivedKey) -> Symbol? { derivedSymbols[key] }

  /// The value of an operation on these operands.
  mutating func symbol(of key: DerivedKey, at maker: ValueID, range: Interval) -> Symbol {
    if let known = derivedSymbols[key] { return known }
    let symbol: Symbol
    switch key.operation {
    case .binary: symbol = make(.derived(maker), range)
    case .image(let kind):
      symbol = make(
        .image(Image(kind: kind, source: key.left, maker: maker, type: key.type)), range)
    }
    derivedSymbols[key] = symbol
    for form in [key.left, key.right] {
      for index in 0..<form.count {
        note(symbol, madeOf: form[index].symbol)
        operands[symbol, default: []].append(form[index].symbol)
      }
    }
    return symbol
  }

  private mutating func note(_ symbol: Symbol, madeOf operand: Symbol) {
    let row = Int(operand.index)
    while derivedFrom.count <= row { derivedFrom.append([]) }
    if derivedFrom[row].last != symbol { derivedFrom[row].append(symbol) }
  }

  /// What operations make of a symbol.
  func made(of symbol: Symbol) -> [Symbol] {
    let row = Int(symbol.index)
    return row < derivedFrom.count ? derivedFrom[row] : []
  }

  /// What an operation made a symbol of; empty for others.
  func operands(of symbol: Symbol) -> [Symbol] { operands[symbol] ?? [] }

  /// The image of a form, where one was asked for.
  func image(_ kind: Image.Kind, of form: LinearForm) -> Symbol? {
    guard form.count > 0 else { return nil }
    return made(of: form.first.symbol).first { symbol in
      guard case .image(let image) = self[symbol].kind else { return false }
      return image.kind == kind && image.source == form
    }
  }

  /// What conversions and the like make of a symbol.
  func images(of symbol: Symbol) -> [Symbol] {
    made(of: symbol).filter { if case .image = self[$0].kind { true } else { false } }
  }

  /// A symbol and the values that operations make of it, directly or not.
  func withDerived(_ symbol: Symbol) -> SymbolSet {
    var set = SymbolSet(symbol)
    var next = 0
    while next < set.symbols.count {
      for derived in made(of: set.symbols[next]) { set.insert(derived) }
      next += 1
    }
    return set
  }

  /// What the pointer points to that a place held at entry.
  mutating func region(of place: EntryPlace) -> Region {
    if let known = entryRegions[place] { return known }
    let size = make(.entrySize(place), Interval(0, 1 << 62))
    let region = make(RegionInfo(kind: .entry(place), size: LinearForm(size), isShared: true))
    entryRegions[place] = region
    return region
  }

  /// The region that stands for one of several objects.
  mutating func region(ofChoice alternatives: [Alternative]) -> Region {
    if let known = choices[alternatives] { return known }
    let region = make(RegionInfo(kind: .choice(alternatives), size: nil, isShared: false))
    choices[alternatives] = region
    return region
  }

  /// The objects that a pointer into a region may lead to.
  func alternatives(of region: Region, _ inside: SubObject) -> [Alternative] {
    if case .choice(let alternatives) = self[region].kind { return alternatives }
    return [Alternative(region: region, inside: inside)]
  }

  /// The regions whose objects may be in `region`: itself and every choice with it.
  func holders(of region: Region) -> [Region] {
    var holders = [region]
    for (alternatives, choice) in choices
    where alternatives.contains(where: { $0.region == region }) {
      holders.append(choice)
    }
    return holders
  }

  /// The number that a place held at entry.
  mutating func symbol(of place: EntryPlace, range: Interval) -> Symbol {
    if let known = entrySymbols[place] { return known }
    let symbol = make(.entry(place), range)
    entrySymbols[place] = symbol
    return symbol
  }

  /// The boundary `boundary`.
  mutating func id(of boundary: Boundary) -> BoundaryID {
    if let known = boundaryIDs[boundary] { return known }
    boundaries.append(boundary)
    let id = BoundaryID(index: UInt32(boundaries.count - 1))
    boundaryIDs[boundary] = id
    return id
  }
}
