// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Gate
import SystemPackage

/// Files that programs write: their findings are nobody's to mend there.
///
/// What such files do counts for those that call them; only what is found in them, on a path that leads
/// through nothing else, is left out.
enum GeneratedSources {
  /// Whether a file carries a generator's mark, or is the description of a kernel module that the
  /// kernel's `modpost` writes (`*.mod.c`, without a mark).
  static func contains(_ file: String) -> Bool {
    file.hasSuffix(".mod.c") || isMarked(file)
  }

  /// Whether the first lines of a file carry a generator's mark.
  static func isMarked(_ file: String) -> Bool {
    // A pipe would keep us waiting for ever.
    guard let state = try? FilePath(file).stat(), state.type == .regular,
      let handle = FileHandle(forReadingAtPath: file)
    else { return false }
    defer { try? handle.close() }
    guard let start = try? handle.read(upToCount: GeneratedMark.size) else { return false }
    return GeneratedMark.isIn(start)
  }
}

/// Which findings of a work tree lie in files that programs write.
struct GeneratedFindings: Sendable {
  /// What reported paths are relative to.
  let root: String
  /// Files that a command line names: who asks for one wants to read of it.
  var named: Set<String> = []

  /// The findings that are shown, and a line that counts the others; nil where there are none.
  func removed(from findings: [Finding]) -> (rest: [Finding], note: String?) {
    var answers: [String: Bool] = [:]
    var leftOut: Set<String> = []
    func isGenerated(_ path: String) -> Bool {
      if let answer = answers[path] { return answer }
      let answer =
        !named.contains(path) && GeneratedSources.contains(Paths.absolute(path, in: root))
      answers[path] = answer
      return answer
    }
    let rest = findings.filter { finding in
      let path = finding.location.path
      // Who calls generated code wrongly has to hear of it.
      guard isGenerated(path), finding.events.allSatisfy({ isGenerated($0.location.path) })
      else { return true }
      leftOut.insert(path)
      return false
    }
    let count = findings.count - rest.count
    guard count > 0 else { return (rest, nil) }
    let files = leftOut.sorted(by: Paths.isOrderedBefore)
    let names = files.prefix(3).joined(separator: ", ") + (files.count > 3 ? ", …" : "")
    let (what, them) = count == 1 ? ("1 finding", "it") : ("\(count) findings", "them")
    let places = files.count == 1 ? "a generated file" : "\(files.count) generated files"
    return (rest, "\(what) in \(places) left out (\(names)); --generated shows \(them)")
  }
}
