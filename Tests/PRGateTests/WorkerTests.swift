// SPDX-License-Identifier: Apache-2.0

import Foundation
import Subprocess
import SystemPackage
import Testing

@testable import PRGate

/// Code that ends, stops or starves a parser costs its own unit.
@Suite struct WorkerTests {
  private let good = "int one(void) { return 1; }\n"

  /// Two to the 34th empty expansions, which take the parser many minutes.
  private static let slow =
    "#define M0\n" + (1...34).map { "#define M\($0) M\($0 - 1) M\($0 - 1)\n" }.joined() + "M34\n"

  /// Deeper than the stack of any clang.
  private static let deep =
    "int f(int x) {\n"
    + (0..<30_000).map { "if (x == \($0)) return \($0); else\n" }.joined() + "return 0; }\n"

  @Test func deepCodeCostsOneUnit() async throws {
    let directory = try Directory([
      ".git/HEAD": "", "a.c": good, "b.c": Self.deep, "c.c": good,
    ])
    let run = try await Program.run(["check", ".", "-j1", "--"], in: directory)
    #expect(run.code == 3)
    #expect(run.output.contains("not analysed: b.c: the parser crashed (signal "))
    #expect(!run.output.contains("not analysed: a.c"))
    #expect(!run.output.contains("not analysed: c.c"))
    #expect(run.output.contains("analysed 2/3 units"))
  }

  @Test(arguments: [1, 2])
  func crashCostsOneUnit(jobs: Int) async throws {
    let directory = try Directory([
      ".git/HEAD": "", "a.c": good, "b.c": "#pragma clang __debug crash\n",
      "c.c": "int x = ;\n",
    ])
    let run = try await Program.run(
      ["check", ".", "-j\(jobs)", "-f", "json", "--"], in: directory)
    #expect(run.code == 3)
    let ledger = try ledger(of: run.output)
    #expect(ledger.map(\.path) == ["b.c", "c.c"])
    #expect(ledger.first?.reason.hasPrefix("the parser crashed (signal ") == true)
    #expect(ledger.last?.reason.hasPrefix("c.c:1: expected expression") == true)
    #expect(directory.names == [".git", "a.c", "b.c", "c.c"])
  }

  @Test func unitThatKeepsTheParserBusy() async throws {
    let directory = try Directory([
      ".git/HEAD": "", "a.c": good, "slow.c": Self.slow, "z.c": good,
    ])
    let run = try await Program.run(["check", ".", "--timeout", "1", "--"], in: directory)
    #expect(run.code == 3)
    #expect(
      run.output.contains(
        "not analysed: slow.c: reading it takes longer than 1 s; give it more with --timeout"))
    #expect(run.output.contains("analysed 2/3 units"))
  }

  /// It takes no processor time: the clock on the wall ends it.
  @Test func unitThatWaitsForEver() async throws {
    let directory = try Directory([".git/HEAD": "", "a.c": "#include \"pipe.h\"\n", "b.c": good])
    _ = try await Program.run("/usr/bin/mkfifo", ["pipe.h"], in: directory)
    let run = try await Program.run(["check", ".", "--timeout", "1", "--"], in: directory)
    #expect(run.code == 3)
    #expect(run.output.contains("not analysed: a.c: reading it takes longer than 1 s; "))
    #expect(run.output.contains("analysed 1/2 units"))
  }

  @Test func unitThatTakesTooMuchMemory() async throws {
    let directory = try Directory([
      ".git/HEAD": "", "a.c": "int x[] = {[0 ... 1000000000] = 1};\n", "b.c": good,
    ])
    let run = try await Program.run(["check", ".", "--"], in: directory)
    #expect(run.code == 3)
    #expect(run.output.contains("not analysed: a.c: the parser gave up (signal 6), for want of"))
    #expect(run.output.contains("analysed 1/2 units"))
  }

  /// What a parser prints or reads beside its files does not come between driver and worker.
  @Test func standardStreamsOfAWorkerLeadNowhere() async throws {
    let directory = try Directory([
      ".git/HEAD": "", "a.c": "#include \"/dev/stdin\"\n" + good, "b.c": good,
    ])
    let run = try await Program.run(["check", ".", "-j1", "--"], in: directory)
    #expect(run.code == 3)
    #expect(run.output.contains("not analysed: a.c:1 reads /dev/stdin"), "\(run.output)")
    #expect(run.output.contains("analysed 1/2 units"))
  }

  @Test func moduleIsTheSameInProcess() async throws {
    let directory = try Directory([
      ".git/HEAD": "", "a.h": "#define SIZE 4\nstruct s { int a : 3; char b[SIZE]; };\n",
      "a.c": """
      #include "a.h"
      /* prgate:allow(off-by-one-write) sample */
      static const char *const names[] = { "eins", "zwei" };
      int f(struct s *s, int i) {
        for (i = 0; i < SIZE; i++) s->b[i] = names[i & 1][0];
        return s->a ? i : s->b[2];
      }

      """, "broken.c": "int x = ;\nint y(void) { return 1; }\n",
    ])
    let runs = [["-j1"], ["-j2"], ["--in-process"], ["-j1", "--in-process"]]
    for format in ["text", "json", "sarif"] {
      let checked = try await runs.asyncMap {
        try await Program.run(["check", ".", "--all", "-f", format] + $0 + ["--"], in: directory)
      }
      #expect(checked.allSatisfy { $0 == checked[0] })
      #expect(checked[0].code == 3)
    }
    let isolated = try await Program.run(["dump", "ir", "a.c", "broken.c", "--"], in: directory)
    let direct = try await Program.run(
      ["dump", "ir", "--in-process", "a.c", "broken.c", "--"], in: directory)
    #expect(isolated.output.contains("f"))
    #expect(isolated == direct)
  }

  /// Whether the run is of this suite alone, as `.ci/run` has it.
  ///
  /// Beside tests that wait on processes without letting go of their threads, one that has to act while
  /// a parser is busy comes too late.
  private static let isAlone = ProcessInfo.processInfo.environment["PRGATE_WORKER_TESTS"] != nil

  @Test(.enabled(if: isAlone, "set PRGATE_WORKER_TESTS and filter WorkerTests"))
  func workerThatIsKilledFromOutside() async throws {
    let directory = try Directory([
      ".git/HEAD": "", "a.c": good, "slow.c": Self.slow, "z.c": good,
    ])
    let result = try await start(["check", ".", "-j1", "--"], in: directory) { driver in
      let worker = try await Program.busyWorker(of: driver)
      kill(worker, SIGKILL)
    }
    #expect(result.status == .exited(3))
    #expect(result.output.contains("not analysed: slow.c: its worker was killed from outside"))
    #expect(result.output.contains("analysed 2/3 units"))
  }

  /// Whatever ends the driver ends its workers.
  @Test(
    .enabled(if: isAlone, "set PRGATE_WORKER_TESTS and filter WorkerTests"),
    arguments: [SIGINT, SIGTERM, SIGKILL])
  func noWorkerOutlivesTheDriver(signal: Int32) async throws {
    let directory = try Directory([".git/HEAD": "", "slow.c": Self.slow, "slow2.c": Self.slow])
    let workers = Recorder()
    let result = try await start(["check", ".", "-j2", "--"], in: directory) { driver in
      let worker = try await Program.busyWorker(of: driver)
      try await workers.add([worker] + Program.children(of: driver))
      kill(driver, signal)
    }
    #expect(result.status == (signal == SIGINT ? .exited(130) : .signaled(signal)))
    #expect(result.output.isEmpty)
    let seen = await workers.processes
    #expect(!seen.isEmpty)
    for worker in seen {
      var rounds = 0
      while Program.isWorker(worker), rounds < 100 {
        try await Task.sleep(for: .milliseconds(50))
        rounds += 1
      }
      #expect(!Program.isWorker(worker))
    }
  }

  @Test func workerWithoutADriver() async throws {
    let run = try await Program.run(
      "/bin/sh", ["-c", "printf 'no frame' | \"$0\" worker", Program.path.string], in: Directory())
    #expect(run.code == 0)
    #expect(run.output.isEmpty)
  }

  @Test(arguments: ["0", "-1", "86401"])
  func timeoutOutOfRange(seconds: String) async throws {
    let run = try await Program.run(
      ["check", "--timeout=\(seconds)", "a.c", "--"], in: Directory(["a.c": good]))
    #expect(run.code == 2)
    #expect(run.errorLine.contains("--timeout needs a number of seconds from 1 to 86400"))
  }

  private func ledger(of report: String) throws -> [(path: String, reason: String)] {
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(report.utf8)) as? [String: Any])
    let ledger = try #require(json["ledger"] as? [String: Any])
    let units = try #require(ledger["units"] as? [[String: Any]])
    return units.filter { $0["analysed"] as? Bool == false }
      .map { ($0["path"] as? String ?? "", $0["reason"] as? String ?? "") }
  }

  /// Runs the program and does something to it meanwhile.
  private func start(
    _ arguments: [String], in directory: Directory,
    meanwhile: @escaping @Sendable (pid_t) async throws -> Void
  ) async throws -> (status: TerminationStatus, output: String) {
    let result = try await Subprocess.run(
      .path(Program.path), arguments: Arguments(arguments),
      workingDirectory: FilePath(directory.path), input: .none, output: .string(limit: 1 << 20),
      error: .string(limit: 1 << 20)
    ) { execution in
      try await meanwhile(execution.processIdentifier.value)
    }
    return (result.terminationStatus, result.standardOutput)
  }
}

/// Messages between driver and worker.
@Suite struct WorkerFrameTests {
  /// What the reader makes of the bytes.
  private func read(_ bytes: Data) throws -> Data? {
    let pipe = Pipe()
    try pipe.fileHandleForWriting.write(contentsOf: bytes)
    try pipe.fileHandleForWriting.close()
    return WorkerFrame.read(from: pipe.fileHandleForReading)
  }

  @Test(arguments: [0, 1, 255, 256, 40_000])
  func isReadAsItWasWritten(count: Int) throws {
    let message = Data((0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) })
    let pipe = Pipe()
    try WorkerFrame.write(message, to: pipe.fileHandleForWriting)
    #expect(WorkerFrame.read(from: pipe.fileHandleForReading) == message)
  }

  @Test func isNothingUnlessItIsWhole() throws {
    let whole = Data([3, 0, 0, 0, 0, 0, 0, 0, 7, 8, 9])
    #expect(try read(whole) == Data([7, 8, 9]))
    for length in 0..<whole.count { #expect(try read(whole.prefix(length)) == nil) }
  }

  @Test(arguments: [0x7F, 0xFF] as [UInt8])
  func madeUpLengthsTakeNoMemory(high: UInt8) throws {
    #expect(try read(Data([255, 255, 255, 255, 255, 255, 255, high, 1])) == nil)
  }
}

/// Processes that a test has seen.
private actor Recorder {
  private(set) var processes: [pid_t] = []

  func add(_ more: [pid_t]) { processes += more }
}

extension Program {
  /// The workers of a driver.
  fileprivate static func children(of driver: pid_t) throws -> [pid_t] {
    let names = try FileManager.default.contentsOfDirectory(atPath: "/proc")
    return names.compactMap { pid_t($0) }.filter { parent(of: $0) == driver && isWorker($0) }
  }

  /// Waits for a worker that has used half a second of processor time on one unit.
  ///
  /// The whole suite runs at once on as few as two processors: minutes can pass.
  fileprivate static func busyWorker(of driver: pid_t) async throws -> pid_t {
    for _ in 0..<4800 {
      for worker in try children(of: driver) where processorTime(of: worker) > 50 { return worker }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw NoWorker()
  }

  private struct NoWorker: Error {}

  /// The fields of a process behind its name; nil where it is gone.
  private static func fields(of process: pid_t) -> [Substring]? {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    else { return nil }
    return status.split(separator: ")").last.map { $0.split(separator: " ") }
  }

  private static func parent(of process: pid_t) -> pid_t? {
    fields(of: process).flatMap { pid_t($0[1]) }
  }

  /// Ticks of 10 ms.
  private static func processorTime(of process: pid_t) -> Int {
    fields(of: process).flatMap { Int($0[11]) } ?? 0
  }

  /// Whether there is such a process, it is a worker and has not ended.
  fileprivate static func isWorker(_ process: pid_t) -> Bool {
    guard let state = fields(of: process)?[0], state != "Z" else { return false }
    let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
    return String(decoding: line, as: UTF8.self).hasSuffix("prgate\0worker\0")
  }
}

extension Array {
  /// The results of `body` for all elements, one after the other.
  fileprivate func asyncMap<Result>(
    _ body: (Element) async throws -> Result
  ) async rethrows -> [Result] {
    var results: [Result] = []
    for element in self { results.append(try await body(element)) }
    return results
  }
}
