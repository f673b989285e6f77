// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Foundation

/// The working tree of this project.
struct Checkout {
  /// Its root.
  var root: URL

  /// The tree around the working directory.
  static func current() throws -> Checkout {
    var folder = URL(filePath: FileManager.default.currentDirectoryPath).standardizedFileURL
    while folder.path != "/" {
      let checkout = Checkout(root: folder)
      if checkout.exists("Package.swift"), checkout.exists("Sources/Dev") { return checkout }
      folder.deleteLastPathComponent()
    }
    throw ValidationError("run this inside the working tree of prgate")
  }

  /// A file or folder of the tree.
  func url(_ path: String) -> URL { root.appending(path: path) }

  /// Whether the tree has that file or folder.
  func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: url(path).path) }

  /// The text of a file; nil if it cannot be read.
  func text(_ path: String) -> String? {
    (try? Data(contentsOf: url(path))).map { String(decoding: $0, as: UTF8.self) }
  }

  /// Names in a folder, sorted; none if there is no such folder.
  func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: url(folder).path)) ?? []).sorted()
  }

  /// Writes a file and the folders above it.
  func write(_ text: String, to path: String) throws {
    let file = url(path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
  }

  /// Removes a file.
  func remove(_ path: String) throws { try FileManager.default.removeItem(at: url(path)) }
}
