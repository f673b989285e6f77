// SPDX-License-Identifier: Apache-2.0

/// What a declaration promises about a function.
public struct FunctionAttributes: OptionSet, BitwiseCopyable, Hashable, Sendable {
  /// The bits.
  public let rawValue: UInt16

  /// Makes a set of its bits.
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  /// Has internal linkage.
  public static let isStatic = FunctionAttributes(rawValue: 1)
  /// Does not return.
  public static let noReturn = FunctionAttributes(rawValue: 2)
  /// Returns memory that nothing else points to (`__attribute__((malloc))`).
  public static let allocates = FunctionAttributes(rawValue: 4)
  /// Never returns `NULL`.
  public static let returnsNonNull = FunctionAttributes(rawValue: 8)
  /// Is declared `inline`.
  public static let isInline = FunctionAttributes(rawValue: 16)
  /// Comes from a system header.
  public static let inSystemHeader = FunctionAttributes(rawValue: 32)
  /// Lies in source text with errors: what is known of it is not reliable.
  public static let hasErrors = FunctionAttributes(rawValue: 64)
}

/// `__attribute__((format(archetype, string, firstToCheck)))`.
public struct FormatAttribute: BitwiseCopyable, Hashable, Sendable {
  /// Whether it is of the `scanf` family, else of the `printf` family.
  public var isScan: Bool
  /// Position of the format string among the parameters, from 0.
  public var formatIndex: UInt8
  /// Position of the first argument that it consumes, from 0; `nil` where it takes a `va_list`.
  public var firstArgument: UInt8?

  /// Makes the attribute.
  public init(isScan: Bool, formatIndex: UInt8, firstArgument: UInt8?) {
    self.isScan = isScan
    self.formatIndex = formatIndex
    self.firstArgument = firstArgument
  }
}

/// A function, defined in this unit or only declared.
public struct Function: Hashable, Sendable {
  /// Its name.
  public var name: SymbolID
  /// The unified symbol resolution that names it across units (libclang's USR).
  public var usr: SymbolID
  /// Its type.
  public var signature: SignatureID
  /// What its declarations promise.
  public var attributes: FunctionAttributes
  /// `__attribute__((format))`, where it has one.
  public var format: FormatAttribute?
  /// Parameters of `__attribute__((alloc_size))`, from 0; one or two.
  public var allocationSize: ContiguousArray<UInt8>
  /// Bit n is set where argument n must not be `NULL`.
  public var nonNullArguments: UInt64
  /// The declaration's name in the source.
  public var origin: OriginID
  /// The code, where it is defined here.
  public var body: Body?

  /// Makes a function row without a body.
  public init(
    name: SymbolID, usr: SymbolID, signature: SignatureID, attributes: FunctionAttributes,
    origin: OriginID
  ) {
    self.name = name
    self.usr = usr
    self.signature = signature
    self.attributes = attributes
    self.format = nil
    self.allocationSize = []
    self.nonNullArguments = 0
    self.origin = origin
    self.body = nil
  }
}

/// A variable of automatic storage duration, a parameter, or a temporary of the lowering.
public struct Local: BitwiseCopyable, Hashable, Sendable {
  /// Its name; empty for a temporary.
  public var name: SymbolID
  /// Its type.
  public var type: TypeID
  /// Whether it is a parameter: those come first, in order, and hold their argument at entry.
  public var isParameter: Bool
  /// Whether its address is taken other than to load or store it whole: only then can anything but
  /// this function's own loads and stores change it.
  public var isAddressTaken: Bool
  /// Its name in the source.
  public var origin: OriginID

  /// Makes a local row.
  public init(
    name: SymbolID, type: TypeID, isParameter: Bool, isAddressTaken: Bool, origin: OriginID
  ) {
    self.name = name
    self.type = type
    self.isParameter = isParameter
    self.isAddressTaken = isAddressTaken
    self.origin = origin
  }
}

/// The code of a function: a control-flow graph over flat tables.
///
/// Every instruction belongs to one block and is used only where its block dominates. Block 0 is the
/// entry. Unreachable blocks may be present.
public struct Body: Hashable, Sendable {
  /// Parameters first, then variables and temporaries.
  public var locals: Table<Local>
  /// The number of parameters among `locals`.
  public var parameterCount: UInt32
  /// The blocks; 0 is the entry.
  public var blocks: Table<Block>
  /// The instructions of all blocks.
  public var instructions: Table<Instruction>
  /// Argument lists and other lists of values.
  public var operands: ContiguousArray<ValueID>
  /// The calls.
  public var calls: Table<Call>
  /// The switches.
  public var switches: Table<Switch>
  /// The cases of all switches.
  public var cases: ContiguousArray<SwitchCase>
  /// Targets of computed jumps.
  public var blockLists: ContiguousArray<BlockID>
  /// The closing brace.
  public var end: OriginID

  /// Makes an empty body.
  public init(end: OriginID) {
    locals = Table()
    parameterCount = 0
    blocks = Table()
    instructions = Table()
    operands = []
    calls = Table()
    switches = Table()
    cases = []
    blockLists = []
    self.end = end
  }

  /// Calls `visit` with each block that the end of `block` can lead to; a block may come twice.
  public func forEachSuccessor(of block: BlockID, _ visit: (BlockID) -> Void) {
    switch blocks[block].terminator {
    case .jump(let target): visit(target)
    case .branch(_, let then, let otherwise):
      visit(then)
      visit(otherwise)
    case .switch(let id):
      for index in switches[id].cases.indices { visit(cases[index].target) }
      visit(switches[id].defaultTarget)
    case .indirect(_, let targets):
      for index in targets.indices { visit(blockLists[index]) }
    case .returnVoid, .returnValue, .unreachable: break
    }
  }

  /// The values of a list.
  public func values(_ slice: Slice) -> ArraySlice<ValueID> {
    ArraySlice(operands[slice.indices])
  }
}

/// A scalar at an offset of a static initialiser.
public enum InitializerValue: BitwiseCopyable, Hashable, Sendable {
  /// An integer, or a pointer given as one.
  case integer(Int64)
  /// A floating constant by its bits as a `double`, so that a NaN equals itself and zeros of
  /// different signs differ.
  case floating(bits: UInt64)
  /// The address of a variable plus an offset in bytes.
  case global(GlobalID, offset: Int64)
  /// The address of a string literal plus an offset in bytes.
  case literal(LiteralID, offset: Int64)
  /// The bytes of a string literal, as the initialiser of an array.
  case bytes(LiteralID)
  /// The address of a function.
  case function(FunctionID)
  /// The address of a block of a function, from GNU `&&label`.
  case label(FunctionID, BlockID)
  /// A constant expression that the lowering does not model.
  case unknown
}

extension InitializerValue {
  /// A floating constant.
  public static func floating(_ value: Double) -> InitializerValue {
    .floating(bits: value.bitPattern)
  }
}

/// One cell of a static initialiser.
public struct InitializerCell: BitwiseCopyable, Hashable, Sendable {
  /// Offset from the start of the variable, in bytes.
  public var offset: UInt64
  /// The type of the cell.
  public var type: TypeID
  /// What it holds.
  public var value: InitializerValue
  /// For a bit-field, the field; `offset` is then that of its record.
  public var bitField: FieldID?

  /// Makes a cell.
  public init(offset: UInt64, type: TypeID, value: InitializerValue, bitField: FieldID? = nil) {
    self.offset = offset
    self.type = type
    self.value = value
    self.bitField = bitField
  }
}

/// A variable of static storage duration.
public struct Global: Hashable, Sendable {
  /// Its name.
  public var name: SymbolID
  /// The unified symbol resolution that names it across units (libclang's USR).
  public var usr: SymbolID
  /// Its type.
  public var type: TypeID
  /// Whether it has internal linkage or none (`static`).
  public var isStatic: Bool
  /// Whether the object is declared `const`.
  public var isConst: Bool
  /// Whether it is thread-local or `volatile`, so that its value may change unseen.
  public var isVolatile: Bool
  /// Whether this unit defines it (a tentative definition counts).
  public var isDefinition: Bool
  /// The cells of its initialiser by ascending offset; all other bytes are zero.
  ///
  /// `nil` where this unit does not define it.
  public var initializer: ContiguousArray<InitializerCell>?
  /// Its name in the source.
  public var origin: OriginID

  /// Makes a variable row.
  public init(
    name: SymbolID, usr: SymbolID, type: TypeID, isStatic: Bool, isConst: Bool, isVolatile: Bool,
    isDefinition: Bool, initializer: ContiguousArray<InitializerCell>?, origin: OriginID
  ) {
    self.name = name
    self.usr = usr
    self.type = type
    self.isStatic = isStatic
    self.isConst = isConst
    self.isVolatile = isVolatile
    self.isDefinition = isDefinition
    self.initializer = initializer
    self.origin = origin
  }
}

/// A function of a program of several modules.
public struct FunctionKey: Hashable, Sendable {
  /// Position of the module in the program.
  public var module: Int
  /// The function in that module.
  public var function: FunctionID

  /// Makes the name of a function.
  public init(module: Int, function: FunctionID) {
    self.module = module
    self.function = function
  }
}
