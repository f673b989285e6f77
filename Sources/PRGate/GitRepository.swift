// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Gate

/// A file of a commit.
struct TreeEntry: Hashable, Sendable {
  /// What git can keep under a path.
  enum Kind: Hashable, Sendable {
    case file, link, submodule
  }

  /// The path relative to the root, with `/`.
  var path: String
  /// What it is.
  var kind: Kind
  /// The name of the object with its content.
  var object: String
  /// Bytes of the content; 0 for a submodule.
  var size: Int
}

/// A git repository with a work tree, and the questions that the gate asks it.
struct GitRepository: Sendable {
  /// The top directory of the work tree, with symbolic links resolved.
  let root: String
  /// Runs in `root`.
  let git: Git

  /// Opens the repository around a directory.
  static func open(around directory: String) async throws(CommandFailure) -> GitRepository {
    let probe = Git(directory: directory)
    let top = try await probe.run(["rev-parse", "--show-toplevel"])
    guard top.isSuccess, !top.line.isEmpty else {
      if top.errors.contains("not a git repository") {
        throw .usage("\(directory): not a git repository; run prgate in one, or use 'prgate check'")
      }
      if top.errors.contains("must be run in a work tree") {
        throw .usage(
          "\(directory): a repository without a work tree; run prgate in a checkout of it")
      }
      throw Git.failure(of: ["rev-parse"], errors: top.errors)
    }
    let root = Paths.canonical(top.line)
    return GitRepository(root: root, git: Git(directory: root))
  }

  /// Opens the repository into which something is pushed, from its `pre-receive` hook.
  ///
  /// It may have no work tree: `root` is the directory that the compilation database was made in, and
  /// where build products are. What is pushed lies in a quarantine that only git's variables name.
  static func receiving(
    in directory: String, root: String?
  ) async throws(CommandFailure) -> GitRepository {
    guard let root else { return try await open(around: directory) }
    let place = Paths.canonical(Paths.absolute(root, in: directory))
    guard Paths.isDirectory(place) else { throw .usage("\(root): no such directory") }
    let environment = ProcessInfo.processInfo.environment
    var git = Git(directory: directory)
    let quarantine = [
      "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH",
    ]
    for name in quarantine {
      guard let value = environment[name] else { continue }
      git.environment[name] = value
    }
    let found = try await git.run(["rev-parse", "--absolute-git-dir"])
    guard found.isSuccess, !found.line.isEmpty else {
      throw Git.failure(of: ["rev-parse"], errors: found.errors)
    }
    git.environment["GIT_DIR"] = found.line
    git.environment["GIT_WORK_TREE"] = place
    git.directory = place
    return GitRepository(root: place, git: git)
  }

  /// The name of the commit that a revision stands for; nil where there is none.
  func commit(_ revision: String) async throws(CommandFailure) -> String? {
    try await git.line([
      "rev-parse", "--verify", "--quiet", "--end-of-options", revision + "^{commit}",
    ])
  }

  /// The best common ancestor of two commits; nil where their histories have none.
  func mergeBase(_ one: String, _ other: String) async throws(CommandFailure) -> String? {
    try await git.line(["merge-base", "--end-of-options", one, other])
  }

  /// Whether the history is cut off, as in a clone that was made with `--depth`.
  func isShallow() async throws(CommandFailure) -> Bool {
    try await git.line(["rev-parse", "--is-shallow-repository"]) == "true"
  }

  /// The name of the tree without files.
  func emptyTree() async throws(CommandFailure) -> String {
    try await text(["hash-object", "-t", "tree", "--stdin"])
  }

  /// The name of the tree of a commit, or of a tree itself.
  func tree(of commit: String) async throws(CommandFailure) -> String {
    try await text(["rev-parse", "--verify", "--end-of-options", commit + "^{tree}"])
  }

  /// The files in which two commits or trees differ, renames followed.
  func changes(from base: String, to head: String) async throws(CommandFailure) -> [ChangedFile] {
    let output = try await git.output([
      "diff-tree", "-r", "-z", "--raw", "--no-abbrev", "-M", "--no-ext-diff", "--no-textconv",
      "--no-relative", "--end-of-options", base, head,
    ])
    do {
      return try changedFiles(raw: output)
    } catch {
      throw .usage("git diff-tree: \(error.reason); check the repository with 'git fsck'")
    }
  }

  /// The lines of C files that are new or different at the head, by path.
  func changedLines(
    from base: String, to head: String
  ) async throws(CommandFailure) -> [ChangedLines] {
    let output = try await git.output([
      "-c", "core.quotePath=false", "diff-tree", "-r", "-p", "-U0", "-M", "--no-color",
      "--no-ext-diff", "--no-textconv", "--no-relative", "--src-prefix=a/", "--dst-prefix=b/",
      "--end-of-options", base, head, "--", "*.c", "*.h",
    ])
    return Gate.changedLines(patch: String(decoding: output, as: UTF8.self))
  }

  /// All files of a tree.
  func entries(ofTree tree: String) async throws(CommandFailure) -> [TreeEntry] {
    let output = try await git.output([
      "ls-tree", "-r", "-z", "-l", "--full-tree", "--end-of-options", tree,
    ])
    var entries: [TreeEntry] = []
    for field in zeroTerminatedFields(output) {
      guard let tab = field.firstIndex(of: "\t") else { throw malformedTree(tree) }
      let words = field[..<tab].split(separator: " ")
      let path = String(field[field.index(after: tab)...])
      guard words.count == 4, Self.isSafe(path) else { throw malformedTree(tree) }
      let kind: TreeEntry.Kind
      switch words[0] {
      case "120000": kind = .link
      case "160000": kind = .submodule
      default: kind = .file
      }
      entries.append(
        TreeEntry(path: path, kind: kind, object: String(words[2]), size: Int(words[3]) ?? 0))
    }
    return entries
  }

  /// The contents of blobs, in the order of `objects`.
  func contents(ofBlobs objects: [String]) async throws(CommandFailure) -> [ArraySlice<UInt8>] {
    let output = try await git.output(
      ["cat-file", "--batch"], input: Array((objects.joined(separator: "\n") + "\n").utf8))
    var contents: [ArraySlice<UInt8>] = []
    var position = output.startIndex
    for object in objects {
      guard let end = output[position...].firstIndex(of: 0x0A) else { throw missing(object) }
      let words = String(decoding: output[position..<end], as: UTF8.self).split(separator: " ")
      guard words.count == 3, words[0] == object, words[1] == "blob", let size = Int(words[2]),
        size >= 0, end + 1 + size < output.endIndex
      else { throw missing(object) }
      contents.append(output[(end + 1)..<(end + 1 + size)])
      position = end + 1 + size + 1
    }
    return contents
  }

  /// The contents of files of commits, in their order; nil where a commit has no such file.
  func contents(
    of files: [(commit: String?, path: String)]
  ) async throws(CommandFailure) -> [ArraySlice<UInt8>?] {
    // One line each: a path with a line break cannot be asked for, and a commit may be none at all.
    let asked = files.indices.filter { files[$0].commit != nil && !files[$0].path.contains("\n") }
    guard !asked.isEmpty else { return files.map { _ in nil } }
    let lines = asked.map { "\(files[$0].commit ?? ""):\(files[$0].path)\n" }.joined()
    let output = try await git.output(["cat-file", "--batch"], input: Array(lines.utf8))
    var contents: [ArraySlice<UInt8>?] = files.map { _ in nil }
    var position = output.startIndex
    for index in asked {
      guard let end = output[position...].firstIndex(of: 0x0A) else {
        throw missing(files[index].path)
      }
      let words = String(decoding: output[position..<end], as: UTF8.self).split(separator: " ")
      position = end + 1
      // "NAME missing"; an object has its name, its kind and its size.
      guard words.count >= 3, isObjectName(String(words[0])), let size = Int(words[2]), size >= 0,
        position + size < output.endIndex
      else { continue }
      if words[1] == "blob" { contents[index] = output[position..<(position + size)] }
      position += size + 1
    }
    return contents
  }

  /// Which of some paths have an attribute of `.gitattributes` set, as a tree has that file.
  ///
  /// A private index is written at the path `index`; attributes that the user's own configuration sets
  /// do not count.
  func paths(
    _ paths: [String], withAnyOf attributes: [String], at tree: String, index: String
  ) async throws(CommandFailure) -> Set<String> {
    guard !paths.isEmpty, !attributes.isEmpty else { return [] }
    var git = git
    git.environment["GIT_INDEX_FILE"] = index
    _ = try await git.output(["read-tree", "--end-of-options", tree])
    let output = try await git.output(
      ["-c", "core.attributesFile=/dev/null", "check-attr", "--cached", "-z", "--stdin"]
        + attributes, input: Array(paths.map { $0 + "\0" }.joined().utf8))
    let fields = zeroTerminatedFields(output)
    var result: Set<String> = []
    for start in stride(from: 0, to: fields.count - 2, by: 3)
    where fields[start + 2] == "set" || fields[start + 2] == "true" {
      result.insert(fields[start])
    }
    return result
  }

  /// Whether a commit, given by its full name, has a `.gitattributes` that speaks of one of `strings`.
  func hasAttributes(
    _ strings: [String], at commit: String
  ) async throws(CommandFailure) -> Bool {
    let patterns = strings.flatMap { ["-e", $0] }
    let output = try await git.run(
      ["grep", "-q", "-F"] + patterns + [commit, "--", ":(glob)**/.gitattributes"])
    guard output.isSuccess || output.errors.isEmpty else {
      throw Git.failure(of: ["grep"], errors: output.errors)
    }
    return output.isSuccess
  }

  /// Files and directories of the work tree that git ignores and the tree does not have.
  ///
  /// Those are build products; directories end with `/`. What the tree has is not ignored, whatever the
  /// patterns say. A private index is written at the path `index`.
  func ignoredPaths(
    besides tree: String, index: String
  ) async throws(CommandFailure) -> [String] {
    var git = git
    git.environment["GIT_INDEX_FILE"] = index
    _ = try await git.output(["read-tree", "--end-of-options", tree])
    let listed = zeroTerminatedFields(
      try await git.output([
        "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory",
      ]))
    // git also lists a directory in which all files are ignored, one by one. Only a directory that is
    // ignored itself may be shown whole: whatever it will hold is ignored too.
    let directories = listed.filter { $0.hasSuffix("/") }
    guard !directories.isEmpty else { return listed }
    let input = directories.map { $0 + "\0" }.joined()
    let ignored = try await git.run(
      ["check-ignore", "-z", "--stdin", "--no-index"], input: Array(input.utf8))
    // Status 1 is "none of them", with nothing on standard error.
    guard ignored.isSuccess || ignored.errors.isEmpty else {
      throw Git.failure(of: ["check-ignore"], errors: ignored.errors)
    }
    let whole = Set(zeroTerminatedFields(ignored.bytes))
    return listed.filter { !$0.hasSuffix("/") || whole.contains($0) }
  }

  /// The text files of a commit, given by its full name, that contain one of `strings`.
  func files(
    of commit: String, containingAnyOf strings: [String]
  ) async throws(CommandFailure) -> [String] {
    guard !strings.isEmpty else { return [] }
    let patterns = strings.flatMap { ["-e", $0] }
    let output = try await git.run(
      ["grep", "-z", "-I", "-l", "-F", "--no-color", "--full-name"] + patterns
        + [commit, "--"])
    // Status 1 is "nothing found", with nothing on standard error.
    guard output.isSuccess || output.errors.isEmpty else {
      throw Git.failure(of: ["grep"], errors: output.errors)
    }
    return zeroTerminatedFields(output.bytes).map { String($0.dropFirst(commit.count + 1)) }
  }

  private func text(_ arguments: [String]) async throws(CommandFailure) -> String {
    let output = try await git.run(arguments)
    guard output.isSuccess else { throw Git.failure(of: arguments, errors: output.errors) }
    return output.line
  }

  private func malformedTree(_ tree: String) -> CommandFailure {
    .usage("tree \(tree) has an entry that no work tree can have; check it with 'git fsck'")
  }

  private func missing(_ object: String) -> CommandFailure {
    .usage("object \(object) is missing or is no file; check the repository with 'git fsck'")
  }

  /// Whether a path stays where it is put: a hostile tree may have an entry `..` or `.git`.
  private static func isSafe(_ path: String) -> Bool {
    !path.isEmpty
      && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
        !part.isEmpty && part != "." && part != ".." && part.lowercased() != ".git"
      }
  }
}
