// SPDX-License-Identifier: Apache-2.0

// What is questionable in the initialisers of variables: no path leads there.

public import IR

/// Something questionable in the initialiser of a variable.
public struct DeclarationConcern: Sendable, Hashable {
  /// What it is.
  public var concern: ConcernObservation
  /// The variable.
  public var global: GlobalID
}

/// What is questionable in the initialisers of a module's variables, in their order.
///
/// A deterministic function of its arguments.
public func declarationConcerns(in module: Module, models: ModelTable) -> [DeclarationConcern] {
  var found: [DeclarationConcern] = []
  for id in module.globals.ids {
    let global = module.globals[id]
    guard global.isDefinition, let cells = global.initializer else { continue }
    for cell in cells {
      let concern: ConcernObservation?
      switch cell.value {
      case .integer(let value):
        concern = modeConcern(value, at: cell.offset, of: global, in: module, models)
      case .literal(let literal, 0), .bytes(let literal):
        concern = secretConcern(literal, at: cell.offset, of: global, in: module)
      default: concern = nil
      }
      if let concern { found.append(DeclarationConcern(concern: concern, global: id)) }
    }
  }
  return found
}

private func modeConcern(
  _ value: Int64, at offset: UInt64, of global: Global, in module: Module, _ models: ModelTable
) -> ConcernObservation? {
  guard value & 0o2 != 0,
    let member = module.members(of: global.type, at: offset).last(where: {
      models.concern(ofMember: $0.qualified) != nil
    }),
    case .bits(let kind, _, let all, let none)? = models.concern(ofMember: member.qualified),
    value & all == all, value & none == 0
  else { return nil }
  return ConcernObservation(
    kind: kind, callee: "", expression: "\(module.symbols[global.name]).\(member.name)",
    value: value)
}

private func secretConcern(
  _ literal: LiteralID, at offset: UInt64, of global: Global, in module: Module
) -> ConcernObservation? {
  let text = module.literals[literal]
  guard text.elementSize == 1, isLikelySecret(Array(text.bytes.prefix { $0 != 0 })) else {
    return nil
  }
  let member = module.members(of: global.type, at: offset).last?.name
  let name = member ?? module.symbols[global.name]
  guard SecretWords.isStoredSecret(name) else { return nil }
  var concern = ConcernObservation(
    kind: .literalSecret, callee: "", expression: module.symbols[global.name])
  concern.isAssured = false
  return concern
}

/// A member of a record, by its names.
struct MemberName {
  /// Its own name.
  var name: String
  /// The name of the record, a dot, and its own.
  var qualified: String
}

extension Module {
  /// The members that hold the byte at an offset of an object, outermost first.
  func members(of type: TypeID, at offset: UInt64) -> [MemberName] {
    fields(of: type, at: offset).compactMap { id in
      let name = symbols[fields[id].name]
      let record = symbols[records[fields[id].record].name]
      return name.isEmpty ? nil : MemberName(name: name, qualified: "\(record).\(name)")
    }
  }

  /// The rows of the members that hold the byte at an offset of an object, outermost first.
  ///
  /// Of a union it is the first member that reaches so far; a member without bytes only where no other is there.
  func fields(of type: TypeID, at offset: UInt64) -> [FieldID] {
    var (type, offset) = (type, offset)
    var path: [FieldID] = []
    while true {
      switch types[type].kind {
      case .record(let id):
        func member(ofBytes least: UInt64) -> Int? {
          records[id].fields.indices.first { index in
            let field = fields.rows[index]
            return field.byteOffset <= offset
              && offset < field.byteOffset + max(types[field.type].size, least)
          }
        }
        guard let inside = member(ofBytes: 0) ?? member(ofBytes: 1) else { return path }
        path.append(FieldID(inside))
        offset -= fields.rows[inside].byteOffset
        type = fields.rows[inside].type
      case .array(let element, _), .unboundedArray(let element):
        offset %= max(types[element].size, 1)
        type = element
      default: return path
      }
    }
  }
}
