// SPDX-License-Identifier: Apache-2.0

/// Carries out steps that need the outcomes of earlier ones.
///
/// The analysis knows no threads; who calls it decides how many of its steps run side by side.
public protocol StepRunner: Sendable {
  /// Carries out all steps, each after those that it needs.
  ///
  /// - Parameters:
  ///   - needs: for each step the numbers of the steps that it needs, all smaller than its own.
  ///   - body: the step of a number, given the outcomes of those that it needs, in their order.
  /// - Returns: the outcomes in the order of the steps.
  func run<Outcome: Sendable>(
    needs: [[Int]], _ body: @escaping @Sendable (Int, [Outcome]) -> Outcome
  ) -> [Outcome]
}

/// One step after the other.
public struct SequentialSteps: StepRunner {
  /// Makes a runner.
  public init() {}

  /// Carries out all steps in their order.
  public func run<Outcome: Sendable>(
    needs: [[Int]], _ body: @escaping @Sendable (Int, [Outcome]) -> Outcome
  ) -> [Outcome] {
    var outcomes: [Outcome] = []
    outcomes.reserveCapacity(needs.count)
    for (number, earlier) in needs.enumerated() {
      outcomes.append(body(number, earlier.map { outcomes[$0] }))
    }
    return outcomes
  }
}
