// SPDX-License-Identifier: Apache-2.0

import Synchronization

/// The arguments of a compile command as the parser gets them.
struct CompilerFlags: Hashable, Sendable {
  /// Why a unit cannot be analysed with the flags that its build uses.
  struct Refusal: Error, Hashable {
    /// One line that names the flag.
    var reason: String
  }

  /// The flags for the parser, without the compiler's name and the main file.
  private(set) var arguments: [String] = []
  /// Flags of the build's compiler that were dropped and do not change what the code means.
  private(set) var dropped: [String] = []
  /// Flags that prgate does not know and dropped.
  private(set) var unknown: [String] = []

  /// The flags of `command` by the rules of `CompilerFlagTable`, response files expanded.
  init(of command: CompileCommand) throws(Refusal) {
    var paths = PathMemory()
    try self.init(of: command, paths: &paths)
  }

  /// The same for one of many commands, which share what is known of paths.
  init(of command: CompileCommand, paths: inout PathMemory) throws(Refusal) {
    let words = try ResponseFiles.expand(command)
    if let target = Self.target(ofCompiler: command.arguments) { arguments.append(target) }
    var reader = WordReader(words: words.dropFirst())
    while let word = reader.next() {
      if word == "--" { break }
      // Words that are no flags are inputs or, before the first flag, a launcher such as ccache.
      guard word.hasPrefix("-"), word != "-" else { continue }
      try read(word, reader: &reader, directory: command.directory, &paths)
    }
  }

  private mutating func read(
    _ word: String, reader: inout WordReader, directory: String, _ paths: inout PathMemory
  ) throws(Refusal) {
    // `-Wp,a,b` and `-Xpreprocessor a` carry flags for the preprocessor.
    if word.hasPrefix("-Wp,") {
      reader.push(word.dropFirst(4).split(separator: ",").map(String.init))
      return
    }
    if word == "-Xpreprocessor" { return }
    if word.hasPrefix("-x") {
      let language = word == "-x" ? reader.next() ?? "" : String(word.dropFirst(2))
      guard ["c", "none", "cpp-output", "c-header"].contains(language) else {
        throw Refusal(reason: "it is compiled as '\(language)', not as C ('-x')")
      }
      return
    }
    guard let row = Self.row(for: word) else {
      unknown.append(word)
      return
    }
    try apply(row, to: word, reader: &reader, directory: directory, &paths)
  }

  private mutating func apply(
    _ row: FlagRow, to word: String, reader: inout WordReader, directory: String,
    _ paths: inout PathMemory
  ) throws(Refusal) {
    // Flag and value as two words where they came as two words.
    var value: String?
    let isSeparate = row.value == .separate || row.value == .joinedOrSeparate && word == row.name
    if isSeparate {
      guard let next = reader.next() else {
        throw Refusal(reason: "its flag '\(word)' lacks a value")
      }
      value = next
    } else if row.value != .none {
      value = String(word.dropFirst(row.name.count))
    }
    switch row.treatment {
    case .keep:
      keep(row.name, value, isSeparate)
    case .keepPath:
      keep(row.name, value.map { paths.path($0, in: directory) }, isSeparate)
    case .keepHeader:
      keep(row.name, value.map { paths.header($0, in: directory) }, true)
    case .replace(let name):
      keep(name, value, isSeparate)
    case .drop:
      break
    case .dropNoted:
      dropped.append(word)
    case .refuse where KernelTree.isOwnPlugin(word):
      dropped.append(word)
    case .refuse(let reason):
      throw Refusal(reason: "its flag '\(word)' is refused: \(reason)")
    }
  }

  private mutating func keep(_ name: String, _ value: String?, _ isSeparate: Bool) {
    arguments += isSeparate ? [name, value ?? ""] : [name + (value ?? "")]
  }

  /// The row for a word: the exact name, else the longest prefix that takes a joined value.
  static func row(for word: String) -> FlagRow? {
    knownRows.withLock { known in
      if let row = known[word] { return row }
      let row = find(word)
      known.updateValue(row, forKey: word)
      return row
    }
  }

  /// The rows of words that came before: units of a build share most of their flags.
  private static let knownRows = Mutex<[String: FlagRow?]>([:])

  private static func find(_ word: String) -> FlagRow? {
    if let row = exactRows[word] { return row }
    var name = Substring(word)
    while name.count > 1 {
      name.removeLast()
      if let row = prefixRows[String(name)] { return row }
    }
    return nil
  }

  private static let exactRows: [String: FlagRow] = Dictionary(
    CompilerFlagTable.rows.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })

  private static let prefixRows: [String: FlagRow] = Dictionary(
    CompilerFlagTable.rows.lazy
      .filter { $0.value == .joined || $0.value == .joinedOrSeparate }.map { ($0.name, $0) },
    uniquingKeysWith: { first, _ in first })

  /// The target that a cross compiler's name stands for: `arm-linux-gnueabi-gcc-12` compiles for
  /// `arm-linux-gnueabi`; nil for a native one or where a flag decides.
  private static func target(ofCompiler arguments: [String]) -> String? {
    guard !arguments.contains(where: { $0 == "-target" || $0.hasPrefix("--target") }) else {
      return nil
    }
    // A launcher such as ccache may come first.
    return arguments.prefix { !$0.hasPrefix("-") }.lazy.compactMap(targetPrefix).first
      .map { "--target=" + $0 }
  }

  private static func targetPrefix(of compiler: String) -> String? {
    var parts = compiler.split(separator: "/").last?.split(separator: "-") ?? []
    if let last = parts.last, last.allSatisfy({ $0.isNumber || $0 == "." }) { parts.removeLast() }
    guard let driver = parts.popLast(), ["gcc", "cc", "clang"].contains(driver) else { return nil }
    return parts.count >= 2 ? parts.joined(separator: "-") : nil
  }
}

/// Where the paths in flags lead; each is looked at once.
struct PathMemory {
  private struct Key: Hashable {
    var value: String
    var directory: String
  }

  private var paths: [Key: String] = [:]
  private var headers: [Key: String] = [:]

  /// A search path made absolute and without links, so that file names in the parser's answers are so
  /// too; `=` stands for the system root.
  mutating func path(_ value: String, in directory: String) -> String {
    let key = Key(value: value, directory: directory)
    if let known = paths[key] { return known }
    let path = value.hasPrefix("=") ? value : Paths.canonical(value, in: directory)
    paths[key] = path
    return path
  }

  /// A header that is read before the file: of the directory where it lies there, else of the search
  /// path.
  mutating func header(_ value: String, in directory: String) -> String {
    let key = Key(value: value, directory: directory)
    if let known = headers[key] { return known }
    let path = Paths.canonical(value, in: directory)
    let header = Paths.isFile(path) ? path : value
    headers[key] = header
    return header
  }
}

/// Words read from the front, with room for more in front.
private struct WordReader {
  private var words: [String]

  init(words: some Collection<String>) { self.words = words.reversed() }

  mutating func next() -> String? { words.popLast() }

  mutating func push(_ more: [String]) { words += more.reversed() }
}
