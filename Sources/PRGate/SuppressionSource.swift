// SPDX-License-Identifier: Apache-2.0

import Analysis
import Findings
import Foundation
import Gate
import IR
import Lowering

/// Where suppressions are read: the text of files, whether they were analysed or not.
enum SuppressionSource {
  /// The comments of a file.
  static func comments(in file: SourceFile) -> [SuppressionComment] {
    scannedComments(in: file.text.span).map { comment in
      let start = file.position(at: UInt32(comment.start))
      let lastByte = file.position(at: UInt32(max(comment.start, comment.end - 1)))
      let line = file.line(start.line)
      // Viewers show results of one line.
      let end =
        lastByte.line == start.line
        ? lastByte.column + 1 : max(start.column + 1, line.utf8.count + 1)
      return SuppressionComment(
        location: Location(
          path: file.path, start: start, end: Position(line: start.line, column: end), point: start,
          sourceLine: line),
        target: comment.target,
        text: String(decoding: file.text[comment.start..<comment.end], as: UTF8.self))
    }
  }

  /// The comments of a text that is no part of a module.
  static func comments(in text: some Collection<UInt8>, path: String) -> [SuppressionComment] {
    let marker = Array("prgate:".utf8)
    // Most files have none, and need no table of lines.
    guard Data(text).range(of: Data(marker)) != nil else { return [] }
    return comments(
      in: SourceFile(path: path, contentHash: [], isSystem: false, text: ContiguousArray(text)))
  }
}

extension ProgramAnalysis {
  /// The suppressions in the files of the program that have code, each file once.
  func suppressions(_ terms: SuppressionTerms) -> Suppressions {
    var seen: Set<String> = []
    var comments: [SuppressionComment] = []
    for unit in units + surroundings {
      for commented in unit.linkage.commentedFiles {
        let file = unit.file(commented.file)
        guard !commented.isSystem, seen.insert(file.path).inserted else { continue }
        comments += SuppressionSource.comments(in: file)
      }
    }
    return Suppressions(comments, terms: terms)
  }

  /// Lines with code of the files that have suppressions, for those whose units were all analysed.
  ///
  /// Where the program is not the whole compilation database, a header may have units that are no part
  /// of it, so that headers are left out.
  func analysedLines(isWhole: Bool) -> [String: Set<Int>] {
    let broken = Set(ledger.filter { !$0.isAnalysed }.map(\.path))
    let isAllAnalysed = ledger.allSatisfy(\.isAnalysed)
    var lines: [String: Set<Int>] = [:]
    for unit in units where !unit.linkage.commentedFiles.isEmpty {
      let main = unit.mainPath
      let wanted = unit.linkage.commentedFiles.map(\.file).filter { id in
        unit.file(id).path == main ? !broken.contains(main) : isWhole && isAllAnalysed
      }
      guard !wanted.isEmpty, let module = unit.code.value?.module else { continue }
      for origin in module.origins.rows {
        for (file, start, end) in [
          (origin.file, origin.start, origin.end),
          (origin.spellingFile, origin.spelling, origin.spelling + 1),
        ] where wanted.contains(file) && start < end {
          let row = module.files[file]
          let first = row.position(at: start).line
          let last = row.position(at: end - 1).line
          // A whole body is no code of each of its lines.
          if last - first < 8 { lines[row.path, default: []].formUnion(first...last) }
        }
      }
    }
    return lines
  }
}
