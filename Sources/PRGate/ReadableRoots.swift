// SPDX-License-Identifier: Apache-2.0

/// The directories that the code of a unit may include files from.
///
/// Judged code is hostile: `#include "/etc/shadow"` would put lines of that file into messages. So a
/// file must lie, by its real name, in the project, where the build works, where the flags of the build
/// say, or where compilers and headers of a system are.
enum ReadableRoots {
  /// Directories that describe the machine and not a program, wherever flags point.
  private static let stateDirectories = ["/etc", "/proc", "/sys", "/dev", "/run"]

  /// Flags whose value, a word of its own or joined, is a path that the unit reads from.
  private static let pathFlags = [
    "-working-directory=", "-resource-dir=", "--sysroot=", "-isysroot", "-isystem", "-idirafter",
    "-iquote", "-I",
  ]

  /// The roots of a unit, real names; reported paths start at `root`.
  static func of(_ unit: PreparedUnit, root: String) -> [String] {
    let directory = Paths.absolute("..", in: unit.file)
    let named = [root, projectRoot(around: directory)] + paths(in: unit.arguments)
    let allowed = Set(named.map { Paths.canonical($0) }).filter(isOfProgram)
    return allowed.sorted() + SnapshotOverlay.systemDirectories.map { Paths.canonical($0) }
  }

  /// The directories that flags of a build may come from, real names: those of the project around its
  /// working directory and around the source, and the working directory.
  static func ofBuild(in directory: String, file: String) -> [String] {
    let named =
      [directory, projectRoot(around: directory)]
      + [projectRoot(around: Paths.absolute("..", in: file))]
    return Set(named.map { Paths.canonical($0) }).filter(isOfProgram).sorted()
  }

  /// The work tree or the place of the database around a directory, else the directory.
  private static func projectRoot(around directory: String) -> String {
    if let root = Paths.repositoryRoot(around: directory) { return root }
    let name = CompilationDatabase.fileName
    return Paths.ancestors(of: directory).first { Paths.isFile(Paths.absolute(name, in: $0)) }
      ?? directory
  }

  private static func paths(in arguments: [String]) -> [String] {
    arguments.compactMap { word in
      if word.hasPrefix("/") { return word }
      let flag = pathFlags.first { word.hasPrefix($0) }
      let path = flag.map { String(word.dropFirst($0.count)) } ?? ""
      return path.hasPrefix("/") ? path : nil
    }
  }

  /// Whether a program can own a directory: the top of the file system and what lies directly there
  /// hold more than one.
  private static func isOfProgram(_ path: String) -> Bool {
    let isDeep = path.split(separator: "/").count > 1
    return isDeep
      && !stateDirectories.contains { path == $0 || path.hasPrefix($0 + "/") }
  }
}
