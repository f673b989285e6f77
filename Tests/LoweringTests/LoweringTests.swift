// SPDX-License-Identifier: Apache-2.0

import Clang
import Findings
import Foundation
import IR
import Testing

@testable import Lowering

/// What a module carries besides code: places, statements, files, comments, names.
@Suite struct LoweringTests {
  /// Lowers `code` as `main.c` of a folder of its own that is the root.
  private func lowered(
    _ code: String, headers: [String: String] = [:], arguments: [String] = []
  ) throws -> LoweredUnit {
    let folder = FileManager.default.temporaryDirectory.appending(path: "lowering-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in headers {
      try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
    }
    let file = folder.appending(path: "main.c")
    try code.write(to: file, atomically: true, encoding: .utf8)
    return try lower(
      path: file.path,
      arguments: ["-w", "-resource-dir=\(try resourceDirectory())"] + arguments,
      options: LoweringOptions(root: folder.path))
  }

  private func body(_ name: String, in module: Module) throws -> Body {
    let row = module.functions.rows.first { module.symbols[$0.name] == name }
    return try #require(row?.body)
  }

  /// Code of a function apart from where it stands.
  private func canonical(
    _ name: String, _ code: String, header: String = ""
  ) throws -> ContiguousArray<UInt8> {
    let module = try lowered(code, headers: ["h.h": header]).module
    let row = try #require(
      module.functions.ids.first { module.symbols[module.functions[$0].name] == name })
    let bytes = CanonicalCode(of: module).bytes(of: row)
    #expect(!bytes.isEmpty)
    return bytes
  }

  @Test func codeIsToldApartWithoutItsPlace() throws {
    let before = """
      #include "h.h"
      static int limits[2] = {LOW, 7};
      static int pick(int i) { return limits[i]; }

      """
    let text = "int f(struct pair *p, int i) {\n  p->second = LOW;\n  return pick(i);\n}\n"
    let header = "#define LOW 3\nstruct pair { int first; long second; };\n"
    let known = try canonical("f", before + text, header: header)
    // What stands around it, and how much.
    for (code, header) in [
      ("/* one line more */\n\n" + before + text, header),
      ("extern int more;\nint other(void) { return more; }\n" + before + text, header),
      (before + text + "int later(void) { return pick(1); }\n", header),
      (before.replacing("[i]", with: "[i + 0]") + text, header),
      (before + text, "/* new */\n" + header),
    ] {
      #expect(try canonical("f", code, header: header) == known)
    }
    // Its text, a macro's value, the layout of a type, what a declaration promises.
    for (code, header) in [
      (before + text.replacing("pick(i)", with: "pick(i )"), header),
      (before + text.replacing("  return", with: "    return"), header),
      (before + text, header.replacing("3", with: "4")),
      (before + text, header.replacing("int first", with: "char first[3]; int other")),
      (
        before.replacing("static int pick", with: "__attribute__((noreturn)) static int pick")
          + text,
        header
      ),
    ] {
      #expect(try canonical("f", code, header: header) != known)
    }
    let table = try canonical("pick", before + text, header: header)
    #expect(try canonical("pick", before + text, header: "\n" + header) == table)
    #expect(
      try canonical("pick", before.replacing("7", with: "8") + text, header: header) != table)
  }

  @Test func placesAreExact() throws {
    let module = try lowered("int f(int *a, int i) {\n  return a[i + 1];\n}\n").module
    let body = try body("f", in: module)
    let element = try #require(
      body.instructions.rows.first { if case .element = $0.operation { true } else { false } })
    let location = module.location(of: element.origin)
    #expect(module.text(of: element.origin) == "a[i + 1]")
    #expect(location.path == "main.c")
    #expect(location.start == Position(line: 2, column: 10))
    #expect(location.end == Position(line: 2, column: 18))
    #expect(location.sourceLine == "  return a[i + 1];")
  }

  @Test func branchesCarryTheirCondition() throws {
    let module = try lowered("int f(int a, int b) { if (a <= 16 && !(b)) return 1; return 0; }")
      .module
    let body = try body("f", in: module)
    let conditions = body.blocks.rows.compactMap { block -> String? in
      if case .branch = block.terminator { module.text(of: block.origin) } else { nil }
    }
    #expect(conditions == ["a <= 16", "b"])
  }

  @Test func macrosKeepBothPlaces() throws {
    let code =
      "#define LAST(p, n) ((p)[(n) + 1])\nint f(int *q, int k) {\n  return LAST(q, k);\n}\n"
    let module = try lowered(code).module
    let body = try body("f", in: module)
    let element = try #require(
      body.instructions.rows.first { if case .element = $0.operation { true } else { false } })
    let origin = module.origins[element.origin]
    #expect(module.text(of: element.origin) == "LAST(q, k)")
    #expect(origin.isMacro)
    #expect(module.files[origin.spellingFile].position(at: origin.spelling).line == 1)
    // An argument is shown where it is written.
    let load = try #require(
      body.instructions.rows.first { if case .load = $0.operation { true } else { false } })
    #expect(module.text(of: load.origin) == "q")
    #expect(!module.origins[load.origin].isMacro)
  }

  @Test func macrosAreQuotedWhole() throws {
    let code = """
      #define UNTIL(i, n) for (; i < (n); i++)
      #define NOT(x) -x
      int f(int k, int n) { UNTIL(k, (n)) n--; return NOT(k); }
      """
    let module = try lowered(code).module
    let body = try body("f", in: module)
    let texts = body.instructions.rows.compactMap { row -> String? in
      switch row.operation {
      case .compare, .unary: module.text(of: row.origin)
      default: nil
      }
    }
    #expect(texts == ["UNTIL(k, (n))", "NOT(k)"])
  }

  @Test func statementsAreHashedWithoutLayout() throws {
    func hash(_ code: String) throws -> UInt64 {
      let module = try lowered(code).module
      let body = try body("f", in: module)
      let store = try #require(
        body.instructions.rows.last { if case .store = $0.operation { true } else { false } })
      return module.statements[module.origins[store.origin].statement].tokenHash
    }
    let plain = try hash("void f(int *a) { a[0] = 1; }")
    #expect(try hash("\n\nvoid f(int *a) {\n  a[0]   =\n 1 /* one */; // end\n}") == plain)
    #expect(try hash("void f(int *a) { a[0] = 2; }") != plain)
    #expect(try hash("void f(int *a) { int b; a[0] = 1; }") == plain)
  }

  @Test func filesAreHashed() throws {
    let header = "int declared(int);\n"
    let code = "#include \"part.h\"\nint f(void) { return declared(1); }\n"
    let module = try lowered(code, headers: ["part.h": header]).module
    let hashes = Dictionary(
      uniqueKeysWithValues: module.files.rows.map { ($0.path, Array($0.contentHash)) })
    #expect(hashes["main.c"] == SHA256.digest(of: Array(code.utf8)))
    #expect(hashes["part.h"] == SHA256.digest(of: Array(header.utf8)))
    #expect(module.files[module.mainFile].path == "main.c")
  }

  @Test func commentsThatSpeakToUsAreKept() throws {
    let code = """
      /* prgate:allow(off-by-one-read) the table
         has a sentinel */
      int f(void) { return 1; } // prgate:allow(x) y
      const char *s = "// prgate:not-a-comment";
      // nothing
      """
    let module = try lowered(code).module
    let found = module.directives.map { "\($0.line)-\($0.endLine) \($0.text)" }
    #expect(
      found == [
        "1-2 prgate:allow(off-by-one-read) the table\n   has a sentinel", "3-3 prgate:allow(x) y",
      ])
  }

  @Test func errorsAreReportedAndMarked() throws {
    let unit = try lowered("int ok(void) { return 1; }\nint bad(void) {\n  return missing;\n}\n")
    #expect(unit.errors.map(\.path) == ["main.c"])
    #expect(unit.errors.first?.line == 3)
    #expect(unit.errors.first?.column == 10)
    let marked = unit.module.functions.rows.filter { $0.attributes.contains(.hasErrors) }
    #expect(marked.map { unit.module.symbols[$0.name] } == ["bad"])
  }

  @Test func missingHeadersAreErrors() throws {
    let unit = try lowered("#include \"absent.h\"\nint ok(void) { return 1; }\n")
    #expect(unit.errors.contains { $0.message.contains("absent.h") })
    #expect(unit.module.functions.rows.contains { $0.body != nil })
  }

  @Test func aFileThatIsNotThereHasNoModule() throws {
    #expect(throws: LoweringError.self) {
      try lower(path: "/nowhere/none.c", arguments: [], options: LoweringOptions(root: "/"))
    }
  }

  @Test func namesAreUniqueAcrossUnits() throws {
    let code = """
      static int hidden(void) { static int n; return n++; }
      static int count;
      int shown(void) { { static int n; n++; } static int n; return hidden() + count + n; }
      """
    let module = try lowered(code).module
    let functions = module.functions.rows.map { module.symbols[$0.usr] }
    let globals = module.globals.rows.map { module.symbols[$0.usr] }
    #expect(Set(functions) == ["c:main.c@F@hidden", "c:@F@shown"])
    #expect(
      Set(globals) == [
        "c:main.c@count", "c:main.c@F@hidden@n", "c:@F@shown@n", "c:@F@shown@n#1",
      ])
  }

  @Test func addressesTakenAreExact() throws {
    let code = """
      struct s { int a; };
      void use(int *);
      int f(int plain, int shared) {
        int scalar = plain, *p = &shared;
        struct s whole = {1};
        char array[2];
        array[0] = scalar;
        use(p);
        return whole.a + array[0];
      }
      """
    let module = try lowered(code).module
    let body = try body("f", in: module)
    let taken = body.locals.rows.filter(\.isAddressTaken).map { module.symbols[$0.name] }
    #expect(taken == ["shared", "whole", "array"])
  }

  @Test func equalRunsGiveEqualModules() throws {
    let code = try String(
      contentsOf: LoweringFixture.folder.appending(path: "designators.c"), encoding: .utf8)
    #expect(try lowered(code).module == lowered(code).module)
  }

  @Test func charactersFollowTheFlags() throws {
    let code = "int f(char c) { return c; }"
    #expect(try lowered(code).module.isCharSigned)
    let unsigned = try lowered(code, arguments: ["-funsigned-char"]).module
    #expect(!unsigned.isCharSigned)
    #expect(unsigned.dump().contains("zeroExtend"))
  }

  @Test func longChainsDoNotExhaustTheStack() throws {
    let chain = (0..<3000).map { "if (v == \($0)) return \($0);" }.joined(separator: "\nelse ")
    let module = try lowered("int f(int v) { \(chain)\nreturn -1; }").module
    #expect(module.validate() == [])
  }
}

@Suite struct PrintedFunctionTests {
  @Test(arguments: [
    ("for (;;) {}", [false, false, false]), ("for (int i = 0;;) {}", [true, false, false]),
    ("for (; i < (3);) {}", [false, true, false]), ("for (;; f(\";\")) {}", [false, false, true]),
  ])
  func headersAreRead(_ text: String, _ parts: [Bool]) {
    let header = PrintedFunction(text).forHeaders.first
    #expect(header.map { [$0.hasStart, $0.hasCondition, $0.hasStep] } == parts)
  }

  @Test func nestedListsAreKeptApart() {
    let text =
      "for (; ({ for (i = 0;;) ; }); i++) _Generic(a, int: _Generic(b, long: 1), char *: 2)"
    let printed = PrintedFunction(text)
    #expect(printed.forHeaders.map(\.hasStart) == [false, true])
    #expect(printed.forHeaders.map(\.hasStep) == [true, false])
    #expect(printed.selections == [["int", "char *"], ["long"]])
  }
}

@Suite struct DecodedLiteralTests {
  @Test(arguments: [
    ("\"ab\"", [0x61, 0x62]), ("\"\\n\\000\\377\"", [10, 0, 255]), ("\"\\\"\\\\\"", [0x22, 0x5C]),
    ("L\"\\x3b1\"\"b\"", [0x3B1, 0x62]), ("\"\"", []),
  ])
  func escapesAreUndone(_ spelling: String, _ units: [UInt32]) {
    #expect(decodedLiteral(spelling) == units)
  }
}
