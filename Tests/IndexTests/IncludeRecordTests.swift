// SPDX-License-Identifier: Apache-2.0

import Index
import Testing

@Suite struct IncludeRecordTests {
  private let record = IncludeRecord(
    unit: "u", tree: "t",
    files: [
      RecordedFile(path: "src/a.c", contentHash: "1", isTracked: true, probes: ["wchar.h"]),
      RecordedFile(path: "include/options.h", contentHash: "2", isTracked: true, probes: []),
      RecordedFile(path: "build/config.h", contentHash: "3", isTracked: false, probes: []),
      RecordedFile(path: "/usr/include/stdio.h", contentHash: "4", isTracked: false, probes: []),
    ])
  private let outside = ["build/config.h": "3", "/usr/include/stdio.h": "4"]

  private func isReached(
    _ path: String, _ kind: PathChange.Kind, outside: [String: String]? = nil
  ) -> Bool {
    record.isReached(by: [PathChange(path: path, kind: kind)]) { (outside ?? self.outside)[$0] }
  }

  @Test("A file that the unit read reaches it")
  func read() {
    #expect(isReached("include/options.h", .modified))
    #expect(isReached("include/options.h", .disappeared))
  }

  @Test("A file that it did not read does not")
  func unread() {
    #expect(!isReached("include/lease.h", .modified))
    #expect(!isReached("include/lease.h", .appeared))
    #expect(!isReached("README.md", .disappeared))
    #expect(!record.isReached(by: []) { outside[$0] })
  }

  @Test("A new file that could come first in a look-up reaches it")
  func shadowing() {
    #expect(isReached("src/options.h", .appeared))
    #expect(isReached("src/stdio.h", .appeared))
    #expect(isReached("compat/config.h", .appeared))
  }

  @Test("A file that the unit asks for reaches it when it comes or goes")
  func probed() {
    #expect(isReached("compat/wchar.h", .appeared))
    #expect(isReached("compat/wchar.h", .disappeared))
    #expect(!isReached("compat/wchar.h", .modified))
  }

  @Test("A link reaches every unit")
  func irregular() { #expect(isReached("vendor", .irregular)) }

  @Test("A build product or system header that differs or is gone reaches it")
  func outsideFiles() {
    #expect(isReached("x", .modified, outside: ["build/config.h": "3"]))
    #expect(
      isReached(
        "x", .modified, outside: ["build/config.h": "9", "/usr/include/stdio.h": "4"]))
  }

  @Test("A name that a macro makes is any name")
  func computed() {
    var copy = record
    copy.files[0].probes = ["*"]
    #expect(copy.isReached(by: [PathChange(path: "z", kind: .appeared)]) { outside[$0] })
  }

  @Test("Names that a text asks for")
  func probes() {
    let text = """
      #ifdef __has_include
      # if __has_include(<sys/random.h>) || __has_include ( "compat/wchar.h" )
      # elif defined(__has_include) && __has_include_next(<stdint.h>)
      #endif
      """
    #expect(IncludeRecord.probes(in: Array(text.utf8)) == ["random.h", "stdint.h", "wchar.h"])
    #expect(IncludeRecord.probes(in: Array("#if __has_include(CONFIG)".utf8)) == ["*"])
    #expect(IncludeRecord.probes(in: Array("int x;".utf8)) == [])
    #expect(IncludeRecord.probes(in: Array("__has_include".utf8)) == [])
  }
}
