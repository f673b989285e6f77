// SPDX-License-Identifier: Apache-2.0

// The simulated memory: one array of bytes, one array of masks that say which bits hold a value, and
// a table of objects.
//
// A pointer is a plain 64-bit number, so casts, copies of pointers byte by byte, unions and
// comparisons work as on the machine. Its bits are, from the top: the generation of the object's
// table row (10), the row (22), and the offset of the byte plus a bias (32). Freeing an object ends
// the row's generation, so an old pointer never matches a later object in the same row; the bias
// keeps an offset that runs below the start within the pointer's own object.

/// An address in the simulated memory; 0 is `NULL`.
public typealias Address = UInt64

/// What an object is.
public enum ObjectKind: UInt8, BitwiseCopyable, Sendable {
  /// A variable with static storage duration; `owner` is its `GlobalID`.
  case global
  /// A string literal; `owner` is its `LiteralID`.
  case literal
  /// A local or parameter; `owner` is the `FunctionID`, `part` the `LocalID`.
  case local
  /// A block of `malloc` or its like.
  case heap
  /// What belongs to the interpreter: `argv`, `errno`, variable arguments, character tables.
  case system
  /// A function; `owner` is its `FunctionID`. Holds no bytes.
  case function
  /// The labels of a function: the offset is the block. Holds no bytes.
  case label
  /// A standard stream; `owner` is its file descriptor. Holds no bytes.
  case stream
}

/// A row of the object table.
public struct MemoryObject: BitwiseCopyable, Sendable {
  /// What the object is.
  public var kind: ObjectKind
  /// Whether it may not be written.
  public var isReadOnly: Bool
  /// Whether it lives; a dead row keeps its description until it is used again.
  public var isLive: Bool
  /// The number of objects that had this row before.
  var generation: UInt16
  /// Its size in bytes.
  public var size: UInt32
  /// The row of the module that it comes from, by its kind.
  public var owner: UInt32
  /// The local of a local.
  public var part: UInt32
  /// Position of its bytes in the arena.
  var base: Int
}

/// The memory of a running program.
public struct Memory: ~Copyable {
  static let bias: Int = 0x1000_0000
  static let stackSize = 4 << 20
  static let heapLimit = 1 << 30
  private static let rowBits: UInt64 = 22
  private static let generations: UInt16 = 1 << 9

  var bytes: ContiguousArray<UInt8>
  /// For each byte, the bits that hold a value.
  var masks: ContiguousArray<UInt8>
  var objects: ContiguousArray<MemoryObject> = []
  private var freeRows: ContiguousArray<UInt32> = []
  private let startsZeroed: Bool
  private var stackTop = 0
  /// Free heap blocks by the binary logarithm of their size.
  private var freeBlocks = ContiguousArray<ContiguousArray<Int>>(repeating: [], count: 32)

  init(startsZeroed: Bool) {
    self.startsZeroed = startsZeroed
    bytes = ContiguousArray(repeating: 0, count: Self.stackSize)
    masks = ContiguousArray(repeating: 0, count: Self.stackSize)
    // Row 0 stays dead, so that no small number is a pointer.
    objects.append(
      MemoryObject(
        kind: .system, isReadOnly: true, isLive: false, generation: 1, size: 0, owner: 0, part: 0,
        base: 0))
  }

  /// The object that an address points into or just past, with the offset in it; `nil` where the
  /// address belongs to no live object.
  public func object(at address: Address) -> (object: MemoryObject, offset: Int)? {
    let row = Self.row(of: address)
    guard row < objects.count, objects[row].isLive,
      objects[row].generation == Self.generation(of: address)
    else { return nil }
    return (objects[row], Self.offset(of: address))
  }

  /// The byte at an address; `nil` where there is none, or it holds no value.
  public func byte(at address: Address) -> UInt8? {
    guard let (object, offset) = object(at: address), offset >= 0, offset < Int(object.size),
      masks[object.base + offset] == 0xFF
    else { return nil }
    return bytes[object.base + offset]
  }

  static func row(of address: Address) -> Int {
    Int(address >> 32 & (1 << rowBits - 1))
  }

  static func generation(of address: Address) -> UInt16 {
    UInt16(address >> (32 + rowBits))
  }

  static func offset(of address: Address) -> Int {
    Int(address & 0xFFFF_FFFF) - bias
  }

  // MARK: Objects

  /// Enters an object whose bytes are at `base` and yields its address.
  mutating func makeObject(
    _ kind: ObjectKind, size: Int, owner: UInt32 = 0, part: UInt32 = 0, base: Int,
    isReadOnly: Bool = false
  ) throws(Stop) -> Address {
    let row: Int
    if let free = freeRows.popLast() {
      row = Int(free)
    } else {
      row = objects.count
      guard row < 1 << Self.rowBits else { throw Stop.trap("has too many objects") }
      objects.append(objects[0])
    }
    objects[row].kind = kind
    objects[row].isReadOnly = isReadOnly
    objects[row].isLive = true
    objects[row].size = UInt32(truncatingIfNeeded: size)
    objects[row].owner = owner
    objects[row].part = part
    objects[row].base = base
    return UInt64(objects[row].generation) << (32 + Self.rowBits) | UInt64(row) << 32
      | UInt64(Self.bias)
  }

  /// Makes an object in a heap block of its own; its bytes hold no value.
  mutating func allocate(
    _ kind: ObjectKind, size: Int, owner: UInt32 = 0, isReadOnly: Bool = false
  ) throws(Stop) -> Address {
    let base = try takeBlock(size)
    forget(base, size)
    return try makeObject(kind, size: size, owner: owner, base: base, isReadOnly: isReadOnly)
  }

  /// Ends the life of the object at an address.
  mutating func end(_ address: Address) {
    let row = Self.row(of: address)
    guard row != 0, row < objects.count, objects[row].isLive,
      objects[row].generation == Self.generation(of: address)
    else { return }
    objects[row].isLive = false
    objects[row].generation = objects[row].generation % (Self.generations - 1) + 1
    freeRows.append(UInt32(row))
    if objects[row].kind == .heap || objects[row].kind == .system {
      freeBlocks[Self.blockClass(Int(objects[row].size))].append(objects[row].base)
    }
  }

  /// Ends the life of a local; a VLA, which lies past its frame's end, gives its bytes back where it
  /// is the last thing on the stack.
  mutating func endLocal(_ address: Address, frameEnd: Int) {
    let object = objects[Self.row(of: address)]
    end(address)
    if object.base >= frameEnd, object.base + Int(object.size) == stackTop {
      stackTop = object.base
    }
  }

  /// Frees a block of `malloc`.
  mutating func free(_ address: Address) throws(Stop) {
    guard let (object, offset) = object(at: address), object.kind == .heap, offset == 0 else {
      throw fault(.free, address, 0)
    }
    end(address)
  }

  private static func blockClass(_ size: Int) -> Int {
    size <= 16 ? 4 : Int.bitWidth - (size - 1).leadingZeroBitCount
  }

  private mutating func takeBlock(_ size: Int) throws(Stop) -> Int {
    guard size <= Self.heapLimit, bytes.count + size <= Self.heapLimit else {
      throw Stop.trap("needs more than \(Self.heapLimit) bytes of memory")
    }
    let index = Self.blockClass(size)
    if let base = freeBlocks[index].popLast() { return base }
    let base = bytes.count
    bytes.append(contentsOf: repeatElement(0, count: 1 << index))
    masks.append(contentsOf: repeatElement(0, count: 1 << index))
    return base
  }

  // MARK: Stack

  /// The end of the stack in use, to be given to `releaseStack`.
  var stackMark: Int { stackTop }

  /// Takes `size` bytes of the stack.
  mutating func takeStack(_ size: Int) throws(Stop) -> Int {
    let base = stackTop
    guard size <= Self.stackSize - base else { throw Stop.trap("overflows the stack") }
    stackTop += size
    return base
  }

  mutating func releaseStack(to mark: Int) { stackTop = mark }

  // MARK: Bytes

  /// Marks bytes of the arena as holding no value, or zero where the run is to go on with that.
  mutating func forget(_ base: Int, _ size: Int) {
    for index in base..<base + size {
      masks[index] = startsZeroed ? 0xFF : 0
      bytes[index] = 0
    }
  }

  /// The position in the arena of `count` bytes at an address that may be accessed.
  func locate(
    _ address: Address, _ count: Int, _ action: AccessFault.Action
  ) throws(Stop) -> Int {
    let row = Self.row(of: address)
    let offset = Self.offset(of: address)
    guard row < objects.count, objects[row].generation == Self.generation(of: address),
      objects[row].isLive, offset >= 0, offset + count <= Int(objects[row].size)
    else { throw fault(action, address, count) }
    if action == .write, objects[row].isReadOnly { throw fault(action, address, count) }
    return objects[row].base + offset
  }

  /// Explains why an access is not allowed.
  func fault(_ action: AccessFault.Action, _ address: Address, _ count: Int) -> Stop {
    let row = Self.row(of: address)
    let cause: AccessFault.Cause
    if address < 0x1000 {
      cause = .null
    } else if row == 0 || row >= objects.count {
      cause = .wild
    } else if !objects[row].isLive || objects[row].generation != Self.generation(of: address) {
      cause = .dead
    } else if objects[row].kind.rawValue >= ObjectKind.function.rawValue {
      cause = .notData
    } else if action == .write, objects[row].isReadOnly {
      cause = .readOnly
    } else {
      cause = .outOfBounds
    }
    return Stop.access(
      AccessFault(cause: cause, action: action, address: address, count: count))
  }

  /// Reads a little-endian number of at most 8 bytes.
  func load(_ address: Address, _ count: Int) throws(Stop) -> UInt64 {
    let base = try locate(address, count, .read)
    var value: UInt64 = 0
    var mask: UInt8 = 0xFF
    for index in 0..<count {
      value |= UInt64(bytes[base + index]) << UInt64(index * 8)
      mask &= masks[base + index]
    }
    guard mask == 0xFF else { throw uninitialised(address, count) }
    return value
  }

  /// Writes a little-endian number of at most 8 bytes.
  mutating func store(_ address: Address, _ count: Int, _ value: UInt64) throws(Stop) {
    let base = try locate(address, count, .write)
    for index in 0..<count {
      bytes[base + index] = UInt8(truncatingIfNeeded: value >> UInt64(index * 8))
      masks[base + index] = 0xFF
    }
  }

  func uninitialised(_ address: Address, _ count: Int) -> Stop {
    Stop.access(
      AccessFault(cause: .uninitialised, action: .read, address: address, count: count))
  }

  /// Copies bytes with their masks, as `memmove` does.
  mutating func move(to destination: Address, from source: Address, _ count: Int) throws(Stop) {
    if count == 0 { return }
    let from = try locate(source, count, .read)
    let to = try locate(destination, count, .write)
    if from == to { return }
    if from > to {
      for index in 0..<count { copyByte(from + index, to + index) }
    } else {
      for index in (0..<count).reversed() { copyByte(from + index, to + index) }
    }
  }

  private mutating func copyByte(_ from: Int, _ to: Int) {
    bytes[to] = bytes[from]
    masks[to] = masks[from]
  }

  /// Sets bytes to one value.
  mutating func fill(_ address: Address, _ value: UInt8, _ count: Int) throws(Stop) {
    if count == 0 { return }
    let base = try locate(address, count, .write)
    for index in base..<base + count {
      bytes[index] = value
      masks[index] = 0xFF
    }
  }

  /// Reads `width` bits that start `bit` bits after an address; `width` is at most 64.
  func loadBits(_ address: Address, bit: UInt64, width: UInt8) throws(Stop) -> UInt64 {
    let first = address + bit / 8
    let shift = Int(bit % 8)
    let count = (shift + Int(width) + 7) / 8
    let base = try locate(first, count, .read)
    var value: UInt64 = 0
    for index in 0..<Int(width) {
      let position = shift + index
      let place = UInt8(1) << UInt8(position % 8)
      guard masks[base + position / 8] & place != 0 else { throw uninitialised(first, count) }
      if bytes[base + position / 8] & place != 0 { value |= 1 << UInt64(index) }
    }
    return value
  }

  /// Writes the low `width` bits of a value, `bit` bits after an address.
  mutating func storeBits(
    _ address: Address, bit: UInt64, width: UInt8, _ value: UInt64
  ) throws(Stop) {
    let shift = Int(bit % 8)
    let base = try locate(address + bit / 8, (shift + Int(width) + 7) / 8, .write)
    for index in 0..<Int(width) {
      let position = shift + index
      let place = UInt8(1) << UInt8(position % 8)
      masks[base + position / 8] |= place
      if value >> UInt64(index) & 1 != 0 {
        bytes[base + position / 8] |= place
      } else {
        bytes[base + position / 8] &= ~place
      }
    }
  }

  // MARK: Scalars

  /// Reads a scalar.
  func load(_ address: Address, as scalar: Scalar) throws(Stop) -> UInt64 {
    switch scalar.shape {
    case .signed, .unsigned, .pointer:
      return scalar.canonical(try load(address, Int(scalar.bytes)))
    case .bool:
      let value = try load(address, 1)
      guard value <= 1 else { throw Stop.trap("reads \(value) as a _Bool") }
      return value
    case .floating:
      if scalar.width == 64 { return try load(address, 8) }
      if scalar.width == 32 {
        let bits = UInt32(truncatingIfNeeded: try load(address, 4))
        return Double(Float(bitPattern: bits)).bitPattern
      }
      let head = UInt16(truncatingIfNeeded: try load(address + 8, 2))
      return ExtendedFloat.value(significand: try load(address, 8), head: head).bitPattern
    case .void, .aggregate, .unmodelled:
      throw Stop.trap("reads a value of a type that is no modelled scalar")
    }
  }

  /// Writes a scalar.
  mutating func store(_ address: Address, _ value: UInt64, as scalar: Scalar) throws(Stop) {
    switch scalar.shape {
    case .signed, .unsigned, .pointer, .bool:
      try store(address, Int(scalar.bytes), value)
    case .floating:
      let number = Double(bitPattern: value)
      if scalar.width == 64 {
        try store(address, 8, value)
      } else if scalar.width == 32 {
        try store(address, 4, UInt64(Float(number).bitPattern))
      } else {
        let parts = ExtendedFloat.parts(of: number)
        try store(address, 8, parts.significand)
        try store(address + 8, 2, UInt64(parts.head))
      }
    case .void, .aggregate, .unmodelled:
      throw Stop.trap("writes a value of a type that is no modelled scalar")
    }
  }
}
