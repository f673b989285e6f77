// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let insecureTemporaryFile = Rule(
    info: insecureTemporaryFileInfo,
    check: { pass, findings in
      reportConcerns(
        pass, &findings, rule: insecureTemporaryFileInfo, kinds: [.temporaryName, .temporaryFile],
        tier: { $0.isAssured ? .a : .b }, hint: hint,
        message: message)
    })
}

private func message(_ concern: ConcernObservation) -> String {
  concern.kind == .temporaryName
    ? "'\(concern.callee)' returns a name that somebody else can take before the file is made"
    : "'\(concern.callee)' makes '\(concern.text)', or follows what somebody else has put there"
}

private func hint(_ concern: ConcernObservation) -> String {
  concern.kind == .temporaryName
    ? "use 'mkstemp' or 'mkdtemp', which make the file or directory at once"
    : "use 'mkstemp', or O_EXCL, or a directory that only the program may write to"
}

private let insecureTemporaryFileInfo = RuleInfo(
  id: "insecure-temporary-file",
  summary: "makes a temporary file under a name that others can take",
  severity: .error, cwe: [377, 59], precision: .high, securitySeverity: "6.3", since: "0.1",
  why: """
    Everybody may make files in `/tmp`. Who knows the name beforehand, or sees it between `mktemp` and
    `open`, puts a link there, and the program overwrites a file of its own user's choice, or hands its
    data to somebody else (mktemp(3), BUGS).
    """,
  fix: """
    `mkstemp` and `mkdtemp` choose the name and make the file in one step; `tmpfile` and `O_TMPFILE` need no
    name. A fixed name belongs into a directory that only the program may write to, such as
    `/run/PROGRAM`, or is opened with `O_CREAT | O_EXCL`.
    """,
  limits: """
    Speaks for each call of `mktemp`, `tmpnam` and `tempnam`, and where a file in `/tmp`, `/var/tmp` or
    `/dev/shm` is made without `O_EXCL` under a name that is a literal or printed by a literal format. Tier
    B where the name has parts that may not be predictable, or `O_NOFOLLOW` keeps links out.
    """)
