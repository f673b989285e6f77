// SPDX-License-Identifier: Apache-2.0

import Analysis
public import Findings
import IR

/// A rule: what it is, and what it makes of the analysis of one function.
///
/// A rule asks and `Analysis` knows: a rule keeps no state, reads no configuration and depends on no
/// other rule.
public struct Rule: Sendable {
  /// What it is.
  public let info: RuleInfo
  /// Finds what the rule speaks of in one function.
  let check: @Sendable (borrowing Pass, inout [Finding]) -> Void
  /// Finds what the rule speaks of in the initialiser of a variable, where it does.
  var checkDeclaration: (@Sendable (DeclarationConcern, Module) -> Finding?)?

  /// All rules, sorted by id.
  public static let all: [Rule] = [
    allocationSizeOverflow,
    allocationTooSmall,
    badShift,
    bufferUnderrun,
    checkThenUse,
    commandInjection,
    divideByZero,
    doubleClose,
    doubleFetch,
    doubleFree,
    errorPointerDereference,
    formatString,
    hardCodedSecret,
    indexBeforeCheck,
    insecureTemporaryFile,
    integerOverflow,
    integerTruncation,
    invalidFree,
    kernelInfoLeak,
    kernelPointerPrint,
    memoryLeak,
    mismatchedFree,
    missingTerminator,
    negativeSize,
    noRoomForTerminator,
    nullDereference,
    offByOneRead,
    offByOneWrite,
    outOfBoundsRead,
    outOfBoundsWrite,
    pathTraversal,
    processMemoryAccess,
    resourceLeak,
    secretCompare,
    secretNotCleared,
    sizeofPointer,
    stackAddressEscape,
    stringBoundMisuse,
    taintedIndex,
    taintedLoopBound,
    taintedSize,
    unbalancedLock,
    uncheckedAllocation,
    uncheckedDifference,
    uncheckedIndex,
    uncheckedLength,
    uninitializedOutput,
    uninitializedRead,
    unsafeFunction,
    useAfterFree,
    userPointerDereference,
    weakRandom,
    worldWritableInterface,
    writableExecutableMemory,
  ]
}

/// One function as a rule sees it.
public struct Pass: ~Copyable {
  /// The unit.
  let module: Module
  /// The function and what the analysis saw in it.
  let result: FunctionResult

  /// Makes the finding of a rule at an observation.
  func finding(
    _ rule: RuleInfo, _ observation: Observation, _ message: String, tier: Tier, hint: String = "",
    last: String
  ) -> Finding {
    let function = module.functions[result.function]
    // It happens in a function that is called here.
    let message =
      observation.callee.isEmpty ? message : "in '\(observation.callee)', called here: \(message)"
    let origin = module.origins[observation.origin]
    var events = observation.steps.map {
      Event(location: $0.location, message: $0.message)
    }
    events.append(Event(location: module.location(of: observation.origin), message: last))
    return Finding(
      rule: rule.id, tier: observation.isThroughMember ? max(tier, .b) : tier,
      severity: rule.severity, message: message,
      location: module.location(of: observation.origin), function: module.symbols[function.name],
      functionUSR: module.symbols[function.usr],
      statementHash: module.statements[origin.statement].tokenHash, events: events,
      witness: observation.witness.map { Assignment(name: $0.name, value: "\($0.value)") },
      hint: hint)
  }
}
