// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Gate
import Yams

/// `.prgate.yml`: the policy of a project.
enum PolicyFile {
  /// The file in the root of the repository.
  static let name = ".prgate.yml"

  private static let sizeLimit = 256 << 10
  private static let nodeLimit = 20_000

  /// Reads a policy; an error calls the file `place`.
  static func read(_ content: some Collection<UInt8>, place: String) throws(CommandFailure)
    -> Policy
  {
    guard content.count <= sizeLimit else {
      throw .usage("\(place): larger than \(sizeLimit >> 10) KiB; that is no policy")
    }
    let document: ConfigurationNode
    do {
      guard let node = try Yams.compose(yaml: String(decoding: content, as: UTF8.self)) else {
        throw PolicyError(line: 1, reason: "it is empty; write 'version: 1', or remove it")
      }
      var count = 0
      document = try convert(node, count: &count)
    } catch let error as PolicyError {
      throw failure(error, place)
    } catch let error as YamlError {
      throw failure(PolicyError(error), place)
    } catch {
      throw failure(PolicyError(line: 1, reason: "it is no YAML"), place)
    }
    do {
      return try Policy(reading: document, ruleIDs: RuleSet.all.map(\.id))
    } catch {
      throw failure(error, place)
    }
  }

  /// The policy in the work tree; nil where there is none.
  static func ofWorkTree(_ root: String) throws(CommandFailure) -> Policy? {
    let path = root + "/" + name
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    guard let content = FileManager.default.contents(atPath: path) else {
      throw .usage("\(name): cannot be read; check who may")
    }
    return try read(content, place: name)
  }

  private static func failure(_ error: PolicyError, _ place: String) -> CommandFailure {
    .usage("\(place):\(error.line): \(error.reason)")
  }

  /// Keeps what a policy needs of YAML: plain values, lists and mappings.
  ///
  /// What aliases stand for comes as copies here, so the count of values is bounded.
  private static func convert(
    _ node: Node, count: inout Int
  ) throws(PolicyError) -> ConfigurationNode {
    let line = node.mark?.line ?? 1
    count += 1
    guard count <= nodeLimit else {
      throw PolicyError(line: line, reason: "more than \(nodeLimit) values; that is no policy")
    }
    switch node {
    case .scalar(let scalar): return .scalar(scalar.string, line: line)
    case .sequence(let sequence):
      var elements: [ConfigurationNode] = []
      for element in sequence { elements.append(try convert(element, count: &count)) }
      return .list(elements, line: line)
    case .mapping(let mapping):
      var members: [ConfigurationMember] = []
      for (key, value) in mapping {
        guard case .scalar(let scalar) = key else {
          throw PolicyError(line: line, reason: "a key is no plain text; write 'key: value'")
        }
        members.append(
          ConfigurationMember(
            key: scalar.string, line: key.mark?.line ?? line,
            value: try convert(value, count: &count)))
      }
      return .mapping(members, line: line)
    case .alias:
      throw PolicyError(line: line, reason: "aliases are not used here; write the value out")
    }
  }
}

extension PolicyError {
  /// What the reader of YAML says, in one line.
  fileprivate init(_ error: YamlError) {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      self.init(line: mark.line, reason: problem)
    case .duplicatedKeysInMapping(let keys, let context):
      let names = keys.map { "'\($0)'" }.joined(separator: ", ")
      self.init(line: context.mark.line, reason: "\(names) is there twice; keep one")
    default: self.init(line: 1, reason: "it is no YAML")
    }
  }
}
