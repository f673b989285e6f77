// SPDX-License-Identifier: Apache-2.0

import Foundation
import Index
import SystemPackage

/// The unit cache of a cache directory, open.
struct UnitCacheFile: Sendable {
  /// Bytes of modules that are kept at most.
  static let sizeLimit = 1 << 30
  /// Days after which a unit that no run has used goes.
  static let lifetime = 30
  /// The name of its file in the cache directory.
  static let name = "units.sqlite"

  /// The directory.
  let directory: String
  let cache: UnitCache

  /// Opens it; nil where it cannot be used, which is said.
  init?(directory: String, access: CacheAccess) {
    let path = directory + "/" + Self.name
    let isReadOnly = access == .readOnly
    // Nothing was ever kept there.
    if isReadOnly, !FileManager.default.fileExists(atPath: path) { return nil }
    do {
      cache = try UnitCache(path: path, isReadOnly: isReadOnly, discard: Self.remove)
      self.directory = directory
      if let reason = cache.rebuilt {
        Self.say("the unit cache in \(directory) was made anew: \(reason)")
      }
    } catch {
      Self.say(
        "the unit cache in \(directory) cannot be used (\(error.reason)); running without it")
      return nil
    }
  }

  /// Removes the file, so that the next run makes it anew.
  func discard() {
    guard !cache.isReadOnly else { return }
    for suffix in ["", "-wal", "-shm"] { Self.remove(directory + "/" + Self.name + suffix) }
  }

  /// Today, counted from 1970.
  static var today: Int { Int(Date().timeIntervalSince1970 / 86400) }

  /// What tells this build of the program from every other.
  static let program: String = {
    if let id = BuildID.read(WorkerPool.executable.string) { return "\(Version.text) \(id)" }
    let stamp = try? WorkerPool.executable.stat()
    let build = stamp.map { stamp in
      let time = stamp.rawValue.changeOfContent
      return "\(stamp.size) \(time.tv_sec) \(time.tv_nsec)"
    }
    return "\(Version.text) \(build ?? UUID().uuidString)"
  }()

  /// Tells people what became of the cache: on standard error, for the report must not depend on it.
  static func say(_ note: String) { StandardStreams.writeError("prgate: note: \(note)") }

  private static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}

extension CInterop.Stat {
  #if os(Linux)
  /// When the content changed last.
  fileprivate var changeOfContent: timespec { st_mtim }
  /// When the file itself changed last, its name among it.
  var change: timespec { st_ctim }
  #else
  fileprivate var changeOfContent: timespec { st_mtimespec }
  /// When the file itself changed last, its name among it.
  var change: timespec { st_ctimespec }
  #endif
}
