// SPDX-License-Identifier: Apache-2.0

import CClang

/// The places of a node that no macro has a part in, kept with the node.
struct PlainExtent: BitwiseCopyable {
  var file: UInt32
  var start: UInt32 = 0
  var end: UInt32 = 0
  var point: UInt32 = 0

  static let notAsked = PlainExtent(file: .max)
  /// The node has a macro in it, or only libclang can tell.
  static let unknown = PlainExtent(file: .max - 1)

  var isKnown: Bool { file < UInt32.max - 1 }
}

extension TranslationUnit {
  /// The places of a node; `nil` for one that is written nowhere.
  public mutating func extent(of node: Cursor) -> Extent? {
    let plain = plainExtent(of: node)
    if plain.isKnown {
      let file = ClangFile(index: plain.file)
      let start = FileOffset(file: file, offset: plain.start)
      return Extent(
        start: start, end: FileOffset(file: file, offset: plain.end), spelling: start,
        point: FileOffset(file: file, offset: plain.point))
    }
    return compilerExtent(of: node)
  }

  /// The places as libclang tells them.
  mutating func compilerExtent(of node: Cursor) -> Extent? {
    let cursor = nodes[Int(node.index)].cursor
    let range = clang_getCursorExtent(cursor)
    let first = clang_getRangeStart(range)
    let last = clang_getRangeEnd(range)
    guard var start = fileOffset(first), var end = fileOffset(last) else { return nil }
    var spelling = start
    if isInMacro(first) {
      let place = macroPlace(first)
      spelling = place.spelling ?? start
      let expansion = place.expansion ?? start
      let startsInArgument = start != expansion
      if startsInArgument, !isInMacro(last) {
        // From an argument to the end of the macro's text: the whole use of the macro is meant.
        start = expansion
      } else if !startsInArgument, isInMacro(last) {
        end = endOfMacroUse(at: start) ?? end
      }
    }
    let point = fileOffset(clang_getCursorLocation(cursor)) ?? start
    return Extent(start: start, end: end, spelling: spelling, point: point)
  }

  /// Whether a location lies in the text that a macro makes; its highest bit says so.
  func isInMacro(_ location: CXSourceLocation) -> Bool {
    location.int_data & 0x8000_0000 != 0
  }

  /// After the parenthesis that ends the use of a macro with arguments.
  mutating func endOfMacroUse(at start: FileOffset) -> FileOffset? {
    withContents(of: start.file) { text in
      var depth = 0
      for index in Int(start.offset)..<min(text.count, Int(start.offset) + 4096) {
        if text[index] == UInt8(ascii: "(") { depth += 1 }
        if text[index] == UInt8(ascii: ")") {
          depth -= 1
          if depth <= 0 { return FileOffset(file: start.file, offset: UInt32(index + 1)) }
        }
      }
      return nil
    }
  }

  // MARK: Without macros

  /// The places of an expression, put together from those of its parts.
  ///
  /// libclang finds the end of every range by running its lexer at the last token. Names and numbers
  /// are read here instead, and what is made of them starts and ends where they do, as long as the text
  /// is written as it is parsed. Half of the cost of all places went with it.
  private mutating func plainExtent(of node: Cursor) -> PlainExtent {
    let known = nodes[Int(node.index)].extent
    if known.file != PlainExtent.notAsked.file { return known }
    let extent = composedExtent(of: node) ?? .unknown
    nodes[Int(node.index)].extent = extent
    return extent
  }

  private mutating func composedExtent(of node: Cursor) -> PlainExtent? {
    switch kind(of: node) {
    case .declarationReference, .integerLiteral:
      guard let place = plainLocation(of: node), let end = endOfWord(at: place) else { return nil }
      return PlainExtent(
        file: place.file.index, start: place.offset, end: end, point: place.offset)
    case .unexposedExpression:
      guard let operand = implicitCastOperand(node) else { return nil }
      return plainExtent(of: operand)
    case .memberExpression:
      guard let base = firstExpression(in: node) else { return nil }
      let part = plainExtent(of: base)
      guard part.isKnown, let place = plainLocation(of: node), place.file.index == part.file,
        place.offset >= part.end, let end = endOfWord(at: place)
      else { return nil }
      return PlainExtent(file: part.file, start: part.start, end: end, point: place.offset)
    case .binaryOperator, .compoundAssignment:
      guard let left = child(0, of: node), let right = child(1, of: node) else { return nil }
      let (first, last) = (plainExtent(of: left), plainExtent(of: right))
      guard first.isKnown, last.isKnown, first.file == last.file,
        let place = plainLocation(of: node), place.file.index == first.file,
        (first.end...max(first.end, last.start)).contains(place.offset)
      else { return nil }
      return PlainExtent(
        file: first.file, start: first.start, end: last.end, point: place.offset)
    case .subscript_:
      guard let base = child(0, of: node), let index = child(1, of: node) else { return nil }
      let first = plainExtent(of: base)
      return bracketed(
        node, from: first, plainExtent(of: index), by: UInt8(ascii: "]"))
    case .call: return composedExtent(ofCall: node)
    case .parenthesis, .explicitCast, .unaryOperator: return composedExtent(ofOne: node)
    default: return nil
    }
  }

  /// The places of a call: libclang points to its start.
  private mutating func composedExtent(ofCall node: Cursor) -> PlainExtent? {
    guard let callee = child(0, of: node), let last = lastExpression(in: node) else { return nil }
    let first = plainExtent(of: callee)
    guard first.isKnown else { return nil }
    var end = plainExtent(of: last)
    if last == callee {
      guard let open = offset(after: UInt8(ascii: "("), from: first.end, in: first.file) else {
        return nil
      }
      end.end = open
    }
    return bracketed(node, from: first, end, by: UInt8(ascii: ")"), point: first.start)
  }

  /// The places of an expression around one operand.
  private mutating func composedExtent(ofOne node: Cursor) -> PlainExtent? {
    guard let operand = lastExpression(in: node) else { return nil }
    let part = plainExtent(of: operand)
    guard part.isKnown, let place = plainLocation(of: node), place.file.index == part.file else {
      return nil
    }
    if place.offset >= part.end {
      // `i++`.
      return PlainExtent(
        file: part.file, start: part.start, end: place.offset + 2, point: place.offset)
    }
    guard place.offset < part.start else { return nil }
    let whole = PlainExtent(
      file: part.file, start: place.offset, end: part.end, point: place.offset)
    if kind(of: node) != .parenthesis { return whole }
    return bracketed(node, from: whole, whole, by: UInt8(ascii: ")"), point: place.offset)
  }

  /// What starts with `first` and ends with `bracket`, right behind `last`.
  private mutating func bracketed(
    _ node: Cursor, from first: PlainExtent, _ last: PlainExtent, by bracket: UInt8,
    point: UInt32? = nil
  ) -> PlainExtent? {
    guard first.isKnown, last.isKnown, first.file == last.file, first.start < last.end,
      let end = offset(after: bracket, from: last.end, in: last.file),
      let point = point ?? plainLocation(of: node)?.offset
    else { return nil }
    return PlainExtent(file: first.file, start: first.start, end: end, point: point)
  }

  /// The place of a node, unless a macro makes it.
  private mutating func plainLocation(of node: Cursor) -> FileOffset? {
    let location = clang_getCursorLocation(nodes[Int(node.index)].cursor)
    return isInMacro(location) ? nil : fileOffset(location)
  }

  /// The offset behind the name or number at a place.
  private mutating func endOfWord(at place: FileOffset) -> UInt32? {
    withContents(of: place.file) { text in
      var position = Int(place.offset)
      while position < text.count, Self.isWord(text[position]) { position += 1 }
      // Digit separators, and names that go on behind a joined line, are left to libclang.
      let isWhole =
        position == text.count
        || text[position] != UInt8(ascii: "'") && text[position] != UInt8(ascii: "\\")
      return isWhole && position > Int(place.offset) ? UInt32(position) : nil
    }
  }

  /// The offset behind `byte`, which only blanks may come before.
  private mutating func offset(after byte: UInt8, from start: UInt32, in file: UInt32) -> UInt32? {
    withContents(of: ClangFile(index: file)) { text in
      var position = Int(start)
      while position < text.count, text[position] == 0x20 || (0x09...0x0D) ~= text[position] {
        position += 1
      }
      return position < text.count && text[position] == byte ? UInt32(position + 1) : nil
    }
  }

  /// Whether a byte is part of a name or a number.
  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
      true
    default: false
    }
  }
}
