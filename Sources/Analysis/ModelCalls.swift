// SPDX-License-Identifier: Apache-2.0

// Calls of functions that have a model: one effect after the other, in its order.

import IR

extension Machine {
  /// A call of a function without a body whose model is known; its attributes decide where both speak.
  mutating func apply(
    _ model: FunctionModel, _ function: Function, _ arguments: [ValueID], at value: ValueID,
    _ state: inout State
  ) -> AbstractValue {
    checkSizes(model, arguments, at: value, state)
    checkMeasured(model, arguments, at: value)
    if !state.fetches.numbers.isEmpty { useFetched(model, arguments, at: value, &state) }
    dereferenceArguments(model, function, arguments, at: value, &state)
    // The result speaks of the state before the call: strcpy returns a pointer, strlen a length.
    var result =
      inputResult(model, arguments, at: value, &state)
      ?? result(model, arguments, at: value, &state)
    noteNullResult(
      model.result.isNewMemory && !model.mayBeError ? .exhausted : .none, of: value, &state)
    for case .write(let target, _) in model.effects
    where target >= 0 && target < arguments.count && !model.saysWhatIsWritten(to: target) {
      overwrite(arguments[target], &state)
    }
    for effect in model.effects { apply(effect, arguments, at: value, &state) }
    if let family = model.acquires { acquire(result, family, by: value, &state) }
    for case .lock(let place, let mode, let condition) in model.effects {
      lock(place, mode, condition, arguments, at: value, result, &state)
    }
    if !state.errors.isEmpty {
      for case .asksError(let index) in model.effects where index < arguments.count {
        result = askError(arguments[index], at: value, result, &state)
      }
    }
    if case .end(let index) = model.result {
      result = end(index, arguments, at: value, &state)
    }
    if model.neverReturns { isDead = true }
    if type(of: value).isPointer, isDeclaredBetter(function, than: model) {
      return noteError(
        declaredResult(function, arguments, at: value, &state), model, by: value, &state)
    }
    for case .fetch(-1, let source, let count) in model.effects {
      let bytes = size(count, arguments, about: 0)
      fillResult(result, bytes, by: value, &state)
      if source < arguments.count {
        noteFetch(from: arguments[source], to: result, bytes, at: value, &state)
      }
    }
    for case .copy(-1, let source, let count) in model.effects where source < arguments.count {
      if let bytes = size(count, arguments, about: source) {
        copyBytes(result, registers[Int(arguments[source].index)], bytes, at: value, &state)
      }
    }
    if model.mayBeError { return noteError(result, model, by: value, &state) }
    if function.attributes.contains(.returnsNonNull),
      case .pointer(let region, let offset, let inside, true) = result
    {
      return .pointer(region, offset: offset, inside: inside, mayBeNull: false)
    }
    return result
  }

  /// Fills what a call returns with bytes from outside.
  private mutating func fillResult(
    _ result: AbstractValue, _ count: LinearForm?, by value: ValueID, _ state: inout State
  ) {
    guard case .pointer(let region, _, _, _) = result else { return }
    state.initialise(.region(region))
    let size = count.map { bounds($0, state).interval.high } ?? Int128(Int64.max)
    guard size > 0 else { return }
    state.addInput(
      InputRange(
        region: region, low: 0, high: Int64(clamping: size),
        boundary: inputBoundary(nil, by: value)))
  }

  /// Whether the attributes of a function say more of its result than the model does.
  private func isDeclaredBetter(_ function: Function, than model: FunctionModel) -> Bool {
    switch model.result {
    case .unknown: model.acquires.map(isObject) != true
    case .memory(_, isZeroed: false), .resized:
      function.attributes.contains(.allocates) && !function.allocationSize.isEmpty
    default: false
    }
  }

  /// A size in bytes or elements; `about` is the argument that the clause speaks of.
  func size(_ size: ModelSize, _ arguments: [ValueID], about: Int) -> LinearForm? {
    switch size {
    case .constant(let value): return LinearForm(constant: value)
    case .argument(let index): return index < arguments.count ? form(arguments[index]) : nil
    case .elements(let index):
      guard index < arguments.count, about < arguments.count else { return nil }
      return form(arguments[index])?.scaled(by: width(of: arguments[about]))
    case .product(let first, let second):
      guard first < arguments.count, second < arguments.count else { return nil }
      return product(form(arguments[first]), form(arguments[second]))
    }
  }

  private mutating func apply(
    _ effect: ModelEffect, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) {
    func has(_ index: Int) -> Bool { index >= 0 && index < arguments.count }
    switch effect {
    case .write(let target, let count):
      guard has(target) else { return }
      access(
        arguments[target], size(count, arguments, about: target), isWrite: true, at: value,
        argument: target, state)
    case .read(let source, let count):
      guard has(source) else { return }
      access(
        arguments[source], size(count, arguments, about: source), isWrite: false, at: value,
        argument: source, state)
      readBytes(
        arguments[source], size(count, arguments, about: source), isOutput: false, at: value,
        argument: source, &state)
    case .output(let source, let count):
      guard has(source) else { return }
      let bytes = size(count, arguments, about: source)
      access(arguments[source], bytes, isWrite: false, at: value, argument: source, state)
      readBytes(
        arguments[source], bytes, isOutput: true, at: value, argument: source, &state)
    case .string(let index), .path(let index):
      guard has(index) else { return }
      useString(arguments[index], at: value, argument: index, &state)
      readBytes(
        arguments[index], LinearForm(constant: width(of: arguments[index])), isOutput: false,
        at: value, argument: index, &state)
    case .boundedString: break
    case .returnsAgain: returnAgain(&state)
    case .copy(let target, let source, let count):
      guard has(target), has(source) else { return }
      guard let bytes = size(count, arguments, about: target) else {
        return clobber(arguments[target], &state)
      }
      if case .argument(let index) = count {
        checkLength(
          of: arguments[index], from: arguments[source], into: arguments[target], at: value,
          argument: index, state)
      }
      copyBytes(
        registers[Int(arguments[target].index)], registers[Int(arguments[source].index)], bytes,
        at: value, &state)
    case .fill(let target, let element, let count):
      if has(target) { fill(arguments, target, element, count, at: value, &state) }
    case .release(let target, let family):
      guard has(target) else { return }
      if family == .descriptor {
        close(arguments[target], at: value, argument: target, &state)
      } else if isObject(family) {
        release(arguments[target], family, at: value, argument: target, &state)
      }
    case .put(let target, let family):
      guard has(target) else { return }
      if isOnlyHolder(of: registers[Int(arguments[target].index)], state) {
        release(arguments[target], family, at: value, argument: target, &state)
      } else {
        share(registers[Int(arguments[target].index)], &state)
        clobber(arguments[target], &state)
      }
    case .keep(let target):
      guard has(target) else { return }
      share(registers[Int(arguments[target].index)], &state)
      clobber(arguments[target], &state)
    case .acquire(let target, _), .clobber(let target):
      if has(target) { clobber(arguments[target], &state) }
    case .allocateText(let target):
      if has(target) { allocateText(arguments[target], at: value, &state) }
    case .unsafe(.unbounded, let target):
      guard has(target) else { return }
      reportUnsafe(
        .unbounded, arguments[target], needs: (1, nil), conversion: "", at: value,
        argument: target, state)
    case .unsafe(.unchecked, _): break
    case .print(let format, let first):
      if has(format) { print(arguments, format: format, first: first, at: value, &state) }
    case .printInto(let target, let format, let first):
      guard has(target), has(format) else { return }
      printInto(
        arguments, target: target, format: format, first: first, at: value, &state)
    case .printBounded(let target, let count, let format, let first):
      guard has(target), has(format) else { return }
      printBounded(
        arguments, target: target, size(count, arguments, about: target), format: format,
        first: first, at: value, &state)
    case .scan(let format, let first):
      if has(format) { scan(arguments, format: format, first: first, at: value, &state) }
    case .input(let input, let count):
      apply(
        input, arguments, count: count.flatMap { size($0, arguments, about: 0) }, at: value, &state)
    case .unlock(let place, let mode): unlock(place, mode, arguments, at: value, &state)
    // Its result decides, which is there when all else is done.
    case .lock: break
    case .reveal(let format, let first):
      checkRevealed(arguments, format: format, first: first, at: value, state)
    // The answer is what the model returns.
    case .asksError: break
    case .attributes(let target, let policy, let isStrict):
      guard has(target), has(policy) else { return }
      clobber(arguments[target], &state)
      fillAttributes(arguments[target], arguments[policy], isStrict: isStrict, by: value, &state)
    case .user(let index):
      if has(index) { takeAsUsers(arguments[index], at: value, index: index, &state) }
    case .fetch(let target, let index, let count):
      guard has(index) else { return }
      takeAsUsers(arguments[index], at: value, index: index, &state)
      if has(target) {
        noteFetch(
          from: arguments[index], to: registers[Int(arguments[target].index)],
          size(count, arguments, about: target), at: value, &state)
      }
    case .copyString, .appendString, .copyBounded, .appendBounded, .copyTerminated,
      .appendTerminated, .terminate, .external, .externalText:
      applyString(effect, arguments, at: value, &state)
    }
  }

  /// The effects that leave a string.
  private mutating func applyString(
    _ effect: ModelEffect, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) {
    func has(_ index: Int) -> Bool { index >= 0 && index < arguments.count }
    switch effect {
    case .copyString(let target, let source), .appendString(let target, let source):
      guard has(target), has(source) else { return }
      var isAppended = false
      if case .appendString = effect { isAppended = true }
      copyString(
        to: arguments[target], from: arguments[source], isAppended: isAppended, at: value,
        argument: target, &state)
    case .copyBounded(let target, let source, let count):
      guard has(target), has(source) else { return }
      copyBounded(
        to: arguments[target], from: arguments[source], size(count, arguments, about: target),
        at: value, argument: target, &state)
    case .appendBounded(let target, let source, let count):
      guard has(target), has(source) else { return }
      appendBounded(
        to: arguments[target], from: arguments[source], size(count, arguments, about: target),
        at: value, argument: target, &state)
    case .copyTerminated(let target, let source, let count):
      guard has(target), has(source) else { return }
      copyTerminated(
        to: arguments[target], from: arguments[source], size(count, arguments, about: target),
        at: value, argument: target, &state)
    case .appendTerminated(let target, _, let count):
      guard has(target) else { return }
      let bound = size(count, arguments, about: target)
      checkBound(
        arguments[target], bound, content: .unbounded, at: value, argument: target, &state)
      terminate(arguments[target], bound, &state)
    case .terminate(let target, let count):
      guard has(target) else { return }
      terminate(arguments[target], size(count, arguments, about: target), &state)
    case .external(let target, let count):
      guard has(target) else { return }
      let bytes = size(count, arguments, about: target)
      fillRaw(arguments[target], bytes, at: value, &state)
      fillInput(arguments[target], bytes, by: inputBoundary(nil, by: value), &state)
    case .externalText(let target, let count):
      guard has(target) else { return }
      terminate(arguments[target], size(count, arguments, about: target), &state)
      markExternal(arguments[target], by: value, &state)
      let bytes = size(count, arguments, about: target)?.scaled(by: width(of: arguments[target]))
      fillInput(
        arguments[target], bytes, by: inputBoundary(nil, by: value, isText: true), &state)
    default: break
    }
  }

  private mutating func fill(
    _ arguments: [ValueID], _ target: Int, _ element: Int, _ count: ModelSize, at value: ValueID,
    _ state: inout State
  ) {
    let byte = element < 0 ? .zero : element < arguments.count ? form(arguments[element]) : nil
    guard let byte, let bytes = size(count, arguments, about: target) else {
      return clobber(arguments[target], &state)
    }
    if byte == .zero {
      zeroFill(
        registers[Int(arguments[target].index)], bytes, type: pointee(arguments[target]),
        at: value, &state)
    } else if bounds(byte, state).interval.contains(Interval(0)) {
      clobber(arguments[target], &state)
    } else {
      fillNonZero(arguments[target], bytes, at: value, &state)
    }
  }

  // MARK: Results

  mutating func result(
    _ model: FunctionModel, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    switch model.result {
    case .unknown where model.acquires.map(isObject) == true && type(of: value).isPointer:
      return newObject(isHeap: true, size: nil, mayBeNull: true, at: value, &state)
    case .unknown, .end: return unknownValue(value, &state)
    case .errorNumber(let index):
      guard index < arguments.count, let form = form(arguments[index]) else {
        return unknownValue(value, &state)
      }
      if form == .zero { return .constant(0) }
      return errorPointer(of: form, at: value, &state) ?? unknownValue(value, &state)
    case .saturated(let op, let left, let right):
      guard max(left, right) < arguments.count else { return unknownValue(value, &state) }
      return saturatedArithmetic(op, arguments[left], arguments[right], at: value, &state)
    case .checked(let op, let left, let right, let target):
      guard max(left, right, target) < arguments.count else { return unknownValue(value, &state) }
      return checkedArithmetic(
        op, arguments[left], arguments[right], into: arguments[target], at: value, &state)
    case .argument, .argumentOrNull, .within, .inside, .past:
      return pointer(model.result, arguments, at: value, &state)
    case .length, .lengthUpTo, .copiedLength, .position, .upTo, .range, .printed, .magnitude,
      .squareRoot:
      return number(model, arguments, at: value, &state)
    case .memory, .filled, .room, .stack, .resized, .text, .externalText, .message, .duplicate,
      .duplicateUpTo:
      return object(model.result, arguments, at: value, &state)
    }
  }

  private func register(_ arguments: [ValueID], _ index: Int) -> AbstractValue? {
    index >= 0 && index < arguments.count ? registers[Int(arguments[index].index)] : nil
  }

  /// A pointer that an argument leads to.
  private mutating func pointer(
    _ result: ModelResult, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    switch result {
    case .argument(let index):
      return register(arguments, index) ?? unknownValue(value, &state)
    case .argumentOrNull(let index):
      guard case .pointer(let region, let offset, let inside, _)? = register(arguments, index)
      else { return unknownValue(value, &state) }
      return .pointer(region, offset: offset, inside: inside, mayBeNull: true)
    case .within(let index, let mayBeNull):
      guard index < arguments.count else { return unknownValue(value, &state) }
      let most = lengthRange(arguments[index], &state).high
      return moved(arguments, index, by: max(most, 0), mayBeNull, at: value, &state)
    case .inside(let index, let count):
      let bytes = size(count, arguments, about: index).map { bounds($0, state).interval.high }
      return moved(arguments, index, by: max((bytes ?? 1 << 62) - 1, 0), true, at: value, &state)
    case .past(let index, let count):
      guard case .pointer(let region, let offset, let inside, _)? = register(arguments, index),
        let bytes = size(count, arguments, about: index), let moved = offset.adding(bytes)
      else { return unknownValue(value, &state) }
      return .pointer(region, offset: moved, inside: inside, mayBeNull: false)
    default: return unknownValue(value, &state)
    }
  }

  /// An argument plus 0 to `most` elements.
  private mutating func moved(
    _ arguments: [ValueID], _ index: Int, by most: Int128, _ mayBeNull: Bool, at value: ValueID,
    _ state: inout State
  ) -> AbstractValue {
    guard case .pointer(let region, let offset, let inside, _)? = register(arguments, index)
    else { return unknownValue(value, &state) }
    let symbol = universe.symbol(of: value, range: .everything)
    define(symbol, SymbolFact(interval: Interval(0, most)), &state)
    guard let step = LinearForm(symbol).scaled(by: width(of: arguments[index])),
      let moved = offset.adding(step)
    else { return unknownValue(value, &state) }
    return .pointer(region, offset: moved, inside: inside, mayBeNull: mayBeNull)
  }

  /// A pointer to the terminator of the string that the call left at an argument.
  private mutating func end(
    _ index: Int, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    guard case .pointer(let region, let offset, let inside, _)? = register(arguments, index)
    else { return unknownValue(value, &state) }
    if case .length(let length) = string(of: arguments[index], &state),
      let step = length.scaled(by: width(of: arguments[index])), let moved = offset.adding(step)
    {
      return .pointer(region, offset: moved, inside: inside, mayBeNull: false)
    }
    let most = lengthRange(arguments[index], &state).high
    return moved(arguments, index, by: max(most, 0), false, at: value, &state)
  }

  private mutating func number(
    _ model: FunctionModel, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    switch model.result {
    case .length(let index):
      guard index < arguments.count, case .length(let length) = string(of: arguments[index], &state)
      else { return unknownValue(value, &state) }
      return .number(length)
    case .lengthUpTo(let index, let count):
      guard index < arguments.count, let limit = size(count, arguments, about: index) else {
        return unknownValue(value, &state)
      }
      let known = lengthRange(arguments[index], &state)
      let most = bounds(limit, state).interval
      if known.high <= most.low, case .length(let length) = string(of: arguments[index], &state) {
        return .number(length)
      }
      let high = min(known.high, most.high)
      return unknownNumber(value, Interval(min(known.low, most.low, high), high), &state)
    case .copiedLength(_, let count):
      guard let limit = size(count, arguments, about: 0) else { return unknownValue(value, &state) }
      let most = min(bounds(limit, state).interval.high, type(of: value).range.high)
      let made = unknownNumber(value, Interval(-4095, max(most, 0)), &state)
      if let difference = made.form?.subtracting(limit), !limit.isConstant {
        _ = assumeAtMostZero(difference, .none, &state)
      }
      return made
    case .position(let index):
      guard index < arguments.count else { return unknownValue(value, &state) }
      let made = unknownNumber(
        value, Interval(0, max(lengthRange(arguments[index], &state).high, 0)), &state)
      if case .length(let length) = string(of: arguments[index], &state), !length.isConstant,
        let difference = made.form?.subtracting(length)
      {
        _ = assumeAtMostZero(difference, .none, &state)
      }
      return made
    case .upTo(let count, let canFail):
      return upTo(size(count, arguments, about: 0), canFail, at: value, &state)
    case .range(let low, let high):
      let range = Interval(Int128(low), Int128(high)).intersection(type(of: value).range)
      return range.isEmpty ? unknownValue(value, &state) : unknownNumber(value, range, &state)
    case .magnitude(let index):
      guard index < arguments.count else { return unknownValue(value, &state) }
      return magnitude(arguments[index], at: value, &state)
    case .squareRoot(let index):
      guard index < arguments.count else { return unknownValue(value, &state) }
      return squareRoot(arguments[index], at: value, &state)
    case .printed(let format, let first):
      return printed(model, arguments, format: format, first: first, at: value, &state)
    default: return unknownValue(value, &state)
    }
  }

  private mutating func upTo(
    _ limit: LinearForm?, _ canFail: Bool, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let range = type(of: value).range
    guard let limit else { return unknownValue(value, &state) }
    let high = min(bounds(limit, state).interval.high, range.high)
    let boundary = modelBoundary(.model, at: value)
    let isExact = limit.isConstant || !bounds(limit, state).highBoundary.isNone
    let made = unknownNumber(
      value, Interval(canFail ? -1 : 0, max(high, 0)), &state,
      low: canFail ? boundary : .none, high: isExact ? boundary : .none)
    if let form = made.form, !limit.isConstant, let difference = form.subtracting(limit) {
      _ = assumeAtMostZero(difference, boundary, &state)
    }
    return made
  }

  /// What the model of a call promises, as the reason of a bound.
  mutating func modelBoundary(_ kind: Boundary.Kind, at value: ValueID) -> BoundaryID {
    universe.id(
      of: Boundary(
        kind: kind, place: .own(body.instructions[value].origin), position: position,
        isTaken: true, left: value, right: nil))
  }

  /// A new object.
  private mutating func object(
    _ result: ModelResult, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    switch result {
    case .memory(let count, let isZeroed):
      let address = newObject(
        isHeap: true, size: size(count, arguments, about: 0), mayBeNull: true, at: value, &state)
      if !isZeroed { noteAllocation(address, at: value, &state) }
      if isZeroed, let bytes = size(count, arguments, about: 0) {
        zeroFill(address, bytes, type: nil, at: value, &state)
      }
      return address
    case .filled(let count):
      return newObject(
        isHeap: true, size: size(count, arguments, about: 0), mayBeNull: true, at: value, &state)
    case .room(let count, let mayBeNull):
      return newObject(
        isHeap: false, size: size(count, arguments, about: 0), mayBeNull: mayBeNull, at: value,
        &state)
    case .stack(let count):
      let address = newObject(
        isHeap: true, size: size(count, arguments, about: 0), mayBeNull: false, at: value, &state)
      noteAllocation(address, at: value, &state)
      return address
    case .resized(let old, let count):
      if let old = register(arguments, old) { resize(old, by: value, &state) }
      return newObject(
        isHeap: true, size: size(count, arguments, about: 0), mayBeNull: true, at: value, &state)
    case .text(let limit):
      return text(most: Int128(limit), nil, mayBeNull: false, at: value, &state)
    case .message: return text(most: 1 << 62, nil, mayBeNull: false, at: value, &state)
    case .externalText: return text(most: 1 << 62, value, mayBeNull: true, at: value, &state)
    case .duplicate(let index), .duplicateUpTo(let index, _):
      guard index < arguments.count else { return unknownValue(value, &state) }
      var limit: LinearForm?
      if case .duplicateUpTo(_, let count) = result {
        limit = size(count, arguments, about: index)
      }
      return duplicate(arguments[index], limit, at: value, &state)
    default: return unknownValue(value, &state)
    }
  }

  private mutating func newObject(
    isHeap: Bool, size: LinearForm?, mayBeNull: Bool, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let region = universe.region(of: value, isHeap: isHeap, size: size)
    renew(region, &state)
    return .pointer(region, offset: .zero, inside: .none, mayBeNull: mayBeNull)
  }

  /// A string of the library's own, of at most so many elements.
  private mutating func text(
    most: Int128, _ external: ValueID?, mayBeNull: Bool, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let region = universe.region(of: value, isHeap: false, size: nil)
    renew(region, &state)
    let symbol = universe.length(of: region, 0)
    define(symbol, SymbolFact(interval: Interval(0, most)), &state)
    state.setString(
      StringFact(
        region: region, base: 0, extent: .max, width: width(of: value),
        string: .terminated(length: LinearForm(symbol)), zeroFrom: nil, external: external))
    return .pointer(region, offset: .zero, inside: .none, mayBeNull: mayBeNull)
  }

  /// `strdup` and `strndup`.
  private mutating func duplicate(
    _ source: ValueID, _ limit: LinearForm?, at value: ValueID, _ state: inout State
  ) -> AbstractValue {
    let width = width(of: source)
    let copied = stringForCopy(registers[Int(source.index)], state)
    var length: LinearForm?
    if case .length(let known) = string(of: source, &state) { length = known }
    if let limit {
      let isShort =
        length.flatMap { $0.subtracting(limit) }.map { bounds($0, state).interval.high <= 0 }
        ?? false
      if !isShort { length = nil }
    }
    let size = length?.adding(constant: 1)?.scaled(by: width)
    let address = newObject(isHeap: true, size: size, mayBeNull: true, at: value, &state)
    if case .pointer(let region, _, _, _) = address {
      let place = StringPlace(region: region, base: 0, extent: nil, offset: .zero)
      let known = length ?? unknownLength(place, width: width, &state)
      setString(
        place, .terminated(length: known), zeroFrom: nil, width: width,
        external: copied.external, &state)
    }
    return address
  }

  /// `getline`, `asprintf`: a new string whose address goes to where the argument points.
  private mutating func allocateText(
    _ target: ValueID, at value: ValueID, _ state: inout State
  ) {
    clobber(target, &state)
    guard case .pointer(let region, let offset, _, _) = registers[Int(target.index)],
      offset.isConstant
    else { return }
    let address = newObject(isHeap: true, size: nil, mayBeNull: true, at: value, &state)
    acquire(address, .memory, by: value, &state)
    noteStored(address, in: registers[Int(target.index)], &state)
    state.setCell(
      in: region, at: offset.constant, size: UInt32(module.pointerSize), to: address)
  }
}

extension Machine {
  /// When the call returns once more, everything is as the code behind it has left it.
  private mutating func returnAgain(_ state: inout State) {
    havoc(&state)
    state.uninitialised = []
    state.nulls = []
  }
}
