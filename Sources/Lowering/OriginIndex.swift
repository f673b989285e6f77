// SPDX-License-Identifier: Apache-2.0

import IR

/// Finds the row of an origin: a hash table with open addressing over `Module.origins`.
///
/// Every expression asks for one; a dictionary with its keyed hash over eight fields took a tenth of
/// the whole lowering.
struct OriginIndex {
  /// Hash in the upper half, row plus one in the lower; 0 is free.
  private var slots = ContiguousArray<UInt64>(repeating: 0, count: 1 << 12)
  private var count = 0

  /// The row that equals `origin`, which is appended where it is new.
  mutating func intern(_ origin: Origin, in rows: inout Table<Origin>) -> OriginID {
    let hash = Self.hash(of: origin)
    var position = Int(hash) & (slots.count - 1)
    while slots[position] != 0 {
      let slot = slots[position]
      if UInt32(truncatingIfNeeded: slot >> 32) == hash {
        let id = OriginID(index: UInt32(truncatingIfNeeded: slot) &- 1)
        if rows[id] == origin { return id }
      }
      position = (position + 1) & (slots.count - 1)
    }
    let id = rows.append(origin)
    slots[position] = UInt64(hash) << 32 | UInt64(id.index &+ 1)
    count += 1
    if count * 2 > slots.count { grow() }
    return id
  }

  private mutating func grow() {
    let old = slots
    slots = ContiguousArray(repeating: 0, count: old.count * 2)
    for slot in old where slot != 0 {
      var position = Int(slot >> 32) & (slots.count - 1)
      while slots[position] != 0 { position = (position + 1) & (slots.count - 1) }
      slots[position] = slot
    }
  }

  private static func hash(of origin: Origin) -> UInt32 {
    var state: UInt64 = 0
    func mix(_ high: UInt32, _ low: UInt32) {
      state = (state ^ (UInt64(high) << 32 | UInt64(low))) &* 0x9E37_79B9_7F4A_7C15
      state ^= state >> 29
    }
    mix(origin.start, origin.end)
    mix(origin.point, origin.spelling)
    mix(origin.file.index << 16 ^ origin.spellingFile.index, origin.statement.index)
    return UInt32(truncatingIfNeeded: state >> 32)
  }
}
