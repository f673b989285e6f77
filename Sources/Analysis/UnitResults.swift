// SPDX-License-Identifier: Apache-2.0

// What is kept of the analysis of a unit: for each function what the first look and the second one yield, its
// summary, and the questions that they asked. The frame is read at once; what a run does not need
// stays bytes.

import Findings
import IR

/// A summary, made in this run or kept from an earlier one.
struct StoredSummary: Sendable {
  private enum Storage: Sendable {
    case made(Summary)
    case kept
  }

  private let storage: Storage
  /// The stored form, the same for equal summaries; empty where nothing is to be kept.
  let bytes: ArraySlice<UInt8>
  /// Digest of `bytes`; 0 where nothing is to be kept.
  let digest: Digest

  /// Keeps a summary; with `isStored`, for later runs as well.
  init(_ summary: Summary, isStored: Bool) {
    storage = .made(summary)
    guard isStored else {
      bytes = []
      digest = .zero
      return
    }
    var summary = summary
    // Where the unit stands in its program is no part of what the function does.
    summary.module = 0
    let encoded = RecordEncoder.bytes(of: summary)
    digest = Digest(of: encoded)
    bytes = ArraySlice(encoded)
  }

  /// A summary of an earlier run.
  init(bytes: ArraySlice<UInt8>, digest: Digest) {
    storage = .kept
    self.bytes = bytes
    self.digest = digest
  }

  /// The summary of a function of the module at a position; nil where the bytes are damaged.
  func value(in module: Int) -> Summary? {
    switch storage {
    case .made(let summary): return summary
    case .kept:
      guard var summary = try? RecordDecoder.value(Summary.self, of: bytes) else { return nil }
      summary.module = module
      return summary
    }
  }
}

/// What the first look at a function yields, apart from its summary.
struct FirstLook: Codable, Sendable {
  var observations: [Observation] = []
  var unknowns: [String: Int] = [:]
  /// Calls by address, and whom they go to where that is known.
  var targets: [Target] = []
  /// Where observations are that a summary's word is the reason for.
  var onWord: [ValueID] = []

  struct Target: Codable, Sendable {
    var call: ValueID
    var function: FunctionID?
  }

  private enum CodingKeys: CodingKey { case observations, unknowns, targets, onWord }

  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    observations = try container.decode([Observation].self, forKey: .observations)
    unknowns = try container.decode(Sorted<String, Int>.self, forKey: .unknowns).wrappedValue
    targets = try container.decode([Target].self, forKey: .targets)
    onWord = try container.decode([ValueID].self, forKey: .onWord)
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(observations, forKey: .observations)
    try container.encode(Sorted(wrappedValue: unknowns), forKey: .unknowns)
    try container.encode(targets, forKey: .targets)
    try container.encode(onWord, forKey: .onWord)
  }

  var isEmpty: Bool {
    observations.isEmpty && unknowns.isEmpty && targets.isEmpty && onWord.isEmpty
  }
}

/// What is kept of a function.
struct StoredFunction: Sendable {
  /// What the first look learnt from outside.
  var facts: [Fact] = []
  var isComplete = true
  var steps = 0
  var undecided = 0
  /// `FirstLook`; empty where there is nothing in it.
  var first: ArraySlice<UInt8> = []
  /// Digest of `first`.
  var firstDigest = Digest.zero
  var summary: StoredSummary?
  /// What the second look learnt from outside.
  var lookFacts: [Fact] = []
  var lookSteps = 0
  /// `StoredLook`; empty where it found nothing.
  var look: ArraySlice<UInt8> = []
}

/// What both looks yield of a function.
struct FunctionRecord: Codable, Sendable {
  var function: FunctionID
  var observations: [Observation]
  var isComplete: Bool
  var steps: Int
  var undecided: Int
  @Sorted var unknowns: [String: Int]
}

/// What the second look found; units are rows of the unit's table.
struct StoredLook: Codable, Sendable {
  var found: [Found] = []
  var refuted: [Spot] = []

  struct Found: Codable, Sendable {
    var unit: Int
    var function: FunctionID
    var observation: Observation
    var origin: Spot?
  }

  struct Spot: Codable, Sendable {
    var unit: Int
    var origin: OriginID
    var kind: Int
  }
}

/// Finds functions of a program by their unit and USR.
///
/// A class, because what it has looked up serves all units that are read.
public final class FunctionRows {
  private let units: [Linkage]
  private var rows: [Int: [String: UInt32]] = [:]

  /// Looks into units of a program.
  public init(_ units: [Linkage]) { self.units = units }

  /// The row of a function; one that no unit has where it is not there.
  func row(of usr: String, in unit: Int) -> UInt32 {
    guard units.indices.contains(unit) else { return .max }
    if rows[unit] == nil {
      var known: [String: UInt32] = [:]
      for (row, function) in units[unit].functions.enumerated() where known[function.usr] == nil {
        known[function.usr] = UInt32(row)
      }
      rows[unit] = known
    }
    return rows[unit]?[usr] ?? .max
  }
}

/// What is kept of a unit.
public struct UnitResults: Sendable {
  /// By row of the function; looked up, never listed.
  let functions: [UInt32: StoredFunction]
  /// The units that the results speak of, in the order of their table: positions in the program, -1 for one
  /// that is no part of it.
  let units: [Int]
  /// What was read, but for the report.
  let body: ArraySlice<UInt8>
  /// What was reported of the unit, in the words of whoever asked for it to be kept.
  public let report: Report?

  /// What was reported of a unit.
  public struct Report: Sendable {
    /// Digest of the result that it is about, see `ModuleResult.digest`.
    public var result: Digest
    /// The stored form.
    public var bytes: ArraySlice<UInt8>

    /// Makes a report.
    public init(result: Digest, bytes: ArraySlice<UInt8>) {
      self.result = result
      self.bytes = bytes
    }
  }

  /// Reads the frame of what `UnitResultsWriter` wrote.
  ///
  /// Nil for bytes that nobody wrote so.
  ///
  /// - Parameters:
  ///   - bytes: what was kept.
  ///   - positions: where the units of the program stand, by their names.
  ///   - rows: the functions of the program.
  public init?(_ bytes: ContiguousArray<UInt8>, positions: [Digest: Int], rows: FunctionRows) {
    let source = RecordSource(ArraySlice(bytes))
    guard let (units, functions) = try? Self.read(source, positions, rows) else { return nil }
    self.units = units
    self.functions = functions
    body = bytes[..<source.position]
    if source.isAtEnd {
      report = nil
      return
    }
    guard let result = try? source.digest(), let report = try? source.slice(), source.isAtEnd else {
      return nil
    }
    self.report = Report(result: result, bytes: report)
  }

  /// What is to be kept of the unit with another report.
  public func bytes(with report: Report) -> ContiguousArray<UInt8> {
    Self.bytes(ContiguousArray(body), with: report)
  }

  /// What is to be kept of a unit, see `ProgramResult.kept`, with a report.
  public static func bytes(
    _ kept: ContiguousArray<UInt8>, with report: Report
  ) -> ContiguousArray<UInt8> {
    let sink = RecordSink()
    sink.put(report.result)
    sink.put(bytes: report.bytes)
    return kept + sink.bytes
  }

  private static func read(
    _ source: RecordSource, _ positions: [Digest: Int], _ rows: FunctionRows
  ) throws -> ([Int], [UInt32: StoredFunction]) {
    var units: [Int] = []
    for _ in 0..<(try source.number()) { units.append(positions[try source.digest()] ?? -1) }
    var functions: [UInt32: StoredFunction] = [:]
    for _ in 0..<(try source.number()) {
      let row = try source.unsigned(UInt32.self)
      var function = StoredFunction()
      let flags = try source.byte()
      function.isComplete = flags & 1 != 0
      function.steps = try source.unsigned(Int.self)
      function.undecided = try source.unsigned(Int.self)
      function.facts = try facts(source, units, rows)
      function.first = try source.slice()
      function.firstDigest = try source.digest()
      if flags & 2 != 0 {
        let digest = try source.digest()
        function.summary = StoredSummary(bytes: try source.slice(), digest: digest)
      }
      function.lookFacts = try facts(source, units, rows)
      function.lookSteps = try source.unsigned(Int.self)
      function.look = try source.slice()
      functions[row] = function
    }
    return (units, functions)
  }

  private static func facts(
    _ source: RecordSource, _ units: [Int], _ rows: FunctionRows
  ) throws -> [Fact] {
    let count = try source.number()
    var facts: [Fact] = []
    facts.reserveCapacity(Int(min(count, 1000)))
    for _ in 0..<count {
      guard let kind = Question.Kind(rawValue: try source.byte()) else { throw RecordError() }
      var question = Question(kind: kind)
      switch kind {
      case .summary, .code, .component, .called, .shared, .place:
        let unit = try source.unsigned(Int.self)
        guard unit < units.count else { throw RecordError() }
        question.unit = units[unit]
        if unit == 0 {
          question.row = try source.unsigned(UInt32.self)
        } else {
          question.row = rows.row(of: try source.text(), in: units[unit])
        }
      case .seen:
        let unit = try source.unsigned(Int.self)
        guard unit < units.count else { throw RecordError() }
        question.unit = units[unit]
        question.row = try source.unsigned(UInt32.self)
      case .neverWritten, .initial:
        question.name = try source.text()
        question.first = try source.number()
        if kind == .initial { question.second = try source.number() }
      case .definedConst, .addressed, .size, .endless, .targets, .values:
        question.name = try source.text()
      case .judged, .lost:
        question.first = try source.number()
        question.second = try source.number()
      }
      facts.append(Fact(question: question, answer: try source.digest()))
    }
    return facts
  }
}

/// Writes what `UnitResults` reads.
struct UnitResultsWriter {
  private let names: [Digest]
  private let usr: (FunctionKey) -> String
  private var rows: [Int: Int] = [:]
  private var units: [Int] = []
  private let sink = RecordSink()
  private var count = 0

  /// Begins for a unit; `names` are those of the program's units, `usr` says what a function is called across
  /// them.
  init(of unit: Int, names: [Digest], usr: @escaping (FunctionKey) -> String) {
    self.names = names
    self.usr = usr
    _ = row(of: unit)
  }

  /// The row of a unit in the table.
  mutating func row(of unit: Int) -> Int {
    if let known = rows[unit] { return known }
    rows[unit] = units.count
    units.append(unit)
    return units.count - 1
  }

  /// Adds a function.
  mutating func add(_ function: StoredFunction, row: UInt32) {
    count += 1
    sink.put(UInt64(row))
    sink.bytes.append((function.isComplete ? 1 : 0) | (function.summary == nil ? 0 : 2))
    sink.put(UInt64(function.steps))
    sink.put(UInt64(function.undecided))
    add(function.facts)
    sink.put(bytes: function.first)
    sink.put(function.firstDigest)
    if let summary = function.summary {
      sink.put(summary.digest)
      sink.put(bytes: summary.bytes)
    }
    add(function.lookFacts)
    sink.put(UInt64(function.lookSteps))
    sink.put(bytes: function.look)
  }

  private mutating func add(_ facts: [Fact]) {
    sink.put(UInt64(facts.count))
    for fact in facts {
      let question = fact.question
      sink.bytes.append(question.kind.rawValue)
      switch question.kind {
      case .summary, .code, .component, .called, .shared, .place:
        let unit = row(of: question.unit)
        sink.put(UInt64(unit))
        // An edit of another unit moves its rows.
        if unit == 0 {
          sink.put(UInt64(question.row))
        } else {
          sink.put(usr(question.key))
        }
      case .seen:
        sink.put(UInt64(row(of: question.unit)))
        sink.put(UInt64(question.row))
      case .neverWritten, .initial:
        sink.put(question.name)
        sink.put(question.first)
        if question.kind == .initial { sink.put(question.second) }
      case .definedConst, .addressed, .size, .endless, .targets, .values: sink.put(question.name)
      case .judged, .lost:
        sink.put(question.first)
        sink.put(question.second)
      }
      sink.put(fact.answer)
    }
  }

  /// All that was added.
  func bytes() -> ContiguousArray<UInt8> {
    let head = RecordSink()
    head.put(UInt64(units.count))
    for unit in units { head.put(names[unit]) }
    head.put(UInt64(count))
    return head.bytes + sink.bytes
  }
}
