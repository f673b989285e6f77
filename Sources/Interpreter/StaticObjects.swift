// SPDX-License-Identifier: Apache-2.0

import IR

extension Machine {
  /// Gives every function, label, literal and variable its address, then fills the variables.
  mutating func makeStaticObjects() throws(Stop) {
    for index in module.functions.rows.indices {
      let owner = UInt32(index)
      let address = try memory.makeObject(.function, size: 0, owner: owner, base: 0)
      functionAddresses.append(address)
      labelAddresses.append(try memory.makeObject(.label, size: 0, owner: owner, base: 0))
    }
    for index in module.literals.rows.indices { try makeLiteral(index) }
    for index in module.globals.rows.indices { try makeGlobal(index) }
    for index in module.globals.rows.indices { try initialize(index) }
  }

  private mutating func makeLiteral(_ index: Int) throws(Stop) {
    let bytes = module.literals.rows[index].bytes
    let address = try memory.allocate(.literal, size: bytes.count, owner: UInt32(index))
    try write(bytes, to: address, terminated: false)
    memory.objects[Memory.row(of: address)].isReadOnly = true
    literalAddresses.append(address)
  }

  private mutating func makeGlobal(_ index: Int) throws(Stop) {
    let global = module.globals.rows[index]
    var size = module.types[global.type].size
    for cell in global.initializer ?? [] {
      // A flexible array member may reach beyond the type's own size.
      size = max(size, cell.offset + self.size(of: cell))
    }
    let address = try memory.allocate(.global, size: Int(size), owner: UInt32(index))
    globalAddresses.append(address)
  }

  private func size(of cell: InitializerCell) -> UInt64 {
    if cell.bitField != nil { return 0 }
    let size = module.types[cell.type].size
    if case .bytes(let literal) = cell.value, size == 0 {
      return UInt64(module.literals[literal].bytes.count)
    }
    return size
  }

  private mutating func initialize(_ index: Int) throws(Stop) {
    let global = module.globals.rows[index]
    let address = globalAddresses[index]
    let row = Memory.row(of: address)
    guard let cells = global.initializer else {
      try provideExternal(module.symbols[global.name], at: address)
      return
    }
    origin = global.origin
    try memory.fill(address, 0, Int(memory.objects[row].size))
    for cell in cells { try store(cell, at: address) }
    memory.objects[row].isReadOnly = global.isConst
    origin = nil
  }

  /// Fills a variable of the C library; any other one that is not defined here holds no value.
  private mutating func provideExternal(_ name: String, at address: Address) throws(Stop) {
    let names: [(String, UInt32)] = [
      ("stdin", 0), ("stdout", 1), ("stderr", 2),
      ("__stdinp", 0), ("__stdoutp", 1), ("__stderrp", 2),
    ]
    for (candidate, descriptor) in names where candidate == name {
      let stream = try memory.makeObject(.stream, size: 0, owner: descriptor, base: 0)
      try memory.store(address, 8, stream)
    }
  }

  private mutating func store(_ cell: InitializerCell, at start: Address) throws(Stop) {
    let address = start + cell.offset
    if let id = cell.bitField {
      try store(cell, inBitField: id, at: address)
      return
    }
    switch cell.value {
    case .bytes(let literal):
      let room = Int(module.types[cell.type].size)
      let bytes = module.literals[literal].bytes
      let text = room == 0 ? bytes : ContiguousArray(bytes.prefix(room))
      try write(text, to: address, terminated: false)
    case .unknown:
      let base = try memory.locate(address, Int(size(of: cell)), .write)
      memory.forget(base, Int(size(of: cell)))
    default:
      let scalar = scalar(cell.type)
      guard let value = value(of: cell.value, scalar) else { return }
      try memory.store(address, value, as: scalar)
    }
  }

  private mutating func store(
    _ cell: InitializerCell, inBitField id: FieldID, at record: Address
  ) throws(Stop) {
    let field = module.fields[id]
    guard let width = field.bitWidth, case .integer(let value) = cell.value else {
      throw Stop.trap("initialises a bit-field with what is not an integer")
    }
    try memory.storeBits(
      record, bit: field.bitOffset, width: width, UInt64(bitPattern: value))
  }

  private func value(of value: InitializerValue, _ scalar: Scalar) -> UInt64? {
    switch value {
    case .integer(let value): scalar.canonical(UInt64(bitPattern: value))
    case .floating(let bits): scalar.rounded(Double(bitPattern: bits))
    case .global(let id, let offset):
      globalAddresses[Int(id.index)] &+ UInt64(bitPattern: offset)
    case .literal(let id, let offset):
      literalAddresses[Int(id.index)] &+ UInt64(bitPattern: offset)
    case .function(let id): functionAddresses[Int(id.index)]
    case .label(let function, let block): labelAddress(Int(function.index), block)
    case .bytes, .unknown: nil
    }
  }

  func labelAddress(_ function: Int, _ block: BlockID) -> Address {
    labelAddresses[function] + UInt64(block.index)
  }
}
