// SPDX-License-Identifier: Apache-2.0

// The stored form of a unit's linkage. Written by hand: a warm run reads it of every unit, and the walk
// that the compiler writes takes several times as long.

import IR

extension Linkage {
  /// The stored form.
  public var encoded: ContiguousArray<UInt8> {
    let sink = RecordSink()
    sink.put(UInt64(functions.count))
    for function in functions {
      sink.put(function.usr)
      let isSuffix = function.usr.utf8.reversed().starts(with: function.name.utf8.reversed())
      sink.bytes.append(
        (function.isStatic ? 1 : 0) | (function.hasBody ? 2 : 0)
          | (function.isOfMainFile ? 4 : 0) | (isSuffix ? 8 : 0))
      if isSuffix {
        sink.put(UInt64(function.name.utf8.count))
      } else {
        sink.put(function.name)
      }
      guard function.hasBody else { continue }
      sink.put(UInt64(function.size))
      sink.put(function.code)
      for rows in [function.calls, function.named, function.tabled, function.flow] {
        sink.put(rows: rows)
      }
    }
    sink.put(UInt64(variables.count))
    for variable in variables {
      sink.put(variable.usr)
      sink.bytes.append((variable.isDefinition ? 1 : 0) | (variable.isConst ? 2 : 0))
      sink.put(variable.size)
    }
    for rows in [initialisers, written, addressed] { sink.put(rows: rows) }
    fields.write(to: sink)
    sink.put(UInt64(mainFile.index))
    sink.put(UInt64(commentedFiles.count))
    for commented in commentedFiles {
      sink.put(UInt64(commented.file.index) << 1 | (commented.isSystem ? 1 : 0))
    }
    return sink.bytes
  }

  /// Reads a stored form; nil for bytes that are none.
  public init?(decoding bytes: ContiguousArray<UInt8>) {
    guard let linkage = try? Self.read(RecordSource(ArraySlice(bytes))), linkage.isSound else {
      return nil
    }
    self = linkage
  }

  private init() {}

  private static func read(_ source: RecordSource) throws -> Linkage {
    var linkage = Linkage()
    for _ in 0..<(try source.number()) {
      var function = Function()
      function.usr = try source.text()
      let flags = try source.byte()
      function.isStatic = flags & 1 != 0
      function.hasBody = flags & 2 != 0
      function.isOfMainFile = flags & 4 != 0
      if flags & 8 != 0 {
        let count = try source.unsigned(Int.self)
        function.name = String(decoding: function.usr.utf8.suffix(count), as: UTF8.self)
      } else {
        function.name = try source.text()
      }
      if function.hasBody {
        function.size = try source.unsigned(UInt32.self)
        function.code = try source.digest()
        function.calls = try source.rows()
        function.named = try source.rows()
        function.tabled = try source.rows()
        function.flow = try source.rows()
      }
      linkage.functions.append(function)
    }
    for _ in 0..<(try source.number()) {
      var variable = Variable()
      variable.usr = try source.text()
      let flags = try source.byte()
      variable.isDefinition = flags & 1 != 0
      variable.isConst = flags & 2 != 0
      variable.size = try source.number()
      linkage.variables.append(variable)
    }
    linkage.initialisers = try source.rows()
    linkage.written = try source.rows()
    linkage.addressed = try source.rows()
    linkage.fields = try FieldUses(from: source)
    linkage.mainFile = FileID(index: try source.unsigned(UInt32.self))
    for _ in 0..<(try source.number()) {
      let number = try source.number()
      guard let row = UInt32(exactly: number >> 1) else { throw RecordError() }
      linkage.commentedFiles.append(
        CommentedFile(file: FileID(index: row), isSystem: number & 1 != 0))
    }
    guard source.isAtEnd else { throw RecordError() }
    return linkage
  }

  /// Whether every row that is named is there.
  private var isSound: Bool {
    let functionCount = functions.count
    func areFunctions(_ rows: ContiguousArray<UInt32>) -> Bool {
      rows.allSatisfy { $0 < functionCount }
    }
    let variableCount = variables.count
    return functions.allSatisfy {
      areFunctions($0.calls) && areFunctions($0.named) && areFunctions($0.tabled)
        && Flow.isSound($0.flow, functions: functionCount)
    }
      && fields.isSound(functions: functionCount, variables: variableCount)
      && areFunctions(initialisers) && written.allSatisfy { $0 < variableCount }
      && addressed.allSatisfy { $0 < variableCount }
  }
}

extension FieldUses {
  fileprivate func write(to sink: RecordSink) {
    sink.put(UInt64(fields.count))
    for field in fields {
      sink.put(field.key)
      sink.bytes.append((field.isOpen ? 1 : 0) | (field.values == nil ? 0 : 2))
      sink.put(rows: field.functions)
      guard let values = field.values else { continue }
      sink.put(signed: values.lowerBound)
      sink.put(signed: values.upperBound)
    }
    sink.put(UInt64(records.count))
    for record in records { sink.put(record) }
    sink.put(rows: open)
    for list in [handed, bytes] {
      sink.put(UInt64(list.count))
      for handed in list {
        sink.put(UInt64(handed.record))
        sink.put(UInt64(handed.function))
        sink.put(UInt64(handed.argument &+ 1))
      }
    }
    sink.put(rows: outside)
    sink.put(UInt64(calls.count))
    for (function, rows) in calls.sorted(by: { $0.key < $1.key }) {
      sink.put(UInt64(function))
      sink.put(rows: rows)
    }
  }

  fileprivate init(from source: RecordSource) throws {
    for _ in 0..<(try source.number()) {
      var field = FieldUse(key: try source.text())
      let flags = try source.byte()
      field.isOpen = flags & 1 != 0
      field.functions = try source.rows()
      if flags & 2 != 0 {
        let (low, high) = (try source.signed(), try source.signed())
        guard low <= high else { throw RecordError() }
        field.values = low...high
      }
      fields.append(field)
    }
    for _ in 0..<(try source.number()) { records.append(try source.text()) }
    open = try source.rows()
    handed = try Self.handed(source)
    bytes = try Self.handed(source)
    outside = try source.rows()
    for _ in 0..<(try source.number()) {
      calls[try source.unsigned(UInt32.self)] = try source.rows()
    }
  }

  private static func handed(_ source: RecordSource) throws -> ContiguousArray<HandedRecord> {
    var list: ContiguousArray<HandedRecord> = []
    for _ in 0..<(try source.number()) {
      let (record, function) = (try source.unsigned(UInt32.self), try source.unsigned(UInt32.self))
      let argument = try source.unsigned(UInt32.self) &- 1
      list.append(HandedRecord(record: record, function: function, argument: argument))
    }
    return list
  }

  fileprivate func isSound(functions: Int, variables: Int) -> Bool {
    fields.allSatisfy { $0.functions.allSatisfy { $0 < functions } }
      && open.allSatisfy { $0 < records.count }
      && (handed + bytes).allSatisfy { $0.record < records.count && $0.function < functions }
      && outside.count.isMultiple(of: 2)
      && outside.enumerated().allSatisfy {
        $1 < ($0.isMultiple(of: 2) ? records.count : variables)
      }
      && calls.allSatisfy { entry in
        entry.key < functions && entry.value.allSatisfy { $0 < fields.count }
      }
  }
}

extension RecordSink {
  fileprivate func put(rows: ContiguousArray<UInt32>) {
    put(UInt64(rows.count))
    for row in rows { put(UInt64(row)) }
  }
}

extension RecordSource {
  fileprivate func rows() throws -> ContiguousArray<UInt32> {
    let count = try number()
    var rows: ContiguousArray<UInt32> = []
    guard count > 0 else { return rows }
    rows.reserveCapacity(Int(min(count, 4096)))
    for _ in 0..<count { rows.append(try unsigned(UInt32.self)) }
    return rows
  }
}
