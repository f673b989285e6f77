// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import SystemPackage

/// Where the gate keeps what it can use again, and what it needs for one run only.
///
/// Everything in the cache is written under another name first and renamed when it is complete, so
/// that a run that ends early leaves nothing that a later one could take for whole.
struct GateCache: Sendable {
  /// The lasting directory; nil where it cannot be used.
  let directory: String?
  /// A directory of this run, removed by `close`.
  let scratch: String
  /// What to tell the user; empty when all is well.
  let notes: [String]

  /// Opens the cache in `directory`, or in the user's cache directory.
  ///
  /// Where nothing may be written to it, it serves this run only.
  ///
  /// - Throws: a failure when not even a temporary directory can be made.
  init(
    directory chosen: String?, access: CacheAccess = .readAndWrite
  ) throws(CommandFailure) {
    let path = Self.path(of: chosen)
    guard access == .readAndWrite else {
      self.init(directory: nil, scratch: try Self.makeScratch(), notes: [])
      return
    }
    let problem = Self.prepare(path)
    self.init(
      directory: problem == nil ? path : nil, scratch: try Self.makeScratch(),
      notes: problem.map { [Self.note(path, $0)] } ?? [])
  }

  /// The absolute path of the directory that was chosen, else that of the user's.
  static func path(of chosen: String?) -> String {
    chosen.map { Paths.absolute($0, in: FileManager.default.currentDirectoryPath) }
      ?? defaultDirectory()
  }

  private init(directory: String?, scratch: String, notes: [String]) {
    self.directory = directory
    self.scratch = scratch
    self.notes = notes
  }

  /// The same run without a lasting directory, because `reason` made it unusable.
  func withoutDirectory(because reason: String) -> GateCache {
    guard let directory else { return self }
    return GateCache(
      directory: nil, scratch: scratch, notes: notes + [Self.note(directory, reason)])
  }

  /// Removes what was needed for this run only and, once a day, what no run has needed for two weeks.
  func close() {
    Self.removeScratch()
    guard let directory else { return }
    let day: TimeInterval = 86400
    let mark = directory + "/pruned"
    let attributes = try? FileManager.default.attributesOfItem(atPath: mark)
    let last = attributes?[.modificationDate] as? Date
    if let last, last > Date(timeIntervalSinceNow: -day) { return }
    BlobStore(directory: directory).prune(unusedSince: Date(timeIntervalSinceNow: -14 * day))
    try? Data().write(to: URL(fileURLWithPath: mark))
  }

  /// The directories that this process made and has to remove, also when it is interrupted.
  private static let ownScratch = Mutex<[String]>([])

  /// Removes all that this process made for this run only.
  static func removeScratch() {
    ownScratch.withLock { paths in
      for path in paths { remove(path) }
      paths.removeAll()
    }
  }

  /// `$XDG_CACHE_HOME/prgate`, else `~/.cache/prgate`.
  static func defaultDirectory() -> String {
    let environment = ProcessInfo.processInfo.environment
    if let base = environment["XDG_CACHE_HOME"], base.hasPrefix("/") { return base + "/prgate" }
    return FileManager.default.homeDirectoryForCurrentUser.path + "/.cache/prgate"
  }

  static func note(_ path: String, _ reason: String) -> String {
    "cache directory \(path) cannot be used (\(reason)); running without it, name another one with "
      + "--cache-dir"
  }

  /// Makes the directory and tries to write there; the reason why that fails.
  static func prepare(_ path: String) -> String? {
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      let probe = path + "/.probe-\(ProcessInfo.processInfo.processIdentifier)"
      try Data(repeating: 0x20, count: 4096).write(to: URL(fileURLWithPath: probe))
      try FileManager.default.removeItem(atPath: probe)
      return nil
    } catch {
      return reason(of: error)
    }
  }

  /// Why the system refuses, in words.
  static func reason(of error: any Error) -> String {
    switch error as? Errno {
    case .noSpace, .diskQuotaExceeded: return "no space left"
    case .readOnlyFileSystem: return "read-only file system"
    case .permissionDenied, .notPermitted: return "permission denied"
    case .notDirectory: return "it is no directory"
    default: break
    }
    switch (error as? CocoaError)?.code {
    case .fileWriteOutOfSpace: return "no space left"
    case .fileWriteVolumeReadOnly: return "read-only file system"
    case .fileWriteNoPermission: return "permission denied"
    case .fileWriteFileExists: return "it is no directory"
    default: break
    }
    let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    switch underlying.map({ Int32($0.code) }) {
    case ENOSPC, EDQUOT: return "no space left"
    case EROFS: return "read-only file system"
    case EACCES, EPERM: return "permission denied"
    case ENOTDIR, EEXIST: return "it is no directory"
    default: return "the system refuses to write there"
    }
  }

  private static let scratchPrefix = "prgate-"

  private static func makeScratch() throws(CommandFailure) -> String {
    let base = FileManager.default.temporaryDirectory.path
    removeAbandoned(in: base)
    let name =
      "\(scratchPrefix)\(ProcessInfo.processInfo.processIdentifier)-\(UUID().uuidString.lowercased())"
    let path = Paths.absolute(name, in: base)
    do {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    } catch {
      throw .usage(
        "\(base): no temporary directory can be made (\(reason(of: error))); set TMPDIR to another")
    }
    let scratch = Paths.canonical(path)
    ownScratch.withLock { $0.append(scratch) }
    return scratch
  }

  /// Removes the directories of runs that were interrupted: their process is gone.
  private static func removeAbandoned(in base: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []
    for name in names where name.hasPrefix(scratchPrefix) {
      let words = name.dropFirst(scratchPrefix.count).split(separator: "-")
      guard words.count == 6, let process = Int32(words[0]), kill(process, 0) != 0, errno == ESRCH
      else { continue }
      remove(Paths.absolute(name, in: base))
    }
  }

  private static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }
}
