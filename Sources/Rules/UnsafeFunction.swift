// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let unsafeFunction = Rule(
    info: unsafeFunctionInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .unsafeCall(let call) = observation.kind else { continue }
        findings.append(
          pass.finding(
            unsafeFunctionInfo, observation, message(call),
            tier: tier(call), hint: hint(call), last: "'\(call.callee)' writes without a bound"))
      }
    })
}

/// Blocks where text from outside goes to a place whose room is known.
///
/// Else the text may be short enough for reasons that lie elsewhere.
private func tier(_ call: UnsafeCallObservation) -> Tier {
  if call.kind == .unbounded { return .a }
  return call.capacity != nil && call.takesText && !call.source.isEmpty ? .a : .b
}

private func message(_ call: UnsafeCallObservation) -> String {
  let conversion = call.conversion.isEmpty ? "" : " with '\(call.conversion)'"
  let name = call.object.isEmpty ? "its destination" : "'\(call.object)'"
  if call.kind == .unbounded {
    return "'\(call.callee)'\(conversion) writes to \(name) as much as the input holds"
  }
  var room = call.capacity.map { ", which has room for \($0) bytes" } ?? ""
  switch call.source {
  case "": break
  case "main": room += "; the text is an argument of the program"
  default: room += "; the text comes from '\(call.source)'"
  }
  if let maximum = call.maximum {
    return "'\(call.callee)' can write \(maximum) bytes to \(name)\(room)"
  }
  return "'\(call.callee)'\(conversion) writes a string of any length to \(name)\(room)"
}

private func hint(_ call: UnsafeCallObservation) -> String {
  switch call.callee {
  case "gets": "use 'fgets', which takes the size of the buffer"
  case "sprintf", "vsprintf": "use 'snprintf' with the size of the destination"
  case "strcpy", "stpcpy", "strcat":
    "use 'snprintf' or 'strlcpy', or check the length of the source first"
  default: call.conversion.isEmpty ? "" : "give the conversion a width"
  }
}

private let unsafeFunctionInfo = RuleInfo(
  id: "unsafe-function", summary: "writes a string without regard to the destination's size",
  severity: .error, cwe: [676], precision: .high, securitySeverity: "7.8", since: "0.1",
  why: """
    `gets` and a `scanf` conversion without a width write as much as the input holds, and were
    removed from C11 or never fit for input (C11 K.3.5.4.1). `strcpy`, `strcat`, `sprintf` and their
    kin copy until the source ends, so that the size of the destination is a matter of hope.
    """,
  fix: """
    Use a function that takes the size: `fgets`, `snprintf`, `strlcpy`. Or check the length of the
    source before the copy, in the same function: then the rule is silent.
    """,
  limits: """
    Silent where the analysis proves that the result fits: a literal into a large enough array,
    numbers with a bounded number of digits, a source whose length was checked. Blocks for `gets` and
    `scanf` always, for the others where the room is known and the text comes from outside the program
    (a file, a socket, the environment, the arguments of `main`); else tier B: the text may be short
    enough for reasons that lie elsewhere. A copy that cannot fit is `out-of-bounds-write`.
    """)
