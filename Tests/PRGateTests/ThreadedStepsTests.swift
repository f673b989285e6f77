// SPDX-License-Identifier: Apache-2.0

import Analysis
import Testing

@testable import PRGate

@Suite struct ThreadedStepsTests {
  /// Outcomes that differ as soon as one step sees another outcome than it should.
  @Test(arguments: [2, 3, 8], [UInt64(1), 2, 3])
  func `threads give what one step after the other gives`(threads: Int, seed: UInt64) {
    var state = seed
    func random(below bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let needs = (0..<500).map { number in
      Set((0..<random(below: 4)).compactMap { _ in number == 0 ? nil : random(below: number) })
        .sorted()
    }
    @Sendable func step(_ number: Int, _ earlier: [UInt64]) -> UInt64 {
      // Steps of unequal length, so that they end in another order than they begin.
      var value = UInt64(number)
      for round in 0..<UInt64(number % 7 * 1000) { value = value &* 31 &+ round }
      return earlier.reduce(value) { $0 &* 1_099_511_628_211 ^ $1 }
    }
    let expected = SequentialSteps().run(needs: needs, step)
    #expect(expected.count == needs.count)
    #expect(ThreadedSteps(count: threads).run(needs: needs, step) == expected)
  }

  @Test func `no steps are done at once`() {
    let outcomes = ThreadedSteps(count: 4).run(needs: []) { (_: Int, _: [Int]) in 0 }
    #expect(outcomes.isEmpty)
  }

  @Test func `a chain is done in its order`() {
    let needs = (0..<200).map { $0 == 0 ? [] : [$0 - 1] }
    let outcomes = ThreadedSteps(count: 4).run(needs: needs) { (number: Int, earlier: [Int]) in
      (earlier.first ?? 0) + number
    }
    #expect(outcomes.last == 199 * 200 / 2)
  }
}
