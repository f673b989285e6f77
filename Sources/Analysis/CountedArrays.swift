// SPDX-License-Identifier: Apache-2.0

// Flexible arrays whose elements a member counts: `struct { u32 count; u16 values[] __counted_by(count); }`.
// What the member holds when the array is accessed bounds it, as it does for the compiler's own checks.
// Where that is not known, the array has no bound but that of the memory around it.

import IR

extension Machine {
  /// The flexible array at `operand`, the address of the member `field`, where one counts its elements.
  mutating func countedArray(
    _ operand: ValueID, _ field: FieldID, _ region: Region, _ offset: LinearForm
  ) -> SubObject? {
    let row = module.fields[field]
    guard row.counter != SymbolTable.empty, offset.isConstant, !isChoice(region),
      case .unboundedArray(let element) = module.types[row.type].kind,
      let (counter, distance) = counter(of: operand, field)
    else { return nil }
    return universe.subObject(
      SubObjectInfo(
        region: region, base: offset, size: 0, field: field,
        counter: SubObjectInfo.Counter(
          offset: offset.constant.addingSaturating(distance), type: module.fields[counter].type,
          stride: Int64(clamping: module.types[element].size))))
  }

  /// The member that counts an array's elements, and how many bytes after the array it lies: in the
  /// record of the array, or around that where it has no name.
  private func counter(of array: ValueID, _ field: FieldID) -> (FieldID, distance: Int64)? {
    let name = module.fields[field].counter
    var (address, member) = (array, field)
    var passed: Int64 = 0
    while case .field(let base, _) = operation(address) {
      passed += Int64(clamping: module.fields[member].byteOffset)
      if let (found, offset) = self.member(named: name, of: module.fields[member].record) {
        let type = module.types[module.fields[found].type]
        guard module.fields[found].bitWidth == nil, type.isInteger, type.width <= 64 else {
          return nil
        }
        return (found, offset - passed)
      }
      guard case .field(_, let holder) = operation(base),
        module.fields[holder].name == SymbolTable.empty
      else { return nil }
      (address, member) = (base, holder)
    }
    return nil
  }

  /// A member by its name, and where it lies in its record; those of a part without a name are among them.
  private func member(
    named name: SymbolID, of record: RecordID
  ) -> (FieldID, offset: Int64)? {
    for index in module.records[record].fields.indices {
      let row = module.fields.rows[index]
      let offset = Int64(clamping: row.byteOffset)
      if row.name == name { return (FieldID(index), offset) }
      if row.name == SymbolTable.empty, case .record(let part) = module.types[row.type].kind,
        let (found, inner) = member(named: name, of: part)
      {
        return (found, offset.addingSaturating(inner))
      }
    }
    return nil
  }

  /// The size of an array inside a region, in bytes; nil where the member that counts its elements holds
  /// what is not known.
  mutating func size(of inside: SubObject, _ state: State) -> LinearForm? {
    let array = universe[inside]
    guard let counter = array.counter else { return LinearForm(constant: array.size) }
    let type = module.types[counter.type]
    let size = UInt32(clamping: type.size)
    let held =
      state.cell(in: array.region, at: counter.offset, size: size)
      ?? entryValue(array.region, counter.offset, size, .number(type.range), state)
    guard case .number(let count)? = held, type.range.contains(bounds(count, state).interval)
    else { return nil }
    return count.scaled(by: counter.stride)
  }

  /// Why an access may pass what a member counts, whatever that is: somebody outside chooses the index, it
  /// can be as large as the count can, and nothing relates the two.
  func chosenPast(_ inside: SubObject, _ excess: LinearForm, _ state: State) -> BoundaryID? {
    guard universe[inside].counter != nil, excess.count == 2, excess.constant > 0,
      excess[0].coefficient == -excess[1].coefficient
    else { return nil }
    let isFirst = excess[0].coefficient > 0
    let index = excess[isFirst ? 0 : 1].symbol
    let count = excess[isFirst ? 1 : 0].symbol
    let chosen = fact(index, state)
    guard !chosen.input.isNone, !chosen.highBoundary.isNone,
      universe.kind(of: chosen.highBoundary) == .input,
      chosen.interval.high >= fact(count, state).interval.high,
      !state.relations.contains(where: {
        $0.form.coefficient(of: index) != 0 && $0.form.coefficient(of: count) != 0
      })
    else { return nil }
    return chosen.highBoundary
  }

  /// The name of the member that counts the elements of an array; empty where none does.
  func counterName(_ inside: SubObject) -> String {
    guard universe[inside].counter != nil else { return "" }
    return module.symbols[module.fields[universe[inside].field].counter]
  }
}
