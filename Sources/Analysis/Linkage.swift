// SPDX-License-Identifier: Apache-2.0

// What a program needs to know of a unit before any of its functions is looked at. It is a hundredth of the
// unit's code, and is kept beside it, so that a run in which little has changed reads little.

public import IR

/// What a run needs to know of a unit whose code it does not need: what other units of the program may ask of
/// it, and which of its files speak to prgate.
public struct Linkage: Hashable, Sendable {
  /// A file with comments that speak to prgate.
  public struct CommentedFile: Hashable, Sendable {
    /// The file.
    public var file: FileID
    /// Whether it was found as a system header.
    public var isSystem: Bool
  }

  /// A function that the unit defines or names, at its row.
  struct Function: Hashable, Sendable {
    var usr = ""
    var name = ""
    var isStatic = false
    var hasBody = false
    /// Whether the main file says it, and no header.
    var isOfMainFile = false
    /// Instructions.
    var size: UInt32 = 0
    /// Functions that it calls by name, a row for each call.
    var calls: ContiguousArray<UInt32> = []
    /// Functions whose address it takes, a row for each time.
    var named: ContiguousArray<UInt32> = []
    /// Functions in tables that it names, the first 64 of each.
    var tabled: ContiguousArray<UInt32> = []
    /// How it comes to its end, see `Flow`; empty where no call is on the way.
    var flow: ContiguousArray<UInt32> = []
    /// Digest of the code apart from where it stands, where another unit may have it in the place of a call;
    /// else 0.
    var code = Digest.zero
  }

  /// Instructions of code that may stand in the place of a call.
  static let mostInlined = 150

  /// A variable of static storage duration that the unit defines or names, at its row.
  struct Variable: Hashable, Sendable {
    var usr = ""
    var isDefinition = false
    var isConst = false
    /// In bytes; 0 where it is not known.
    var size: UInt64 = 0
  }

  var functions: ContiguousArray<Function> = []
  var variables: ContiguousArray<Variable> = []
  /// Functions that initialisers of variables name, a row for each time.
  var initialisers: ContiguousArray<UInt32> = []
  /// Variables that the unit writes, or whose address it uses other than to read there; ascending.
  var written: ContiguousArray<UInt32> = []
  /// Variables whose address is a value: it is stored, passed or part of an initialiser; ascending.
  var addressed: ContiguousArray<UInt32> = []

  /// What it does with members of structs.
  var fields = FieldUses()
  /// The main file.
  public internal(set) var mainFile = FileID(index: 0)
  /// Files with comments that speak to prgate, in their order.
  public internal(set) var commentedFiles: ContiguousArray<CommentedFile> = []

  /// Reads a module.
  public init(of module: Module) {
    mainFile = module.mainFile
    commentedFiles = ContiguousArray(
      Set(module.directives.map(\.file)).sorted().map {
        CommentedFile(file: $0, isSystem: module.files[$0].isSystem)
      })
    for id in module.functions.ids {
      functions.append(Function(module.functions[id], in: module))
    }
    var written: Set<GlobalID> = []
    var addressed: Set<GlobalID> = []
    for variable in module.globals.rows {
      variables.append(
        Variable(
          usr: module.symbols[variable.usr], isDefinition: variable.isDefinition,
          isConst: variable.isConst, size: module.types[variable.type].size))
      for cell in variable.initializer ?? [] {
        switch cell.value {
        case .global(let target, _):
          written.insert(target)
          addressed.insert(target)
        case .function(let function): initialisers.append(function.index)
        default: break
        }
      }
    }
    for body in module.functions.rows.lazy.compactMap(\.body) {
      written.formUnion(GlobalUses.written(in: body))
      addressed.formUnion(GlobalUses.addressed(in: body))
    }
    fields = FieldUses(of: module)
    addCodeDigests(of: module)
    self.written = ContiguousArray(written.map(\.index).sorted())
    self.addressed = ContiguousArray(addressed.map(\.index).sorted())
  }

  /// Functions of external linkage, and what their code calls, can stand in the code of other units.
  private mutating func addCodeDigests(of module: Module) {
    let canonical = CanonicalCode(of: module)
    var open = functions.indices.filter { !functions[$0].isStatic }
    var isSeen = [Bool](repeating: false, count: functions.count)
    for row in open { isSeen[row] = true }
    while let row = open.popLast() {
      guard functions[row].hasBody, functions[row].size <= Self.mostInlined else { continue }
      functions[row].code = Digest(of: canonical.bytes(of: FunctionID(row)))
      for callee in functions[row].calls where !isSeen[Int(callee)] {
        isSeen[Int(callee)] = true
        open.append(Int(callee))
      }
    }
  }
}

extension Linkage.Function {
  fileprivate init(_ row: IR.Function, in module: Module) {
    usr = module.symbols[row.usr]
    name = module.symbols[row.name]
    isStatic = row.attributes.contains(.isStatic)
    isOfMainFile = module.origins[row.origin].file == module.mainFile
    guard let body = row.body else { return }
    hasBody = true
    size = UInt32(body.instructions.count)
    for call in body.calls.rows {
      if case .function(let callee) = call.callee { calls.append(callee.index) }
    }
    for instruction in body.instructions.rows {
      switch instruction.operation {
      case .function(let function): named.append(function.index)
      case .global(let global):
        for case .function(let function) in (module.globals[global].initializer ?? []).prefix(64)
          .lazy.map(\.value)
        {
          tabled.append(function.index)
        }
      default: break
      }
    }
    flow = Flow.encoded(body)
  }
}

/// The way from a function's start to its end, as far as calls may cut it off.
///
/// For each block: twice its number of calls, and one more where it returns; the functions that it calls;
/// the number of its successors; the successors.
enum Flow {
  /// The flow of a body; empty where some way to its end has no call.
  static func encoded(_ body: Body) -> ContiguousArray<UInt32> {
    guard body.blocks.count > 0 else { return [] }
    var blocks: [(calls: [UInt32], returns: Bool, next: [UInt32])] = []
    for id in body.blocks.ids {
      let row = body.blocks[id]
      var calls: [UInt32] = []
      for index in row.instructions.indices {
        if case .call(let call) = body.instructions.rows[index].operation,
          case .function(let callee) = body.calls[call].callee
        {
          calls.append(callee.index)
        }
      }
      let returns =
        switch row.terminator {
        case .returnVoid, .returnValue: true
        default: false
        }
      var next: [UInt32] = []
      body.forEachSuccessor(of: id) { next.append($0.index) }
      blocks.append((calls, returns, next))
    }
    if canReturn(blocks.map { ($0.calls.isEmpty, $0.returns, $0.next) }) { return [] }
    var flow: ContiguousArray<UInt32> = []
    for block in blocks {
      flow.append(UInt32(block.calls.count) * 2 + (block.returns ? 1 : 0))
      flow += block.calls
      flow.append(UInt32(block.next.count))
      flow += block.next
    }
    return flow
  }

  /// Whether a function comes to its end; `isEndless` tells of functions that calls do not come back from.
  static func canReturn(
    _ flow: ContiguousArray<UInt32>, isEndless: (UInt32) -> Bool
  ) -> Bool {
    var blocks: [(isOpen: Bool, returns: Bool, next: [UInt32])] = []
    var at = 0
    while at < flow.count {
      let (calls, returns) = (Int(flow[at] / 2), flow[at] % 2 == 1)
      at += 1
      let isOpen = !flow[at..<at + calls].contains(where: isEndless)
      at += calls
      let count = Int(flow[at])
      at += 1
      blocks.append((isOpen, returns, Array(flow[at..<at + count])))
      at += count
    }
    return blocks.isEmpty || canReturn(blocks)
  }

  /// Whether numbers are a flow of functions of `count` rows.
  static func isSound(_ flow: ContiguousArray<UInt32>, functions count: Int) -> Bool {
    var at = 0
    var blocks = 0
    var farthest = 0
    while at < flow.count {
      let calls = Int(flow[at] / 2)
      guard at + 1 + calls < flow.count,
        flow[(at + 1)..<(at + 1 + calls)].allSatisfy({ $0 < count })
      else { return false }
      at += 1 + calls
      let next = Int(flow[at])
      guard at + next < flow.count else { return false }
      for target in flow[(at + 1)..<(at + 1 + next)] { farthest = max(farthest, Int(target)) }
      at += 1 + next
      blocks += 1
    }
    return blocks == 0 || farthest < blocks
  }

  private static func canReturn(
    _ blocks: [(isOpen: Bool, returns: Bool, next: [UInt32])]
  ) -> Bool {
    var isSeen = [Bool](repeating: false, count: blocks.count)
    var open = [0]
    isSeen[0] = true
    while let block = open.popLast() {
      guard blocks[block].isOpen else { continue }
      if blocks[block].returns { return true }
      for target in blocks[block].next where !isSeen[Int(target)] {
        isSeen[Int(target)] = true
        open.append(Int(target))
      }
    }
    return false
  }
}

/// What a body does with variables of static storage duration.
enum GlobalUses {
  /// Variables that a function stores to or whose address it uses other than to load.
  static func written(in body: Body) -> [GlobalID] {
    /// Whether the value is an address made from a variable, so that its uses count.
    var source = [GlobalID?](repeating: nil, count: body.instructions.count)
    var found: [GlobalID] = []
    func use(_ value: ValueID) {
      if let global = source[Int(value.index)] { found.append(global) }
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
    return found
  }

  /// The variables whose own address is used for more than to load or store there.
  static func addressed(in body: Body) -> [GlobalID] {
    var found: [GlobalID] = []
    func use(_ value: ValueID) {
      if case .global(let global) = body.instructions[value].operation { found.append(global) }
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
