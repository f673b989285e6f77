// SPDX-License-Identifier: Apache-2.0

import Analysis
import Foundation
import Models
import Yams

/// Users' own models: a YAML mapping from the name of a function to its clauses, see docs/models.md.
///
///     buf_append: |
///       read 1 #2
///       ret upto #2 or fail
///     xmalloc: ["ret memory #0"]
enum ModelFile {
  /// Reads a file of the work tree.
  static func read(_ path: String) throws(CommandFailure) -> [FunctionModel] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .usage("\(path): the model file cannot be read; name a file that is there")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw .usage("\(path): the model file is not UTF-8; save it as UTF-8")
    }
    return try parse(text, path: path)
  }

  /// Reads the text of a file; errors name the path, the line and the nearest known word.
  static func parse(_ text: String, path: String) throws(CommandFailure) -> [FunctionModel] {
    let root: Node?
    do {
      root = try compose(yaml: text)
    } catch {
      throw .usage("\(path): \(problem(error)); a model file is a mapping of names to clauses")
    }
    guard let root else { return [] }
    guard case .mapping(let mapping) = root else {
      throw .usage("\(path):\(line(root)): a model file is a mapping of names to clauses")
    }
    var models: [FunctionModel] = []
    for (key, value) in mapping {
      guard case .scalar(let name) = key, isName(name.string) else {
        throw .usage("\(path):\(line(key)): a model starts with the name of a function")
      }
      models.append(try model(name.string, value, path: path))
    }
    return models
  }

  private static func model(
    _ name: String, _ node: Node, path: String
  ) throws(CommandFailure) -> FunctionModel {
    var text: [String] = []
    for (clause, line) in try clauses(node, path: path) {
      do {
        _ = try parseModel(name: name, clause)
      } catch {
        throw .usage("\(path):\(line): \(error.message)\(hint(node))")
      }
      text.append(clause)
    }
    do {
      return try parseModel(name: name, text.joined(separator: ";"))
    } catch {
      throw .usage("\(path):\(line(node)): \(error.message)")
    }
  }

  /// The clauses of a model with their lines.
  private static func clauses(
    _ node: Node, path: String
  ) throws(CommandFailure) -> [(clause: String, line: Int)] {
    switch node {
    case .scalar(let scalar):
      // The lines of a block start below its indicator.
      let isBlock = scalar.style == .literal || scalar.style == .folded
      let first = line(node) + (isBlock ? 1 : 0)
      var result: [(String, Int)] = []
      for (offset, line) in scalar.string.components(separatedBy: "\n").enumerated() {
        for clause in line.components(separatedBy: ";") {
          let clause = clause.trimmingCharacters(in: .whitespaces)
          if !clause.isEmpty { result.append((clause, first + (isBlock ? offset : 0))) }
        }
      }
      return result
    case .sequence(let sequence):
      var result: [(String, Int)] = []
      for node in sequence { result += try clauses(node, path: path) }
      return result
    case .mapping, .alias:
      throw .usage("\(path):\(line(node)): a model is a text or a list of clauses")
    }
  }

  /// ` #` starts a comment in plain YAML, so that a size is easily lost.
  private static func hint(_ node: Node) -> String {
    switch node {
    case .scalar(let scalar) where scalar.style == .plain:
      "; quote the clause, for ' #' starts a comment in YAML"
    case .sequence(let sequence):
      sequence.contains { $0.scalar?.style == .plain }
        ? "; quote the clause, for ' #' starts a comment in YAML" : ""
    default: ""
    }
  }

  private static func line(_ node: Node) -> Int { node.mark?.line ?? 1 }

  private static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
    return text.utf8.allSatisfy {
      (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
        || $0 == 0x5f
    }
  }

  /// The first line of what the YAML reader says.
  private static func problem(_ error: any Error) -> String {
    let text = String(describing: error)
    return text.split(separator: "\n").first.map(String.init) ?? "is not YAML"
  }
}
