// SPDX-License-Identifier: Apache-2.0

import Clang

/// What a unit has read, against what it may read.
extension Lowerer {
  /// Lowers the unit if all that it has read lies in the readable roots.
  consuming func runInRoots() throws(LoweringError) -> LoweredUnit {
    if let roots = options.readableRoots, let (path, place) = fileOutside(of: roots) {
      throw .outside(path: path, by: place)
    }
    return run()
  }

  /// A file that was read from elsewhere, and the place that names it.
  private mutating func fileOutside(of roots: [String]) -> (path: String, place: String)? {
    let main = unit.mainFile()
    for file in unit.includedFiles() where file != main {
      let path = absolutePath(unit.path(of: file), in: workingDirectory)
      // The system's own directories are not searched for links: no change to a program makes them.
      let isSystem = roots.contains { $0.hasPrefix("/usr") && lies(path, in: $0) }
      if !isSystem, !isReadable(path, roots) { return (path, placeOfInclusion(of: file)) }
      if isSystem { continue }
      if let embedded = embeddedOutside(of: roots, in: file, path) { return embedded }
    }
    if let main {
      let path = absolutePath(unit.path(of: main), in: workingDirectory)
      return embeddedOutside(of: roots, in: main, path)
    }
    return nil
  }

  private func isReadable(_ path: String, _ roots: [String]) -> Bool {
    let real = realPath(path) ?? path
    return roots.contains { lies(real, in: $0) }
  }

  private func lies(_ path: String, in root: String) -> Bool {
    path == root || path.hasPrefix(root.hasSuffix("/") ? root : root + "/")
  }

  private mutating func placeOfInclusion(of file: ClangFile) -> String {
    guard let location = unit.inclusion(of: file) else { return "a flag" }
    return "\(reportedPath(location.path)):\(location.line)"
  }

  /// libclang does not list what `#embed` reads, so the directives are looked at.
  private mutating func embeddedOutside(
    of roots: [String], in file: ClangFile, _ path: String
  ) -> (path: String, place: String)? {
    let directory = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    let reported = reportedPath(path)
    for (name, line) in unit.withContents(of: file, { embeddedNames(in: $0) }) {
      guard let name else {
        return ("what a macro or the search path names", "\(reported):\(line)")
      }
      let embedded = absolutePath(name, in: directory)
      if !isReadable(embedded, roots) { return (embedded, "\(reported):\(line)") }
    }
    return nil
  }
}

/// The files that `#embed` directives name, with their lines; nil for a name that is not in quotes.
func embeddedNames(in text: Span<UInt8>) -> [(name: String?, line: Int)] {
  var found: [(name: String?, line: Int)] = []
  var line = 1
  var position = 0
  while position < text.count {
    let byte = text[position]
    if byte == UInt8(ascii: "\n") { line += 1 }
    position += 1
    // `#`, or the end of its other spellings `%:` and `??=`.
    guard byte == UInt8(ascii: "#") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "=") else {
      continue
    }
    var scan = DirectiveScan(position: position)
    guard scan.word(in: text) == Array("embed".utf8) else { continue }
    found.append((scan.quotedName(in: text), line))
  }
  return found
}

/// Reads what stands behind the sign of a directive; lines joined by a backslash are one.
private struct DirectiveScan {
  var position: Int

  private mutating func next(in text: Span<UInt8>) -> UInt8? {
    while position + 1 < text.count, text[position] == UInt8(ascii: "\\"),
      text[position + 1] == UInt8(ascii: "\n")
    {
      position += 2
    }
    return position < text.count ? text[position] : nil
  }

  private mutating func skipBlanks(in text: Span<UInt8>) {
    while let byte = next(in: text) {
      if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") {
        position += 1
      } else if byte == UInt8(ascii: "/"), position + 1 < text.count,
        text[position + 1] == UInt8(ascii: "*")
      {
        position += 2
        while position + 1 < text.count,
          text[position] != UInt8(ascii: "*") || text[position + 1] != UInt8(ascii: "/")
        {
          position += 1
        }
        position += 2
      } else {
        return
      }
    }
  }

  /// The next word.
  mutating func word(in text: Span<UInt8>) -> [UInt8] {
    skipBlanks(in: text)
    var word: [UInt8] = []
    while word.count < 6, let byte = next(in: text), isWord(byte) {
      word.append(byte)
      position += 1
    }
    return word
  }

  /// The name in quotes that follows.
  mutating func quotedName(in text: Span<UInt8>) -> String? {
    skipBlanks(in: text)
    guard next(in: text) == UInt8(ascii: "\"") else { return nil }
    position += 1
    var name: [UInt8] = []
    while let byte = next(in: text), byte != UInt8(ascii: "\"") {
      if byte == UInt8(ascii: "\n") { return nil }
      name.append(byte)
      position += 1
    }
    return String(decoding: name, as: UTF8.self)
  }
}
