// SPDX-License-Identifier: Apache-2.0

// Addresses of the kernel that are printed as they are (Documentation/core-api/printk-formats.rst): `%p` is
// hashed, `%px` and numbers that were made of pointers are not.

import IR

extension Machine {
  /// Looks at what a format prints to where users read.
  mutating func checkRevealed(
    _ arguments: [ValueID], format: Int, first: Int, at value: ValueID, _ state: State
  ) {
    guard format >= 0, format < arguments.count, first >= 0,
      let bytes = formatText(arguments[format])
    else { return }
    var next = first
    var index = bytes.startIndex
    while let conversion = nextConversion(bytes, &index) {
      next += conversion.stars
      guard next < arguments.count else { return }
      let argument = arguments[next]
      next += 1
      if conversion.letter == "p" {
        guard conversion.extension == "x", type(of: argument).isPointer else { continue }
        return reveal(argument, "%px", isAssured: true, at: value, argument: next - 1, state)
      } else if conversion.letter == "x" || conversion.letter == "X" {
        guard let pointer = madeOf(argument, state) else { continue }
        return reveal(
          argument, conversion.text, isAssured: pointer, at: value, argument: next - 1, state)
      }
    }
  }

  /// The bytes of a format that is a literal.
  private func formatText(_ format: ValueID) -> [UInt8]? {
    guard case .pointer(let region, let offset, _, _) = registers[Int(format.index)],
      case .literal(let id) = universe[region].kind, offset.isConstant, offset.constant >= 0,
      offset.constant < module.literals[id].bytes.count, module.literals[id].elementSize == 1
    else { return nil }
    return Array(module.literals[id].bytes[Int(offset.constant)...].prefix { $0 != 0 })
  }

  private struct RevealingConversion {
    var letter: Character
    var `extension`: Character
    var stars: Int
    var text: String
  }

  private func nextConversion(_ bytes: [UInt8], _ index: inout Int) -> RevealingConversion? {
    while index < bytes.count {
      guard bytes[index] == UInt8(ascii: "%") else {
        index += 1
        continue
      }
      let start = index
      index += 1
      var stars = 0
      while index < bytes.count, "-+ #0123456789.*hlLqjzt".utf8.contains(bytes[index]) {
        if bytes[index] == UInt8(ascii: "*") { stars += 1 }
        index += 1
      }
      guard index < bytes.count else { return nil }
      let letter = bytes[index]
      index += 1
      if letter == UInt8(ascii: "%") { continue }
      let after = index < bytes.count ? bytes[index] : 0
      return RevealingConversion(
        letter: Character(UnicodeScalar(letter)), extension: Character(UnicodeScalar(after)),
        stars: stars, text: String(decoding: bytes[start..<index], as: UTF8.self))
    }
    return nil
  }

  /// Whether a number was made of a pointer to an object: `true` where its type says so, `false` where it
  /// is a `void *`, which may carry a number; `nil` for other numbers.
  private func madeOf(_ argument: ValueID, _ state: State) -> Bool? {
    guard let form = form(argument) else { return nil }
    for index in 0..<form.count {
      if let made = madeOf(form[index].symbol, state) { return made }
    }
    return nil
  }

  private func madeOf(_ symbol: Symbol, _ state: State) -> Bool? {
    switch universe[symbol].kind {
    case .image(let image):
      for index in 0..<image.source.count {
        if let made = madeOf(image.source[index].symbol, state) { return made }
      }
      return nil
    case .value(let value):
      guard case .cast(.pointerToInteger, let cast) = operation(value) else { return nil }
      let operand = uncast(cast)
      if case .pointer(let region, _, _, _) = registers[Int(operand.index)],
        state.error(of: region) != nil
      {
        return nil
      }
      guard let pointee = pointee(operand) else { return nil }
      if case .void = module.types[pointee].kind { return false }
      return true
    default: return nil
    }
  }

  private mutating func reveal(
    _ pointer: ValueID, _ conversion: String, isAssured: Bool, at value: ValueID, argument: Int,
    _ state: State
  ) {
    let observation = RevealedPointerObservation(
      object: module.text(of: body.instructions[pointer].origin), conversion: conversion,
      callee: calleeName(value), isAssured: isAssured)
    report(
      Violation(
        candidate: Candidate(value: value, argument: argument, kind: .revealed, via: []),
        observation: .revealed(observation), isDefinite: true, goal: nil, boundary: .none,
        cause: nil, region: nil))
  }
}
