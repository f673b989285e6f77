// SPDX-License-Identifier: Apache-2.0

// Sizes that do not fit what the memory is for: that of a pointer where the object behind it is meant, and
// memory that is smaller than one object of the type that it gets.

import Findings
import IR

extension Machine {
  // MARK: The size of a pointer

  /// Checks the arguments that a library function takes as a size.
  ///
  /// `sizeof p` says how large the pointer is. As the number of bytes at `p` it is a mistake, unless another
  /// argument leads to a pointer of that type, whose bytes are meant then.
  mutating func checkMeasured(
    _ model: FunctionModel, _ arguments: [ValueID], at value: ValueID
  ) {
    for effect in model.effects {
      guard let (target, size) = effect.destination, target < arguments.count else { continue }
      let indices: [Int] =
        switch size {
        case .argument(let index), .elements(let index): [index]
        case .product(let first, let second): [first, second]
        case .constant: []
        }
      for index in indices where index < arguments.count {
        guard let measured = measuredPointer(arguments[index], isMoved: true) else { continue }
        let addresses = arguments.filter { type(of: $0).isPointer }.map(unconverted)
        guard addresses.contains(where: { isMeant($0, measured) }),
          !addresses.contains(where: { pointee($0) == measured })
        else { continue }
        reportMeasured(
          measured, .bytes, at: value, argument: index, size: arguments[index], by: value)
        return
      }
    }
  }

  /// Checks `sizeof p / sizeof *p`, which counts the elements of an array only.
  mutating func checkMeasuredCount(_ left: ValueID, _ right: ValueID, at value: ValueID) {
    guard case .pointerSize(let measured) = operation(left),
      case .pointer(let pointee) = module.types[measured].kind, module.types[pointee].size > 0
    else { return }
    let isElement =
      switch operation(right) {
      case .pointerSize(let element): element == pointee
      default: form(right) == LinearForm(constant: Int64(clamping: module.types[pointee].size))
      }
    if isElement { reportMeasured(measured, .count, at: value, argument: 0, size: left, by: value) }
  }

  /// The pointer type whose size a value is, or is a multiple of; `isMoved`: plus or minus something.
  private func measuredPointer(_ value: ValueID, isMoved: Bool) -> TypeID? {
    switch operation(value) {
    case .pointerSize(let type): type
    case .cast(_, let operand): measuredPointer(operand, isMoved: isMoved)
    case .binary(.multiply, let left, let right):
      measuredPointer(left, isMoved: isMoved) ?? measuredPointer(right, isMoved: isMoved)
    case .binary(let op, let left, let right) where isMoved && (op == .add || op == .subtract):
      form(right)?.isConstant == true ? measuredPointer(left, isMoved: true) : nil
    default: nil
    }
  }

  /// A pointer as it is written, before it became a `void *`.
  private func unconverted(_ address: ValueID) -> ValueID {
    if case .cast(.pointerCast, let operand) = operation(address), type(of: operand).isPointer {
      return unconverted(operand)
    }
    return address
  }

  /// Whether an argument is a pointer of the measured type, and not an array whose size is known.
  private func isMeant(_ address: ValueID, _ measured: TypeID) -> Bool {
    if case .cast(.decay, _) = operation(address) { return false }
    return body.instructions[address].type == measured
  }

  private mutating func reportMeasured(
    _ measured: TypeID, _ use: MeasuredPointerObservation.Use, at value: ValueID, argument: Int,
    size: ValueID, by call: ValueID
  ) {
    var objectSize: Int64 = 0
    if case .pointer(let pointee) = module.types[measured].kind {
      objectSize = Int64(clamping: module.types[pointee].size)
    }
    let observation = MeasuredPointerObservation(
      use: use, type: module.symbols[module.types[measured].name],
      expression: module.text(of: body.instructions[size].origin), callee: calleeName(call),
      pointerSize: Int64(module.pointerSize), objectSize: objectSize)
    report(
      Violation(
        candidate: Candidate(value: value, argument: argument, kind: .measuredPointer, via: []),
        observation: .measuredPointer(observation), isDefinite: true, goal: nil, boundary: .none,
        cause: nil, region: nil))
  }

  // MARK: Memory for an object

  /// Checks new memory against the type that it is converted to.
  mutating func checkObject(_ call: ValueID, as cast: ValueID, _ state: State) {
    guard case .call(let row) = operation(call),
      case .pointer(let pointee) = type(of: cast).kind,
      case .pointer(let region, .zero, _, _) = registers[Int(call.index)], isNewMemory(region),
      let size = universe[region].size
    else { return }
    let wanted = body.instructions[cast].type
    let object = module.types[pointee]
    if object.size > 0, object.size != UInt64(module.pointerSize),
      let argument = body.values(body.calls[row].arguments).first(where: {
        measuredPointer($0, isMoved: false) == wanted
      })
    {
      return reportMeasured(wanted, .allocation, at: cast, argument: 0, size: argument, by: call)
    }
    let known = bounds(size, state).interval
    let needed = Int64(clamping: object.size)
    guard needed > 1, known.high > 0, let most = Int64(exactly: known.high) else { return }
    let isPart = most > needed && known.low == known.high && most % needed != 0
    guard most < needed || isPart && !object.isAggregate, UInt64(most) < leastPart(pointee)
    else { return }
    let observation = ShortAllocationObservation(
      callee: calleeName(call), size: most, objectSize: needed, type: module.symbols[object.name],
      holdsFirst: most >= firstPart(pointee))
    report(
      Violation(
        candidate: Candidate(value: cast, argument: 0, kind: .shortAllocation, via: []),
        observation: .shortAllocation(observation), isDefinite: true, goal: nil, boundary: .none,
        cause: nil, region: nil))
  }

  private func isNewMemory(_ region: Region) -> Bool {
    switch universe[region].kind {
    case .heap, .made: true
    default: false
    }
  }

  /// Bytes of the first member of a type.
  private func firstPart(_ type: TypeID) -> Int64 {
    guard case .record(let record) = module.types[type].kind,
      let first = module.records[record].fields.indices.first
    else { return Int64(clamping: module.types[type].size) }
    return firstPart(module.fields.rows[first].type)
  }

  /// Bytes that memory for a type may do with: a part of an array or union at its end can be meant.
  private func leastPart(_ type: TypeID) -> UInt64 {
    guard case .record(let record) = module.types[type].kind else { return .max }
    let row = module.records[record]
    if row.isUnion { return 1 }
    guard let last = row.fields.indices.last else { return .max }
    let field = module.fields.rows[last]
    switch module.types[field.type].kind {
    case .array, .unboundedArray: return max(field.byteOffset, 1)
    case .record:
      let part = leastPart(field.type)
      return part == .max ? .max : field.byteOffset + part
    default: return .max
    }
  }
}

extension ModelEffect {
  /// The argument whose bytes an effect counts, and how many.
  fileprivate var destination: (argument: Int, size: ModelSize)? {
    switch self {
    case .write(let index, let size), .read(let index, let size), .output(let index, let size),
      .copy(let index, _, let size), .fill(let index, _, let size),
      .copyBounded(let index, _, let size), .appendBounded(let index, _, let size),
      .copyTerminated(let index, _, let size), .appendTerminated(let index, _, let size),
      .terminate(let index, let size), .external(let index, let size),
      .externalText(let index, let size), .printBounded(let index, let size, _, _):
      (index, size)
    default: nil
    }
  }
}
