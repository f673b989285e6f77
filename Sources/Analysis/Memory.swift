// SPDX-License-Identifier: Apache-2.0

// Loads, stores and what unseen code may change. Distinct unknown pointers are taken not to alias:
// the analysis reports what it can argue, it does not verify.

import IR

extension Machine {
  // MARK: Scalars

  mutating func load(
    _ address: ValueID, isVolatile: Bool, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    if case .local(let local) = operation(address), slots[Int(local.index)] >= 0 {
      let slot = slots[Int(local.index)]
      readLocal(local, slot, at: value, &state)
      if isVolatile { return volatileValue(value, instead: state.locals[slot], &state) }
      if case .unknown = state.locals[slot] {
        state.locals[slot] = unknownValue(value, &state)
      }
      return state.locals[slot]
    }
    let size = Int64(clamping: type(of: value).size)
    readBytes(
      address, LinearForm(constant: size), isOutput: false, at: value, argument: 0, &state)
    dereference(address, at: value, argument: 0, &state)
    checkCursor(address, at: value, state)
    access(
      address, LinearForm(constant: size), isWrite: false, at: value, argument: 0, state)
    guard case .pointer(let region, let offset, _, _) = registers[Int(address.index)],
      !isChoice(region)
    else { return unknownValue(value, &state) }
    guard offset.isConstant else {
      return loadInput(region, offset, size, at: value, &state) ?? unknownValue(value, &state)
    }
    let known = state.cell(in: region, at: offset.constant, size: UInt32(size))
    if isVolatile { return volatileValue(value, instead: known, &state) }
    if let known, let converted = asType(known, of: value, state) {
      return converted
    }
    if !attributeTables.isEmpty,
      let attribute = loadAttribute(region, offset.constant, at: value, &state)
    {
      state.keepCell(in: region, at: offset.constant, size: UInt32(size), attribute)
      return attribute
    }
    if let outside = loadInput(region, offset, size, at: value, &state) {
      state.keepCell(in: region, at: offset.constant, size: UInt32(size), outside)
      if fetchesTwice { noteFetched(region, offset.constant, size, outside, &state) }
      return outside
    }
    if !type(of: value).isPointer, let initial = initialValue(region, offset.constant, size) {
      return exact(initial, at: value, &state)
    }
    if type(of: value).isPointer, let initial = initialAddress(region, offset.constant) {
      return initial
    }
    let loaded =
      entryValue(region, offset.constant, at: value, state) ?? unknownValue(value, &state)
    narrow(loaded, from: address, &state)
    state.keepCell(in: region, at: offset.constant, size: UInt32(size), loaded)
    return loaded
  }

  /// What a volatile load yields: anything; where a known pointer was stored, that one as well, so
  /// that a store through the unknown pointer may go to its object.
  private mutating func volatileValue(
    _ value: ValueID, instead known: AbstractValue?, _ state: inout State
  ) -> AbstractValue {
    if case .pointer(let region, _, _, _)? = known { state.lose(region) }
    return unknownValue(value, &state)
  }

  /// What a place of shared memory held at entry, as the type of `value` reads it.
  private mutating func entryValue(
    _ region: Region, _ offset: Int64, at value: ValueID, _ state: State
  ) -> AbstractValue? {
    let type = type(of: value)
    let size = UInt32(clamping: type.size)
    if type.isInteger, type.width <= 64 {
      return entryValue(region, offset, size, .number(type.range), state)
    }
    return type.isPointer ? entryValue(region, offset, size, .pointer, state) : nil
  }

  /// A value of an initialiser as the type of `value` reads it.
  private mutating func exact(
    _ initial: Int64, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let type = type(of: value)
    guard type.isInteger, type.width <= 64 else { return unknownValue(value, &state) }
    let modulus: Int128 = 1 << Int128(type.width)
    let number = Int128(initial)
    let fitting = number - floorDivide(number - type.range.low, modulus) * modulus
    if let constant = Int64(exactly: fitting) { return .constant(constant) }
    return unknownNumber(value, Interval(fitting), &state, low: .constant, high: .constant)
  }

  /// A cell's value where it can be read as the type of `value`.
  private func asType(_ known: AbstractValue, of value: ValueID, _ state: State) -> AbstractValue? {
    let type = type(of: value)
    switch known {
    case .number(let form):
      if type.isPointer { return form == .zero ? known : nil }
      guard type.isInteger, type.range.contains(bounds(form, state).interval) else { return nil }
      return known
    case .floating: return type.isFloating ? known : nil
    case .pointer, .function: return type.isPointer ? known : nil
    case .unknown: return nil
    }
  }

  /// What a constant variable or a literal holds.
  mutating func initialValue(_ region: Region, _ offset: Int64, _ size: Int64) -> Int64? {
    guard offset >= 0, size > 0 else { return nil }
    switch universe[region].kind {
    case .global(let global):
      guard facts.isConstant(global, in: module) else { return nil }
      return facts.initialValue(
        of: global, at: UInt64(offset), size: UInt64(size), in: module)
    case .literal(let literal):
      let bytes = module.literals[literal].bytes
      guard size == 1, offset < bytes.count else { return nil }
      let byte = bytes[Int(offset)]
      return module.isCharSigned ? Int64(Int8(bitPattern: byte)) : Int64(byte)
    default: return nil
    }
  }

  /// The address that a constant variable of this module holds.
  private mutating func initialAddress(_ region: Region, _ offset: Int64) -> AbstractValue? {
    guard case .global(let global) = universe[region].kind, offset >= 0,
      let cells = module.globals[global].initializer,
      let cell = cells.last(where: { $0.offset == UInt64(offset) }),
      facts.isConstant(global, in: module)
    else { return nil }
    switch cell.value {
    case .function(let function): return .function(function)
    case .global(let target, let at):
      return .pointer(
        self.region(of: target), offset: LinearForm(constant: at), inside: .none, mayBeNull: false)
    case .literal(let literal, let at):
      let size = Int64(module.literals[literal].bytes.count)
      let target = universe.region(of: literal, size: LinearForm(constant: size))
      return .pointer(
        target, offset: LinearForm(constant: at), inside: .none, mayBeNull: false)
    default: return nil
    }
  }

  mutating func store(
    _ address: ValueID, _ stored: ValueID, at value: ValueID, _ state: inout State
  ) {
    let content = registers[Int(stored.index)]
    if case .local(let local) = operation(address), slots[Int(local.index)] >= 0 {
      state.locals[slots[Int(local.index)]] = content
      state.initialise(.slot(Int32(slots[Int(local.index)])))
      noteNull(storing: stored, in: .slot(Int32(slots[Int(local.index)])), &state)
      return
    }
    dereference(address, at: value, argument: 0, &state)
    if case .pointer(let target, _, _, _) = content { expose(target, in: address, &state) }
    if !state.fetches.again.isEmpty, !isOwnObject(address) {
      useFetched(stored, as: .store, at: value, argument: 0, &state)
    }
    noteStored(content, in: registers[Int(address.index)], &state)
    let size = Int64(clamping: type(of: value).size)
    access(
      address, LinearForm(constant: size), isWrite: true, at: value, argument: 0,
      endsInTerminator: content.form == .zero && endsFullText(address, size: size, state), state)
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(address.index)]
    else { return }
    let holdsNone = state.uninitialised
    noteWrite(region, at: offset, &state)
    forgetAliases(ofObject: type(of: value), writtenIn: region, &state)
    if offset.isConstant, !holdsNone.isEmpty, isOwnObject(region) {
      state.uninitialised = holdsNone
      state.initialise(
        region, from: offset.constant, to: offset.constant.addingSaturating(size))
    }
    storeInput(region, offset, size, content, &state)
    let reach = bounds(offset, state).interval
    noteText(region, inside, offset, stored, width: size, at: value, state)
    if offset.isConstant {
      state.setCell(in: region, at: offset.constant, size: UInt32(size), to: content)
      noteNull(storing: stored, in: .cell(region, offset.constant), &state)
    } else {
      state.removeCells(
        in: region, from: Int64(clamping: reach.low), to: Int64(clamping: reach.high + 64))
      if !state.inputs.isEmpty { state.keepIndexed(region, offset, size, content) }
    }
    if size == 1
      || isWideElement(
        region, inside, offset, size: size, isZero: content.form == .zero, state)
    {
      storeElement(
        region, inside, offset, content.form.flatMap { $0.isConstant ? $0.constant : nil },
        width: size, at: value, &state)
    } else {
      clobberStrings(
        region, from: Int64(clamping: reach.low), to: Int64(clamping: reach.high + Int128(size)),
        &state)
    }
  }

  // MARK: Bit-fields

  mutating func loadBits(
    _ base: ValueID, _ field: FieldID, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let row = module.fields[field]
    let type = module.types[row.type]
    guard type.isInteger, let width = row.bitWidth, width > 0, width < 64 else {
      return unknownValue(value, &state)
    }
    let range =
      type.isSigned
      ? Interval(-(1 << Int128(width - 1)), (1 << Int128(width - 1)) - 1)
      : Interval(0, (1 << Int128(width)) - 1)
    return unknownNumber(value, range, &state)
  }

  mutating func clobberBits(_ base: ValueID, _ field: FieldID, _ state: inout State) {
    guard case .pointer(let region, let offset, _, _) = registers[Int(base.index)] else { return }
    noteWrite(region, &state)
    let row = module.fields[field]
    let start = bounds(offset, state).interval + Interval(Int128(row.byteOffset))
    let (low, past) = (Int64(clamping: start.low), Int64(clamping: start.high + 9))
    state.removeCells(in: region, from: low, to: past)
    clobberStrings(region, from: low, to: past, &state)
  }

  // MARK: Objects

  mutating func copyObject(
    to destination: ValueID, from source: ValueID, bytes: Int64, at value: ValueID,
    _ state: inout State
  ) {
    let size = LinearForm(constant: bytes)
    dereference(source, at: value, argument: 1, &state)
    dereference(destination, at: value, argument: 0, &state)
    access(source, size, isWrite: false, at: value, argument: 1, state)
    access(destination, size, isWrite: true, at: value, argument: 0, state)
    readBytes(source, size, isOutput: false, at: value, argument: 1, &state)
    copyBytes(
      registers[Int(destination.index)], registers[Int(source.index)], size, at: value, &state)
  }

  /// Copies cells and strings between constant places; else the destination is unknown.
  mutating func copyBytes(
    _ destination: AbstractValue, _ source: AbstractValue, _ size: LinearForm, at value: ValueID,
    _ state: inout State
  ) {
    if !size.isConstant || destination.offset?.isConstant != true { share(source, &state) }
    guard case .pointer(let target, let to, let inside, _) = destination else { return }
    noteWrite(target, &state)
    var copied: [Cell] = []
    if size.isConstant, to.isConstant, case .pointer(let origin, let from, _, _) = source,
      from.isConstant
    {
      let end = from.constant + size.constant
      var index = state.firstCell(in: origin, endingAfter: from.constant)
      while index < state.cells.count, state.cells[index].region == origin,
        state.cells[index].offset < end
      {
        let cell = state.cells[index]
        if cell.offset >= from.constant, cell.offset + Int64(cell.size) <= end {
          copied.append(cell)
        } else if cell.isZeroRange, let part = cell.clipped(from.constant, end) {
          copied.append(part)
        }
        index += 1
      }
    }
    // What may be null may be so in the copy.
    let reasons = copied.map { state.nullReasons(of: .cell($0.region, $0.offset)) }
    copyInput(to: destination, from: source, size, &state)
    let text = stringForCopy(source, state)
    let reach = bounds(to, state).interval
    let length = bounds(size, state).interval
    let end = Int64(clamping: reach.high + max(length.high, 0))
    state.removeCells(in: target, from: Int64(clamping: reach.low), to: end)
    for (cell, reasons) in zip(copied, reasons) {
      guard case .pointer(_, let from, _, _) = source else { break }
      let place = cell.offset - from.constant + to.constant
      noteStored(cell.value, in: destination, &state)
      state.setCell(in: target, at: place, size: cell.size, to: cell.value)
      if !reasons.isEmpty { state.setNull(.cell(target, place), to: reasons) }
    }
    copyString(target, inside, to, text, size, at: value, &state)
  }

  // MARK: Unseen code

  /// Notes a write; one through a pointer of unknown target may go to each region that was lost.
  ///
  /// `offset` is that of a plain store, which may be one of a loop that fills an array.
  mutating func noteWrite(_ region: Region, at offset: LinearForm? = nil, _ state: inout State) {
    state.initialise(.region(region))
    if case .opaque = universe[region].kind {
      initialiseEscaped(&state)
      for other in state.lost where other != region {
        noteWrite(to: other)
        state.forget(other)
      }
    }
    if case .choice(let alternatives) = universe[region].kind {
      for alternative in alternatives {
        noteWrite(to: alternative.region)
        state.forget(alternative.region)
      }
    }
    noteWrite(to: region, at: offset)
  }

  /// Forgets variables that a store through a pointer from elsewhere may go to: those of just the type
  /// that is stored, whose address the program keeps.
  mutating func forgetAliases(
    ofObject written: Type, writtenIn region: Region, _ state: inout State
  ) {
    switch universe[region].kind {
    case .opaque, .entry, .parameter: break
    default: return
    }
    var aliases: [Region] = []
    for cell in state.cells where cell.offset == 0 && cell.region != region {
      guard case .global(let global) = universe[cell.region].kind,
        module.types[module.globals[global].type] == written,
        facts.isAddressed(global, in: module)
      else { continue }
      aliases.append(cell.region)
    }
    for alias in aliases {
      noteWrite(to: alias)
      state.forget(alias)
    }
  }

  /// Notes a write for the loops around the current position.
  mutating func noteWrite(to region: Region, at offset: LinearForm? = nil) {
    guard mode == .explore else { return }
    switch universe[region].kind {
    case .parameter(let local): writtenParameters |= bit(of: local)
    case .global, .foreign, .entry: writtenInputs.insert(region)
    case .opaque: writesShared = true
    case .local, .heap, .made, .literal, .choice: break
    }
    var loop = flow.innermostLoop[position]
    let fill = loop >= 0 ? offset.flatMap { self.fill(at: $0) } : nil
    while loop >= 0 {
      loopWrites[loop].insert(region)
      if isOwnObject(region) {
        note(fill?.loop == loop ? fill?.fill ?? .anything : .anything, of: region, in: loop)
      }
      loop = flow.loops[loop].parent ?? -1
    }
  }

  /// Notes a call of unseen code for the loops around the current position.
  mutating func noteHavoc() {
    guard mode == .explore else { return }
    writesShared = true
    var loop = flow.innermostLoop[position]
    while loop >= 0 {
      loopHavocs[loop] = true
      loop = flow.loops[loop].parent ?? -1
    }
  }

  /// The bit of a parameter in the sets of a summary; parameters past the 63rd share one.
  func bit(of local: LocalID) -> UInt64 { 1 << UInt64(min(local.index, 63)) }

  /// Lets unseen code reach a region and what its cells point to.
  mutating func escape(_ region: Region, _ state: inout State) {
    initialiseReachable(region, &state)
    if case .parameter(let local) = universe[region].kind {
      keptParameters |= bit(of: local)
    }
    if case .choice(let alternatives) = universe[region].kind {
      for alternative in alternatives { escape(alternative.region, &state) }
      return
    }
    if universe[region].isShared || state.isEscaped(region) { return }
    noteUnordered(region)
    state.escape(region)
    var index = state.firstCell(in: region, endingAfter: .min)
    var targets: [Region] = []
    while index < state.cells.count, state.cells[index].region == region {
      if case .pointer(let target, _, _, _) = state.cells[index].value { targets.append(target) }
      index += 1
    }
    for target in targets { escape(target, &state) }
  }

  /// Forgets what an address points to, which unseen code may keep as well.
  mutating func clobber(_ address: ValueID, _ state: inout State) {
    guard case .pointer(let region, _, _, _) = registers[Int(address.index)] else { return }
    noteWrite(region, &state)
    escape(region, &state)
    state.forget(region)
  }

  /// Forgets what an operand of unseen code leads to: the object, and what the local that is one holds.
  ///
  /// `asm("rep insw" : "+D"(p))` gets the local `p`, and what it writes lies where `p` points to.
  mutating func handOver(_ operand: ValueID, _ state: inout State) {
    // An address is one as a number as well.
    let operand = stripped(operand)
    var values = [registers[Int(operand.index)]]
    if case .local = operation(operand), case .pointer(let region, let offset, _, _) = values[0],
      offset == .zero, let held = pointee(operand).map({ module.types[$0] }), !held.isAggregate,
      let content = state.cell(in: region, at: 0, size: UInt32(clamping: held.size))
    {
      values.append(content)
    }
    for value in values {
      share(value, &state)
      for region in objects(leadBy: value) {
        noteWrite(region, &state)
        escape(region, &state)
        state.forget(region)
      }
    }
  }

  /// An address is made a number: where that goes, and who makes an address of it again, is not followed.
  mutating func escapeAsNumber(
    _ address: AbstractValue, at value: ValueID, _ state: inout State
  ) {
    guard case .pointer(let region, _, _, _) = address, !state.isEscaped(region) else { return }
    if isOnlyJudged(value) { return }
    escape(region, &state)
  }

  /// Whether nothing is done with a number but to compare it, or some bits of it.
  private mutating func isOnlyJudged(_ value: ValueID) -> Bool {
    if let known = judgedNumbers[value] { return known }
    var judged: Set<ValueID> = [value]
    var answer = true
    for (row, instruction) in body.instructions.rows.enumerated() where answer {
      var isUser = false
      instruction.operation.forEachOperand(in: body) { isUser = isUser || judged.contains($0) }
      guard isUser else { continue }
      switch instruction.operation {
      case .compare: break
      case .cast(.toBool, _): break
      case .cast(.truncate, _), .cast(.zeroExtend, _), .cast(.signExtend, _),
        .cast(.reinterpret, _),
        .binary(.and, _, _), .binary(.remainder, _, _):
        judged.insert(ValueID(row))
      default: answer = false
      }
    }
    judgedNumbers[value] = answer
    return answer
  }

  /// The objects that a value leads to, as an address or as a number that was made of one.
  func objects(leadBy value: AbstractValue) -> [Region] {
    switch value {
    case .pointer(let region, _, _, _): return [region]
    case .number(let form):
      var found: [Region] = []
      for index in 0..<form.count {
        switch universe[form[index].symbol].kind {
        case .image(let image): found += objects(leadBy: .number(image.source))
        case .value(let made):
          if case .cast(.pointerToInteger, let pointer) = operation(made),
            case .pointer(let region, _, _, _) = registers[Int(pointer.index)]
          {
            found.append(region)
          }
        default: break
        }
      }
      return found
    case .unknown, .function, .floating: return []
    }
  }

  /// Forgets what an address points to; the code that writes there does not keep the address.
  mutating func overwrite(_ address: ValueID, _ state: inout State) {
    guard case .pointer(let region, _, _, _) = registers[Int(address.index)] else { return }
    noteWrite(region, &state)
    state.forget(region)
  }

  /// Forgets all that unseen code can write.
  mutating func havoc(_ state: inout State) {
    noteHavoc()
    state.isHavocked = true
    initialiseEscaped(&state)
    let before = state
    if !state.acquired.isEmpty {
      for cell in before.cells where canChange(cell.region, before) {
        if case .local = universe[cell.region].kind { continue }
        share(cell.value, &state)
      }
    }
    state.cells.removeAll { canChange($0.region, before) }
    state.strings.removeAll { canChange($0.region, before) }
    state.indexed.removeAll { canChange($0.region, before) }
    state.inputs.removeAll { canChange($0.region, before) }
  }

  private func canChange(_ region: Region, _ state: State) -> Bool {
    switch universe[region].kind {
    case .literal: return false
    case .global(let global) where module.globals[global].isConst: return false
    default: return universe[region].isShared || state.isEscaped(region)
    }
  }
}
