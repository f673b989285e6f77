// SPDX-License-Identifier: Apache-2.0

import Clang
import IR

/// A block scope that is open at the point that is being lowered.
struct Scope {
  /// The nodes of the scope: a jump to a label among them does not leave it.
  var nodes: Range<UInt32>
  /// What was declared in it so far.
  var locals: ContiguousArray<ScopedLocal> = []
}

/// A local whose lifetime ends with a scope.
struct ScopedLocal {
  var local: LocalID
  /// The function of `__attribute__((cleanup))`.
  var cleanup: FunctionID?
}

/// Where `break` or `continue` goes.
struct JumpTarget {
  var block: BlockID
  /// The number of scopes that stay open there.
  var depth: Int
}

/// A `switch` whose body is being lowered.
struct OpenSwitch {
  var type: TypeID
  var cases: ContiguousArray<SwitchCase> = []
  var defaultTarget: BlockID?
}

/// An object or bit-field that an lvalue designates.
enum Place {
  /// The object at an address.
  case address(ValueID)
  /// A bit-field of the record at `base`.
  case bits(base: ValueID, field: FieldID)
}

/// The function that is being lowered.
struct FunctionCode {
  var body = Body(end: OriginID(index: 0))
  var function = FunctionID(index: 0)
  var name = ""
  var resultType = TypeID(index: 0)
  var returnsAggregate = false
  var statement = StatementID(index: 0)

  /// The block that takes instructions; `nil` after a terminator.
  var open: BlockID?
  private var openStart: UInt32 = 0
  /// Blocks in the order in which they were started, which becomes their order.
  private var startOrder: ContiguousArray<BlockID> = []
  /// Whether some terminator leads to the block.
  private var isTarget: ContiguousArray<Bool> = []

  var locals = EntityTable()
  var scopes: ContiguousArray<Scope> = []
  var breakTargets: ContiguousArray<JumpTarget> = []
  var continueTargets: ContiguousArray<JumpTarget> = []
  var switches: ContiguousArray<OpenSwitch> = []
  var labels: [EntityID: BlockID] = [:]
  var labelNodes: [EntityID: Cursor] = [:]
  var addressedLabels: ContiguousArray<BlockID> = []
  /// Locals that hold the size in bytes of a VLA type.
  var arraySizes: [ClangType: LocalID] = [:]
  /// Static cells that hold a label of this function.
  var labelCells: [(global: GlobalID, cell: Int)] = []
  /// `for` statements of the function in order, with the parts that they have; see Statements.swift.
  var forParts: [Cursor: ForParts] = [:]
  var hasForParts = false
  /// The branch that each `_Generic` chooses.
  var selections: [Cursor: Cursor] = [:]
  /// The printed types of the associations of each `_Generic`.
  var associations: [Cursor: [String]] = [:]
  var hasSelections = false
  var printed: PrintedFunction?
  var definition = Cursor(index: 0)

  private var originBase: UInt32 = 0
  private var origins: ContiguousArray<UInt32> = []

  init() {}

  init(function: FunctionID, name: String, nodes: Range<UInt32>) {
    self.function = function
    self.name = name
    originBase = nodes.lowerBound
    origins = ContiguousArray(repeating: .max, count: nodes.count)
    definition = Cursor(index: nodes.lowerBound)
  }

  // MARK: Origins

  func origin(of node: Cursor) -> OriginID? {
    guard node.index >= originBase, Int(node.index - originBase) < origins.count else { return nil }
    let known = origins[Int(node.index - originBase)]
    return known == .max ? nil : OriginID(index: known)
  }

  mutating func setOrigin(_ origin: OriginID, of node: Cursor) {
    guard node.index >= originBase, Int(node.index - originBase) < origins.count else { return }
    origins[Int(node.index - originBase)] = origin.index
  }

  // MARK: Blocks

  mutating func newBlock() -> BlockID {
    isTarget.append(false)
    return body.blocks.append(
      Block(instructions: .empty, terminator: .unreachable, origin: OriginID(index: 0)))
  }

  /// Makes the block the one that takes instructions; falls into it from the open one.
  mutating func start(_ block: BlockID, _ origin: OriginID) {
    jump(to: block, origin)
    open = block
    openStart = UInt32(body.instructions.count)
    startOrder.append(block)
  }

  /// Starts the block only if something leads to it.
  mutating func startIfReached(_ block: BlockID, _ origin: OriginID) {
    if open != nil || isTarget[Int(block.index)] { start(block, origin) }
  }

  mutating func markTarget(_ block: BlockID) { isTarget[Int(block.index)] = true }

  /// Ends the open block, if there is one.
  mutating func terminate(_ terminator: Terminator, _ origin: OriginID) {
    guard let block = open else { return }
    switch terminator {
    case .jump(let target): markTarget(target)
    case .branch(_, let then, let otherwise):
      markTarget(then)
      markTarget(otherwise)
    default: break
    }
    let count = UInt32(body.instructions.count) - openStart
    body.blocks[block] = Block(
      instructions: Slice(start: openStart, count: count), terminator: terminator, origin: origin)
    open = nil
  }

  mutating func jump(to block: BlockID, _ origin: OriginID) {
    terminate(.jump(block), origin)
  }

  mutating func emit(_ operation: Operation, _ type: TypeID, _ origin: OriginID) -> ValueID {
    if open == nil { start(newBlock(), origin) }
    return body.instructions.append(
      Instruction(operation: operation, type: type, origin: origin))
  }

  func instruction(_ value: ValueID) -> Instruction { body.instructions[value] }

  /// The integer constant that a value is.
  func constant(_ value: ValueID) -> Int64? {
    if case .constant(let number) = body.instructions[value].operation { number } else { nil }
  }

  /// The same, or the size of a pointer.
  func constantOrSize(_ value: ValueID, _ pointerSize: UInt8) -> Int64? {
    if case .pointerSize = body.instructions[value].operation { return Int64(pointerSize) }
    return constant(value)
  }

  mutating func list(_ values: some Sequence<ValueID>) -> Slice {
    let start = UInt32(body.operands.count)
    body.operands.append(contentsOf: values)
    return Slice(start: start, count: UInt32(body.operands.count) - start)
  }

  mutating func label(_ entity: EntityID) -> BlockID {
    if let known = labels[entity] { return known }
    let block = newBlock()
    labels[entity] = block
    return block
  }

  // MARK: The end

  /// Puts the blocks in the order of their code, drops those that nothing ever filled, and finds out
  /// which locals have their address taken.
  mutating func finish() -> ContiguousArray<BlockID?> {
    var renamed = ContiguousArray<BlockID?>(repeating: nil, count: body.blocks.count)
    for (position, block) in startOrder.enumerated() {
      renamed[Int(block.index)] = BlockID(position)
    }
    // A label whose statement is in code that was left out.
    var count = startOrder.count
    for block in body.blocks.ids
    where renamed[Int(block.index)] == nil && isTarget[Int(block.index)] {
      renamed[Int(block.index)] = BlockID(count)
      startOrder.append(block)
      count += 1
    }
    func new(_ block: BlockID) -> BlockID { renamed[Int(block.index)] ?? block }
    var blocks = Table<Block>()
    for old in startOrder {
      var block = body.blocks[old]
      switch block.terminator {
      case .jump(let target): block.terminator = .jump(new(target))
      case .branch(let condition, let then, let otherwise):
        block.terminator = .branch(
          condition: condition, then: new(then), otherwise: new(otherwise))
      default: break
      }
      _ = blocks.append(block)
    }
    body.blocks = blocks
    for index in body.cases.indices { body.cases[index].target = new(body.cases[index].target) }
    for id in body.switches.ids {
      body.switches[id].defaultTarget = new(body.switches[id].defaultTarget)
    }
    for index in body.blockLists.indices { body.blockLists[index] = new(body.blockLists[index]) }
    for id in body.instructions.ids {
      if case .block(let block) = body.instructions[id].operation {
        body.instructions[id].operation = .block(new(block))
      }
    }
    markAddressTaken()
    return renamed
  }

  /// A local's address is not taken where all uses of it load or store the whole object.
  private mutating func markAddressTaken() {
    var localOf = ContiguousArray<UInt32>(repeating: .max, count: body.instructions.count)
    for id in body.instructions.ids {
      if case .local(let local) = body.instructions[id].operation {
        localOf[Int(id.index)] = local.index
      }
    }
    var taken = ContiguousArray(repeating: false, count: body.locals.count)
    for id in body.instructions.ids {
      let instruction = body.instructions[id]
      switch instruction.operation {
      case .load(let address, _):
        let local = localOf[Int(address.index)]
        if local != .max, body.locals[LocalID(index: local)].type != instruction.type {
          taken[Int(local)] = true
        }
      case .store(let address, let value, _):
        let local = localOf[Int(address.index)]
        if local != .max, body.locals[LocalID(index: local)].type != instruction.type {
          taken[Int(local)] = true
        }
        let stored = localOf[Int(value.index)]
        if stored != .max { taken[Int(stored)] = true }
      default:
        body.forEachOperand(of: id) { operand in
          let local = localOf[Int(operand.index)]
          if local != .max { taken[Int(local)] = true }
        }
      }
    }
    for block in body.blocks.ids {
      body.forEachOperand(ofTerminator: block) { operand in
        let local = localOf[Int(operand.index)]
        if local != .max { taken[Int(local)] = true }
      }
    }
    for id in body.locals.ids { body.locals[id].isAddressTaken = taken[Int(id.index)] }
  }
}
