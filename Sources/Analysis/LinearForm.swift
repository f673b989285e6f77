// SPDX-License-Identifier: Apache-2.0

// A value as `k + Σ cᵢ·sᵢ` over at most three symbols (Miné's linearisation, kept exact: what does
// not fit becomes a new symbol). Fixed size and inline, because states are copied by the thousand.

/// An unknown that a value is written in terms of; an index into the function's symbol table.
struct Symbol: BitwiseCopyable, Hashable, Comparable, Codable, Sendable {
  var index: UInt32

  static func < (left: Symbol, right: Symbol) -> Bool { left.index < right.index }
}

/// A symbol times a coefficient; coefficient 0 marks an unused term.
struct Term: BitwiseCopyable, Hashable, Codable, Sendable {
  var symbol: Symbol
  var coefficient: Int32

  static let none = Term(symbol: Symbol(index: 0), coefficient: 0)
}

/// `constant + Σ coefficient·symbol`, the terms by ascending symbol and without zeros.
struct LinearForm: BitwiseCopyable, Hashable, Codable, Sendable {
  var constant: Int64
  var first = Term.none
  var second = Term.none
  var third = Term.none

  init(constant: Int64) { self.constant = constant }

  init(_ symbol: Symbol) {
    constant = 0
    first = Term(symbol: symbol, coefficient: 1)
  }

  static let zero = LinearForm(constant: 0)

  /// Whether it has no symbol.
  var isConstant: Bool { first.coefficient == 0 }

  /// The number of symbols.
  var count: Int {
    if first.coefficient == 0 { return 0 }
    if second.coefficient == 0 { return 1 }
    return third.coefficient == 0 ? 2 : 3
  }

  /// The term at `index`, from 0.
  subscript(index: Int) -> Term {
    switch index {
    case 0: first
    case 1: second
    default: third
    }
  }

  /// The form without its constant.
  var linearPart: LinearForm {
    var form = self
    form.constant = 0
    return form
  }

  /// The only symbol, where the form has exactly one.
  var singleTerm: Term? { count == 1 ? first : nil }

  /// Coefficient of a symbol, or 0.
  func coefficient(of symbol: Symbol) -> Int32 {
    if first.symbol == symbol && first.coefficient != 0 { return first.coefficient }
    if second.symbol == symbol && second.coefficient != 0 { return second.coefficient }
    if third.symbol == symbol && third.coefficient != 0 { return third.coefficient }
    return 0
  }

  /// `self + scale·other`; `nil` where it needs a fourth symbol or a number does not fit.
  func adding(_ other: LinearForm, times scale: Int64 = 1) -> LinearForm? {
    let (scaled, overflow) = other.constant.multipliedReportingOverflow(by: scale)
    if overflow { return nil }
    let (sum, carry) = constant.addingReportingOverflow(scaled)
    if carry { return nil }
    if other.isConstant {
      var form = self
      form.constant = sum
      return form
    }
    var result = LinearForm(constant: sum)
    var filled = 0
    var left = 0
    var right = 0
    let leftCount = count
    let rightCount = other.count
    while left < leftCount || right < rightCount {
      let term: Term
      if right == rightCount || (left < leftCount && self[left].symbol < other[right].symbol) {
        term = self[left]
        left += 1
      } else {
        let isShared = left < leftCount && self[left].symbol == other[right].symbol
        let base = isShared ? Int64(self[left].coefficient) : 0
        let (product, wide) = Int64(other[right].coefficient).multipliedReportingOverflow(by: scale)
        if wide { return nil }
        let (value, wrapped) = base.addingReportingOverflow(product)
        guard !wrapped, let coefficient = Int32(exactly: value) else { return nil }
        term = Term(symbol: other[right].symbol, coefficient: coefficient)
        if isShared { left += 1 }
        right += 1
      }
      if term.coefficient == 0 { continue }
      switch filled {
      case 0: result.first = term
      case 1: result.second = term
      case 2: result.third = term
      default: return nil
      }
      filled += 1
    }
    return result
  }

  /// `self + value`; `nil` where the constant does not fit.
  func adding(constant value: Int64) -> LinearForm? {
    let (sum, overflow) = constant.addingReportingOverflow(value)
    if overflow { return nil }
    var form = self
    form.constant = sum
    return form
  }

  /// `self - other`.
  func subtracting(_ other: LinearForm) -> LinearForm? { adding(other, times: -1) }

  /// `self · factor`.
  func scaled(by factor: Int64) -> LinearForm? { LinearForm.zero.adding(self, times: factor) }

  /// The greatest number that divides every coefficient; 0 without any.
  var commonFactor: Int64 {
    var factor: Int64 = 0
    for index in 0..<count {
      var (a, b) = (factor, Int64(self[index].coefficient.magnitude))
      while b != 0 { (a, b) = (b, a % b) }
      factor = a
    }
    return factor
  }

  /// `self / divisor` where every number divides without a rest.
  func divided(exactlyBy divisor: Int64) -> LinearForm? {
    guard divisor != 0, constant % divisor == 0 else { return nil }
    var form = LinearForm(constant: constant / divisor)
    for index in 0..<count {
      guard Int64(self[index].coefficient) % divisor == 0,
        let coefficient = Int32(exactly: Int64(self[index].coefficient) / divisor)
      else { return nil }
      let term = Term(symbol: self[index].symbol, coefficient: coefficient)
      switch index {
      case 0: form.first = term
      case 1: form.second = term
      default: form.third = term
      }
    }
    return form
  }
}
