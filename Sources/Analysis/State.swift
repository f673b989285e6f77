// SPDX-License-Identifier: Apache-2.0

// What is known at one program point. A state is a handful of flat copy-on-write arrays, so that
// taking a copy at a branch costs a few reference counts.

import IR

/// What a symbol can be here, and which line of the program makes each bound reachable.
struct SymbolFact: BitwiseCopyable, Hashable, Codable, Sendable {
  /// All values that it can have.
  var interval: Interval
  /// Why the program can really reach the low bound; 0 where that is not known.
  var lowBoundary: BoundaryID = .none
  /// Why the program can really reach the high bound; 0 where that is not known.
  var highBoundary: BoundaryID = .none
  /// How the program got a value that somebody outside chooses; 0 where it is the program's own.
  var input: BoundaryID = .none
}

/// A bound on a form of two or three symbols that a guard established.
struct Relation: BitwiseCopyable, Hashable, Sendable {
  /// Without a constant, the first coefficient positive.
  var form: LinearForm
  var fact: SymbolFact
}

/// A scalar at a constant place of a region; the number zero stands for any count of bytes that are all
/// zero.
struct Cell: BitwiseCopyable, Hashable, Sendable {
  var region: Region
  var offset: Int64
  var size: UInt32
  var value: AbstractValue

  /// Where the bytes behind it start.
  var end: Int64 { offset.addingSaturating(Int64(size)) }

  /// Whether all its bytes are zero, so that each part of it is zero as well.
  var isZero: Bool { value == .constant(0) }

  /// Whether it stands for zeros of more bytes than a scalar has, which outlive a write to some of them.
  var isZeroRange: Bool { size > 8 && isZero }

  /// The part that lies in `low..<high`.
  func clipped(_ low: Int64, _ high: Int64) -> Cell? {
    let (from, to) = (max(low, offset), min(high, end))
    guard from < to else { return nil }
    return Cell(region: region, offset: from, size: UInt32(to - from), value: value)
  }
}

/// Whether a byte array is a string, and how long.
enum StringState: BitwiseCopyable, Hashable, Sendable {
  /// Holds a terminator; its first one is at `length` elements.
  case terminated(length: LinearForm)
  /// Can be without a terminator in its first `bytes` bytes, because of what happens at `cause`.
  case unterminated(bytes: LinearForm, cause: ValueID)
}

/// What is known of the bytes of an array, from a constant place of a region on.
struct StringFact: BitwiseCopyable, Hashable, Sendable {
  var region: Region
  /// Where the array starts, in bytes.
  var base: Int64
  /// The bytes of the array; `Int64.max` where its size is not known.
  var extent: Int64
  /// Bytes of an element; 2 or 4 for wide strings.
  var width: Int64 = 1
  /// The string at the start of the array, where it is known.
  var string: StringState?
  /// All bytes from here to the end of the array are zero; relative to `base`.
  var zeroFrom: Int64?
  /// So many elements at the start are known not to be zero.
  var filled: Int64 = 0
  /// The call that put text from outside into the array.
  var external: ValueID?

  /// Whether nothing is known.
  var isEmpty: Bool { string == nil && zeroFrom == nil && filled == 0 && external == nil }
}

/// The end of a region's lifetime.
struct Release: BitwiseCopyable, Hashable, Sendable {
  var region: Region
  /// The call that ended it.
  var cause: ValueID
  /// Whether it happened on every path; on a single path always.
  var isCertain: Bool
  /// Whether only the name of the function says so, or a count of references.
  var isBelieved = false
  /// Position of the block that found no reference left, else -1; told of single paths only.
  var countedAt: Int32 = -1
}

/// A condition that the path has passed: `form` is at most zero, zero, or not zero.
struct PathCondition: BitwiseCopyable, Hashable, Codable, Sendable {
  enum Relation: UInt8, BitwiseCopyable, Hashable, Codable, Sendable {
    case atMostZero, zero, notZero
  }

  var form: LinearForm
  var relation: Relation
  /// The condition in the source.
  var boundary: BoundaryID
}

/// That the code of a frame compares what an object holds.
struct ContentTest: BitwiseCopyable, Hashable, Sendable {
  var region: Region
  var frame: Int
}

/// What is known at a program point.
struct State: Hashable, Sendable {
  /// Values of the locals whose address is not taken, by slot.
  var locals: ContiguousArray<AbstractValue>
  /// Facts by symbol; a symbol past the end has its default range.
  var facts: ContiguousArray<SymbolFact> = []
  var relations: ContiguousArray<Relation> = []
  /// Known scalars in memory, by region and offset; they do not overlap.
  var cells: ContiguousArray<Cell> = []
  /// Known strings, by region and base.
  var strings: ContiguousArray<StringFact> = []
  /// Places that hold null on some path, or on this one, for a reason.
  var nulls: ContiguousArray<NullFact> = []
  /// Parameters through which every path accesses memory without a test, a bit each.
  var dereferenced: UInt64 = 0
  /// Bytes that have no value on some path, or on this one.
  var uninitialised: ContiguousArray<UninitialisedBytes> = []
  /// Bytes that somebody outside chose, by region and start.
  var inputs: ContiguousArray<InputRange> = []
  /// What places at an index hold that somebody outside chose, in the order of their use.
  var indexed: ContiguousArray<IndexedCell> = []
  /// Resources that the function got and did not give back, ascending.
  var acquired: ContiguousArray<Acquisition> = []
  /// Descriptors that were closed, ascending.
  var closed: ContiguousArray<Closing> = []
  /// What the path did with pointers that may be the user's, ascending.
  var userPointers: ContiguousArray<UserPointerFact> = []
  /// What the path fetched from the user's memory; empty unless the function does so twice.
  var fetches = UserFetches()
  /// Pointers that may be error numbers, ascending.
  var errors: ContiguousArray<ErrorFact> = []
  /// Locks that the function took or gave back, ascending.
  var locks: ContiguousArray<LockFact> = []
  /// Whether some path holds a lock that is not known by its place.
  var holdsUnplaced = false
  /// Whether the path waited for a lock, so that others may have written every shared number.
  var isShaken = false
  /// Regions whose lifetime has ended, ascending.
  var released: ContiguousArray<Release> = []
  /// Regions that the path may have written, ascending: what they held at entry is gone.
  var touched: ContiguousArray<Region> = []
  /// Whether the path called unseen code, which may have written every shared region.
  var isHavocked = false
  /// Whether the path went through a member of a struct to functions that the program stores there.
  var passedMember = false
  /// Regions that code unseen may write, ascending.
  var escaped: ContiguousArray<Region> = []
  /// Regions that a pointer of unknown target may point to, because it was one of several, ascending.
  var lost: ContiguousArray<Region> = []
  /// Conditions passed, in order; kept in a replay only.
  var conditions: ContiguousArray<PathCondition> = []
  /// Conditions passed before the last call of unseen code; kept in a replay only.
  var unseenCalls = 0
  /// Regions whose content the path let other code judge; kept in a replay only, ascending.
  var questioned: ContiguousArray<Region> = []
  /// Objects whose content inlined code judged; kept in a replay only.
  var contentTests: ContiguousArray<ContentTest> = []
  /// Whether the path took a branch on something that no form describes; kept in a replay only.
  var hasOpenBranch = false
  /// The loop that the path has come to and of which it has passed nothing but conditions, else -1; kept
  /// in a replay only.
  var untouched = -1
  /// Whether the path left a loop that it did not need to leave before its first turn; kept in a replay
  /// only.
  var assumesNoTurn = false
  /// Blocks passed, in order; kept in a replay only.
  var trail: ContiguousArray<TrailBlock> = []

  init(localCount: Int) {
    locals = ContiguousArray(repeating: .unknown, count: localCount)
  }

  // MARK: Cells

  /// Position of the first cell of `region` that ends after `offset`.
  func firstCell(in region: Region, endingAfter offset: Int64) -> Int {
    var low = 0
    var high = cells.count
    while low < high {
      let middle = (low + high) / 2
      let cell = cells[middle]
      if cell.region < region
        || (cell.region == region && cell.offset + Int64(cell.size) <= offset)
      {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  /// The cell at exactly this place, of exactly this size, or zero where it is a part of zeros.
  func cell(in region: Region, at offset: Int64, size: UInt32) -> AbstractValue? {
    let index = firstCell(in: region, endingAfter: offset)
    guard index < cells.count else { return nil }
    let cell = cells[index]
    guard cell.region == region else { return nil }
    if cell.offset == offset, cell.size == size { return cell.value }
    guard cell.offset <= offset, offset.addingSaturating(Int64(size)) <= cell.end, cell.isZero
    else { return nil }
    return cell.value
  }

  /// Whether a shared region still holds what it held at entry.
  func isPristine(_ region: Region) -> Bool {
    !isHavocked && !Self.contains(touched, region)
  }

  /// Whether the path may have written a region itself.
  func isTouched(_ region: Region) -> Bool { Self.contains(touched, region) }

  /// Notes that the path may write a region.
  mutating func touch(_ region: Region) {
    Self.insert(region, into: &touched)
    if !indexed.isEmpty { indexed.removeAll { $0.region == region } }
  }

  /// Forgets the cells of `region` that overlap `low..<high`, because they may be written.
  mutating func removeCells(in region: Region, from low: Int64, to high: Int64) {
    touch(region)
    dropCells(in: region, from: low, to: high)
  }

  private mutating func dropCells(in region: Region, from low: Int64, to high: Int64) {
    let start = firstCell(in: region, endingAfter: low)
    var end = start
    while end < cells.count, cells[end].region == region, cells[end].offset < high { end += 1 }
    guard end > start else { return }
    let (first, last) = (cells[start], cells[end - 1])
    cells.removeSubrange(start..<end)
    if last.isZeroRange, let behind = last.clipped(high, .max) { cells.insert(behind, at: start) }
    if first.isZeroRange, let before = first.clipped(.min, low) {
      cells.insert(before, at: start)
    }
  }

  /// Writes a cell.
  mutating func setCell(in region: Region, at offset: Int64, size: UInt32, to value: AbstractValue)
  {
    touch(region)
    keepCell(in: region, at: offset, size: size, value)
  }

  /// Keeps what a place is known to hold; past 256 cells nothing new, which only loses knowledge.
  mutating func keepCell(in region: Region, at offset: Int64, size: UInt32, _ value: AbstractValue)
  {
    if !nulls.isEmpty { setNull(.cell(region, offset), to: []) }
    let index = firstCell(in: region, endingAfter: offset)
    if index < cells.count, cells[index].region == region, cells[index].offset == offset,
      cells[index].size == size
    {
      cells[index].value = value
      return
    }
    dropCells(in: region, from: offset, to: offset + Int64(size))
    if case .unknown = value { return }
    guard cells.count < 256 else { return }
    let place = firstCell(in: region, endingAfter: offset)
    cells.insert(Cell(region: region, offset: offset, size: size, value: value), at: place)
  }

  // MARK: Strings

  /// Position of the fact of this array, or where it would be.
  func stringIndex(_ region: Region, _ base: Int64) -> (index: Int, isFound: Bool) {
    var low = 0
    var high = strings.count
    while low < high {
      let middle = (low + high) / 2
      let fact = strings[middle]
      if (fact.region, fact.base) < (region, base) { low = middle + 1 } else { high = middle }
    }
    let isFound =
      low < strings.count && strings[low].region == region && strings[low].base == base
    return (low, isFound)
  }

  /// What is known of the array at a place.
  func string(_ region: Region, _ base: Int64) -> StringFact? {
    let place = stringIndex(region, base)
    return place.isFound ? strings[place.index] : nil
  }

  /// Replaces what is known of an array.
  mutating func setString(_ fact: StringFact) {
    let place = stringIndex(fact.region, fact.base)
    if fact.isEmpty {
      if place.isFound { strings.remove(at: place.index) }
    } else if place.isFound {
      strings[place.index] = fact
    } else if strings.count < 128 {
      strings.insert(fact, at: place.index)
    }
  }

  /// Forgets what is known of the arrays of a region.
  mutating func removeStrings(in region: Region) {
    let start = stringIndex(region, .min).index
    var end = start
    while end < strings.count, strings[end].region == region { end += 1 }
    if end > start { strings.removeSubrange(start..<end) }
  }

  // MARK: Regions

  /// Whether code unseen may write the region.
  func isEscaped(_ region: Region) -> Bool { Self.contains(escaped, region) }

  /// Notes that code unseen may write the region.
  mutating func escape(_ region: Region) { Self.insert(region, into: &escaped) }

  /// Notes that the path depends on what other code thinks of the region's content.
  mutating func question(_ region: Region) { Self.insert(region, into: &questioned) }

  /// Whether the path depends on what other code thinks of the region's content.
  func isQuestioned(_ region: Region) -> Bool { Self.contains(questioned, region) }

  /// Notes that a pointer of unknown target may point to the region.
  mutating func lose(_ region: Region) { Self.insert(region, into: &lost) }

  private static func place(of region: Region, in list: ContiguousArray<Region>) -> Int {
    var low = 0
    var high = list.count
    while low < high {
      let middle = (low + high) / 2
      if list[middle] < region { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private static func contains(_ list: ContiguousArray<Region>, _ region: Region) -> Bool {
    let index = place(of: region, in: list)
    return index < list.count && list[index] == region
  }

  private static func insert(_ region: Region, into list: inout ContiguousArray<Region>) {
    let index = place(of: region, in: list)
    if index < list.count && list[index] == region { return }
    list.insert(region, at: index)
  }

  /// How the region's lifetime ended, where it has.
  func release(of region: Region) -> Release? {
    released.first { $0.region == region }
  }

  /// Ends the lifetime of a region.
  mutating func release(_ release: Release) {
    released.removeAll { $0.region == release.region }
    let index = released.firstIndex { release.region < $0.region } ?? released.count
    released.insert(release, at: index)
  }

  /// Forgets what is written in terms of symbols.
  mutating func retire(_ doomed: SymbolSet) {
    func uses(_ form: LinearForm) -> Bool { doomed.isIn(form) }
    func uses(_ value: AbstractValue) -> Bool {
      switch value {
      case .number(let form), .floating(let form), .pointer(_, let form, _, _): uses(form)
      case .unknown, .function: false
      }
    }
    relations.removeAll { uses($0.form) }
    for symbol in doomed.symbols {
      retireResources(symbol)
      if !locks.isEmpty { locks.removeAll { $0.pending == symbol } }
      if !fetches.bytes.isEmpty { fetches.retire(symbol) }
      for index in errors.indices where errors[index].pending == symbol {
        errors[index].pending = nil
      }
    }
    for slot in locals.indices where uses(locals[slot]) { locals[slot] = .unknown }
    cells.removeAll { uses($0.value) }
    for index in strings.indices {
      switch strings[index].string {
      case .terminated(let form)? where uses(form), .unterminated(let form, _)? where uses(form):
        strings[index].string = nil
      default: break
      }
    }
    strings.removeAll { $0.isEmpty }
    if !indexed.isEmpty { indexed.removeAll { uses($0.offset) || uses($0.value) } }
  }

  /// Makes the region stand for a new object; pointers to its old one lead to something unknown.
  ///
  /// `holders` are the region itself and the choices with it.
  mutating func renew(_ region: Region, _ holders: [Region]) {
    func leads(_ value: AbstractValue) -> Bool {
      if case .pointer(let target, _, _, _) = value { return holders.contains(target) }
      return false
    }
    for slot in locals.indices where leads(locals[slot]) { locals[slot] = .unknown }
    cells.removeAll { leads($0.value) }
    forget(region)
    dropAcquired(.object(region))
    forgetLocks(in: region)
    dropError(of: region)
    if !userPointers.isEmpty { userPointers.removeAll { $0.region == region } }
    released.removeAll { $0.region == region }
  }

  /// Forgets everything that a region holds.
  mutating func forget(_ region: Region) {
    initialise(.region(region))
    removeCells(in: region, from: .min, to: .max)
    removeStrings(in: region)
    removeInputs(in: region, from: .min, to: .max)
  }
}
