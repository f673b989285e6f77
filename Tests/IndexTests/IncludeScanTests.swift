// SPDX-License-Identifier: Apache-2.0

import Index
import Testing

@Suite struct IncludeScanTests {
  private func scan(_ text: String) -> IncludeScan { IncludeScan(ContiguousArray(text.utf8)) }

  @Test func `names are found however they are written`() {
    let text = """
      #include "a.h"
       # /* c */ include <b.h>
      /* x
      */ #include "c.h"
      #if __has_include(<d/e.h>) && defined __has_include
      #ifdef __has_include
      # if __has_include_next ("f.h")
      %:include "g.h"
      # \\
       include \\
       "h.h"
      #import <i.h>
      // #include "j.h"
      int include; // __has_include has an argument
      """
    let scan = scan(text)
    #expect(
      scan.names.map { ($0.isQuoted ? "\"" : "<") + $0.path } == [
        "\"a.h", "<b.h", "\"c.h", "<d/e.h", "\"f.h", "\"g.h", "\"h.h", "<i.h", "\"j.h",
      ])
    #expect(!scan.isOpaque)
    #expect(!scan.hasMacroInclude)
  }

  @Test func `a name that a macro makes is said`() {
    #expect(scan("#include HEADER(x)\n").hasMacroInclude)
    #expect(!scan("#include HEADER(x)\n").isOpaque)
  }

  @Test(arguments: [
    "#define H __has_include\n", "#if __has_include(X)\n", "#embed \"x\"\n",
    "#if __has_embed(\"x\")\n", "#inc\\\nlude \"x.h\"\n", "#inc\\\r\nlude \"x.h\"\n",
    "#include \"a\\\nb.h\"\n", "#??/\ninclude \"x.h\"\n", "#pragma include_alias(\"a\", \"b\")\n",
  ])
  func `what the scan cannot follow is said`(text: String) {
    #expect(scan(text).isOpaque)
  }

  @Test(arguments: [
    "/* see the \"#include\"s below */\n", "// __has_include of a macro\n", "int x;\\\ny\n", "",
    "what??/that", "#include \"no end\n", "x = include", "#include", "__has_include",
  ])
  func `prose is no directive`(text: String) {
    #expect(!scan(text).isOpaque)
    #expect(scan(text).names.isEmpty)
  }
}
