// SPDX-License-Identifier: Apache-2.0

// What names and shapes of unseen functions say: one that is called `…free`, takes a `void *` and
// returns nothing gives memory back; one that takes a text with conversions and as many arguments more
// prints. That is good for a warning, and no summary is made of it.

import IR

extension Machine {
  /// What the name of an unseen function says that a call does.
  mutating func believe(
    _ function: Function, _ arguments: [ValueID], since before: State, at value: ValueID,
    _ state: inout State
  ) {
    guard inlined == nil else { return }
    printAsBelieved(function, arguments, at: value, state)
    guard isReleasing(function), let address = arguments.first,
      case .pointer(let region, let offset, .none, _) = registers[Int(address.index)],
      offset == .zero, isReleasable(region)
    else { return }
    if useBelieved(address, region, isRelease: true, at: value, argument: 0, state) { return }
    keepVariable(address, since: before, &state)
    state.release(Release(region: region, cause: value, isCertain: true, isBelieved: true))
  }

  /// The variable whose value was handed over still leads to the memory.
  private mutating func keepVariable(
    _ address: ValueID, since before: State, _ state: inout State
  ) {
    guard let local = loadedLocal(address), slots[Int(local.index)] < 0 else { return }
    let size = UInt32(clamping: type(of: address).size)
    guard let kept = before.cell(in: region(of: local), at: 0, size: size) else { return }
    state.keepCell(in: region(of: local), at: 0, size: size, kept)
  }

  /// Whether an unseen function says by its name and type that it gives memory back, and nothing else.
  private func isReleasing(_ function: Function) -> Bool {
    let name = module.symbols[function.name]
    let signature = module.signatures[function.signature]
    guard name.hasSuffix("free") || name.hasSuffix("Free"), let first = signature.parameters.first,
      case .void = module.types[signature.result].kind,
      case .pointer(let pointee) = module.types[first].kind,
      case .void = module.types[pointee].kind
    else { return false }
    return true
  }

  private func isReleasable(_ region: Region) -> Bool {
    switch universe[region].kind {
    case .heap, .made, .opaque: true
    default: false
    }
  }

  /// The texts that an unseen function takes for the conversions of a format.
  private mutating func printAsBelieved(
    _ function: Function, _ arguments: [ValueID], at value: ValueID, _ state: State
  ) {
    let signature = module.signatures[function.signature]
    let fixed = signature.parameters.count
    guard signature.isVariadic, fixed > 0, arguments.count > fixed,
      let parts = conversions(arguments[fixed - 1], isScan: false)
    else { return }
    var texts: [Int] = []
    var next = fixed
    for part in parts where part.letter != 0 && part.letter != UInt8(ascii: "%") {
      if part.takesWidth { next += 1 }
      if part.takesPrecision { next += 1 }
      if part.letter == UInt8(ascii: "s") { texts.append(next) }
      next += 1
    }
    guard next == arguments.count else { return }
    for index in texts {
      guard case .pointer(let region, _, _, _) = registers[Int(arguments[index].index)] else {
        continue
      }
      _ = useBelieved(
        arguments[index], region, isRelease: false, at: value, argument: index, state)
    }
  }

  private mutating func useBelieved(
    _ address: ValueID, _ region: Region, isRelease: Bool, at value: ValueID, argument: Int,
    _ state: State
  ) -> Bool {
    useReleased(
      address, region, isRelease: isRelease, isBelieved: true, at: value, argument: argument, state)
  }
}
