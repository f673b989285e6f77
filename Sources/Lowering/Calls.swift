// SPDX-License-Identifier: Apache-2.0

import Clang
import IR

/// Calls and compiler builtins.
extension Lowerer {
  /// A call with a scalar or no result.
  mutating func call(_ node: Cursor) -> ValueID { call(node, resultObject: nil) }

  /// A call with an aggregate result, which the object at `target` receives.
  mutating func call(_ node: Cursor, into target: ValueID) {
    _ = call(node, resultObject: target)
  }

  private mutating func call(_ node: Cursor, resultObject: ValueID?) -> ValueID {
    let children = unit.children(of: node).filter { unit.kind(of: $0).isExpression }
    guard let callee = children.first else { return unmodelled(node) }
    let arguments = Array(children.dropFirst())
    guard let function = calledFunction(callee) else {
      return indirectCall(node, callee, arguments, resultObject)
    }
    let name = module.symbols[module.functions[function].name]
    if name.hasPrefix("__builtin_"), let value = builtin(name, node, arguments, function) {
      return value
    }
    if name.hasPrefix("__atomic_") || name.hasPrefix("__c11_atomic_"),
      let value = atomicCall(name, node, arguments)
    {
      return value
    }
    if name.hasPrefix("__sync_"), let value = synchronized(name, node, arguments) { return value }
    let values = lowerArguments(arguments, module.functions[function].signature)
    return emitCall(
      .function(function), signature: module.functions[function].signature, values, node,
      resultObject)
  }

  /// The function that a callee expression names.
  mutating func calledFunction(_ callee: Cursor) -> FunctionID? {
    var node = callee
    while true {
      switch unit.kind(of: node) {
      case .parenthesis, .unexposedExpression:
        guard let child = onlyChild(node), unit.end(of: child) == unit.end(of: node) else {
          return nil
        }
        node = child
      case .genericSelection:
        guard let choice = selected(node) else { return nil }
        node = choice
      case .unaryOperator:
        let operation = unit.unaryOperator(of: node)
        guard operation == .dereference || operation == .addressOf, let child = onlyChild(node)
        else { return nil }
        node = child
      case .declarationReference:
        guard let declaration = unit.referenced(by: node),
          unit.kind(of: declaration) == .functionDeclaration
        else { return nil }
        return function(declaration)
      default: return nil
      }
    }
  }

  private mutating func indirectCall(
    _ node: Cursor, _ callee: Cursor, _ arguments: [Cursor], _ resultObject: ValueID?
  ) -> ValueID {
    let pointer = value(callee)
    guard case .pointer(let pointee) = module.types[code.instruction(pointer).type].kind,
      case .function(let signature) = module.types[pointee].kind
    else {
      let operands = arguments.map { operand($0) }
      return unknown("callee", type(of: node), operands: [pointer] + operands, origin(node))
    }
    let values = lowerArguments(arguments, signature)
    let result = emitCall(.indirect(pointer), signature: signature, values, node, resultObject)
    let target = unit.pointee(of: unit.unqualified(unit.type(of: callee)))
    if neverReturns(target) { code.terminate(.unreachable, origin(node)) }
    return result
  }

  private mutating func lowerArguments(
    _ arguments: [Cursor], _ signature: SignatureID
  ) -> [ValueID] {
    let parameters = module.signatures[signature].parameters
    return arguments.enumerated().map { index, argument in
      lowerArgument(argument, index < parameters.count ? parameters[index] : nil)
    }
  }

  private mutating func lowerArgument(_ argument: Cursor, _ parameter: TypeID?) -> ValueID {
    let type = self.type(of: argument)
    if let parameter, !module.types[parameter].isAggregate {
      // The cast to an array parameter is shown with the type as the callee writes it.
      if unit.kind(of: argument) == .unexposedExpression, type != parameter,
        let child = onlyChild(argument)
      {
        if module.types[type].isAggregate || module.types[type].size == 0 {
          return cast(child, to: parameter, argument)
        }
      }
      return convert(value(argument), to: parameter, origin(argument))
    }
    guard module.types[type].isAggregate else { return value(argument) }
    let place = origin(argument)
    let copy = temporary(type, place)
    run(.declare(copy), place)
    let target = address(of: copy, place)
    lower(argument, into: target, type, isFresh: true)
    return target
  }

  @discardableResult
  private mutating func emitCall(
    _ callee: Callee, signature: SignatureID, _ arguments: [ValueID], _ node: Cursor,
    _ resultObject: ValueID?
  ) -> ValueID {
    let place = origin(node)
    let type = module.signatures[signature].result
    var object = resultObject
    if object == nil, module.types[type].isAggregate {
      let local = temporary(type, place)
      run(.declare(local), place)
      object = address(of: local, place)
    }
    let row = Call(
      callee: callee, signature: signature, arguments: code.list(arguments),
      resultObject: module.types[type].isAggregate ? object : nil)
    let isScalar = !module.types[type].isAggregate
    let value = emit(
      .call(code.body.calls.append(row)), isScalar ? type : basic.void, place)
    if case .function(let function) = callee,
      module.functions[function].attributes.contains(.noReturn)
    {
      code.terminate(.unreachable, place)
    }
    return value
  }

  // MARK: Builtins

  /// A builtin that is more or less than a call; `nil` for one that is called under its own name.
  private mutating func builtin(
    _ name: String, _ node: Cursor, _ arguments: [Cursor], _ function: FunctionID
  ) -> ValueID? {
    let place = origin(node)
    let type = self.type(of: node)
    switch name.dropFirst("__builtin_".count) {
    case "expect", "expect_with_probability":
      guard let first = arguments.first else { return nil }
      let value = self.value(first)
      for argument in arguments.dropFirst() { effect(argument) }
      return convert(value, to: type, place)
    case "assume_aligned", "launder":
      guard let first = arguments.first else { return nil }
      return convert(value(first), to: type, place)
    case "constant_p", "object_size", "dynamic_object_size", "types_compatible_p",
      "classify_type":
      return folded(name, node, type, place)
    case "huge_val", "huge_valf", "huge_vall", "inf", "inff", "infl", "nan", "nanf", "nanl",
      "LINE":
      return constantValue(node)
    case "unreachable":
      let value = nothing(place)
      code.terminate(.unreachable, place)
      return value
    case "prefetch", "assume":
      // Neither changes what the program does; the argument of `__builtin_assume` is not evaluated.
      if name.hasSuffix("prefetch") { for argument in arguments { effect(argument) } }
      return nothing(place)
    case "va_start", "c23_va_start", "stdarg_start":
      guard let list = arguments.first else { return nil }
      return run(.vaStart(vaList(list)), place)
    case "va_end":
      guard let list = arguments.first else { return nil }
      return run(.vaEnd(vaList(list)), place)
    case "va_copy":
      guard arguments.count == 2 else { return nil }
      let target = vaList(arguments[0])
      let source = vaList(arguments[1])
      return run(.vaCopy(destination: target, source: source), place)
    default: return libraryCall(name, node, arguments, function)
    }
  }

  /// A builtin that clang folds to a constant; where it gives up, the answer that `clang -O0` compiles.
  private mutating func folded(
    _ name: String, _ node: Cursor, _ type: TypeID, _ place: OriginID
  ) -> ValueID {
    if let value = constantValue(node) { return value }
    guard name.hasSuffix("object_size") else { return constant(0, type, place) }
    let arguments = unit.children(of: node).filter { unit.kind(of: $0).isExpression }
    var isMinimum = false
    if let last = arguments.last, case .integer(let mode) = unit.evaluate(last) {
      isMinimum = mode & 2 != 0
    }
    return constant(isMinimum ? 0 : -1, type, place)
  }

  /// A call of a builtin that stands for a library function.
  private mutating func libraryCall(
    _ name: String, _ node: Cursor, _ arguments: [Cursor], _ function: FunctionID
  ) -> ValueID? {
    guard let library = libraryName(of: name) else { return nil }
    let own = module.functions[function].signature
    var values = lowerArguments(arguments, own)
    var signature = module.signatures[own]
    for position in library.dropped.reversed() where position < values.count {
      values.remove(at: position)
      if position < signature.parameters.count { signature.parameters.remove(at: position) }
    }
    if signature.parameters.isEmpty, !signature.isVariadic {
      // The builtin's own type is not shown: its arguments tell.
      signature.parameters = ContiguousArray(values.map { code.instruction($0).type })
    }
    signature.result = type(of: node)
    let known = module.symbols.find(library.name).flatMap { functionsByName[$0] }
    let id = addSignature(signature)
    let target = known ?? libraryFunction(library.name, signature: id)
    return emitCall(
      .function(target), signature: known == nil ? id : module.functions[target].signature, values,
      node, nil)
  }
}

/// The library function that a builtin stands for, and the positions of the arguments that only the
/// checked form has.
private func libraryName(of builtin: String) -> (name: String, dropped: [Int])? {
  let name = String(builtin.dropFirst("__builtin_".count))
  if name.hasPrefix("__"), name.hasSuffix("_chk") {
    let base = String(name.dropFirst(2).dropLast(4))
    return checkedArguments[base].map { (base, $0) }
  }
  if name == "alloca_with_align" { return ("alloca", [1]) }
  if name == "memcpy_inline" { return ("memcpy", []) }
  return libraryNames.contains(name) ? (name, []) : nil
}

private let checkedArguments: [String: [Int]] = [
  "memcpy": [3], "memmove": [3], "memset": [3], "mempcpy": [3], "memccpy": [4], "strcpy": [2],
  "strncpy": [3], "stpcpy": [2], "stpncpy": [3], "strcat": [2], "strncat": [3], "strlcpy": [3],
  "strlcat": [3], "sprintf": [1, 2], "snprintf": [2, 3], "vsprintf": [1, 2], "vsnprintf": [2, 3],
  "printf": [0], "vprintf": [0], "fprintf": [1], "vfprintf": [1],
]

private let libraryNames: Set<String> = [
  "abort", "abs", "alloca", "bcmp", "bcopy", "bzero", "calloc", "ceil", "ceilf", "cos", "exit",
  "exp", "fabs", "fabsf", "fabsl", "floor", "floorf", "fmax", "fmin", "fmod", "fprintf", "fputc",
  "fputs", "free", "fwrite", "index", "isalnum", "isalpha", "isdigit", "islower", "isprint",
  "ispunct", "isspace", "isupper", "isxdigit", "labs", "llabs", "log", "log10", "log2", "longjmp",
  "malloc", "memccpy", "memchr", "memcmp", "memcpy", "memmove", "mempcpy", "memset", "pow",
  "printf", "putchar", "puts", "realloc", "rindex", "round", "setjmp", "sin", "snprintf",
  "sprintf", "sqrt", "sqrtf", "stpcpy", "stpncpy", "strcasecmp", "strcat", "strchr", "strcmp",
  "strcpy", "strcspn", "strdup", "strlen", "strncasecmp", "strncat", "strncmp", "strncpy",
  "strndup", "strpbrk", "strrchr", "strspn", "strstr", "tolower", "toupper", "trunc", "vfprintf",
  "vprintf", "vsnprintf", "vsprintf", "wcslen", "wmemcpy", "_exit",
]
