// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Reporting
import Testing

/// Whole reports against files of `Golden`; `swift run Dev bless` rewrites those.
@Suite struct GoldenTests {
  @Test(arguments: Format.allCases)
  func gateReport(_ format: Format) throws {
    try compare(
      render(Sample.gate, as: format, options: RenderOptions()), with: "gate.\(format.rawValue)")
  }

  @Test(arguments: Format.allCases)
  func hostileReport(_ format: Format) throws {
    let text = render(Sample.hostile, as: format, options: RenderOptions())
    try compare(text, with: "hostile.\(format.rawValue)")
  }

  @Test(arguments: Format.allCases)
  func reviewReport(_ format: Format) throws {
    try compare(
      render(Sample.review, as: format, options: RenderOptions()),
      with: "review.\(format.rawValue)")
  }

  @Test func everythingInColour() throws {
    let options = RenderOptions(colour: true, showAll: true)
    try compare(render(Sample.gate, as: .text, options: options), with: "gate-all-colour.text")
  }

  private func compare(_ text: String, with name: String) throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "Golden/\(name)")
    if ProcessInfo.processInfo.environment["PRGATE_BLESS"] == "1" {
      try Data(text.utf8).write(to: file)
    }
    let golden = String(decoding: try Data(contentsOf: file), as: UTF8.self)
    #expect(text == golden, "look at the difference; if it is meant: swift run Dev bless")
  }
}
