// SPDX-License-Identifier: Apache-2.0

import Foundation
import IR
import Testing

@testable import Index

@Suite struct UnitCacheTests {
  private let directory: String
  private let key = ContiguousArray<UInt8>(repeating: 7, count: 32)

  init() throws {
    let url = FileManager.default.temporaryDirectory
      .appendingPathComponent("prgate-units-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    directory = url.path
  }

  private var path: String { directory + "/units.sqlite" }

  private func open(isReadOnly: Bool = false) throws -> UnitCache {
    try UnitCache(path: path, isReadOnly: isReadOnly) {
      try? FileManager.default.removeItem(atPath: $0)
    }
  }

  /// A unit with files of which others have some too.
  private func unit(_ number: Int) -> StoredUnit {
    var module = Module()
    var files: [StoredFile] = []
    for name in ["main\(number).c", "shared.h", "/usr/include/stdio.h"] {
      let hash = ContiguousArray<UInt8>(repeating: UInt8(number % 200), count: 32)
      let text = ContiguousArray("int \(name);\n".utf8)
      _ = module.files.append(
        SourceFile(path: name, contentHash: hash, isSystem: name.hasPrefix("/"), text: text))
      files.append(
        StoredFile(
          path: name, contentHash: hash, search: key,
          names: [
            IncludeName(path: "a.h", isQuoted: true), IncludeName(path: "b", isQuoted: false),
          ],
          hasMacroInclude: name == "shared.h", presence: [5]))
    }
    return StoredUnit(
      module, files: files, presence: [UInt8(number % 2)], linkage: [7, UInt8(number % 200)])
  }

  private func store(
    _ cache: UnitCache, _ unit: StoredUnit, key: ContiguousArray<UInt8>, day: Int
  ) throws {
    var numbers: [ContiguousArray<UInt8>: Int64] = [:]
    try cache.store(unit, key: key, day: day, numbers: &numbers)
  }

  private func units(_ cache: UnitCache) throws -> [StoredUnit] {
    try cache.candidates(for: key).map { candidate in
      StoredUnit(
        files: try candidate.files.compactMap { try cache.file($0) },
        presence: candidate.presence, linkage: candidate.linkage,
        bytes: try #require(try cache.module(of: candidate)))
    }
  }

  @Test func `what is stored is there after the file was closed, the last first`() throws {
    do {
      let cache = try open()
      try store(cache, unit(1), key: key, day: 1)
      try store(cache, unit(2), key: key, day: 1)
      try store(cache, unit(1), key: [1], day: 1)
    }
    let cache = try open()
    #expect(cache.rebuilt == nil)
    #expect(try units(cache) == [unit(2), unit(1)])
    #expect(try units(open(isReadOnly: true)) == [unit(2), unit(1)])
    let first = try #require(try units(cache).first)
    let module = try StoredUnit.module(
      first.bytes,
      files: first.files.map {
        KnownFile(row: $0, text: ContiguousArray("int \($0.path);\n".utf8))
      })
    #expect(module.files.rows.map(\.path) == ["main2.c", "shared.h", "/usr/include/stdio.h"])
    #expect(module.files.rows.first?.contentHash.first == 2)
  }

  @Test func `the same unit is kept once, and so many of one key`() throws {
    let cache = try open()
    for number in 1...20 { try store(cache, unit(number), key: key, day: 1) }
    try store(cache, unit(20), key: key, day: 1)
    #expect(try units(cache).count == 8)
    #expect(try units(cache).first == unit(20))
  }

  @Test func `what was not used for long goes first, and files that nothing needs`() throws {
    let cache = try open()
    for number in 0..<100 {
      try store(cache, unit(number), key: [UInt8(number)], day: number)
    }
    let used = try #require(try cache.candidates(for: [3]).first)
    try cache.touch([used.id], day: 100)
    let first = try cache.collectGarbage(limit: 1 << 30, since: 50)
    #expect(first.units == 49)
    #expect(try cache.candidates(for: [3]).count == 1)
    let size = try #require(try cache.module(of: used)).count + 112
    _ = try cache.collectGarbage(limit: 10 * size, since: 0)
    #expect(try cache.statistics().units <= 10)
    #expect(try cache.candidates(for: [3]).count == 1)
    #expect(try cache.candidates(for: [99]).count == 1)
    let statistics = try cache.statistics()
    #expect(statistics.files == statistics.units * 3)
    #expect(try cache.verify() == (statistics.units, 0))
  }

  @Test func `results have half of the room, those of long ago go first`() throws {
    let cache = try open()
    let context: ContiguousArray<UInt8> = [9]
    func result(_ number: Int) -> StoredResults {
      StoredResults(
        name: [UInt8(number)], code: [1], bytes: .init(repeating: UInt8(number), count: 1000))
    }
    func isThere(_ number: Int) throws -> Bool {
      try cache.results(of: [UInt8(number)], code: [1], context: context) == [result(number).bytes]
    }
    for number in 0..<60 { try cache.store([result(number)], context: context, day: number) }
    try cache.touchResults(of: [[3], [50]], context: context, day: 100)
    _ = try cache.collectGarbage(limit: 1 << 30, since: 40)
    #expect(try (0..<60).filter(isThere) == [3] + Array(40..<60))
    // Ten of them fit into half of this.
    _ = try cache.collectGarbage(limit: 20 * 1101, since: 0)
    #expect(try (0..<60).filter(isThere) == [3, 50] + Array(52..<60))
    // Other terms, another code: not the same result.
    #expect(try cache.results(of: [59], code: [2], context: context) == [])
    #expect(try cache.results(of: [59], code: [1], context: [8]) == [])
    // So many are kept of one unit.
    for code in 0..<9 {
      try cache.store(
        [StoredResults(name: [7], code: [UInt8(code)], bytes: [1])], context: context, day: 100)
    }
    let kept = try (0..<9).filter {
      try !cache.results(of: [7], code: [UInt8($0)], context: context).isEmpty
    }
    #expect(kept == Array(3..<9))
    #expect(try cache.verify().damaged == 0)
  }

  @Test func `a file of another program or version is replaced with a word`() throws {
    try Data(repeating: 0x78, count: 9000).write(to: URL(fileURLWithPath: path))
    #expect(try open().rebuilt == "it is damaged")
    do {
      let index = try ProgramIndex(path: directory + "/index.sqlite") { _ in }
      #expect(index.rebuilt == nil)
    }
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.copyItem(atPath: directory + "/index.sqlite", toPath: path)
    #expect(try open().rebuilt == "another program wrote it")
    #expect(try open().rebuilt == nil)
  }

  /// Whatever is damaged, what is read back is what was stored, or nothing.
  @Test(arguments: [UInt64(1), 2, 3])
  func `damage never reads as something else`(seed: UInt64) throws {
    do {
      let cache = try open()
      for number in 0..<60 { try store(cache, unit(number), key: [UInt8(number)], day: 1) }
      _ = try cache.collectGarbage(limit: 1 << 30, since: 0)
    }
    let sound = try Data(contentsOf: URL(fileURLWithPath: path))
    var state = seed
    func random(below bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var losses = 0
    for _ in 0..<40 {
      var bytes = sound
      switch random(below: 3) {
      case 0: break
      case 1: bytes = Data(bytes.prefix(1 + random(below: bytes.count - 1)))
      default:
        let page = 4096 * random(below: bytes.count / 4096)
        for offset in 0..<4096 { bytes[page + offset] = UInt8(random(below: 256)) }
      }
      bytes[random(below: bytes.count)] ^= UInt8(1 << random(below: 8))
      for suffix in ["", "-wal", "-shm"] {
        try? FileManager.default.removeItem(atPath: path + suffix)
      }
      try bytes.write(to: URL(fileURLWithPath: path))
      guard let cache = try? open() else { continue }
      for number in 0..<60 {
        guard let found = try? cache.candidates(for: [UInt8(number)]).first,
          let files = try? found.files.compactMap({ try cache.file($0) }),
          files.count == found.files.count
        else {
          losses += 1
          continue
        }
        // The checksum of the module is looked at when it is decoded.
        guard let bytes = try? cache.module(of: found),
          (try? Module.sectionSizes(of: bytes)) != nil
        else {
          losses += 1
          continue
        }
        let back = StoredUnit(
          files: files, presence: found.presence, linkage: found.linkage, bytes: bytes)
        #expect(back == unit(number))
      }
    }
    #expect(losses > 0)
  }

  @Test func `two processes store at once`() async throws {
    let caches = [try open(), try open()]
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, cache) in caches.enumerated() {
        group.addTask {
          for number in 0..<40 {
            try self.store(cache, self.unit(number), key: [UInt8(index), UInt8(number)], day: 1)
          }
        }
      }
      try await group.waitForAll()
    }
    #expect(try open().statistics().units == 80)
    #expect(try open().verify() == (80, 0))
  }
}
