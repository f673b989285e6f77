// SPDX-License-Identifier: Apache-2.0

import Findings

/// A made-up finding; the defaults are one off-by-one read.
func finding(
  _ rule: String = "off-by-one-read", path: String = "src/options.c", line: Int = 10,
  function: String = "parse", usr: String? = nil, statement: UInt64 = 1, tier: Tier = .a,
  severity: Severity = .error, message: String = "reads past the end"
) -> Finding {
  let start = Position(line: line, column: 3)
  let end = Position(line: line, column: 9)
  return Finding(
    rule: rule, tier: tier, severity: severity, message: message,
    location: Location(path: path, start: start, end: end, point: start, sourceLine: "  buf[i];"),
    function: function, functionUSR: usr ?? "c:@F@\(function)", statementHash: statement)
}
