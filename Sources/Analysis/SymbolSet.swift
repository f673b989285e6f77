// SPDX-License-Identifier: Apache-2.0

/// A few symbols of which many forms are asked whether they speak.
struct SymbolSet {
  /// The symbols, each once, in the order in which they came.
  private(set) var symbols: [Symbol]
  /// A bit for each symbol by its index; empty while there is one.
  private var bits: ContiguousArray<UInt64> = []

  /// Makes a set of one symbol.
  init(_ symbol: Symbol) { symbols = [symbol] }

  /// Adds a symbol.
  mutating func insert(_ symbol: Symbol) {
    if bits.isEmpty { mark(symbols[0]) }
    guard !contains(symbol) else { return }
    mark(symbol)
    symbols.append(symbol)
  }

  private mutating func mark(_ symbol: Symbol) {
    let word = Int(symbol.index / 64)
    while bits.count <= word { bits.append(0) }
    bits[word] |= 1 << UInt64(symbol.index % 64)
  }

  /// Whether a symbol is one of them.
  func contains(_ symbol: Symbol) -> Bool {
    if bits.isEmpty { return symbol == symbols[0] }
    let word = Int(symbol.index / 64)
    return word < bits.count && bits[word] & 1 << UInt64(symbol.index % 64) != 0
  }

  /// Whether a form speaks of one of them.
  func isIn(_ form: LinearForm) -> Bool {
    (form.first.coefficient != 0 && contains(form.first.symbol))
      || (form.second.coefficient != 0 && contains(form.second.symbol))
      || (form.third.coefficient != 0 && contains(form.third.symbol))
  }
}
