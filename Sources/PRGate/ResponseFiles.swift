// SPDX-License-Identifier: Apache-2.0

import Foundation

/// Response files: `@file` on a compiler's command line stands for the words in the file.
enum ResponseFiles {
  /// Files inside files.
  static let depthLimit = 8
  /// Bytes of all files of a command together.
  static let sizeLimit = 1 << 20

  /// The words of a command with every response file replaced by its content; relative names start at
  /// the directory of the command.
  ///
  /// A file must lie, by its real name, in the project or where the build works: the database may be a
  /// part of the judged change, and what a response file says can appear in notes.
  static func expand(_ command: CompileCommand) throws(CompilerFlags.Refusal) -> [String] {
    guard command.arguments.contains(where: { $0.hasPrefix("@") }) else { return command.arguments }
    var expansion = Expansion(
      directory: command.directory,
      roots: ReadableRoots.ofBuild(in: command.directory, file: command.file))
    try expansion.append(command.arguments)
    return expansion.words
  }
}

private struct Expansion {
  let directory: String
  let roots: [String]
  var words: [String] = []
  var open: [String] = []
  var size = 0

  mutating func append(_ more: [String]) throws(CompilerFlags.Refusal) {
    for word in more {
      guard word.hasPrefix("@"), word.utf8.count > 1 else {
        words.append(word)
        continue
      }
      try appendFile(Paths.absolute(String(word.dropFirst()), in: directory))
    }
  }

  private mutating func appendFile(_ path: String) throws(CompilerFlags.Refusal) {
    let path = Paths.canonical(path)
    guard roots.contains(where: { path.hasPrefix($0 + "/") }) else {
      throw refusal(path, "lies outside of the project and its build directory")
    }
    guard !open.contains(path) else { throw refusal(path, "contains itself") }
    guard open.count < ResponseFiles.depthLimit else {
      throw refusal(path, "is nested deeper than \(ResponseFiles.depthLimit) files")
    }
    // The size is asked first: a device or a huge file is never read.
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    guard attributes?[.type] as? FileAttributeType == .typeRegular,
      let length = attributes?[.size] as? Int
    else { throw refusal(path, "is not there; build the project first") }
    size += length
    guard size <= ResponseFiles.sizeLimit else {
      throw refusal(path, "brings more than \(ResponseFiles.sizeLimit >> 10) KiB of flags")
    }
    guard let data = FileManager.default.contents(atPath: path) else {
      throw refusal(path, "cannot be read; check its permissions")
    }
    let inner: [String]
    do {
      inner = try ShellWords.split(String(decoding: data, as: UTF8.self))
    } catch {
      throw refusal(path, "ends inside a quotation")
    }
    open.append(path)
    try append(inner)
    open.removeLast()
  }

  private func refusal(_ path: String, _ problem: String) -> CompilerFlags.Refusal {
    CompilerFlags.Refusal(reason: "its response file '\(path)' \(problem)")
  }
}
