// SPDX-License-Identifier: Apache-2.0

public import Clang
public import IR

/// What the caller of the lowering decides.
public struct LoweringOptions: Hashable, Sendable {
  /// The absolute path of the repository; files under it are named relative to it.
  public var root: String
  /// The directories, by their real names, that files may be read from; nil where any may.
  public var readableRoots: [String]?

  /// Makes options.
  public init(root: String, readableRoots: [String]? = nil) {
    self.root = root
    self.readableRoots = readableRoots
  }
}

/// An error that the compiler reports in a unit.
public struct CompilerError: Hashable, Sendable {
  /// The file as `SourceFile.path` names it; empty where the error has no place.
  public var path: String
  /// The line, from 1.
  public var line: Int
  /// The column in bytes, from 1.
  public var column: Int
  /// The compiler's text.
  public var message: String
}

/// A translation unit after lowering.
public struct LoweredUnit: Hashable, Sendable {
  /// The unit.
  public var module: Module
  /// The errors and fatal errors of the compiler; functions that overlap one are marked with
  /// `FunctionAttributes.hasErrors`.
  public var errors: [CompilerError]
}

/// Why there is no module.
public enum LoweringError: Error, Hashable, Sendable, CustomStringConvertible {
  /// libclang gave no unit.
  case parse(ParseError)
  /// The unit reads a file that lies outside of the readable roots.
  case outside(path: String, by: String)

  /// One line for people.
  public var description: String {
    switch self {
    case .parse(let error): error.description
    case .outside(let path, let place):
      "\(place) reads \(path), which lies outside of the project and its include directories; "
        + "take it out, or name its directory with -I if the build needs it"
    }
  }
}

/// Parses the C file at `path` with the compiler's `arguments` and lowers it.
///
/// A file with errors is lowered too, as far as the compiler understands it.
public func lower(
  path: String, arguments: [String], options: LoweringOptions
) throws(LoweringError) -> LoweredUnit {
  let unit: TranslationUnit
  // All errors are needed, for they mark the functions that they lie in.
  let all = arguments + ["-ferror-limit=0"]
  do { unit = try TranslationUnit(path: path, arguments: all) } catch { throw .parse(error) }
  let lowerer = Lowerer(unit: unit, arguments: arguments, options: options)
  return try lowerer.runInRoots()
}

/// Lowers a unit that is parsed already, with the `arguments` that it was parsed with.
public func lower(
  _ unit: consuming TranslationUnit, arguments: [String], options: LoweringOptions
) -> LoweredUnit {
  let lowerer = Lowerer(unit: unit, arguments: arguments, options: options)
  return lowerer.run()
}
