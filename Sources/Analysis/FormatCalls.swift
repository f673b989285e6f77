// SPDX-License-Identifier: Apache-2.0

// Calls that print or scan by a format (C11 7.21.6.1, 7.21.6.2, 7.29.2.1, 7.29.2.2).

import IR

/// What a call of the printf family prints.
private struct Output {
  /// Elements without the terminator.
  var length = Interval(0)
  /// The same as a form, where it is known as one.
  var exact: LinearForm? = .zero
  /// The first conversion that nothing bounds, as written.
  var open = ""
  /// The argument of that conversion.
  var source: ValueID?
  /// The call that text in it came from outside by.
  var external: ValueID?
  /// Whether the format is known.
  var isKnown = true
}

extension Machine {
  func conversions(_ format: ValueID, isScan: Bool) -> [Conversion]? {
    guard case .pointer(let region, let offset, _, _) = registers[Int(format.index)],
      case .literal(let id) = universe[region].kind, offset.isConstant
    else { return nil }
    let literal = module.literals[id]
    let size = Int(literal.elementSize)
    let start = Int(clamping: offset.constant)
    guard start >= 0, start < literal.bytes.count else { return nil }
    if size == 1 {
      let rest = literal.bytes[start...]
      let end = rest.firstIndex(of: 0) ?? rest.endIndex
      return parseFormat(ArraySlice(rest[rest.startIndex..<end]), isScan: isScan)
    }
    // One byte for each wide character; those past ASCII are ordinary ones.
    var text: [UInt8] = []
    for index in stride(from: start, to: literal.bytes.count - size + 1, by: size) {
      let bytes = literal.bytes[index..<(index + size)]
      if bytes.allSatisfy({ $0 == 0 }) { break }
      let isSmall = bytes.dropFirst().allSatisfy { $0 == 0 } && literal.bytes[index] < 0x80
      text.append(isSmall ? literal.bytes[index] : UInt8(ascii: "?"))
    }
    return parseFormat(text[...], isScan: isScan)
  }

  // MARK: Printing

  /// Uses the format and the strings that a printf call prints.
  mutating func print(
    _ arguments: [ValueID], format: Int, first: Int, at value: ValueID, _ state: inout State
  ) {
    useFormat(arguments[format], at: value, argument: format, &state)
    guard first >= 0, let parts = conversions(arguments[format], isScan: false) else { return }
    var next = first
    for part in parts where part.letter != 0 && part.letter != UInt8(ascii: "%") {
      if part.takesWidth { next += 1 }
      if part.takesPrecision { next += 1 }
      guard next < arguments.count else { return }
      switch part.letter {
      case UInt8(ascii: "s"), UInt8(ascii: "S"):
        if part.precision == nil && !part.takesPrecision {
          useString(arguments[next], at: value, argument: next, &state)
        }
      case UInt8(ascii: "n"): clobber(arguments[next], &state)
      default: break
      }
      next += 1
    }
  }

  /// `sprintf`: everything that `printf` does, and the destination has to hold it.
  mutating func printInto(
    _ arguments: [ValueID], target: Int, format: Int, first: Int, at value: ValueID,
    _ state: inout State
  ) {
    print(arguments, format: format, first: first, at: value, &state)
    let width = Int128(width(of: arguments[target]))
    let output = output(arguments, format: format, first: first, &state)
    let need = output.exact?.adding(constant: 1)?.scaled(by: Int64(width))
    checkFit(
      arguments[target], need, (output.length + Interval(1)) * width, conversion: output.open,
      text: output.source, at: value, argument: target, &state)
    leaveText(arguments[target], nil, output, at: value, &state)
  }

  /// `snprintf`: what does not fit is left out.
  mutating func printBounded(
    _ arguments: [ValueID], target: Int, _ bound: LinearForm?, format: Int, first: Int,
    at value: ValueID, _ state: inout State
  ) {
    print(arguments, format: format, first: first, at: value, &state)
    let output = output(arguments, format: format, first: first, &state)
    let content = Content(
      need: output.length + Interval(1), source: output.source, isPadded: false,
      exact: output.exact?.adding(constant: 1))
    checkBound(
      arguments[target], bound, content: content, at: value, argument: target, &state)
    leaveText(arguments[target], bound, output, at: value, &state)
  }

  /// What stands in the destination afterwards.
  private mutating func leaveText(
    _ target: ValueID, _ bound: LinearForm?, _ output: Output, at value: ValueID,
    _ state: inout State
  ) {
    terminate(target, bound, &state)
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(target.index)],
      let place = stringPlace(region, inside, offset), place.offset.isConstant,
      var fact = state.string(region, place.base)
    else { return }
    if case .terminated(let length)? = fact.string, let symbol = length.singleTerm?.symbol {
      var known = self.fact(symbol, state)
      let start = floorDivide(Int128(place.offset.constant), Int128(fact.width))
      known.interval.high = max(min(known.interval.high, output.length.high + start), 0)
      let isWhole = bound.map { bounds($0, state).interval.low > output.length.high } ?? true
      if isWhole, place.offset == .zero {
        known.interval.low = min(output.length.low, known.interval.high)
      }
      setFact(symbol, known, &state)
    }
    fact.external = output.external
    state.setString(fact)
  }

  /// The result of a call of the printf family: what it prints, or would print where the room ends.
  mutating func printed(
    _ model: FunctionModel, _ arguments: [ValueID], format: Int, first: Int, at value: ValueID,
    _ state: inout State
  ) -> AbstractValue {
    guard format < arguments.count, type(of: value).isInteger else {
      return unknownValue(value, &state)
    }
    let output = output(arguments, format: format, first: first, &state)
    let range = type(of: value).range
    let isBounded = model.effects.contains {
      if case .printBounded = $0 { true } else { false }
    }
    if output.length.high < 1 << 30 {
      return unknownNumber(value, output.length.intersection(range), &state)
    }
    let isOpen = isBounded && (!output.open.isEmpty || !output.isKnown)
    let boundary = isOpen ? modelBoundary(.formatted, at: value) : .none
    return unknownNumber(
      value, Interval(min(output.length.low, range.high), range.high), &state, high: boundary)
  }

  private mutating func output(
    _ arguments: [ValueID], format: Int, first: Int, _ state: inout State
  ) -> Output {
    var output = Output()
    let isWide = width(of: arguments[format]) > 1
    guard first >= 0, let parts = conversions(arguments[format], isScan: false) else {
      output.length.high = 1 << 62
      output.exact = nil
      output.isKnown = false
      output.external = stringForCopy(registers[Int(arguments[format].index)], state).external
      return output
    }
    var next = first
    for part in parts {
      if part.takesWidth || part.takesPrecision {
        output.length.high += 1 << 62
        output.exact = nil
      }
      next += (part.takesWidth ? 1 : 0) + (part.takesPrecision ? 1 : 0)
      let takesArgument = part.letter != 0 && part.letter != UInt8(ascii: "%")
      let argument = takesArgument && next < arguments.count ? arguments[next] : nil
      let printed = printedLength(part, argument, isWide, &state)
      if part.letter == UInt8(ascii: "s"), let argument {
        if printed.high >= 1 << 40, output.open.isEmpty {
          output.open = part.text
          output.source = argument
        }
        let text = stringForCopy(registers[Int(argument.index)], state)
        output.external = output.external ?? text.external
      }
      output.length = output.length + printed
      var exact = printed.constant.flatMap { Int64(exactly: $0) }.map { LinearForm(constant: $0) }
      if exact == nil, part.text == "%s" || part.text == "%ls", let argument,
        part.isLong == isWide
      {
        exact = exactLength(argument, &state)
      }
      output.exact = exact.flatMap { output.exact?.adding($0) }
      if takesArgument { next += 1 }
    }
    return output
  }

  /// Elements that a conversion prints.
  private mutating func printedLength(
    _ part: Conversion, _ argument: ValueID?, _ isWide: Bool, _ state: inout State
  ) -> Interval {
    if part.letter == 0 { return Interval(Int128(part.plainCount)) }
    var length: Interval
    switch part.letter {
    case UInt8(ascii: "%"): return Interval(1)
    case UInt8(ascii: "c"), UInt8(ascii: "C"): length = Interval(1, part.isLong && !isWide ? 6 : 1)
    case UInt8(ascii: "s"), UInt8(ascii: "S"):
      // With a precision the array needs no terminator, so none is taken to be there.
      var assumed = state
      length = argument.map { lengthRange($0, &assumed) } ?? Interval(0, 1 << 62)
      if part.precision == nil, !part.takesPrecision { state = assumed }
      // A multibyte character has up to six bytes.
      if part.isLong && !isWide { length.high = min(length.high * 6, 1 << 62) }
      if !part.isLong && isWide { length.low = min(length.low, 1) }
      if let precision = part.precision {
        let most = length.constant == nil ? length.high + 1 : length.high
        length = Interval(min(length.low, Int128(precision)), min(most, Int128(precision)))
      }
    case UInt8(ascii: "d"), UInt8(ascii: "i"), UInt8(ascii: "u"), UInt8(ascii: "x"),
      UInt8(ascii: "X"), UInt8(ascii: "o"):
      length = digits(part, argument, state)
    case UInt8(ascii: "p"): length = Interval(1, 20)
    case UInt8(ascii: "n"): return Interval(0)
    default: length = Interval(1, 5000)
    }
    if part.letter != UInt8(ascii: "s"), let precision = part.precision {
      length.high = max(length.high, Int128(precision) + 3)
    }
    // `#` adds two characters at most.
    if part.text.contains("#") { length.high += 2 }
    if part.text.contains("+") || part.text.contains(" ") { length.high += 1 }
    if let width = part.width {
      length = Interval(max(length.low, Int128(width)), max(length.high, Int128(width)))
    }
    return length
  }

  private func digits(_ part: Conversion, _ argument: ValueID?, _ state: State) -> Interval {
    guard let argument, type(of: argument).isInteger else { return Interval(1, 24) }
    let base: Int128 =
      part.letter == UInt8(ascii: "o") ? 8 : "xX".utf8.contains(part.letter) ? 16 : 10
    let isSigned = part.letter == UInt8(ascii: "d") || part.letter == UInt8(ascii: "i")
    let range = interval(argument, state)
    func count(_ value: Int128) -> Int128 {
      var rest = value < 0 ? -value : value
      var digits: Int128 = value < 0 ? 2 : 1
      while rest >= base {
        rest /= base
        digits += 1
      }
      return digits
    }
    // A value that the conversion's type does not hold is printed as another one.
    let width = type(of: argument).width
    let limit: Int128 = 1 << Int128(max(isSigned ? width - 1 : width, 1))
    if part.text.contains("h") || range.high >= limit || range.low < (isSigned ? -limit : 0) {
      return Interval(1, width > 32 ? 22 : 11)
    }
    return Interval(
      range.constant == nil ? 1 : count(range.low), max(count(range.low), count(range.high)))
  }

  // MARK: Scanning

  /// `scanf`: fills its arguments; an unbounded string conversion has no place to stop.
  mutating func scan(
    _ arguments: [ValueID], format: Int, first: Int, at value: ValueID, _ state: inout State
  ) {
    useFormat(arguments[format], at: value, argument: format, &state)
    guard first >= 0 else { return }
    // What `sscanf` reads is a string, and no conversion yields more than it holds.
    var most: Int128?
    if format > 0, width(of: arguments[0]) == width(of: arguments[format]),
      model(of: value)?.effects.contains(.string(0)) == true
    {
      most = lengthRange(arguments[0], &state).high
    }
    for argument in arguments.dropFirst(first) { overwrite(argument, &state) }
    var next = first
    for part in conversions(arguments[format], isScan: true) ?? []
    where part.letter != 0 && part.letter != UInt8(ascii: "%") && !part.isSuppressed {
      guard next < arguments.count else { break }
      let isText = part.letter == UInt8(ascii: "s") || part.letter == UInt8(ascii: "[")
      if isText, !part.text.contains("m") {
        scanText(
          part, most, from: most == nil ? nil : arguments[0], arguments[next], at: value,
          argument: next, &state)
      }
      next += 1
    }
    scanInput(arguments, first: first, at: value, &state)
  }

  private mutating func scanText(
    _ part: Conversion, _ most: Int128?, from text: ValueID?, _ target: ValueID,
    at value: ValueID, argument: Int, _ state: inout State
  ) {
    let element = width(of: target)
    if part.width == nil, let most, let last = Int64(exactly: most),
      let capacity = capacity(of: target),
      bounds(capacity, state).interval.low >= (most + 1) * Int128(element)
    {
      terminate(target, LinearForm(constant: last + 1), &state)
      return markExternal(target, by: value, &state)
    }
    if let width = part.width {
      let count = LinearForm(constant: Int64(width) + 1)
      access(
        target, count.scaled(by: element), isWrite: true, at: value, argument: argument, state)
      terminate(target, count, &state)
    } else {
      // A text of which nobody says how long it can be may be short for reasons that lie elsewhere.
      let isMeasured = most.map { $0 < 1 << 61 } ?? true
      reportUnsafe(
        isMeasured ? .unbounded : .unchecked, target, needs: (1, nil), conversion: part.text,
        text: isMeasured ? nil : text, at: value, argument: argument, state)
      terminate(target, nil, &state)
    }
    markExternal(target, by: value, &state)
  }

  // MARK: The format itself

  /// Uses the format of a function that says in its declaration that it takes one.
  mutating func useFormat(
    _ function: Function, _ arguments: [ValueID], at value: ValueID, _ state: inout State
  ) {
    guard let format = function.format, Int(format.formatIndex) < arguments.count else { return }
    useFormat(
      arguments[Int(format.formatIndex)], at: value, argument: Int(format.formatIndex), &state)
  }

  /// Takes an address as a format: text from outside chooses what is read and written.
  mutating func useFormat(
    _ address: ValueID, at value: ValueID, argument: Int, _ state: inout State
  ) {
    guard case .pointer(let region, _, let inside, _) = registers[Int(address.index)]
    else { return }
    if isChoice(region) {
      return eachAlternative(of: address) { machine, _ in
        machine.useFormat(address, at: value, argument: argument, &state)
      }
    }
    if case .parameter(let local) = universe[region].kind, inside == .none,
      state.isPristine(region)
    {
      if mode == .explore { formatParameters |= bit(of: local) }
      return
    }
    guard let source = outsideSource(of: address, state) else { return }
    let observation = FormatObservation(
      object: module.text(of: body.instructions[address].origin), callee: calleeName(value),
      source: source.cause == nil ? "" : source.name)
    report(
      Violation(
        candidate: Candidate(
          value: value, argument: argument, kind: .format,
          via: source.cause.map { [Int(positions[Int($0.index)])] } ?? []),
        observation: .format(observation), isDefinite: true, goal: nil, boundary: .none,
        cause: source.cause, region: region))
  }

  /// Where the text at an address came from, if that is outside the program: the call, or `main`.
  func outsideSource(of address: ValueID, _ state: State) -> (name: String, cause: ValueID?)? {
    guard case .pointer(let region, let offset, let inside, _) = registers[Int(address.index)]
    else { return nil }
    if isProgramArgument(region) { return ("main", nil) }
    guard let place = stringPlace(region, inside, offset),
      let cause = state.string(region, place.base)?.external
    else { return nil }
    return (calleeName(cause), cause)
  }

  /// Whether a region is one of the strings that `main` is given.
  func isProgramArgument(_ region: Region) -> Bool {
    guard case .entry(let place) = universe[region].kind,
      case .parameter(let local) = universe[place.region].kind
    else { return false }
    return local.index == 1 && module.symbols[module.functions[function].name] == "main"
  }
}
