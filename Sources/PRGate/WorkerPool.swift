// SPDX-License-Identifier: Apache-2.0

import Foundation
import Analysis
import IR
import Subprocess
import Synchronization
import SystemPackage

/// Lowers units in processes of their own, which may crash.
///
/// A worker handles one unit after the other until none is left. When it ends too early, the unit that
/// it had is lost with a reason, and another worker takes its place.
struct WorkerPool: Sendable {
  /// Worker processes at a time.
  var count: Int
  /// Seconds of processor time that a unit may take.
  var timeout: Int
  /// The directory that reported paths are relative to, absolute.
  var root: String

  /// Seconds by the clock on the wall after which a unit is given up: enough that neither a busy
  /// machine nor the start of a process changes the result.
  private var patience: Int { 2 * timeout + 5 }

  /// Lowers the units; the outcomes are in their order.
  ///
  /// - Parameters:
  ///   - units: the units.
  ///   - progress: advances with each unit.
  ///   - keep: is given each unit that was read without an error, as soon as it is there.
  /// - Returns: the outcomes.
  func lower(
    _ units: [PreparedUnit], progress: ProgressCounter,
    keep: @escaping @Sendable (SharedModule, Linkage, PreparedUnit) -> Void = { _, _, _ in }
  ) async -> [UnitOutcome] {
    guard !units.isEmpty else { return [] }
    let schedule = UnitSchedule(units, progress: progress, keep: keep)
    // A worker that ends while it is written to must not end the driver.
    let previous = signal(SIGPIPE, SIG_IGN)
    await withTaskGroup { group in
      for _ in 0..<max(1, min(count, units.count)) {
        group.addTask {
          while let number = schedule.next() { await work(schedule, from: number) }
        }
      }
    }
    signal(SIGPIPE, previous)
    return schedule.outcomes
  }

  /// Has a worker handle units, from the one that is given, for as long as it lives.
  private func work(_ schedule: UnitSchedule, from first: Int) async {
    do {
      let requests = try FileDescriptor.pipe()
      let answers = try FileDescriptor.pipe()
      let handles = (
        FileHandle(fileDescriptor: requests.writeEnd.rawValue, closeOnDealloc: true),
        FileHandle(fileDescriptor: answers.readEnd.rawValue, closeOnDealloc: true)
      )
      let result = try await Subprocess.run(
        .path(Self.executable), arguments: ["worker"],
        environment: .custom(Self.environment), platformOptions: Self.options,
        input: .fileDescriptor(requests.readEnd, closeAfterSpawningProcess: true),
        output: .fileDescriptor(answers.writeEnd, closeAfterSpawningProcess: true),
        error: .discarded
      ) { execution in
        let clock = UnitClock(seconds: patience) { try? execution.send(signal: .kill) }
        return await WorkerThreads.run {
          Conversation(
            pool: self, schedule: schedule, clock: clock, requests: handles.0, answers: handles.1
          ).run(from: first)
        }
      }
      if let lost = result.closureResult {
        schedule.finish(lost.number, problem: reason(lost, result.terminationStatus))
      }
    } catch {
      schedule.finish(
        first, problem: "a worker process cannot be started (\(error)); try a smaller -j")
    }
  }

  /// This program, which is its own worker.
  static let executable = FilePath(Bundle.main.executablePath ?? "/proc/self/exe")

  /// A crash has to end the worker at once, and not after attempts to save or to explain it.
  ///
  /// Nothing else of the caller's environment reaches the parser: it would search the directories of
  /// `CPATH` and its like for headers. `__DATE__` and `__TIME__` are those of 1970, in every run.
  private static let environment: [Subprocess.Environment.Key: String] = {
    var values: [Subprocess.Environment.Key: String] = [
      "LIBCLANG_DISABLE_CRASH_RECOVERY": "1", "SWIFT_BACKTRACE": "enable=no",
      "SOURCE_DATE_EPOCH": "0",
    ]
    let own = ProcessInfo.processInfo.environment
    for name in ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "LIBCLANG_PREFIX"] {
      if let value = own[name] { values[Subprocess.Environment.Key(stringLiteral: name)] = value }
    }
    return values
  }()

  /// Ctrl-C on the terminal reaches the driver alone; its end is the workers' end.
  private static let options: PlatformOptions = {
    var options = PlatformOptions()
    options.processGroupID = 0
    return options
  }()

  private func reason(_ lost: LostUnit, _ status: TerminationStatus) -> String {
    let tooLong = "reading it takes longer than \(timeout) s; give it more with --timeout"
    if lost.isOverdue { return tooLong }
    switch status {
    case .signaled(SIGXCPU): return tooLong
    case .signaled(SIGKILL):
      return "its worker was killed from outside (signal 9), for want of memory perhaps; "
        + "run it again, with a smaller -j"
    case .signaled(SIGABRT):
      return "the parser gave up (signal 6), for want of memory perhaps (a worker has "
        + "\(WorkerLimits.memory >> 30) GiB); see whether 'clang -fsyntax-only' does too, and report it"
    case .signaled(let number):
      return "the parser crashed (signal \(number)); see whether 'clang -fsyntax-only' does too, "
        + "and report it"
    case .exited(let number):
      return "its worker ended without an answer (status \(number)); please report it"
    }
  }
}

/// A unit whose worker ended before it answered.
private struct LostUnit: Sendable {
  var number: Int
  /// Whether the driver ended the worker, because it took too long.
  var isOverdue: Bool
}

/// The driver's side of the talk with one worker.
private struct Conversation {
  let pool: WorkerPool
  let schedule: UnitSchedule
  let clock: UnitClock
  let requests: FileHandle
  let answers: FileHandle

  /// Hands out units until none is left; the one that the worker did not live to answer.
  func run(from first: Int) -> LostUnit? {
    defer {
      // The worker ends when it sees the end of its requests.
      try? requests.close()
      try? answers.close()
    }
    guard send(first) else { return LostUnit(number: first, isOverdue: false) }
    var current = first
    while true {
      let answer = receive()
      let isOverdue = clock.stop()
      guard let answer, !isOverdue else {
        return LostUnit(number: current, isOverdue: isOverdue)
      }
      // The worker has its next unit before the driver turns to the answer.
      let next = schedule.next()
      let isSent = next.map(send) ?? true
      schedule.finish(current, with: answer)
      guard let next else { return nil }
      guard isSent else { return LostUnit(number: next, isOverdue: clock.stop()) }
      current = next
    }
  }

  private func send(_ number: Int) -> Bool {
    let request = WorkerRequest(
      unit: schedule.units[number], root: pool.root, timeout: pool.timeout)
    clock.start()
    do {
      try WorkerFrame.write(JSONEncoder().encode(request), to: requests)
      return true
    } catch {
      return false
    }
  }

  private func receive() -> (answer: Data, module: Data)? {
    guard let answer = WorkerFrame.read(from: answers) else { return nil }
    guard let module = WorkerFrame.read(from: answers) else { return nil }
    return (answer, module)
  }
}

/// Ends a worker whose unit takes too long.
///
/// A class, because the talk with the worker and the task that waits share it.
private final class UnitClock: Sendable {
  private enum State {
    case idle
    case running(Task<Void, Never>)
    case overdue
  }

  private let seconds: Int
  private let end: @Sendable () -> Void
  private let state = Mutex(State.idle)

  init(seconds: Int, end: @escaping @Sendable () -> Void) {
    self.seconds = seconds
    self.end = end
  }

  /// A unit begins.
  func start() {
    state.withLock { state in
      state = .running(
        Task {
          // A machine that was asleep has not kept the unit busy.
          let sleep: Void? = try? await Task.sleep(for: .seconds(seconds), clock: .suspending)
          if sleep != nil { expire() }
        })
    }
  }

  /// The unit is done; true where its time had run out before.
  func stop() -> Bool {
    state.withLock { state in
      if case .overdue = state { return true }
      if case .running(let task) = state { task.cancel() }
      state = .idle
      return false
    }
  }

  private func expire() {
    let isOverdue = state.withLock { state in
      guard case .running = state, !Task.isCancelled else { return false }
      state = .overdue
      return true
    }
    if isOverdue { end() }
  }
}

/// Texts of files that several units have, kept once: of a header that all units read there would be as many
/// copies as units.
///
/// A class, because the talks with all workers share it; the lock guards what changes.
private final class TextPool: Sendable {
  private struct Text {
    var text: ContiguousArray<UInt8>
    var lineStarts: ContiguousArray<UInt32>
  }

  /// By the hash of the content.
  private let known = Mutex<[ContiguousArray<UInt8>: Text]>([:])

  /// Puts the texts that are known in the place of equal ones.
  func share(_ module: inout Module) {
    for id in module.files.ids where !module.files[id].text.isEmpty {
      let file = module.files[id]
      let shared = known.withLock { known in
        if let text = known[file.contentHash] { return text }
        let text = Text(text: file.text, lineStarts: file.lineStarts)
        known[file.contentHash] = text
        return text
      }
      // A worker may say what it likes of a file that another one has read.
      guard shared.text == file.text else { continue }
      module.files[id].text = shared.text
      module.files[id].lineStarts = shared.lineStarts
    }
  }
}

/// The units that wait and the outcomes that are there.
///
/// A class, because the talks with all workers share it; the lock guards what changes.
private final class UnitSchedule: Sendable {
  private struct State {
    var next = 0
    var outcomes: [UnitOutcome?]
  }

  let units: [PreparedUnit]
  private let progress: ProgressCounter
  private let keep: @Sendable (SharedModule, Linkage, PreparedUnit) -> Void
  private let texts = TextPool()
  private let state: Mutex<State>

  init(
    _ units: [PreparedUnit], progress: ProgressCounter,
    keep: @escaping @Sendable (SharedModule, Linkage, PreparedUnit) -> Void
  ) {
    self.units = units
    self.progress = progress
    self.keep = keep
    state = Mutex(State(outcomes: Array(repeating: nil, count: units.count)))
  }

  /// The next unit for a worker; nil when all are taken.
  func next() -> Int? {
    state.withLock { state in
      guard state.next < units.count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }

  /// Keeps what a worker answered.
  func finish(_ number: Int, with message: (answer: Data, module: Data)) {
    do {
      let answer = try JSONDecoder().decode(WorkerAnswer.self, from: message.answer)
      guard !message.module.isEmpty else { return finish(number, problem: answer.problem) }
      var module = try Module(decoding: ContiguousArray(message.module))
      texts.share(&module)
      let unit = ReadUnit(module)
      if answer.problem == nil, let code = unit.code.value {
        keep(code, unit.linkage, units[number])
      }
      finish(number, unit: unit, problem: answer.problem)
    } catch {
      // A parser that was taken over can send what it likes.
      finish(number, problem: "its worker's answer is damaged (\(error)); please report it")
    }
  }

  /// Keeps why there is no answer.
  func finish(_ number: Int, unit: ReadUnit? = nil, problem: String?) {
    let outcome = UnitOutcome(path: units[number].path, unit: unit, problem: problem)
    state.withLock { $0.outcomes[number] = outcome }
    progress.advance()
  }

  /// The outcomes of all units in their order, when all are there.
  var outcomes: [UnitOutcome] { state.withLock { $0.outcomes.compactMap(\.self) } }
}
