// SPDX-License-Identifier: Apache-2.0

/// How a run ends.
///
/// These numbers are a contract with hooks and CI; no count is ever encoded in them.
enum ExitStatus: Int32, CaseIterable, Sendable {
  case pass = 0
  case blocked = 1
  case usage = 2
  case incomplete = 3
  case internalError = 4
  case interrupted = 130

  /// What the status means and what to do, as `prgate explain exit N` prints it.
  var meaning: String {
    switch self {
    case .pass:
      "pass: all that was needed was analysed, and nothing blocks (or there was nothing to check)"
    case .blocked:
      "blocked: a finding that is argued with values and whose rule blocks; read it, or ask "
        + "'prgate explain RULE'"
    case .usage:
      "usage, configuration, git or environment: nothing was judged; the error line names the next "
        + "step"
    case .incomplete:
      "incomplete: no blocking finding is known, but something that was needed was not analysed; "
        + "the last lines of the report name each file and why"
    case .internalError:
      "internal error: a defect of prgate itself; nothing was judged"
    case .interrupted:
      "interrupted by Ctrl-C; no output file was written in part"
    }
  }
}

/// A failure that ends a run with one line on standard error.
struct CommandFailure: Error, Hashable, Sendable {
  /// How the run ends.
  var status: ExitStatus
  /// What went wrong and the next step, one line without a full stop.
  var message: String

  /// A usage, configuration, git or environment failure: exit 2.
  static func usage(_ message: String) -> CommandFailure {
    CommandFailure(status: .usage, message: message)
  }
}
