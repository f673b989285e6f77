// SPDX-License-Identifier: Apache-2.0

/// What a C type is, canonical and without qualifiers.
public enum TypeKind: BitwiseCopyable, Hashable, Sendable {
  /// `void`.
  case void
  /// `_Bool`: one byte that holds 0 or 1.
  case bool
  /// An integer, character or enumeration type of `width` bits in two's complement.
  case integer(width: UInt8, signed: Bool)
  /// A floating type of `width` bits: 16, 32, 64, or 80 for `long double` on x86 (128 elsewhere).
  case floating(width: UInt8)
  /// A pointer to an object type or to `void`, or to a function (then `pointee` is a `function`).
  case pointer(pointee: TypeID)
  /// An array of `count` elements.
  case array(element: TypeID, count: UInt64)
  /// An array without a constant bound: a flexible member, `extern int a[]`, or a VLA.
  case unboundedArray(element: TypeID)
  /// A struct or union.
  case record(RecordID)
  /// A function type.
  case function(SignatureID)
  /// A type that the lowering does not model (vectors, complex numbers, `va_list` on some targets).
  case unmodelled
}

/// A C type with its layout on the target.
public struct Type: BitwiseCopyable, Hashable, Sendable {
  /// What it is.
  public var kind: TypeKind
  /// `sizeof` in bytes; 0 for `void`, functions, incomplete and unbounded types.
  public var size: UInt64
  /// `_Alignof` in bytes; 1 where it is not known.
  public var alignment: UInt32
  /// The spelling as written in C, for messages.
  public var name: SymbolID

  /// Makes a type row.
  public init(kind: TypeKind, size: UInt64, alignment: UInt32, name: SymbolID) {
    self.kind = kind
    self.size = size
    self.alignment = alignment
    self.name = name
  }

  /// Whether it is `_Bool` or an integer type.
  public var isInteger: Bool {
    switch kind {
    case .bool, .integer: true
    default: false
    }
  }

  /// Whether it is a pointer type.
  public var isPointer: Bool {
    if case .pointer = kind { true } else { false }
  }

  /// Whether a value of it is an address of an object and never a value of its own.
  public var isAggregate: Bool {
    switch kind {
    case .record, .array, .unboundedArray: true
    default: false
    }
  }

  /// Width in bits of an integer type, 1 for `_Bool` and 64 for pointers of 8 bytes; else 0.
  public var width: Int {
    switch kind {
    case .bool: 1
    case .integer(let width, _): Int(width)
    case .pointer: Int(size) * 8
    default: 0
    }
  }

  /// Whether it is an integer type that holds negative values.
  public var isSigned: Bool {
    if case .integer(_, true) = kind { true } else { false }
  }
}

/// A struct or union with its layout.
public struct Record: Hashable, Sendable {
  /// The tag or typedef name; empty for an anonymous one.
  public var name: SymbolID
  /// Whether it is a union.
  public var isUnion: Bool
  /// `sizeof` in bytes; 0 while it is incomplete.
  public var size: UInt64
  /// Its members in the order of declaration, in `Module.fields`.
  public var fields: Slice

  /// Makes a record row.
  public init(name: SymbolID, isUnion: Bool, size: UInt64, fields: Slice) {
    self.name = name
    self.isUnion = isUnion
    self.size = size
    self.fields = fields
  }
}

/// A member of a struct or union.
public struct Field: Hashable, Sendable {
  /// Its name; empty for an anonymous struct or union member and for an unnamed bit-field.
  public var name: SymbolID
  /// Its type; for a bit-field the declared type.
  public var type: TypeID
  /// The record that declares it.
  public var record: RecordID
  /// Offset from the start of `record`, in bits.
  public var bitOffset: UInt64
  /// Width of a bit-field in bits; `nil` for an ordinary member.
  public var bitWidth: UInt8?
  /// The member of the same struct, or of one around it, that counts its elements; empty where its
  /// declaration names none.
  ///
  /// Of a flexible array it is what the attribute `counted_by` says (GCC manual, "Common Variable
  /// Attributes"; Clang, "Attributes in Clang").
  public var counter: SymbolID

  /// Makes a field row.
  public init(
    name: SymbolID, type: TypeID, record: RecordID, bitOffset: UInt64, bitWidth: UInt8? = nil,
    counter: SymbolID = SymbolTable.empty
  ) {
    self.name = name
    self.type = type
    self.record = record
    self.bitOffset = bitOffset
    self.bitWidth = bitWidth
    self.counter = counter
  }

  /// Offset from the start of the record, in bytes, rounded down for a bit-field.
  public var byteOffset: UInt64 { bitOffset / 8 }
}

/// A function type.
public struct Signature: Hashable, Sendable {
  /// The result; `void` where there is none.
  public var result: TypeID
  /// The parameters after adjustment (arrays and functions are pointers).
  public var parameters: ContiguousArray<TypeID>
  /// Whether more arguments may follow: `...`, or no prototype.
  public var isVariadic: Bool

  /// Makes a signature row.
  public init(result: TypeID, parameters: ContiguousArray<TypeID>, isVariadic: Bool) {
    self.result = result
    self.parameters = parameters
    self.isVariadic = isVariadic
  }
}
