// SPDX-License-Identifier: Apache-2.0

import IR

extension Machine {
  /// The address of `errno`.
  mutating func errnoAddress() throws(Stop) -> Address {
    if environment.errno == 0 {
      environment.errno = try memory.allocate(.system, size: 4)
      try memory.store(environment.errno, 4, 0)
    }
    return environment.errno
  }

  /// The text of an error in the "C" locale.
  func message(ofError number: UInt64) -> String {
    switch ErrorNumber(rawValue: Int32(truncatingIfNeeded: number)) {
    case .noEntry: "No such file or directory"
    case .badDescriptor: "Bad file descriptor"
    case .exists: "File exists"
    case .invalid: "Invalid argument"
    case .notTerminal: "Inappropriate ioctl for device"
    case .illegalSeek: "Illegal seek"
    case .range: "Numerical result out of range"
    case nil: number == 0 ? "Success" : "Unknown error \(Int32(truncatingIfNeeded: number))"
    }
  }

  mutating func callProgram(_ call: LibraryCall) throws(Stop) -> UInt64 {
    switch call.function {
    case .exit, .quickExit, .exitNow:
      throw Stop.exit(Int32(truncatingIfNeeded: try call[0]))
    case .abort: throw Stop.abort
    case .assertFail:
      let place = try string(at: call[1]) + ":\(try call[2]): ".utf8 + string(at: call[3])
      let text = "Assertion `".utf8 + (try string(at: call[0])) + "' failed.\n".utf8
      try emit(place + ": ".utf8 + text, to: 2)
      throw Stop.abort
    case .trap, .unreachable: throw Stop.trap("reaches '\(call.name)'")
    case .time:
      // The clock stands still, so that two runs are equal.
      if try call[0] != 0 { try memory.store(call[0], 8, 0) }
      return 0
    case .errnoLocation: return try errnoAddress()
    case .strerror:
      let text = ContiguousArray(message(ofError: try call[0]).utf8)
      if environment.errorText != 0 { memory.end(environment.errorText) }
      environment.errorText = try memory.allocate(.system, size: text.count + 1)
      try write(text, to: environment.errorText, terminated: true)
      return environment.errorText
    case .expect, .assumeAligned: return try call[0]
    case .objectSize: return try call[1] & 2 == 0 ? .max : 0
    default: return 0
    }
  }

  // MARK: Algorithms

  mutating func callAlgorithm(_ call: LibraryCall) throws(Stop) -> UInt64 {
    if call.function == .bsearch { return try search(call) }
    let base = try call[0]
    let count = try call.size(1)
    let size = try call.size(2)
    let compare = try call[3]
    if count < 2 || size == 0 { return 0 }
    // A stable insertion by halves: as many comparisons as a merge sort, and glibc's order.
    let scratch = try memory.allocate(.system, size: size)
    for index in 1..<count {
      let item = base + UInt64(index * size)
      var low = 0
      var high = index
      while low < high {
        let middle = (low + high) / 2
        let order = try invoke(at: compare, [base + UInt64(middle * size), item])
        if Int32(truncatingIfNeeded: order) <= 0 { low = middle + 1 } else { high = middle }
      }
      if low == index { continue }
      let place = base + UInt64(low * size)
      try memory.move(to: scratch, from: item, size)
      try memory.move(to: place + UInt64(size), from: place, (index - low) * size)
      try memory.move(to: place, from: scratch, size)
    }
    memory.end(scratch)
    return 0
  }

  private mutating func search(_ call: LibraryCall) throws(Stop) -> UInt64 {
    let size = try call.size(3)
    var low = 0
    var high = try call.size(2)
    while low < high {
      let middle = (low + high) / 2
      let item = try call[1] + UInt64(middle * size)
      let order = Int32(truncatingIfNeeded: try invoke(at: call[4], [call[0], item]))
      if order == 0 { return item }
      if order < 0 { high = middle } else { low = middle + 1 }
    }
    return 0
  }

  // MARK: Arithmetic

  mutating func callFloating(_ call: LibraryCall) throws(Stop) -> UInt64 {
    switch call.function {
    case .inf, .inff, .hugeValue, .hugeValueFloat: return Double.infinity.bitPattern
    case .nan, .nanf: return Double.nan.bitPattern
    default: break
    }
    let value = try call.floating(0)
    let result: Double
    switch call.function {
    case .copysign, .copysignf:
      result = Double(signOf: try call.floating(1), magnitudeOf: value)
    case .fabs, .fabsf, .fabsl: result = value.magnitude
    case .sqrt, .sqrtf: result = value.squareRoot()
    case .floor: result = value.rounded(.down)
    case .ceil: result = value.rounded(.up)
    case .trunc: result = value.rounded(.towardZero)
    case .round: result = value.rounded(.toNearestOrAwayFromZero)
    case .fmod: result = value.truncatingRemainder(dividingBy: try call.floating(1))
    case .fmax: result = Double.maximum(value, try call.floating(1))
    default: result = Double.minimum(value, try call.floating(1))
    }
    return scalar(call.result).rounded(result)
  }

  func classifyFloating(_ call: LibraryCall) throws(Stop) -> UInt64 {
    let value = try call.floating(0)
    let isNegative = value.sign == .minus
    switch call.function {
    case .isnan: return value.isNaN ? 1 : 0
    case .isinf: return value.isInfinite ? 1 : 0
    case .infinitySign: return value.isInfinite ? (isNegative ? .max : 1) : 0
    case .isfinite: return value.isFinite ? 1 : 0
    case .isnormal: return value.isNormal ? 1 : 0
    case .lround:
      let whole = value.rounded(.toNearestOrAwayFromZero)
      guard let result = Int64(exactly: whole) else { throw Stop.trap("rounds \(value)") }
      return UInt64(bitPattern: result)
    default: return isNegative ? 1 : 0
    }
  }

  mutating func callInteger(_ call: LibraryCall) throws(Stop) -> UInt64 {
    let value = try call[0]
    switch call.function {
    case .abs, .labs, .llabs:
      let result = UInt64(Int64(bitPattern: value).magnitude)
      guard scalar(call.result).canonical(result) == result else {
        throw Stop.trap("passes the least number to '\(call.name)'")
      }
      return result
    case .clz, .clzl, .clzll, .ctz, .ctzl, .ctzll:
      return try countZeros(call)
    case .ffs, .ffsl, .ffsll: return value == 0 ? 0 : UInt64(value.trailingZeroBitCount + 1)
    case .popcount: return UInt64((value & 0xFFFF_FFFF).nonzeroBitCount)
    case .popcountl, .popcountll: return UInt64(value.nonzeroBitCount)
    case .parity: return UInt64((value & 0xFFFF_FFFF).nonzeroBitCount & 1)
    case .clrsb, .clrsbl, .clrsbll:
      // The copies of the sign bit behind it; a value is held sign-extended.
      let copies = (Int64(bitPattern: value) < 0 ? ~value : value).leadingZeroBitCount - 1
      return UInt64(call.function == .clrsb ? copies - 32 : copies)
    case .bswap64: return value.byteSwapped
    case .bswap32, .htonl, .ntohl: return UInt64(UInt32(truncatingIfNeeded: value).byteSwapped)
    case .bswap16, .htons, .ntohs: return UInt64(UInt16(truncatingIfNeeded: value).byteSwapped)
    default: return try callOverflowing(call)
    }
  }

  private func countZeros(_ call: LibraryCall) throws(Stop) -> UInt64 {
    let value = try call[0]
    guard value != 0 else { throw Stop.trap("passes 0 to '\(call.name)'") }
    switch call.function {
    case .clz: return UInt64(UInt32(truncatingIfNeeded: value).leadingZeroBitCount)
    case .clzl, .clzll: return UInt64(value.leadingZeroBitCount)
    default: return UInt64(value.trailingZeroBitCount)
    }
  }

  /// `__builtin_add_overflow` and its like: exact in 128 bits, then stored in the pointed-to type.
  private mutating func callOverflowing(_ call: LibraryCall) throws(Stop) -> UInt64 {
    let target = try call[2]
    guard case .pointer(let pointee) = module.types[call.arguments[2].type].kind else {
      throw Stop.trap("passes no pointer to '\(call.name)'")
    }
    let scalar = scalar(pointee)
    let left = try wide(call, 0)
    let right = try wide(call, 1)
    let exact =
      switch call.function {
      case .addOverflow: left.addingReportingOverflow(right)
      case .subtractOverflow: left.subtractingReportingOverflow(right)
      default: left.multipliedReportingOverflow(by: right)
      }
    let bits = scalar.canonical(UInt64(truncatingIfNeeded: exact.partialValue))
    try memory.store(target, bits, as: scalar)
    let stored = scalar.shape == .signed ? Int128(Int64(bitPattern: bits)) : Int128(bits)
    return exact.overflow || stored != exact.partialValue ? 1 : 0
  }

  private func wide(_ call: LibraryCall, _ index: Int) throws(Stop) -> Int128 {
    scalar(call.arguments[index].type).shape == .signed
      ? Int128(try call.signed(index)) : Int128(try call[index])
  }
}
