// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import PRGate

@Suite struct OutputFileTests {
  @Test func replacesAFileAndLeavesNothingBeside() throws {
    let directory = try Directory(["report": "old"])
    try OutputFile.write("new", to: directory.file("report"))
    #expect(directory.read("report") == "new")
    #expect(directory.names == ["report"])
  }

  @Test func writesThroughALink() throws {
    let directory = try Directory(["real": "old"])
    try FileManager.default.createSymbolicLink(
      atPath: directory.file("link"), withDestinationPath: "real")
    try OutputFile.write("new", to: directory.file("link"))
    #expect(directory.read("real") == "new")
    #expect(directory.names == ["link", "real"])
  }

  @Test func namesTheFileThatCannotBeWritten() throws {
    let directory = try Directory()
    let path = directory.file("no/such/report")
    #expect(
      throws: CommandFailure.usage(
        "\(path): cannot be written (no such directory); name another file with -o")
    ) { try OutputFile.write("text", to: path) }
  }

  @Test func failsOnAFullDeviceWithoutReplacingIt() {
    #expect(throws: CommandFailure.self) { try OutputFile.write("text", to: "/dev/full") }
    #expect(FileManager.default.fileExists(atPath: "/dev/full"))
  }
}
