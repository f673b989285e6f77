// SPDX-License-Identifier: Apache-2.0

import Findings
public import IR

/// What a program is run with.
public struct InterpreterOptions: Sendable {
  /// `argv`, the program's name first.
  public var arguments: [String]
  /// What the program reads from its standard input.
  public var input: ContiguousArray<UInt8>
  /// The files that it sees, by path.
  public var files: [String: ContiguousArray<UInt8>]
  /// Whether new objects are zero; else they hold no value, and to read them is a trap.
  ///
  /// Real programs copy such values where that is defined: not every indeterminate value is a trap
  /// representation (C11 3.19.2, 6.3.2.1p2).
  public var startsZeroed: Bool
  /// Instructions and block ends that may be executed.
  public var fuel: Int

  /// Makes options.
  public init(
    arguments: [String] = ["program"], input: ContiguousArray<UInt8> = [],
    files: [String: ContiguousArray<UInt8>] = [:], startsZeroed: Bool = false,
    fuel: Int = 500_000_000
  ) {
    self.arguments = arguments
    self.input = input
    self.files = files
    self.startsZeroed = startsZeroed
    self.fuel = fuel
  }
}

/// What came of a run.
public struct InterpreterRun: Sendable {
  /// How it ended.
  public var outcome: Outcome
  /// What was written to standard output.
  public var output: ContiguousArray<UInt8>
  /// What was written to standard error.
  public var errorOutput: ContiguousArray<UInt8>
  /// The files that are there at the end, by path.
  public var files: [String: ContiguousArray<UInt8>]
  /// Instructions and block ends that were executed.
  public var steps: Int
}

/// An executed instruction.
public struct ExecutionStep: BitwiseCopyable, Sendable {
  /// The function.
  public var function: FunctionID
  /// A number of this activation of the function, never used again in the run.
  public var activation: UInt64
  /// The instruction.
  public var instruction: ValueID
  /// The value that it yields: an integer extended by the sign of its type, an `Address`, or the
  /// bits of a `Double`; nothing of meaning where its type is `void`.
  public var value: UInt64
}

/// What watches a run, to compare it with what an analysis says.
public protocol ExecutionObserver {
  /// Is called after each instruction; after a call, when it has returned.
  mutating func didExecute(_ step: ExecutionStep, memory: borrowing Memory)
}

/// An observer that costs nothing.
public struct NoObserver: ExecutionObserver {
  /// Makes the observer.
  public init() {}

  /// Does nothing.
  public func didExecute(_ step: ExecutionStep, memory: borrowing Memory) {}
}

/// Runs the `main` of a module; a deterministic function of its arguments.
public func interpret(
  _ module: Module, options: InterpreterOptions = InterpreterOptions()
) -> InterpreterRun {
  var observer = NoObserver()
  return interpret(module, options: options, observer: &observer)
}

/// Runs the `main` of a module under the eyes of an observer.
public func interpret<Observer: ExecutionObserver>(
  _ module: Module, options: InterpreterOptions = InterpreterOptions(),
  observer: inout Observer
) -> InterpreterRun {
  var machine = Machine(module, options: options, observer: observer)
  let outcome = machine.runMain()
  observer = machine.observer
  return InterpreterRun(
    outcome: outcome, output: machine.output, errorOutput: machine.errorOutput,
    files: machine.files.files,
    steps: options.fuel - machine.fuel)
}
