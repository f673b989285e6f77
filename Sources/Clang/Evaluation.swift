// SPDX-License-Identifier: Apache-2.0

import CClang

/// The value of a constant expression.
public enum ClangConstant: BitwiseCopyable, Hashable, Sendable {
  /// An integer, as the bits of its 64-bit form.
  case integer(Int64)
  /// A floating number.
  case floating(Double)
}

extension TranslationUnit {
  /// The value of a constant scalar expression.
  ///
  /// libclang crashes when it is asked for the value of an initialiser list, so an expression with one
  /// inside (a compound literal) is not asked for; the subtree of `node` must be expanded.
  public func evaluate(_ node: Cursor) -> ClangConstant? {
    guard canEvaluate(node) else { return nil }
    guard let result = unsafe clang_Cursor_Evaluate(nodes[Int(node.index)].cursor) else {
      return nil
    }
    defer { unsafe clang_EvalResult_dispose(result) }
    switch unsafe clang_EvalResult_getKind(result) {
    case CXEval_Int:
      if unsafe clang_EvalResult_isUnsignedInt(result) != 0 {
        return .integer(Int64(bitPattern: unsafe clang_EvalResult_getAsUnsigned(result)))
      }
      return .integer(unsafe clang_EvalResult_getAsLongLong(result))
    case CXEval_Float:
      return .floating(unsafe clang_EvalResult_getAsDouble(result))
    default:
      return nil
    }
  }

  /// The value of an integer that is written in decimal or hexadecimal digits, without a suffix.
  ///
  /// Most constants are, and to run the compiler's evaluator for each took a tenth of the lowering.
  public mutating func writtenInteger(_ node: Cursor) -> Int64? {
    guard kind(of: node) == .integerLiteral else { return nil }
    let location = clang_getCursorLocation(nodes[Int(node.index)].cursor)
    let place = isInMacro(location) ? macroPlace(location).spelling : fileOffset(location)
    guard let place else { return nil }
    return withContents(of: place.file) { integer(in: $0, at: Int(place.offset)) }
  }

  /// Whether libclang may be asked for the value of an expression.
  public func canEvaluate(_ node: Cursor) -> Bool {
    let end = max(Int(node.index) + 1, Int(nodes[Int(node.index)].end))
    return (Int(node.index)..<end).allSatisfy { index in
      let kind = nodes[index].kind
      return kind != .initializerList && kind != .statementExpression
    }
  }
}

/// The value of the digits at a place, up to what is no part of a number; nil for any other form.
private func integer(in text: Span<UInt8>, at start: Int) -> Int64? {
  var position = start
  var base: Int64 = 10
  if position + 1 < text.count, text[position] == UInt8(ascii: "0") {
    if text[position + 1] | 0x20 == UInt8(ascii: "x") {
      base = 16
      position += 2
    } else if isDigit(text[position + 1]) {
      return nil
    }
  }
  let first = position
  var value: Int64 = 0
  while position < text.count, position < first + 15 {
    let byte = text[position]
    if isDigit(byte) {
      value = value * base + Int64(byte & 15)
    } else if base == 16, (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20) {
      value = value * 16 + Int64(byte & 15) + 9
    } else {
      break
    }
    position += 1
  }
  guard position > first, position < text.count else { return nil }
  switch text[position] {
  case 0x09...0x0D, UInt8(ascii: " "), UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"),
    UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"):
    return value
  default: return nil
  }
}

private func isDigit(_ byte: UInt8) -> Bool {
  (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}
