// SPDX-License-Identifier: Apache-2.0

// What calls within a recursive component are taken for (Park's induction: what one more level of
// calls stays within holds for all levels).

import IR

extension Summary {
  /// The summary of a call that has no effect and returns anything.
  init(withoutEffects key: FunctionKey, in module: Module) {
    let function = module.functions[key.function]
    self.init(module: key.module, name: module.symbols[function.name])
    parameterCount = module.signatures[function.signature].parameters.count
    written = 0
    kept = 0
    writesShared = false
  }

  /// What a call may do, without anything that it does whenever it returns.
  var effects: Summary {
    var result = self
    result.result = .unknown
    result.nullResult = .none
    result.nonNullUnlessZero = 0
    result.resultFamily = nil
    result.inputs = []
    result.formats = 0
    result.requiredStrings = 0
    result.dereferenced = 0
    result.made = []
    result.cells = []
    result.strings = []
    result.shared += released.map(\.object)
    result.released = []
    result.sharedNumbers |= closedNumbers
    result.closedNumbers = 0
    return result
  }

  /// Whether a call may do nothing that the other does not.
  func isWithin(_ other: Summary) -> Bool {
    let (mine, its) = (effects, other.effects)
    return mine.written & ~its.written == 0 && mine.kept & ~its.kept == 0
      && (its.writesShared || !mine.writesShared)
      && (its.sharesUnnamed || !mine.sharesUnnamed)
      && mine.sharedNumbers & ~its.sharedNumbers == 0
      && (its.writesShared || mine.writtenObjects.allSatisfy(its.writtenObjects.contains))
      && (its.sharesUnnamed || mine.shared.allSatisfy(its.shared.contains))
  }
}

extension AnalysisStep {
  /// Adds what the step takes the calls within its component for; answers its outcome where an earlier
  /// step has it.
  func assume(
    _ summaries: inout [FunctionKey: StoredSummary], _ outcomes: [Int: Outcome],
    _ steps: [AnalysisStep], _ units: [ProgramUnit]
  ) -> Outcome? {
    switch round {
    case .only: break
    case .guess(let members):
      for member in members {
        guard let code = units[member.module].code.value else { continue }
        summaries[member] = StoredSummary(
          Summary(withoutEffects: member, in: code.module), isStored: false)
      }
    case .confirmation(let guesses):
      for guess in guesses {
        let key = steps[guess].key
        let guessed = outcomes[guess]?.summary?.value(in: key.module)
        summaries[key] = (guessed?.effects).map { StoredSummary($0, isStored: false) }
      }
    case .verdict(let guesses, let confirmations, let own):
      let isConfirmed = zip(guesses, confirmations).allSatisfy { guess, confirmation in
        let module = steps[guess].key.module
        guard let assumed = outcomes[guess]?.summary?.value(in: module),
          let found = outcomes[confirmation]?.summary?.value(in: module)
        else { return false }
        return found.isWithin(assumed)
      }
      guard isConfirmed, var outcome = outcomes[own] else { return nil }
      outcome.result.steps = 0
      return outcome
    }
    return nil
  }
}
