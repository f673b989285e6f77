// SPDX-License-Identifier: Apache-2.0

import IR

/// A value with the type that it was passed as.
struct Argument: BitwiseCopyable {
  var bits: UInt64
  var type: TypeID
}

extension Machine {
  /// Calls a function with a body from outside the program and runs it to its end.
  mutating func invoke(
    _ function: Int, _ arguments: ContiguousArray<UInt64>
  ) throws(Stop) -> UInt64 {
    let depth = frames.count
    try push(function, arguments, variadic: [], result: 0, isCalled: false)
    try run(above: depth)
    return returned
  }

  /// Calls the function at an address, as `qsort` calls its comparison.
  mutating func invoke(
    at address: Address, _ arguments: ContiguousArray<UInt64>
  ) throws(Stop) -> UInt64 {
    let function = try function(at: address)
    guard module.functions.rows[function].body != nil else {
      let signature = module.signatures[module.functions.rows[function].signature]
      let typed = ContiguousArray(
        zip(arguments, signature.parameters).map { Argument(bits: $0, type: $1) })
      return try callLibrary(function, typed, result: signature.result)
    }
    return try invoke(function, arguments)
  }

  func function(at address: Address) throws(Stop) -> Int {
    guard let (object, offset) = memory.object(at: address), object.kind == .function,
      offset == 0
    else { throw Stop.trap("calls through a pointer to no function") }
    return Int(object.owner)
  }

  /// Starts a call; yields whether a frame was pushed, else the result is in `returned`.
  mutating func begin(
    _ call: Call, _ body: Body, as instruction: Instruction
  ) throws(Stop) -> Bool {
    let frame = frames[frames.count - 1]
    let function: Int
    switch call.callee {
    case .function(let id): function = Int(id.index)
    case .indirect(let value): function = try self.function(at: register(value, frame))
    }
    guard let callee = module.functions.rows[function].body else {
      var arguments: ContiguousArray<Argument> = []
      for index in call.arguments.indices {
        let id = body.operands[index]
        arguments.append(
          Argument(bits: register(id, frame), type: body.instructions[id].type))
      }
      returned = try callLibrary(function, arguments, result: instruction.type)
      return false
    }
    let fixed = Int(callee.parameterCount)
    guard call.arguments.indices.count >= fixed else {
      throw Stop.trap(
        "calls '\(name(ofFunction: function))' with \(call.arguments.count) arguments for \(fixed)")
    }
    let isPrototyped = module.signatures[call.signature].parameters.count >= fixed
    var arguments: ContiguousArray<UInt64> = []
    arguments.reserveCapacity(fixed)
    var variadic: ContiguousArray<Argument> = []
    for index in call.arguments.indices {
      let id = body.operands[index]
      let bits = register(id, frame)
      if arguments.count < fixed {
        let type = callee.locals.rows[arguments.count].type
        guard agrees(body.instructions[id].type, with: type, isPrototyped: isPrototyped) else {
          throw Stop.trap(
            "calls '\(name(ofFunction: function))' with '\(typeName(body.instructions[id].type))'"
              + " for '\(typeName(type))'")
        }
        arguments.append(bits)
      } else {
        variadic.append(Argument(bits: bits, type: body.instructions[id].type))
      }
    }
    let result = call.resultObject.map { register($0, frame) } ?? 0
    try push(function, arguments, variadic: variadic, result: result, isCalled: true)
    return true
  }

  /// Whether an argument has the shape of its parameter (C11 6.5.2.2p9); without a prototype it may
  /// be wider, by the default promotions.
  private func agrees(_ argument: TypeID, with parameter: TypeID, isPrototyped: Bool) -> Bool {
    let argument = scalar(argument)
    let parameter = scalar(parameter)
    return switch parameter.shape {
    case .aggregate: argument.shape == .pointer || argument.shape == .aggregate
    case .pointer: argument.shape == .pointer
    case .floating:
      argument == parameter || (!isPrototyped && argument.shape == .floating)
    default:
      argument.isInteger && (argument.width == parameter.width || !isPrototyped)
    }
  }

  /// Makes the frame of a function and gives its parameters their values.
  private mutating func push(
    _ function: Int, _ arguments: ContiguousArray<UInt64>, variadic: ContiguousArray<Argument>,
    result: Address, isCalled: Bool
  ) throws(Stop) {
    guard let body = module.functions.rows[function].body, body.blocks.count > 0 else {
      throw Stop.trap("'\(name(ofFunction: function))' has no blocks")
    }
    guard frames.count < 200_000 else { throw Stop.trap("calls too deeply") }
    let mark = memory.stackMark
    let frame = Frame(
      function: function, activation: activations, next: 0, end: 0, block: BlockID(0),
      registers: registersTop, locals: localAddresses.count,
      base: try memory.takeStack(layouts[function].size), stackMark: mark, result: result,
      variadic: try makeVariadic(variadic), isCalled: isCalled)
    activations += 1
    registersTop += body.instructions.count
    if registersTop > registers.count {
      registers.append(
        contentsOf: repeatElement(0, count: max(registersTop - registers.count, registers.count)))
    }
    localAddresses.append(contentsOf: repeatElement(0, count: body.locals.count))
    frames.append(frame)
    for (index, bits) in arguments.enumerated() {
      try setParameter(index, bits, body.locals.rows[index].type, frame)
    }
    enter(BlockID(0), body)
  }

  private mutating func setParameter(
    _ index: Int, _ bits: UInt64, _ type: TypeID, _ frame: Frame
  ) throws(Stop) {
    let address = try makeLocal(LocalID(index), frame)
    let scalar = scalar(type)
    if scalar.shape == .aggregate {
      try memory.move(to: address, from: bits, Int(module.types[type].size))
    } else {
      try memory.store(address, scalar.canonical(bits), as: scalar)
    }
  }

  /// Ends the innermost function and hands its value to its caller.
  mutating func leave(returning value: UInt64?) throws(Stop) {
    guard let frame = frames.popLast() else { return }
    // A value that is not given must not be used, but for 'main' (C11 5.1.2.2.3).
    returned = value ?? 0
    for index in frame.locals..<localAddresses.count where localAddresses[index] != 0 {
      memory.end(localAddresses[index])
    }
    if frame.variadic != 0 { memory.end(frame.variadic) }
    localAddresses.removeLast(localAddresses.count - frame.locals)
    registersTop = frame.registers
    memory.releaseStack(to: frame.stackMark)
    guard frame.isCalled, let caller = frames.last,
      let body = module.functions.rows[caller.function].body
    else { return }
    finishCall(ValueID(caller.next - 1), body.instructions.rows[caller.next - 1])
  }

  // MARK: Variable arguments

  // A `va_list` holds, in its first 8 bytes, the address of the next entry of an object of the
  // system; an entry is the bits of the argument and its type.

  private mutating func makeVariadic(
    _ arguments: ContiguousArray<Argument>
  ) throws(Stop) -> Address {
    if arguments.isEmpty { return 0 }
    let object = try memory.allocate(.system, size: arguments.count * 16)
    for (index, argument) in arguments.enumerated() {
      try memory.store(object + UInt64(index * 16), 8, argument.bits)
      try memory.store(object + UInt64(index * 16 + 8), 8, UInt64(argument.type.index))
    }
    return object
  }

  mutating func startVariadic(_ list: Address, _ frame: Frame) throws(Stop) {
    // Without variable arguments the list is an empty one, so that reading it traps.
    let first = frame.variadic == 0 ? try memory.makeObject(.system, size: 0, base: 0) : 0
    try memory.store(list, 8, frame.variadic == 0 ? first : frame.variadic)
  }

  mutating func endVariadic(_ list: Address) throws(Stop) {
    let base = try memory.locate(list, 8, .write)
    memory.forget(base, 8)
  }

  mutating func nextVariadic(_ list: Address) throws(Stop) -> Argument {
    let entry = try memory.load(list, 8)
    guard let (object, offset) = memory.object(at: entry), object.kind == .system,
      offset + 16 <= Int(object.size)
    else { throw Stop.trap("reads more variable arguments than were passed") }
    let bits = try memory.load(entry, 8)
    let type = TypeID(Int(try memory.load(entry + 8, 8)))
    try memory.store(list, 8, entry + 16)
    return Argument(bits: bits, type: type)
  }

  mutating func nextVariadic(_ list: Address, as type: TypeID) throws(Stop) -> Argument {
    let argument = try nextVariadic(list)
    let passed = scalar(argument.type)
    let read = scalar(type)
    // 7.16.1.1p2: the types agree but for signedness, and `void *` reads any object pointer.
    let agree =
      read.isInteger
      ? passed.isInteger && passed.width == read.width : passed.shape == read.shape
    guard agree, read.shape != .floating || passed.width == read.width else {
      throw Stop.trap(
        "reads a variable argument of type '\(typeName(argument.type))' as '\(typeName(type))'")
    }
    return Argument(bits: read.canonical(argument.bits), type: type)
  }

  /// All that is left of a `va_list`.
  mutating func remainingVariadic(_ list: Address) throws(Stop) -> ContiguousArray<Argument> {
    var arguments: ContiguousArray<Argument> = []
    while let (object, offset) = memory.object(at: try memory.load(list, 8)),
      offset + 16 <= Int(object.size)
    {
      arguments.append(try nextVariadic(list))
    }
    return arguments
  }
}
