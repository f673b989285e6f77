// SPDX-License-Identifier: Apache-2.0

import IR

/// An object in memory, or a group of objects that the analysis does not tell apart.
struct Region: BitwiseCopyable, Hashable, Comparable, Codable, Sendable {
  var index: UInt32

  static func < (left: Region, right: Region) -> Bool { left.index < right.index }
}

/// An array inside a region that bounds the pointers made from it; 0 is none.
struct SubObject: BitwiseCopyable, Hashable, Sendable {
  var index: UInt32

  static let none = SubObject(index: 0)
}

/// What the analysis knows of a scalar.
enum AbstractValue: BitwiseCopyable, Hashable, Sendable {
  /// Nothing.
  case unknown
  /// An integer (or a pointer known as one: `NULL` is the constant 0).
  case number(LinearForm)
  /// A floating number, in units of 2⁻³⁰.
  case floating(LinearForm)
  /// An address: `offset` bytes into a region, inside an array that bounds it.
  case pointer(Region, offset: LinearForm, inside: SubObject, mayBeNull: Bool)
  /// The address of a function.
  case function(FunctionID)

  /// The integer `value`.
  static func constant(_ value: Int64) -> AbstractValue {
    .number(LinearForm(constant: value))
  }

  /// Bytes from the start of the object to where an address leads.
  var offset: LinearForm? {
    if case .pointer(_, let offset, _, _) = self { offset } else { nil }
  }

  /// The form of a number.
  var form: LinearForm? {
    if case .number(let form) = self { form } else { nil }
  }
}
