// SPDX-License-Identifier: Apache-2.0

import Findings
import Gate
import Testing

@Suite struct ChangedFileTests {
  private let one = String(repeating: "1", count: 40)
  private let zero = String(repeating: "0", count: 40)

  @Test("Every status that git prints")
  func statuses() throws {
    let text = """
      :100644 100644 \(one) \(one) M\0src/a.c\0:000000 100644 \(zero) \(one) A\0src/new file.h\0\
      :100755 000000 \(one) \(zero) D\0old.c\0:100644 100644 \(one) \(one) R087\0src/x.c\0src/y.c\0\
      :100644 120000 \(one) \(one) T\0link.h\0:000000 160000 \(zero) \(one) A\0vendor\0
      """
    let files = try changedFiles(raw: Array(text.utf8))
    #expect(
      files == [
        ChangedFile(path: "src/a.c", kind: .modified),
        ChangedFile(path: "src/new file.h", kind: .added),
        ChangedFile(path: "old.c", kind: .deleted),
        ChangedFile(path: "src/y.c", kind: .renamed(from: "src/x.c")),
        ChangedFile(path: "link.h", kind: .modified, isRegular: false),
        ChangedFile(path: "vendor", kind: .added, isRegular: false),
      ])
    #expect(files.map(\.isSource) == [true, false, true, true, false, false])
    #expect(files.map(\.isHeader) == [false, true, false, false, true, false])
    #expect(files[1].name == "new file.h")
  }

  @Test("A path may hold a line break")
  func lineBreak() throws {
    let text = ":100644 100644 \(one) \(one) M\0a\nb.c\0"
    #expect(try changedFiles(raw: Array(text.utf8)).map(\.path) == ["a\nb.c"])
  }

  @Test(
    "What is not git's output is refused",
    arguments: [
      "M\0a.c\0", ":100644 100644 1 1 M\0", ":100644 100644 1 1 R100\0a.c\0",
      ":100644 100644 1 1 X\0a.c\0",
    ])
  func malformed(text: String) {
    #expect(throws: MalformedInput.self) { try changedFiles(raw: Array(text.utf8)) }
  }

  @Test("Nothing changed")
  func empty() throws { #expect(try changedFiles(raw: []).isEmpty) }
}

@Suite struct ChangedLinesTests {
  @Test("Added and changed lines, not removed ones; text that looks like a head is none")
  func hunks() {
    let patch = """
      diff --git a/src/a.c b/src/a.c
      index 1..2 100644
      --- a/src/a.c
      +++ b/src/a.c
      @@ -1 +1,2 @@
      -old
      +++ b/not/a.c
      +new
      @@ -9,2 +10,0 @@ int f(void)
      -gone
      -gone
      @@ -20,0 +19 @@
      +one
      diff --git a/b.h b/b.h
      deleted file mode 100644
      --- a/b.h
      +++ /dev/null
      @@ -1,3 +0,0 @@
      -x
      diff --git a/a b.h b/a b.h
      --- a/a b.h\t
      +++ b/a b.h\t
      @@ -0,0 +1,4 @@
      """
    let files = changedLines(patch: patch)
    #expect(files.map(\.path) == ["src/a.c", "a b.h"])
    #expect(files.map(\.lines) == [[1...2, 19...19], [1...4]])
  }
}

@Suite struct PushedRefTests {
  private let one = String(repeating: "1", count: 40)
  private let two = String(repeating: "2", count: 40)
  private let zero = String(repeating: "0", count: 40)

  @Test("An update, a new branch, a deletion, a tag")
  func lines() throws {
    let refs = try PushedRef.parse(
      """
      refs/heads/topic \(one) refs/heads/topic \(two)
      HEAD~1 \(one) refs/heads/other \(zero)
      (delete) \(zero) refs/heads/gone \(two)
      refs/tags/v1 \(one) refs/tags/v1 \(zero)

      """)
    #expect(refs.map(\.isDeletion) == [false, false, true, false])
    #expect(refs.map(\.isNew) == [false, true, false, true])
    #expect(refs.map(\.isTag) == [false, false, false, true])
    #expect(refs.map(\.branch) == ["topic", "other", "gone", nil])
    #expect(refs[1].localObject == one)
  }

  @Test("Nothing to push is no line")
  func empty() throws { #expect(try PushedRef.parse("").isEmpty) }

  @Test("SHA-256 repositories have longer names")
  func longNames() throws {
    let long = String(repeating: "a", count: 64)
    let refs = try PushedRef.parse("refs/heads/a \(long) refs/heads/a \(long)\n")
    #expect(refs.count == 1)
  }

  @Test("What a server receives: old, new and name")
  func received() throws {
    let refs = try PushedRef.parse(
      received: "\(zero) \(one) refs/heads/a\n\(two) \(zero) refs/heads/b\n")
    #expect(refs.map(\.remoteRef) == ["refs/heads/a", "refs/heads/b"])
    #expect(refs.map(\.isNew) == [true, false])
    #expect(refs.map(\.isDeletion) == [false, true])
    for text in ["x", "1 2 refs/heads/a", "\(one) refs/heads/a \(two)"] {
      #expect(throws: MalformedInput.self) { try PushedRef.parse(received: text) }
    }
  }

  @Test(
    "Other lines are refused",
    arguments: ["refs/heads/a", "a b c d", "--option 1 2 3", "refs/heads/a 12 refs/heads/a 34"])
  func malformed(line: String) {
    #expect(throws: MalformedInput.self) { try PushedRef.parse(line) }
  }
}
