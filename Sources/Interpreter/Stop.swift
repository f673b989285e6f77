// SPDX-License-Identifier: Apache-2.0

public import Findings

/// A step that C leaves undefined, or that the interpreter does not model.
public struct Trap: Hashable, Sendable {
  /// What went wrong, with the values that made it so.
  public var message: String
  /// Where, when a function was running.
  public var location: Location?
  /// The functions that were active, the innermost first.
  public var callers: [String]

  /// The trap as compilers print an error: place, message and callers.
  public var description: String {
    var text = ""
    if let location {
      text += "\(location.path):\(location.point.line):\(location.point.column): "
    }
    text += "trap: \(message)"
    if !callers.isEmpty { text += " (in \(callers.joined(separator: ", called from ")))" }
    return text
  }
}

/// How a run ended.
public enum Outcome: Hashable, Sendable {
  /// `main` returned or `exit` was called; the low 8 bits of the status.
  case exited(UInt8)
  /// `abort` was called or an assertion failed.
  case aborted
  /// The program went on for more steps than it was given.
  case outOfFuel
  /// The program did what has no meaning here.
  case trapped(Trap)
}

/// Why execution cannot go on, as it travels up the interpreter.
enum Stop: Error {
  case exit(Int32)
  case abort
  case outOfFuel
  case trap(String)
  case access(AccessFault)
  /// A call on files fails; it ends in `errno` before the program goes on.
  case file(ErrorNumber)
}

/// An access to memory that no live object allows.
struct AccessFault {
  enum Cause {
    case null, wild, dead, outOfBounds, readOnly, uninitialised, notData
  }

  enum Action: String {
    case read = "reads"
    case write = "writes"
    case free = "frees"
  }

  var cause: Cause
  var action: Action
  var address: UInt64
  var count: Int
}
