// SPDX-License-Identifier: Apache-2.0

/// Numbers for the addresses of libclang's objects: a hash table with open addressing.
///
/// Every expression asks for its type, and a dictionary's keyed hash took a twentieth of the whole
/// lowering. Nobody outside chooses the addresses, so that a plain multiplication is hash enough.
struct AddressTable: Sendable {
  private struct Slot: BitwiseCopyable {
    var address: UInt
    /// The number plus one; 0 is free.
    var number: UInt32
  }

  private var slots = ContiguousArray(repeating: Slot(address: 0, number: 0), count: 1 << 4)
  private var count = 0

  /// The number of `address`.
  subscript(address: UInt) -> UInt32? {
    let number = slots[slot(of: address)].number
    return number == 0 ? nil : number - 1
  }

  /// The number of `address`, which becomes `new` where it has none.
  mutating func position(of address: UInt, orAdd new: UInt32) -> UInt32 {
    let position = slot(of: address)
    if slots[position].number != 0 { return slots[position].number - 1 }
    fill(position, address, new)
    return new
  }

  /// Makes `number` the number of `address`.
  mutating func set(_ number: UInt32, for address: UInt) {
    let position = slot(of: address)
    if slots[position].number != 0 {
      slots[position].number = number + 1
    } else {
      fill(position, address, number)
    }
  }

  private mutating func fill(_ position: Int, _ address: UInt, _ number: UInt32) {
    slots[position] = Slot(address: address, number: number + 1)
    count += 1
    if count * 2 > slots.count { grow() }
  }

  /// The slot that holds `address`, else the free one where it belongs.
  private func slot(of address: UInt) -> Int {
    var position = start(of: address)
    while slots[position].number != 0, slots[position].address != address {
      position = (position + 1) & (slots.count - 1)
    }
    return position
  }

  private func start(of address: UInt) -> Int {
    let hash = UInt64(address) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: hash >> 32) & (slots.count - 1)
  }

  private mutating func grow() {
    let old = slots
    slots = ContiguousArray(repeating: Slot(address: 0, number: 0), count: old.count * 2)
    for slot in old where slot.number != 0 {
      var position = start(of: slot.address)
      while slots[position].number != 0 { position = (position + 1) & (slots.count - 1) }
      slots[position] = slot
    }
  }
}
