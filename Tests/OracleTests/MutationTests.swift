// SPDX-License-Identifier: Apache-2.0

import Clang
import Findings
import Foundation
import Testing

@testable import Dev

/// Mistakes are made where they are meant, and counted as what they are.
@Suite struct MutationTests {
  private static let kernel = """
    typedef unsigned long size_t;
    unsigned long copy_from_user(void *to, const void *from, unsigned long n);
    unsigned long copy_to_user(void *to, const void *from, unsigned long n);
    void *memset(void *s, int c, size_t n);
    void kfree(const void *p);
    struct mutex { int owner; };
    void mutex_lock(struct mutex *lock);
    void mutex_unlock(struct mutex *lock);
    int IS_ERR(const void *ptr);
    struct reply { char tag; long value; };
    static struct mutex lock;
    static int table[8];
    #define COUNT 8
    #define unlikely(x) (x)


    """

  /// The text of the file with each mistake of a kind.
  private func mutants(_ kind: MutationOperator, of code: String) throws -> [String] {
    let text = Self.kernel + code
    let folder = FileManager.default.temporaryDirectory.appending(path: "mutation-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "main.c")
    try text.write(to: file, atomically: true, encoding: .utf8)
    let found = MutationSearch(
      path: file.path, arguments: ["-w", "-resource-dir=\(try resourceDirectory())"])?.mutants
    return try #require(found).filter { $0.kind == kind }.map { mutant in
      var bytes = Array(text.utf8)
      bytes.replaceSubrange(mutant.range, with: mutant.text.utf8)
      return String(decoding: bytes.dropFirst(Self.kernel.utf8.count), as: UTF8.self)
    }
  }

  @Test func `an index may be the size of its array, and no other bound is meant`() throws {
    let code = """
      int sum(int n) {
        int s = 0;
        for (int i = 0; i < COUNT; i++) s += table[i];
        for (int j = 0; j < n; j++) s += 1;
        return s;
      }
      """
    #expect(
      try mutants(.wideArrayBound, of: code)
        == [code.replacing("i < COUNT", with: "i <= COUNT")])
    #expect(try mutants(.wideBound, of: code) == [code.replacing("j < n", with: "j <= n")])
  }

  @Test func `a check of the size of a copy from the user is dropped`() throws {
    let code = """
      long put(void *from, size_t count, int limit) {
        char text[16];
        if (unlikely(count > sizeof(text))) return -22;
        if (limit > 3) return -1;
        return copy_from_user(text, from, count);
      }
      """
    #expect(
      try mutants(.droppedCopyCheck, of: code)
        == [
          code.replacing(
            "(unlikely(count > sizeof(text)))", with: "(0 && (unlikely(count > sizeof(text))))")
        ])
    #expect(try mutants(.droppedCheck, of: code).count == 1)
  }

  @Test func `what goes to the user is not cleared`() throws {
    let code = """
      long get(void *to) {
        struct reply reply, other = {0};
        struct reply second = {.tag = 1};
        memset(&reply, 0, sizeof(reply));
        memset(&other, 0, sizeof(other));
        if (copy_to_user(to, &second, sizeof(second))) return -14;
        return copy_to_user(to, &reply, sizeof(reply));
      }
      """
    #expect(
      try mutants(.droppedClear, of: code)
        == [
          code.replacing("second = {.tag = 1}", with: "second "),
          code.replacing("memset(&reply, 0, sizeof(reply))", with: "(void)0"),
        ])
  }

  @Test func `paths of errors are spoilt`() throws {
    let code = """
      int probe(void *a, void *b) {
        mutex_lock(&lock);
        if (IS_ERR(a)) goto out_b;
        if (!b) goto out_a;
        mutex_unlock(&lock);
        return 0;
      out_a:
        kfree(a);
      out_b:
        mutex_unlock(&lock);
        return -1;
      }
      """
    #expect(
      try mutants(.swappedLabels, of: code)
        == [
          code.replacing("out_a:", with: "out_x:").replacing("out_b:", with: "out_a:")
            .replacing("out_x:", with: "out_b:")
        ])
    #expect(
      try mutants(.secondRelease, of: code)
        == [code.replacing("kfree(a)", with: "(kfree(a), kfree(a))")])
    #expect(
      try mutants(.droppedErrorCheck, of: code)
        == [code.replacing("IS_ERR(a)", with: "0 && (IS_ERR(a))")])
    #expect(
      try mutants(.droppedUnlock, of: code)
        == [code.replacing("mutex_unlock(&lock);\n  return 0", with: "(void)0;\n  return 0")])
  }

  @Test func `a sample is spread over all places`() {
    let places = Array(0..<49)
    #expect(MutationOperator.spread(places, 25).last == 47)
    #expect(MutationOperator.spread(places, 5) == [0, 9, 19, 29, 39])
    #expect(MutationOperator.spread(places, 60) == places)
    #expect(MutationOperator.spread(places, 0).isEmpty)
  }

  @Test func `a finding of a changed statement is not new`() {
    func finding(_ statement: UInt64, _ rule: String = "double-free", in name: String = "f")
      -> Finding
    {
      let start = Position(line: 1, column: 1)
      return Finding(
        rule: rule, tier: .a, severity: .error, message: "",
        location: Location(path: "a.c", start: start, end: start, point: start, sourceLine: ""),
        function: name, functionUSR: "c:@F@\(name)", statementHash: statement)
    }
    let before = [finding(1), finding(2)]
    #expect(MutationFinding.new(in: before, since: before).isEmpty)
    #expect(MutationFinding.new(in: [finding(1), finding(3)], since: before).isEmpty)
    #expect(MutationFinding.new(in: before + [finding(3)], since: before) == [finding(3)])
    #expect(MutationFinding.new(in: before + [finding(2)], since: before) == [finding(2)])
    let other = finding(3, "memory-leak")
    #expect(MutationFinding.new(in: [finding(1), other], since: before) == [other])
    let elsewhere = finding(2, in: "g")
    #expect(MutationFinding.new(in: [finding(1), elsewhere], since: before) == [elsewhere])
  }
}
