// SPDX-License-Identifier: Apache-2.0

@testable import IR

/// A small module, made by hand, that has a row of every kind: every operation with every operator,
/// every end of a block, every kind of type and of initialiser.
///
/// It obeys the rules that the reader checks; what the code does makes no sense.
struct SampleModule {
  var module = Module()
  private var body = Body(end: OriginID(index: 2))
  private var int = TypeID(index: 0)
  private let origin = OriginID(index: 1)

  /// The module.
  static let module: Module = {
    var sample = SampleModule()
    sample.addPlaces()
    sample.addTypes()
    sample.addFunctions()
    sample.addGlobals()
    return sample.module
  }()

  private mutating func symbol(_ name: String) -> SymbolID { module.symbols.intern(name) }

  // MARK: Places

  private mutating func addPlaces() {
    let hash = ContiguousArray<UInt8>((0..<32).map { $0 &* 7 })
    for (path, text, isSystem) in [
      ("source.c", "int f(void)\n{\n  return 0; /* ü */\n}\n", false), ("include/a.h", "", true),
      ("include/b.h", "#define M 1\n", false),
    ] {
      _ = module.files.append(
        SourceFile(
          path: path, contentHash: hash, isSystem: isSystem, text: ContiguousArray(text.utf8)))
    }
    module.mainFile = FileID(index: 0)
    for hash: UInt64 in [0, .max, 0x0123_4567_89AB_CDEF] {
      _ = module.statements.append(Statement(tokenHash: hash))
    }
    let places: [(file: Int, start: UInt32, point: UInt32, spelling: (Int, UInt32), Int)] = [
      (0, 0, 0, (0, 0), 0), (0, 12, 14, (0, 12), 1), (0, 14, 14, (2, 8), 1), (2, 3, 4, (2, 8), 2),
      (0, 20, 20, (0, 21), 0),
    ]
    for (file, start, point, spelling, statement) in places {
      _ = module.origins.append(
        Origin(
          file: FileID(file), start: start, end: point + 2, point: point,
          spellingFile: FileID(spelling.0), spelling: spelling.1, statement: StatementID(statement))
      )
    }
    module.directives = [
      Directive(file: FileID(index: 0), line: 3, endLine: 4, text: "prgate:allow(x) ü")
    ]
    for (bytes, size) in [([104, 105, 0], 1), ([1, 0, 0, 0], 2), ([], 4)] as [([UInt8], UInt8)] {
      _ = module.literals.append(Literal(bytes: ContiguousArray(bytes), elementSize: size))
    }
  }

  // MARK: Types

  private mutating func addTypes() {
    _ = add(.void, 0)
    _ = add(.bool, 1)
    int = add(.integer(width: 32, signed: true), 4)
    _ = add(.integer(width: 64, signed: false), 8)
    _ = add(.floating(width: 80), 16)
    let record = add(.record(RecordID(index: 0)), 16)
    let pointer = add(.pointer(pointee: record), 8)
    _ = add(.array(element: int, count: 1 << 40), 4 << 40)
    _ = add(.unboundedArray(element: record), 0)
    _ = add(.function(SignatureID(index: 1)), 0)
    _ = add(.record(RecordID(index: 1)), 0)
    _ = add(.unmodelled, 3)
    module.records.rows = [
      Record(name: symbol("s"), isUnion: false, size: 16, fields: Slice(start: 0, count: 2)),
      Record(name: .init(index: 0), isUnion: true, size: 0, fields: .empty),
    ]
    module.fields.rows = [
      Field(name: symbol("next"), type: pointer, record: RecordID(index: 0), bitOffset: 0),
      Field(
        name: symbol("bits"), type: int, record: RecordID(index: 0), bitOffset: 67, bitWidth: 3,
        counter: symbol("next")),
    ]
    module.signatures.rows = [
      Signature(result: int, parameters: [], isVariadic: false),
      Signature(result: record, parameters: [int, pointer], isVariadic: true),
    ]
  }

  private mutating func add(_ kind: TypeKind, _ size: UInt64) -> TypeID {
    module.types.append(
      Type(kind: kind, size: size, alignment: 1 << 4, name: symbol("type \(module.types.count)")))
  }

  // MARK: Functions

  private mutating func addFunctions() {
    for (index, signature) in [SignatureID(index: 0), SignatureID(index: 1)].enumerated() {
      var row = Function(
        name: symbol("f\(index)"), usr: symbol("c:@F@f\(index)"), signature: signature,
        attributes: index == 0 ? [] : [.isStatic, .hasErrors], origin: origin)
      if index == 1 {
        row.format = FormatAttribute(isScan: true, formatIndex: 1, firstArgument: 2)
        row.allocationSize = [0, 1]
        row.nonNullArguments = 1 << 63
      }
      _ = module.functions.append(row)
    }
    module.functions[FunctionID(index: 0)].format = FormatAttribute(
      isScan: false, formatIndex: 0, firstArgument: nil)
    addLocals()
    addConstants()
    addMemory()
    addArithmetic()
    addCalls()
    addEnds()
    module.functions[FunctionID(index: 1)].body = body
  }

  private mutating func addLocals() {
    for (index, name) in ["p", "q", ""].enumerated() {
      _ = body.locals.append(
        Local(
          name: symbol(name), type: int, isParameter: index < 2, isAddressTaken: index > 0,
          origin: origin))
    }
    body.parameterCount = 2
  }

  @discardableResult
  private mutating func add(_ operation: Operation) -> ValueID {
    let id = body.instructions.append(
      Instruction(
        operation: operation, type: int,
        origin: OriginID(body.instructions.count % module.origins.count)))
    return id
  }

  private let value = ValueID(index: 0)
  private let other = ValueID(index: 5)

  private mutating func addConstants() {
    for constant: Int64 in [0, 1, -1, 64, .min, .max] { add(.constant(constant)) }
    for constant in [0.5, -.infinity, .greatestFiniteMagnitude] { add(.floating(constant)) }
    add(.literal(LiteralID(index: 2)))
    add(.local(LocalID(index: 2)))
    add(.global(GlobalID(index: 1)))
    add(.function(FunctionID(index: 1)))
    add(.block(BlockID(index: 3)))
    add(.resultAddress)
  }

  private mutating func addMemory() {
    add(.field(base: value, field: FieldID(index: 1)))
    add(.element(base: value, index: other, stride: .min))
    add(.dynamicElement(base: value, index: other, stride: value))
    for isVolatile in [false, true] {
      add(.load(other, isVolatile: isVolatile))
      add(.store(address: value, value: other, isVolatile: isVolatile))
    }
    add(.loadBits(base: value, field: FieldID(index: 1)))
    // A later value: allowed where blocks are not in the order of dominance.
    add(.storeBits(base: ValueID(index: 40), field: FieldID(index: 1), value: other))
    add(.copy(destination: value, source: other, bytes: .max))
    add(.zero(address: other, bytes: 16))
    add(.declare(LocalID(index: 0)))
    add(.declareArray(LocalID(index: 2), bytes: other))
    add(.endScope(LocalID(index: 1)))
  }

  private mutating func addArithmetic() {
    for raw in UInt8.min ... .max {
      if let operation = BinaryOperator(rawValue: raw) { add(.binary(operation, value, other)) }
      if let operation = UnaryOperator(rawValue: raw) { add(.unary(operation, other)) }
      if let relation = Comparison(rawValue: raw) { add(.compare(relation, other, value)) }
      if let kind = CastKind(rawValue: raw) { add(.cast(kind, value)) }
    }
    add(.pointerDifference(value, other, stride: 12))
    add(.pointerSize(of: TypeID(index: 0)))
  }

  private mutating func addCalls() {
    for (index, object) in [nil, other].enumerated() {
      for callee in [Callee.function(FunctionID(index: 0)), .indirect(other)] {
        let call = body.calls.append(
          Call(
            callee: callee, signature: SignatureID(index), arguments: list(), resultObject: object))
        add(.call(call))
      }
    }
    add(.vaStart(value))
    add(.vaArgument(value))
    add(.vaEnd(value))
    add(.vaCopy(destination: value, source: other))
    add(.assembly(operands: list()))
    add(.unknown(cause: symbol("cause"), operands: .empty))
  }

  private mutating func list() -> Slice {
    body.operands += [ValueID(index: 30), value]
    return Slice(start: UInt32(body.operands.count - 2), count: 2)
  }

  private mutating func addEnds() {
    body.cases = [
      SwitchCase(low: 1, high: 1, target: BlockID(index: 0)),
      SwitchCase(low: .min, high: .max, target: BlockID(index: 6)),
    ]
    _ = body.switches.append(
      Switch(value: other, cases: Slice(start: 0, count: 2), defaultTarget: BlockID(index: 2)))
    body.blockLists = [BlockID(index: 4), BlockID(index: 1)]
    let ends: [Terminator] = [
      .jump(BlockID(index: 6)),
      .branch(condition: value, then: BlockID(index: 1), otherwise: BlockID(index: 5)),
      .switch(SwitchID(index: 0)), .indirect(other, targets: Slice(start: 0, count: 2)),
      .returnVoid, .returnValue(other), .unreachable,
    ]
    // The second block has the rest of the instructions, so that runs are not in order of blocks.
    let half = UInt32(body.instructions.count / 2)
    let rest = UInt32(body.instructions.count) - half
    for (index, end) in ends.enumerated() {
      let run: Slice =
        switch index {
        case 0: Slice(start: rest, count: half)
        case 1: Slice(start: 0, count: rest)
        default: .empty
        }
      _ = body.blocks.append(Block(instructions: run, terminator: end, origin: origin))
    }
  }

  // MARK: Variables

  private mutating func addGlobals() {
    let values: [InitializerValue] = [
      .integer(.min), .floating(1.5), .global(GlobalID(index: 1), offset: -8),
      .literal(LiteralID(index: 0), offset: 1), .bytes(LiteralID(index: 1)),
      .function(FunctionID(index: 0)), .label(FunctionID(index: 1), BlockID(index: 6)), .unknown,
    ]
    let cells = values.enumerated().map { index, value in
      InitializerCell(
        offset: UInt64(index) * 8, type: int, value: value,
        bitField: index % 2 == 0 ? FieldID(index: 1) : nil)
    }
    for isDefinition in [true, false] {
      _ = module.globals.append(
        Global(
          name: symbol("g\(isDefinition)"), usr: symbol("c:@g"), type: int, isStatic: isDefinition,
          isConst: !isDefinition, isVolatile: isDefinition, isDefinition: isDefinition,
          initializer: isDefinition ? ContiguousArray(cells) : nil, origin: OriginID(index: 4)))
    }
  }
}
