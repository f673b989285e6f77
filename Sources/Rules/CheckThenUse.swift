// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let checkThenUse = Rule(
    info: checkThenUseInfo,
    check: { pass, findings in
      reportConcerns(
        pass, &findings, rule: checkThenUseInfo, kinds: [.staleCheck],
        tier: { $0.isAssured ? .a : .b }, hint: hint,
        message: message)
    })
}

private func message(_ concern: ConcernObservation) -> String {
  "'\(concern.callee)' uses '\(concern.expression)', which '\(concern.source)' checked by its name: "
    + "it may be another file by now"
}

private func hint(_ concern: ConcernObservation) -> String {
  "open the file once, and ask 'fstat' or change it with 'fchmod', 'fchown' through the descriptor"
}

private let checkThenUseInfo = RuleInfo(
  id: "check-then-use", summary: "uses a file by a name that was checked before",
  severity: .warning, cwe: [367], precision: .medium, securitySeverity: "5.3", since: "0.1",
  why: """
    Between the check and the use somebody else can put another file, or a link, at the name. `access`
    tells what the real user may do, and `open` then opens something else with the rights of the effective
    user (access(2), NOTES).
    """,
  fix: """
    Open first, without following links where they matter (`O_NOFOLLOW`), and check what was opened: `fstat`,
    `fchmod`, `fchown`. Drop rights with `seteuid` instead of asking `access`.
    """,
  limits: """
    It only warns. Speaks where one path of the function checks a name with `access` or `stat` and then uses
    the same name, which nothing has changed between. Tier A where `access` says that the user may read or
    write, and the file is then opened or changes its mode or owner; tier B for other answers and uses, for
    `lstat` before `open`, and for `stat` before a change. `stat` before `open` asks mostly for a type
    or a size, and is silent.
    Whether others may write to the directory is not known.
    """)
