// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let sizeofPointer = Rule(
    info: sizeofPointerInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .measuredPointer(let size) = observation.kind,
          observation.judgement != .possible
        else { continue }
        findings.append(
          pass.finding(
            sizeofPointerInfo, observation, message(size), tier: tier(size), hint: hint(size.use),
            last: "'\(size.expression)' measures a '\(size.type)', \(size.pointerSize) bytes"))
      }
    })
}

private func message(_ size: MeasuredPointerObservation) -> String {
  let subject = "'\(size.expression)' is the size of a pointer"
  return switch size.use {
  case .bytes: "\(subject), and '\(size.callee)' takes it for that of what the pointer leads to"
  case .allocation:
    "\(subject), and '\(size.callee)' takes it for that of an object of \(size.objectSize) "
      + (size.objectSize == 1 ? "byte" : "bytes")
  case .count: "\(subject), and no number of elements comes of its division"
  }
}

/// Where the object has the size of the pointer or less, the mistake does no harm here.
private func tier(_ size: MeasuredPointerObservation) -> Tier {
  switch size.use {
  case .bytes: size.objectSize == size.pointerSize ? .b : .a
  case .allocation: size.objectSize > size.pointerSize ? .a : .b
  case .count: .a
  }
}

private func hint(_ use: MeasuredPointerObservation.Use) -> String {
  switch use {
  case .bytes: "pass the size of the buffer, or of what the pointer leads to"
  case .allocation: "measure what the pointer leads to: 'sizeof *p'"
  case .count: "pass the number of elements along with the pointer"
  }
}

private let sizeofPointerInfo = RuleInfo(
  id: "sizeof-pointer", summary: "takes the size of a pointer for the size of what it leads to",
  severity: .error, cwe: [467, 131], precision: .high, securitySeverity: "7.5", since: "0.1",
  why: """
    `sizeof p` is the size of the pointer (C11 6.5.3.4p2), 8 bytes on most machines, whatever it leads to.
    A parameter that is declared as an array is a pointer as well (6.7.6.3p7). Memory of that size is too
    small for what is put there, a buffer is only partly written, compared or cleared, and a loop over
    `sizeof p / sizeof *p` sees one element.
    """,
  fix: """
    Measure the object, as in `sizeof *p`, or pass the size of the buffer along with the pointer.
    """,
  limits: """
    Speaks where an expression of a pointer type is measured. Blocks where a library function that takes
    the size also takes a pointer of that type, but none that leads to such a pointer, whose own bytes
    would be meant; where memory of that size becomes a larger object; and where it is divided by the size
    of an element. Where object and pointer have one size, or the memory is larger than needed, it is
    tier B. A size that went through a variable is not seen.
    """)
