// SPDX-License-Identifier: Apache-2.0

import Foundation
import Lowering

/// What clang's own dump of the tree (`-ast-dump=json`) says of the things that the lowering infers.
struct Witness {
  private(set) var reading = Counts()

  /// Facts and how often each occurs.
  struct Counts {
    var casts: [Cast: Int] = [:]
    var loops: [Reading.Loop: Int] = [:]
    var lists: [Reading.List: Int] = [:]
    /// The places that a macro's token may have, by its spelling.
    var places: [UInt32: Set<UInt32>] = [:]
    /// Casts of tokens that no file has, with the use of a macro as their place.
    var placelessCasts: [Cast: Int] = [:]
    /// The uses of macros that make names and numbers that no file has.
    var placelessTokens: Set<UInt32> = []
  }

  /// A conversion as clang names it.
  struct Cast: Hashable {
    var offset: UInt32
    var isWritten: Bool
    var kind: String
  }

  private let mainFile: String
  /// The dump names a file only where it differs from the one before.
  private var file = ""

  /// Reads a dump of the unit with that main file.
  init(_ dump: Data, mainFile: String) throws {
    self.mainFile = mainFile
    let tree = try JSONSerialization.jsonObject(with: dump) as? [String: Any] ?? [:]
    for child in tree["inner"] as? [[String: Any]] ?? [] { visit(child, isCode: false) }
  }

  /// Stands for the offset of a token that no file has.
  static let placeless = UInt32.max

  /// A place: offset of the spelling, whether that is in the main file, offset of the expansion.
  private struct Place {
    var spelling: UInt32
    var isInMain: Bool
    var expansion: UInt32
    var isMacro: Bool
    /// Whether the token is of the command line, predefined, pasted or made a string.
    var isPlaceless = false
  }

  private mutating func bare(_ location: [String: Any]) -> (offset: UInt32, isInMain: Bool)? {
    if let name = location["file"] as? String { file = name }
    guard let offset = location["offset"] as? Int else { return nil }
    return (UInt32(offset), file == mainFile)
  }

  private mutating func place(_ value: Any?) -> Place? {
    guard let location = value as? [String: Any] else { return nil }
    if let spelling = location["spellingLoc"] as? [String: Any] {
      let written = bare(spelling)
      let isPlaceless = file.hasPrefix("<")
      let used = bare(location["expansionLoc"] as? [String: Any] ?? [:])
      guard let written, let used else { return nil }
      return Place(
        spelling: written.offset, isInMain: written.isInMain, expansion: used.offset, isMacro: true,
        isPlaceless: isPlaceless && used.isInMain)
    }
    guard let written = bare(location) else { return nil }
    return Place(
      spelling: written.offset, isInMain: written.isInMain, expansion: written.offset,
      isMacro: false)
  }

  /// Notes a node; `isCode` where the lowering reads what is below.
  private mutating func visit(_ node: [String: Any], isCode: Bool) {
    let kind = node["kind"] as? String ?? ""
    _ = place(node["loc"])
    let range = node["range"] as? [String: Any] ?? [:]
    let begin = place(range["begin"])
    _ = place(range["end"])
    var isCode = isCode
    switch kind {
    case "FunctionDecl", "VarDecl": isCode = node["isImplicit"] == nil
    case "ParmVarDecl", "RecordDecl", "EnumDecl", "TypedefDecl", "BinaryConditionalOperator",
      "UnaryExprOrTypeTraitExpr":
      isCode = false
    default: break
    }
    let inner = node["inner"] as? [[String: Any]] ?? []
    if isCode, let begin, begin.isInMain {
      note(kind, node, inner, begin)
    } else if isCode, let begin, begin.isPlaceless {
      notePlaceless(kind, node, begin)
    }
    if kind == "InitListExpr" { isCode = false }
    for child in node["array_filler"] as? [[String: Any]] ?? [] { visit(child, isCode: isCode) }
    for child in inner { visit(child, isCode: isCode) }
  }

  private mutating func note(
    _ kind: String, _ node: [String: Any], _ inner: [[String: Any]], _ begin: Place
  ) {
    switch kind {
    case "ImplicitCastExpr", "CStyleCastExpr":
      let name = node["castKind"] as? String ?? ""
      let cast = Cast(
        offset: begin.spelling, isWritten: kind == "CStyleCastExpr", kind: name)
      reading.casts[cast, default: 0] += 1
    case "ForStmt" where inner.count == 5:
      let parts = [("start", 0), ("condition", 2), ("step", 3)]
        .filter { inner[$0.1]["kind"] != nil }.map(\.0)
      let loop = Reading.Loop(offset: begin.spelling, parts: parts.joined(separator: " "))
      reading.loops[loop, default: 0] += 1
    case "InitListExpr":
      let list = Reading.List(offset: begin.spelling, leaves: leaves(node))
      reading.lists[list, default: 0] += 1
    case "IntegerLiteral", "DeclRefExpr":
      reading.places[begin.spelling, default: []].formUnion([begin.expansion, begin.spelling])
    default: break
    }
  }

  private mutating func notePlaceless(_ kind: String, _ node: [String: Any], _ begin: Place) {
    switch kind {
    case "ImplicitCastExpr", "CStyleCastExpr":
      let cast = Cast(
        offset: begin.expansion, isWritten: kind == "CStyleCastExpr",
        kind: node["castKind"] as? String ?? "")
      reading.placelessCasts[cast, default: 0] += 1
    case "IntegerLiteral", "DeclRefExpr": reading.placelessTokens.insert(begin.expansion)
    default: break
    }
  }

  /// Offsets of the expressions in a list, in the order of the parts.
  private func leaves(_ list: [String: Any]) -> [UInt32] {
    var children = list["inner"] as? [[String: Any]] ?? []
    // The first is what fills the rest.
    children += (list["array_filler"] as? [[String: Any]] ?? []).dropFirst()
    return children.flatMap { child -> [UInt32] in
      switch child["kind"] as? String {
      case "ImplicitValueInitExpr", nil: return []
      case "InitListExpr": return leaves(child)
      default:
        let range = child["range"] as? [String: Any]
        var place = range?["begin"] as? [String: Any]
        if let spelling = place?["spellingLoc"] as? [String: Any] {
          if (spelling["file"] as? String)?.hasPrefix("<") == true { return [Self.placeless] }
          place = spelling
        }
        return (place?["offset"] as? Int).map { [UInt32($0)] } ?? []
      }
    }
  }
}

/// Differences between the lowering's reading of a unit and clang's own.
struct WitnessDifferences {
  /// Why the dump cannot say what the lowering says.
  enum Cause: String, CaseIterable {
    case argument =
      "a macro inside an argument of another: the dump names the outer use, the lowering the inner"
    case placeless =
      "a token that no file has (command line, predefined, pasted): the lowering gives its use"
  }

  private(set) var compared = 0
  /// Differences with a cause, which each was held against.
  private(set) var explained: [Cause: Int] = [:]
  /// One line for each difference.
  private(set) var lines: [String] = []

  /// Compares; `text` is the main file's.
  init(_ ours: Reading, _ witness: Witness, path: String, text: Data) {
    let theirs = witness.reading
    func line(_ offset: UInt32) -> String {
      "\(path):\(text.prefix(Int(offset)).count { $0 == 0x0A } + 1)"
    }
    let uses = MacroUses(text: text)
    // A cast is known by its place; several at one place are told apart by what they do.
    var missing = theirs.casts
    var placeless = theirs.placelessCasts
    for cast in ours.casts {
      compared += 1
      let names = Self.names[cast.kind] ?? []
      let match = names.map {
        Witness.Cast(offset: cast.offset, isWritten: cast.isWritten, kind: $0)
      }.first { missing[$0, default: 0] > 0 }
      if let match {
        missing[match]? -= 1
      } else if let known = placeless.first(where: { other, count in
        count > 0 && other.isWritten == cast.isWritten && names.contains(other.kind)
          && uses.isPlace(cast.offset, inUseAt: other.offset)
      }) {
        placeless[known.key] = known.value - 1
        explained[.placeless, default: 0] += 1
      } else {
        lines.append("\(line(cast.offset)): the cast '\(cast.kind)' is ours alone")
      }
    }
    for (cast, count) in missing where count > 0 {
      lines.append("\(line(cast.offset)): the cast '\(cast.kind)' is clang's alone")
    }
    compared += ours.loops.count + ours.lists.count
    for loop in Set(ours.loops).symmetricDifference(theirs.loops.keys) {
      lines.append("\(line(loop.offset)): the parts of 'for': \(loop.parts)")
    }
    let lists = Set(ours.lists)
    let partial = theirs.lists.keys.filter { $0.leaves.contains(Witness.placeless) }
    for list in lists.symmetricDifference(theirs.lists.keys) {
      if (lists.contains(list) ? partial : Array(lists)).contains(where: { agree($0, list) }) {
        explained[.placeless, default: 0] += lists.contains(list) ? 1 : 0
      } else {
        lines.append("\(line(list.offset)): the list's leaves: \(list.leaves.prefix(8))")
      }
    }
    for token in ours.macroTokens {
      compared += 1
      let places = theirs.places[token.spelling] ?? []
      if places.contains(token.place) { continue }
      if places.contains(where: { uses.isPlace(token.place, inUseAt: $0) }) {
        explained[.argument, default: 0] += 1
        continue
      }
      if token.spelling == token.place,
        theirs.placelessTokens.contains(where: { uses.isPlace(token.place, inUseAt: $0) })
      {
        explained[.placeless, default: 0] += 1
        continue
      }
      lines.append("\(line(token.spelling)): the place of what a macro makes: \(token.place)")
    }
    lines.sort()
  }

  /// Whether two lists are one, where each leaf is one or has no place.
  private func agree(_ left: Reading.List, _ right: Reading.List) -> Bool {
    left.offset == right.offset && left.leaves.count == right.leaves.count
      && zip(left.leaves, right.leaves).allSatisfy { one, other in
        one == other || one == Witness.placeless || other == Witness.placeless
      }
  }

  /// Clang's names for what our casts do.
  ///
  /// A cast to the same type reads an object or only adds qualifiers; enumerations have the type of
  /// their integers.
  private static let names: [String: [String]] = [
    "none": [
      "LValueToRValue", "NoOp", "AtomicToNonAtomic", "NonAtomicToAtomic", "IntegralCast",
      "BitCast",
    ],
    "void": ["ToVoid"], "decay": ["ArrayToPointerDecay"],
    "function": ["FunctionToPointerDecay", "BuiltinFnToFnPtr"],
    "truncate": ["IntegralCast"], "signExtend": ["IntegralCast"], "zeroExtend": ["IntegralCast"],
    "reinterpret": ["IntegralCast", "LValueToRValue", "NoOp"],
    "toBool": ["IntegralToBoolean", "PointerToBoolean", "FloatingToBoolean"],
    "integerToFloating": ["IntegralToFloating"], "floatingToInteger": ["FloatingToIntegral"],
    "floatingToFloating": ["FloatingCast"], "pointerToInteger": ["PointerToIntegral"],
    "integerToPointer": ["IntegralToPointer", "NullToPointer"],
    "pointerCast": ["BitCast", "NullToPointer", "NoOp", "LValueToRValue"],
  ]
}

/// The text of a file, which tells how far the use of a macro goes.
private struct MacroUses {
  let text: [UInt8]

  init(text: Data) { self.text = Array(text) }

  /// Whether a place is that of a macro's use, or lies between the parentheses behind its name.
  func isPlace(_ place: UInt32, inUseAt use: UInt32) -> Bool {
    if place == use { return true }
    guard place > use, Int(place) < text.count else { return false }
    var position = Int(use)
    while position < text.count, isNameByte(text[position]) { position += 1 }
    while position < text.count, text[position] == 0x20 || (0x09...0x0D) ~= text[position] {
      position += 1
    }
    guard position > Int(use), position < text.count, text[position] == UInt8(ascii: "(") else {
      return false
    }
    var depth = 0
    while position < Int(place) {
      if text[position] == UInt8(ascii: "(") { depth += 1 }
      if text[position] == UInt8(ascii: ")") { depth -= 1 }
      if depth == 0 { return false }
      position += 1
    }
    return true
  }

  private func isNameByte(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")) ~= byte
      || (UInt8(ascii: "a")...UInt8(ascii: "z")) ~= byte | 0x20
  }
}
