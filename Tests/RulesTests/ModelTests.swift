// SPDX-License-Identifier: Apache-2.0

import Analysis
import Foundation
@testable import Models
import Testing

@Suite struct ModelTests {
  private static let tables = [strings, characters, memory, streams, files, sockets, system]

  static let kernelTables = [
    kernelCopies, kernelMemory, kernelErrors, kernelLocks, kernelPrinting, kernelText,
    kernelDevices,
    kernelBuses, kernelPackets, kernelMessages, kernelReferences, threadLocks,
  ]

  @Test func theTablesFollowTheGrammar() throws {
    let models = try (Self.tables + Self.kernelTables).flatMap { try parseModels($0) }
    #expect(models.count > 600)
    #expect(Set(models.map(\.name)).count == models.count, "a name stands twice")
    for model in models { #expect(ModelTable.standard[model.name] != nil, "\(model.name)") }
  }

  @Test func contractsFollowTheGrammar() throws {
    let contracts = try parseEntries(entries)
    #expect(contracts.count > 40)
    for name in contracts.keys { #expect(name.contains(".") || name.contains("#"), "\(name)") }
    for text in [
      "a.b: user", "a.b: wirte 0", "a.b", "a.b: room 1 x", "a.b: chosen 1 5..3",
      "a.b: attributes 1 lax validate",
    ] {
      #expect(throws: ModelError.self) { try parseEntries(text) }
    }
  }

  /// Without its line, a fixture that calls the function fails: see fixtures/include/models.h.
  @Test func aFixtureHoldsEachModelToItsPromise() throws {
    let folder = Fixture.folder.appending(path: "models")
    let text = try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted().map {
      try String(contentsOf: folder.appending(path: $0), encoding: .utf8)
    }.joined()
    let words = Set(text.split { !$0.isLetter && !$0.isNumber && $0 != "_" }.map(String.init))
    for model in try (Self.tables + Self.kernelTables).flatMap({ try parseModels($0) }) {
      #expect(words.contains(model.name), "\(model.name) is exercised by no fixture")
    }
  }

  @Test(arguments: [
    ("f: wirte 0 #1", "line 1: 'wirte' is not a word of models; did you mean 'write'?"),
    (
      "f: pure\ng: ret lenght 0",
      "line 2: 'lenght' is not a word of models; did you mean 'length'?"
    ),
    ("f: write 0 1#", "line 1: '1#' is not a size; write '#2', '#1*#2', '#2*element' or a number"),
    ("f: write", "line 1: 'write' needs 1 words, found 0"),
    ("f: release 0 strem", "line 1: 'strem' is not a word of models; did you mean 'stream'?"),
    ("f: string x", "line 1: 'string' needs the number of an argument, found 'x'"),
    ("write", "line 1: a model is 'name: clause; …', found 'write'"),
  ])
  func errorsNameTheLineAndTheNearestWord(_ text: String, _ message: String) {
    #expect(throws: ModelError(message: message)) { try parseModels(text) }
  }

  @Test func everyInputBelongsToAModel() { #expect(ModelTable.lostInputs == []) }

  @Test func aLaterModelReplacesAnEarlierOne() throws {
    let table = ModelTable.standard.adding(try parseModels("strlen: pure"))
    #expect(table["strlen"]?.effects == [])
    #expect(table["wcslen"]?.result == .length(0))
  }
}
