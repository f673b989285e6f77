// SPDX-License-Identifier: Apache-2.0

/// A way to write the same program differently.
///
/// None adds or removes lines, so that findings stay on theirs.
enum Rewrite: String, CaseIterable, Sendable {
  /// Locals and parameters get other names.
  case renamedVariables
  /// `int` of locals and parameters goes through a typedef.
  case typedefLayer
  /// `for (a; b; c) d` becomes `{ a; while (b) { d c; } }`.
  case forAsWhile
  /// `while (a) b` becomes `for (; a;) b`.
  case whileAsFor
  /// `if (a) b` becomes `if (!(a)) {} else b`.
  case negatedIf
  /// `a;` becomes `do { a; } while (0);`.
  case doWhileZero
  /// `return a;` becomes `{ T answer = (a); return answer; }`.
  case returnThroughLocal
  /// Each function begins with a branch that is not taken.
  case deadBranch
  /// `a[i]` becomes `(*((a) + (i)))`.
  case indexAsPointer
  /// `a < b` becomes `b > a`.
  case swappedComparison
  /// `a < b` becomes `!(a >= b)`.
  case negatedComparison
  /// `a += b` becomes `a = a + (b)`.
  case expandedAssignment
  /// `int a = b;` becomes `int a; a = b;`.
  case splitDeclaration
  /// `a->b` becomes `(*(a)).b`.
  case arrowAsStar
  /// The body of each function moves to a static one that it calls.
  case bodyInHelper
  /// Each function that is only ever called gets another parameter.
  case unusedParameter

  /// Whether all code stays on its line.
  var keepsPlaces: Bool { self != .bodyInHelper && self != .forAsWhile }
}
