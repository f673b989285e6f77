// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings

extension Rule {
  /// See `info.summary`.
  public static let unbalancedLock = Rule(
    info: unbalancedLockInfo,
    check: { pass, findings in
      for observation in pass.result.observations {
        guard case .lock(let lock) = observation.kind, observation.judgement != .possible else {
          continue
        }
        findings.append(
          pass.finding(
            unbalancedLockInfo, observation, lock.message, tier: lock.isAssured ? .a : .b,
            hint: lock.hint, last: lock.last))
      }
    })
}

extension LockObservation {
  private var name: String { object.isEmpty ? "the lock" : "'\(object)'" }

  fileprivate var last: String {
    switch mistake {
    case .left: "returns while \(name) is held"
    case .twice: "'\(callee)' takes \(name) while it is held"
    case .unlockedTwice: "'\(callee)' gives back \(name) a second time"
    }
  }

  fileprivate var message: String {
    switch mistake {
    case .left where isStateLost:
      "\(last): '\(cause)' took it, and the state that it saved ends with the function"
    case .left: "\(last): '\(cause)' took it, and other ways out give it back"
    case .twice: "\(last): '\(cause)' took it before"
    case .unlockedTwice: "\(last): '\(cause)' gave it back before"
    }
  }

  fileprivate var hint: String {
    switch mistake {
    case .left: "give it back before this return, or leave through the label that does"
    case .twice: "give it back first, or call a variant that expects it to be held"
    case .unlockedTwice: "give it back once on each path"
    }
  }
}

private let unbalancedLockInfo = RuleInfo(
  id: "unbalanced-lock",
  summary: "leaves a lock held on a way out, or takes or gives one back twice",
  severity: .error, cwe: [667, 764, 765], precision: .high, securitySeverity: "5.5", since: "0.1",
  why: """
    Who returns with a lock held that nobody knows of stops everyone who asks for it next; a user who can
    reach the error path stops the driver, or the machine. A lock that is not recursive and is taken twice
    stops the task itself. A second unlock lets two in at once, with memory corruption to follow.
    """,
  fix: """
    Let all ways out pass one label that gives the lock back, or use a guard that ends with its scope
    (`guard(mutex)`, `__attribute__((cleanup))`).
    """,
  limits: """
    Speaks of locks that are known by their place: the same object, the same member. A function that
    returns with the lock on success and without it on errors takes it for its caller, and is silent; so is
    one whose name says that it locks, unless it returns an error; but not where it saves the state of
    interrupts in a local of its own, which nobody else can restore. Locks that can be taken by several at a
    time may be taken twice.
    """)
