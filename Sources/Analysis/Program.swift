// SPDX-License-Identifier: Apache-2.0

public import IR

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
  /// For each function of each module the body that a call of it means.
  private var bodies: [[FunctionKey?]] = []

  /// Reads the stores and address uses of all modules.
  ///
  /// With `isWhole`, a variable of external linkage that no module writes counts as never written.
  /// `modelled` are names of functions whose models count instead of their code.
  public init(_ modules: [Module], isWhole: Bool, modelled: Set<String> = []) {
    self.modules = modules
    self.isWhole = isWhole
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
    findBodies(modelled)
    findEndless()
    countCalls()
  }

  private mutating func findBodies(_ modelled: Set<String>) {
    for (index, module) in modules.enumerated() {
      bodies.append(
        module.functions.ids.map { id in
          let row = module.functions[id]
          if Self.isModelled(row, in: module, modelled) { return nil }
          if row.body != nil { return FunctionKey(module: index, function: id) }
          if row.attributes.contains(.isStatic) { return nil }
          return external[module.symbols[row.usr]] ?? nil
        })
    }
  }

  /// Whether a model speaks for a function whatever its code does: that of a header, or of another file.
  private static func isModelled(
    _ function: Function, in module: Module, _ modelled: Set<String>
  ) -> Bool {
    guard !modelled.isEmpty, modelled.contains(module.symbols[function.name]) else { return false }
    return function.body == nil || module.origins[function.origin].file != module.mainFile
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
    bodies[module][Int(function.index)]
  }

  /// The body that a question means, nil inside for none; nil outside where there is no such function.
  func definition(of question: Question) -> FunctionKey?? {
    guard modules.indices.contains(question.unit),
      question.row < modules[question.unit].functions.count
    else { return nil }
    return .some(definition(of: FunctionID(index: question.row), in: question.unit))
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
