// SPDX-License-Identifier: Apache-2.0

/// An operator on two values of one type, or a shift.
///
/// The instruction's type says whether it works on signed, unsigned or floating values. Signed
/// overflow, division by zero and oversized shifts are undefined, as in C11 6.5.
/// The raw value is the stored form of a case and never changes; so in the enumerations below.
public enum BinaryOperator: UInt8, BitwiseCopyable, Hashable, Sendable {
  case add = 0
  case subtract = 1
  case multiply = 2
  case divide = 3
  case remainder = 4
  case shiftLeft = 5
  case shiftRight = 6
  case and = 7
  case or = 8
  case xor = 9
}

/// An operator on one value of the instruction's own type.
public enum UnaryOperator: UInt8, BitwiseCopyable, Hashable, Sendable {
  /// Arithmetic negation.
  case negate = 0
  /// Bitwise complement.
  case complement = 1
}

/// A relation between two operands of one type; signed, unsigned, pointer or floating by that type.
public enum Comparison: UInt8, BitwiseCopyable, Hashable, Sendable {
  case equal = 0
  case notEqual = 1
  case less = 2
  case lessOrEqual = 3
  case greater = 4
  case greaterOrEqual = 5
}

/// How a cast makes a value of the instruction's type out of its operand.
public enum CastKind: UInt8, BitwiseCopyable, Hashable, Sendable {
  /// Integer to a narrower integer: keeps the low bits.
  case truncate = 0
  /// Integer to a wider one, by the operand's sign bit.
  case signExtend = 1
  /// Integer to a wider one, with zeros.
  case zeroExtend = 2
  /// Integer to an integer of the same width and other signedness.
  case reinterpret = 3
  /// Any scalar to `_Bool`: whether it differs from zero.
  case toBool = 4
  /// Integer to floating, by the operand's signedness.
  case integerToFloating = 5
  /// Floating to integer, towards zero.
  case floatingToInteger = 6
  /// Floating to a floating type of another width.
  case floatingToFloating = 7
  /// Pointer to an integer of any width (truncating or extending from pointer width).
  case pointerToInteger = 8
  /// Integer to pointer.
  case integerToPointer = 9
  /// Pointer to a pointer of another type.
  case pointerCast = 10
  /// The address of an array to the address of its first element (C11 6.3.2.1p3).
  case decay = 11
}

/// What an instruction does.
///
/// Aggregates are never values: they are worked on through addresses.
/// The order of evaluation is the order of instructions. `&&`, `||`, `?:` and statement expressions
/// are control flow that meets in a temporary local.
public enum Operation: BitwiseCopyable, Hashable, Sendable {
  // MARK: Constants and addresses

  /// An integer constant of the instruction's integer type (bits above its width repeat its sign;
  /// an unsigned 64-bit one is stored as the same bits), or a pointer constant such as `NULL`.
  case constant(Int64)
  /// The size of a pointer type that `sizeof` measures of an expression.
  ///
  /// Sizes of everything else, and of types that are written out, are constants.
  case pointerSize(of: TypeID)
  /// A floating constant by its bits as a `double`, so that a NaN equals itself and zeros of
  /// different signs differ.
  case floating(bits: UInt64)
  /// The address of a string literal's array.
  case literal(LiteralID)
  /// The address of a local.
  case local(LocalID)
  /// The address of a variable of static storage duration.
  case global(GlobalID)
  /// The address of a function.
  case function(FunctionID)
  /// The address of a block, from GNU `&&label`.
  case block(BlockID)
  /// The address of the object that a function of aggregate type fills for its caller.
  case resultAddress
  /// The address of a member of the record at `base`; for a bit-field the record itself is meant.
  case field(base: ValueID, field: FieldID)
  /// `base` moved by `index * stride` bytes. `index` is any integer value, taken by the sign of its
  /// own type; `p - i` has a negative stride.
  case element(base: ValueID, index: ValueID, stride: Int32)
  /// The same where the element is a VLA: `stride` is a value in bytes.
  case dynamicElement(base: ValueID, index: ValueID, stride: ValueID)

  // MARK: Memory

  /// Reads a scalar of the instruction's type.
  case load(ValueID, isVolatile: Bool)
  /// Writes the scalar `value`, of the instruction's type, to `address`.
  case store(address: ValueID, value: ValueID, isVolatile: Bool)
  /// Reads a bit-field of the record at `base`; the result has the field's declared type.
  case loadBits(base: ValueID, field: FieldID)
  /// Writes a bit-field of the record at `base`; the value has the field's declared type.
  case storeBits(base: ValueID, field: FieldID, value: ValueID)
  /// Copies `bytes` bytes between objects that are the same or do not overlap: struct assignment.
  case copy(destination: ValueID, source: ValueID, bytes: UInt32)
  /// Sets `bytes` bytes to zero: the start of an initialiser.
  case zero(address: ValueID, bytes: UInt32)
  /// Begins the lifetime of a local; its bytes are indeterminate from here.
  case declare(LocalID)
  /// Begins the lifetime of a variable length array of `bytes` bytes.
  case declareArray(LocalID, bytes: ValueID)
  /// Ends the lifetime of a local.
  case endScope(LocalID)

  // MARK: Arithmetic

  /// `left op right`; both have the instruction's type, but the right side of a shift has its own.
  case binary(BinaryOperator, ValueID, ValueID)
  /// `op value`.
  case unary(UnaryOperator, ValueID)
  /// 1 where the relation holds, else 0, of the instruction's type (`int`).
  case compare(Comparison, ValueID, ValueID)
  /// A conversion to the instruction's type.
  case cast(CastKind, ValueID)
  /// The distance of two pointers in elements of `stride` bytes.
  case pointerDifference(ValueID, ValueID, stride: UInt32)

  // MARK: Calls and the rest

  /// A call; its value is the result where that is a scalar.
  case call(CallID)
  /// `va_start` on the `va_list` at an address.
  case vaStart(ValueID)
  /// `va_arg` on the `va_list` at an address; reads a scalar of the instruction's type.
  case vaArgument(ValueID)
  /// `va_end`.
  case vaEnd(ValueID)
  /// `va_copy`.
  case vaCopy(destination: ValueID, source: ValueID)
  /// Inline assembly: may write every object whose address is among the operands.
  case assembly(operands: Slice)
  /// A construct that is not modelled: its value is unknown, and it may write every object whose
  /// address is among the operands. The cause is a short word that the ledger counts.
  case unknown(cause: SymbolID, operands: Slice)
}

extension Operation {
  /// A floating constant.
  public static func floating(_ value: Double) -> Operation { .floating(bits: value.bitPattern) }
}

/// One step of a function, and the value that it yields.
public struct Instruction: BitwiseCopyable, Hashable, Sendable {
  /// What it does.
  public var operation: Operation
  /// The type of the value that it yields (for a store, of the value that it writes); `void` else.
  public var type: TypeID
  /// The source text that it comes from.
  public var origin: OriginID

  /// Makes an instruction row.
  public init(operation: Operation, type: TypeID, origin: OriginID) {
    self.operation = operation
    self.type = type
    self.origin = origin
  }
}

/// How a basic block ends.
public enum Terminator: BitwiseCopyable, Hashable, Sendable {
  /// Goes on in another block.
  case jump(BlockID)
  /// Goes to `then` where the scalar `condition` differs from zero, else to `otherwise`.
  case branch(condition: ValueID, then: BlockID, otherwise: BlockID)
  /// Goes to the block of the first case that holds the value.
  case `switch`(SwitchID)
  /// Goes to the block whose address is the value: GNU computed `goto`. `targets` are rows of
  /// `Body.blockLists`.
  case indirect(ValueID, targets: Slice)
  /// Returns without a scalar value.
  case returnVoid
  /// Returns a scalar.
  case returnValue(ValueID)
  /// Is never reached: after a call that does not return, `__builtin_unreachable`.
  case unreachable
}

/// A straight run of instructions with one exit.
public struct Block: BitwiseCopyable, Hashable, Sendable {
  /// Its instructions, consecutive rows of `Body.instructions`.
  public var instructions: Slice
  /// How it ends.
  public var terminator: Terminator
  /// The source text of the end: the condition of a branch, the `return` statement, else the last
  /// statement.
  public var origin: OriginID

  /// Makes a block row.
  public init(instructions: Slice, terminator: Terminator, origin: OriginID) {
    self.instructions = instructions
    self.terminator = terminator
    self.origin = origin
  }
}

/// Whom a call goes to.
public enum Callee: BitwiseCopyable, Hashable, Sendable {
  /// A function by its name. Compiler builtins go by the library name (`__builtin_memcpy` and
  /// `__builtin___memcpy_chk` are `memcpy` with its own arguments).
  case function(FunctionID)
  /// A function by its address.
  case indirect(ValueID)
}

/// A call of a function.
public struct Call: BitwiseCopyable, Hashable, Sendable {
  /// Whom it goes to.
  public var callee: Callee
  /// The type that it is called through.
  public var signature: SignatureID
  /// The arguments after conversion and promotion, rows of `Body.operands`.
  ///
  /// An aggregate argument is the address of a copy that belongs to the callee.
  public var arguments: Slice
  /// The address of the object that receives an aggregate result.
  public var resultObject: ValueID?

  /// Makes a call row.
  public init(
    callee: Callee, signature: SignatureID, arguments: Slice, resultObject: ValueID? = nil
  ) {
    self.callee = callee
    self.signature = signature
    self.arguments = arguments
    self.resultObject = resultObject
  }
}

/// A range of case labels and where it leads.
public struct SwitchCase: BitwiseCopyable, Hashable, Sendable {
  /// The first value, of the type of the switched value.
  public var low: Int64
  /// The last value; `low` but for GNU case ranges.
  public var high: Int64
  /// The block of the label.
  public var target: BlockID

  /// Makes a case row.
  public init(low: Int64, high: Int64, target: BlockID) {
    self.low = low
    self.high = high
    self.target = target
  }
}

/// A `switch`.
public struct Switch: BitwiseCopyable, Hashable, Sendable {
  /// The value after promotion.
  public var value: ValueID
  /// The cases, rows of `Body.cases`; they do not overlap.
  public var cases: Slice
  /// Where values without a case go.
  public var defaultTarget: BlockID

  /// Makes a switch row.
  public init(value: ValueID, cases: Slice, defaultTarget: BlockID) {
    self.value = value
    self.cases = cases
    self.defaultTarget = defaultTarget
  }
}
