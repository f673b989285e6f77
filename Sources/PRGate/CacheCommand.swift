// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Index

/// `prgate cache`: looks after what earlier runs kept.
struct CacheCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cache", abstract: "Look after what earlier runs kept.",
    discussion: """
      Parsed units are kept in the file units.sqlite of the cache directory, and what the analysis of their \
      functions came to. A unit is used again if all \
      that it read has the same content, no header appeared or went where one is looked for, and flags, \
      compiler and prgate are the same; a result, if all that it learnt from other functions is as it \
      was. Beside it lie the compilation databases that gate has seen; gc \
      prunes both.
      """,
    subcommands: [Statistics.self, CollectGarbage.self, Verify.self])

  /// Which cache is meant.
  struct Place: ParsableArguments {
    @Option(help: "The cache directory; ~/.cache/prgate by default.", completion: .directory)
    var cacheDir: String?

    /// The cache; nil where there is none yet.
    func open(_ access: CacheAccess) throws(CommandFailure) -> UnitCacheFile? {
      let directory = GateCache.path(of: cacheDir)
      guard FileManager.default.fileExists(atPath: directory + "/" + UnitCacheFile.name) else {
        try StandardStreams.write("\(directory): nothing is kept there\n")
        return nil
      }
      guard let file = UnitCacheFile(directory: directory, access: access) else {
        throw .usage(
          "\(directory): the unit cache cannot be used; name another one with --cache-dir")
      }
      return file
    }
  }

  /// `prgate cache stats`.
  struct Statistics: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "stats", abstract: "Show what is kept.")

    @OptionGroup var place: Place

    func run() throws {
      guard let file = try place.open(.readOnly) else { return }
      try attempt(file) { () throws(UnitCache.Failure) in
        let statistics = try file.cache.statistics()
        let age = statistics.oldestDay.map { "\(UnitCacheFile.today - $0) days ago" } ?? "-"
        return """
          directory          \(file.directory)
          units              \(statistics.units)
          files they read    \(statistics.files)
          size of units      \(kibibytes(statistics.moduleBytes))
          size of results    \(kibibytes(statistics.resultBytes))
          size of the file   \(kibibytes(statistics.fileBytes)) of \(kibibytes(UnitCacheFile.sizeLimit))
          longest not used   \(age)

          """
      }
    }

    private func kibibytes(_ bytes: Int) -> String { "\((bytes + 1023) / 1024) KiB" }
  }

  /// `prgate cache gc`.
  struct CollectGarbage: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "gc", abstract: "Remove what was not used for long, and what is too much.")

    @OptionGroup var place: Place

    @Option(help: ArgumentHelp("MiB of units and results that stay at most.", valueName: "MIB"))
    var maxSize = UnitCacheFile.sizeLimit >> 20

    @Option(help: ArgumentHelp("Days after which unused units go.", valueName: "DAYS"))
    var maxAge = UnitCacheFile.lifetime

    mutating func validate() throws {
      guard (0...1 << 20).contains(maxSize), (0...1 << 20).contains(maxAge) else {
        throw ValidationError("--max-size and --max-age need a number from 0")
      }
    }

    func run() throws {
      // It lies beside the units, and is there without them too.
      let databases = DatabaseMemory.prune(
        in: GateCache.path(of: place.cacheDir),
        unusedSince: Date(timeIntervalSinceNow: -86400 * TimeInterval(maxAge)))
      if databases > 0 {
        try StandardStreams.write(
          "removed the compilation databases of \(databases) commits\n")
      }
      guard let file = try place.open(.readAndWrite) else { return }
      try attempt(file) { () throws(UnitCache.Failure) in
        let removal = try file.cache.collectGarbage(
          limit: maxSize << 20, since: UnitCacheFile.today - maxAge)
        let left = try file.cache.statistics().units
        return "removed \(removal.units) units and \(removal.files) files; \(left) units stay\n"
      }
    }
  }

  /// `prgate cache verify`.
  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "verify", abstract: "Read all that is kept, and remove what is damaged.")

    @OptionGroup var place: Place

    func run() throws {
      guard let file = try place.open(.readAndWrite) else { return }
      var damaged = 0
      try attempt(file) { () throws(UnitCache.Failure) in
        let result = try file.cache.verify()
        damaged = result.damaged
        return damaged == 0 ? "\(result.units) units, all sound\n" : ""
      }
      guard damaged > 0 else { return }
      throw CommandFailure.usage(
        "\(file.directory): \(damaged) units were damaged and are removed; see whether the disk fails"
      )
    }
  }
}

/// Prints what `body` has to say; a cache that is damaged as a whole goes.
private func attempt(
  _ file: UnitCacheFile, _ body: () throws(UnitCache.Failure) -> String
) throws(CommandFailure) {
  let text: String
  do {
    text = try body()
  } catch {
    guard error.isDamage else {
      throw .usage("\(file.directory): the unit cache cannot be used (\(error.reason))")
    }
    file.discard()
    throw .usage(
      "\(file.directory): the unit cache was damaged and is removed; see whether the disk fails")
  }
  try StandardStreams.write(text)
}
