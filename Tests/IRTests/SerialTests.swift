// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import IR

@Suite struct SerialTests {
  private let sample = SampleModule.module

  @Test func readsBackEqual() throws {
    let bytes = sample.encoded()
    let decoded = try Module(decoding: bytes)
    let isEqual = decoded == sample
    #expect(isEqual)
    #expect(decoded.encoded() == bytes)
    #expect(sample.encoded() == bytes)
    #expect(decoded.symbols.find("cause") == sample.symbols.find("cause"))
  }

  /// For numbers, no NaN equals another and both zeros do.
  @Test func floatingConstantsCompareByTheirBits() throws {
    var module = sample
    let id = FunctionID(index: 1)
    for bits: UInt64 in [0x7FF8_0000_0000_0001, 0x8000_0000_0000_0000, 0xFFF0_0000_0000_0001] {
      let constant = Operation.floating(Double(bitPattern: bits))
      #expect(constant != .floating(0))
      module.functions[id].body?.instructions[ValueID(index: 6)].operation = constant
      let isEqual = try Module(decoding: module.encoded()) == module
      #expect(isEqual)
    }
  }

  @Test func leavesTextsToWhoKeepsThem() throws {
    let bytes = sample.encoded(includesTexts: false)
    #expect(bytes.count < sample.encoded().count)
    let rows = sample.files.rows
    let decoded = try Module(decoding: bytes) { row in
      rows.first { $0.path == row.path && $0.contentHash == row.contentHash }?.text
    }
    let isEqual = decoded == sample
    #expect(isEqual)
    #expect(throws: ModuleFormatError.missingText(path: "source.c")) {
      try Module(decoding: bytes)
    }
    #expect(throws: ModuleFormatError.missingText(path: "source.c")) {
      try Module(decoding: bytes) { _ in [0x0A] }
    }
  }

  @Test func sizesOfSectionsAddUp() throws {
    let bytes = sample.encoded()
    let sizes = try Module.sectionSizes(of: bytes)
    #expect(sizes.map(\.section) == ModuleSection.allCases)
    let frames = ModuleSection.allCases.count * ModuleFormat.frameLength
    let rest = ModuleFormat.headerLength + ModuleFormat.checksumLength + frames
    #expect(sizes.reduce(rest) { $0 + $1.bytes } == bytes.count)
  }

  // MARK: The form is stable

  /// Any change of the bytes is a new version: else a cache of an older program is misread.
  @Test func bytesArePinnedToTheVersion() {
    #expect(ModuleFormat.version == 3)
    let checksum = sample.encoded().suffix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    #expect(
      checksum == 4_525_599_078_511_442_802,
      "the stored form or the sample changed; if the form did, increase the version")
  }

  @Test func operatorsKeepTheirNumbers() {
    func numbers<Case: RawRepresentable<UInt8>>(_ type: Case.Type) -> String {
      (UInt8.min ... .max).compactMap { Case(rawValue: $0) }
        .map { "\($0)=\($0.rawValue)" }.joined(separator: " ")
    }
    #expect(
      numbers(BinaryOperator.self)
        == "add=0 subtract=1 multiply=2 divide=3 remainder=4 shiftLeft=5 shiftRight=6 and=7 or=8 xor=9"
    )
    #expect(numbers(UnaryOperator.self) == "negate=0 complement=1")
    #expect(
      numbers(Comparison.self)
        == "equal=0 notEqual=1 less=2 lessOrEqual=3 greater=4 greaterOrEqual=5")
    #expect(
      numbers(CastKind.self)
        == "truncate=0 signExtend=1 zeroExtend=2 reinterpret=3 toBool=4 integerToFloating=5 "
        + "floatingToInteger=6 floatingToFloating=7 pointerToInteger=8 integerToPointer=9 "
        + "pointerCast=10 decay=11")
  }

  /// A case without a tag does not compile; one that the sample lacks, and so no test reads, fails here.
  @Test func sampleHasEveryKindOfRow() throws {
    let body = try #require(sample.functions[FunctionID(index: 1)].body)
    let operations = body.instructions.rows.map { row in
      var writer = ByteWriter()
      var next = 0
      writer.write(row.operation, at: 0, nextOperand: &next)
      return writer.bytes[0]
    }
    #expect(Set(operations) == Set(OperationTag.allCases.map(\.rawValue)))
    #expect(Set(body.blocks.rows.map(\.terminator.tag)) == Set(TerminatorTag.allCases))
    #expect(Set(sample.types.rows.map(\.kind.tag)) == Set(TypeTag.allCases))
    let values = sample.globals.rows.flatMap { $0.initializer ?? [] }.map(\.value.tag)
    #expect(Set(values) == Set(InitializerTag.allCases))
    #expect(Set(body.calls.rows.map(\.tag)) == Set(CalleeTag.allCases))
  }
}

extension Terminator {
  fileprivate var tag: TerminatorTag {
    switch self {
    case .jump: .jump
    case .branch: .branch
    case .switch: .switch
    case .indirect: .indirect
    case .returnVoid: .returnVoid
    case .returnValue: .returnValue
    case .unreachable: .unreachable
    }
  }
}

extension TypeKind {
  fileprivate var tag: TypeTag {
    switch self {
    case .void: .void
    case .bool: .bool
    case .integer(_, let isSigned): isSigned ? .signedInteger : .unsignedInteger
    case .floating: .floating
    case .pointer: .pointer
    case .array: .array
    case .unboundedArray: .unboundedArray
    case .record: .record
    case .function: .function
    case .unmodelled: .unmodelled
    }
  }
}

extension InitializerValue {
  fileprivate var tag: InitializerTag {
    switch self {
    case .integer: .integer
    case .floating: .floating
    case .global: .global
    case .literal: .literal
    case .bytes: .bytes
    case .function: .function
    case .label: .label
    case .unknown: .unknown
    }
  }
}

extension Call {
  fileprivate var tag: CalleeTag {
    switch callee {
    case .function: resultObject == nil ? .function : .functionIntoObject
    case .indirect: resultObject == nil ? .indirect : .indirectIntoObject
    }
  }
}
