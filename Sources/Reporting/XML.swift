// SPDX-License-Identifier: Apache-2.0

/// An element of an XML document (XML 1.0, fifth edition), enough to write reports.
///
/// Foundation's documents would be the library for this, but nothing below the commands links
/// Foundation. Writing is a few escapes; nothing here reads XML.
struct XMLElement {
  /// Its name.
  var name: String
  /// Its attributes in the order in which they are written.
  var attributes: [(name: String, value: String)]
  /// What it holds.
  var content: [XMLContent]

  /// Makes an element.
  init(
    _ name: String, _ attributes: [(name: String, value: String)] = [],
    _ content: [XMLContent] = []
  ) {
    self.name = name
    self.attributes = attributes
    self.content = content
  }

  /// The document with this element as its root.
  var document: String {
    var output = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    write(to: &output, indentation: "")
    return output
  }

  private func write(to output: inout String, indentation: String) {
    output += indentation + "<" + name
    for attribute in attributes {
      output += " \(attribute.name)=\"\(xmlEscaped(visible(attribute.value)))\""
    }
    guard !content.isEmpty else {
      output += "/>\n"
      return
    }
    output += ">"
    var isOnOwnLine = false
    for part in content {
      switch part {
      case .element(let element):
        if !isOnOwnLine { output += "\n" }
        isOnOwnLine = true
        element.write(to: &output, indentation: indentation + "  ")
      case .text(let lines): output += "<![CDATA[" + characterData(lines) + "]]>"
      }
    }
    output += (isOnOwnLine ? indentation : "") + "</\(name)>\n"
  }
}

/// What an element holds.
enum XMLContent {
  case element(XMLElement)
  /// Lines of text that are visible already; they are written as character data.
  case text(String)
}

/// The text with the characters that mean something in XML as references.
private func xmlEscaped(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "&": result += "&amp;"
    case "<": result += "&lt;"
    case ">": result += "&gt;"
    case "\"": result += "&quot;"
    case "'": result += "&apos;"
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result
}

/// The text with `]]>` cut in two, which would end the section.
private func characterData(_ text: String) -> String {
  var result = ""
  var brackets = 0
  for scalar in text.unicodeScalars {
    if scalar == ">", brackets >= 2 { result += "]]><![CDATA[" }
    brackets = scalar == "]" ? brackets + 1 : 0
    result.unicodeScalars.append(scalar)
  }
  return result
}
