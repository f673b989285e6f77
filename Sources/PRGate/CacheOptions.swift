// SPDX-License-Identifier: Apache-2.0

import ArgumentParser

/// Where a run keeps what later runs can use.
struct CacheOptions: ParsableArguments {
  @Option(
    help: "Where to keep what later runs can use; ~/.cache/prgate by default.",
    completion: .directory)
  var cacheDir: String?

  @Flag(help: "Use nothing that earlier runs kept, and keep nothing.")
  var noCache = false

  @Flag(help: "Use what earlier runs kept, but keep nothing: for runs on code of strangers.")
  var cacheReadonly = false

  mutating func validate() throws {
    if noCache, cacheReadonly || cacheDir != nil {
      throw ValidationError("--no-cache and the other options of the cache exclude each other")
    }
  }

  /// How the cache may be used.
  var access: CacheAccess { noCache ? .none : cacheReadonly ? .readOnly : .readAndWrite }

  /// The unit cache of a run that needs nothing else; nil where it cannot be used, which is said.
  func unitCache() -> UnitCacheFile? {
    guard access != .none else { return nil }
    let path = GateCache.path(of: cacheDir)
    if access == .readAndWrite, let problem = GateCache.prepare(path) {
      UnitCacheFile.say(GateCache.note(path, problem))
      return nil
    }
    return UnitCacheFile(directory: path, access: access)
  }
}

/// How a run may use the cache.
enum CacheAccess: Hashable, Sendable {
  case none, readOnly, readAndWrite
}
