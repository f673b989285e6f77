// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let processMemoryAccess = Rule(
    info: processMemoryAccessInfo,
    check: { pass, findings in
      reportConcerns(
        pass, &findings, rule: processMemoryAccessInfo, kinds: [.processAccess, .processMemory],
        tier: { $0.isAssured ? .a : .b }, hint: hint,
        message: message)
    })
}

private func message(_ concern: ConcernObservation) -> String {
  if concern.kind == .processMemory {
    return "'\(concern.callee)' opens '\(concern.text)', the memory of a process"
  }
  if concern.callee == "ptrace" {
    return "'ptrace' with '\(concern.expression)' controls another process or touches its memory"
  }
  return "'\(concern.callee)' touches the memory of another process"
}

private func hint(_ concern: ConcernObservation) -> String {
  if concern.kind == .processMemory {
    return "change memory through its own mappings and 'mprotect'"
  }
  switch concern.callee {
  case "access_process_vm", "access_remote_vm", "get_user_pages_remote", "pin_user_pages_remote":
    return "ask 'ptrace_may_access' or 'mm_access' first, and refuse where it says no"
  default: return "leave it to a debugger; let the process hand over what is needed"
  }
}

private let processMemoryAccessInfo = RuleInfo(
  id: "process-memory-access", summary: "touches the memory of a process from outside of it",
  severity: .error, cwe: [269, 732], precision: .high, securitySeverity: "7.8", since: "0.1",
  why: """
    Writing through `/proc/self/mem` ignores the protection of pages: memory that is read-only or
    executable is changed all the same, which undoes what keeps code from being replaced. `ptrace` and
    `process_vm_readv` hand the memory and the registers of another process to whoever asks: keys,
    passwords, control. A product has few reasons for either, and an attacker many.
    """,
  fix: """
    Take it out, or let the process itself hand over what is needed by a pipe or shared memory. Kernel
    code that has to touch the memory of a process asks `ptrace_may_access` or `mm_access` first. A
    debugger keeps the call, with a suppression that says so.
    """,
  limits: """
    Speaks where a path that the function opens is `/proc/…/mem`, as a literal or as a format that it
    prints; where `ptrace` is called with a request that attaches to a process or touches its memory or
    registers (`PTRACE_TRACEME`, `PTRACE_CONT` and `PTRACE_DETACH` do not count); and for each call of
    `process_vm_readv`, `process_vm_writev` and, in the kernel, `access_process_vm` and its kin, unless
    the path has asked `ptrace_may_access` or `mm_access`. Requests and paths that come from elsewhere
    are not judged.
    """)
