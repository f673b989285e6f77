// SPDX-License-Identifier: Apache-2.0

import IR

/// Builds modules by hand, one function at a time.
struct ModuleBuilder {
  var module = Module()
  let void: TypeID
  let int: TypeID
  let unsignedChar: TypeID
  let pointer: TypeID
  private var body = Body(end: OriginID(0))
  private let origin: OriginID

  init() {
    let symbol = module.symbols.intern("int")
    void = module.types.append(Type(kind: .void, size: 0, alignment: 1, name: symbol))
    int = module.types.append(
      Type(kind: .integer(width: 32, signed: true), size: 4, alignment: 4, name: symbol))
    unsignedChar = module.types.append(
      Type(kind: .integer(width: 8, signed: false), size: 1, alignment: 1, name: symbol))
    pointer = module.types.append(
      Type(kind: .pointer(pointee: int), size: 8, alignment: 8, name: symbol))
    let file = SourceFile(
      path: "hand.c", contentHash: [], isSystem: false, text: ContiguousArray("code\n".utf8))
    let id = module.files.append(file)
    let statement = module.statements.append(Statement(tokenHash: 0))
    origin = module.origins.append(
      Origin(
        file: id, start: 0, end: 4, point: 0, spellingFile: id, spelling: 0, statement: statement))
  }

  mutating func local(
    _ type: TypeID, named name: String = "x", isParameter: Bool = false
  ) -> LocalID {
    if isParameter { body.parameterCount += 1 }
    return body.locals.append(
      Local(
        name: module.symbols.intern(name), type: type, isParameter: isParameter,
        isAddressTaken: false, origin: origin))
  }

  @discardableResult
  mutating func add(_ operation: Operation, _ type: TypeID) -> ValueID {
    body.instructions.append(Instruction(operation: operation, type: type, origin: origin))
  }

  mutating func constant(_ value: Int64) -> ValueID { add(.constant(value), int) }

  mutating func call(_ function: FunctionID, _ arguments: [ValueID], _ type: TypeID) -> ValueID {
    let start = UInt32(body.operands.count)
    body.operands += arguments
    let id = body.calls.append(
      Call(
        callee: .function(function), signature: module.functions[function].signature,
        arguments: Slice(start: start, count: UInt32(arguments.count))))
    return add(.call(id), type)
  }

  /// Ends the block that holds all instructions since the last one.
  @discardableResult
  mutating func end(_ terminator: Terminator) -> BlockID {
    let start = body.blocks.rows.last.map { $0.instructions.indices.upperBound } ?? 0
    let count = UInt32(body.instructions.count - start)
    return body.blocks.append(
      Block(
        instructions: Slice(start: UInt32(start), count: count), terminator: terminator,
        origin: origin))
  }

  mutating func declare(
    _ name: String, _ result: TypeID, _ parameters: ContiguousArray<TypeID> = []
  ) -> FunctionID {
    let signature = module.signatures.append(
      Signature(result: result, parameters: parameters, isVariadic: false))
    let symbol = module.symbols.intern(name)
    return module.functions.append(
      Function(name: symbol, usr: symbol, signature: signature, attributes: [], origin: origin))
  }

  /// Gives a function all that was built since the last one.
  mutating func define(_ function: FunctionID) {
    module.functions[function].body = body
    body = Body(end: OriginID(0))
  }

  /// A `main` of what was built.
  mutating func defineMain() -> Module {
    define(declare("main", int))
    return module
  }
}
