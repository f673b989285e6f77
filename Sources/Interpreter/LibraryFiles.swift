// SPDX-License-Identifier: Apache-2.0

// POSIX calls on file descriptors, and C11 7.21.4 on names of files.

import IR

extension Machine {
  /// Carries out a call that works on files; where it fails, `errno` says why.
  mutating func callFiles(_ call: LibraryCall) throws(Stop) -> UInt64 {
    do throws(Stop) {
      switch call.function {
      case .printf, .fprintf, .sprintf, .snprintf, .vprintf, .vfprintf, .vsprintf, .vsnprintf,
        .dprintf:
        return try callPrintf(call)
      case .sscanf, .fscanf: return try callScan(call)
      case .open, .open64, .creat, .close, .read, .write, .lseek, .lseek64, .fstat, .fstat64:
        return try callDescriptor(call)
      case .unlink, .remove, .rename, .access, .stat, .stat64, .lstat, .lstat64, .isatty, .chmod,
        .chown, .fchmod, .fchown, .utime, .fsync:
        return try callName(call)
      default: return try callStream(call)
      }
    } catch {
      guard case .file(let number) = error else { throw error }
      try setError(number)
      let isNull = [.fopen, .fopen64, .fdopen, .fwrite, .isatty].contains(call.function)
      return isNull ? 0 : UInt64(bitPattern: -1)
    }
  }

  /// Sets `errno`.
  mutating func setError(_ number: ErrorNumber) throws(Stop) {
    try memory.store(errnoAddress(), 4, UInt64(number.rawValue))
  }

  /// A path argument.
  func path(_ address: Address) throws(Stop) -> String {
    FileSystem.normal(String(decoding: try string(at: address), as: UTF8.self))
  }

  private mutating func callName(_ call: LibraryCall) throws(Stop) -> UInt64 {
    switch call.function {
    case .unlink, .remove:
      try files.remove(path(call[0]))
    case .rename:
      try files.rename(path(call[0]), to: path(call[1]))
    case .access: _ = try files.size(path(call[0]))
    case .stat, .stat64, .lstat, .lstat64:
      try writeStatus(files.size(path(call[0])), isFile: true, to: call[1])
    case .isatty: throw Stop.file(.notTerminal)
    default: break
    }
    return 0
  }

  private mutating func callDescriptor(_ call: LibraryCall) throws(Stop) -> UInt64 {
    switch call.function {
    case .open, .open64: return UInt64(try files.open(path(call[0]), openMode(call[1])))
    case .creat: return UInt64(try files.open(path(call[0]), [.write, .create, .truncate]))
    case .close: try files.close(descriptor(call))
    case .read:
      let bytes = try files.read(descriptor(call), call.size(2))
      try write(bytes, to: call[1], terminated: false)
      return UInt64(bytes.count)
    case .write:
      try writeBytes(bytes(at: call[1], call.size(2)), to: descriptor(call))
      return try call[2]
    case .lseek, .lseek64:
      return try files.seek(descriptor(call), call.signed(1), from: call[2])
    case .fstat, .fstat64:
      let descriptor = try descriptor(call)
      let isFile = try files[descriptor].node >= 0
      try writeStatus(files.size(ofOpen: descriptor), isFile: isFile, to: call[1])
    default: throw Stop.trap("calls '\(call.name)', which is not modelled")
    }
    return 0
  }

  private func descriptor(_ call: LibraryCall) throws(Stop) -> UInt32 {
    UInt32(truncatingIfNeeded: try call[0])
  }

  /// The flags of `open` on Linux.
  private func openMode(_ flags: UInt64) -> OpenMode {
    var mode: OpenMode = [[.read], [.write], [.read, .write], []][Int(flags & 3)]
    if flags & 0o100 != 0 { mode.insert(.create) }
    if flags & 0o200 != 0 { mode.insert(.exclusive) }
    if flags & 0o1000 != 0 { mode.insert(.truncate) }
    if flags & 0o2000 != 0 { mode.insert(.append) }
    return mode
  }

  /// A `struct stat` of glibc on x86-64.
  private mutating func writeStatus(
    _ size: Int, isFile: Bool, to address: Address
  ) throws(Stop) {
    try memory.fill(address, 0, 144)
    try memory.store(address + 16, 8, 1)
    try memory.store(address + 24, 4, isFile ? 0o100644 : 0o020620)
    try memory.store(address + 48, 8, UInt64(size))
    try memory.store(address + 56, 8, 4096)
    try memory.store(address + 64, 8, UInt64((size + 511) / 512))
  }

  /// Writes to an open file.
  mutating func writeBytes(
    _ bytes: ContiguousArray<UInt8>, to descriptor: UInt32
  ) throws(Stop) {
    switch try files[descriptor].node {
    case FileSystem.standardOutput: output.append(contentsOf: bytes)
    case FileSystem.standardError: errorOutput.append(contentsOf: bytes)
    default: try files.write(descriptor, bytes)
    }
    fileBytes += bytes.count
    guard fileBytes <= Self.outputLimit else {
      throw Stop.trap("writes more than \(Self.outputLimit) bytes")
    }
  }
}
