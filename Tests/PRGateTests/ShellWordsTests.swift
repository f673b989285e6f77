// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import PRGate

/// What a POSIX shell makes of the same text: `printf '%s\n' TEXT` prints these words.
@Test(arguments: [
  ("", []),
  ("cc -c a.c", ["cc", "-c", "a.c"]),
  ("  cc\t-c\n a.c ", ["cc", "-c", "a.c"]),
  (#"'a b' "c d" e\ f"#, ["a b", "c d", "e f"]),
  (#"-DX=\"a\ b\""#, [#"-DX="a b""#]),
  (#"'-DX="a b"'"#, [#"-DX="a b""#]),
  (#""-DX=\"a b\"""#, [#"-DX="a b""#]),
  (#"'a\b' "a\b" a\b"#, [#"a\b"#, #"a\b"#, "ab"]),
  (#""\$\`\\""#, [#"$`\"#]),
  ("a''b \"\" ''", ["ab", "", ""]),
  ("a\\\nb \"c\\\nd\"", ["ab", "cd"]),
  ("$(touch x) `y` ; z", ["$(touch", "x)", "`y`", ";", "z"]),
  ("-Dä=ö", ["-Dä=ö"]),
])
func shellWords(text: String, words: [String]) throws {
  #expect(try ShellWords.split(text) == words)
}

@Test(arguments: ["'a", "\"a", "a\\", "\"a\\"])
func unterminatedQuotes(text: String) {
  #expect(throws: ShellWords.UnterminatedQuote()) { try ShellWords.split(text) }
}
