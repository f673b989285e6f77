// SPDX-License-Identifier: Apache-2.0

import Foundation
import Synchronization
import SystemPackage

/// A `compile_commands.json`: the compile commands of a build.
///
/// Its form is clang's "JSON Compilation Database". A database that cannot be read as a whole, or
/// that contradicts itself, is an error: half of one would be a guess.
struct CompilationDatabase: Sendable {
  /// Bytes that a database may have.
  static let sizeLimit = 256 << 20
  /// The file's name in a build directory.
  static let fileName = "compile_commands.json"

  /// The file that it was read from.
  let path: String
  /// The commands in the order of the file.
  let commands: [CompileCommand]
  private let index = FileIndex()

  /// Reads the database at `path`, which may be the file or the directory that holds it.
  init(at path: String) throws(CommandFailure) {
    let file = Paths.isDirectory(path) ? Paths.absolute(Self.fileName, in: path) : path
    try self.init(contents: Self.read(file), path: file)
  }

  /// Takes the contents of the file that is, or was, at `path`.
  init(contents: Data, path file: String) throws(CommandFailure) {
    path = file
    let rows = try Self.decode(contents, path: file)
    let base = Paths.absolute("..", in: file)
    var commands: [CompileCommand] = []
    var directories = DirectoryMemory()
    for (index, row) in rows.enumerated() {
      do {
        commands.append(try row.command(relativeTo: base, &directories))
      } catch {
        throw .usage("\(file): entry \(index + 1): \(error.reason); make the database anew")
      }
    }
    self.commands = commands
  }

  /// All commands that compile `file`, in the order of the database.
  func commands(for file: String) -> [CompileCommand] {
    index.rows(of: Paths.canonical(file), in: commands).map { commands[$0] }
  }

  /// The contents of the file of a database.
  static func read(_ file: String) throws(CommandFailure) -> Data {
    guard FileManager.default.fileExists(atPath: file) else {
      throw .usage("\(file): no such file; \(recipes)")
    }
    let attributes = try? FileManager.default.attributesOfItem(atPath: file)
    guard let size = attributes?[.size] as? Int, size <= sizeLimit else {
      throw .usage("\(file): larger than \(sizeLimit >> 20) MiB; give a smaller one with -p")
    }
    guard let data = FileManager.default.contents(atPath: file) else {
      throw .usage("\(file): cannot be read; check its permissions")
    }
    return data
  }

  private static func decode(_ data: Data, path: String) throws(CommandFailure) -> [DatabaseRow] {
    do {
      return try JSONDecoder().decode([DatabaseRow].self, from: data)
    } catch let error as DecodingError {
      throw .usage("\(path): \(describe(error)); make the database anew")
    } catch {
      throw .usage("\(path): not a compilation database: \(error); make the database anew")
    }
  }

  /// What a database is made with, for messages.
  static let recipes =
    "make one with 'cmake -DCMAKE_EXPORT_COMPILE_COMMANDS=ON', 'bear -- make' or, in a kernel tree, "
    + "'make compile_commands.json'"
}

/// Directories that were looked up: most rows of a database share them.
private struct DirectoryMemory {
  private var known: [String: String] = [:]

  /// See `Paths.canonical`.
  mutating func canonical(_ path: String, in directory: String) -> String {
    let path = FilePath(directory).pushing(FilePath(path)).string
    if let directory = known[path] { return directory }
    let directory = Paths.canonical(path)
    known[path] = directory
    return directory
  }

  /// See `Paths.resolvingDirectory`.
  mutating func resolvingDirectory(of path: String) -> String {
    let path = FilePath(path)
    guard let name = path.lastComponent else { return path.string }
    return FilePath(canonical(path.removingLastComponent().string, in: "/")).appending(name).string
  }
}

/// Rows of a database by the files that they compile.
///
/// A class that works it out when it is asked first: every file has to be looked up on the disk, and a run
/// over the whole database has no need of it.
private final class FileIndex: Sendable {
  private let rows = Mutex<[String: [Int]]?>(nil)

  /// The rows that compile the file of that canonical path, in their order.
  func rows(of path: String, in commands: [CompileCommand]) -> [Int] {
    rows.withLock { known in
      if let known { return known[path] ?? [] }
      var made: [String: [Int]] = [:]
      for (row, command) in commands.enumerated() {
        made[Paths.canonical(command.file), default: []].append(row)
      }
      known = made
      return made[path] ?? []
    }
  }
}

/// An entry as it stands in the file.
private struct DatabaseRow: Decodable {
  var directory: String
  var file: String
  var arguments: [String]?
  var command: String?

  struct Contradiction: Error {
    var reason: String
  }

  func command(
    relativeTo base: String, _ directories: inout DirectoryMemory
  ) throws(Contradiction) -> CompileCommand {
    let words = try self.words()
    for text in [directory, file] + words {
      guard !text.utf8.contains(0) else { throw Contradiction(reason: "contains a zero byte") }
    }
    for text in [directory, file] where text.utf8.contains(UInt8(ascii: "\n")) {
      throw Contradiction(reason: "contains a line break in a path")
    }
    guard !file.isEmpty else { throw Contradiction(reason: "has an empty \"file\"") }
    let directory = directories.canonical(directory, in: base)
    let command = CompileCommand(
      directory: directory,
      file: directories.resolvingDirectory(of: Paths.absolute(file, in: directory)),
      arguments: words)
    if let other = command.otherSource {
      throw Contradiction(reason: "is for \(file), but its command compiles \(other)")
    }
    return command
  }

  private func words() throws(Contradiction) -> [String] {
    let split: [String]?
    do {
      split = try command.map { text throws(ShellWords.UnterminatedQuote) in
        try ShellWords.split(text)
      }
    } catch {
      throw Contradiction(reason: "has a \"command\" that ends inside a quotation")
    }
    if let arguments, let split, arguments != split {
      throw Contradiction(reason: "has \"arguments\" and \"command\" that differ")
    }
    guard let words = arguments ?? split else {
      throw Contradiction(reason: "has neither \"arguments\" nor \"command\"")
    }
    guard !words.isEmpty else { throw Contradiction(reason: "has an empty command") }
    return words
  }
}

extension CompileCommand {
  /// A C source that the command compiles in place of `file`; nil where it names `file`, or none.
  fileprivate var otherSource: String? {
    var other: String?
    for word in arguments.dropFirst() where !word.hasPrefix("-") && word.hasSuffix(".c") {
      let path = Paths.absolute(word, in: directory)
      if path == file || Paths.canonical(path) == Paths.canonical(file) { return nil }
      // The value of an option may look like a source too (-MT x.c); only a real file contradicts.
      if FileManager.default.fileExists(atPath: path) { other = word }
    }
    return other
  }
}

private func describe(_ error: DecodingError) -> String {
  let path: [any CodingKey]
  let problem: String
  switch error {
  case .keyNotFound(let key, let context):
    (path, problem) = (context.codingPath, "has no \"\(key.stringValue)\"")
  case .typeMismatch(_, let context), .valueNotFound(_, let context):
    let field = context.codingPath.last { $0.intValue == nil }?.stringValue
    (path, problem) = (
      context.codingPath, field.map { "has a \"\($0)\" of the wrong type" } ?? "is not an object"
    )
  case .dataCorrupted(let context):
    let detail = (context.underlyingError as NSError?)?.userInfo["NSDebugDescription"] as? String
    return "not valid JSON" + (detail.map { ": " + $0.trimmingSuffix(".") } ?? "")
  @unknown default:
    return "not a compilation database"
  }
  guard let index = path.first(where: { $0.intValue != nil })?.intValue else {
    return "not a list of entries"
  }
  return "entry \(index + 1) \(problem)"
}

extension String {
  fileprivate func trimmingSuffix(_ suffix: String) -> String {
    hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
  }
}
