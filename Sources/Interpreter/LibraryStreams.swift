// SPDX-License-Identifier: Apache-2.0

// Streams, C11 7.21.5 to 7.21.10. They hold back nothing: what is written is in the file at once.

import IR

extension Machine {
  static var outputLimit: Int { 64 << 20 }

  /// The file descriptor of a `FILE *`.
  func descriptor(ofStream address: Address) throws(Stop) -> UInt32 {
    guard let (object, _) = memory.object(at: address), object.kind == .stream else {
      throw Stop.trap("uses what is no stream of the program")
    }
    return object.owner
  }

  /// Writes to a stream.
  mutating func emit(_ text: ContiguousArray<UInt8>, to descriptor: UInt32) throws(Stop) {
    do throws(Stop) {
      try writeBytes(text, to: descriptor)
    } catch {
      files.update(descriptor) { $0.hasFailed = true }
      throw error
    }
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
      return size == 0 ? 0 : try call[2]
    case .perror:
      let number = try memory.load(errnoAddress(), 4)
      try emit(
        string(at: call[0]) + ContiguousArray(": \(message(ofError: number))\n".utf8), to: 2)
      return 0
    case .fopen, .fopen64, .fdopen, .fclose, .fseek, .fseeko, .fseeko64, .ftell, .ftello, .ftello64,
      .rewind, .fileno, .setvbuf, .setbuf, .fflush:
      return try callPosition(call)
    case .feof, .ferror, .clearerr: return try callStreamState(call)
    default: return try readStream(call)
    }
  }

  private mutating func callStreamState(_ call: LibraryCall) throws(Stop) -> UInt64 {
    let descriptor = try descriptor(ofStream: call[0])
    var isSet = false
    files.update(descriptor) { file in
      switch call.function {
      case .feof: isSet = file.isAtEnd
      case .ferror: isSet = file.hasFailed
      default:
        file.isAtEnd = false
        file.hasFailed = false
      }
    }
    return isSet ? 1 : 0
  }

  // MARK: Opening and positions

  private mutating func callPosition(_ call: LibraryCall) throws(Stop) -> UInt64 {
    switch call.function {
    case .fopen, .fopen64: return try openStream(files.open(path(call[0]), streamMode(call[1])))
    case .fdopen: return try openStream(UInt32(truncatingIfNeeded: call[0]))
    case .fclose:
      let stream = try descriptor(ofStream: call[0])
      memory.end(try call[0])
      try files.close(stream)
    case .fileno: return UInt64(try descriptor(ofStream: call[0]))
    case .rewind: _ = try files.seek(descriptor(ofStream: call[0]), 0, from: 0)
    case .fseek, .fseeko, .fseeko64:
      _ = try files.seek(descriptor(ofStream: call[0]), call.signed(1), from: call[2])
    case .ftell, .ftello, .ftello64:
      let stream = try descriptor(ofStream: call[0])
      let file = try files[stream]
      guard file.node >= 0 else { throw Stop.file(.illegalSeek) }
      return UInt64(file.position - (file.pushedBack == nil ? 0 : 1))
    default: break
    }
    return 0
  }

  private mutating func openStream(_ descriptor: UInt32) throws(Stop) -> Address {
    _ = try files[descriptor]
    return try memory.makeObject(.stream, size: 0, owner: descriptor, base: 0)
  }

  /// The mode of `fopen`, C11 7.21.5.3p3.
  private func streamMode(_ address: Address) throws(Stop) -> OpenMode {
    let text = try string(at: address)
    var mode: OpenMode
    switch text.first {
    case 0x72: mode = .read
    case 0x77: mode = [.write, .create, .truncate]
    case 0x61: mode = [.write, .create, .append]
    default: throw Stop.trap("opens a file with an unknown mode")
    }
    if text.contains(0x2B) { mode.formUnion([.read, .write]) }
    if text.contains(0x78) { mode.insert(.exclusive) }
    return mode
  }

  // MARK: Reading

  /// The next byte of a stream.
  mutating func nextByte(_ descriptor: UInt32) throws(Stop) -> UInt8? {
    do throws(Stop) {
      if let byte = try files[descriptor].pushedBack {
        files.update(descriptor) { $0.pushedBack = nil }
        return byte
      }
      if let byte = try files.read(descriptor, 1).first { return byte }
      files.update(descriptor) { $0.isAtEnd = true }
    } catch {
      guard case .file(let number) = error else { throw error }
      try setError(number)
      files.update(descriptor) { $0.hasFailed = true }
    }
    return nil
  }

  private mutating func readStream(_ call: LibraryCall) throws(Stop) -> UInt64 {
    switch call.function {
    case .getchar, .getc, .fgetc:
      let stream = call.function == .getchar ? 0 : try descriptor(ofStream: call[0])
      return try nextByte(stream).map { UInt64($0) } ?? UInt64(bitPattern: -1)
    case .ungetc:
      let byte = try call.signed(0)
      guard byte >= 0 else { return UInt64(bitPattern: -1) }
      files.update(try descriptor(ofStream: call[1])) { file in
        file.pushedBack = UInt8(truncatingIfNeeded: byte)
        file.isAtEnd = false
      }
      return UInt64(byte & 0xFF)
    case .fgets:
      let stream = try descriptor(ofStream: call[2])
      var line: ContiguousArray<UInt8> = []
      let room = try call.signed(1)
      while Int64(line.count) < room - 1, let byte = try nextByte(stream) {
        line.append(byte)
        if byte == 0x0A { break }
      }
      if line.isEmpty { return 0 }
      try write(line, to: call[0], terminated: true)
      return try call[0]
    default:
      let stream = try descriptor(ofStream: call[3])
      var block: ContiguousArray<UInt8> = []
      let size = try call.size(1)
      let (count, overflow) = size.multipliedReportingOverflow(by: try call.size(2))
      guard !overflow, count <= Memory.heapLimit else { throw Stop.trap("reads too many bytes") }
      while block.count < count, let byte = try nextByte(stream) { block.append(byte) }
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
