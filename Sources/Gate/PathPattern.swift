// SPDX-License-Identifier: Apache-2.0

/// A pattern for paths relative to the root, with the meaning that it has in `.gitignore`.
///
/// `*` and `?` match within a name, `**` across directories. A pattern without `/`, but for one at its
/// end, matches in every directory; others start at the root. What matches a directory covers all
/// beneath it. There are no exceptions with `!` and no `[sets]`.
public struct PathPattern: Hashable, Sendable {
  /// As it is written.
  public var text: String
  private let parts: [[UInt8]]

  /// Makes a pattern.
  public init(_ text: String) {
    self.text = text
    var rest = Substring(text)
    let isAnchored = rest.dropLast().contains("/")
    if rest.hasPrefix("/") { rest.removeFirst() }
    if rest.hasSuffix("/") { rest.removeLast() }
    let written = rest.split(separator: "/", omittingEmptySubsequences: false)
      .map { Array($0.utf8) }
    parts = isAnchored ? written : [Array("**".utf8)] + written
  }

  /// Whether it matches a path or a directory around it.
  public func matches(_ path: String) -> Bool {
    let names = path.split(separator: "/").map { Array($0.utf8) }
    // One row for each number of parts of the pattern, as for edit distances: reached[n] tells whether
    // the parts so far can match the first n names. No pattern can make that slow.
    var reached = Array(repeating: false, count: names.count + 1)
    reached[0] = true
    for part in parts {
      var next = Array(repeating: false, count: names.count + 1)
      if part.elementsEqual("**".utf8) {
        var isReached = false
        for index in reached.indices {
          isReached = isReached || reached[index]
          next[index] = isReached
        }
      } else {
        for (index, name) in names.enumerated() where reached[index] {
          next[index + 1] = Self.matches(part[...], name[...])
        }
      }
      reached = next
    }
    return reached.dropFirst().contains(true)
  }

  /// Whether `*` and `?` of a part can stand for what a name has: with one place to go back to.
  private static func matches(_ part: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
    var pattern = part.startIndex
    var position = name.startIndex
    var star: (pattern: Int, position: Int)?
    while position < name.endIndex {
      if pattern < part.endIndex, part[pattern] == UInt8(ascii: "*") {
        star = (pattern, position)
        pattern += 1
      } else if pattern < part.endIndex,
        part[pattern] == UInt8(ascii: "?") || part[pattern] == name[position]
      {
        pattern += 1
        position += 1
      } else if let last = star {
        pattern = last.pattern + 1
        position = last.position + 1
        star = (last.pattern, position)
      } else {
        return false
      }
    }
    return part[pattern...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
