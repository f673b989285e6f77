// SPDX-License-Identifier: Apache-2.0

import Clang
import Foundation
import Testing

@Suite struct ClangTests {
  /// Parses `code` as a file of its own.
  private func parsed(_ code: String, _ arguments: [String] = []) throws -> TranslationUnit {
    let file = FileManager.default.temporaryDirectory.appending(path: "clang-\(UUID()).c")
    try code.write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    return try TranslationUnit(
      path: file.path, arguments: arguments + ["-resource-dir=\(try resourceDirectory())"])
  }

  @Test func resourceDirectoryHasTheCompilersHeaders() throws {
    let directory = try resourceDirectory()
    #expect(FileManager.default.fileExists(atPath: "\(directory)/include/stddef.h"))
    #expect(libclangVersion().contains("clang version"))
  }

  @Test func missingFilesAreParseErrors() {
    #expect(throws: ParseError.self) {
      _ = try TranslationUnit(path: "/nowhere/none.c", arguments: [])
    }
  }

  @Test func diagnosticsHavePlaces() throws {
    let unit = try parsed("int f(void) {\n  return g;\n}\n")
    let diagnostics = unit.diagnostics
    let error = try #require(diagnostics.first { $0.isError })
    #expect(error.severity == .error)
    #expect(error.message.contains("undeclared"))
    #expect(error.location?.line == 2)
    #expect(error.location?.column == 10)
    #expect(error.location?.offset == 23)
  }

  @Test func treesAreInPreorder() throws {
    var unit = try parsed("int f(int a) { return a + 1; }")
    let declarations = unit.fileScopeDeclarations()
    let declaration = try #require(declarations.last)
    let root = unit.expand(declaration)
    var kinds: [CursorKind] = []
    var node = root
    while node < unit.end(of: root) {
      kinds.append(unit.kind(of: node))
      node = Cursor(index: node.index + 1)
    }
    #expect(
      kinds == [
        .functionDeclaration, .parameterDeclaration, .compound, .return, .binaryOperator,
        .unexposedExpression, .declarationReference, .integerLiteral,
      ])
    let children = unit.children(of: root)
    #expect(children.count == 2)
  }

  @Test func operandsShownTwiceAreSiblings() throws {
    // `x ?: y` shows its first operand three times, with different declarations around it.
    var unit = try parsed("int f(void) { return ({ short t = 1; t; }) ?: 2; }")
    let declarations = unit.fileScopeDeclarations()
    let declaration = try #require(declarations.last)
    var node = unit.expand(declaration)
    let end = unit.end(of: node)
    while node < end, unit.kind(of: node) != .return { node = Cursor(index: node.index + 1) }
    let operands = unit.children(of: Cursor(index: node.index + 1))
    #expect(operands.count == 4)
    let areSame = [1, 2, 3].map { unit.isSame(operands[0], operands[$0]) }
    #expect(areSame == [true, true, false])
  }

  /// libclang crashes when it evaluates a list for an array member; the wrapper never asks.
  @Test(arguments: [
    "struct s { int a; char raw[4]; } v = { .a = 1, .raw = {0} };",
    "struct s { int a; int raw[1]; } v = {1,{7}};",
    "struct o { int (*f[2])(void); } v = { .f = {0, 0} };",
  ])
  func listsAreNotEvaluated(_ code: String) throws {
    var unit = try parsed(code)
    for declaration in unit.fileScopeDeclarations() {
      let root = unit.expand(declaration)
      var node = root
      while node < unit.end(of: root) {
        let kind = unit.kind(of: node)
        let value = kind.isExpression ? unit.evaluate(node) : nil
        #expect(kind != .initializerList || value == nil)
        node = Cursor(index: node.index + 1)
      }
    }
  }

  @Test func parametersAreAdjusted() throws {
    var unit = try parsed("int f(int a[4], int g(void)) { return a[1]; }")
    let declarations = unit.fileScopeDeclarations()
    let declaration = try #require(declarations.last)
    let root = unit.expand(declaration)
    unit.adjustParameters(of: root)
    for parameter in unit.parameters(ofFunction: root) {
      let type = unit.unqualified(unit.type(of: parameter))
      let kind = unit.kind(of: type)
      #expect(kind == .pointer)
    }
  }

  @Test func constantsAreEvaluated() throws {
    var unit = try parsed("unsigned long long v = 0xfffffffffffffff0ull + sizeof(int);")
    let declarations = unit.fileScopeDeclarations()
    let declaration = try #require(declarations.last)
    let initializer = unit.initializer(of: declaration)
    let root = unit.expand(try #require(initializer))
    let value = unit.evaluate(root)
    #expect(value == .integer(-12))
  }
}
