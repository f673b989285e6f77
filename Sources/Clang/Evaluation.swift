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

  /// Whether libclang may be asked for the value of an expression.
  public func canEvaluate(_ node: Cursor) -> Bool {
    let end = max(Int(node.index) + 1, Int(nodes[Int(node.index)].end))
    return (Int(node.index)..<end).allSatisfy { index in
      let kind = nodes[index].kind
      return kind != .initializerList && kind != .statementExpression
    }
  }
}
