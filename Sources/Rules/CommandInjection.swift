// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let commandInjection = Rule(
    info: commandInjectionInfo,
    check: { pass, findings in
      reportConcerns(
        pass, &findings, rule: commandInjectionInfo, kinds: [.command, .program], tier: tier,
        hint: hint,
        message: message)
    })
}

/// Who starts the program may run whatever they like without it: a whole command or program of theirs is
/// most often what they ask for.
private func tier(_ concern: ConcernObservation) -> Tier {
  guard concern.isAssured else { return .b }
  return concern.isOfUser && !concern.isPart ? .b : .a
}

private func message(_ concern: ConcernObservation) -> String {
  concern.kind == .command
    ? "'\(concern.callee)' lets a shell obey '\(concern.expression)', whose text comes from \(concern.origin)"
    : "'\(concern.callee)' runs '\(concern.expression)', whose name comes from \(concern.origin)"
}

private func hint(_ concern: ConcernObservation) -> String {
  concern.kind == .command
    ? "run the program without a shell: 'posix_spawn' or 'execv' with the text as one argument"
    : "choose among names that the program knows"
}

private let commandInjectionInfo = RuleInfo(
  id: "command-injection", summary: "lets a shell obey text from outside",
  severity: .error, cwe: [78, 88], precision: .high, securitySeverity: "9.8", since: "0.1",
  why: """
    A shell takes `;`, `|`, `$(…)`, quotes and newlines in its text for syntax. Who chooses a part of the
    text runs every command they like, with the rights of the program (system(3), CAVEATS).
    """,
  fix: """
    Leave the shell out: `fork` and `execv`, or `posix_spawn`, with an array of arguments, where text
    from outside is one argument and `--` keeps it from being an option. Else let only characters through
    that are known to be harmless.
    """,
  limits: """
    Speaks where text that was read from a file, a socket, the terminal or the environment, or an argument
    of `main`, reaches `system`, `popen`, a shell's `-c` in the `exec` family, or names a program or
    library, on a confirmed path. Tier B where the function looks at the characters of the text before, and
    where the whole command is an argument or a variable of the environment: who starts the program may
    run it without its help.
    """)
