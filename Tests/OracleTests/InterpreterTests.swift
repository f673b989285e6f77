// SPDX-License-Identifier: Apache-2.0

import Findings
import IR
import Interpreter
import Testing

/// The interpreter on modules made by hand: what it traps, what it counts, what an observer sees.
@Suite struct InterpreterTests {
  /// The trap's message, or the outcome.
  private func text(_ run: InterpreterRun) -> String {
    guard case .trapped(let trap) = run.outcome else { return "\(run.outcome)" }
    return trap.message
  }

  /// Runs `main` after `build` has made its only block and value.
  private func run(_ build: (inout ModuleBuilder) -> ValueID) -> InterpreterRun {
    var builder = ModuleBuilder()
    let value = build(&builder)
    builder.end(.returnValue(value))
    let module = builder.defineMain()
    #expect(module.validate().isEmpty, "\(module.validate())")
    return interpret(module)
  }

  @Test func returnsTheStatus() {
    let run = run { $0.constant(300) }
    #expect(run.outcome == .exited(44))
    #expect(run.steps == 2)
  }

  @Test func trapsSignedOverflow() {
    let run = run { builder in
      let left = builder.constant(2_147_483_647)
      let right = builder.constant(1)
      return builder.add(.binary(.add, left, right), builder.int)
    }
    #expect(text(run) == "overflows the signed 32-bit type: 2147483647 + 1")
  }

  @Test(arguments: [
    (BinaryOperator.divide, Int64(0), "divides 1 by zero"),
    (.remainder, 0, "divides 1 by zero"),
    (.shiftLeft, 32, "shifts a 32-bit value by 32"),
    (.shiftRight, -1, "shifts a 32-bit value by -1"),
  ])
  func trapsUndefinedArithmetic(_ operation: BinaryOperator, _ right: Int64, _ message: String) {
    let run = run { builder in
      let left = builder.constant(1)
      let right = builder.constant(right)
      return builder.add(.binary(operation, left, right), builder.int)
    }
    #expect(text(run) == message)
  }

  @Test func trapsUninitialisedRead() {
    let run = run { builder in
      let local = builder.local(builder.int)
      let address = builder.add(.local(local), builder.pointer)
      return builder.add(.load(address, isVolatile: false), builder.int)
    }
    #expect(
      text(run)
        == "reads 4 bytes at offset 0 of 'x' of 'main', 4 bytes long, that never got a value")
  }

  @Test(arguments: [(Int64(1), "offset 4"), (-1, "offset -4")])
  func trapsOutOfBounds(_ index: Int64, _ place: String) {
    let run = run { builder in
      let local = builder.local(builder.int)
      let base = builder.add(.local(local), builder.pointer)
      let index = builder.constant(index)
      let address = builder.add(.element(base: base, index: index, stride: 4), builder.pointer)
      builder.add(.store(address: address, value: index, isVolatile: false), builder.int)
      return index
    }
    #expect(text(run) == "writes 4 bytes at \(place) of 'x' of 'main', 4 bytes long")
  }

  @Test func trapsUseAfterScope() {
    let run = run { builder in
      let local = builder.local(builder.int)
      builder.add(.declare(local), builder.void)
      let address = builder.add(.local(local), builder.pointer)
      let value = builder.constant(5)
      builder.add(.store(address: address, value: value, isVolatile: false), builder.int)
      builder.add(.endScope(local), builder.void)
      return builder.add(.load(address, isVolatile: false), builder.int)
    }
    #expect(text(run) == "reads 4 bytes at offset 0 of 'x' of 'main', which is gone")
  }

  @Test func trapsNullAndStrayPointers() {
    for (bits, message) in [
      (Int64(0), "reads 4 bytes through a null pointer"),
      (0x1234_5678, "reads 4 bytes through a pointer to no object"),
    ] {
      let run = run { builder in
        let address = builder.add(.constant(bits), builder.pointer)
        return builder.add(.load(address, isVolatile: false), builder.int)
      }
      #expect(text(run) == message)
    }
  }

  @Test func namesTheTrapsPlaceAndCallers() throws {
    var builder = ModuleBuilder()
    let inner = builder.declare("inner", builder.int, [builder.int])
    let parameter = builder.local(builder.int, named: "n", isParameter: true)
    let address = builder.add(.local(parameter), builder.pointer)
    let value = builder.add(.load(address, isVolatile: false), builder.int)
    let zero = builder.constant(0)
    builder.end(.returnValue(builder.add(.binary(.divide, value, zero), builder.int)))
    builder.define(inner)
    let argument = builder.constant(7)
    builder.end(.returnValue(builder.call(inner, [argument], builder.int)))
    let run = interpret(builder.defineMain())
    guard case .trapped(let trap) = run.outcome else {
      Issue.record("\(run.outcome)")
      return
    }
    #expect(trap.description == "hand.c:1:1: trap: divides 7 by zero (in inner, called from main)")
  }

  @Test func endlessLoopRunsOutOfFuel() {
    var builder = ModuleBuilder()
    builder.end(.jump(BlockID(0)))
    let run = interpret(builder.defineMain(), options: InterpreterOptions(fuel: 1000))
    #expect(run.outcome == .outOfFuel)
    #expect(run.steps == 1000)
  }

  @Test func unknownFunctionIsNamed() {
    let run = run { builder in
      let function = builder.declare("launch", builder.int)
      return builder.call(function, [], builder.int)
    }
    #expect(text(run) == "calls 'launch', which is not defined here nor modelled")
  }

  private struct Recorder: ExecutionObserver {
    var values: [UInt64] = []
    var sizes: [UInt32] = []

    mutating func didExecute(_ step: ExecutionStep, memory: borrowing Memory) {
      values.append(step.value)
      if let (object, _) = memory.object(at: step.value) { sizes.append(object.size) }
    }
  }

  @Test func observerSeesEachValue() {
    var builder = ModuleBuilder()
    let local = builder.local(builder.unsignedChar)
    let address = builder.add(.local(local), builder.pointer)
    let value = builder.constant(-1)
    let narrow = builder.add(.cast(.truncate, value), builder.unsignedChar)
    builder.add(.store(address: address, value: narrow, isVolatile: false), builder.unsignedChar)
    builder.end(.returnValue(value))
    var recorder = Recorder()
    let run = interpret(builder.defineMain(), observer: &recorder)
    #expect(run.outcome == .exited(255))
    #expect(recorder.values.dropFirst() == [.max, 255, 0])
    #expect(recorder.sizes == [1])
  }
}
