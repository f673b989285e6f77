// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Gate

/// `.prgate-baseline.jsonl`: one entry a line, sorted, so that git can merge it.
enum BaselineFile {
  private static let sizeLimit = 64 << 20

  /// The baseline without entries.
  static let empty = Baseline(of: [])

  /// Reads a baseline; an empty line is none, anything else that is no entry is an error.
  static func read(_ content: some Collection<UInt8>, place: String) throws(CommandFailure)
    -> Baseline
  {
    guard content.count <= sizeLimit else {
      throw .usage(
        "\(place): larger than \(sizeLimit >> 20) MiB; make it anew with 'prgate baseline create'")
    }
    let decoder = JSONDecoder()
    var entries: [BaselineEntry] = []
    let lines = content.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (number, line) in lines.enumerated()
    where !line.allSatisfy({ $0 == 0x20 || $0 == 0x0D || $0 == 0x09 }) {
      guard let entry = try? decoder.decode(BaselineEntry.self, from: Data(line)),
        Baseline([entry]) != nil
      else {
        throw .usage(
          "\(place):\(number + 1): no entry of a baseline; resolve the merge, or make it anew with "
            + "'prgate baseline create'")
      }
      entries.append(entry)
    }
    return Baseline(entries) ?? empty
  }

  /// The baseline in the work tree; nil where there is none.
  static func ofWorkTree(_ root: String) throws(CommandFailure) -> Baseline? {
    let path = root + "/" + Baseline.name
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    guard let content = FileManager.default.contents(atPath: path) else {
      throw .usage("\(Baseline.name): cannot be read; check who may")
    }
    return try read(content, place: Baseline.name)
  }

  /// The text of the file.
  static func text(_ baseline: Baseline) -> String {
    baseline.entries.map { line(of: $0) + "\n" }.joined()
  }

  private static func line(of entry: BaselineEntry) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(entry)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// Findings about entries at their lines in the file.
  static func findings(
    _ rule: RuleInfo, about entries: [BaselineEntry], in baseline: Baseline
  ) -> [Finding] {
    let lines = Dictionary(
      baseline.entries.enumerated().map { ($0.element.fingerprint, $0.offset + 1) },
      uniquingKeysWith: { first, _ in first })
    return entries.map { entry in
      Baseline.finding(
        rule, about: entry, line: lines[entry.fingerprint] ?? 1, text: line(of: entry))
    }
  }
}
