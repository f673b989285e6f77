// SPDX-License-Identifier: Apache-2.0

import Clang
import Foundation
import IR
import Lowering

/// libFuzzer's entry: bytes as the text of a C file.
///
/// Any text must give a module that can be stored and read back, and one that keeps the invariants of
/// the IR where the compiler finds no error.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let text = unsafe Data(bytes: data, count: count)
  // Nothing outside of the fixtures is read: no device, no file that changes.
  if text.range(of: Data("include".utf8)) != nil || text.range(of: Data("embed".utf8)) != nil {
    return -1
  }
  do { try text.write(to: URL(filePath: file)) } catch { fatalError("\(error)") }
  let unit = try? lower(
    path: file, arguments: ["-w", "-nostdinc", "-resource-dir=\(resources)"],
    options: LoweringOptions(root: "/"))
  guard let unit else { return 0 }
  let bytes = unit.module.encoded()
  do {
    guard try Module(decoding: bytes) == unit.module else { fatalError("reads back different") }
  } catch {
    fatalError("does not read back: \(error)")
  }
  let problems = unit.module.validate()
  if unit.errors.isEmpty, let problem = problems.first { fatalError("not valid: \(problem)") }
  _ = unit.module.dump()
  return 0
}

private let resources = (try? resourceDirectory()) ?? ""
private let file =
  "\(ProcessInfo.processInfo.environment["FUZZ_FOLDER"] ?? "/tmp")/fuzz-\(getpid()).c"
