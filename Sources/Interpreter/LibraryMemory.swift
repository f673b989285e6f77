// SPDX-License-Identifier: Apache-2.0

import IR

extension Machine {
  // MARK: Bytes and strings in the program's memory

  /// Writes bytes to the program's memory.
  mutating func write(
    _ text: ContiguousArray<UInt8>, to address: Address, terminated: Bool
  ) throws(Stop) {
    for (index, byte) in text.enumerated() {
      try memory.store(address + UInt64(index), 1, UInt64(byte))
    }
    if terminated { try memory.store(address + UInt64(text.count), 1, 0) }
  }

  /// The bytes of a string without its terminator, at most `limit`.
  func string(at address: Address, limit: Int = .max) throws(Stop) -> ContiguousArray<UInt8> {
    var text: ContiguousArray<UInt8> = []
    while text.count < limit {
      let byte = try memory.load(address + UInt64(text.count), 1)
      if byte == 0 { break }
      text.append(UInt8(byte))
    }
    return text
  }

  /// The bytes of a block.
  func bytes(at address: Address, _ count: Int) throws(Stop) -> ContiguousArray<UInt8> {
    var bytes: ContiguousArray<UInt8> = []
    bytes.reserveCapacity(count)
    for index in 0..<count {
      bytes.append(UInt8(try memory.load(address + UInt64(index), 1)))
    }
    return bytes
  }

  // MARK: Allocation

  mutating func callAllocation(_ call: LibraryCall) throws(Stop) -> UInt64 {
    switch call.function {
    case .malloc: return try allocate(call[0])
    case .calloc, .reallocarray:
      let isNew = call.function == .calloc
      let (size, overflow) = try call[isNew ? 0 : 1].multipliedReportingOverflow(
        by: call[isNew ? 1 : 2])
      if overflow { return 0 }
      if !isNew { return try reallocate(call[0], size) }
      let address = try allocate(size)
      if address != 0 { try memory.fill(address, 0, Int(size)) }
      return address
    case .realloc: return try reallocate(call[0], call[1])
    case .alloca:
      let size = try call.size(0)
      let base = try memory.takeStack(size)
      memory.forget(base, size)
      return try memory.makeObject(.system, size: size, base: base)
    default:
      if try call[0] != 0 { try memory.free(call[0]) }
      return 0
    }
  }

  private mutating func allocate(_ size: UInt64) throws(Stop) -> Address {
    guard size <= UInt64(Memory.heapLimit / 4) else { return 0 }
    return try memory.allocate(.heap, size: Int(size))
  }

  private mutating func reallocate(_ old: Address, _ size: UInt64) throws(Stop) -> Address {
    let new = try allocate(size)
    if old == 0 || new == 0 { return new }
    guard let (object, offset) = memory.object(at: old), object.kind == .heap, offset == 0 else {
      throw memory.fault(.free, old, 0)
    }
    try memory.move(to: new, from: old, min(Int(object.size), Int(size)))
    try memory.free(old)
    return new
  }

  // MARK: Blocks

  mutating func callMemory(_ call: LibraryCall) throws(Stop) -> UInt64 {
    switch call.function {
    case .memcpy, .mempcpy:
      let count = try call.size(2)
      let distance = try Int64(bitPattern: call[0] &- call[1]).magnitude
      guard count == 0 || distance >= UInt64(count) else {
        throw Stop.trap("passes overlapping objects to '\(call.name)'")
      }
      try memory.move(to: call[0], from: call[1], count)
      return try call.function == .memcpy ? call[0] : call[0] + UInt64(count)
    case .memmove: try memory.move(to: call[0], from: call[1], call.size(2))
    case .bcopy: try memory.move(to: call[1], from: call[0], call.size(2))
    case .memset:
      try memory.fill(call[0], UInt8(truncatingIfNeeded: call[1]), call.size(2))
    case .bzero: try memory.fill(call[0], 0, call.size(1))
    case .memcmp, .bcmp: return try compareBlocks(call)
    default: return try findByte(call)
    }
    return try call[0]
  }

  private func compareBlocks(_ call: LibraryCall) throws(Stop) -> UInt64 {
    for index in 0..<UInt64(try call.size(2)) {
      let left = try memory.load(call[0] + index, 1)
      let right = try memory.load(call[1] + index, 1)
      if left != right { return left &- right }
    }
    return 0
  }

  private func findByte(_ call: LibraryCall) throws(Stop) -> UInt64 {
    let wanted = try call[1] & 0xFF
    let count = UInt64(try call.size(2))
    for step in 0..<count {
      let index = call.function == .memchr ? step : count - 1 - step
      if try memory.load(call[0] + index, 1) == wanted { return try call[0] + index }
    }
    return 0
  }
}
