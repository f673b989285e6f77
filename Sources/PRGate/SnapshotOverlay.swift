// SPDX-License-Identifier: Apache-2.0

import Foundation

/// A virtual file system in which a snapshot takes the place of the repository.
///
/// It is clang's redirecting file system (`-ivfsoverlay`). Found out with libclang 19.1, and kept
/// by tests:
///
/// - In the mode `redirect-only` only what is listed exists; the modes that fall through read an
///   untracked header from the work tree without a word. So `/usr` and the other directories that the
///   compiler needs are listed as themselves, and only those.
/// - The roots must be one nested tree. Several roots work until one of them is `/`: libclang then
///   crashes while it reads the file.
/// - A path is looked up in the entries of a directory in their order, and the first that has it wins. A
///   `directory-remap` has every path beneath it, whether the file is there or not. So ignored files,
///   as themselves, come before the remapped root, and the root before a directory around it.
/// - `..` is resolved by name before the look-up, as the directory that is mapped need not exist.
/// - With `use-external-names: false` files keep their names in the repository, which are what the
///   findings show.
/// - A working directory that is not listed is no obstacle: relative names start there all the same.
/// - The repository under another name (through a symbolic link) is not listed, so it is not there.
struct SnapshotOverlay: Sendable {
  /// Top directories of systems that hold compilers and headers.
  static let systemDirectories = [
    "/usr", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix", "/gnu",
  ]

  /// What is never read as C: objects, libraries and what builds note beside them.
  ///
  /// A build leaves thousands of them.
  private static let objectSuffixes = [
    ".o", ".a", ".so", ".ko", ".d", ".cmd", ".lo", ".la", ".gcno", ".gcda", ".obj", ".su", ".mod",
    ".order", ".symvers", ".pyc",
  ]

  private var tree = Node()

  /// Lists what exists for the compiler.
  ///
  /// - Parameters:
  ///   - snapshot: the files that take the place of the repository.
  ///   - root: the repository.
  ///   - ignored: paths relative to the root that git ignores; directories end with `/`.
  ///   - visible: directories and files outside the repository that compile commands name.
  init(snapshot: Snapshot, root: String, ignored: [String], visible: [String]) {
    for path in Set(Self.systemDirectories + visible) where Self.isOutside(path, root: root) {
      tree.map(path, to: path, isDirectory: Paths.isDirectory(path))
    }
    for path in ignored
    where !Self.isObject(path) && !snapshot.has(path) {
      let isDirectory = path.hasSuffix("/")
      let full = root + "/" + (isDirectory ? String(path.dropLast()) : path)
      tree.map(full, to: full, isDirectory: isDirectory)
    }
    tree.map(root, to: snapshot.directory, isDirectory: true)
  }

  /// Whether a product of a build is not shown.
  static func isObject(_ path: String) -> Bool {
    objectSuffixes.contains(where: path.hasSuffix)
  }

  /// The overlay file: YAML, of which this is the JSON part.
  func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
    return try encoder.encode(
      File(roots: [Entry(type: "directory", name: "/", contents: tree.entries)]))
  }

  /// Whether a path exists and is not, under whatever name, in the repository or around it.
  private static func isOutside(_ path: String, root: String) -> Bool {
    guard path.hasPrefix("/"), FileManager.default.fileExists(atPath: path) else { return false }
    let real = Paths.canonical(path)
    let isAround = real == "/" || root == real || root.hasPrefix(real + "/")
    // A directory around the repository is listed under its own name only: there the repository
    // within it comes first.
    if isAround { return real != "/" && path == real && path != root }
    return !real.hasPrefix(root + "/")
  }
}

/// A directory of the virtual file system.
private struct Node: Sendable {
  private struct Mapping {
    var target: String
    var isDirectory: Bool
  }

  private var children: [String: Node] = [:]
  private var mapping: Mapping?

  /// Lets `path` stand for `target`.
  mutating func map(_ path: String, to target: String, isDirectory: Bool) {
    map(path.split(separator: "/")[...], Mapping(target: target, isDirectory: isDirectory))
  }

  private mutating func map(_ parts: ArraySlice<Substring>, _ mapping: Mapping) {
    guard let first = parts.first else {
      self.mapping = mapping
      return
    }
    children[String(first), default: Node()].map(parts.dropFirst(), mapping)
  }

  /// The entries by name; what is listed beneath a directory comes before the directory as a whole.
  var entries: [Entry] {
    children.sorted { Paths.isOrderedBefore($0.key, $1.key) }.flatMap { name, node in
      var entries: [Entry] = []
      if !node.children.isEmpty {
        entries.append(Entry(type: "directory", name: name, contents: node.entries))
      }
      if let mapping = node.mapping {
        entries.append(
          Entry(
            type: mapping.isDirectory ? "directory-remap" : "file", name: name,
            target: mapping.target))
      }
      return entries
    }
  }
}

/// The overlay file in clang's words.
private struct File: Encodable {
  var version = 0
  var caseSensitive = "true"
  var mode = "redirect-only"
  var useExternalNames = "false"
  var roots: [Entry]

  enum CodingKeys: String, CodingKey {
    case version, roots
    case caseSensitive = "case-sensitive"
    case mode = "redirecting-with"
    case useExternalNames = "use-external-names"
  }
}

/// A file or directory of the overlay.
private struct Entry: Encodable {
  var type: String
  var name: String
  var target: String?
  var contents: [Entry]?

  enum CodingKeys: String, CodingKey {
    case type, name, contents
    case target = "external-contents"
  }
}
