// SPDX-License-Identifier: Apache-2.0

public import Findings

/// What became of a file between two commits.
public enum ChangeKind: Hashable, Sendable {
  /// It is new.
  case added
  /// Its content changed, or it became a link or a file.
  case modified
  /// It is gone.
  case deleted
  /// It is the file `from` under a new name, perhaps with changes.
  case renamed(from: String)
}

/// A file that differs between two commits.
public struct ChangedFile: Hashable, Sendable {
  /// The path at the head, or at the base for a deleted file; relative to the root, with `/`.
  public var path: String
  /// What became of it.
  public var kind: ChangeKind
  /// Whether it is a plain file on each side that has it; else a link or a submodule is involved.
  public var isRegular: Bool

  /// Makes a changed file.
  public init(path: String, kind: ChangeKind, isRegular: Bool = true) {
    self.path = path
    self.kind = kind
    self.isRegular = isRegular
  }

  /// Whether it is a C source by its name: the main file of a unit.
  public var isSource: Bool { path.hasSuffix(".c") }

  /// Whether it is a C header by its name.
  public var isHeader: Bool { path.hasSuffix(".h") }

  /// The last part of the path.
  public var name: String { baseName(of: path) }
}

/// Text that is not what `git` prints.
public struct MalformedInput: Error, Hashable, Sendable {
  /// What is wrong, in one line.
  public var reason: String

  /// Makes the error.
  public init(reason: String) { self.reason = reason }
}

/// The changed files in the output of `git diff-tree -r -z --raw -M`, in its order.
///
/// - Parameter output: fields that end with a zero byte: modes, objects and status of a file, then its
///   path, or two paths for a rename.
/// - Returns: one entry for each changed file.
/// - Throws: `MalformedInput` for a field that is not known, or a path that is missing.
public func changedFiles(raw output: some Sequence<UInt8>) throws(MalformedInput) -> [ChangedFile] {
  var fields = zeroTerminatedFields(output).makeIterator()
  func path() throws(MalformedInput) -> String {
    guard let path = fields.next() else {
      throw MalformedInput(reason: "git's list of changed files ends in the middle")
    }
    return path
  }
  var files: [ChangedFile] = []
  while let field = fields.next() {
    let words = field.split(separator: " ")
    guard words.count == 5, words[0].hasPrefix(":") else {
      throw MalformedInput(reason: "git's list of changed files has the unknown field '\(field)'")
    }
    var file = ChangedFile(path: try path(), kind: .modified)
    switch words[4].first {
    case "A": file.kind = .added
    case "M", "T": file.kind = .modified
    case "D": file.kind = .deleted
    case "R": file = ChangedFile(path: try path(), kind: .renamed(from: file.path))
    default:
      throw MalformedInput(reason: "git's list of changed files has the unknown field '\(field)'")
    }
    file.isRegular = [words[0].dropFirst(), words[1]].allSatisfy {
      $0.hasPrefix("100") || $0.allSatisfy { $0 == "0" }
    }
    files.append(file)
  }
  return files
}

/// The lines that a patch without context (`-U0`) adds or changes, by path.
///
/// For viewers only, which show what lies in a change: a path that git has to quote is left out.
public func changedLines(patch: String) -> [ChangedLines] {
  var files: [ChangedLines] = []
  var isHeader = true
  for line in patch.split(separator: "\n", omittingEmptySubsequences: false) {
    if line.hasPrefix("diff --git ") {
      isHeader = true
    } else if isHeader, line.hasPrefix("+++ b/") {
      var path = line.dropFirst("+++ b/".count)
      // git ends a name with blanks by a tab.
      if path.hasSuffix("\t") { path.removeLast() }
      files.append(ChangedLines(path: String(path), lines: []))
    } else if line.hasPrefix("@@ -"), let range = addedLines(hunk: line), !files.isEmpty {
      isHeader = false
      files[files.count - 1].lines.append(range)
    }
  }
  return files.filter { !$0.lines.isEmpty }
}

/// The lines `+c,d` of a hunk's head; nil where it only removes.
private func addedLines(hunk: Substring) -> ClosedRange<Int>? {
  let words = hunk.split(separator: " ")
  guard words.count > 2, words[2].hasPrefix("+") else { return nil }
  let numbers = words[2].dropFirst().split(separator: ",").map { Int($0) }
  guard let start = numbers.first ?? nil, start > 0 else { return nil }
  let count = (numbers.count > 1 ? numbers[1] : 1) ?? 0
  return count > 0 ? start...(start + count - 1) : nil
}

/// The fields of `git`'s `-z` output: each ends with a zero byte.
public func zeroTerminatedFields(_ output: some Sequence<UInt8>) -> [String] {
  var fields: [String] = []
  var field: [UInt8] = []
  for byte in output {
    if byte == 0 {
      fields.append(String(decoding: field, as: UTF8.self))
      field.removeAll(keepingCapacity: true)
    } else {
      field.append(byte)
    }
  }
  if !field.isEmpty { fields.append(String(decoding: field, as: UTF8.self)) }
  return fields
}

/// The part of a path after its last `/`.
public func baseName(of path: String) -> String {
  String(path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...])
}
