// SPDX-License-Identifier: Apache-2.0

// What a library function does, as data. The analysis knows these few kinds of effects and no
// function by name; `Models` holds the table of names.

/// A number of bytes or elements in the terms of a call.
public enum ModelSize: Hashable, Sendable {
  /// The value of an argument, from 0.
  case argument(Int)
  /// The product of two arguments.
  case product(Int, Int)
  /// A constant.
  case constant(Int64)
}

/// Which functions `unsafe-function` speaks of, by what they lack.
public enum UnsafeKind: String, Hashable, Sendable {
  /// No bound can be given at all: `gets`.
  case unbounded
  /// Copies or formats without regard to the destination's size.
  case unchecked
}

/// One thing that a call does, in the order of the model.
public enum ModelEffect: Hashable, Sendable {
  /// Writes that many bytes at an argument.
  case write(Int, ModelSize)
  /// Reads that many bytes at an argument.
  case read(Int, ModelSize)
  /// Takes an argument as a string, up to its terminator.
  case string(Int)
  /// Copies bytes: destination, source, count.
  case copy(Int, Int, ModelSize)
  /// Sets bytes: destination, the argument with the byte, count.
  case fill(Int, Int, ModelSize)
  /// `strcpy`: destination, source.
  case copyString(Int, Int)
  /// `strcat`: destination, source.
  case appendString(Int, Int)
  /// `strncpy`: destination, source, count.
  case copyBounded(Int, Int, ModelSize)
  /// `strncat`: destination, source, count.
  case appendBounded(Int, Int, ModelSize)
  /// Leaves a string that fits into that many bytes, terminator included: `snprintf`, `fgets`.
  case terminate(Int, ModelSize)
  /// Fills with up to that many bytes from outside, which promise no terminator: `read`.
  case external(Int, ModelSize)
  /// Prints by a format: the format's argument, the first one that it consumes; -1 for a `va_list`.
  case print(format: Int, first: Int)
  /// Prints by a format into an argument without a bound.
  case printInto(Int, format: Int, first: Int)
  /// Scans by a format: the format's argument, the first one that it fills.
  case scan(format: Int, first: Int)
  /// Is on the list of `unsafe-function`; the destination's argument.
  case unsafe(UnsafeKind, Int)
  /// Ends the lifetime of what an argument points to: `free`.
  case release(Int)
  /// May change what an argument points to.
  case clobber(Int)
}

/// What a call returns.
public enum ModelResult: Hashable, Sendable {
  /// A value of the result type.
  case unknown
  /// An argument as it is.
  case argument(Int)
  /// A pointer into the string at an argument, or `NULL`.
  case within(Int)
  /// The length of the string at an argument.
  case length(Int)
  /// The length of the string at an argument, or the limit where that is less: `strnlen`.
  case lengthUpTo(Int, ModelSize)
  /// From 0 to that many, or -1 where it can fail.
  case upTo(ModelSize, canFail: Bool)
  /// New memory of that many bytes, or `NULL`.
  case memory(ModelSize, isZeroed: Bool)
  /// A string of at most that many characters, such as the text of an address.
  case text(Int)
  /// New memory with a copy of the string at an argument, or `NULL`.
  case duplicate(Int)
}

/// What a function does that has no body here.
public struct FunctionModel: Hashable, Sendable {
  /// The name.
  public var name: String
  /// What it does to memory; nothing else is written.
  public var effects: [ModelEffect]
  /// What it returns.
  public var result: ModelResult

  /// Makes a model.
  public init(name: String, effects: [ModelEffect], result: ModelResult) {
    self.name = name
    self.effects = effects
    self.result = result
  }
}

/// Models by name.
public struct ModelTable: Sendable {
  private var models: [String: FunctionModel]

  /// Makes a table; a later model of a name replaces an earlier one.
  public init(_ models: [FunctionModel]) {
    self.models = [:]
    for model in models { self.models[model.name] = model }
  }

  /// The model of a name.
  public subscript(name: String) -> FunctionModel? { models[name] }
}
