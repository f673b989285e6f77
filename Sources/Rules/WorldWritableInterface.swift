// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings
import IR

extension Rule {
  /// See `info.summary`.
  public static let worldWritableInterface = Rule(
    info: worldWritableInterfaceInfo,
    check: { pass, findings in
      reportConcerns(
        pass, &findings, rule: worldWritableInterfaceInfo, kinds: [.permissions, .creationMode],
        tier: { $0.isAssured ? .a : .b }, hint: hint,
        message: message)
    },
    checkDeclaration: { declaration, module in
      guard declaration.concern.kind == .permissions else { return nil }
      return declarationFinding(
        declaration, module, rule: worldWritableInterfaceInfo,
        message: message(declaration.concern),
        hint: hint(declaration.concern))
    })
}

private func message(_ concern: ConcernObservation) -> String {
  if concern.callee == "umask" {
    return
      "'umask(\(concern.expression))' lets everybody write to the files that are made from here on"
  }
  let mode =
    concern.value == nil ? "'\(concern.expression)', which has the bit 0002" : concern.octal
  if concern.callee.isEmpty {
    return "'\(concern.expression)' is \(mode): everybody may write there"
  }
  let subject = "'\(concern.callee)' gives the mode \(mode): everybody may write"
  if concern.kind == .permissions { return subject }
  return concern.isAssured
    ? subject + ", as the mask of the process takes nothing away"
    : subject + " unless the mask of the process forbids it"
}

private func hint(_ concern: ConcernObservation) -> String {
  if concern.callee == "umask" { return "use 'umask(022)' or 'umask(077)'" }
  guard let mode = concern.value else { return "leave the bit 0002 out" }
  return
    "give '0\(String(mode & 0o7775 & ~0o2, radix: 8))', or the group's right where others need it"
}

private let worldWritableInterfaceInfo = RuleInfo(
  id: "world-writable-interface",
  summary: "lets everybody write to a file, a directory or a device",
  severity: .error, cwe: [732, 276], precision: .high, securitySeverity: "7.1", since: "0.1",
  why: """
    What everybody may write to, every process may change, also one that was broken into: configuration
    that is trusted, a socket that takes commands, a switch of a driver. In `/proc`, sysfs and debugfs the
    mode is often the only check between a user and the kernel.
    """,
  fix: """
    Give the narrowest mode that works: 0600 or 0644 for files, 0700 or 0755 for directories, 0440 for what
    is only read in sysfs; let a group write where several users need it. Directories for everybody
    take the sticky bit (01777).
    """,
  limits: """
    Goes by the value of the mode on a path. `chmod` and its kin, System V shared memory, and the modes of
    proc, debugfs and sysfs entries block. `open`, `mkdir` and other calls from whose mode the mask of the
    process is taken are tier B, unless the path has set a mask that takes nothing away, and silent in wrappers. A sticky directory
    is silent; so is `umask` whose result is kept, to ask for the mask.
    """)
