// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Reporting

/// What a step of GitHub Actions may leave beside its log.
enum GitHubStep {
  /// Adds the report to the summary of the job, and the verdict to the outputs of the step.
  ///
  /// GitHub names the files in variables; each is there for this step alone. What cannot be written is
  /// a warning in the log, and changes no verdict.
  static func publish(_ report: Report) {
    append(
      render(report, as: .markdown, options: RenderOptions()), toFileOf: "GITHUB_STEP_SUMMARY")
    append("verdict=\(report.verdict.rawValue)\n", toFileOf: "GITHUB_OUTPUT")
  }

  private static func append(_ text: String, toFileOf variable: String) {
    guard let path = ProcessInfo.processInfo.environment[variable], !path.isEmpty else { return }
    do {
      if !FileManager.default.fileExists(atPath: path) {
        try Data().write(to: URL(fileURLWithPath: path))
      }
      let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      defer { try? handle.close() }
      try handle.seekToEnd()
      try handle.write(contentsOf: Data(text.utf8))
    } catch {
      StandardStreams.writeError("prgate: warning: the file of \(variable) cannot be written")
    }
  }
}
