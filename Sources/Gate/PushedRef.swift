// SPDX-License-Identifier: Apache-2.0

/// A line that `git push` gives its `pre-push` hook: one ref that is to change at the remote.
///
/// See githooks(5), "pre-push".
public struct PushedRef: Hashable, Sendable {
  /// What the user named: a ref, `(delete)`, or any revision such as `HEAD~1`; for messages only.
  public var localRef: String
  /// The object that is pushed; zeros for a deletion.
  public var localObject: String
  /// The ref at the remote.
  public var remoteRef: String
  /// What the remote ref names now; zeros where it does not exist.
  public var remoteObject: String

  /// Makes a pushed ref.
  public init(localRef: String, localObject: String, remoteRef: String, remoteObject: String) {
    self.localRef = localRef
    self.localObject = localObject
    self.remoteRef = remoteRef
    self.remoteObject = remoteObject
  }

  /// Whether the push removes the remote ref.
  public var isDeletion: Bool { isZero(localObject) }

  /// Whether the remote ref is a tag.
  public var isTag: Bool { remoteRef.hasPrefix("refs/tags/") }

  /// Whether the remote does not have the ref yet.
  public var isNew: Bool { isZero(remoteObject) }

  /// The branch at the remote, without `refs/heads/`; nil for other refs.
  public var branch: String? {
    remoteRef.hasPrefix("refs/heads/") ? String(remoteRef.dropFirst("refs/heads/".count)) : nil
  }

  /// Reads the lines of a push.
  ///
  /// - Parameter input: the whole standard input of the hook; empty when nothing is to be pushed.
  /// - Returns: one entry for each line.
  /// - Throws: `MalformedInput` for a line that is not four fields with two object names.
  public static func parse(_ input: String) throws(MalformedInput) -> [PushedRef] {
    var refs: [PushedRef] = []
    for line in input.split(separator: "\n") {
      let fields = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      guard fields.count == 4, isObjectName(fields[1]), isObjectName(fields[3]) else {
        throw MalformedInput(reason: "not a line of git's pre-push protocol: '\(line)'")
      }
      refs.append(
        PushedRef(
          localRef: fields[0], localObject: fields[1], remoteRef: fields[2],
          remoteObject: fields[3]))
    }
    return refs
  }
}

extension PushedRef {
  /// Reads the lines that git gives its `pre-receive` hook: old object, new object and ref.
  public static func parse(received: String) throws(MalformedInput) -> [PushedRef] {
    var refs: [PushedRef] = []
    for line in received.split(separator: "\n") {
      let fields = line.split(separator: " ", maxSplits: 2).map(String.init)
      guard fields.count == 3, isObjectName(fields[0]), isObjectName(fields[1]) else {
        throw MalformedInput(reason: "not a line of git's pre-receive protocol: '\(line)'")
      }
      refs.append(
        PushedRef(
          localRef: fields[2], localObject: fields[1], remoteRef: fields[2],
          remoteObject: fields[0]))
    }
    return refs
  }
}

/// Whether `text` is a full object name: 40 hexadecimal digits for SHA-1, 64 for SHA-256.
public func isObjectName(_ text: String) -> Bool {
  (text.utf8.count == 40 || text.utf8.count == 64)
    && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
}

private func isZero(_ object: String) -> Bool { object.utf8.allSatisfy { $0 == 0x30 } }
