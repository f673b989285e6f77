// SPDX-License-Identifier: Apache-2.0

public import Clang
import IR

/// What the lowering infers from libclang's tree because libclang does not say it: for comparison with
/// a witness that does.
///
/// Only what is written in the main file is noted. Offsets are those of the token's spelling.
public struct Reading: Hashable, Sendable {
  /// A conversion, written or implicit.
  public struct Cast: Hashable, Sendable {
    /// Offset of the first token.
    public var offset: UInt32
    /// Whether the program writes it.
    public var isWritten: Bool
    /// What it does: a case of `CastKind`, or `none` where no value changes, `void` or `function`.
    public var kind: String
  }

  /// A `for` statement.
  public struct Loop: Hashable, Sendable {
    /// Offset of its word.
    public var offset: UInt32
    /// The parts that it has, of `start condition step`.
    public var parts: String

    /// Makes a row.
    public init(offset: UInt32, parts: String) {
      self.offset = offset
      self.parts = parts
    }
  }

  /// A braced initialiser.
  public struct List: Hashable, Sendable {
    /// Offset of its brace.
    public var offset: UInt32
    /// Offsets of the expressions that initialise parts, in the order of the parts.
    public var leaves: [UInt32]

    /// Makes a row.
    public init(offset: UInt32, leaves: [UInt32]) {
      self.offset = offset
      self.leaves = leaves
    }
  }

  /// A name or number that a macro makes.
  public struct MacroToken: Hashable, Sendable {
    /// Offset of its spelling.
    public var spelling: UInt32
    /// Offset in the file of what the analysis calls its place.
    public var place: UInt32
  }

  /// Conversions.
  public var casts: [Cast] = []
  /// `for` statements.
  public var loops: [Loop] = []
  /// Braced initialisers.
  public var lists: [List] = []
  /// Tokens out of macros.
  public var macroTokens: [MacroToken] = []

  /// Reads a unit.
  public init(_ unit: consuming TranslationUnit, arguments: [String]) {
    var lowerer = Lowerer(
      unit: unit, arguments: arguments, options: LoweringOptions(root: "/"))
    self = lowerer.read()
  }

  fileprivate init() {}
}

extension Lowerer {
  fileprivate mutating func read() -> Reading {
    var reading = Reading()
    guard let main = unit.mainFile() else { return reading }
    for declaration in unit.fileScopeDeclarations() where unit.isInMainFile(declaration) {
      switch unit.kind(of: declaration) {
      case .functionDeclaration where unit.isDefinition(declaration):
        let id = function(declaration)
        let tree = unit.expand(declaration)
        code = FunctionCode(function: id, name: "", nodes: tree.index..<unit.end(of: tree).index)
        unit.adjustParameters(of: tree)
        for child in unit.children(of: tree) where unit.kind(of: child) == .compound {
          read(child, main, &reading)
        }
      case .variableDeclaration: readVariable(unit.expand(declaration), main, &reading)
      default: break
      }
    }
    return reading
  }

  private mutating func readVariable(_ node: Cursor, _ main: ClangFile, _ reading: inout Reading) {
    guard let value = unit.initializer(of: node) else { return }
    // The other children are bounds of arrays and parts of types.
    for child in unit.children(of: node) where unit.isSame(child, value) {
      read(child, main, &reading)
    }
  }

  private mutating func read(_ node: Cursor, _ main: ClangFile, _ reading: inout Reading) {
    guard let extent = unit.extent(of: node) else { return }
    let offset = extent.spelling.offset
    let isInMain = extent.spelling.file == main
    switch unit.kind(of: node) {
    case .variableDeclaration: return readVariable(node, main, &reading)
    case .typedefDeclaration, .structDeclaration, .unionDeclaration, .enumDeclaration: return
    case .for where isInMain:
      let parts = forParts(node)
      let names = [
        parts?.start.map { _ in "start" }, parts?.condition.map { _ in "condition" },
        parts?.step.map { _ in "step" },
      ]
      reading.loops.append(
        Reading.Loop(offset: offset, parts: names.compactMap(\.self).joined(separator: " ")))
    case .initializerList:
      let type = type(of: node)
      if isInMain, module.types[type].isAggregate {
        let leaves = sorted(self.leaves(of: node, type)).compactMap { leaf in
          unit.extent(of: leaf.node)?.spelling.offset
        }
        reading.lists.append(Reading.List(offset: offset, leaves: leaves))
      }
      return
    case .integerLiteral, .declarationReference:
      if isInMain, extent.start.file == main {
        reading.macroTokens.append(
          Reading.MacroToken(spelling: offset, place: extent.start.offset))
      }
    // Not evaluated, and so not lowered.
    case .sizeOrAlignment: return
    case .unexposedExpression where isBinaryConditional(node): return
    case .unexposedExpression, .explicitCast:
      if isInMain, let child = castOperand(node) {
        reading.casts.append(
          Reading.Cast(
            offset: offset, isWritten: unit.kind(of: node) == .explicitCast,
            kind: kind(ofCast: child, to: type(of: node))))
      }
    default: break
    }
    for child in unit.children(of: node) { read(child, main, &reading) }
  }

  /// Leaves in the order of their parts; of several for one part, the last.
  private func sorted(_ leaves: ContiguousArray<InitializerLeaf>) -> [InitializerLeaf] {
    var last: [ContiguousArray<PathStep>: Int] = [:]
    for (index, leaf) in leaves.enumerated() { last[leaf.path] = index }
    let kept = last.values.sorted().map { leaves[$0] }
    return kept.sorted { left, right in
      for (one, other) in zip(left.path, right.path) where one != other {
        return position(one) < position(other)
      }
      return left.path.count < right.path.count
    }
  }

  private func position(_ step: PathStep) -> UInt64 {
    switch step {
    case .field(let field): UInt64(field.index)
    case .index(let index): index
    }
  }

  private mutating func kind(ofCast child: Cursor, to shown: TypeID) -> String {
    // libclang shows the cast to a parameter with the type as the callee writes it (C11 6.7.6.3p7).
    let type =
      switch module.types[shown].kind {
      case .function: pointer(to: shown)
      case .array(let element, _), .unboundedArray(let element): pointer(to: element)
      default: shown
      }
    let (from, to) = (module.types[self.type(of: child)], module.types[type])
    switch (from.kind, to.kind) {
    case (_, .void): return "void"
    case (.array, .pointer), (.unboundedArray, .pointer): return "decay"
    // The name of a builtin has a type of its own.
    case (.function, _), (.unmodelled, .pointer): return "function"
    default: break
    }
    if self.type(of: child) == type { return "none" }
    return castKind(from, to).map { "\($0)" } ?? "unknown"
  }
}
