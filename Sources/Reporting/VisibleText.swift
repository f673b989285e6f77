// SPDX-License-Identifier: Apache-2.0

// Paths, messages and source lines come from the code that is judged, and may be hostile: control
// characters move a terminal's cursor, bidirectional controls reorder what a reader sees, and CI
// services run commands that they find in a log. Everything that a report shows passes through here.

/// Whether a scalar changes how text around it is shown, or is not shown at all.
func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
  // Nearly all text is ASCII, and the look-up of a property is dear.
  if scalar.value < 0x7F { return scalar.value < 0x20 }
  return switch scalar.properties.generalCategory {
  // Controls; the bidirectional and zero-width ones are formats; U+2028 and U+2029.
  case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: true
  default: false
  }
}

/// A scalar as clang names it in a message: `<U+202E>`.
func visibleName(of scalar: Unicode.Scalar) -> String {
  let digits = String(scalar.value, radix: 16, uppercase: true)
  return "<U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + ">"
}

/// The text on one line, with everything invisible spelled out.
public func visible(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    if isInvisible(scalar) {
      result += visibleName(of: scalar)
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return withoutLogCommands(result)
}

/// The text with some of its characters replaced, as the commands of a service want them.
func encoded(_ text: String, _ codes: [Unicode.Scalar: String]) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    if let code = codes[scalar] {
      result += code
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// A path as the first word of a line of a log; a name such as `::error::x.c` would be a command.
public func visible(path: String) -> String {
  path.hasPrefix(":") ? "./" + visible(path) : visible(path)
}

/// Breaks the commands that CI services look for inside a line (`##[`, `##vso[`).
///
/// Those that must begin a line (`::`) cannot do so in our output: a line of a log begins with a
/// word of ours, a path (`visible(path:)`) or the number of a source line.
func withoutLogCommands(_ text: String) -> String {
  guard text.utf8.contains(UInt8(ascii: "#")) else { return text }
  var result = ""
  var previous: Unicode.Scalar?
  for scalar in text.unicodeScalars {
    if scalar == "#", previous == "#" { result += "\\" }
    result.unicodeScalars.append(scalar)
    previous = scalar
  }
  return result
}

/// The text on one line as a report shows it, for what commands print beside their report.
public func visibleText(_ text: String) -> String { visible(text) }
