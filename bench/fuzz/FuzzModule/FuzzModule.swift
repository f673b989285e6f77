// SPDX-License-Identifier: Apache-2.0

@testable import IR

/// libFuzzer's entry: bytes as a stored module whose length and checksum fit, as a forger makes them.
///
/// What is read must be usable by later stages and must read back equal.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  var bytes = unsafe ContiguousArray(UnsafeBufferPointer(start: data, count: count))
  repair(&bytes)
  guard let module = try? Module(decoding: bytes) else { return 0 }
  _ = module.validate()
  _ = module.dump()
  for id in module.origins.ids { _ = (module.location(of: id), module.text(of: id)) }
  let again = module.encoded()
  guard let second = try? Module(decoding: again), second.encoded() == again else {
    fatalError("a module that was read does not read back equal")
  }
  return 0
}

private func repair(_ bytes: inout ContiguousArray<UInt8>) {
  let length = ModuleFormat.headerLength - 8
  let end = bytes.count - ModuleFormat.checksumLength
  guard end >= ModuleFormat.headerLength else { return }
  put(UInt64(bytes.count), &bytes, at: length)
  let checksum = moduleChecksum(of: bytes.span.extracting(0..<end))
  put(checksum, &bytes, at: end)
}

private func put(_ value: UInt64, _ bytes: inout ContiguousArray<UInt8>, at start: Int) {
  for index in 0..<8 {
    bytes[start + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
  }
}
