// SPDX-License-Identifier: Apache-2.0

/// What a reader checks of a whole table, after its rows are known to refer to rows that exist.
extension Module {
  /// Whether no record holds itself by value, so that a walk over the parts of an object ends.
  ///
  /// Without recursion: the nesting is as deep as the bytes say.
  func recordsAreFinite() -> Bool {
    let held = recordsHeld()
    var isOpen = ContiguousArray(repeating: false, count: records.count)
    var isDone = isOpen
    var stack: ContiguousArray<(record: RecordID, nextField: Int)> = []
    for root in records.ids where !isDone[root.position] {
      stack.append((root, 0))
      isOpen[root.position] = true
      while let (record, next) = stack.last {
        let members = records[record].fields.indices
        guard next < members.count else {
          isOpen[record.position] = false
          isDone[record.position] = true
          stack.removeLast()
          continue
        }
        stack[stack.count - 1].nextField += 1
        let member = fields[FieldID(members.lowerBound + next)]
        guard let part = held[member.type.position], !isDone[part.position] else { continue }
        if isOpen[part.position] { return false }
        isOpen[part.position] = true
        stack.append((part, 0))
      }
    }
    return true
  }

  /// For each type, the record that it is or is an array of.
  private func recordsHeld() -> ContiguousArray<RecordID?> {
    var held: ContiguousArray<RecordID?> = []
    held.reserveCapacity(types.count)
    for row in types.rows {
      switch row.kind {
      // An array type follows its element type in the table.
      case .array(let element, _), .unboundedArray(let element):
        held.append(held[element.position])
      case .record(let record): held.append(record)
      case .void, .bool, .integer, .floating, .pointer, .function, .unmodelled: held.append(nil)
      }
    }
    return held
  }
}

extension Body {
  /// Whether every instruction is in exactly one block.
  func isPartitioned() -> Bool {
    var isTaken = ContiguousArray(repeating: false, count: instructions.count)
    var taken = 0
    for block in blocks.rows {
      for index in block.instructions.indices {
        if isTaken[index] { return false }
        isTaken[index] = true
      }
      taken += Int(block.instructions.count)
    }
    return taken == instructions.count
  }

  /// Whether each list of operands belongs to one instruction at most.
  ///
  /// Else a walk over the operands of all instructions could take the square of the bytes.
  func listsAreSeparate() -> Bool {
    var length = 0
    for row in instructions.rows {
      switch row.operation {
      case .call(let call): length += Int(calls[call].arguments.count)
      case .assembly(let list), .unknown(_, let list): length += Int(list.count)
      default: break
      }
    }
    return length <= operands.count
  }

  /// Whether no value is computed from itself, so that a walk from a value to its operands ends.
  func valuesAreFinite() -> Bool {
    // Values mostly follow their operands, and then there is no more to see.
    var isOrdered = true
    for id in instructions.ids { forEachOperand(of: id) { if $0 >= id { isOrdered = false } } }
    if isOrdered { return true }
    var isOpen = ContiguousArray(repeating: false, count: instructions.count)
    var isDone = isOpen
    var isFinite = true
    var stack: ContiguousArray<(value: ValueID, isLeft: Bool)> = []
    for root in instructions.ids {
      stack.append((root, false))
      while let (value, isLeft) = stack.popLast() {
        if isLeft { isDone[value.position] = true }
        if isDone[value.position] {
          isOpen[value.position] = false
          continue
        }
        isOpen[value.position] = true
        stack.append((value, true))
        forEachOperand(of: value) { operand in
          if isOpen[operand.position] { isFinite = false }
          if !isDone[operand.position] { stack.append((operand, false)) }
        }
        if !isFinite { return false }
      }
    }
    return true
  }
}
