// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Analysis

/// Elements that repeat from run to run.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var word = state
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
  }
}

@Suite struct IntervalTests {
  private func sample(_ count: Int) -> [Interval] {
    var generator = SeededGenerator(state: 7)
    return (0..<count).map { _ in
      let low = Int128(Int64.random(in: -50...50, using: &generator))
      return Interval(low, low + Int128(Int64.random(in: -3...40, using: &generator)))
    }
  }

  @Test func hullIsTheLeastUpperBound() {
    for (a, b) in zip(sample(400), sample(400).shuffledPairs()) {
      let hull = a.hull(b)
      #expect(hull.contains(a) && hull.contains(b))
      #expect(hull.isEmpty == (a.isEmpty && b.isEmpty))
      #expect(a.hull(b) == b.hull(a) || (a.isEmpty && b.isEmpty))
      #expect(a.hull(a) == a)
    }
  }

  @Test func arithmeticHoldsForEveryMember() {
    for (a, b) in zip(sample(60), sample(60).shuffledPairs()) where !a.isEmpty && !b.isEmpty {
      for x in [a.low, a.high, (a.low + a.high) / 2] {
        for y in [b.low, b.high, (b.low + b.high) / 2] {
          #expect((a + b).contains(Interval(x + y)))
          #expect(a.product(b).contains(Interval(x * y)))
          #expect((a * y).contains(Interval(x * y)))
          #expect(a.intersection(b).contains(Interval(x)) == b.contains(Interval(x)))
        }
      }
    }
  }

  @Test func divisionRounds() {
    for value in -20...20 as ClosedRange<Int128> {
      for divisor in [-3, -1, 1, 2, 7] as [Int128] {
        let low = floorDivide(value, divisor)
        let high = ceilingDivide(value, divisor)
        #expect(low * divisor == value || (value % divisor != 0 && high == low + 1))
        #expect(divisor > 0 ? low * divisor <= value : low * divisor >= value)
      }
    }
  }
}

extension Array {
  fileprivate func shuffledPairs() -> [Element] {
    var generator = SeededGenerator(state: 11)
    return shuffled(using: &generator)
  }
}

@Suite struct LinearFormTests {
  private typealias Values = [Int64]

  private func sample(_ count: Int) -> [LinearForm] {
    var generator = SeededGenerator(state: 3)
    return (0..<count).map { _ in
      var form = LinearForm(constant: Int64.random(in: -9...9, using: &generator))
      for index in 0..<Int.random(in: 0...3, using: &generator) {
        let symbol = LinearForm(Symbol(index: UInt32(index * 2)))
        let factor = Int64.random(in: -4...4, using: &generator)
        form = form.adding(symbol, times: factor) ?? form
      }
      return form
    }
  }

  private func value(_ form: LinearForm, _ values: Values) -> Int64 {
    (0..<form.count).reduce(form.constant) { sum, index in
      sum + Int64(form[index].coefficient) * values[Int(form[index].symbol.index)]
    }
  }

  @Test func operationsMeanWhatTheySay() throws {
    let values: Values = [3, 0, -7, 0, 11]
    let forms = sample(80)
    for a in forms {
      for b in forms {
        let sum = try #require(a.adding(b))
        #expect(value(sum, values) == value(a, values) + value(b, values))
        let difference = try #require(a.subtracting(b))
        #expect(value(difference, values) == value(a, values) - value(b, values))
        #expect((difference == .zero) == (a == b))
      }
      let scaled = try #require(a.scaled(by: 6))
      #expect(value(scaled, values) == 6 * value(a, values))
      #expect(scaled.divided(exactlyBy: 6) == a)
    }
  }

  @Test func equalFormsAreEqualValues() throws {
    let x = LinearForm(Symbol(index: 1))
    let y = LinearForm(Symbol(index: 2))
    let left = try #require(x.adding(y)?.adding(constant: 4))
    let right = try #require(y.adding(constant: 4)?.adding(x))
    #expect(left == right)
    #expect(left.subtracting(x)?.subtracting(y) == LinearForm(constant: 4))
  }

  @Test func aFourthSymbolDoesNotFit() throws {
    var form = LinearForm.zero
    for index in 0..<3 {
      form = try #require(form.adding(LinearForm(Symbol(index: UInt32(index)))))
    }
    #expect(form.adding(LinearForm(Symbol(index: 9))) == nil)
  }

  @Test func overflowIsNoForm() {
    #expect(LinearForm(constant: .max).adding(constant: 1) == nil)
    #expect(LinearForm(constant: .max).scaled(by: 2) == nil)
    #expect(LinearForm(Symbol(index: 0)).scaled(by: 1 << 40) == nil)
  }
}

@Suite struct FormatTests {
  @Test func readsConversions() throws {
    let parts = try #require(
      parseFormat(ArraySlice("a%-5.3s %% %*d%lu%n".utf8), isScan: false))
    #expect(parts.map(\.letter) == [0, 0x73, 0, 0x25, 0, 0x64, 0x75, 0x6e])
    #expect(parts[1].width == 5)
    #expect(parts[1].precision == 3)
    #expect(parts[5].takesWidth)
  }

  @Test func readsScanSets() throws {
    let parts = try #require(parseFormat(ArraySlice("%15[^]x]%*d".utf8), isScan: true))
    #expect(parts.count == 2)
    #expect(parts[0].width == 15)
    #expect(parts[0].text == "%15[^]x]")
    #expect(parts[1].isSuppressed)
  }

  @Test func refusesWhatIsCutOff() {
    #expect(parseFormat(ArraySlice("%".utf8), isScan: false) == nil)
    #expect(parseFormat(ArraySlice("%[a".utf8), isScan: true) == nil)
  }
}
