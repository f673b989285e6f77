// SPDX-License-Identifier: Apache-2.0

import IR

/// What is known of the whole program before any function is analysed.
struct Program: Sendable {
  private var written: Set<String> = []
  /// Variables whose address is a value: it is stored, passed or part of an initialiser.
  private var addressed: Set<String> = []
  private var endless: Set<String> = []
  /// The only definition of a name of external linkage; `nil` where there are several.
  private var external: [String: FunctionKey?] = [:]
  private var definitions: [String: (unit: Int, row: Int)] = [:]
  private var callCounts: [FunctionKey: Int] = [:]
  /// Functions that calls name; looked up, never listed.
  private var called: Set<FunctionKey> = []
  private let units: [Linkage]
  private let code: [LazyModule]
  /// Whether the units are all there is.
  let isWhole: Bool
  /// How the attributes of messages and their policies are laid out.
  let attributeFormat: AttributeFormat?
  /// For each function of each module the body that a call of it means.
  private var bodies: [[FunctionKey?]] = []
  /// Members of structs by their keys, of a program that is all there is.
  private var members: [String: Member] = [:]
  /// The variables of each module by USR.
  private let globals: [Lazy<[String: GlobalID]>]

  /// Reads the stores and address uses of all modules.
  init(_ modules: [Module], isWhole: Bool, models: ModelTable) {
    self.init(
      modules.map { Linkage(of: $0) }, code: modules.map { LazyModule(SharedModule($0)) },
      isWhole: isWhole, models: models)
  }

  /// Joins units.
  ///
  /// With `isWhole`, a variable of external linkage that no module writes counts as never written.
  init(_ units: [Linkage], code: [LazyModule], isWhole: Bool, models: ModelTable) {
    self.units = units
    self.code = code
    self.isWhole = isWhole
    attributeFormat = models.attributeFormat
    globals = units.map { unit in
      Lazy {
        Dictionary(
          unit.variables.enumerated().map { ($1.usr, GlobalID($0)) },
          uniquingKeysWith: { first, _ in first })
      }
    }
    for (index, unit) in units.enumerated() {
      for (row, variable) in unit.variables.enumerated() where variable.isDefinition {
        if definitions[variable.usr] == nil { definitions[variable.usr] = (index, row) }
      }
      for row in unit.written { written.insert(unit.variables[Int(row)].usr) }
      for row in unit.addressed { addressed.insert(unit.variables[Int(row)].usr) }
      for (row, function) in unit.functions.enumerated()
      where function.hasBody && !function.isStatic {
        let key = FunctionKey(module: index, function: FunctionID(row))
        external[function.usr] = external[function.usr] == nil ? .some(key) : .some(nil)
      }
    }
    findBodies(models.insteadOfCode)
    if isWhole { joinMembers(models) }
    findEndless()
    countCalls()
  }

  private mutating func findBodies(_ modelled: Set<String>) {
    for (index, unit) in units.enumerated() {
      bodies.append(
        unit.functions.enumerated().map { row, function in
          // Whether a model speaks for it whatever its code does: that of a header, or of another file.
          let isElsewhere = !function.hasBody || !function.isOfMainFile
          if isElsewhere, modelled.contains(function.name) { return nil }
          if function.hasBody { return FunctionKey(module: index, function: FunctionID(row)) }
          if function.isStatic { return nil }
          return external[function.usr] ?? nil
        })
    }
  }

  /// What the program does with a member of a struct.
  private struct Member: Sendable {
    var functions: [FunctionKey] = []
    /// Whether other functions may be called through it.
    var isOpen = false
    /// Zero is what memory starts with.
    var values: ClosedRange<Int64>? = 0...0
  }

  private mutating func joinMembers(_ models: ModelTable) {
    func mayWrite(_ handed: HandedRecord, _ unit: Linkage) -> Bool {
      guard let model = models[unit.functions[Int(handed.function)].name] else { return true }
      return handed.argument == HandedRecord.result || model.mayWrite(Int(handed.argument))
    }
    var open: Set<String> = []
    for (index, unit) in units.enumerated() {
      let uses = unit.fields
      for row in uses.open { open.insert(uses.records[Int(row)]) }
      for handed in uses.handed
      where bodies[index][Int(handed.function)] == nil && mayWrite(handed, unit) {
        open.insert(uses.records[Int(handed.record)])
      }
      for handed in uses.bytes
      where bodies[index][Int(handed.function)] != nil || mayWrite(handed, unit) {
        open.insert(uses.records[Int(handed.record)])
      }
      for place in stride(from: 0, to: uses.outside.count, by: 2)
      where definitions[unit.variables[Int(uses.outside[place + 1])].usr] == nil {
        open.insert(uses.records[Int(uses.outside[place])])
      }
    }
    for (index, unit) in units.enumerated() {
      for use in unit.fields.fields {
        var member = members[use.key] ?? Member()
        member.isOpen = member.isOpen || use.isOpen
        if use.isOpen || open.contains(FieldUses.record(ofKey: use.key)) { member.values = nil }
        if let known = member.values, let more = use.values {
          member.values =
            min(known.lowerBound, more.lowerBound)...max(known.upperBound, more.upperBound)
        }
        for row in use.functions {
          guard let key = bodies[index][Int(row)] else {
            // Code unseen.
            member.isOpen = true
            continue
          }
          if !member.functions.contains(key) { member.functions.append(key) }
        }
        members[use.key] = member
      }
    }
  }

  /// Most functions of a member of which each is followed.
  static let mostTargets = 4

  /// The functions that a call through a member of a struct can go to, at most `mostTargets`; none where that
  /// is not known.
  func targets(ofMember key: String) -> [FunctionKey] {
    guard let member = members[key], !member.isOpen, member.functions.count <= Self.mostTargets
    else { return [] }
    return member.functions
  }

  /// The values that a member of a struct can have; nil where that is not known.
  func values(ofMember key: String) -> ClosedRange<Int64>? {
    guard let member = members[key], !member.isOpen else { return nil }
    return member.values
  }

  private mutating func countCalls() {
    for (index, unit) in units.enumerated() {
      for function in unit.functions {
        for callee in function.calls {
          count(callee, in: index)
          if let key = bodies[index][Int(callee)] { called.insert(key) }
        }
        for row in function.named { count(row, in: index) }
      }
      for row in unit.initialisers { count(row, in: index) }
    }
  }

  private mutating func count(_ row: UInt32, in module: Int) {
    if let key = bodies[module][Int(row)] { callCounts[key, default: 0] += 1 }
  }

  /// The body that a call means: the module's own, else the program's only one.
  func definition(of function: FunctionID, in module: Int) -> FunctionKey? {
    bodies[module][Int(function.index)]
  }

  /// The body that a question means, nil inside for none; nil outside where there is no such function.
  func definition(of question: Question) -> FunctionKey?? {
    guard units.indices.contains(question.unit),
      question.row < units[question.unit].functions.count
    else { return nil }
    return .some(definition(of: FunctionID(index: question.row), in: question.unit))
  }

  /// All functions with a body, callees before callers where the calls are not recursive.
  func steps() -> [AnalysisStep] {
    var order = CallOrder(program: self)
    for (index, unit) in units.enumerated() {
      for (row, function) in unit.functions.enumerated() where function.hasBody {
        order.visit(FunctionKey(module: index, function: FunctionID(row)))
      }
    }
    return order.steps()
  }

  /// The functions of the program that a function calls by name.
  func directCallees(of key: FunctionKey) -> [FunctionKey] {
    function(key).calls.compactMap { bodies[key.module][Int($0)] }
  }

  /// The functions of the program that a function calls by name or through members of structs, takes the
  /// address of, or finds in a table that it names.
  func callees(of key: FunctionKey) -> [FunctionKey] {
    let function = function(key)
    var found: [FunctionKey] = []
    for rows in [function.calls, function.named, function.tabled] {
      for row in rows {
        if let key = bodies[key.module][Int(row)] { found.append(key) }
      }
    }
    let uses = units[key.module].fields
    for row in uses.calls[key.function.index] ?? [] {
      found += targets(ofMember: uses.fields[Int(row)].key)
    }
    return found
  }

  /// The USR of a function.
  func usr(_ key: FunctionKey) -> String { function(key).usr }

  /// How many instructions a function has.
  func size(of key: FunctionKey) -> Int { Int(function(key).size) }

  /// Digest of a function's code apart from where it stands; 0 where none was taken.
  func code(of key: FunctionKey) -> Digest { function(key).code }

  private func function(_ key: FunctionKey) -> Linkage.Function {
    units[key.module].functions[Int(key.function.index)]
  }

  /// The name of a function.
  func name(of key: FunctionKey) -> String { function(key).name }

  /// How many calls in the program name a function, and how many times its address is used.
  func callCount(of key: FunctionKey) -> Int { callCounts[key] ?? 0 }

  /// Whether a call in the program names a function.
  func isCalled(_ key: FunctionKey) -> Bool { called.contains(key) }

  /// Whether no path through the function's body reaches its end.
  func neverReturns(_ usr: String) -> Bool { endless.contains(usr) }

  /// Functions that end in `exit` and the like without saying so, innermost first.
  private mutating func findEndless() {
    var open = units.enumerated().flatMap { index, unit in
      unit.functions.indices.filter { !unit.functions[$0].flow.isEmpty }.map { (index, $0) }
    }
    var changed = true
    while changed {
      changed = false
      open.removeAll { index, row in
        let functions = units[index].functions
        let canReturn = Flow.canReturn(functions[row].flow) { callee in
          endless.contains(functions[Int(callee)].usr)
        }
        if canReturn { return false }
        if endless.insert(functions[row].usr).inserted { changed = true }
        return true
      }
    }
  }

  /// Whether no module writes the variable or takes its address.
  func isNeverWritten(_ usr: String, isStatic: Bool) -> Bool {
    (isStatic || isWhole) && !written.contains(usr)
  }

  /// Whether some module keeps the address of the variable.
  func isAddressed(_ usr: String) -> Bool { addressed.contains(usr) }

  /// The row of a variable in a module.
  func global(_ usr: String, in module: Int) -> GlobalID? { globals[module].value[usr] }

  /// Whether the definition of a variable is part of the program and says `const`.
  func isDefinedConst(_ usr: String) -> Bool {
    guard let definition = definitions[usr] else { return false }
    return units[definition.unit].variables[definition.row].isConst
  }

  /// The size of a variable where some module defines it, in bytes.
  func size(ofGlobal usr: String) -> Int64? {
    guard let definition = definitions[usr] else { return nil }
    let size = units[definition.unit].variables[definition.row].size
    return size > 0 ? Int64(exactly: size) : nil
  }

  /// The scalar that a variable's initialiser puts at an offset.
  func initialValue(_ usr: String, offset: UInt64, size: UInt64) -> Int64? {
    guard let definition = definitions[usr], let code = code[definition.unit].value else {
      return nil
    }
    return Self.cell(
      of: code.module.globals[GlobalID(definition.row)], in: code.module, offset: offset, size: size
    )
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
}
