// SPDX-License-Identifier: Apache-2.0

import Foundation
import Index
import Testing

@Suite struct ProgramIndexTests {
  private let record = IncludeRecord(
    unit: "unit", tree: "tree",
    files: [
      RecordedFile(path: "a.c", contentHash: "1", isTracked: true, probes: []),
      RecordedFile(path: "a.h", contentHash: "2", isTracked: true, probes: ["b.h", "c.h"]),
    ])

  private func withDirectory(_ body: (String) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory
      .appendingPathComponent("prgate-index-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try body(directory.path)
  }

  private func open(_ path: String) throws -> ProgramIndex {
    try ProgramIndex(path: path) { try? FileManager.default.removeItem(atPath: $0) }
  }

  @Test("What is stored is there after the file was closed, per repository and unit")
  func roundTrip() throws {
    try withDirectory { directory in
      let path = directory + "/index.sqlite"
      try open(path).store([record], repository: "/repo")
      let index = try open(path)
      #expect(index.rebuilt == nil)
      #expect(try index.records(repository: "/repo", units: ["unit"]) == [record])
      #expect(try index.records(repository: "/repo", units: ["other"]).isEmpty)
      #expect(try index.records(repository: "/else", units: ["unit"]).isEmpty)
    }
  }

  @Test("A later record replaces an earlier one")
  func replace() throws {
    try withDirectory { directory in
      let index = try open(directory + "/index.sqlite")
      try index.store([record], repository: "/repo")
      var later = record
      later.tree = "later"
      later.files.removeLast()
      try index.store([later], repository: "/repo")
      #expect(try index.records(repository: "/repo", units: ["unit"]) == [later])
    }
  }

  @Test("A file that is no database is replaced, with a word")
  func damaged() throws {
    try withDirectory { directory in
      let path = directory + "/index.sqlite"
      try Data(repeating: 0x41, count: 4096).write(to: URL(fileURLWithPath: path))
      let index = try open(path)
      #expect(index.rebuilt == "it is damaged")
      try index.store([record], repository: "/repo")
      #expect(try open(path).rebuilt == nil)
    }
  }

  @Test("A database that is cut in the middle is replaced")
  func truncated() throws {
    try withDirectory { directory in
      let path = directory + "/index.sqlite"
      let many = (0..<200).map { number in
        IncludeRecord(unit: "unit \(number)", tree: "tree", files: record.files)
      }
      try open(path).store(many, repository: "/repo")
      var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      #expect(bytes.count > 8192)
      bytes.replaceSubrange(4096..<8192, with: Data(repeating: 0xEE, count: 4096))
      try bytes.write(to: URL(fileURLWithPath: path))
      let index = try open(path)
      #expect(index.rebuilt == "it is damaged")
      #expect(try index.records(repository: "/repo", units: ["unit 1"]).isEmpty)
    }
  }

  @Test("A database of another program is replaced")
  func foreign() throws {
    try withDirectory { directory in
      let path = directory + "/index.sqlite"
      try open(path).store([record], repository: "/repo")
      // The application id is the 4 bytes at offset 68 of the header.
      var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      bytes[70] ^= 0xFF
      try bytes.write(to: URL(fileURLWithPath: path))
      #expect(try open(path).rebuilt == "another program wrote it")
    }
  }

  @Test("A directory that is not there is no reason to stop")
  func unusable() {
    #expect(throws: ProgramIndex.Unusable.self) { try open("/nonexistent/index.sqlite") }
  }

  @Test("Two at once")
  func concurrent() throws {
    try withDirectory { directory in
      let path = directory + "/index.sqlite"
      let one = try open(path)
      let two = try open(path)
      for number in 0..<20 {
        var next = record
        next.tree = "\(number)"
        try (number.isMultiple(of: 2) ? one : two).store([next], repository: "/repo")
      }
      #expect(try one.records(repository: "/repo", units: ["unit"]).map(\.tree) == ["19"])
      #expect(try two.records(repository: "/repo", units: ["unit"]).map(\.tree) == ["19"])
    }
  }
}
