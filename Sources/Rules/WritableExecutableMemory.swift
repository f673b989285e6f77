// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let writableExecutableMemory = Rule(
    info: writableExecutableMemoryInfo,
    check: { pass, findings in
      reportConcerns(
        pass, &findings, rule: writableExecutableMemoryInfo, kinds: [.protection],
        tier: { $0.isAssured ? .a : .b }, hint: hint,
        message: message)
    })
}

private func message(_ concern: ConcernObservation) -> String {
  let value = concern.expression.isEmpty ? "" : " with '\(concern.expression)'"
  return "'\(concern.callee)'\(value) makes memory writable and executable at once"
}

private func hint(_ concern: ConcernObservation) -> String {
  switch concern.callee {
  case "mmap", "mmap64", "mprotect", "pkey_mprotect":
    "map it writable, write the code, then make it executable and no longer writable with 'mprotect'"
  case "shmat": "attach the segment without SHM_EXEC"
  case "personality": "leave READ_IMPLIES_EXEC out"
  default: "use 'execmem_alloc' with 'set_memory_rox', or a protection that is not executable"
  }
}

private let writableExecutableMemoryInfo = RuleInfo(
  id: "writable-executable-memory", summary: "makes memory writable and executable at once",
  severity: .error, cwe: [1328, 693], precision: .high, securitySeverity: "7.8", since: "0.1",
  why: """
    Who finds a way to write to memory that can be executed runs code of their own: no return address has
    to be guessed and no code has to be collected. Systems therefore keep memory either writable or
    executable, and some refuse the call (mmap(2), EACCES under SELinux's `execmem`).
    """,
  fix: """
    Write first and execute later: map the memory with `PROT_READ | PROT_WRITE`, write the code, then
    `mprotect` it to `PROT_READ | PROT_EXEC`. A JIT that patches code maps the same pages twice, or
    switches between the two. In the kernel, fill the memory and call `set_memory_rox`.
    """,
  limits: """
    Goes by the value that reaches the call on a path, not by its text: `PROT_WRITE` and `PROT_EXEC` that a
    variable collects count, those that exclude each other do not. A protection that comes from
    elsewhere is not judged. In kernel code protections are structures that differ between machines, so
    there the name `PAGE_KERNEL_EXEC` counts, and
    `set_memory_x` in a function that never calls `set_memory_ro` is tier B. What the linker makes executable (`-z execstack`) is not
    seen.
    """)
