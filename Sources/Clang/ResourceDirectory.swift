// SPDX-License-Identifier: Apache-2.0

import CClang
import Glibc

/// The compiler's own headers (`stddef.h`, `stdarg.h`) were not found.
public struct ResourceDirectoryError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The directories that were tried.
  public var candidates: [String]

  /// One line for people, with the next step.
  public var description: String {
    "the headers of libclang are missing (tried \(candidates.joined(separator: ", "))): "
      + "install the package libclang-common-*-dev of the same version or set LIBCLANG_PREFIX"
  }
}

/// The version of libclang as it names itself, such as `Debian clang version 19.1.7`.
public func libclangVersion() -> String { unsafe string(clang_getClangVersion()) }

/// The directory to pass as `-resource-dir`: `lib/clang/<major>` of the installation that the loaded
/// libclang belongs to.
///
/// `LIBCLANG_PREFIX`, where it is set, comes first.
public func resourceDirectory() throws(ResourceDirectoryError) -> String {
  let major = majorVersion(of: libclangVersion())
  var prefixes: [String] = []
  if let variable = unsafe getenv("LIBCLANG_PREFIX") {
    prefixes.append(unsafe String(cString: variable))
  }
  prefixes.append(contentsOf: prefixesOfLoadedLibrary())
  prefixes.append("/usr/lib/llvm-\(major)")
  let candidates = prefixes.map { "\($0)/lib/clang/\(major)" }
  for candidate in candidates where unsafe access("\(candidate)/include/stddef.h", R_OK) == 0 {
    return candidate
  }
  throw ResourceDirectoryError(candidates: candidates)
}

/// The first number in `version`.
private func majorVersion(of version: String) -> String {
  String(version.drop { !$0.isNumber }.prefix { $0.isNumber })
}

/// The prefixes that the loaded library lies in, from the process's memory map.
private func prefixesOfLoadedLibrary() -> [String] {
  guard let maps = unsafe fopen("/proc/self/maps", "r") else { return [] }
  defer { unsafe fclose(maps) }
  var line: UnsafeMutablePointer<CChar>?
  var capacity = 0
  defer { unsafe free(line) }
  while unsafe getline(&line, &capacity, maps) > 0, let text = unsafe line {
    let mapping = unsafe String(cString: text)
    guard let name = mapping.range(ofLast: "/libclang"), let start = mapping.firstIndex(of: "/"),
      let end = mapping[start..<name].range(ofLast: "/lib")
    else { continue }
    return [String(mapping[start..<end])]
  }
  return []
}

extension StringProtocol {
  /// Where the last occurrence of `text` starts.
  fileprivate func range(ofLast text: String) -> Index? {
    var found: Index?
    for index in indices where self[index...].starts(with: text) { found = index }
    return found
  }
}

/// The working directory of the process.
public func currentDirectory() -> String {
  guard let path = unsafe getcwd(nil, 0) else { return "/" }
  defer { unsafe free(path) }
  return unsafe String(cString: path)
}
