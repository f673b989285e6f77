// SPDX-License-Identifier: Apache-2.0

public import IR

/// A question that the analysis of a function asked about the rest of the program.
///
/// A stored result of the function holds exactly while every recorded answer is unchanged.
public struct RecordedFact: Sendable, Hashable {
  /// What was asked: the kind and the USR it is about.
  public var question: String
  /// FNV-1a hash of the answer.
  public var answerHash: UInt64
}

/// All that the analysis of a function learns from outside it goes through here and is recorded.
struct Facts: Sendable {
  private let program: Program
  private let summaries: [FunctionKey: Summary]
  private let module: Int
  /// What the function's module holds of others.
  private let imports: Imports
  private(set) var recorded: [RecordedFact] = []
  private var asked: Set<String> = []

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
    program: Program, summaries: [FunctionKey: Summary], module: Int, imports: Imports = Imports()
  ) {
    self.program = program
    self.summaries = summaries
    self.module = module
    self.imports = imports
  }

  /// What a call of the function does, where its code is part of the program and comes before this
  /// function in the order of the analysis.
  mutating func summary(of function: FunctionID, in module: Module) -> Summary? {
    let row = Int(function.index)
    let named =
      row < imports.ownFunctions
      ? FunctionKey(module: self.module, function: function)
      : imports.functions[row - imports.ownFunctions]
    guard let key = program.definition(of: named.function, in: named.module) else { return nil }
    let summary = summaries[key]
    record(
      "summary \(module.symbols[module.functions[function].usr])", answer: summary?.hash ?? 0)
    return summary
  }

  /// Whether the variable keeps the value of its initialiser for the whole run.
  mutating func isConstant(_ global: GlobalID, in module: Module) -> Bool {
    let variable = module.globals[global]
    if variable.isVolatile { return false }
    // An object defined as const is never written (C11 6.7.3p6).
    if variable.isConst && variable.initializer != nil { return true }
    let usr = module.symbols[variable.usr]
    let answer =
      (variable.isConst && program.isDefinedConst(usr))
      || program.isNeverWritten(usr, isStatic: variable.isStatic)
    record("constant \(usr)", answer: answer ? 1 : 0)
    return answer
  }

  /// Whether the program's code keeps the address of a variable, so that a pointer may lead to it.
  mutating func isAddressed(_ global: GlobalID, in module: Module) -> Bool {
    let usr = module.symbols[module.globals[global].usr]
    let answer = program.isAddressed(usr)
    record("addressed \(usr)", answer: answer ? 1 : 0)
    return answer
  }

  /// The constant initialiser cell of a variable of this or another module.
  mutating func initialValue(
    of global: GlobalID, at offset: UInt64, size: UInt64, in module: Module
  ) -> Int64? {
    let variable = module.globals[global]
    let usr = module.symbols[variable.usr]
    let answer =
      variable.initializer == nil
      ? program.initialValue(usr, offset: offset, size: size)
      : Program.cell(of: variable, in: module, offset: offset, size: size)
    record("initial \(usr)+\(offset):\(size)", answer: UInt64(bitPattern: answer ?? 0x5bd1_e995))
    return answer
  }

  /// The row of a variable in the function's module, by its USR.
  func global(_ usr: String) -> GlobalID? {
    program.global(usr, in: module) ?? imports.globals[usr]
  }

  /// The size of a variable that some module of the program defines, in bytes.
  mutating func size(ofGlobal usr: String) -> Int64? {
    let answer = program.size(ofGlobal: usr)
    record("size \(usr)", answer: UInt64(bitPattern: answer ?? -1))
    return answer
  }

  /// Whether a call of the function never comes back, as far as the program's own code tells.
  mutating func neverReturns(_ function: FunctionID, in module: Module) -> Bool {
    let usr = module.symbols[module.functions[function].usr]
    let answer = program.neverReturns(usr)
    record("returns \(usr)", answer: answer ? 0 : 1)
    return answer
  }

  /// Whether a call in the program names a function; else only code unseen hands it its arguments.
  mutating func isCalled(_ key: FunctionKey, in module: Module) -> Bool {
    let answer = program.isCalled(key)
    record("called \(module.symbols[module.functions[key.function].usr])", answer: answer ? 1 : 0)
    return answer
  }

  private mutating func record(_ question: String, answer: UInt64) {
    guard asked.insert(question).inserted else { return }
    var hash = StableHash()
    hash.add(answer)
    recorded.append(RecordedFact(question: question, answerHash: hash.value))
  }
}

/// FNV-1a over 64-bit words, the same in every run.
struct StableHash {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ word: UInt64) {
    for shift in stride(from: 0, to: 64, by: 8) {
      value = (value ^ (word >> UInt64(shift) & 0xff)) &* 0x100_0000_01b3
    }
  }

  mutating func add(wide number: Int128) {
    add(UInt64(truncatingIfNeeded: number))
    add(UInt64(truncatingIfNeeded: number >> 64))
  }

  mutating func add(_ text: String) {
    for byte in text.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01b3 }
    add(0)
  }

  mutating func add(_ form: LinearForm) {
    add(UInt64(bitPattern: form.constant))
    for index in 0..<form.count {
      add(UInt64(form[index].symbol.index))
      add(UInt64(bitPattern: Int64(form[index].coefficient)))
    }
    add(UInt64(form.count))
  }

  mutating func add(_ fact: SymbolFact) {
    add(wide: fact.interval.low)
    add(wide: fact.interval.high)
    add(fact.lowBoundary.isNone ? 0 : 1)
    add(fact.highBoundary.isNone ? 0 : 1)
    add(fact.input.isNone ? 0 : 1)
  }
}

/// What is known of the whole program before any function is analysed.
public struct Program: Sendable {
  private var written: Set<String> = []
  /// Variables whose address is a value: it is stored, passed or part of an initialiser.
  private var addressed: Set<String> = []
  private var endless: Set<String> = []
  /// The only definition of a name of external linkage; `nil` where there are several.
  private var external: [String: FunctionKey?] = [:]
  private var definitions: [String: (module: Int, global: GlobalID)] = [:]
  private var globals: [[String: GlobalID]] = []
  private var callCounts: [FunctionKey: Int] = [:]
  /// Functions that calls name; looked up, never listed.
  private var called: Set<FunctionKey> = []
  private let modules: [Module]
  private let isWhole: Bool
  /// Names of functions whose models count instead of their code.
  private let modelled: Set<String>

  /// Reads the stores and address uses of all modules.
  ///
  /// With `isWhole`, a variable of external linkage that no module writes counts as never written.
  public init(_ modules: [Module], isWhole: Bool, modelled: Set<String> = []) {
    self.modules = modules
    self.isWhole = isWhole
    self.modelled = modelled
    for (index, module) in modules.enumerated() {
      globals.append(
        Dictionary(
          module.globals.ids.map { (module.symbols[module.globals[$0].usr], $0) },
          uniquingKeysWith: { first, _ in first }))
      for id in module.globals.ids where module.globals[id].isDefinition {
        let usr = module.symbols[module.globals[id].usr]
        if definitions[usr] == nil { definitions[usr] = (index, id) }
        for cell in module.globals[id].initializer ?? [] {
          if case .global(let target, _) = cell.value {
            written.insert(module.symbols[module.globals[target].usr])
            addressed.insert(module.symbols[module.globals[target].usr])
          }
        }
      }
      for id in module.functions.ids {
        let function = module.functions[id]
        guard let body = function.body else { continue }
        if !function.attributes.contains(.isStatic) {
          let usr = module.symbols[function.usr]
          let key = FunctionKey(module: index, function: id)
          external[usr] = external[usr] == nil ? .some(key) : .some(nil)
        }
        for usr in Self.writtenGlobals(in: body, of: module) { written.insert(usr) }
        for usr in Self.addressedGlobals(in: body, of: module) { addressed.insert(usr) }
      }
    }
    findEndless()
    countCalls()
  }

  private mutating func countCalls() {
    for (index, module) in modules.enumerated() {
      for body in module.functions.rows.lazy.compactMap(\.body) {
        for call in body.calls.rows {
          guard case .function(let callee) = call.callee else { continue }
          count(callee, in: index)
          if let key = definition(of: callee, in: index) { called.insert(key) }
        }
        for row in body.instructions.rows {
          if case .function(let function) = row.operation { count(function, in: index) }
        }
      }
      for cell in module.globals.rows.lazy.flatMap({ $0.initializer ?? [] }) {
        if case .function(let function) = cell.value { count(function, in: index) }
      }
    }
  }

  private mutating func count(_ function: FunctionID, in module: Int) {
    if let key = definition(of: function, in: module) { callCounts[key, default: 0] += 1 }
  }

  /// The body that a call means: the module's own, else the program's only one.
  func definition(of function: FunctionID, in module: Int) -> FunctionKey? {
    let row = modules[module].functions[function]
    if isModelled(row, in: modules[module]) { return nil }
    if row.body != nil { return FunctionKey(module: module, function: function) }
    if row.attributes.contains(.isStatic) { return nil }
    return external[modules[module].symbols[row.usr]] ?? nil
  }

  /// Whether a model speaks for a function whatever its code does: that of a header, or of another file.
  private func isModelled(_ function: Function, in module: Module) -> Bool {
    guard !modelled.isEmpty, modelled.contains(module.symbols[function.name]) else { return false }
    return function.body == nil || module.origins[function.origin].file != module.mainFile
  }

  /// All functions with a body, callees before callers where the calls are not recursive.
  func steps() -> [AnalysisStep] {
    var order = CallOrder(program: self)
    for index in modules.indices {
      for id in modules[index].functions.ids where modules[index].functions[id].body != nil {
        order.visit(FunctionKey(module: index, function: id))
      }
    }
    return order.steps()
  }

  /// The functions of the program that a function calls by name.
  func directCallees(of key: FunctionKey) -> [FunctionKey] {
    guard let body = modules[key.module].functions[key.function].body else { return [] }
    return body.calls.rows.compactMap { call in
      guard case .function(let callee) = call.callee else { return nil }
      return definition(of: callee, in: key.module)
    }
  }

  /// The functions of the program that a function calls by name, takes the address of, or finds in a
  /// table that it names.
  func callees(of key: FunctionKey) -> [FunctionKey] {
    let module = modules[key.module]
    guard let body = module.functions[key.function].body else { return [] }
    let called = body.calls.rows.compactMap { call in
      if case .function(let callee) = call.callee { callee } else { nil }
    }
    let named = body.instructions.rows.compactMap { row in
      if case .function(let function) = row.operation { function } else { nil }
    }
    var listed: [FunctionID] = []
    for case .global(let global) in body.instructions.rows.lazy.map(\.operation) {
      for case .function(let function) in (module.globals[global].initializer ?? []).prefix(64)
        .lazy.map(\.value)
      {
        listed.append(function)
      }
    }
    return (called + named + listed).compactMap { definition(of: $0, in: key.module) }
  }

  /// How many calls in the program name a function, and how many times its address is used.
  func callCount(of key: FunctionKey) -> Int { callCounts[key] ?? 0 }

  /// Whether a call in the program names a function.
  func isCalled(_ key: FunctionKey) -> Bool { called.contains(key) }

  /// Whether no path through the function's body reaches its end.
  func neverReturns(_ usr: String) -> Bool { endless.contains(usr) }

  /// Functions that end in `exit` and the like without saying so, innermost first.
  private mutating func findEndless() {
    var changed = true
    while changed {
      changed = false
      for module in modules {
        for function in module.functions.rows {
          let usr = module.symbols[function.usr]
          guard let body = function.body, !endless.contains(usr), !canReturn(body, in: module)
          else { continue }
          endless.insert(usr)
          changed = true
        }
      }
    }
  }

  private func canReturn(_ body: Body, in module: Module) -> Bool {
    guard body.blocks.count > 0 else { return true }
    var isSeen = [Bool](repeating: false, count: body.blocks.count)
    var open = [BlockID(0)]
    isSeen[0] = true
    while let block = open.popLast() {
      let row = body.blocks[block]
      let isCut = row.instructions.indices.contains { index in
        guard case .call(let call) = body.instructions.rows[index].operation,
          case .function(let callee) = body.calls[call].callee
        else { return false }
        return endless.contains(module.symbols[module.functions[callee].usr])
      }
      if isCut { continue }
      switch row.terminator {
      case .returnVoid, .returnValue: return true
      default: break
      }
      body.forEachSuccessor(of: block) { target in
        if !isSeen[Int(target.index)] {
          isSeen[Int(target.index)] = true
          open.append(target)
        }
      }
    }
    return false
  }

  /// Whether no module writes the variable or takes its address.
  func isNeverWritten(_ usr: String, isStatic: Bool) -> Bool {
    (isStatic || isWhole) && !written.contains(usr)
  }

  /// Whether some module keeps the address of the variable.
  func isAddressed(_ usr: String) -> Bool { addressed.contains(usr) }

  /// The row of a variable in a module.
  func global(_ usr: String, in module: Int) -> GlobalID? { globals[module][usr] }

  /// Whether the definition of a variable is part of the program and says `const`.
  func isDefinedConst(_ usr: String) -> Bool {
    guard let definition = definitions[usr] else { return false }
    return modules[definition.module].globals[definition.global].isConst
  }

  /// The size of a variable where some module defines it, in bytes.
  func size(ofGlobal usr: String) -> Int64? {
    guard let definition = definitions[usr] else { return nil }
    let module = modules[definition.module]
    let size = module.types[module.globals[definition.global].type].size
    return size > 0 ? Int64(exactly: size) : nil
  }

  /// The scalar that a variable's initialiser puts at an offset.
  func initialValue(_ usr: String, offset: UInt64, size: UInt64) -> Int64? {
    guard let definition = definitions[usr] else { return nil }
    let module = modules[definition.module]
    return Self.cell(of: module.globals[definition.global], in: module, offset: offset, size: size)
  }

  /// The scalar that an initialiser puts at an offset; zero where it names no value.
  ///
  /// A later designator overrides an earlier one (C11 6.7.9p19).
  static func cell(of variable: Global, in module: Module, offset: UInt64, size: UInt64) -> Int64? {
    guard let cells = variable.initializer else { return nil }
    for cell in cells.reversed() {
      if case .bytes(let literal) = cell.value {
        let bytes = module.literals[literal].bytes
        guard offset >= cell.offset, offset < cell.offset + UInt64(bytes.count) else { continue }
        guard size == 1 else { return nil }
        let byte = bytes[Int(offset - cell.offset)]
        return module.isCharSigned ? Int64(Int8(bitPattern: byte)) : Int64(byte)
      }
      let cellSize = module.types[cell.type].size
      guard offset < cell.offset + cellSize, cell.offset < offset + size else { continue }
      guard offset == cell.offset, size == cellSize, cell.bitField == nil else { return nil }
      if case .integer(let value) = cell.value { return value }
      return nil
    }
    return 0
  }

  /// USRs of variables that a function stores to or whose address it uses other than to load.
  private static func writtenGlobals(in body: Body, of module: Module) -> [String] {
    var isLoadedOnly = [Bool](repeating: true, count: body.instructions.count)
    /// Whether the value is an address made from a variable, so that its uses count.
    var source = [GlobalID?](repeating: nil, count: body.instructions.count)
    var found: [GlobalID] = []
    func use(_ value: ValueID) {
      if let global = source[Int(value.index)] { found.append(global) }
      isLoadedOnly[Int(value.index)] = false
    }
    for (index, row) in body.instructions.rows.enumerated() {
      switch row.operation {
      case .global(let global): source[index] = global
      case .field(let base, _), .cast(.decay, let base), .cast(.pointerCast, let base):
        source[index] = source[Int(base.index)]
      case .element(let base, let at, _):
        source[index] = source[Int(base.index)]
        use(at)
      case .load, .loadBits, .compare, .pointerDifference: break
      case .copy(let destination, _, _): use(destination)
      case .store(let address, let value, _):
        use(address)
        use(value)
      default: row.operation.forEachOperand(in: body, use)
      }
    }
    for block in body.blocks.rows {
      if case .returnValue(let value) = block.terminator { use(value) }
    }
    return found.map { module.symbols[module.globals[$0].usr] }
  }

  /// The variables whose own address is used for more than to load or store there.
  private static func addressedGlobals(in body: Body, of module: Module) -> [String] {
    var found: [String] = []
    func use(_ value: ValueID) {
      if case .global(let global) = body.instructions[value].operation {
        found.append(module.symbols[module.globals[global].usr])
      }
    }
    for row in body.instructions.rows {
      switch row.operation {
      case .load, .loadBits, .compare, .field, .element, .copy, .zero: break
      case .store(_, let value, _): use(value)
      default: row.operation.forEachOperand(in: body, use)
      }
    }
    for block in body.blocks.rows {
      if case .returnValue(let value) = block.terminator { use(value) }
    }
    return found
  }
}
