// SPDX-License-Identifier: Apache-2.0

/// A file that a unit read.
public struct RecordedFile: Hashable, Sendable {
  /// The path as the analysis reports it: relative to the repository root, else absolute.
  public var path: String
  /// SHA-256 of the content that was read, 64 hexadecimal digits.
  public var contentHash: String
  /// Whether the file is one of the commit; else it is a build product or lies outside.
  public var isTracked: Bool
  /// Base names that the text asks for with `__has_include`, sorted; `*` where it asks with a macro.
  public var probes: [String]

  /// Makes a row.
  public init(path: String, contentHash: String, isTracked: Bool, probes: [String]) {
    self.path = path
    self.contentHash = contentHash
    self.isTracked = isTracked
    self.probes = probes
  }

  /// The last part of the path.
  fileprivate var name: Substring { lastComponent(of: path) }
}

/// What one unit read when it was analysed.
public struct IncludeRecord: Hashable, Sendable {
  /// The unit: a hash of its file and flags.
  public var unit: String
  /// The git tree of the commit that it was analysed at.
  public var tree: String
  /// All files that were read, by path.
  public var files: [RecordedFile]

  /// Makes a record.
  public init(unit: String, tree: String, files: [RecordedFile]) {
    self.unit = unit
    self.tree = tree
    self.files = files
  }
}

/// A path that differs between the tree of a record and the tree that is judged.
public struct PathChange: Hashable, Sendable {
  /// What became of it.
  public enum Kind: Hashable, Sendable {
    /// It is in the judged tree only.
    case appeared
    /// It is in the tree of the record only.
    case disappeared
    /// Its content differs.
    case modified
    /// It is, or was, no regular file: a link can redirect any look-up beneath it.
    case irregular
  }

  /// The path relative to the root.
  public var path: String
  /// What became of it.
  public var kind: Kind

  /// Makes a change.
  public init(path: String, kind: Kind) {
    self.path = path
    self.kind = kind
  }

  fileprivate var name: Substring { lastComponent(of: path) }
}

extension IncludeRecord {
  /// Whether the unit may read something else than it read, so that it has to be analysed again.
  ///
  /// The answer is "no" only if every file that the unit read is the same, and no path that appeared or
  /// disappeared has the base name of a file that it read or asked for: with the same texts and flags
  /// the preprocessor makes the same look-ups, and those names are all that it can look up. Files
  /// outside the commit that appear without being read before are not seen.
  ///
  /// - Parameters:
  ///   - changes: all differences between the record's tree and the judged one.
  ///   - contentHash: the hash of the present content of a file that is not tracked; nil where it is
  ///     gone.
  /// - Returns: whether the unit has to be analysed.
  public func isReached(
    by changes: [PathChange], contentHash: (_ path: String) -> String?
  ) -> Bool {
    let paths = Set(files.map(\.path))
    let names = Set(files.map(\.name))
    let probes = Set(files.flatMap(\.probes))
    let isReached = changes.contains { change in
      switch change.kind {
      case .irregular: true
      case .modified: paths.contains(change.path)
      case .appeared, .disappeared:
        paths.contains(change.path) || names.contains(change.name)
          || probes.contains(String(change.name)) || probes.contains("*")
      }
    }
    if isReached { return true }
    return files.contains { !$0.isTracked && contentHash($0.path) != $0.contentHash }
  }

  /// The base names that a text asks for with `__has_include` or `__has_include_next`.
  ///
  /// Comments are not skipped: a name too many costs an analysis, one too few would hide a change.
  ///
  /// - Returns: sorted names without repetition; `*` stands for a name that a macro makes.
  public static func probes(in text: some Collection<UInt8>) -> [String] {
    let bytes = ContiguousArray(text)
    let marker = ContiguousArray("__has_include".utf8)
    var names: Set<String> = []
    var index = 0
    while index + marker.count < bytes.count {
      guard bytes[index] == marker[0],
        bytes[index..<index + marker.count].elementsEqual(marker)
      else {
        index += 1
        continue
      }
      index += marker.count
      if let name = operand(of: bytes, from: index) { names.insert(name) }
    }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

private func lastComponent(of path: String) -> Substring {
  path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
}

/// The base name in the parentheses that follow; `*` for a macro, nil where none are asked.
private func operand(of bytes: ContiguousArray<UInt8>, from start: Int) -> String? {
  var index = start
  func skipBlanks() {
    while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
  }
  for byte in "_next".utf8 {
    guard index < bytes.count, bytes[index] == byte else { break }
    index += 1
  }
  skipBlanks()
  // `#ifdef __has_include` and `defined(__has_include)` ask for nothing.
  guard index < bytes.count, bytes[index] == UInt8(ascii: "(") else { return nil }
  index += 1
  skipBlanks()
  guard index < bytes.count else { return "*" }
  let close: UInt8
  switch bytes[index] {
  case UInt8(ascii: "<"): close = UInt8(ascii: ">")
  case UInt8(ascii: "\""): close = UInt8(ascii: "\"")
  default: return "*"
  }
  let rest = bytes[(index + 1)...].prefix { $0 != close && $0 != 0x0A }
  let name = rest.split(separator: UInt8(ascii: "/")).last ?? []
  return name.isEmpty ? "*" : String(decoding: name, as: UTF8.self)
}
