// SPDX-License-Identifier: Apache-2.0

/// A place in a text file.
public struct Position: BitwiseCopyable, Hashable, Comparable, Codable, Sendable {
  /// The line, from 1.
  public var line: Int
  /// The column in bytes of the file, from 1.
  public var column: Int

  /// Makes a position.
  public init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// Orders by line, then column.
  public static func < (left: Position, right: Position) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// The line of a macro's definition, or of an argument, that code comes from.
public struct Spelling: Hashable, Codable, Sendable {
  /// The path, as in `Location`.
  public var path: String
  /// The line, from 1.
  public var line: Int

  /// Makes a place.
  public init(path: String, line: Int) {
    self.path = path
    self.line = line
  }
}

/// A stretch of a source file, with the text that a report shows of it.
public struct Location: Hashable, Codable, Sendable {
  /// The path: relative to the repository root with `/` where it lies in it, else absolute.
  public var path: String
  /// The first byte.
  public var start: Position
  /// The byte after the last one; on the same line or a later one.
  public var end: Position
  /// The byte that a caret points to.
  public var point: Position
  /// The line of `start` as it stands in the file, without its line break.
  public var sourceLine: String
  /// Where the text is written that a macro brings here; nil outside macros.
  public var spelling: Spelling?

  /// Makes a location.
  public init(
    path: String, start: Position, end: Position, point: Position, sourceLine: String,
    spelling: Spelling? = nil
  ) {
    self.path = path
    self.start = start
    self.end = end
    self.point = point
    self.sourceLine = sourceLine
    self.spelling = spelling
  }
}
