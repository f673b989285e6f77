// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// Habits of the text in this repository.
@Suite struct TextTests {
  @Test func swiftFilesNameTheirLicence() throws {
    #expect(Repository.swiftFiles.count > 40)
    for path in Repository.swiftFiles {
      let text = try Repository.text(path)
      #expect(text.hasPrefix("// SPDX-License-Identifier: Apache-2.0\n"), "\(path)")
    }
  }

  @Test func remindersSayWhatIsMissing() throws {
    // Written apart, so that this file does not remind of anything.
    let reminder = try Regex("\\b(?:TO" + "DO|FIX" + "ME|X" + "XX)\\b[:.() ]*$")
      .anchorsMatchLineEndings()
    for path in try Repository.ownFiles() {
      #expect(try Repository.text(path).firstMatch(of: reminder) == nil, "\(path)")
    }
  }

  /// Hosts that the repository may name; nothing but the packages is ever fetched.
  private static let hosts: Set<String> = [
    "json.schemastore.org", "json-schema.org", "www.apache.org", "cwe.mitre.org", "semver.org",
    "keepachangelog.com",
    "example.org", "www.swift.org", "x",
  ]

  @Test func onlyTheManifestNamesPlacesToFetchFrom() throws {
    let host = /https?:\/\/([A-Za-z0-9.-]+)/
    for path in try Repository.ownFiles() where path != "Package.swift" {
      for match in try Repository.text(path).matches(of: host) {
        #expect(Self.hosts.contains(String(match.output.1)), "\(path): \(match.output.0)")
      }
    }
  }

  @Test func linesEndWithoutBlanks() throws {
    for path in try Repository.ownFiles()
    where !path.contains("/Golden/") && !path.hasSuffix(".patch") {
      let text = try Repository.text(path)
      #expect(!text.contains(/(?m)[ \t]+$/), "\(path)")
      #expect(text.isEmpty || text.hasSuffix("\n"), "\(path) lacks its last line break")
    }
  }
}
