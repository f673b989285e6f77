// SPDX-License-Identifier: Apache-2.0

import Analysis
import IR
import Index
import Synchronization

/// The unit cache as one run uses it, with one view of the files.
///
/// A class, because the talks with all workers share it; the lock guards what changes. Nothing that
/// goes wrong with the cache ends a run or changes a result: it is said once, and units are read.
final class UnitCacheSession: Sendable {
  private struct State {
    var library: UnitLibrary
    var canRead = true
    var canWrite: Bool
    var found = 0
    var read = 0
    var functions = 0
    var looked = 0
    var needless = 0
  }

  private let file: UnitCacheFile
  private let root: String
  private let resourceDirectory: String
  private let state: Mutex<State>

  /// Begins a session.
  init(_ file: UnitCacheFile, view: some FileView, root: String, resourceDirectory: String) {
    self.file = file
    self.root = root
    self.resourceDirectory = resourceDirectory
    let library = UnitLibrary(cache: file.cache, view: view, day: UnitCacheFile.today)
    state = Mutex(State(library: library, canWrite: !file.cache.isReadOnly))
  }

  /// Tells people how many units were found, and how many had to be read.
  ///
  /// - Parameter purpose: what the units were needed for, where that is not the analysis.
  func sayCounts(purpose: String = "") {
    let (found, read, functions, looked, needless) = state.withLock {
      ($0.found, $0.read, $0.functions, $0.looked, $0.needless)
    }
    UnitCacheFile.say("\(found + read) units\(purpose): \(found) from the cache, \(read) parsed")
    guard functions > 0 else { return }
    let again = needless > 0 ? " (\(needless) of them came to the same)" : ""
    UnitCacheFile.say(
      "\(functions) functions: \(functions - looked) from the cache, \(looked) analysed\(again)")
  }

  /// The units that would be read again just as they were; nil for all others.
  ///
  /// - Parameters:
  ///   - units: the units.
  ///   - jobs: units that are decoded at a time.
  /// - Returns: the outcomes in the order of the units.
  func find(_ units: [PreparedUnit], jobs: Int) async -> [UnitOutcome?] {
    let hits = units.map { hit(for: $0) }
    let outcomes = await WorkerThreads.map(hits.indices.map(\.self), count: jobs) { index in
      // What cannot be decoded is read.
      hits[index].flatMap { hit -> UnitOutcome? in
        let code = LazyModule { self.code(of: hit.unit) }
        return ReadUnit(hit.unit, code: code).map { unit in
          UnitOutcome(
            path: units[index].path, unit: unit,
            resultKey: UnitResultKey(hit.identity, stored: hit.unit.linkage))
        }
      }
    }
    let found = outcomes.count { $0 != nil }
    state.withLock { state in
      state.found += found
      state.read += units.count - found
    }
    return outcomes
  }

  private struct Hit {
    var unit: UnitLibrary.Hit
    var identity: UnitIdentity
  }

  /// The code of a unit; nil where the cache has lost it since the unit was found.
  private func code(of hit: UnitLibrary.Hit) -> SharedModule? {
    let bytes = state.withLock { state -> ContiguousArray<UInt8>? in
      guard state.canRead else { return nil }
      do throws(UnitCache.Failure) {
        return try file.cache.module(of: hit.candidate)
      } catch {
        state.canRead = false
        state.canWrite = state.canWrite && !error.isDamage
        report(error, "read")
        return nil
      }
    }
    // Decoded outside of the lock.
    return bytes.flatMap { try? hit.module($0) }.map { SharedModule($0) }
  }

  /// Counts units again that were found and had to be read after all.
  func lose(_ count: Int) {
    state.withLock { state in
      state.found -= count
      state.read += count
    }
  }

  private func hit(for unit: PreparedUnit) -> Hit? {
    guard let identity = identity(of: unit) else { return nil }
    return state.withLock { state -> Hit? in
      guard state.canRead else { return nil }
      do throws(UnitCache.Failure) {
        return try state.library.find(identity).map { Hit(unit: $0, identity: identity) }
      } catch {
        state.canRead = false
        state.canWrite = state.canWrite && !error.isDamage
        report(error, "read")
        return nil
      }
    }
  }

  /// Whether something was not kept that should have been.
  var hasLost: Bool { state.withLock { !$0.canWrite } }

  /// Keeps a unit that was read without an error.
  func keep(_ code: SharedModule, _ linkage: Linkage, of unit: PreparedUnit) {
    guard let identity = identity(of: unit) else { return }
    let key = UnitResultKey(identity, files: code.module.files.rows)
    let linkage = ReadUnit.stored(linkage, key: key)
    state.withLock { state in
      guard state.canWrite else { return }
      do throws(UnitCache.Failure) {
        try state.library.keep(code.module, linkage: linkage, of: identity)
      } catch {
        state.canWrite = false
        report(error, "written")
      }
    }
  }

  /// Ends the session: notes what was used and, where the cache has grown too large, makes room.
  func finish() {
    state.withLock { state in
      guard state.canWrite else { return }
      do throws(UnitCache.Failure) {
        try state.library.finish()
        guard try file.cache.size() > UnitCacheFile.sizeLimit else { return }
        // Room for more than the next unit.
        _ = try file.cache.collectGarbage(
          limit: UnitCacheFile.sizeLimit / 4 * 3,
          since: UnitCacheFile.today - UnitCacheFile.lifetime)
      } catch {
        report(error, "written")
      }
    }
  }

  // MARK: Results

  /// What earlier runs kept of a unit's analysis, the newest first.
  func results(of key: UnitResultKey, context: Digest) -> [ContiguousArray<UInt8>] {
    state.withLock { state in
      guard state.canRead else { return [] }
      do throws(UnitCache.Failure) {
        return try file.cache.results(
          of: key.name.bytes, code: key.code.bytes, context: context.bytes)
      } catch {
        state.canRead = false
        state.canWrite = state.canWrite && !error.isDamage
        report(error, "read")
        return []
      }
    }
  }

  /// Keeps what the analysis of units came to, and notes whose earlier results were used.
  func keep(_ results: [StoredResults], used: [UnitResultKey], context: Digest) {
    state.withLock { state in
      guard state.canWrite else { return }
      do throws(UnitCache.Failure) {
        let day = UnitCacheFile.today
        try file.cache.store(results, context: context.bytes, day: day)
        try file.cache.touchResults(
          of: used.map(\.name.bytes), context: context.bytes, day: day)
      } catch {
        state.canWrite = false
        report(error, "written")
      }
    }
  }

  /// Notes how many functions a program has, how many this run looked at, and how many of them came to what
  /// was kept.
  func count(functions: Int, looked: Int, needless: Int) {
    state.withLock { state in
      state.functions += functions
      state.looked += looked
      state.needless += needless
    }
  }

  /// What tells a unit that was parsed and its code from others; nil where it must not be kept.
  func resultKey(of read: ReadUnit, _ unit: PreparedUnit) -> UnitResultKey? {
    guard let code = read.code.value else { return nil }
    return identity(of: unit).map { UnitResultKey($0, files: code.module.files.rows) }
  }

  private func report(_ failure: UnitCache.Failure, _ what: String) {
    if failure.isDamage {
      file.discard()
      UnitCacheFile.say(
        "the unit cache in \(file.directory) is damaged; this run reads what it needs, the next one "
          + "makes the cache anew")
    } else {
      UnitCacheFile.say(
        "the unit cache in \(file.directory) cannot be \(what) (\(failure.reason)); going on without"
      )
    }
  }

  private func identity(of unit: PreparedUnit) -> UnitIdentity? {
    unit.identity(root: root, resourceDirectory: resourceDirectory)
  }
}
