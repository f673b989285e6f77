// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import IR

/// Whatever the bytes are, reading them ends in a module that later stages can use or in an error.
@Suite struct DamageTests {
  private let sample = SampleModule.module
  private let bytes = SampleModule.module.encoded()

  @Test func everyFlippedBitIsNoticed() {
    for position in bytes.indices {
      for bit in 0..<8 {
        var damaged = bytes
        damaged[position] ^= 1 << bit
        #expect(throws: ModuleFormatError.self) { try Module(decoding: damaged) }
      }
    }
  }

  @Test func everyCutIsNoticed() {
    for count in bytes.indices {
      #expect(throws: ModuleFormatError.self) {
        try Module(decoding: ContiguousArray(bytes[..<count]))
      }
    }
    #expect(throws: ModuleFormatError.wrongLength) { try Module(decoding: bytes + [0]) }
  }

  @Test func saysWhatIsWrong() {
    func reason(_ damage: (inout ContiguousArray<UInt8>) -> Void) -> ModuleFormatError? {
      var damaged = bytes
      damage(&damaged)
      do { _ = try Module(decoding: damaged) } catch { return error }
      return nil
    }
    #expect(reason { $0 = [] } == .notAModule)
    #expect(reason { $0 = ContiguousArray("{\"module\": {}}          ".utf8) } == .notAModule)
    #expect(reason { $0[8] = 7 } == .foreignVersion(7))
    #expect(reason { $0.removeLast() } == .wrongLength)
    #expect(reason { $0[100] ^= 1 } == .wrongChecksum)
    for (position, value) in [(20, 2), (21, 0xFF)] as [(Int, UInt8)] {
      let damage = reason { bytes in
        bytes[position] = value
        repair(&bytes)
      }
      #expect(damage == .wrongSections)
    }
    #expect(
      ModuleFormatError.foreignVersion(7).description
        == "it is a stored module of format 7, not \(ModuleFormat.version)")
    #expect(
      ModuleFormatError.malformed(.bodies, .handle).description
        == "the stored module is damaged: section 'bodies' refers to a row that does not exist")
  }

  /// Damage behind a good checksum, as a bug or a forger would make it, 20,000 times.
  @Test func mutationsWithARepairedChecksumDoNotTrap() {
    var random = SplitMix(state: 0x5EED)
    var accepted = 0
    for _ in 0..<20_000 {
      var damaged = bytes
      for _ in 0...random.below(3) { mutate(&damaged, &random) }
      repair(&damaged)
      guard let module = try? Module(decoding: damaged) else { continue }
      accepted += 1
      // What was accepted can be used, and stored again.
      _ = module.validate()
      _ = module.dump()
      #expect((try? Module(decoding: module.encoded()).encoded()) == module.encoded())
      for id in module.origins.ids { _ = (module.location(of: id), module.text(of: id)) }
    }
    // Both ways must have been gone often.
    #expect((1000...19_000).contains(accepted), "\(accepted) of 20000 were accepted")
  }

  private func mutate(_ bytes: inout ContiguousArray<UInt8>, _ random: inout SplitMix) {
    let position = ModuleFormat.headerLength + random.below(bytes.count - 40)
    switch random.below(5) {
    case 0: bytes[position] = UInt8(truncatingIfNeeded: random.next())
    case 1: bytes[position] ^= 1 << UInt8(random.below(8))
    case 2: bytes[position] &+= random.below(2) == 0 ? 1 : 0xFF
    case 3: bytes[position] = [0, 0x7F, 0x80, 0xFF][random.below(4)]
    default: lengthen(&bytes, at: position, &random)
    }
  }

  /// Inserts or removes a byte of a section and corrects the section's length.
  private func lengthen(
    _ bytes: inout ContiguousArray<UInt8>, at position: Int, _ random: inout SplitMix
  ) {
    var start = ModuleFormat.headerLength
    while start + ModuleFormat.frameLength < bytes.count - 8 {
      let content = start + ModuleFormat.frameLength
      let length = Int(truncatingIfNeeded: number(bytes, at: start + 1))
      guard length >= 0, length <= bytes.count - content else { return }
      if (content..<content + length).contains(position) {
        let isInsertion = random.below(2) == 0
        if isInsertion {
          bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: position)
        } else {
          bytes.remove(at: position)
        }
        store(UInt64(length + (isInsertion ? 1 : -1)), in: &bytes, at: start + 1)
        return
      }
      start = content + length
    }
  }

  // MARK: Rules

  /// Each breach of a rule is refused, in the section that it is in.
  @Test(arguments: Breach.all) func isRefused(_ breach: Breach) {
    var module = sample
    breach.make(&module)
    #expect(throws: ModuleFormatError.malformed(breach.section, breach.flaw)) {
      try Module(decoding: module.encoded())
    }
  }

  /// Deep nesting needs memory in proportion, no stack.
  @Test func deepNestingIsRead() throws {
    var module = sample
    let name = SymbolTable.empty
    for index in 0..<20_000 {
      let record = module.records.append(
        Record(
          name: name, isUnion: false, size: 4,
          fields: Slice(start: UInt32(module.fields.count), count: 1)))
      let type = module.types.append(
        Type(kind: .record(record), size: 4, alignment: 4, name: name))
      let part = index == 0 ? TypeID(index: 2) : TypeID(Int(type.index) - 1)
      _ = module.fields.append(Field(name: name, type: part, record: record, bitOffset: 0))
    }
    let isEqual = try Module(decoding: module.encoded()) == module
    #expect(isEqual)
  }
}

/// Makes a good module one that must not be read.
struct Breach: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var section: ModuleSection
  var flaw: ModuleFlaw
  var make: @Sendable (inout Module) -> Void

  init(
    _ name: String, _ section: ModuleSection, _ flaw: ModuleFlaw,
    _ make: @escaping @Sendable (inout Module) -> Void
  ) {
    testDescription = name
    self.section = section
    self.flaw = flaw
    self.make = make
  }

  static let all = ofTables + ofTypes + ofBodies

  private static let ofTables: [Breach] = [
    Breach("a main file that is not there", .summary, .handle) { $0.mainFile = FileID(index: 3) },
    Breach("pointers of no size", .summary, .rule) { $0.pointerSize = 0 },
    Breach("an origin in no file", .origins, .handle) {
      $0.origins[OriginID(index: 2)].file = FileID(index: 3)
    },
    Breach("an origin of no statement", .origins, .handle) {
      $0.origins[OriginID(index: 2)].statement = StatementID(index: 3)
    },
    Breach("an origin that ends before it starts", .origins, .rule) {
      $0.origins[OriginID(index: 2)].end = 0
    },
    Breach("characters of 3 bytes", .literals, .rule) {
      $0.literals[LiteralID(index: 0)].elementSize = 3
    },
    Breach("a directive that ends before it starts", .directives, .rule) {
      $0.directives[0].endLine = 2
    },
    Breach("a directive in no file", .directives, .handle) {
      $0.directives[0].file = FileID(index: 9)
    },
    Breach("a function of no type", .functions, .handle) {
      $0.functions[FunctionID(index: 0)].signature = SignatureID(index: 2)
    },
    Breach("a function without a name", .functions, .handle) {
      $0.functions[FunctionID(index: 0)].usr = SymbolID(index: 1000)
    },
    Breach("a variable of no type", .globals, .handle) {
      $0.globals[GlobalID(index: 0)].type = TypeID(index: 1000)
    },
    Breach("the address of a block that is not there", .globals, .handle) {
      $0.globals[GlobalID(index: 0)].initializer?[0].value = .label(
        FunctionID(index: 1), BlockID(index: 7))
    },
    Breach("the address of a block of a declaration", .globals, .handle) {
      $0.globals[GlobalID(index: 0)].initializer?[0].value = .label(
        FunctionID(index: 0), BlockID(index: 0))
    },
    Breach("the address of a variable that is not there", .globals, .handle) {
      $0.globals[GlobalID(index: 0)].initializer?[0].value = .global(GlobalID(index: 2), offset: 0)
    },
    Breach("a cell beyond all objects", .globals, .rule) {
      $0.globals[GlobalID(index: 0)].initializer?[0].offset = 1 << 60
    },
  ]

  private static let ofTypes: [Breach] = [
    Breach("an array of itself", .types, .handle) {
      $0.types[TypeID(index: 7)].kind = .array(element: TypeID(index: 7), count: 1)
    },
    Breach("a pointer to itself", .types, .handle) {
      $0.types[TypeID(index: 6)].kind = .pointer(pointee: TypeID(index: 6))
    },
    Breach("an array larger than memory", .types, .rule) {
      $0.types[TypeID(index: 7)].kind = .array(element: TypeID(index: 2), count: 1 << 62)
    },
    Breach("an object larger than memory", .types, .rule) {
      $0.types[TypeID(index: 2)].size = 1 << 60
    },
    Breach("an alignment of 0", .types, .rule) { $0.types[TypeID(index: 2)].alignment = 0 },
    Breach("an integer of no bits", .types, .rule) {
      $0.types[TypeID(index: 2)].kind = .integer(width: 0, signed: true)
    },
    Breach("a record that is not there", .types, .handle) {
      $0.types[TypeID(index: 5)].kind = .record(RecordID(index: 2))
    },
    Breach("members that are not there", .records, .handle) {
      $0.records[RecordID(index: 0)].fields.count = 3
    },
    Breach("members of two records", .records, .rule) {
      $0.records[RecordID(index: 1)].fields = Slice(start: 0, count: 2)
    },
    Breach("a record in itself", .fields, .rule) {
      $0.fields[FieldID(index: 0)].type = TypeID(index: 5)
    },
    Breach("a record in an array in itself", .fields, .rule) {
      $0.fields[FieldID(index: 0)].type = TypeID(index: 8)
    },
    Breach("a member of no record", .fields, .handle) {
      $0.fields[FieldID(index: 0)].record = RecordID(index: 2)
    },
    Breach("a parameter of no type", .signatures, .handle) {
      $0.signatures[SignatureID(index: 1)].parameters[1] = TypeID(index: 12)
    },
  ]

  private static let ofBodies: [Breach] = [
    body("no entry", .rule) { $0.blocks = Table() },
    body("an instruction in two blocks", .rule) { $0.blocks.rows[1].instructions.count += 1 },
    body("an instruction in no block", .rule) { $0.blocks.rows[1].instructions.count -= 1 },
    body("instructions that are not there", .handle) { $0.blocks.rows[0].instructions.count += 1 },
    body("a jump out of the function", .handle) {
      $0.blocks.rows[0].terminator = .jump(BlockID(index: 7))
    },
    body("a switch that is not there", .handle) {
      $0.blocks.rows[2].terminator = .switch(SwitchID(index: 1))
    },
    body("targets that are not there", .handle) {
      $0.blocks.rows[3].terminator = .indirect(
        ValueID(index: 0), targets: Slice(start: 2, count: 1))
    },
    body("a value that is not there", .handle) {
      $0.instructions.rows[20].operation = .load(ValueID(index: 1000), isVolatile: false)
    },
    body("a local that is not there", .handle) {
      $0.instructions.rows[20].operation = .local(LocalID(index: 3))
    },
    body("a call that is not there", .handle) {
      $0.instructions.rows[20].operation = .call(CallID(index: 4))
    },
    body("operands that are not there", .handle) {
      $0.instructions.rows[20].operation = .assembly(operands: Slice(start: 9, count: 2))
    },
    body("a list of two instructions", .rule) {
      $0.instructions.rows[20].operation = .assembly(operands: Slice(start: 0, count: 2))
    },
    body("a value made of itself", .rule) {
      $0.instructions.rows[20].operation = .unary(.negate, ValueID(index: 20))
    },
    body("two values made of each other", .rule) {
      $0.instructions.rows[20].operation = .unary(.negate, ValueID(index: 21))
      $0.instructions.rows[21].operation = .unary(.negate, ValueID(index: 20))
    },
    body("a distance in steps of nothing", .rule) {
      $0.instructions.rows[20].operation = .pointerDifference(
        ValueID(index: 0), ValueID(index: 1), stride: 0)
    },
    body("an instruction of no type", .handle) {
      $0.instructions.rows[20].type = TypeID(index: 12)
    },
    body("a list with a value that is not there", .handle) {
      $0.operands[1] = ValueID(index: 1000)
    },
    body("a callee that is not there", .handle) {
      $0.calls.rows[0].callee = .function(FunctionID(index: 2))
    },
    body("arguments that are not there", .handle) { $0.calls.rows[3].arguments.start = 9 },
    body("a case that leads nowhere", .handle) { $0.cases[1].target = BlockID(index: 7) },
    body("a list with a block that is not there", .handle) {
      $0.blockLists[1] = BlockID(index: 7)
    },
    body("more parameters than locals", .rule) { $0.parameterCount = 4 },
    body("a parameter after the locals", .rule) { $0.locals.rows[2].isParameter = true },
  ]

  private static func body(
    _ name: String, _ flaw: ModuleFlaw, _ make: @escaping @Sendable (inout Body) -> Void
  ) -> Breach {
    Breach(name, .bodies, flaw) { module in
      guard var body = module.functions[FunctionID(index: 1)].body else { return }
      make(&body)
      module.functions[FunctionID(index: 1)].body = body
    }
  }
}

/// Makes length and checksum fit the bytes.
private func repair(_ bytes: inout ContiguousArray<UInt8>) {
  store(UInt64(bytes.count), in: &bytes, at: 12)
  let end = bytes.count - ModuleFormat.checksumLength
  store(moduleChecksum(of: bytes.span.extracting(0..<end)), in: &bytes, at: end)
}

private func store(_ value: UInt64, in bytes: inout ContiguousArray<UInt8>, at position: Int) {
  for index in 0..<8 {
    bytes[position + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
  }
}

private func number(_ bytes: ContiguousArray<UInt8>, at position: Int) -> UInt64 {
  (0..<8).reduce(0) { $0 | UInt64(bytes[position + $1]) << UInt64(8 * $1) }
}

/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014).
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }
}
