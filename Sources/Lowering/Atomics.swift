// SPDX-License-Identifier: Apache-2.0

import Clang
import IR

/// Atomic builtins: plain volatile accesses, since one thread is what is analysed.
extension Lowerer {
  /// `__atomic_*` and `__c11_atomic_*` with an integer or pointer as the object.
  ///
  /// The tree has the operands in the order pointer, memory order, value, …; of a comparison pointer,
  /// order, expected, order of failure, desired. Forms without `_n` pass values by their address.
  mutating func atomic(
    _ node: Cursor, _ name: String, _ children: ContiguousArray<Cursor>
  ) -> ValueID {
    let place = origin(node)
    let type = self.type(of: node)
    let words = name.split(separator: "_").map(String.init).filter { $0 != "c11" && $0 != "n" }
    guard words.first == "atomic", let action = words.dropFirst().first, !children.isEmpty,
      case .pointer(let pointee) = typeRow(of: children[0]).kind,
      module.types[pointee].isInteger || module.types[pointee].isPointer
    else { return unmodelled(node, cause: "atomic") }
    let byValue = name.hasSuffix("_n") || name.hasPrefix("__c11")
    let count = children.count
    switch action {
    case "load" where byValue:
      return load(value(children[0]), type, isVolatile: true, place)
    case "load" where count > 2:
      let target = value(children[0])
      let result = value(children[2])
      store(load(target, pointee, isVolatile: true, place), to: result, place)
      return nothing(place)
    case "init" where count > 1:
      let target = value(children[0])
      store(convert(value(children[1]), to: pointee, place), to: target, place)
      return nothing(place)
    case "store" where count > 2:
      let target = value(children[0])
      let new = atomicOperand(children[2], pointee, byValue: byValue, place)
      store(new, to: target, isVolatile: true, place)
      return nothing(place)
    case "exchange" where count > (byValue ? 2 : 3):
      let target = value(children[0])
      let new = atomicOperand(children[2], pointee, byValue: byValue, place)
      let result = byValue ? nil : value(children[3])
      let old = exchange(target, new, place)
      guard let result else { return convert(old, to: type, place) }
      store(old, to: result, place)
      return nothing(place)
    case "compare" where count > 4:
      let target = value(children[0])
      let expected = value(children[2])
      let new = atomicOperand(children[4], pointee, byValue: byValue, place)
      let wanted = load(expected, pointee, place)
      let isEqual = compareExchange(target, wanted, new, place) { lowerer, old in
        lowerer.store(old, to: expected, place)
      }.isEqual
      return convert(isEqual, to: type, place)
    default:
      guard let operation = atomicOperation(words), count > 2 else {
        return unmodelled(node, cause: "atomic")
      }
      return update(
        children[0], operation, children[2], pointee, isOld: action == "fetch", node)
        ?? unmodelled(node, cause: "atomic")
    }
  }

  /// The older `__sync_*` of GNU C; `nil` for one that is called like any function.
  mutating func synchronized(_ name: String, _ node: Cursor, _ arguments: [Cursor]) -> ValueID? {
    let place = origin(node)
    let words = name.split(separator: "_").dropFirst().map(String.init)
    if words == ["synchronize"] { return nothing(place) }
    guard words.count >= 3, let object = arguments.first,
      case .pointer(let pointee) = typeRow(of: object).kind,
      module.types[pointee].isInteger || module.types[pointee].isPointer
    else { return nil }
    switch (words[0], words[1], words[2]) {
    case ("lock", "release", _):
      store(zero(pointee, place), to: value(object), isVolatile: true, place)
      return nothing(place)
    case ("lock", "test", _) where arguments.count > 1:
      let target = value(object)
      let new = atomicOperand(arguments[1], pointee, byValue: true, place)
      return convert(exchange(target, new, place), to: type(of: node), place)
    case (_, "compare", _) where arguments.count > 2:
      let target = value(object)
      let wanted = atomicOperand(arguments[1], pointee, byValue: true, place)
      let new = atomicOperand(arguments[2], pointee, byValue: true, place)
      let (old, isEqual) = compareExchange(target, wanted, new, place) { _, _ in }
      return convert(words[0] == "bool" ? isEqual : old, to: type(of: node), place)
    case ("fetch", "and", let word) where arguments.count > 1:
      return atomicOperation(word).flatMap {
        update(object, $0, arguments[1], pointee, isOld: true, node)
      }
    case (let word, "and", "fetch") where arguments.count > 1:
      return atomicOperation(word).flatMap {
        update(object, $0, arguments[1], pointee, isOld: false, node)
      }
    default: return nil
    }
  }

  /// The `__atomic_*` that are calls: fences and flags; `nil` for others.
  mutating func atomicCall(_ name: String, _ node: Cursor, _ arguments: [Cursor]) -> ValueID? {
    let place = origin(node)
    if name.hasSuffix("_fence") {
      for argument in arguments { effect(argument) }
      return nothing(place)
    }
    guard name == "__atomic_test_and_set" || name == "__atomic_clear", let flag = arguments.first
    else { return nil }
    let target = convert(value(flag), to: pointer(to: basic.character), place)
    if name == "__atomic_clear" {
      store(zero(basic.character, place), to: target, isVolatile: true, place)
      return nothing(place)
    }
    let old = exchange(target, constant(1, basic.character, place), place)
    return convert(old, to: type(of: node), place)
  }

  /// A value of the object's type, which the operand is or points to.
  private mutating func atomicOperand(
    _ node: Cursor, _ type: TypeID, byValue: Bool, _ place: OriginID
  ) -> ValueID {
    let operand = value(node)
    return byValue ? convert(operand, to: type, place) : load(operand, type, place)
  }

  private mutating func exchange(
    _ target: ValueID, _ new: ValueID, _ place: OriginID
  ) -> ValueID {
    let old = load(target, code.instruction(new).type, isVolatile: true, place)
    store(new, to: target, isVolatile: true, place)
    return old
  }

  /// Stores `new` where the object holds what is wanted, else does `otherwise` with what it holds.
  private mutating func compareExchange(
    _ target: ValueID, _ wanted: ValueID, _ new: ValueID, _ place: OriginID,
    otherwise: (inout Lowerer, ValueID) -> Void
  ) -> (old: ValueID, isEqual: ValueID) {
    let old = load(target, code.instruction(new).type, isVolatile: true, place)
    let isEqual = emit(.compare(.equal, old, wanted), basic.int, place)
    let (equal, different, end) = (code.newBlock(), code.newBlock(), code.newBlock())
    code.terminate(.branch(condition: isEqual, then: equal, otherwise: different), place)
    code.startIfReached(equal, place)
    store(new, to: target, isVolatile: true, place)
    code.jump(to: end, place)
    code.startIfReached(different, place)
    otherwise(&self, old)
    code.jump(to: end, place)
    code.startIfReached(end, place)
    return (old, isEqual)
  }

  /// Combines the integer that `object` points to with an operand; `nil` for pointers, which some
  /// forms move by bytes and others by elements.
  private mutating func update(
    _ object: Cursor, _ operation: BinaryOperator, _ operand: Cursor, _ type: TypeID, isOld: Bool,
    _ node: Cursor
  ) -> ValueID? {
    guard module.types[type].isInteger else { return nil }
    let place = origin(node)
    let target = value(object)
    let right = convert(value(operand), to: type, place)
    let old = load(target, type, isVolatile: true, place)
    let new = binary(operation, old, right, type, place)
    store(new, to: target, isVolatile: true, place)
    return convert(isOld ? old : new, to: self.type(of: node), place)
  }

  private func atomicOperation(_ words: [String]) -> BinaryOperator? {
    guard words.contains("fetch") else { return nil }
    return words.compactMap { atomicOperation($0) }.first
  }

  private func atomicOperation(_ word: String) -> BinaryOperator? {
    switch word {
    case "add": .add
    case "sub": .subtract
    case "and": .and
    case "or": .or
    case "xor": .xor
    default: nil
    }
  }
}
