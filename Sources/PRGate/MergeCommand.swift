// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import Index

/// `prgate merge`: puts the work of shards together.
struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Put what several runs kept into one cache.",
    discussion: """
      The caches are directories of --cache-dir, or their files units.sqlite, such as the shards of \
      'prgate check --shard I/N' leave behind; see docs/shards.md. They are only read. A 'check' with \
      the merged cache prints the report.
      """)

  @Argument(help: "The caches to read.", completion: .directory)
  var caches: [String]

  @Option(
    help: "The cache directory to add them to; made where it is not there.", completion: .directory)
  var into: String

  func run() throws {
    if let problem = GateCache.prepare(into) {
      throw CommandFailure.usage(GateCache.note(into, problem))
    }
    let target = Paths.canonical(into)
    guard let file = UnitCacheFile(directory: into, access: .readAndWrite) else {
      throw CommandFailure.usage("\(into): cannot be used as a cache; name another --into")
    }
    var total = UnitCache.Addition()
    for name in caches {
      let path = Paths.isDirectory(name) ? name + "/" + UnitCacheFile.name : name
      guard FileManager.default.fileExists(atPath: path) else {
        throw CommandFailure.usage(
          "\(path): there is no cache; run the shard that should have made it")
      }
      guard Paths.canonical(path) != target + "/" + UnitCacheFile.name else { continue }
      let addition = try add(path, to: file.cache)
      if addition.damaged > 0 {
        UnitCacheFile.say("\(path): \(addition.damaged) damaged rows are left out")
      }
      total.units += addition.units
      total.results += addition.results
    }
    try StandardStreams.write(
      "\(into): \(total.units) units and results of \(total.results) units added\n")
  }

  private func add(
    _ path: String, to target: UnitCache
  ) throws(CommandFailure) -> UnitCache.Addition {
    let source: UnitCache
    do {
      source = try UnitCache(path: path, isReadOnly: true, discard: { _ in })
    } catch {
      throw .usage(
        "\(path): cannot be read (\(error.reason)); run the shard again, with this version of prgate"
      )
    }
    do {
      return try target.add(source, day: UnitCacheFile.today)
    } catch {
      throw .usage("\(path): cannot be added to \(into) (\(error.reason)); nothing of it was added")
    }
  }
}
