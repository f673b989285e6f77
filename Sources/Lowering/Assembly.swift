// SPDX-License-Identifier: Apache-2.0

// Inline assembly. libclang shows its operands and neither its template nor its constraints; the printed
// function has both. Two kinds say in them what they do, both of them how kernels reach the user's memory:
// a call of one of a family of functions by the size of an operand (`call __get_user_%P4`), and one
// instruction that may fault, with an entry of the exception table, in a macro named after it.

import Clang
import IR

/// One `asm` statement as clang prints it.
struct PrintedAssembly: Hashable {
  /// The template, as one literal.
  var template = ""
  /// The constraints of the outputs and then the inputs.
  var constraints: [String] = []
  /// How many of them are outputs.
  var outputs = 0

  /// The family of functions by size that the template calls, and nothing else; `nil` for others.
  ///
  /// x86 writes `call __get_user_%P4`, where the size of the operand takes the place of what follows `%`.
  var calledFamily: String? {
    guard template.hasPrefix("\"call ") else { return nil }
    let name = template.dropFirst(6).prefix { $0.isLetter || $0.isNumber || $0 == "_" }
    let rest = template.dropFirst(6 + name.count)
    guard rest.hasPrefix("%"), !rest.contains("\\n"), !rest.contains(";"), name.hasSuffix("_")
    else { return nil }
    return name.count > 1 ? String(name.dropLast()) : nil
  }

  /// Whether a fault of an instruction is caught.
  var catchesFaults: Bool { template.contains("__ex_table") }
}

/// Reads the `asm` statements of a printed function.
struct AssemblyScanner {
  private(set) var found: [PrintedAssembly] = []
  /// The depth of parentheses inside the statement that is being read; -1 outside.
  private var depth = -1
  private var section = 0

  /// Takes the next token; `isStatement` says whether an `asm` begins a statement, and not the name that
  /// a declaration has in assembly.
  mutating func take(_ word: String, isStatement: Bool) {
    if depth < 0 {
      if word == "asm", isStatement {
        found.append(PrintedAssembly())
        (depth, section) = (0, 0)
      }
      return
    }
    switch word {
    case "(", "[", "{": depth += 1
    case ")", "]", "}":
      depth -= 1
      if depth == 0 { depth = -1 }
    case ":" where depth == 1: section += 1
    case "::" where depth == 1: section += 2
    default:
      guard depth == 1, word.hasPrefix("\"") else { return }
      switch section {
      case 0: found[found.count - 1].template += word
      case 1, 2:
        found[found.count - 1].constraints.append(word)
        if section == 1 { found[found.count - 1].outputs += 1 }
      default: break
      }
    }
  }
}

extension Lowerer {
  mutating func lowerAssembly(_ node: Cursor) {
    beginStatement(node)
    let nodes = unit.children(of: node).filter { unit.kind(of: $0).isExpression }
    let operands = nodes.map { operand($0) }
    let place = origin(node)
    if let printed = printedAssembly(node), printed.constraints.count <= operands.count {
      if let family = printed.calledFamily {
        return callFamily(family, printed, operands, place)
      }
      if printed.catchesFaults, accessUser(node, printed, operands, place) { return }
    }
    run(.assembly(operands: code.list(operands)), place)
  }

  /// What is printed of a statement, where its text may be of one of the two kinds.
  private mutating func printedAssembly(_ node: Cursor) -> PrintedAssembly? {
    guard mayReachUser(node) else { return nil }
    let printed = printedFunction().assemblies
    let nodes = nodesInPrintedOrder(.assembly)
    guard printed.count == nodes.count, let index = nodes.firstIndex(of: node) else { return nil }
    return printed[index]
  }

  /// Whether a statement is worth that its function is printed: it stands in a macro, and calls something
  /// or was written as something that has to do with users.
  private mutating func mayReachUser(_ node: Cursor) -> Bool {
    guard let extent = unit.extent(of: node), extent.spelling != extent.start else { return false }
    if macroWord(extent).contains("_user") { return true }
    return unit.withContents(of: extent.spelling.file) { text in
      let start = Int(extent.spelling.offset)
      let bytes = (start..<min(start + 64, text.count)).map { text[$0] }
      return String(decoding: bytes, as: UTF8.self).contains("\"call ")
    }
  }

  /// The name of the macro that a place is the use of.
  private mutating func macroWord(_ extent: Extent) -> String {
    unit.withContents(of: extent.start.file) { text in
      var bytes: [UInt8] = []
      var position = Int(extent.start.offset)
      while position < text.count, isWord(text[position]) {
        bytes.append(text[position])
        position += 1
      }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  /// A call of a family of functions gets the operands in their order; the stack pointer is none of them.
  private mutating func callFamily(
    _ family: String, _ printed: PrintedAssembly, _ operands: [ValueID], _ place: OriginID
  ) {
    var arguments: [ValueID] = []
    for (index, operand) in operands.prefix(printed.constraints.count).enumerated() {
      if case .global = code.instruction(operand).operation,
        printed.constraints[index].hasPrefix("\"+")
      {
        continue
      }
      arguments.append(operand)
    }
    callAssembly(family, arguments, place)
  }

  /// One access that may fault, as `get_user` and `put_user` of most machines are.
  ///
  /// The model gets what those of x86 pass. Answers whether the operands are such.
  private mutating func accessUser(
    _ node: Cursor, _ printed: PrintedAssembly, _ operands: [ValueID], _ place: OriginID
  ) -> Bool {
    guard let extent = unit.extent(of: node) else { return false }
    let word = macroWord(extent)
    let isGet = word.contains("get_user")
    guard isGet || word.contains("put_user") else { return false }
    let outputs = operands.prefix(printed.outputs)
    let inputs = operands.prefix(printed.constraints.count).dropFirst(printed.outputs)
    func pointee(_ value: ValueID) -> TypeID? {
      if case .pointer(let type) = module.types[code.instruction(value).type].kind { return type }
      return nil
    }
    guard let user = inputs.last(where: { pointee($0) != nil }), let type = pointee(user)
    else { return false }
    let size = constant(Int64(clamping: module.types[type].size), basic.unsignedLong, place)
    let error = outputs.indices.first { printed.constraints[$0].hasPrefix("\"+") }
    if isGet {
      guard let index = outputs.indices.last(where: { $0 != error }), module.types[type].isInteger,
        let target = pointee(operands[index]), module.types[target].isInteger
      else { return false }
      // The register that receives it may be wider than the value.
      let local = temporary(type, place)
      run(.declare(local), place)
      let fetched = address(of: local, place)
      callAssembly("__get_user", [operands[error ?? index], fetched, user, size], place)
      let value = convert(load(fetched, type, place), to: target, place)
      store(value, to: operands[index], place)
    } else {
      guard let error, let value = inputs.first(where: { $0 != user }) else { return false }
      callAssembly("__put_user", [operands[error], user, value, size], place)
    }
    return true
  }

  private mutating func callAssembly(_ name: String, _ arguments: [ValueID], _ place: OriginID) {
    let signature = addSignature(
      Signature(result: basic.void, parameters: [], isVariadic: true))
    let target = libraryFunction(name, signature: signature)
    let call = Call(
      callee: .function(target), signature: module.functions[target].signature,
      arguments: code.list(arguments), resultObject: nil)
    run(.call(code.body.calls.append(call)), place)
  }
}
