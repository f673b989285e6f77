// SPDX-License-Identifier: Apache-2.0

import IR

extension Machine {
  private static var outputLimit: Int { 64 << 20 }

  /// Writes to a file descriptor of the program.
  mutating func emit(_ text: ContiguousArray<UInt8>, to descriptor: UInt32) throws(Stop) {
    switch descriptor {
    case 1: output.append(contentsOf: text)
    case 2: errorOutput.append(contentsOf: text)
    default: throw Stop.trap("writes to stream \(descriptor), which is not modelled")
    }
    guard output.count + errorOutput.count <= Self.outputLimit else {
      throw Stop.trap("writes more than \(Self.outputLimit) bytes")
    }
  }

  /// The file descriptor of a `FILE *`.
  func descriptor(ofStream address: Address) throws(Stop) -> UInt32 {
    guard let (object, _) = memory.object(at: address), object.kind == .stream else {
      throw Stop.trap("uses what is no stream of the program")
    }
    return object.owner
  }

  mutating func callStream(_ call: LibraryCall) throws(Stop) -> UInt64 {
    switch call.function {
    case .puts:
      try emit(string(at: call[0]) + [0x0A], to: 1)
      return 1
    case .fputs:
      try emit(string(at: call[0]), to: descriptor(ofStream: call[1]))
      return 1
    case .putchar, .putc, .fputc:
      let byte = UInt8(truncatingIfNeeded: try call[0])
      let stream = call.function == .putchar ? 1 : try descriptor(ofStream: call[1])
      try emit([byte], to: stream)
      return UInt64(byte)
    case .fwrite:
      let (size, overflow) = try call[1].multipliedReportingOverflow(by: call[2])
      guard !overflow, size <= UInt64(Memory.heapLimit) else {
        throw Stop.trap("writes too many bytes")
      }
      try emit(bytes(at: call[0], Int(size)), to: descriptor(ofStream: call[3]))
      return try call[2]
    case .perror:
      try emit(string(at: call[0]) + ContiguousArray(": error\n".utf8), to: 2)
      return 0
    case .feof: return environment.isAtEnd ? 1 : 0
    case .fflush, .ferror: return 0
    default: return try readStream(call)
    }
  }

  // MARK: Standard input

  private mutating func nextInput() -> UInt8? {
    guard inputPosition < options.input.count else {
      environment.isAtEnd = true
      return nil
    }
    inputPosition += 1
    return options.input[inputPosition - 1]
  }

  private mutating func readStream(_ call: LibraryCall) throws(Stop) -> UInt64 {
    switch call.function {
    case .getchar, .getc, .fgetc:
      return nextInput().map { UInt64($0) } ?? UInt64(bitPattern: -1)
    case .fgets:
      var line: ContiguousArray<UInt8> = []
      let room = try call.signed(1)
      while Int64(line.count) < room - 1, let byte = nextInput() {
        line.append(byte)
        if byte == 0x0A { break }
      }
      if line.isEmpty { return 0 }
      try write(line, to: call[0], terminated: true)
      return try call[0]
    default:
      var block: ContiguousArray<UInt8> = []
      let size = try call.size(1)
      let count = try call.size(2)
      while block.count < size * count, let byte = nextInput() { block.append(byte) }
      try write(block, to: call[0], terminated: false)
      return size == 0 ? 0 : UInt64(block.count / size)
    }
  }

  // MARK: printf

  mutating func callPrintf(_ call: LibraryCall) throws(Stop) -> UInt64 {
    var next = 0
    var target: Address = 0
    var limit: UInt64 = .max
    var stream: UInt32 = 1
    switch call.function {
    case .fprintf, .vfprintf:
      stream = try descriptor(ofStream: call[0])
      next = 1
    case .dprintf:
      stream = UInt32(truncatingIfNeeded: try call[0])
      next = 1
    case .sprintf, .vsprintf:
      target = try call[0]
      next = 1
    case .snprintf, .vsnprintf:
      target = try call[0]
      limit = try call[1]
      next = 2
    default: break
    }
    let text = try format(call, at: next)
    if next > 0, call.function != .fprintf, call.function != .vfprintf, call.function != .dprintf {
      if limit > 0 {
        let room = Int(min(limit - 1, UInt64(text.count)))
        try write(ContiguousArray(text[..<room]), to: target, terminated: true)
      }
    } else {
      try emit(text, to: stream)
    }
    return UInt64(text.count)
  }

  /// Formats the arguments of a call after the format at position `index`.
  private mutating func format(
    _ call: LibraryCall, at index: Int
  ) throws(Stop) -> ContiguousArray<UInt8> {
    let arguments: ContiguousArray<Argument>
    switch call.function {
    case .vprintf, .vfprintf, .vsprintf, .vsnprintf:
      arguments = try remainingVariadic(call[index + 1])
    default:
      arguments = ContiguousArray(call.arguments.dropFirst(index + 1))
    }
    return try format(string(at: call[index]), arguments)
  }
}
