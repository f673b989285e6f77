// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Reporting

/// The last report with findings of each repository, for `prgate why`.
///
/// It is a convenience: where it cannot be kept, nothing else changes.
enum KeptReport {
  /// Where the report of a repository, or of a directory outside of one, lies.
  static func path(root: String) -> String {
    let name = SHA256.hexadecimalDigest(of: Array(root.utf8)).prefix(32)
    return "\(GateCache.defaultDirectory())/reports/\(name).json"
  }

  /// Keeps a report; one without findings leaves the earlier one, whose findings may be asked for.
  static func keep(_ report: Report, root: String) {
    guard report.command != "diff", !report.findings.isEmpty || !report.suppressed.isEmpty else {
      return
    }
    let path = path(root: root)
    try? FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o700])
    try? OutputFile.write(render(report, as: .json, options: RenderOptions()), to: path)
    prune((path as NSString).deletingLastPathComponent)
  }

  /// Removes what nobody has written for a month: its repository may be gone.
  private static func prune(_ directory: String) {
    let oldest = Date(timeIntervalSinceNow: -30 * 86_400)
    for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
      let path = directory + "/" + name
      let attributes = try? FileManager.default.attributesOfItem(atPath: path)
      guard name.hasSuffix(".json"), let time = attributes?[.modificationDate] as? Date,
        time < oldest
      else { continue }
      try? FileManager.default.removeItem(atPath: path)
    }
  }
}
