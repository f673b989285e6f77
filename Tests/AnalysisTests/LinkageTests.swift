// SPDX-License-Identifier: Apache-2.0

import IR
import Testing

@testable import Analysis

/// What is kept of a unit beside its code is read back as it was, or not at all.
@Suite struct LinkageTests {
  private var sample: Linkage {
    var linkage = Linkage(of: Module())
    var first = Linkage.Function()
    first.usr = "c:@F@first"
    first.name = "first"
    first.hasBody = true
    first.isOfMainFile = true
    first.size = 70
    first.code = Digest(high: 3, low: 4)
    first.calls = [1, 1, 0]
    first.named = [1]
    // A block that calls 1 and goes on to the second, which returns.
    first.flow = [2, 1, 1, 1, 1, 0]
    var second = Linkage.Function()
    second.usr = "c:file.c@F@second"
    second.name = "other"
    second.isStatic = true
    linkage.functions = [first, second]
    var variable = Linkage.Variable()
    variable.usr = "c:@limit"
    variable.isConst = true
    variable.isDefinition = true
    variable.size = 4
    linkage.variables = [variable]
    linkage.written = [0]
    linkage.initialisers = [1, 1]
    linkage.fields.fields = [
      FieldUse(key: "ring 8|slot 4", values: -3...15),
      FieldUse(key: "ops 8|run 0", functions: [0, 1]),
      FieldUse(key: "ops 8|end 0", isOpen: true),
    ]
    linkage.fields.records = ["ops 8", "ring 8"]
    linkage.fields.open = [0]
    linkage.fields.handed = [
      HandedRecord(record: 1, function: 0, argument: 2),
      HandedRecord(record: 1, function: 1, argument: HandedRecord.result),
    ]
    linkage.fields.bytes = [HandedRecord(record: 0, function: 1, argument: 0)]
    linkage.fields.outside = [1, 0]
    linkage.fields.calls = [0: [1]]
    linkage.commentedFiles = [.init(file: FileID(index: 3), isSystem: true)]
    return linkage
  }

  @Test func `it is read back as it was`() {
    #expect(Linkage(decoding: sample.encoded) == sample)
    #expect(Linkage(decoding: Linkage(of: Module()).encoded) == Linkage(of: Module()))
  }

  @Test func `bytes that nobody wrote are no linkage`() {
    let bytes = sample.encoded
    for count in bytes.indices { #expect(Linkage(decoding: .init(bytes.prefix(count))) == nil) }
    #expect(Linkage(decoding: bytes + [0]) == nil)
    // Rows that are not there would be asked for.
    for path in [\Linkage.written, \.addressed] {
      var linkage = sample
      linkage[keyPath: path] = [1]
      #expect(Linkage(decoding: linkage.encoded) == nil)
    }
    for path in [\Linkage.Function.calls, \.named, \.tabled] {
      var linkage = sample
      linkage.functions[0][keyPath: path] = [2]
      #expect(Linkage(decoding: linkage.encoded) == nil)
    }
    for fields: FieldUses in [
      FieldUses(open: [0]), FieldUses(outside: [0, 0]), FieldUses(calls: [0: [0]]),
      FieldUses(handed: [HandedRecord(record: 0, function: 0, argument: 0)]),
      FieldUses(fields: [FieldUse(key: "a 1|b 0", functions: [2])]),
      FieldUses(records: ["a 1"], outside: [0]), FieldUses(records: ["a 1"], outside: [0, 1]),
    ] {
      var linkage = sample
      linkage.fields = fields
      #expect(Linkage(decoding: linkage.encoded) == nil, "\(fields)")
    }
    for flow: ContiguousArray<UInt32> in [[2, 2, 0], [2, 1, 1, 9], [40], [1], [1, 5]] {
      var linkage = sample
      linkage.functions[0].flow = flow
      #expect(Linkage(decoding: linkage.encoded) == nil, "\(flow)")
    }
  }

  @Test func `a call that does not come back cuts the way to the end`() {
    let flow = sample.functions[0].flow
    #expect(Flow.canReturn(flow) { _ in false })
    #expect(!Flow.canReturn(flow) { $0 == 1 })
    // Two ways, of which one is left.
    let two: ContiguousArray<UInt32> = [0, 2, 1, 2, 2, 1, 1, 3, 2, 0, 1, 3, 1, 0]
    #expect(Flow.canReturn(two) { $0 == 1 })
    #expect(!Flow.canReturn(two) { _ in true })
  }
}
