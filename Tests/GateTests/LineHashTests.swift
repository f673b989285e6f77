// SPDX-License-Identifier: Apache-2.0

import Gate
import Testing

@Suite struct LineHashTests {
  /// Vectors of `github/codeql-action`, `src/fingerprints.test.ts`.
  @Test("The published vectors")
  func vectors() {
    #expect(hashes("", lines: 1) == ["c129715d7a2bc9a3:1"])
    #expect(
      hashes(" a\nb\n  \t\tc\n d", lines: 4) == [
        "271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1",
      ])
  }

  @Test("Line breaks of every kind are one")
  func lineBreaks() {
    let expected = hashes("a\nb\nc", lines: 3)
    #expect(hashes("a\r\nb\r\nc", lines: 3) == expected)
    #expect(hashes("a\rb\rc", lines: 3) == expected)
  }

  @Test("Equal stretches are counted")
  func counted() {
    let text = String(repeating: String(repeating: "x", count: 120) + "\n", count: 3)
    #expect(hashes(text, lines: 3).map { $0.suffix(2) } == [":1", ":2", ":3"])
  }

  @Test("A line that the file lacks has none")
  func outOfRange() {
    let table = LineHashes(text: ContiguousArray("a\n".utf8))
    #expect(table[0] == "")
    #expect(table[9] == "")
  }

  private func hashes(_ text: String, lines: Int) -> [String] {
    let table = LineHashes(text: ContiguousArray(text.utf8))
    return (1...lines).map { table[$0] }
  }
}
