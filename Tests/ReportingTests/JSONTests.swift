// SPDX-License-Identifier: Apache-2.0

import Findings
import Foundation
import Testing

@testable import Reporting

@Suite struct JSONTests {
  private func parsed(_ report: Report) throws -> [String: Any] {
    let text = render(report, as: .json, options: RenderOptions())
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    return try #require(value as? [String: Any])
  }

  @Test func hasThePartsThatProgramsRead() throws {
    let report = try parsed(Sample.gate)
    #expect(report["verdict"] as? String == "FAIL")
    #expect((report["new"] as? [Any])?.count == 2)
    #expect((report["unchanged"] as? [Any])?.count == 1)
    #expect((report["fixed"] as? [Any])?.count == 1)
    let ledger = try #require(report["ledger"] as? [String: Any])
    #expect(ledger["analysed"] as? Int == 1)
    #expect(ledger["needed"] as? Int == 2)
  }

  @Test func keepsHostileTextExactly() throws {
    let report = try parsed(Sample.hostile)
    let finding = try #require((report["new"] as? [[String: Any]])?.first)
    #expect(finding["message"] as? String == Sample.attack)
  }

  @Test(arguments: [Format.json, .sarif])
  func holdsNothingInvisible(_ format: Format) {
    let output = render(Sample.hostile, as: format, options: RenderOptions())
    for scalar in output.unicodeScalars where scalar != "\n" { #expect(!isInvisible(scalar)) }
  }

  @Test func escapesOutsideTheBasicPlane() {
    var output = ""
    JSON.string("\u{E0001}\u{1F600}").write(to: &output)
    #expect(output == "\"\\udb40\\udc01\u{1F600}\"")
  }

  @Test(arguments: Format.allCases)
  func equalReportsRenderEqualBytes(_ format: Format) {
    let options = RenderOptions(showAll: true)
    let first = render(Sample.gate, as: format, options: options)
    #expect((0..<20).allSatisfy { _ in render(Sample.gate, as: format, options: options) == first })
  }
}
