// SPDX-License-Identifier: Apache-2.0

import Findings
import IR

/// An active function.
struct Frame: BitwiseCopyable {
  var function: Int
  /// A number of this activation.
  var activation: UInt64
  /// The instruction to execute next, and the end of its block.
  var next: Int
  var end: Int
  var block: BlockID
  /// Where its values start in `Machine.registers`.
  var registers: Int
  /// Where the addresses of its locals start in `Machine.localAddresses`.
  var locals: Int
  /// Where its locals lie in the arena.
  var base: Int
  /// The stack to return to.
  var stackMark: Int
  /// The object that receives an aggregate result.
  var result: Address
  /// The object that holds the variable arguments, 0 where there is none.
  var variadic: Address
  /// Whether a call instruction of the frame below waits for the result.
  var isCalled: Bool
}

/// Where the locals of a function lie in its frame.
struct FrameLayout {
  var offsets: ContiguousArray<Int> = []
  var size = 0
}

/// A running program.
struct Machine<Observer: ExecutionObserver>: ~Copyable {
  let module: Module
  let options: InterpreterOptions
  var observer: Observer

  /// How values of each type are held, by `TypeID`.
  let scalars: ContiguousArray<Scalar>
  /// The frame of each function, by `FunctionID`.
  let layouts: ContiguousArray<FrameLayout>
  /// What the interpreter knows of functions without a body, by `FunctionID`.
  let library: ContiguousArray<LibraryFunction?>

  var memory: Memory
  var functionAddresses: ContiguousArray<Address> = []
  var labelAddresses: ContiguousArray<Address> = []
  var globalAddresses: ContiguousArray<Address> = []
  var literalAddresses: ContiguousArray<Address> = []

  var frames: ContiguousArray<Frame> = []
  var registers = ContiguousArray<UInt64>(repeating: 0, count: 1024)
  var registersTop = 0
  var localAddresses: ContiguousArray<Address> = []
  var activations: UInt64 = 0
  /// The instruction being executed, and the origin that a trap should name.
  var origin: OriginID?
  /// The value that the last function returned.
  var returned: UInt64 = 0

  var output: ContiguousArray<UInt8> = []
  var errorOutput: ContiguousArray<UInt8> = []
  var files: FileSystem
  /// Bytes written to files and streams.
  var fileBytes = 0
  var fuel: Int
  var environment = LibraryState()

  init(_ module: Module, options: InterpreterOptions, observer: Observer) {
    self.module = module
    self.options = options
    self.observer = observer
    memory = Memory(startsZeroed: options.startsZeroed)
    fuel = options.fuel
    files = FileSystem(options.files, input: options.input)
    scalars = ContiguousArray(
      module.types.rows.map { Scalar($0, pointerSize: module.pointerSize) })
    layouts = ContiguousArray(
      module.functions.rows.map { Self.layout(of: $0, types: module.types) })
    library = ContiguousArray(
      module.functions.rows.map {
        $0.body == nil ? LibraryFunction(name: module.symbols[$0.name]) : nil
      })
  }

  private static func layout(of function: Function, types: Table<Type>) -> FrameLayout {
    var layout = FrameLayout()
    guard let body = function.body else { return layout }
    for local in body.locals.rows {
      layout.offsets.append(layout.size)
      layout.size += (Int(types[local.type].size) + 15) & ~15
    }
    return layout
  }

  func scalar(_ type: TypeID) -> Scalar { scalars[Int(type.index)] }

  // MARK: Start and end

  /// Sets up memory, runs `main`, and says how it ended.
  mutating func runMain() -> Outcome {
    do throws(Stop) {
      let main = try startProgram()
      let status = try invoke(main.function, main.arguments)
      return .exited(UInt8(truncatingIfNeeded: status))
    } catch {
      return outcome(of: error)
    }
  }

  private mutating func startProgram() throws(Stop) -> (
    function: Int, arguments: ContiguousArray<UInt64>
  ) {
    guard module.pointerSize == 8 else {
      throw Stop.trap("needs 8-byte pointers, this target has \(module.pointerSize)")
    }
    try makeStaticObjects()
    let main = module.functions.rows.firstIndex {
      $0.body != nil && module.symbols[$0.name] == "main"
    }
    guard let main, let body = module.functions.rows[main].body else {
      throw Stop.trap("has no function 'main' with a body")
    }
    let arguments = try makeArguments()
    return (main, ContiguousArray(arguments.prefix(Int(body.parameterCount))))
  }

  /// Makes `argc`, `argv` and an empty environment.
  private mutating func makeArguments() throws(Stop) -> ContiguousArray<UInt64> {
    let count = options.arguments.count
    let vector = try memory.allocate(.system, size: (count + 1) * 8)
    for (index, argument) in options.arguments.enumerated() {
      let text = ContiguousArray(argument.utf8)
      let string = try memory.allocate(.system, size: text.count + 1)
      try write(text, to: string, terminated: true)
      try memory.store(vector + UInt64(index * 8), 8, string)
    }
    try memory.store(vector + UInt64(count * 8), 8, 0)
    let environment = try memory.allocate(.system, size: 8)
    try memory.store(environment, 8, 0)
    return [UInt64(count), vector, environment]
  }

  private func outcome(of stop: Stop) -> Outcome {
    switch stop {
    case .exit(let status): .exited(UInt8(truncatingIfNeeded: status))
    case .abort: .aborted
    case .outOfFuel: .outOfFuel
    case .trap(let message): .trapped(trap(message))
    case .access(let fault): .trapped(trap(describe(fault)))
    case .file(let number): .trapped(trap(message(ofError: UInt64(number.rawValue))))
    }
  }

  private func trap(_ message: String) -> Trap {
    Trap(
      message: message, location: origin.map { module.location(of: $0) },
      callers: frames.reversed().prefix(8).map { name(ofFunction: $0.function) })
  }

  // MARK: Names for messages

  func name(ofFunction index: Int) -> String {
    module.symbols[module.functions.rows[index].name]
  }

  func typeName(_ type: TypeID) -> String { module.symbols[module.types[type].name] }

  private func describe(_ fault: AccessFault) -> String {
    let action = "\(fault.action.rawValue)\(fault.count > 0 ? " \(fault.count) bytes" : "")"
    let row = Memory.row(of: fault.address)
    let object = memory.objects[row < memory.objects.count ? row : 0]
    let offset = Memory.offset(of: fault.address)
    let place = "at offset \(offset) of \(describe(object)), \(object.size) bytes long"
    switch fault.cause {
    case .null: return "\(action) through a null pointer"
    case .wild: return "\(action) through a pointer to no object"
    case .dead: return "\(action) at offset \(offset) of \(describe(object)), which is gone"
    case .outOfBounds: return "\(action) \(place)"
    case .readOnly: return "\(action) \(place), which is constant"
    case .uninitialised: return "\(action) \(place), that never got a value"
    case .notData: return "\(action) at \(describe(object))"
    }
  }

  private func describe(_ object: MemoryObject) -> String {
    let owner = Int(object.owner)
    switch object.kind {
    case .global: return "'\(module.symbols[module.globals.rows[owner].name])'"
    case .literal: return "a string literal"
    case .heap: return "an allocated block"
    case .system: return "an object of the system"
    case .function: return "the function '\(name(ofFunction: owner))'"
    case .label: return "a label of '\(name(ofFunction: owner))'"
    case .stream: return "a stream"
    case .local:
      guard let body = module.functions.rows[owner].body else { return "a local" }
      let name = module.symbols[body.locals.rows[Int(object.part)].name]
      let text = name.isEmpty ? "a temporary" : "'\(name)'"
      return "\(text) of '\(self.name(ofFunction: owner))'"
    }
  }
}
