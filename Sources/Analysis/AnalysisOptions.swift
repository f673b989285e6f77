// SPDX-License-Identifier: Apache-2.0

/// What the caller of the analysis decides.
public struct AnalysisOptions: Hashable, Sendable {
  /// Whether the modules are all there is, so that a variable that none of them writes is constant.
  public var isWholeProgram: Bool
  /// Steps that one function may take before it counts as not analysed.
  ///
  /// A step is the transfer of one instruction; the count depends on the function alone.
  public var fuel: Int

  /// Makes options.
  public init(isWholeProgram: Bool = false, fuel: Int = 60_000) {
    self.isWholeProgram = isWholeProgram
    self.fuel = fuel
  }
}
