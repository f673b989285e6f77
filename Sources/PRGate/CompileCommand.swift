// SPDX-License-Identifier: Apache-2.0

/// How the build compiles one translation unit.
struct CompileCommand: Hashable, Sendable {
  /// The absolute working directory of the compiler; relative paths start here.
  var directory: String
  /// The absolute path of the main file, without links above it: reports name files from the root of
  /// the work tree, which has none either.
  var file: String
  /// The compiler's name and its arguments, as the build has them.
  var arguments: [String]

  /// The command for a file that no database describes.
  static func defaults(file: String, flags: [String] = [], directory: String) -> CompileCommand {
    CompileCommand(
      directory: directory, file: Paths.resolvingDirectory(of: file),
      arguments: ["cc"] + flags + ["-c", file])
  }
}
