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
    let (found, read, functions, looked) = state.withLock {
      ($0.found, $0.read, $0.functions, $0.looked)
    }
    UnitCacheFile.say("\(found + read) units\(purpose): \(found) from the cache, \(read) parsed")
    guard functions > 0 else { return }
    UnitCacheFile.say(
      "\(functions) functions: \(functions - looked) from the cache, \(looked) analysed")
  }

  /// The modules of units that would be read again just as they were; nil for all others.
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
        guard
          let module = try? hit.unit.unit.module(
            texts: hit.unit.texts, lineStarts: hit.unit.lineStarts)
        else { return nil }
        return UnitOutcome(
          path: units[index].path, module: module,
          resultKey: UnitResultKey(hit.identity, marks: hit.unit.marks))
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

  /// Keeps the module of a unit that was read without an error.
  func keep(_ module: Module, of unit: PreparedUnit) {
    guard let identity = identity(of: unit) else { return }
    state.withLock { state in
      guard state.canWrite else { return }
      do throws(UnitCache.Failure) {
        try state.library.keep(module, of: identity)
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

  /// Notes how many functions a program has, and how many this run looked at.
  func count(functions: Int, looked: Int) {
    state.withLock { state in
      state.functions += functions
      state.looked += looked
    }
  }

  /// What tells a unit and its code from others; nil where it must not be kept.
  func resultKey(of module: Module, _ unit: PreparedUnit) -> UnitResultKey? {
    identity(of: unit).map { identity in
      UnitResultKey(
        identity,
        marks: module.files.rows.lazy.map {
          UnitLibrary.mark(path: $0.path, hash: $0.contentHash)
        })
    }
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
