// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import Clang

/// What the wrapper works out itself, because libclang takes long to say it, against libclang.
@Suite struct ShortcutTests {
  private static let programs: [String] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "fixtures/oracle").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".c") }.sorted().map { "\(folder)/\($0)" }
  }()

  private func parsed(_ path: String) throws -> TranslationUnit {
    try TranslationUnit(
      path: path, arguments: ["-w", "-resource-dir=\(try resourceDirectory())"])
  }

  /// The nodes of the functions of the main file.
  private func nodes(of unit: inout TranslationUnit) -> [Cursor] {
    var nodes: [Cursor] = []
    for declaration in unit.fileScopeDeclarations()
    where unit.isInMainFile(declaration) && unit.kind(of: declaration) == .functionDeclaration {
      let root = unit.expand(declaration)
      nodes += (root.index..<unit.end(of: root).index).map(Cursor.init(index:))
    }
    return nodes
  }

  @Test func extentsAreThoseOfTheCompiler() throws {
    #expect(Self.programs.count > 100)
    var compared = 0
    for path in Self.programs {
      var unit = try parsed(path)
      for node in nodes(of: &unit) where unit.kind(of: node).isExpression {
        let (own, compilers) = (unit.extent(of: node), unit.compilerExtent(of: node))
        compared += 1
        if own == compilers { continue }
        Issue.record("\(path): \(unit.kind(of: node)) \(String(describing: (own, compilers)))")
      }
    }
    #expect(compared > 10_000)
  }

  @Test func writtenIntegersAreThoseOfTheCompiler() throws {
    var compared = 0
    for path in Self.programs {
      var unit = try parsed(path)
      for node in nodes(of: &unit) {
        guard let own = unit.writtenInteger(node) else { continue }
        compared += 1
        #expect(unit.evaluate(node) == .integer(own), "\(path)")
      }
    }
    #expect(compared > 1000)
  }

  @Test func offsetsOfMembersAreThoseOfTheCompiler() throws {
    let code = """
      #include <stdio.h>
      #include <time.h>
      struct natural { char a; short b; int c[3]; char d; double e; char f[]; };
      struct packed { char a; short b; int c; char d; double e; } __attribute__((packed));
      struct packed_member { char a; short b __attribute__((packed)); int c; int d; int e; };
      struct aligned { char a; int b __attribute__((aligned(16))); int c; int d; int e; };
      struct bits { int a : 3; int b : 9; char c; long d; int e : 5; };
      typedef int wide __attribute__((aligned(32)));
      struct wide_member { char a; wide b; char c; char d; char e; };
      #pragma pack(2)
      struct pragma { char a; int b; char c; long d; char e; };
      #pragma pack()
      struct nested { struct natural *a; struct pragma b; char c; struct { int x; char y; } d; char e; };
      struct natural v0; struct packed v1; struct packed_member v2; struct aligned v3; struct bits v4;
      struct wide_member v5; struct pragma v6; struct nested v7; FILE v8; struct tm v9;
      """
    let file = FileManager.default.temporaryDirectory.appending(path: "layout-\(UUID()).c")
    try code.write(to: file, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: file) }
    var unit = try parsed(file.path)
    var compared = 0
    for variable in unit.fileScopeDeclarations()
    where unit.isInMainFile(variable) && unit.kind(of: variable) == .variableDeclaration {
      let type = unit.unqualified(unit.type(of: variable))
      let fields = unit.fields(of: type)
      let own = unit.bitOffsets(ofFields: fields, in: type)
      let compilers = fields.map { unit.bitOffset(ofField: $0) }
      #expect(Array(own) == compilers, "\(unit.spelling(of: type))")
      compared += 1
    }
    #expect(compared == 10)
  }
}
