// SPDX-License-Identifier: Apache-2.0

import Testing

/// Models of a user: what they change, and how their mistakes are told.
@Suite struct ModelFileTests {
  private let code = """
    typedef __SIZE_TYPE__ size_t;
    void *pool_take(size_t size);
    long link_read(void *to, size_t count);
    void take(size_t size) {
      char *p = pool_take(8);
      p[8] = 0;
    }
    void link(void) {
      char b[8];
      long n = link_read(b, 8);
      if (n >= 0) b[n] = 0;
    }

    """

  @Test func aModelMakesAFunctionKnown() async throws {
    let directory = try Directory([
      "a.c": code,
      "models.yml": """
      # what the pool and the link promise
      pool_take: ["ret memory #0"]
      link_read: |
        write 0 #1
        external 0 #1
        ret upto #1 or fail

      """,
    ])
    let silent = try await Program.run(["check", "a.c", "--"], in: directory)
    #expect(silent.code == 0)
    let run = try await Program.run(
      ["check", "--models", "models.yml", "a.c", "--"], in: directory)
    #expect(run.code == 1)
    #expect(run.output.contains("a.c:6:3: error: writes byte 9 of 8 of 'pool_take(8)'"))
    #expect(run.output.contains("a.c:11:15: error: writes byte 9 of 8 of 'b' when 'n' is 8"))
  }

  @Test(arguments: [
    (
      "f: |\n  write 0 #1\n  wirte 0 #1\n",
      "m.yml:3: 'wirte' is not a word of models; did you mean 'write'?"
    ),
    ("f: ret memory #0\n", "m.yml:1: 'ret memory' needs 1 words, found 0; quote the clause"),
    ("- f\n", "m.yml:1: a model file is a mapping of names to clauses"),
    ("f g: pure\n", "m.yml:1: a model starts with the name of a function"),
    ("f: {a: b}\n", "m.yml:1: a model is a text or a list of clauses"),
    ("f: [\n", "m.yml"),
  ])
  func mistakesAreToldByLineAndNearestWord(_ text: String, _ message: String) async throws {
    let directory = try Directory(["a.c": code, "m.yml": text])
    let run = try await Program.run(["check", "--models", "m.yml", "a.c", "--"], in: directory)
    #expect(run.code == 2)
    #expect(run.errors.contains(message), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
  }

  @Test func aFileThatIsMissingIsNamed() async throws {
    let directory = try Directory(["a.c": code])
    let run = try await Program.run(["check", "--models", "none.yml", "a.c", "--"], in: directory)
    #expect(run.code == 2)
    #expect(run.errors.contains("none.yml: the model file cannot be read"))
  }
}
