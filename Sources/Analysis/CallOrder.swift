// SPDX-License-Identifier: Apache-2.0

// In which order functions are analysed. Functions that call each other, or themselves, are first
// analysed as if the calls among them had no effect, then as if they had the effects that this found; where
// that finds no further ones, induction over the depth of the calls says that it holds for all. Else the
// calls among them count as calls of unseen code.

import IR

/// A function to analyse.
struct AnalysisStep: Sendable {
  let key: FunctionKey
  /// The steps before this one whose summaries it can ask for, ascending.
  let needs: [Int]
  var round = Round.only

  /// What the step does for a function.
  enum Round: Sendable {
    /// The function is not recursive.
    case only
    /// Its calls within the component have no effect.
    case guess(members: [FunctionKey])
    /// They have the effects that these steps found.
    case confirmation(guesses: [Int])
    /// The confirmations count where they find no effects that the guesses, in the same order, do not.
    case verdict(guesses: [Int], confirmations: [Int], own: Int)
  }

  /// Whether a later step decides about the function.
  var isPreliminary: Bool {
    switch round {
    case .only, .verdict: false
    case .guess, .confirmation: true
    }
  }
}

/// A depth-first order of the call graph; an explicit stack, because call chains can be long.
struct CallOrder {
  let program: Program
  /// The functions, callees first.
  private var order: [FunctionKey] = []
  /// Looked up, never listed.
  private var isSeen: Set<FunctionKey> = []

  init(program: Program) { self.program = program }

  /// Adds what a function calls, and then the function.
  mutating func visit(_ root: FunctionKey) {
    guard isSeen.insert(root).inserted else { return }
    var stack = [(key: root, callees: program.callees(of: root), next: 0)]
    while let top = stack.last {
      if top.next == top.callees.count {
        order.append(top.key)
        stack.removeLast()
        continue
      }
      stack[stack.count - 1].next += 1
      let callee = top.callees[top.next]
      if isSeen.insert(callee).inserted {
        stack.append((callee, program.callees(of: callee), 0))
      }
    }
  }

  /// The steps, three for each recursive function.
  func steps() -> [AnalysisStep] {
    let components = recursiveComponents()
    var last: [Int: Int] = [:]
    for (index, key) in order.enumerated() {
      if let component = components.numbers[key] { last[component] = index }
    }
    var result: [AnalysisStep] = []
    var positions: [FunctionKey: Int] = [:]
    func add(_ key: FunctionKey, _ round: AnalysisStep.Round, _ more: [Int] = []) -> Int {
      let needs = Set(
        program.callees(of: key).compactMap { $0 == key ? nil : positions[$0] } + more)
      result.append(AnalysisStep(key: key, needs: needs.sorted(), round: round))
      return result.count - 1
    }
    for (index, key) in order.enumerated() {
      guard let component = components.numbers[key] else {
        positions[key] = add(key, .only)
        continue
      }
      // All members come where the last one does: what they call is known then.
      guard last[component] == index else { continue }
      let members = components.members[component]
      // Each knows what any of them calls, so that all are held against the same answers.
      let outside = members.flatMap { program.callees(of: $0).compactMap { positions[$0] } }
      let guesses = members.map { add($0, .guess(members: members), outside) }
      let confirmations = members.map {
        add($0, .confirmation(guesses: guesses), guesses + outside)
      }
      // No member may come before the last verdict: it would be taken for one from outside.
      let verdicts = zip(members, confirmations).map { member, own in
        add(
          member, .verdict(guesses: guesses, confirmations: confirmations, own: own),
          guesses + confirmations + outside)
      }
      for (member, verdict) in zip(members, verdicts) { positions[member] = verdict }
    }
    return result
  }

  /// Groups of functions that call each other by name, with their members in the order of analysis.
  private struct Components {
    /// Looked up, never listed.
    var numbers: [FunctionKey: Int] = [:]
    var members: [[FunctionKey]] = []
  }

  /// Tarjan's strongly connected components ("Depth-first search and linear graph algorithms", 1972),
  /// those with a cycle.
  private func recursiveComponents() -> Components {
    var index: [FunctionKey: Int] = [:]
    var low: [FunctionKey: Int] = [:]
    var open: [FunctionKey] = []
    var isOpen: Set<FunctionKey> = []
    var result = Components()
    for root in order where index[root] == nil {
      var stack: [(key: FunctionKey, callees: [FunctionKey], next: Int)] = []
      func enter(_ key: FunctionKey) {
        let number = index.count
        index[key] = number
        low[key] = number
        open.append(key)
        isOpen.insert(key)
        stack.append((key, program.directCallees(of: key), 0))
      }
      enter(root)
      while let top = stack.last {
        if top.next < top.callees.count {
          stack[stack.count - 1].next += 1
          let callee = top.callees[top.next]
          if let number = index[callee] {
            if isOpen.contains(callee) { low[top.key] = min(low[top.key] ?? 0, number) }
          } else {
            enter(callee)
          }
          continue
        }
        stack.removeLast()
        if let caller = stack.last?.key {
          low[caller] = min(low[caller] ?? 0, low[top.key] ?? 0)
        }
        guard low[top.key] == index[top.key], let start = open.lastIndex(of: top.key) else {
          continue
        }
        let members = open[start...]
        for member in members { isOpen.remove(member) }
        open.removeSubrange(start...)
        guard members.count > 1 || top.callees.contains(top.key), members.count <= 32 else {
          continue
        }
        for member in members { result.numbers[member] = result.members.count }
        result.members.append([])
      }
    }
    for key in order {
      if let number = result.numbers[key] { result.members[number].append(key) }
    }
    return result
  }
}
