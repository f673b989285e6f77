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

  /// A place: offset of the spelling, whether that is in the main file, offset of the expansion.
  private struct Place {
    var spelling: UInt32
    var isInMain: Bool
    var expansion: UInt32
    var isMacro: Bool
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
      let used = bare(location["expansionLoc"] as? [String: Any] ?? [:])
      guard let written, let used else { return nil }
      return Place(
        spelling: written.offset, isInMain: written.isInMain, expansion: used.offset, isMacro: true)
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
    case "ParmVarDecl", "RecordDecl", "EnumDecl", "TypedefDecl", "BinaryConditionalOperator":
      isCode = false
    default: break
    }
    let inner = node["inner"] as? [[String: Any]] ?? []
    if isCode, let begin, begin.isInMain {
      note(kind, node, inner, begin)
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
        if let spelling = place?["spellingLoc"] as? [String: Any] { place = spelling }
        return (place?["offset"] as? Int).map { [UInt32($0)] } ?? []
      }
    }
  }
}

/// Differences between the lowering's reading of a unit and clang's own.
struct WitnessDifferences {
  private(set) var compared = 0
  /// One line for each difference.
  private(set) var lines: [String] = []

  /// Compares; `text` is the main file's.
  init(_ ours: Reading, _ witness: Witness, path: String, text: Data) {
    let theirs = witness.reading
    func line(_ offset: UInt32) -> String {
      "\(path):\(text.prefix(Int(offset)).count { $0 == 0x0A } + 1)"
    }
    // A cast is known by its place; several at one place are told apart by what they do.
    var missing = theirs.casts
    for cast in ours.casts {
      compared += 1
      let names = Self.names[cast.kind] ?? []
      let match = names.map {
        Witness.Cast(offset: cast.offset, isWritten: cast.isWritten, kind: $0)
      }.first { missing[$0, default: 0] > 0 }
      if let match {
        missing[match]? -= 1
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
    for list in Set(ours.lists).symmetricDifference(theirs.lists.keys) {
      lines.append("\(line(list.offset)): the list's leaves: \(list.leaves)")
    }
    for token in ours.macroTokens {
      compared += 1
      if theirs.places[token.spelling]?.contains(token.place) == true { continue }
      lines.append("\(line(token.spelling)): the place of what a macro makes: \(token.place)")
    }
    lines.sort()
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
