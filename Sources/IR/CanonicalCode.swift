// SPDX-License-Identifier: Apache-2.0

// What the code of a function is, apart from where it stands: a change elsewhere in the file moves rows and
// offsets of all that comes after, and means nothing to who has the code in the place of a call.

/// Writes functions of a module so that equal code gives equal bytes, wherever it stands in its file.
public struct CanonicalCode {
  private let module: Module
  private let program: [LazyModule]

  /// Reads code of a module.
  public init(of module: Module) {
    self.module = module
    program = [LazyModule(SharedModule(module))]
  }

  /// The code of a function with all that it names: types, signatures, what declarations promise,
  /// initialisers of variables, its source text.
  ///
  /// Not part of it are the places of declarations, the lines above the function, and where macros are
  /// spelled.
  ///
  /// - Parameter function: a function of the module.
  /// - Returns: the bytes; none where it has no body.
  public func bytes(of function: FunctionID) -> ContiguousArray<UInt8> {
    guard let body = module.functions[function].body else { return [] }
    // Rows are imported in the order in which the code names them.
    var target = Module()
    target.pointerSize = module.pointerSize
    target.isCharSigned = module.isCharSigned
    var importer = ModuleImporter(program, of: target, position: program.count)
    let own = importer.function(function, from: 0)
    var origins = OriginOrder()
    let code = importer.body(body, from: 0) { origins.row(of: $0) }
    target = importer.module
    target.functions[own].body = code
    let nowhere = OriginID(0)
    for id in target.functions.ids { target.functions[id].origin = nowhere }
    for id in target.globals.ids { target.globals[id].origin = nowhere }
    target.origins = Table()
    target.files = Table()
    return target.encoded(includesTexts: false) + bytes(of: origins.origins)
  }

  /// Origins by their distance from the first byte of the code, and the text that they lie in.
  private func bytes(of origins: [OriginID]) -> ContiguousArray<UInt8> {
    let rows = origins.map { module.origins[$0] }
    guard let home = rows.first?.file else { return [] }
    let stretches = rows.filter { $0.file == home }
    let base = stretches.map(\.start).min() ?? 0
    let end = stretches.map(\.end).max() ?? base
    var output = ByteWriter()
    output.count(rows.count)
    for row in rows {
      let isHome = row.file == home
      output.flag(isHome)
      output.flag(row.isMacro)
      for offset in [row.start, row.end, row.point] {
        output.fixed(UInt64(isHome ? offset &- base : offset))
      }
      if !isHome {
        output.string(module.files[row.file].path)
        output.run(module.files[row.file].contentHash)
      }
    }
    let text = module.files[home].text
    output.string(module.files[home].path)
    output.run(text[min(Int(base), text.count)..<min(max(Int(base), Int(end)), text.count)])
    return output.bytes
  }
}

/// Origins in the order in which code names them.
private struct OriginOrder {
  private(set) var origins: [OriginID] = []
  private var rows: [OriginID: OriginID] = [:]

  mutating func row(of origin: OriginID) -> OriginID {
    if let known = rows[origin] { return known }
    let row = OriginID(origins.count)
    rows[origin] = row
    origins.append(origin)
    return row
  }
}

extension ModuleImporter {
  /// The code of a function of the module at `source`, its origins put where `origin` says.
  fileprivate mutating func body(
    _ body: Body, from source: Int, origin: (OriginID) -> OriginID
  ) -> Body {
    var code = body
    for id in code.blocks.ids { code.blocks[id].origin = origin(code.blocks[id].origin) }
    code.end = origin(code.end)
    for id in code.locals.ids {
      code.locals[id].name = symbol(code.locals[id].name, from: source)
      code.locals[id].type = type(code.locals[id].type, from: source)
      code.locals[id].origin = origin(code.locals[id].origin)
    }
    for id in code.instructions.ids {
      let row = code.instructions[id]
      code.instructions[id].operation = operation(row.operation, from: source)
      code.instructions[id].type = type(row.type, from: source)
      code.instructions[id].origin = origin(row.origin)
    }
    for id in code.calls.ids {
      let call = code.calls[id]
      if case .function(let callee) = call.callee {
        code.calls[id].callee = .function(function(callee, from: source))
      }
      code.calls[id].signature = signature(call.signature, from: source)
    }
    return code
  }
}
