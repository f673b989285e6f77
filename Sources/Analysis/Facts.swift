// SPDX-License-Identifier: Apache-2.0

// What the analysis of a function learns from outside of it. Each question is kept with its answer, so that a
// result that was stored holds exactly while all answers are what they were (the verifying traces of
// Mokhov, Mitchell and Peyton Jones, "Build systems à la carte", 2018).

import Findings
import IR

/// A question about the rest of the program.
struct Question: Hashable, Sendable {
  enum Kind: UInt8, Sendable {
    /// What a call of a function does: the digest of its summary, 0 where there is none.
    case summary
    /// The code that a call of a function runs, as far as it may stand in the place of the call, and apart
    /// from where it stands.
    case code
    /// Which functions form a recursive component, and their code.
    case component
    /// Whether a call in the program names a function.
    case called
    /// Whether several places in the program name a function.
    case shared
    /// Whether a variable of external linkage, or a static one (`first` is 1), is never written.
    case neverWritten
    /// Whether the definition of a variable says `const`.
    case definedConst
    /// Whether the address of a variable is a value somewhere.
    case addressed
    /// What the initialiser of a variable of another unit holds at an offset.
    case initial
    /// The size of a variable.
    case size
    /// Whether a function never comes back.
    case endless
    /// Whether the first look judged, at a call, an access at a place; `first` and `second` are its digest.
    case judged
    /// Whether the first look saw lost what a call at a place gets.
    case lost
    /// What kinds of observations the first look has at the origin `first` of a unit.
    case seen
    /// Whom a call through a member of a struct can go to.
    case targets
    /// The numbers that a member of a struct can have.
    case values
    /// The unit in which a function's code stands, so that its rows and places are what they were.
    case place
  }

  var kind: Kind
  /// Position of the unit whose rows are meant; -1 for none.
  var unit = -1
  /// A row of that unit.
  var row: UInt32 = 0
  /// A USR; empty where a row says all.
  var name = ""
  var first: UInt64 = 0
  var second: UInt64 = 0
}

/// A question with the digest of its answer.
struct Fact: Hashable, Sendable {
  var question: Question
  var answer: Digest
}

/// All that the analysis of a function learns from outside it goes through here and is recorded.
struct Facts: Sendable {
  let program: Program
  private let summaries: [FunctionKey: StoredSummary]
  private let module: Int
  /// What the function's module holds of others.
  private let imports: Imports
  private(set) var recorded: [Fact] = []
  private var asked: Set<Question> = []
  /// Whether a stored summary could not be read.
  private(set) var isDamaged = false

  /// Rows of other modules behind a module's own.
  struct Imports: Sendable {
    /// Functions that are the module's own.
    var ownFunctions = Int.max
    /// Where the functions behind them come from.
    var functions: ContiguousArray<FunctionKey> = []
    /// Variables by USR.
    var globals: [String: GlobalID] = [:]
  }

  init(
    program: Program, summaries: [FunctionKey: StoredSummary], module: Int,
    imports: Imports = Imports(), recorded: [Fact] = []
  ) {
    self.program = program
    self.summaries = summaries
    self.module = module
    self.imports = imports
    self.recorded = recorded
    asked = Set(recorded.map(\.question))
  }

  /// What a call of the function does, where its code is part of the program and comes before this
  /// function in the order of the analysis.
  mutating func summary(of function: FunctionID, in module: Module) -> Summary? {
    let row = Int(function.index)
    let named =
      row < imports.ownFunctions
      ? FunctionKey(module: self.module, function: function)
      : imports.functions[row - imports.ownFunctions]
    guard let key = program.definition(of: named.function, in: named.module) else {
      // A definition may come.
      record(Question(kind: .summary, named), .zero)
      return nil
    }
    let summary = summaries[key]
    record(Question(kind: .summary, named), summary?.digest ?? .zero)
    guard let summary else { return nil }
    if let known = summary.value(in: key.module) { return known }
    isDamaged = true
    return nil
  }

  /// Whether the variable keeps the value of its initialiser for the whole run.
  mutating func isConstant(_ global: GlobalID, in module: Module) -> Bool {
    let variable = module.globals[global]
    if variable.isVolatile { return false }
    // An object defined as const is never written (C11 6.7.3p6).
    if variable.isConst && variable.initializer != nil { return true }
    let usr = module.symbols[variable.usr]
    if variable.isConst {
      let isDefined = program.isDefinedConst(usr)
      record(Question(kind: .definedConst, name: usr), isDefined)
      if isDefined { return true }
    }
    let answer = program.isNeverWritten(usr, isStatic: variable.isStatic)
    record(
      Question(kind: .neverWritten, name: usr, first: variable.isStatic ? 1 : 0), answer)
    return answer
  }

  /// Whether the program's code keeps the address of a variable, so that a pointer may lead to it.
  mutating func isAddressed(_ global: GlobalID, in module: Module) -> Bool {
    let usr = module.symbols[module.globals[global].usr]
    let answer = program.isAddressed(usr)
    record(Question(kind: .addressed, name: usr), answer)
    return answer
  }

  /// The constant initialiser cell of a variable of this or another module.
  mutating func initialValue(
    of global: GlobalID, at offset: UInt64, size: UInt64, in module: Module
  ) -> Int64? {
    let variable = module.globals[global]
    if variable.initializer != nil {
      return Program.cell(of: variable, in: module, offset: offset, size: size)
    }
    let usr = module.symbols[variable.usr]
    let answer = program.initialValue(usr, offset: offset, size: size)
    record(
      Question(kind: .initial, name: usr, first: offset, second: size), Digest(answer))
    return answer
  }

  /// The row of a variable in the function's module, by its USR.
  func global(_ usr: String) -> GlobalID? {
    program.global(usr, in: module) ?? imports.globals[usr]
  }

  /// The size of a variable that some module of the program defines, in bytes.
  mutating func size(ofGlobal usr: String) -> Int64? {
    let answer = program.size(ofGlobal: usr)
    record(Question(kind: .size, name: usr), Digest(answer))
    return answer
  }

  /// Whether a call of the function never comes back, as far as the program's own code tells.
  mutating func neverReturns(_ function: FunctionID, in module: Module) -> Bool {
    neverReturns(module.symbols[module.functions[function].usr])
  }

  private mutating func neverReturns(_ usr: String) -> Bool {
    let answer = program.neverReturns(usr)
    record(Question(kind: .endless, name: usr), answer)
    return answer
  }

  /// Whether a call in the program names a function; else only code unseen hands it its arguments.
  mutating func isCalled(_ key: FunctionKey) -> Bool {
    let answer = program.isCalled(key)
    record(Question(kind: .called, key), answer)
    return answer
  }

  /// Whether something is known of members of structs.
  var knowsMembers: Bool { program.isWhole }

  /// What a call through a member of a struct does, for each function that it can go to; empty where that is
  /// not known of all, or one of them never comes back.
  mutating func summaries(ofMember key: String) -> [Summary] {
    let targets = program.targets(ofMember: key)
    record(Question(kind: .targets, name: key), program.targetsDigest(ofMember: key))
    var found: [Summary] = []
    for target in targets {
      guard !neverReturns(program.usr(target)) else { return [] }
      let summary = summaries[target]
      record(Question(kind: .summary, target), summary?.digest ?? .zero)
      guard let summary else { return [] }
      guard let known = summary.value(in: target.module) else {
        isDamaged = true
        return []
      }
      found.append(known)
    }
    return found
  }

  /// The numbers that a member of a struct can have; nil where that is not known.
  mutating func values(ofMember key: String) -> ClosedRange<Int64>? {
    let values = program.values(ofMember: key)
    record(Question(kind: .values, name: key), Program.digest(of: values))
    return values
  }

  /// Adds what another look at the same function asked.
  mutating func add(_ other: Facts) {
    for fact in other.recorded where asked.insert(fact.question).inserted {
      recorded.append(fact)
    }
    isDamaged = isDamaged || other.isDamaged
  }

  private mutating func record(_ question: Question, _ answer: Bool) {
    record(question, Digest(answer))
  }

  private mutating func record(_ question: Question, _ answer: Digest) {
    guard asked.insert(question).inserted else { return }
    recorded.append(Fact(question: question, answer: answer))
  }
}

extension Question {
  /// A question about a function of a unit.
  init(kind: Kind, _ key: FunctionKey) {
    self.init(kind: kind, unit: key.module, row: key.function.index)
  }

  /// The function that the question is about.
  var key: FunctionKey { FunctionKey(module: unit, function: FunctionID(index: row)) }
}

extension Program {
  /// Digest of the functions that a call through a member can go to.
  func targetsDigest(ofMember key: String) -> Digest {
    let targets = targets(ofMember: key)
    return targets.isEmpty ? .zero : Digest(of: RecordEncoder.bytes(of: targets.map(usr)))
  }

  /// Digest of a range of numbers.
  static func digest(of values: ClosedRange<Int64>?) -> Digest {
    guard let values else { return .zero }
    return Digest(of: RecordEncoder.bytes(of: [values.lowerBound, values.upperBound]))
  }

  /// The answer to a question about the program's text; nil for those that only the analysis answers.
  func answer(_ question: Question) -> Digest? {
    switch question.kind {
    // A function that is no longer there has no answer, not even a no.
    case .called: definition(of: question).map { _ in Digest(isCalled(question.key)) }
    case .shared: definition(of: question).map { _ in Digest(callCount(of: question.key) > 1) }
    case .neverWritten: Digest(isNeverWritten(question.name, isStatic: question.first == 1))
    case .definedConst: Digest(isDefinedConst(question.name))
    case .addressed: Digest(isAddressed(question.name))
    case .initial:
      Digest(initialValue(question.name, offset: question.first, size: question.second))
    case .size: Digest(size(ofGlobal: question.name))
    case .endless: Digest(neverReturns(question.name))
    case .targets: targetsDigest(ofMember: question.name)
    case .values: Self.digest(of: values(ofMember: question.name))
    case .summary, .code, .component, .judged, .lost, .seen, .place: nil
    }
  }
}
