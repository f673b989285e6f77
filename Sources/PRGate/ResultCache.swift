// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings
import IR
import Index
import Rules

/// What tells the results of a unit from all others.
struct UnitResultKey: Hashable, Sendable {
  /// The unit: its main file and its flags.
  let name: Digest
  /// Its code: the unit, and all files that it read.
  let code: Digest

  /// Makes the key of a unit that was parsed.
  init(_ identity: UnitIdentity, files: some Sequence<SourceFile>) {
    name = Self.name(identity)
    var bytes = name.bytes
    for file in files {
      bytes.append(contentsOf: file.path.utf8)
      bytes.append(0)
      bytes.append(contentsOf: file.contentHash)
    }
    code = Digest(of: bytes)
  }

  /// The key of a unit of the cache; `stored` is what `ReadUnit.stored` made.
  init?(_ identity: UnitIdentity, stored: ContiguousArray<UInt8>) {
    guard let code = Digest(bytes: stored.prefix(Digest.size)) else { return nil }
    name = Self.name(identity)
    self.code = code
  }

  private static func name(_ identity: UnitIdentity) -> Digest {
    // All at once: byte for byte takes four times as long.
    var bytes = ContiguousArray(identity.path.utf8)
    for setting in identity.settings {
      bytes.append(0)
      bytes.append(contentsOf: setting.utf8)
    }
    return Digest(of: bytes)
  }
}

/// The analysis of a program with what earlier runs kept of it.
struct ResultCache: Sendable {
  let session: UnitCacheSession
  let models: ModelTable
  let options: AnalysisOptions
  /// All that results depend on beside the program.
  private let context: Digest

  init(_ session: UnitCacheSession, _ settings: DriverSettings) {
    self.session = session
    models = settings.models
    options = settings.analysis
    var hash = SHA256()
    hash.update(field: UnitCacheFile.program)
    hash.update(field: settings.isPart ? "part" : "all")
    hash.update(field: options.isWholeProgram ? "closed" : "open")
    hash.update(field: String(options.fuel))
    hash.update(models.digest.bytes)
    context = Digest(sha256: hash.finalize())
  }

  /// Checks a program.
  ///
  /// - Parameters:
  ///   - units: the program.
  ///   - keys: what tells the results of the units from others; nil for those of which nothing is kept.
  ///   - isWanted: which units are asked for.
  ///   - runner: carries the steps out.
  /// - Returns: the outcome; nil where the code of a unit that was needed could not be read.
  func check(
    _ units: [ReadUnit], keys: [UnitResultKey?], isWanted: (Int) -> Bool = { _ in true },
    runner: some StepRunner
  ) -> CheckResult? {
    var positions: [Digest: Int] = [:]
    for (index, key) in keys.enumerated() {
      guard let key else { continue }
      // Two units that nothing tells apart here have no results.
      positions[key.name] = positions[key.name] == nil ? index : -1
    }
    let rows = FunctionRows(units.map(\.linkage))
    let program = units.indices.map { index in
      guard let key = keys[index], positions[key.name] == index else {
        return ProgramUnit(
          code: units[index].code, linkage: units[index].linkage,
          name: Digest(high: 0, low: UInt64(index)), digest: .zero)
      }
      let kept = session.results(of: key, context: context)
      var unit = ProgramUnit(
        code: units[index].code, linkage: units[index].linkage, name: key.name, digest: key.code,
        results: kept.compactMap { UnitResults($0, positions: positions, rows: rows) })
      unit.isWanted = isWanted(index)
      return unit
    }
    let result = Rules.check(
      program, models: models, options: options, isStored: true, runner: runner)
    guard !program.contains(where: \.isUnreadable) else { return nil }
    session.count(functions: result.functions, looked: result.looked, needless: result.needless)
    var new: [StoredResults] = []
    var used: [UnitResultKey] = []
    for (index, key) in keys.enumerated() {
      guard let key, positions[key.name] == index else { continue }
      if let bytes = result.kept[index] {
        new.append(StoredResults(name: key.name.bytes, code: key.code.bytes, bytes: bytes))
      } else if program[index].isWanted {
        used.append(key)
      }
    }
    session.keep(new, used: used, context: context)
    return result
  }
}
