// SPDX-License-Identifier: Apache-2.0

import Testing

/// `prgate dump ir`: the files' IR on standard output, what is wrong on standard error.
@Suite struct DumpTests {
  @Test func printsWhatTheAnalysisSees() async throws {
    let directory = try Directory([".git/HEAD": "", "a.c": "int twice(int n) { return N * n; }\n"])
    let run = try await Program.run(["dump", "ir", "a.c", "--", "-DN=2"], in: directory)
    #expect(run.code == 0)
    #expect(run.output.contains("define int @twice(int)"))
    #expect(run.errors.isEmpty)
  }

  @Test func saysWhatIsMissing() async throws {
    let directory = try Directory([".git/HEAD": "", "a.c": "int twice(int n) { return N * n; }\n"])
    let run = try await Program.run(["dump", "ir", "a.c", "--"], in: directory)
    #expect(run.code == 3)
    #expect(run.errorLine.hasPrefix("prgate: a.c: a.c:1: use of undeclared identifier 'N'; "))
  }
}
