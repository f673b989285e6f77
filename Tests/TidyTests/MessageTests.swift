// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Rules
import Testing

/// How findings are worded: they follow a colon, so they start in lower case and have no full stop.
@Suite struct MessageTests {
  private struct Report: Decodable {
    var new: [Finding]
  }

  private struct Finding: Decodable {
    var rule: String
    var message: String
    var hint: String
    var events: [Event]
  }

  private struct Event: Decodable {
    var message: String
  }

  @Test func messagesFollowAColon() throws {
    let rules = Rule.all.map(\.info.id)
    let files = rules.flatMap { Repository.files(below: "fixtures/\($0)", suffix: ".bad.c") }
    let process = Process()
    process.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
      .appending(path: "prgate")
    process.currentDirectoryURL = Repository.root
    process.arguments =
      ["check", "--format", "json"] + files + ["--", "-std=c11", "-Ifixtures/include"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let output = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let findings = try JSONDecoder().decode(Report.self, from: output).new
    #expect(Set(findings.map(\.rule)) == Set(rules), "every rule speaks in its bad fixtures")
    for finding in findings {
      for text in [finding.message, finding.hint] + finding.events.map(\.message)
      where !text.isEmpty {
        #expect(text.first?.isUppercase == false, "\(text)")
        #expect(text.last != "." && text.last != ":" && text.last != " ", "\(text)")
        #expect(!text.contains("\n"), "\(text)")
      }
    }
  }
}
