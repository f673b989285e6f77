// SPDX-License-Identifier: Apache-2.0

import Findings
import Gate
import Testing

@Suite struct FingerprintTests {
  @Test("The fingerprint is the hash of its fields, written out")
  func vector() {
    let entry = reported([finding()])[0]
    #expect(
      entry.fingerprint
        == digest("prgate/v1", "off-by-one-read", "src/options.c", "@F@parse", "1", "0"))
    #expect(entry.movedFingerprint == digest("prgate/moved/v1", "off-by-one-read", "1", "0"))
  }

  private func digest(_ fields: String...) -> String {
    SHA256.hexadecimalDigest(of: Array(fields.map { $0 + "\0" }.joined().utf8))
  }

  @Test("Line, column and message are no part of it")
  func stable() {
    let here = reported([finding(line: 10, message: "reads byte 17 of 16")])
    let there = reported([finding(line: 99, message: "reads byte 33 of 32")])
    #expect(here[0].fingerprint == there[0].fingerprint)
  }

  @Test("Rule, path, function and statement are part of it")
  func distinguishing() {
    let variants = [
      finding(), finding("out-of-bounds-read"), finding(path: "src/lease.c"),
      finding(function: "other"), finding(statement: 2),
    ]
    let prints = variants.map { reported([$0])[0].fingerprint }
    #expect(Set(prints).count == variants.count)
  }

  @Test("A function that becomes static keeps its fingerprint")
  func internalLinkage() {
    let external = reported([finding(usr: "c:@F@parse")])
    let internalOne = reported([finding(usr: "c:options.c@F@parse")])
    #expect(external[0].fingerprint == internalOne[0].fingerprint)
  }

  @Test("Equal statements of one function have fingerprints of their own")
  func unique() {
    let entries = reported((1...5).map { finding(line: $0) })
    #expect(Set(entries.map(\.fingerprint)).count == 5)
    #expect(Set(entries.map(\.movedFingerprint)).count == 5)
    #expect(entries.map(\.finding.location.start.line) == [1, 2, 3, 4, 5])
  }

  @Test("A header that many units read makes one finding, the best argued")
  func sameHeader() {
    let entries = reported([
      finding(path: "a.h", tier: .b), finding(path: "a.h", tier: .a, message: "byte 17 of 16"),
      finding(path: "a.h", tier: .b),
    ])
    #expect(entries.count == 1)
    #expect(entries[0].finding.tier == .a)
  }

  @Test("Only tier A of a rule at block blocks")
  func blocking() {
    let entries = reported([
      finding(statement: 1), finding(line: 11, statement: 2, tier: .b),
      finding(line: 12, statement: 3, severity: .warning),
    ])
    #expect(entries.map(\.isBlocking) == [true, false, false])
    let off = Policy(levels: ["off-by-one-read": .warn])
    #expect(reported([finding()], policy: off)[0].isBlocking == false)
  }
}
