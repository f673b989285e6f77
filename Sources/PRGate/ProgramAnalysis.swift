// SPDX-License-Identifier: Apache-2.0

import Findings
import Gate
import IR

extension ProgramAnalysis {
  /// GitHub's line hashes of every file with a finding, by path.
  var lineHashes: [String: LineHashes] {
    let paths = Set((findings + findingsAround).map(\.location.path))
    var result: [String: LineHashes] = [:]
    for unit in units + surroundings {
      for file in unit.files
      where paths.contains(file.path) && result[file.path] == nil && !file.text.isEmpty {
        result[file.path] = LineHashes(text: file.text)
      }
    }
    return result
  }

  /// What people should know of the flags that did not reach the parser, one line each.
  func notes(isVerbose: Bool) -> [String] {
    var notes: [String] = []
    if isVerbose, !droppedFlags.isEmpty {
      notes.append("dropped flags of another compiler: " + droppedFlags.joined(separator: " "))
    }
    if !unknownFlags.isEmpty {
      notes.append("dropped unknown compiler flags: " + unknownFlags.joined(separator: " "))
    }
    return notes
  }
}
