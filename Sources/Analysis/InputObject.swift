// SPDX-License-Identifier: Apache-2.0

// Objects by the way that leads to them from a call: so a function and its callers can speak of the
// same object (access paths, as in Jones and Muchnick 1979 and Infer's footprints).

import IR

/// An object that a function and its callers can both name.
indirect enum InputObject: Hashable, Codable, Sendable {
  /// What an argument points to, from where it points.
  case argument(Int)
  /// The callee's own copy of an argument of aggregate type.
  case copy(Int)
  /// A variable of static storage duration, by its USR.
  case global(String)
  /// What the pointer leads to that stands at an offset of an object, in bytes.
  case pointee(InputObject, offset: Int64)
  /// Memory that the call makes, by the callee's region.
  case made(Region)

  /// The argument that the way starts at.
  var argument: Int? {
    switch self {
    case .argument(let index), .copy(let index): index
    case .pointee(let holder, _): holder.argument
    case .global, .made: nil
    }
  }

  /// Pointers to follow.
  var depth: Int {
    if case .pointee(let holder, _) = self { holder.depth + 1 } else { 0 }
  }
}

extension Machine {
  /// How callers name a region; `nil` where they cannot.
  func object(of region: Region) -> InputObject? {
    switch universe[region].kind {
    case .parameter(let local): return .argument(Int(local.index))
    case .local(let local): return isCopy(local) ? .copy(Int(local.index)) : nil
    case .global(let global): return .global(module.symbols[module.globals[global].usr])
    case .foreign(let usr): return .global(usr)
    case .entry(let place):
      guard let holder = object(of: place.region), holder.depth < 3 else { return nil }
      return .pointee(holder, offset: place.offset)
    case .heap, .made: return .made(region)
    case .literal, .opaque, .choice: return nil
    }
  }

  /// Whether a region holds something when the function is entered that callers know.
  func isInput(_ region: Region) -> Bool {
    switch universe[region].kind {
    case .parameter, .entry: true
    default: false
    }
  }

  /// Whether a local is a parameter of aggregate type: a copy of the caller's value.
  func isCopy(_ local: LocalID) -> Bool {
    local.index < body.parameterCount && module.types[body.locals[local].type].isAggregate
  }

  /// Whether a region still holds what it held at entry.
  func isPristine(_ region: Region, _ state: State) -> Bool {
    switch universe[region].kind {
    case .local where !state.isEscaped(region): return !state.isTouched(region)
    case .global(let global) where module.globals[global].isConst: return !state.isTouched(region)
    default: break
    }
    return state.isPristine(region)
  }

  /// The region of a variable that another module may define.
  mutating func region(ofGlobal usr: String) -> Region {
    if let global = facts.global(usr) { return region(of: global) }
    return universe.region(
      ofForeign: usr, size: facts.size(ofGlobal: usr).map { LinearForm(constant: $0) })
  }

  /// The address of a callee's object in a call, in the state before the call.
  mutating func resolve(
    _ object: InputObject, _ arguments: [ValueID], _ state: State
  ) -> AbstractValue? {
    switch object {
    case .argument(let index), .copy(let index):
      return index < arguments.count ? registers[Int(arguments[index].index)] : nil
    case .global(let usr):
      return .pointer(region(ofGlobal: usr), offset: .zero, inside: .none, mayBeNull: false)
    case .made: return nil
    case .pointee(let holder, let offset):
      guard case .pointer(let region, let start, _, _)? = resolve(holder, arguments, state),
        start.isConstant, !isChoice(region)
      else { return nil }
      let at = start.constant.addingSaturating(offset)
      if let known = state.cell(in: region, at: at, size: UInt32(module.pointerSize)) {
        return known
      }
      let kind = EntryPlace.Kind.pointer
      return entryValue(region, at, UInt32(module.pointerSize), kind, state)
    }
  }

  /// What a place of shared memory held at entry, while nothing on the path can have written it.
  mutating func entryValue(
    _ region: Region, _ offset: Int64, _ size: UInt32, _ kind: EntryPlace.Kind, _ state: State
  ) -> AbstractValue? {
    switch universe[region].kind {
    case .parameter, .global, .foreign, .entry: break
    case .local(let local): guard isCopy(local) else { return nil }
    case .heap, .made, .literal, .opaque, .choice: return nil
    }
    guard isPristine(region, state) else { return nil }
    let place = EntryPlace(region: region, offset: offset, size: size, kind: kind)
    switch kind {
    case .number where state.isShaken: return nil
    case .number(let range): return .number(LinearForm(universe.symbol(of: place, range: range)))
    case .pointer:
      return .pointer(
        universe.region(of: place), offset: .zero, inside: .none, mayBeNull: true)
    }
  }
}
