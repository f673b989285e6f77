// SPDX-License-Identifier: Apache-2.0

extension Module {
  /// The module as text for people and for tests: stable, without paths of the machine.
  ///
  /// One instruction a line as `%7 = load %3 : int`; `; text` at the end of a block's first line of a
  /// statement quotes the source.
  public func dump() -> String {
    var printer = Printer(module: self)
    printer.printModule()
    return printer.text
  }

  /// One function as text.
  public func dump(_ function: FunctionID) -> String {
    var printer = Printer(module: self)
    printer.printFunction(function)
    return printer.text
  }
}

/// Writes a module.
private struct Printer {
  let module: Module
  var text = ""
  var body = Body(end: OriginID(index: 0))

  init(module: Module) { self.module = module }

  mutating func line(_ string: String) { text += string + "\n" }

  func name(_ symbol: SymbolID) -> String { module.symbols[symbol] }

  func name(_ type: TypeID) -> String { module.symbols[module.types[type].name] }

  func name(_ value: ValueID) -> String { "%\(value.index)" }

  func name(_ block: BlockID) -> String { "b\(block.index)" }

  func name(_ local: LocalID) -> String {
    let symbol = body.locals[local].name
    return symbol == SymbolTable.empty ? "$\(local.index)" : "$\(name(symbol)).\(local.index)"
  }

  func name(_ global: GlobalID) -> String {
    let symbol = module.globals[global].name
    return symbol == SymbolTable.empty ? "@.\(global.index)" : "@\(name(symbol))"
  }

  func name(_ function: FunctionID) -> String { "@\(name(module.functions[function].name))" }

  func name(_ field: FieldID) -> String {
    let symbol = module.fields[field].name
    return symbol == SymbolTable.empty ? ".(unnamed)" : ".\(name(symbol))"
  }

  // MARK: Module

  mutating func printModule() {
    for id in module.records.ids { printRecord(id) }
    for id in module.globals.ids { printGlobal(id) }
    for id in module.functions.ids where module.functions[id].body == nil {
      let row = module.functions[id]
      line("declare \(name(row.result(in: module))) \(name(id))\(parameters(row))\(marks(row))")
    }
    for id in module.functions.ids where module.functions[id].body != nil { printFunction(id) }
  }

  mutating func printRecord(_ id: RecordID) {
    let row = module.records[id]
    guard row.fields.count > 0 else { return }
    let tag = row.isUnion ? "union" : "struct"
    line("\(tag) \(name(row.name)) size \(row.size)")
    for index in row.fields.indices {
      let field = module.fields[FieldID(index)]
      var place = "\(field.bitOffset / 8)"
      if let width = field.bitWidth { place = "bit \(field.bitOffset) width \(width)" }
      let counter = field.counter == SymbolTable.empty ? "" : " counted by \(name(field.counter))"
      line("  \(place) \(name(FieldID(index))) : \(name(field.type))\(counter)")
    }
  }

  mutating func printGlobal(_ id: GlobalID) {
    let row = module.globals[id]
    var words: [String] = []
    if row.isStatic { words.append("static") }
    if row.isConst { words.append("const") }
    if row.isVolatile { words.append("volatile") }
    if !row.isDefinition { words.append("extern") }
    words.append("global \(name(id)) : \(name(row.type))")
    line(words.joined(separator: " "))
    for cell in row.initializer ?? [] {
      let place = cell.bitField.map { name($0) } ?? ""
      line("  \(cell.offset)\(place) : \(name(cell.type)) = \(describe(cell.value))")
    }
  }

  func describe(_ value: InitializerValue) -> String {
    switch value {
    case .integer(let number): "\(number)"
    case .floating(let bits): "\(Double(bitPattern: bits))"
    case .global(let id, let offset): offset == 0 ? name(id) : "\(name(id)) + \(offset)"
    case .literal(let id, let offset): offset == 0 ? quoted(id) : "\(quoted(id)) + \(offset)"
    case .bytes(let id): "bytes \(quoted(id))"
    case .function(let id): name(id)
    case .label(let function, let block): "label \(name(function)) \(name(block))"
    case .unknown: "unknown"
    }
  }

  func quoted(_ id: LiteralID) -> String {
    let literal = module.literals[id]
    var text = literal.elementSize > 1 ? "w\(literal.elementSize)\"" : "\""
    for byte in literal.bytes.dropLast(Int(literal.elementSize)) {
      let isPlain = (0x20..<0x7F).contains(byte) && byte != 0x22 && byte != 0x5C
      text += isPlain ? String(UnicodeScalar(byte)) : "\\" + hexadecimal(byte)
    }
    return text + "\""
  }

  private func hexadecimal(_ byte: UInt8) -> String {
    let digits = String(byte, radix: 16)
    return digits.count == 1 ? "0" + digits : digits
  }

  private func parameters(_ row: Function) -> String {
    let signature = module.signatures[row.signature]
    var words = signature.parameters.map { name($0) }
    if signature.isVariadic { words.append("...") }
    return "(\(words.joined(separator: ", ")))"
  }

  private func marks(_ row: Function) -> String {
    var words: [String] = []
    if row.attributes.contains(.isStatic) { words.append("static") }
    if row.attributes.contains(.isInline) { words.append("inline") }
    if row.attributes.contains(.noReturn) { words.append("noreturn") }
    if row.attributes.contains(.allocates) { words.append("allocates") }
    if row.attributes.contains(.returnsNonNull) { words.append("returns-nonnull") }
    if row.attributes.contains(.hasErrors) { words.append("has-errors") }
    if let format = row.format {
      words.append("format(\(format.isScan ? "scan" : "print"), \(format.formatIndex))")
    }
    return words.isEmpty ? "" : " " + words.joined(separator: " ")
  }

  // MARK: Functions

  mutating func printFunction(_ id: FunctionID) {
    let row = module.functions[id]
    guard let code = row.body else { return }
    body = code
    line("define \(name(row.result(in: module))) \(name(id))\(parameters(row))\(marks(row))")
    for local in body.locals.ids {
      let variable = body.locals[local]
      let kind = variable.isParameter ? "param" : "local"
      let mark = variable.isAddressTaken ? " address-taken" : ""
      line("  \(kind) \(name(local)) : \(name(variable.type))\(mark)")
    }
    for block in body.blocks.ids { printBlock(block) }
  }

  mutating func printBlock(_ block: BlockID) {
    line("\(name(block)):")
    let row = body.blocks[block]
    for index in row.instructions.indices { printInstruction(ValueID(index)) }
    let quote = module.text(of: row.origin)
    let end =
      switch row.terminator {
      case .jump(let target): "jump \(name(target))"
      case .branch(let condition, let then, let otherwise):
        "branch \(name(condition)) ? \(name(then)) : \(name(otherwise))  ; \(quote)"
      case .switch(let id): describe(body.switches[id])
      case .indirect(let value, let targets):
        "goto \(name(value)) of \(names(targets))"
      case .returnVoid: "return"
      case .returnValue(let value): "return \(name(value))"
      case .unreachable: "unreachable"
      }
    line("  \(end)")
  }

  private func describe(_ row: Switch) -> String {
    let cases = row.cases.indices.map { index in
      let entry = body.cases[index]
      let range = entry.low == entry.high ? "\(entry.low)" : "\(entry.low)...\(entry.high)"
      return "\(range): \(name(entry.target))"
    }
    let all = (cases + ["default: \(name(row.defaultTarget))"]).joined(separator: ", ")
    return "switch \(name(row.value)) [\(all)]"
  }

  mutating func printInstruction(_ id: ValueID) {
    let row = body.instructions[id]
    let what = describe(row.operation)
    if module.types[row.type].kind == .void {
      line("  \(what)")
    } else if case .store = row.operation {
      line("  \(what) : \(name(row.type))")
    } else if case .storeBits = row.operation {
      line("  \(what) : \(name(row.type))")
    } else {
      line("  \(name(id)) = \(what) : \(name(row.type))")
    }
  }

  func describe(_ operation: Operation) -> String {
    switch operation {
    case .constant(let value): "\(value)"
    case .pointerSize(let type): "size \(name(type))"
    case .floating(let bits): "\(Double(bitPattern: bits))"
    case .literal(let id): "literal \(quoted(id))"
    case .local(let id): name(id)
    case .global(let id): name(id)
    case .function(let id): "function \(name(id))"
    case .block(let id): "label \(name(id))"
    case .resultAddress: "result-address"
    case .field(let base, let field): "field \(name(base))\(name(field))"
    case .element(let base, let index, let stride):
      "element \(name(base))[\(name(index)) * \(stride)]"
    case .dynamicElement(let base, let index, let stride):
      "element \(name(base))[\(name(index)) * \(name(stride))]"
    case .load(let address, let isVolatile): "load\(mark(isVolatile)) \(name(address))"
    case .store(let address, let value, let isVolatile):
      "store\(mark(isVolatile)) \(name(value)) -> \(name(address))"
    case .loadBits(let base, let field): "load-bits \(name(base))\(name(field))"
    case .storeBits(let base, let field, let value):
      "store-bits \(name(value)) -> \(name(base))\(name(field))"
    case .copy(let destination, let source, let bytes):
      "copy \(bytes) \(name(source)) -> \(name(destination))"
    case .zero(let address, let bytes): "zero \(bytes) \(name(address))"
    case .declare(let local): "declare \(name(local))"
    case .declareArray(let local, let bytes): "declare \(name(local)) bytes \(name(bytes))"
    case .endScope(let local): "end \(name(local))"
    default: describeValue(operation)
    }
  }

  private func describeValue(_ operation: Operation) -> String {
    switch operation {
    case .binary(let kind, let left, let right): "\(kind) \(name(left)), \(name(right))"
    case .unary(let kind, let value): "\(kind) \(name(value))"
    case .compare(let kind, let left, let right): "compare \(kind) \(name(left)), \(name(right))"
    case .cast(let kind, let value): "cast \(kind) \(name(value))"
    case .pointerDifference(let left, let right, let stride):
      "difference \(name(left)), \(name(right)) / \(stride)"
    case .call(let id): describe(body.calls[id])
    case .vaStart(let list): "va-start \(name(list))"
    case .vaArgument(let list): "va-argument \(name(list))"
    case .vaEnd(let list): "va-end \(name(list))"
    case .vaCopy(let destination, let source): "va-copy \(name(source)) -> \(name(destination))"
    case .assembly(let operands): "assembly(\(list(operands)))"
    case .unknown(let cause, let operands): "unknown \(name(cause))(\(list(operands)))"
    default: ""
    }
  }

  private func describe(_ call: Call) -> String {
    let callee =
      switch call.callee {
      case .function(let id): name(id)
      case .indirect(let value): name(value)
      }
    let result = call.resultObject.map { " -> \(name($0))" } ?? ""
    return "call \(callee)(\(list(call.arguments)))\(result)"
  }

  private func list(_ slice: Slice) -> String {
    body.values(slice).map { name($0) }.joined(separator: ", ")
  }

  private func names(_ targets: Slice) -> String {
    targets.indices.map { name(body.blockLists[$0]) }.joined(separator: ", ")
  }

  private func mark(_ isVolatile: Bool) -> String { isVolatile ? " volatile" : "" }
}

extension Function {
  fileprivate func result(in module: Module) -> TypeID { module.signatures[signature].result }
}
