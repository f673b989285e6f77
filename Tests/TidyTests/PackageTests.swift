// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

/// The arrows between the targets: what ARCHITECTURE.md draws, the manifest has and the files use.
@Suite struct PackageTests {
  /// A target's own dependencies by name, from the table in ARCHITECTURE.md.
  private func drawn() throws -> [String: Set<String>] {
    let row = /\| `(\w+)` \|[^|]*\| ([^|]*) \|/
    var result: [String: Set<String>] = [:]
    for match in try Repository.text("ARCHITECTURE.md").matches(of: row) {
      let words = match.output.2.split { !$0.isLetter }.map(String.init)
      result[String(match.output.1)] = Set(words)
    }
    return result
  }

  /// A target's own dependencies by name, from the manifest.
  private func declared() throws -> [String: Set<String>] {
    let target =
      /\.(?:target|executableTarget)\(\s*name: "(\w+)"(?:,\s*dependencies: \[([^\]]*)\])?/
    let product = /\.product\([^)]*\)/
    var result: [String: Set<String>] = [:]
    for match in try Repository.text("Package.swift").matches(of: target) {
      let list = String(match.output.2 ?? "").replacing(product, with: "")
      result[String(match.output.1)] = Set(list.matches(of: /"(\w+)"/).map { String($0.output.1) })
    }
    return result
  }

  /// The modules that a file imports.
  private func imports(of path: String) throws -> [String] {
    let line = /^(?:@\w+ |public |internal |package |fileprivate |private )*import (?:\w+ )?(\w+)/
    return try Repository.text(path).split(separator: "\n")
      .compactMap { try? line.firstMatch(in: $0).map { String($0.output.1) } }
  }

  private func target(of path: String) -> String { String(path.split(separator: "/")[1]) }

  @Test func manifestHasTheArrowsThatAreDrawn() throws {
    let drawn = try drawn()
    let declared = try declared()
    #expect(declared.count > 10)
    #expect(declared.keys.sorted() == drawn.keys.sorted())
    for (target, dependencies) in declared {
      #expect(dependencies == drawn[target], "\(target): change ARCHITECTURE.md only with a reason")
    }
  }

  @Test func filesImportWhatTheirTargetMay() throws {
    let declared = try declared()
    for path in Repository.files(below: "Sources", suffix: ".swift") {
      let target = target(of: path)
      for module in try imports(of: path) where declared[module] != nil {
        #expect(declared[target]?.contains(module) == true, "\(path) imports \(module)")
      }
    }
  }

  @Test func libclangStaysInItsWrapper() throws {
    for path in Repository.swiftFiles where try imports(of: path).contains("CClang") {
      #expect(target(of: path) == "Clang" || path.hasPrefix("Tests/ClangTests/"), "\(path)")
    }
  }

  @Test func foundationStaysInTheExecutables() throws {
    for path in Repository.files(below: "Sources", suffix: ".swift")
    where try imports(of: path).contains(where: { $0.hasPrefix("Foundation") }) {
      // The type of blobs in GRDB is Foundation's.
      let isOfDatabase = path == "Sources/Index/StoredBytes.swift"
      #expect(isOfDatabase || ["PRGate", "Dev"].contains(target(of: path)), "\(path)")
    }
  }

  @Test func unsafeCodeStaysInTheWrapper() throws {
    // A worker's limits have no safe form: the system takes them through pointers.
    let limits = "Sources/PRGate/WorkerLimits.swift"
    for path in Repository.files(below: "Sources", suffix: ".swift")
    where target(of: path) != "Clang" && path != limits {
      for (number, line) in try Repository.text(path).split(
        separator: "\n", omittingEmptySubsequences: false
      ).enumerated() {
        let code = line.replacing(/"(?:[^"\\]|\\.)*"/, with: "").replacing(/\/\/.*/, with: "")
        // An expression of that mark, not a name of ours.
        let mark = /(?:^|[^.\w])unsafe\s+[A-Za-z_(\[&]|@unsafe|\(unsafe\)|@unchecked\b/
        #expect(!code.contains(mark), "\(path):\(number + 1)")
      }
    }
  }
}
