// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Clang
import Foundation
import IR
import Lowering

/// `dev store`: writes the stored form of modules, as seeds of the fuzzer.
struct StoreCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store", abstract: "Lower C files and write the stored forms of their modules.")

  @Option(help: "The folder for the results.")
  var into: String

  @Argument(help: "The C files.", completion: .file(extensions: ["c"]))
  var files: [String]

  func run() throws {
    let root = FileManager.default.currentDirectoryPath
    let resources = try resourceDirectory()
    for file in files {
      let unit = try lower(
        path: file, arguments: ["-w", "-Ifixtures/include", "-resource-dir=\(resources)"],
        options: LoweringOptions(root: root))
      // System headers would be most of it.
      var module = unit.module
      for id in module.files.ids where module.files[id].isSystem {
        let row = module.files[id]
        module.files[id] = SourceFile(
          path: row.path, contentHash: row.contentHash, isSystem: true, text: [])
      }
      let name = file.replacing("/", with: "-") + ".module"
      try Data(module.encoded()).write(to: URL(filePath: into).appending(path: name))
    }
  }
}
