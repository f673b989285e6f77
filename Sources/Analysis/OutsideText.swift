// SPDX-License-Identifier: Apache-2.0

// Text from outside that a shell obeys, or that names a file or a program.

import IR

/// Where a text comes from.
struct OutsideText {
  /// The function that brought it in; `main` for its arguments.
  var source: String
  /// The call.
  var cause: ValueID?
  /// Whether text of the program stands before it.
  var isPart: Bool
}

extension Machine {
  /// Asks whether somebody outside chooses the text that a call takes.
  mutating func checkText(
    _ kind: ConcernKind, _ text: AbstractValue, _ subject: ValueID, _ index: Int, at value: ValueID,
    _ state: State
  ) {
    guard case .pointer(let region, _, _, _) = text else { return }
    if case .literal = universe[region].kind { return }
    if mode == .explore { return raise(kind, subject, index, at: value, state) }
    guard let outside = outsideText(text, before: value, state) else { return }
    let isJudged = isJudged(text, outside, before: value)
    raise(kind, subject, index, at: value, state, cause: outside.cause) { observation in
      observation.source = outside.source
      observation.isPart = outside.isPart
      observation.isAssured = !isJudged
    }
  }

  /// Asks whether somebody outside names the file that a call uses.
  mutating func checkExternalPath(
    _ path: ValueID, _ index: Int, at value: ValueID, _ state: State
  ) {
    if mode == .explore, outsideSource(of: path, state)?.cause == nil { return }
    checkText(.externalPath, registers[Int(path.index)], path, index, at: value, state)
  }

  /// `execl("/bin/sh", "sh", "-c", text, NULL)`.
  mutating func checkShell(
    _ arguments: [ValueID], from first: Int, at value: ValueID, _ state: State
  ) {
    for index in max(first, 1)..<max(arguments.count, first + 1) where index < arguments.count {
      guard literalText(registers[Int(arguments[index - 1].index)]) == Array("-c".utf8) else {
        continue
      }
      checkText(
        .command, registers[Int(arguments[index].index)], arguments[index], index, at: value, state)
    }
  }

  /// `char *arguments[] = {"sh", "-c", text, NULL}; execv("/bin/sh", arguments)`.
  mutating func checkShell(
    _ vector: ValueID, _ index: Int, at value: ValueID, _ state: State
  ) {
    guard case .pointer(let region, let offset, _, _) = registers[Int(vector.index)],
      offset.isConstant
    else { return }
    let cells = state.cells.filter { $0.region == region && $0.offset >= offset.constant }
    guard let option = cells.first(where: { literalText($0.value) == Array("-c".utf8) }),
      let text = cells.first(where: {
        $0.offset == option.offset.addingSaturating(Int64(module.pointerSize))
      })
    else { return }
    checkText(.command, text.value, vector, index, at: value, state)
  }

  // MARK: Where a text comes from

  /// The characters of a string literal that a pointer leads to, up to the terminator.
  func literalText(_ value: AbstractValue) -> [UInt8]? {
    guard case .pointer(let region, let offset, _, _) = value, offset.isConstant,
      case .literal(let id) = universe[region].kind, module.literals[id].elementSize == 1
    else { return nil }
    let bytes = module.literals[id].bytes
    guard offset.constant >= 0, offset.constant < bytes.count else { return nil }
    return Array(bytes[Int(offset.constant)...].prefix { $0 != 0 })
  }

  /// Where a text comes from, if that is outside the program.
  private func outsideText(
    _ text: AbstractValue, before value: ValueID, _ state: State
  ) -> OutsideText? {
    guard case .pointer(let region, let offset, let inside, _) = text else { return nil }
    if isProgramArgument(region) { return OutsideText(source: "main", cause: nil, isPart: false) }
    if let place = stringPlace(region, inside, offset),
      let cause = state.string(region, place.base)?.external
    {
      return OutsideText(
        source: calleeName(cause), cause: cause, isPart: isPart(region, before: value, state))
    }
    if case .global = universe[region].kind { return nil }
    let copies: Bool? = passedCalls(before: value, state) { call in
      guard let model = model(of: call.value), writesText(model, call.arguments, region) else {
        return nil
      }
      return call.arguments.contains { argument in
        guard case .pointer(let from, _, _, _) = registers[Int(argument.index)] else {
          return false
        }
        return isProgramArgument(from)
      } ? true : nil
    }
    guard copies == true else { return nil }
    return OutsideText(source: "main", cause: nil, isPart: isPart(region, before: value, state))
  }

  /// Whether text of the program was written to the start of a region before other text followed.
  private func isPart(_ region: Region, before value: ValueID, _ state: State) -> Bool {
    passedCalls(before: value, state) { call in
      guard let model = model(of: call.value), writesText(model, call.arguments, region) else {
        return nil
      }
      for effect in model.effects {
        switch effect {
        case .appendString, .appendBounded, .appendTerminated: return true
        case .printInto(_, let format, _), .printBounded(_, _, let format, _):
          guard format < call.arguments.count,
            let text = literalText(registers[Int(call.arguments[format].index)])
          else { return false }
          return !text.starts(with: "%s".utf8)
        case .copyString, .copyBounded, .copyTerminated, .externalText, .external: return false
        default: continue
        }
      }
      return nil
    } ?? false
  }

  /// Whether a call of a model leaves text in a region.
  func writesText(_ model: FunctionModel, _ arguments: [ValueID], _ region: Region) -> Bool {
    model.effects.contains { effect in
      switch effect {
      case .copyString(let target, _), .appendString(let target, _), .copyBounded(let target, _, _),
        .appendBounded(let target, _, _), .copyTerminated(let target, _, _),
        .appendTerminated(let target, _, _), .printInto(let target, _, _),
        .printBounded(let target, _, _, _), .external(let target, _), .externalText(let target, _),
        .copy(let target, _, _):
        guard target < arguments.count,
          case .pointer(region, _, _, _) = registers[Int(arguments[target].index)]
        else { return false }
        return true
      default: return false
      }
    }
  }

  // MARK: Whether the program looked at it

  /// Whether the function looks at the content of a text from outside before it is obeyed: which
  /// characters it lets through is not ours to guess.
  private func isJudged(
    _ text: AbstractValue, _ outside: OutsideText, before value: ValueID
  ) -> Bool {
    var regions: Set<Region> = []
    func add(_ known: AbstractValue) {
      if case .pointer(let region, _, _, _) = known { regions.insert(region) }
    }
    add(text)
    if let cause = outside.cause {
      add(registers[Int(cause.index)])
      for argument in passedCall(cause)?.arguments ?? [] where !isStream(argument) {
        add(registers[Int(argument.index)])
      }
    }
    for row in 0..<Int(value.index) where positions[row] >= 0 && Int(positions[row]) <= position {
      let passed = ValueID(row)
      if let call = passedCall(passed) {
        if passed != outside.cause, judges(call, regions) { return true }
      } else if case .compare(_, let left, let right) = operation(passed) {
        if asksCharacter(left, right, regions) || asksCharacter(right, left, regions) {
          return true
        }
      }
    }
    return false
  }

  private func isStream(_ argument: ValueID) -> Bool {
    guard let pointee = pointee(argument) else { return true }
    return module.types[pointee].isAggregate
  }

  private func leads(_ value: ValueID, to regions: Set<Region>) -> Bool {
    if case .pointer(let region, _, _, _) = registers[Int(value.index)] {
      return regions.contains(region)
    }
    return false
  }

  /// Whether a call looks at text in one of the regions, other than for the end of a line.
  private func judges(_ call: PassedCall, _ regions: Set<Region>) -> Bool {
    let callee = module.functions[call.target]
    guard let own = call.arguments.first(where: { leads($0, to: regions) }) else {
      return call.arguments.contains { isCharacter($0, of: regions) }
    }
    if let model = model(of: call.value) {
      switch model.result {
      case .unknown, .within, .position: break
      default: return false
      }
      guard !model.effects.contains(where: { isOutput($0) }), isTaken(call.value) else {
        return false
      }
      return !call.arguments.contains { $0 != own && isLineEnd($0) }
    }
    return callee.format == nil && type(of: call.value).size > 0
  }

  private func isOutput(_ effect: ModelEffect) -> Bool {
    switch effect {
    case .print, .printInto, .printBounded, .copyString, .copy, .appendString, .copyBounded,
      .appendBounded, .copyTerminated, .appendTerminated, .output, .release, .external,
      .externalText, .scan:
      true
    default: false
    }
  }

  /// Whether a value is a newline, a carriage return or nothing, or a text of those only.
  private func isLineEnd(_ value: ValueID) -> Bool {
    if let text = literalText(registers[Int(value.index)]) {
      return text.allSatisfy { $0 == 0x0A || $0 == 0x0D }
    }
    guard let form = form(value), form.isConstant else { return false }
    return [0, 0x0A, 0x0D].contains(form.constant)
  }

  /// Whether a character of one of the regions is held against something else than the end of a line.
  private func asksCharacter(_ left: ValueID, _ right: ValueID, _ regions: Set<Region>) -> Bool {
    isCharacter(left, of: regions) && !isLineEnd(right)
  }

  /// Whether a value is computed from a character of one of the regions.
  private func isCharacter(_ value: ValueID, of regions: Set<Region>, depth: Int = 6) -> Bool {
    guard depth > 0 else { return false }
    switch operation(value) {
    case .load(let address, _):
      if leads(address, to: regions), type(of: value).isInteger { return true }
      // A table that is indexed by the character, as <ctype.h> does.
      if case .element(_, let index, _) = operation(address) {
        return isCharacter(index, of: regions, depth: depth - 1)
      }
      return false
    case .cast(_, let operand), .unary(_, let operand):
      return isCharacter(operand, of: regions, depth: depth - 1)
    case .binary(_, let left, let right):
      return isCharacter(left, of: regions, depth: depth - 1)
        || isCharacter(right, of: regions, depth: depth - 1)
    default: return false
    }
  }
}
