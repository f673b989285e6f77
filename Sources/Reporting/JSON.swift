// SPDX-License-Identifier: Apache-2.0

/// A JSON value (RFC 8259) whose members keep the order in which they are given.
///
/// Foundation's encoder would be the library for this, but nothing below the commands links
/// Foundation, and its output is not promised to be equal from one release to the next. Writing is
/// the easy half of JSON; nothing here reads it.
enum JSON {
  case string(String)
  case integer(Int)
  case boolean(Bool)
  case array([JSON])
  case object([Member])

  /// A name with its value.
  struct Member {
    var name: String
    var value: JSON
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  init(stringLiteral value: String) { self = .string(value) }
  init(integerLiteral value: Int) { self = .integer(value) }
  init(booleanLiteral value: Bool) { self = .boolean(value) }
  init(arrayLiteral elements: JSON...) { self = .array(elements) }

  /// Makes an object whose members are in the order of the literal.
  init(dictionaryLiteral elements: (String, JSON)...) {
    self = .object(elements.map { Member(name: $0.0, value: $0.1) })
  }

  /// The object with one more member at its end; itself where it is no object or `value` is nil.
  func adding(_ name: String, _ value: JSON?) -> JSON {
    guard case .object(let members) = self, let value else { return self }
    return .object(members + [Member(name: name, value: value)])
  }
}

extension JSON {
  /// Writes the value without line breaks.
  func write(to output: inout String) {
    switch self {
    case .string(let text): JSON.write(text, to: &output)
    case .integer(let number): output += String(number)
    case .boolean(let truth): output += truth ? "true" : "false"
    case .array(let elements):
      output += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { output += "," }
        element.write(to: &output)
      }
      output += "]"
    case .object(let members):
      output += "{"
      for (index, member) in members.enumerated() {
        if index > 0 { output += "," }
        JSON.write(member.name, to: &output)
        output += ":"
        member.value.write(to: &output)
      }
      output += "}"
    }
  }

  /// Writes the value with one member or element a line, two spaces for each level.
  func writeIndented(to output: inout String, indentation: String = "") {
    let inner = indentation + "  "
    switch self {
    case .array(let elements) where !elements.isEmpty:
      output += "["
      for (index, element) in elements.enumerated() {
        output += (index > 0 ? ",\n" : "\n") + inner
        element.writeIndented(to: &output, indentation: inner)
      }
      output += "\n" + indentation + "]"
    case .object(let members) where !members.isEmpty:
      output += "{"
      for (index, member) in members.enumerated() {
        output += (index > 0 ? ",\n" : "\n") + inner
        JSON.write(member.name, to: &output)
        output += ": "
        member.value.writeIndented(to: &output, indentation: inner)
      }
      output += "\n" + indentation + "}"
    default: write(to: &output)
    }
  }

  /// Writes a string; what a terminal would not show, and what CI services take for a command (`##[`),
  /// stands as an escape, so nothing is lost.
  private static func write(_ text: String, to output: inout String) {
    output += "\""
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      defer { previous = scalar }
      switch scalar {
      case "#" where previous == "#": output += "\\u0023"
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\t": output += "\\t"
      case _ where isInvisible(scalar):
        for unit in String(scalar).utf16 {
          let digits = String(unit, radix: 16)
          output += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        }
      default: output.unicodeScalars.append(scalar)
      }
    }
    output += "\""
  }
}
