// SPDX-License-Identifier: Apache-2.0

import Findings
import Testing

@testable import Reporting

@Suite struct GitHubTests {
  private func lines(_ report: Report) -> [Substring] {
    render(report, as: .github, options: RenderOptions()).split(separator: "\n")
  }

  /// What a runner executes: commands outside the stretch that `stop-commands` takes out.
  private func commands(_ lines: [Substring]) -> [Substring] {
    var token: Substring?
    var commands: [Substring] = []
    for line in lines {
      if let end = token {
        if line == "::\(end)::" { token = nil }
      } else if line.hasPrefix("::stop-commands::") {
        token = line.dropFirst("::stop-commands::".count)
      } else if line.contains("::") || line.contains("##[") {
        commands.append(line)
      }
    }
    #expect(token == nil, "the token never came")
    return commands
  }

  @Test func anAnnotationNamesItsPlace() {
    let commands = commands(lines(Sample.report([Sample.reported(Sample.finding)])))
    #expect(
      commands == [
        "::error file=src/options.c,line=12,endLine=12,col=12,endColumn=25,title=off-by-one-read"
          + "::reads element 4 of 'routers', which has 4 elements; with i = 4, MAX = 4"
      ])
  }

  @Test func valuesThatTheMessageNamesAreNotRepeated() throws {
    var finding = Sample.finding
    finding.message = "reads past the end when 'i' is 4"
    let command = try #require(commands(lines(Sample.report([Sample.reported(finding)]))).first)
    #expect(command.hasSuffix("when 'i' is 4; with MAX = 4"))
  }

  @Test func rangesOverLinesHaveNoEndColumn() throws {
    var finding = Sample.finding
    finding.location.end = Position(line: 14, column: 3)
    let command = try #require(commands(lines(Sample.report([Sample.reported(finding)]))).first)
    #expect(command.contains("line=12,endLine=14,col=12,title="))
  }

  @Test func annotationsAreLimitedAndTheLogIsNot() throws {
    let report = Sample.report(Array(repeating: Sample.reported(Sample.finding), count: 12))
    let output = lines(report)
    let commands = commands(output)
    #expect(commands.count == 10)
    #expect(try #require(commands.last) == "::error title=prgate::3 more, see the log")
    #expect(output.count { $0.hasPrefix("src/options.c:12:23: error: ") } == 12)
  }

  @Test func hostileTextAddsNoCommand() {
    let commands = commands(lines(Sample.hostile))
    #expect(commands.count == 2)
    for command in commands {
      #expect(command.hasPrefix("::error file="))
      #expect(!command.contains("##"))
      // The properties end at the first "::" after the command's own.
      let properties = command.dropFirst(2).split(separator: "::", maxSplits: 1)[0]
      #expect(!properties.contains(":"))
    }
  }

  @Test func oldFindingsAreNotAnnotated() {
    let old = Sample.reported(Sample.finding, novelty: .unchanged, isBlocking: false)
    #expect(commands(lines(Sample.report([old], command: "gate", verdict: .pass))).isEmpty)
  }
}
