// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation
import IR
import Synchronization
import SystemPackage

/// `prgate worker`: lowers the units that come in on standard input, for the driver.
///
/// Hidden, because nobody but `WorkerPool` speaks its language. Reading C can crash a parser or keep
/// it busy for ever; here that costs one unit and not the run.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Lower units for another prgate.", shouldDisplay: false)

  func run() throws {
    try WorkerLimits.apply()
    let streams = try Streams()
    let mailbox = Mailbox()
    // One thread for all units: each new stack of that size would be paid for page by page.
    let thread = Thread {
      while true { Self.answer(mailbox.take(), on: streams.answers) }
    }
    thread.stackSize = WorkerThreads.stackSize
    thread.start()
    // Requests are read while a unit is in work: the end of the driver, however it ends, ends the
    // worker at once.
    while let message = WorkerFrame.read(from: streams.requests) {
      let request = try JSONDecoder().decode(WorkerRequest.self, from: message)
      try WorkerLimits.allow(seconds: request.timeout)
      mailbox.put(request)
    }
    // Not `exit`, which takes apart what the parser may be working on.
    _exit(ExitStatus.pass.rawValue)
  }

  private static func answer(_ request: WorkerRequest, on handle: FileHandle) {
    let outcome = UnitLowering.lower(request.unit, root: request.root)
    let module = outcome.module.map { Data($0.encoded()) } ?? Data()
    do {
      let answer = try JSONEncoder().encode(WorkerAnswer(problem: outcome.problem))
      try WorkerFrame.write(answer, to: handle)
      try WorkerFrame.write(module, to: handle)
    } catch {
      // There is nobody to answer any more.
      _exit(ExitStatus.internalError.rawValue)
    }
  }
}

/// Hands requests from the thread that reads them to the one that works.
///
/// A class, because both threads share it.
private final class Mailbox: Sendable {
  private let requests = Mutex<[WorkerRequest]>([])
  private let filled = DispatchSemaphore(value: 0)

  func put(_ request: WorkerRequest) {
    requests.withLock { $0.append(request) }
    filled.signal()
  }

  /// Waits for a request.
  func take() -> WorkerRequest {
    while true {
      filled.wait()
      let request = requests.withLock { $0.isEmpty ? nil : $0.removeFirst() }
      if let request { return request }
    }
  }
}

/// The two ends of the pipes to the driver.
///
/// Their usual numbers lead to nowhere afterwards, so that neither a parser that prints nor a source
/// that includes `/dev/stdin` comes between.
private struct Streams {
  let requests: FileHandle
  let answers: FileHandle

  init() throws {
    requests = FileHandle(fileDescriptor: try FileDescriptor.standardInput.duplicate().rawValue)
    answers = FileHandle(fileDescriptor: try FileDescriptor.standardOutput.duplicate().rawValue)
    let nowhere = try FileDescriptor.open(FilePath("/dev/null"), .readWrite)
    _ = try nowhere.duplicate(as: .standardInput)
    _ = try nowhere.duplicate(as: .standardOutput)
  }
}
